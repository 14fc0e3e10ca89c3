//! The dialog that shows an entry, copies its fields, and mints a new password by the entry's rules.

use std::sync::Arc;

use generator::kind::Rules;
use generator::phrase::Words;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::EntryId;

use super::doubted::Question;
use super::{Clipboard, Frame, Hidden, Pending, when};
use crate::keyring::protocol::entry::{Content, Entry, EntryState, PreviousPassword};
use crate::model::entry::link;
use crate::platform::browser;
use crate::platform::files;
use crate::platform::random;
use crate::secret::Secret;
use crate::session::{Fault, Session, use_session};
use crate::text::{self, Msg};
use crate::ui::dialog::{EntryTool, Tool, use_dialog};
use crate::ui::fields::{Button, bool_signal, text_signal, tr};
use crate::ui::lazy_parts::use_lazy_parts;
use crate::ui::notice::use_notices;
use crate::ui::sentence::{Sentence, SentenceSignal};
use crate::ui::words as say;

#[component]
pub(super) fn Show(id: EntryId) -> impl IntoView {
    let session = use_session();
    let entry = RwSignal::new_local(None::<Entry>);
    let fault = SentenceSignal::new();
    let title = RwSignal::new(session.name_of(id).unwrap_or_default());
    let version = Memo::new(move |_| {
        session.entries.with(|entries| entries.get(id).map(|entry| (entry.version, entry.state, entry.changed_at)))
    });
    // Read again whenever the entry changes, here or elsewhere.
    Effect::new(move |_| {
        // `track` alone would not do: a memo that nobody reads is never computed.
        let _ = version.get();
        spawn_local(async move {
            match session.entry(id).await {
                Ok(whole) => {
                    title.try_set(whole.content.name.clone());
                    drop(entry.try_set(Some(whole)));
                }
                Err(wrong) => fault.set(move || say::fault(&wrong)),
            }
        });
    });
    let doubt = Memo::new(move |_| session.old_here(id));
    let answered = RwSignal::new(false);
    view! {
        <Frame title>
            {move || match doubt.get() {
                Some(kind) if !answered.get() => view! { <Question id kind answered/> }.into_any(),
                _ => entry.with(|entry| match entry {
                    None => view! { <Pending fault/> }.into_any(),
                    Some(whole) => details(session, id, whole),
                }),
            }}
        </Frame>
    }
}

/// A field of the entry with a button that copies it. Empty fields are left out.
fn line(label: Msg, value: &str, name: &str, clipboard: Clipboard) -> Option<AnyView> {
    if value.is_empty() {
        return None;
    }
    let (copied, name) = (value.to_owned(), name.to_owned());
    let shown = match link(value) {
        Some(address) => {
            view! { <a href=address.to_owned() target="_blank" rel="noreferrer noopener">{address.to_owned()}</a> }
                .into_any()
        }
        None => value.to_owned().into_any(),
    };
    let button = text_signal(move || say::button(Msg::Copy, &text::get(label)));
    Some(
        view! {
            <div class="detail">
                <dt>{tr(label)}</dt>
                <dd dir="auto">
                    <span class="detail-value">{shown}</span>
                    <Button class="button--small" label=Msg::Copy name=button press=move |()| clipboard.copy_shown(&name, &copied)/>
                </dd>
            </div>
        }
        .into_any(),
    )
}

fn details(session: Session, id: EntryId, whole: &Entry) -> AnyView {
    let dialog = use_dialog();
    let notices = use_notices();
    let parts = use_lazy_parts();
    let Entry { content, created_at, changed_at, history, binned_at, imported_at: _ } = whole;
    // Every field by name: a new one does not compile until it is drawn or left out.
    let Content { name, username, website, password, note, tags, rules } = content;
    let name = name.clone();
    let state = session.entries.with_untracked(|entries| entries.get(id).map(|entry| entry.state));
    let clipboard = Clipboard::new(notices, state == Some(EntryState::Saved));
    let in_conflict = state == Some(EntryState::Conflict);
    let rules = rules.clone();
    let has_rules = rules.is_some();
    let edit = move |()| dialog.open(Tool::Entry(EntryTool::Edit(id)));
    let duplicate = move |()| dialog.open(Tool::Entry(EntryTool::Duplicate(id)));
    let compare = move |()| dialog.open(Tool::Entry(EntryTool::Compare(id)));
    let rotate = {
        let name = name.clone();
        move |()| {
            let (rules, name) = (rules.clone(), name.clone());
            spawn_local(async move {
                match rotated(session, id, rules).await {
                    Ok(copied) => {
                        let done = if copied { Msg::Rotated } else { Msg::RotatedNotCopied };
                        notices.result(move || say::named(done, &name));
                    }
                    Err(why) => notices.problem(why),
                }
            });
        }
    };
    let read = {
        let secret = password.expose().to_owned();
        move |()| dialog.open(Tool::Read(Secret::new(secret.clone()).into()))
    };
    let to_bin = move |()| {
        if let Some(vault) = parts.vault.get_untracked().ready() {
            dialog.close();
            vault.to_bin.run(id);
        }
    };
    let note = note.expose().to_owned();
    let has_note = !note.is_empty();
    let tags = tags.join(", ");
    let dates = {
        let (created, changed, binned) = (when(*created_at), when(*changed_at), binned_at.map(when));
        text_signal(move || {
            let dates = text::with(Msg::EntryDates, &[("created", &created.get()), ("changed", &changed.get())]);
            match binned {
                Some(binned) => format!("{dates} {}", text::with(Msg::EntryBinned, &[("binned", &binned.get())])),
                None => dates,
            }
        })
    };
    let is_binned = binned_at.is_some();
    view! {
        <p class="fault" hidden=!in_conflict>{tr(Msg::ConflictHere)}</p>
        <dl id="entry-details" class="details" tabindex="-1">
            {line(Msg::EntryUsername, username, &name, clipboard)}
            {line(Msg::Website, website, &name, clipboard)}
            <div class="detail">
                <dt>{tr(Msg::Password)}</dt>
                <dd><Hidden label=Msg::Password secret=password.expose().to_owned() name=name.clone() clipboard/></dd>
            </div>
            {line(Msg::Tags, &tags, &name, clipboard)}
        </dl>
        <p class="detail-note" dir="auto" hidden=!has_note>{note}</p>
        <History history name=name.clone() clipboard/>
        <p class="hint">{dates}</p>
        <div class="buttons">
            <Button class="button--main" label=Msg::Edit press=edit hidden=bool_signal(move || in_conflict || is_binned)/>
            <Button label=Msg::Compare press=compare hidden=bool_signal(move || !in_conflict)/>
            <Button label=Msg::Rotate press=rotate hidden=bool_signal(move || in_conflict || is_binned || !has_rules)/>
            <Button label=Msg::ReadAloud press=read/>
            <Button label=Msg::Duplicate press=duplicate hidden=bool_signal(move || is_binned)/>
            <Button label=Msg::Delete press=to_bin hidden=bool_signal(move || in_conflict || is_binned)/>
        </div>
    }
    .into_any()
}

/// The previous passwords.
#[component]
fn History<'a>(history: &'a [PreviousPassword], name: String, clipboard: Clipboard) -> impl IntoView + use<> {
    let none = history.is_empty();
    let count = history.len();
    let rows = history.iter().map(|former| {
        let (secret, until) = (former.password.expose().to_owned(), when(former.until));
        let label = text_signal(move || text::with(Msg::HistoryUntil, &[("date", &until.get())]));
        view! { <li class="history-row"><p class="hint">{label}</p><Hidden label secret name=name.clone() clipboard/></li> }
    });
    let rows = rows.collect_view();
    view! {
        <details class="more" hidden=none>
            <summary>{text_signal(move || text::with(Msg::History, &[("count", &count)]))}</summary>
            <ul class="list">{rows}</ul>
        </details>
    }
}

/// Mints a new password by the entry's rules, copies it, and seals it in place of the old one, which goes into the
/// history. Gives whether copying worked.
async fn rotated(session: Session, id: EntryId, rules: Option<Rules>) -> Result<bool, Sentence> {
    let Some(rules) = rules else { return Err(Msg::RotateNoRules.into()) };
    let password = mint(&rules).await?;
    // Copy before anything slow: browsers allow it only shortly after a click.
    let copied = browser::copy(password.expose()).await.is_ok();
    let say = |fault: Fault| Sentence::from(move || say::fault(&fault));
    let before = session.entry(id).await.map_err(say)?.content;
    session.change(id, Content { password, rules: Some(rules), ..before }, &[]).await.map_err(say)?;
    session.send_waiting(Some(id)).await.map_err(|fault| {
        let name = session.name_of(id).unwrap_or_default();
        Sentence::from(move || say::not_saved(&name, &fault))
    })?;
    Ok(copied)
}

async fn mint(rules: &Rules) -> Result<Secret, Sentence> {
    let words = match rules {
        Rules::Phrase(_) => {
            let list = files::text("words").await.map_err(|_| Msg::NoPart)?;
            Some(Arc::new(Words::new(list).map_err(|_| Msg::NoPart)?))
        }
        Rules::Characters(_) | Rules::Pin(_) | Rules::Site(_) => None,
    };
    let plan = rules.plan(words).map_err(|_| Msg::RotateNoRules)?;
    let minted = random::with_source(|source| plan.mint(source)).map_err(|_| Msg::NoRandomness)?;
    Ok(Secret::new(minted.expose().to_owned()))
}
