//! Taking over what is in another program's file: choosing it, opening it, saying what its columns are, looking at what
//! comes of it, and then taking it over. Nothing of it leaves the browser unsealed, and nothing is saved before the
//! person has seen what it will be.

mod columns;
mod preview;
mod run;
mod words;

use std::rc::Rc;

use js_sys::Uint8Array;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, File, HtmlInputElement};

use crate::keyring::backup;
use crate::keyring::protocol::{Costs, KeyringError};
use crate::model::import_export::{self, BYTES_MAX, ImportFault, Kdf, Locked, Mapping, Opened, Row, Source, Table};
use crate::platform::browser;
use crate::platform::pbkdf2;
use crate::secret::Secret;
use crate::session::{Fault, Session, use_session};
use crate::text::{self, Msg};
use crate::ui::fields::{Button, FaultText, TextField, tr};
use crate::ui::frame::Frame;
use crate::ui::words as say;
use crate::workers::client::KeyringFault;

/// How long rows are read before the browser draws, in milliseconds: half a frame.
const SLICE: f64 = 8.0;

#[derive(Clone)]
enum Step {
    /// A file is to be chosen.
    Choose,
    /// A password is to be typed that opens it.
    Closed(Rc<Closed>),
    /// The columns of a table that nobody knows are to be named.
    Columns(Rc<Table>),
    /// The rows are being read.
    Reading,
    /// What will come of it.
    Preview(Rc<Read>),
}

/// A file under a password.
enum Closed {
    Bitwarden(Locked),
    /// A backup of this program's.
    Backup(String),
}

/// A file that was read.
struct Read {
    source: Source,
    /// What comes of it, row by row.
    rows: Vec<Row>,
}

/// The dialog's state: a handle that can be copied.
#[derive(Clone, Copy)]
struct Import {
    session: Session,
    step: RwSignal<Step, LocalStorage>,
    fault: RwSignal<String>,
}

#[component]
pub(super) fn Import() -> impl IntoView {
    let import =
        Import { session: use_session(), step: RwSignal::new_local(Step::Choose), fault: RwSignal::new(String::new()) };
    view! {
        <Frame title=Msg::ImportTitle>
            {move || match import.step.get() {
                Step::Choose => view! { <Choose import/> }.into_any(),
                Step::Closed(closed) => view! { <Password import closed/> }.into_any(),
                Step::Columns(table) => view! { <columns::Columns import table/> }.into_any(),
                Step::Reading => view! { <p class="hint" role="status">{tr(Msg::ImportReading)}</p> }.into_any(),
                Step::Preview(read) => view! { <preview::Preview import read/> }.into_any(),
            }}
            <FaultText id="import" text=import.fault/>
        </Frame>
    }
}

#[component]
fn Choose(import: Import) -> impl IntoView {
    let choose = move |event: Event| {
        let input: HtmlInputElement = event_target(&event);
        let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
        import.fault.set(String::new());
        import.step.set(Step::Reading);
        spawn_local(async move { import.settle(read_file(&file).await).await });
    };
    view! {
        <p class="lead">{tr(Msg::ImportIntro)}</p>
        <p class="hint">{tr(Msg::ImportKinds)}</p>
        <div class="field">
            <label for="import-file">{tr(Msg::ImportFile)}</label>
            <input id="import-file" class="input" type="file" aria-describedby="import-fault" on:change=choose/>
        </div>
    }
}

#[component]
fn Password(import: Import, closed: Rc<Closed>) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let fault = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let hint = match *closed {
        Closed::Bitwarden(_) => Msg::ImportPasswordHint,
        Closed::Backup(_) => Msg::ImportBackupHint,
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        fault.set(String::new());
        let password = typed.get_untracked();
        if password.is_empty() {
            fault.set(text::get(Msg::ImportPasswordEmpty));
            return browser::focus_soon("import-password");
        }
        busy.set(true);
        let closed = Rc::clone(&closed);
        spawn_local(async move {
            let opened = closed.open(import.session, password).await;
            let _ = busy.try_set(false);
            match opened {
                Err(Wrong::File(ImportFault::WrongPassword)) => {
                    let _ = fault.try_set(text::get(Msg::ImportPasswordWrong));
                    browser::focus_soon("import-password");
                }
                opened => import.settle(opened).await,
            }
        });
    };
    browser::focus_soon("import-password");
    view! {
        <form class="narrow" novalidate on:submit=submit>
            <TextField id="import-password" label=Msg::ImportPassword hint value=typed fault busy secret=true/>
            <div class="buttons">
                <Button class="button--main" label=Msg::ImportOpen disabled=busy/>
                <Button class="button--quiet" label=Msg::ImportOther press=move |()| import.start_over() disabled=busy/>
            </div>
            <p class="hint" role="status" hidden=move || !busy.get()>{tr(Msg::StepStretching)}</p>
        </form>
    }
}

/// Why a file is not read.
enum Wrong {
    File(ImportFault),
    /// The browser does not hand it over.
    Unread,
    /// The keyring does not help.
    Keyring(Fault),
}

impl From<ImportFault> for Wrong {
    fn from(fault: ImportFault) -> Self {
        Self::File(fault)
    }
}

/// What a file turned out to be.
enum Found {
    Closed(Closed),
    Table(Table),
    Read(Read),
}

async fn read_file(file: &File) -> Result<Found, Wrong> {
    // Before it is read into memory. A size is a whole number.
    if file.size() > BYTES_MAX as f64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size")]
        let bytes = file.size() as usize;
        return Err(ImportFault::TooLarge { bytes }.into());
    }
    let bytes = JsFuture::from(file.array_buffer()).await.map_err(|_| Wrong::Unread)?;
    let bytes = Uint8Array::new(&bytes).to_vec();
    let backup = str::from_utf8(&bytes).ok().and_then(backup::find).map(str::to_owned);
    if let Some(backup) = backup {
        return Ok(Found::Closed(Closed::Backup(backup)));
    }
    found(import_export::read(bytes)?).await
}

async fn found(opened: Opened) -> Result<Found, Wrong> {
    Ok(match opened {
        Opened::Items(items) => {
            let source = items.source();
            Found::Read(Read { source, rows: rows(items.rows(unnamed)).await })
        }
        Opened::Locked(locked) => Found::Closed(Closed::Bitwarden(locked)),
        Opened::Table(table) if table.source() == Source::Table => Found::Table(table),
        Opened::Table(table) => Found::Read(read_table(&table, table.mapping()).await),
    })
}

async fn read_table(table: &Table, mapping: &Mapping) -> Read {
    Read { source: table.source(), rows: rows(table.rows(mapping, unnamed)).await }
}

/// What an entry is called that has nothing to be called after.
fn unnamed(number: usize) -> String {
    text::with(Msg::ImportRow, &[("number", &number)])
}

/// Reads rows in slices, between which the browser draws.
async fn rows(all: impl Iterator<Item = Row>) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut start = browser::clock();
    for row in all {
        rows.push(row);
        if browser::clock() - start > SLICE {
            browser::pause().await;
            start = browser::clock();
        }
    }
    rows
}

impl Closed {
    async fn open(&self, session: Session, password: String) -> Result<Found, Wrong> {
        match self {
            Self::Bitwarden(locked) => {
                let secret = Secret::new(password);
                let key = match locked.kdf() {
                    Kdf::Pbkdf2 { iterations } => {
                        let key = pbkdf2::derive(&secret, &locked.salt(), iterations).await;
                        key.map_err(|_| Wrong::Unread)?
                    }
                    Kdf::Argon2id { iterations, memory_mib, parallelism } => {
                        let costs = Costs {
                            memory_kib: memory_mib.saturating_mul(1024),
                            passes: iterations,
                            lanes: parallelism,
                        };
                        session.stretch(secret, locked.salt(), costs).await.map_err(Wrong::Keyring)?
                    }
                };
                let items = locked.open(key.expose())?;
                found(Opened::Items(items)).await
            }
            Self::Backup(backup) => {
                let passphrase = Secret::new(browser::normalise(&password));
                let text = session.open_backup(passphrase, backup.clone()).await.map_err(|fault| match fault {
                    Fault::Keyring(KeyringFault::Refused(KeyringError::WrongSecret)) => {
                        ImportFault::WrongPassword.into()
                    }
                    fault => Wrong::Keyring(fault),
                })?;
                found(import_export::read(text.expose().as_bytes().to_vec())?).await
            }
        }
    }
}

impl Import {
    /// Shows what a file turned out to be, or why it is not read.
    async fn settle(self, result: Result<Found, Wrong>) {
        let (step, fault) = match result {
            Ok(Found::Closed(closed)) => (Step::Closed(Rc::new(closed)), String::new()),
            Ok(Found::Table(table)) => (Step::Columns(Rc::new(table)), String::new()),
            Ok(Found::Read(read)) => (Step::Preview(Rc::new(read)), String::new()),
            Err(Wrong::File(fault)) => (Step::Choose, words::fault(fault)),
            Err(Wrong::Unread) => (Step::Choose, text::get(Msg::ImportUnread)),
            Err(Wrong::Keyring(fault)) => (Step::Choose, say::fault(&fault)),
        };
        // The dialog may be gone.
        let _ = self.step.try_set(step);
        let _ = self.fault.try_set(fault);
    }

    fn start_over(self) {
        self.fault.set(String::new());
        self.step.set(Step::Choose);
    }
}
