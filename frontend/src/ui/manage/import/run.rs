//! The import itself, in chunks: it shows its progress and can be cancelled. Imported entries stay, and importing the
//! file again adds only the rest.

use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{ParsedFile, words as say};
use crate::keyring::protocol::entry::{Content, ImportItem, PreviousPassword};
use crate::model::import_export::ImportRow;
use crate::secret::Secret;
use crate::session::{Fault, ItemOutcome, Session};
use crate::text::{self, Msg};
use crate::ui::fields::{Button, bool_signal, text_signal, tr};
use crate::ui::notice::Notices;
use crate::ui::sentence::Sentence;
use crate::ui::words::{api_fault as api_fault_words, fault as fault_words};

/// Rows that are sealed and sent before the import looks whether it was cancelled: most entries are of the smallest size,
/// and so many of them are one request.
const CHUNK: usize = 80;

#[derive(Clone, Default)]
pub(super) struct ImportReport {
    saved: usize,
    waits: usize,
    /// Rows that the vault has already.
    known: usize,
    /// Rows that were not tried because the import ended early.
    left: usize,
    /// Rows that were refused: number, name, and why.
    refused: Vec<(usize, String, Sentence)>,
    /// Why the import ended early, if it did.
    why: Sentence,
}

/// An import, running or finished: a handle that can be copied.
#[derive(Clone, Copy)]
pub(super) struct RunningImport {
    /// The number of rows done and of all rows, while the import is running.
    going: RwSignal<Option<(usize, usize)>>,
    pub(super) report: RwSignal<Option<ImportReport>>,
}

impl RunningImport {
    pub(super) fn new() -> Self {
        Self { going: RwSignal::new(None), report: RwSignal::new(None) }
    }

    pub(super) fn is_going(self) -> bool {
        self.going.with(Option::is_some)
    }
}

/// Imports all rows that can be. With `again`, entries that the vault has already are imported once more.
pub(super) fn start(session: Session, read: Rc<ParsedFile>, again: bool, running: RunningImport, notices: Notices) {
    let good: Vec<(usize, usize)> =
        (0..).zip(&read.rows).filter_map(|(at, row)| is_wanted(row).then_some((at, row.number))).collect();
    let all = good.len();
    running.report.set(None);
    running.going.set(Some((0, all)));
    spawn_local(async move {
        let mut report = ImportReport::default();
        let mut done = 0;
        // Another tab may be importing: this one waits for it, and finds what it has saved.
        let mut importing = session.begin_import().await;
        for part in good.chunks(CHUNK) {
            let items = part.iter().filter_map(|(at, _)| imported(read.rows.get(*at)?)).collect();
            let outcomes = match &mut importing {
                Ok(importing) => session.import(importing, items, again).await,
                Err(fault) => Err(fault.clone()),
            };
            match outcomes {
                Ok(outcomes) => report.record(part, &read.rows, outcomes),
                Err(fault) => report.why = Sentence::from(move || fault_words(&fault)),
            }
            if !report.why.is_none() {
                break;
            }
            done += part.len();
            // Cancelling, or closing the dialog, clears the numbers.
            let goes_on = running.going.try_get_untracked().flatten().is_some();
            if !goes_on && done < all {
                report.why = Sentence::from(|| fault_words(&Fault::Cancelled));
                break;
            }
            let _ = running.going.try_set(goes_on.then_some((done, all)));
        }
        report.left = all - report.saved - report.waits - report.known - report.refused.len();
        session.send_in_background();
        let _ = running.going.try_set(None);
        // If the dialog is closed, a notice gives the report.
        if running.report.try_set(Some(report.clone())).is_some() {
            notices.result(move || report.words());
        }
    });
}

/// True if a row is imported. Entries from the other program's bin are not.
pub(super) fn is_wanted(row: &ImportRow) -> bool {
    row.result.as_ref().is_ok_and(|item| item.binned_at.is_none())
}

fn imported(row: &ImportRow) -> Option<ImportItem> {
    let item = row.result.as_ref().ok()?;
    let secret = |text: &Secret| Secret::new(text.expose().to_owned());
    let Content { name, username, website, password, note, tags, rules: _ } = &item.content;
    let content = Content {
        name: name.clone(),
        username: username.clone(),
        website: website.clone(),
        password: secret(password),
        note: secret(note),
        tags: tags.clone(),
        rules: None,
    };
    let former =
        |former: &PreviousPassword| PreviousPassword { password: secret(&former.password), until: former.until };
    let history = item.history.iter().map(former).collect();
    Some(ImportItem { content, history, created_at: item.created_at, changed_at: item.changed_at })
}

impl ImportReport {
    fn record(&mut self, part: &[(usize, usize)], rows: &[ImportRow], outcomes: Vec<ItemOutcome>) {
        for ((at, number), outcome) in part.iter().zip(outcomes) {
            let why = match outcome {
                ItemOutcome::Saved => {
                    self.saved += 1;
                    continue;
                }
                ItemOutcome::Waits => {
                    self.waits += 1;
                    self.why = Msg::ImportWaits.into();
                    continue;
                }
                ItemOutcome::Duplicate => {
                    self.known += 1;
                    continue;
                }
                ItemOutcome::TooLarge => Msg::FaultTooLarge.into(),
                ItemOutcome::Refused(why) => {
                    self.why = Sentence::from(move || api_fault_words(&why));
                    self.why.clone()
                }
            };
            let name = rows.get(*at).and_then(|row| row.result.as_ref().ok()).map(|item| item.content.name.as_str());
            self.refused.push((*number, name.unwrap_or_default().to_owned(), why));
        }
    }

    pub(super) fn has_refused(&self) -> bool {
        !self.refused.is_empty()
    }

    /// The refused rows, one a line.
    pub(super) fn lines(&self) -> String {
        self.refused.iter().map(|(number, name, why)| say::line(*number, name, &why.say())).collect()
    }

    fn words(&self) -> String {
        let counts = [
            (Msg::ImportDoneSaved, self.saved),
            (Msg::ImportDoneWaits, self.waits),
            (Msg::ImportDoneKnown, self.known),
            (Msg::ImportDoneRefused, self.refused.len()),
            (Msg::ImportDoneLeft, self.left),
        ];
        let said = counts.into_iter().filter(|(text, count)| *count > 0 || *text == Msg::ImportDoneSaved);
        let said = said.map(|(text, count)| text::with(text, &[("count", &count)]));
        said.chain(Some(self.why.say()).filter(|why| !why.is_empty())).collect::<Vec<_>>().join(" ")
    }
}

#[component]
pub(super) fn ImportProgress(running: RunningImport) -> impl IntoView {
    let RunningImport { going, report } = running;
    // Closing the dialog cancels the import.
    on_cleanup(move || {
        going.try_set(None);
    });
    let idle = bool_signal(move || !running.is_going());
    let value = text_signal(move || going.get().map_or(0, |(done, _)| done).to_string());
    let max = text_signal(move || going.get().map_or(1, |(_, all)| all).to_string());
    let progress = text_signal(move || {
        going
            .get()
            .map_or_else(String::new, |(done, all)| text::with(Msg::ImportProgress, &[("done", &done), ("all", &all)]))
    });
    let said = text_signal(move || report.with(|report| report.as_ref().map(ImportReport::words).unwrap_or_default()));
    view! {
        <div hidden=move || idle.get()>
            <progress class="bulk-progress" aria-label=tr(Msg::ImportTitle) value=value max=max></progress>
            <p class="hint" aria-live="off">{progress}</p>
            <Button label=Msg::Cancel press=move |()| going.set(None)/>
        </div>
        <p class="bulk-said" role="status">{said}</p>
    }
}
