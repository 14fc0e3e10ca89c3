//! Exporting the vault: as a backup file that opens itself with a passphrase, or unencrypted for another program.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::keyring::backup;
use crate::model::import_export::export::{ExportFile, ExportFormat, Formulas};
use crate::model::limits::PASSPHRASE_MIN;
use crate::platform::api::ApiFault;
use crate::platform::{browser, files};
use crate::secret::Secret;
use crate::session::{Fault, Session, use_session};
use crate::text::{self, Msg};
use crate::ui::fields::{Button, Checkbox, Choices, FaultText, TextField, bool_signal, text_signal, tr};
use crate::ui::frame::Frame;
use crate::ui::manage::proof::ProofForm;
use crate::ui::sentence::SentenceSignal;
use crate::ui::words as say;

/// Entries that are written before the page is drawn again.
const CHUNK: u32 = 100;
/// Indexes into [`KINDS`]. Any further kind is CSV.
const BACKUP: usize = 0;
const JSON: usize = 1;
const KINDS: &[Msg] = &[Msg::ExportBackup, Msg::ExportJson, Msg::ExportCsv];

enum NoFile {
    Fault(Fault),
    /// One of the page's own files did not arrive, or the browser refuses the download.
    NotLoaded,
    /// The secret that was typed is wrong: its field says so.
    NotProven,
    /// The server, which is needed to check the secret, does not answer.
    NeedsServer,
    /// The dialog was closed.
    Closed,
}

impl NoFile {
    fn of_proof(fault: Fault) -> Self {
        match fault {
            Fault::Api(ApiFault::Silent) => Self::NeedsServer,
            other => Self::Fault(other),
        }
    }
}

#[component]
pub(super) fn ExportDialog() -> impl IntoView {
    let session = use_session();
    let kind = RwSignal::new(BACKUP);
    let [passphrase, again] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let [passphrase_fault, again_fault, fault, said] = std::array::from_fn(|_| SentenceSignal::new());
    let for_spreadsheets = RwSignal::new(false);
    // The number of entries written, while an export is running.
    let done = RwSignal::new(None::<usize>);
    let proof = ProofForm::new("export-current");
    let busy = bool_signal(move || done.with(Option::is_some));
    Effect::new(move |_| proof.busy.set(busy.get()));
    let is_backup = bool_signal(move || kind.get() == BACKUP);
    let is_csv = bool_signal(move || kind.get() > JSON);

    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        for sentence in [passphrase_fault, again_fault, fault, said] {
            sentence.clear();
        }
        let typed = browser::normalise(&passphrase.get_untracked());
        let kind = kind.get_untracked();
        if kind == BACKUP {
            if typed.chars().count() < PASSPHRASE_MIN {
                passphrase_fault.set(|| text::with(Msg::PassphraseShort, &[("least", &PASSPHRASE_MIN)]));
                return browser::focus_soon("export-passphrase");
            }
            if typed != browser::normalise(&again.get_untracked()) {
                again_fault.set(Msg::PassphrasesDiffer);
                return browser::focus_soon("export-again");
            }
        }
        // A file that anybody can read is written only for somebody who knows a secret of the vault: the page may have
        // been left open.
        let given = match kind {
            BACKUP => None,
            _ => match proof.typed() {
                None => return,
                given => given,
            },
        };
        done.set(Some(0));
        let format = match kind {
            BACKUP | JSON => ExportFormat::Json,
            _ => ExportFormat::Csv { for_spreadsheets: for_spreadsheets.get_untracked() },
        };
        spawn_local(async move {
            let result = async {
                if let Some(given) = given {
                    proof.prove(given).await.map_err(|fault| fault.map_or(NoFile::NotProven, NoFile::of_proof))?;
                }
                let (file, count, formulas) =
                    write(session, format, |count| done.try_set(Some(count)).is_none()).await?;
                let name = if kind == BACKUP {
                    let file = seal(session, Secret::new(typed), file).await?;
                    save(&file, BACKUP_NAME, "text/html;charset=utf-8")?;
                    BACKUP_NAME
                } else {
                    save(file.expose(), format.file_name(), format.media_type())?;
                    format.file_name()
                };
                Ok((name, count, formulas))
            };
            let result = result.await;
            // The dialog may be closed by now.
            let _ = done.try_set(None);
            match result {
                Ok((name, count, formulas)) => {
                    said.set(move || done_words(name, format, count, formulas));
                    let _ = (passphrase.try_set(String::new()), again.try_set(String::new()));
                }
                Err(NoFile::Fault(why)) => fault.set(move || say::fault(&why)),
                Err(NoFile::NotLoaded) => fault.set(Msg::NoPart),
                Err(NoFile::NeedsServer) => fault.set(Msg::ExportNeedsServer),
                Err(NoFile::NotProven | NoFile::Closed) => {}
            }
        });
    };
    let progress = text_signal(move || {
        let all = session.entries.with(|entries| entries.len());
        done.get().map_or_else(String::new, |done| text::with(Msg::ExportProgress, &[("done", &done), ("all", &all)]))
    });
    let doubted =
        text_signal(move || match session.doubts.with(Vec::is_empty) && session.vault_doubt.get().is_none() {
            true => String::new(),
            false => text::get(Msg::ExportDoubt),
        });
    view! {
        <Frame title=Msg::ExportTitle>
            <form novalidate on:submit=submit>
                <Choices id="export-kind" label=Msg::ExportTitle options=KINDS value=kind/>
                <div class="narrow" hidden=move || !is_backup.get()>
                    <p class="hint">{tr(Msg::ExportBackupHint)}</p>
                    <TextField id="export-passphrase" label=Msg::ExportPassphrase hint=Msg::PassphraseHint value=passphrase
                        fault=passphrase_fault busy secret=true autocomplete="new-password"/>
                    <TextField id="export-again" label=Msg::PassphraseAgain value=again fault=again_fault busy secret=true
                        autocomplete="new-password"/>
                </div>
                <div class="narrow" hidden=move || is_backup.get()>
                    <p class="fault">{tr(Msg::ExportBare)}</p>
                    <div hidden=move || !is_csv.get()>
                        <p class="hint">{tr(Msg::ExportCsvHint)}</p>
                        <Checkbox label=Msg::ExportSpreadsheet value=for_spreadsheets/>
                    </div>
                    {move || (!is_backup.get()).then(|| proof.field())}
                </div>
                <p class="fault">{doubted}</p>
                <div class="buttons"><Button class="button--main" label=Msg::ExportNow disabled=busy/></div>
                <p class="hint" aria-live="off">{progress}</p>
                <p class="bulk-said" role="status">{said.text()}</p>
                <FaultText id="export" text=fault/>
            </form>
        </Frame>
    }
}

/// Says that the file is written, and warns of cells that a spreadsheet would read as formulas.
fn done_words(name: &str, format: ExportFormat, count: usize, formulas: Formulas) -> String {
    let mut words = text::with(Msg::ExportDone, &[("count", &count), ("file", &name)]);
    let cells = formulas.texts + formulas.passwords;
    if matches!(format, ExportFormat::Csv { for_spreadsheets: false }) && cells > 0 {
        words.push(' ');
        words.push_str(&text::with(Msg::ExportFormulas, &[("count", &cells)]));
    } else if matches!(format, ExportFormat::Csv { .. }) && formulas.passwords > 0 {
        words.push(' ');
        words.push_str(&text::with(Msg::ExportFormulaPasswords, &[("count", &formulas.passwords)]));
    }
    words
}

const BACKUP_NAME: &str = "passmint-backup.html";

/// Writes all entries outside the bin. `go_on` gets the number of entries written; if it gives `false`, writing ends.
async fn write(
    session: Session,
    format: ExportFormat,
    go_on: impl Fn(usize) -> bool,
) -> Result<(Secret, usize, Formulas), NoFile> {
    let mut file = ExportFile::new(format);
    let (mut after, mut count, mut formulas) = (None, 0, Formulas::default());
    loop {
        session.note_activity();
        let (entries, more) = session.list(after, CHUNK).await.map_err(NoFile::Fault)?;
        after = entries.last().map(|(id, _)| *id);
        count += entries.len();
        for (id, entry) in &entries {
            formulas.count(&entry.content);
            file.push(*id, entry).map_err(|_| NoFile::NotLoaded)?;
        }
        if !go_on(count) {
            return Err(NoFile::Closed);
        }
        if !more {
            return Ok((file.finish().map_err(|_| NoFile::NotLoaded)?, count, formulas));
        }
    }
}

/// Seals a file into an HTML page that opens itself.
async fn seal(session: Session, passphrase: Secret, file: Secret) -> Result<String, NoFile> {
    let template = files::text("opener").await.map_err(|_| NoFile::NotLoaded)?;
    let sealed = session.seal_backup(passphrase, file).await.map_err(NoFile::Fault)?;
    backup::page(&template, &text::of_opener(), &sealed).ok_or(NoFile::NotLoaded)
}

fn save(file: &str, name: &str, kind: &str) -> Result<(), NoFile> {
    browser::download(file, name, kind).map_err(|_| NoFile::NotLoaded)
}
