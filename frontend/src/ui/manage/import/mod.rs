//! Importing another program's file: choose it, type its password, assign its columns, look at the preview, import.
//! Nothing leaves the browser unsealed, and nothing is saved before the person has seen the preview.

mod columns;
mod preview;
mod run;
mod words;

use std::rc::Rc;

use js_sys::Uint8Array;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::kdf::Costs;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, File, HtmlInputElement};

use crate::keyring::backup;
use crate::keyring::protocol::KeyringError;
use crate::model::import_export::{
    self, BYTES_MAX, ColumnMapping, ImportFault, ImportFile, ImportRow, ImportSource, Kdf, LockedExport, Table,
};
use crate::platform::browser;
use crate::platform::pbkdf2;
use crate::secret::Secret;
use crate::session::{Fault, Session, use_session};
use crate::text::{self, Msg};
use crate::ui::fields::{Button, FaultText, TextField, tr};
use crate::ui::frame::Frame;
use crate::ui::sentence::{Sentence, SentenceSignal};
use crate::ui::words as say;
use crate::workers::client::KeyringFault;

/// Milliseconds of work before the browser may draw: half a frame.
const SLICE: f64 = 8.0;

#[derive(Clone)]
enum ImportStep {
    Choose,
    /// The file needs a password.
    Locked(Rc<LockedFile>),
    /// The columns of an unknown table have to be assigned.
    Columns(Rc<Table>),
    Reading,
    Preview(Rc<ParsedFile>),
}

/// A file that a password encrypts.
enum LockedFile {
    Bitwarden(LockedExport),
    /// Passmint's own backup: the sealed text inside its page.
    Backup(String),
}

struct ParsedFile {
    source: ImportSource,
    rows: Vec<ImportRow>,
}

/// The dialog's state: a handle that can be copied.
#[derive(Clone, Copy)]
struct ImportState {
    session: Session,
    step: RwSignal<ImportStep, LocalStorage>,
    fault: SentenceSignal,
}

#[component]
pub(super) fn ImportDialog() -> impl IntoView {
    let import = ImportState {
        session: use_session(),
        step: RwSignal::new_local(ImportStep::Choose),
        fault: SentenceSignal::new(),
    };
    view! {
        <Frame title=Msg::ImportTitle>
            {move || match import.step.get() {
                ImportStep::Choose => view! { <ChooseFile import/> }.into_any(),
                ImportStep::Locked(locked) => view! { <FilePassword import locked/> }.into_any(),
                ImportStep::Columns(table) => view! { <columns::Columns import table/> }.into_any(),
                ImportStep::Reading => view! { <p class="hint" role="status">{tr(Msg::ImportReading)}</p> }.into_any(),
                ImportStep::Preview(read) => view! { <preview::Preview import read/> }.into_any(),
            }}
            <FaultText id="import" text=import.fault/>
        </Frame>
    }
}

#[component]
fn ChooseFile(import: ImportState) -> impl IntoView {
    let choose = move |event: Event| {
        let input: HtmlInputElement = event_target(&event);
        let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
        import.fault.clear();
        import.step.set(ImportStep::Reading);
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
fn FilePassword(import: ImportState, locked: Rc<LockedFile>) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let fault = SentenceSignal::new();
    let busy = RwSignal::new(false);
    let hint = match *locked {
        LockedFile::Bitwarden(_) => Msg::ImportPasswordHint,
        LockedFile::Backup(_) => Msg::ImportBackupHint,
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        fault.clear();
        let password = typed.get_untracked();
        if password.is_empty() {
            fault.set(Msg::ImportPasswordEmpty);
            return browser::focus_soon("import-password");
        }
        busy.set(true);
        let locked = Rc::clone(&locked);
        spawn_local(async move {
            let opened = locked.open(import.session, password).await;
            let _ = busy.try_set(false);
            match opened {
                Err(ReadFault::File(ImportFault::WrongPassword)) => {
                    fault.set(Msg::ImportPasswordWrong);
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

enum ReadFault {
    File(ImportFault),
    /// The browser does not hand out the file's bytes, or does not derive the key.
    Unread,
    /// The keyring could not derive the key or open the backup.
    Keyring(Fault),
}

impl From<ImportFault> for ReadFault {
    fn from(fault: ImportFault) -> Self {
        Self::File(fault)
    }
}

/// The content of a chosen file, as far as it can be read without help.
enum FileContent {
    Locked(LockedFile),
    Table(Table),
    Parsed(ParsedFile),
}

async fn read_file(file: &File) -> Result<FileContent, ReadFault> {
    // Checked before the file is read into memory. A size is a whole number.
    if file.size() > BYTES_MAX as f64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size")]
        let bytes = file.size() as usize;
        return Err(ImportFault::TooLarge { bytes }.into());
    }
    let bytes = JsFuture::from(file.array_buffer()).await.map_err(|_| ReadFault::Unread)?;
    let bytes = Uint8Array::new(&bytes).to_vec();
    let backup = str::from_utf8(&bytes).ok().and_then(backup::find).map(str::to_owned);
    if let Some(backup) = backup {
        return Ok(FileContent::Locked(LockedFile::Backup(backup)));
    }
    parse(import_export::read(bytes)?).await
}

async fn parse(opened: ImportFile) -> Result<FileContent, ReadFault> {
    Ok(match opened {
        ImportFile::Items(items) => {
            let source = items.source();
            FileContent::Parsed(ParsedFile { source, rows: rows(items.rows(unnamed)).await })
        }
        ImportFile::Locked(locked) => FileContent::Locked(LockedFile::Bitwarden(locked)),
        ImportFile::Table(table) if table.source() == ImportSource::Table => FileContent::Table(table),
        ImportFile::Table(table) => FileContent::Parsed(read_table(&table, table.mapping()).await),
    })
}

async fn read_table(table: &Table, mapping: &ColumnMapping) -> ParsedFile {
    ParsedFile { source: table.source(), rows: rows(table.rows(mapping, unnamed)).await }
}

/// The name of an entry without anything to name it after.
fn unnamed(number: usize) -> String {
    text::with(Msg::ImportRow, &[("number", &number)])
}

/// Collects rows in slices, between which the browser can draw.
async fn rows(all: impl Iterator<Item = ImportRow>) -> Vec<ImportRow> {
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

impl LockedFile {
    async fn open(&self, session: Session, password: String) -> Result<FileContent, ReadFault> {
        match self {
            Self::Bitwarden(locked) => {
                let secret = Secret::new(password);
                let key = match locked.kdf() {
                    Kdf::Pbkdf2 { iterations } => {
                        let key = pbkdf2::derive(&secret, &locked.salt(), iterations).await;
                        key.map_err(|_| ReadFault::Unread)?
                    }
                    Kdf::Argon2id { iterations, memory_mib, parallelism } => {
                        let costs = Costs {
                            memory_kib: memory_mib.saturating_mul(1024),
                            passes: iterations,
                            lanes: parallelism,
                        };
                        session.stretch(secret, locked.salt(), costs).await.map_err(ReadFault::Keyring)?
                    }
                };
                let items = locked.open(key.expose())?;
                parse(ImportFile::Items(items)).await
            }
            Self::Backup(backup) => {
                let passphrase = Secret::new(browser::normalise(&password));
                let text = session.open_backup(passphrase, backup.clone()).await.map_err(|fault| match fault {
                    Fault::Keyring(KeyringFault::Refused(KeyringError::WrongSecret)) => {
                        ImportFault::WrongPassword.into()
                    }
                    fault => ReadFault::Keyring(fault),
                })?;
                parse(import_export::read(text.expose().as_bytes().to_vec())?).await
            }
        }
    }
}

impl ImportState {
    /// Goes to the step that the file's content needs, or back to the first with the fault.
    async fn settle(self, result: Result<FileContent, ReadFault>) {
        let (step, fault) = match result {
            Ok(FileContent::Locked(locked)) => (ImportStep::Locked(Rc::new(locked)), Sentence::default()),
            Ok(FileContent::Table(table)) => (ImportStep::Columns(Rc::new(table)), Sentence::default()),
            Ok(FileContent::Parsed(read)) => (ImportStep::Preview(Rc::new(read)), Sentence::default()),
            Err(ReadFault::File(fault)) => (ImportStep::Choose, Sentence::from(move || words::fault(fault))),
            Err(ReadFault::Unread) => (ImportStep::Choose, Msg::ImportUnread.into()),
            Err(ReadFault::Keyring(fault)) => (ImportStep::Choose, Sentence::from(move || say::fault(&fault))),
        };
        // The dialog may be closed by now.
        let _ = self.step.try_set(step);
        self.fault.set(fault);
    }

    fn start_over(self) {
        self.fault.clear();
        self.step.set(ImportStep::Choose);
    }
}
