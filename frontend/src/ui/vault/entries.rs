//! The open vault: search, what waits to be saved, and the entries, newest first.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::EntryId;

use super::Shared;
use crate::browser;
use crate::keyring::protocol::EntrySummary;
use crate::model::when::ago;
use crate::secret::Secret;
use crate::session::{UNDO, use_session};
use crate::text::vault as say;
use crate::text::{self, Msg};
use crate::ui::fields::{Button, TextField, flag, words};
use crate::ui::mint::use_mint;
use crate::ui::notice::use_notices;
use crate::ui::secret_text::secret_text;

/// Rows drawn at first, and added each time more are asked for: a long vault does not slow the page down.
const ROWS: usize = 100;
/// How long a copied password stays on the clipboard, in seconds.
const CLIPBOARD_SECONDS: u32 = 30;

/// A row of the list.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Listed {
    id: EntryId,
    version: u32,
    name: String,
    state: State,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum State {
    /// Saved, and when.
    Saved(u64),
    /// Not saved yet; why the server refused it, or nothing if it is sent again by itself.
    Waiting(Option<String>),
}

#[component]
pub(super) fn Entries() -> impl IntoView {
    let session = use_session();
    let query = RwSignal::new(String::new());
    let rows = RwSignal::new(ROWS);
    // The one that is being deleted is not shown; undoing it brings it back where it was.
    let found = Memo::new(move |_| {
        let hidden = session.deleting.with(|deleting| deleting.as_ref().map(|it| it.id));
        session.entries.with(|entries| {
            let found = query.with(|query| entries.search(query).filter(|it| Some(it.id) != hidden).cloned().collect());
            let hidden = hidden.is_some_and(|id| entries.get(id).is_some());
            (found, entries.len() - usize::from(hidden))
        })
    });
    let listed = move || {
        let waiting = session.waiting.get().into_iter().map(|waiting| Listed {
            id: waiting.id,
            version: 0,
            name: waiting.name,
            state: State::Waiting(waiting.refused),
        });
        let saved = found.with(|(found, _): &(Vec<EntrySummary>, usize)| {
            let saved = found.iter().take(rows.get()).map(|entry| Listed {
                id: entry.id,
                version: entry.version,
                name: entry.name.clone(),
                state: State::Saved(entry.changed_at),
            });
            saved.collect::<Vec<_>>()
        });
        waiting.chain(saved).collect::<Vec<_>>()
    };
    let all_shown = flag(move || found.with(|(found, _)| found.len() <= rows.get()));
    let summary = words(move || {
        found.with(|(found, all)| match (found.len(), *all) {
            (_, 0) => text::get(Msg::EmptyVault),
            (0, _) => query.with(|query| text::with(Msg::NoHit, &[("query", &query.trim())])),
            (shown, all) => say::count(shown, all),
        })
    });
    let unopened = words(move || say::unopened(session.unopened.get()));

    view! {
        <TextField id="search" label=Msg::Search value=query fault=unopened/>
        <p class="hint entries-summary" role="status" dir="auto">{summary}</p>
        <ul class="list">
            <For each=listed key=|row| row.clone() let(row)><Row row/></For>
        </ul>
        <Button label=Msg::ShowMore press=move |()| rows.update(|rows| *rows += ROWS) hidden=all_shown/>
    }
}

/// One entry, and what can be done with it.
#[component]
fn Row(
    /// What is known of it.
    row: Listed,
) -> impl IntoView {
    let session = use_session();
    let notices = use_notices();
    let mint = use_mint();
    let Shared { undelete, .. } = expect_context();
    let Listed { id, name, state, .. } = row;
    let password = RwSignal::new_local(None::<Secret>);
    let (saved_at, refused) = match &state {
        State::Saved(time) => (Some(*time), None),
        State::Waiting(refused) => (None, refused.clone()),
    };
    let time = words(move || match saved_at {
        Some(time) => say::ago(ago(browser::now(), time)),
        None => text::get(Msg::Waiting),
    });
    let exact = words(move || saved_at.map_or_else(String::new, |time| browser::exact_time(time, &text::language())));
    let is_waiting = matches!(state, State::Waiting(_));
    let is_refused = refused.is_some();
    // The accessible name of a button says whose it is.
    let named = |verb: Msg| {
        let name = name.clone();
        words(move || say::button(verb, &name))
    };

    let show = move |()| {
        if password.with_untracked(Option::is_some) {
            password.set(None);
            return;
        }
        spawn_local(async move {
            match session.reveal(id).await {
                Ok(secret) => drop(password.try_set(Some(secret))),
                Err(fault) => notices.problem(say::fault(&fault)),
            }
        });
    };
    let shown = flag(move || password.with(Option::is_some));
    let show_or_hide = words(move || text::get(if shown.get() { Msg::Hide } else { Msg::Show }));
    let kept_name = StoredValue::new(name.clone());
    let copy = move |()| {
        let copied =
            kept_name.with_value(|name| text::with(Msg::Copied, &[("name", name), ("seconds", &CLIPBOARD_SECONDS)]));
        spawn_local(async move {
            let secret = match session.reveal(id).await {
                Ok(secret) => secret,
                Err(fault) => return notices.problem(say::fault(&fault)),
            };
            if browser::copy(secret.expose()).await.is_err() {
                return notices.problem(Msg::CopyFailed.into());
            }
            notices.result(copied);
            // What is not saved yet is not taken off the clipboard.
            if !is_waiting {
                browser::clear_clipboard_after(Duration::from_secs(CLIPBOARD_SECONDS.into()), move || {
                    notices.result(Msg::ClipboardCleared.into());
                });
            }
        });
    };
    let delete = move |()| {
        let deleted = kept_name.with_value(|name| say::named(Msg::Deleted, name));
        session.delete(id);
        notices.offer(deleted, (Msg::Undo, undelete), Some(UNDO));
    };
    let discard = move |()| {
        session.discard(id);
        mint.forget(id);
    };
    let secret = move || password.with(|password| password.as_ref().map(|password| secret_text(password.expose())));
    let small = "button--small";
    view! {
        <li class="row" class:row--waiting=is_waiting>
            <span class="row-name" dir="auto">{name.clone()}</span>
            <span class="row-time" title=exact>{time}</span>
            <div class="row-actions">
                <Button class=small label=show_or_hide name=words({
                    let (show, hide) = (named(Msg::Show), named(Msg::Hide));
                    move || if shown.get() { hide.get() } else { show.get() }
                }) press=show/>
                <Button class=small label=Msg::Copy name=named(Msg::Copy) press=copy/>
                {if is_waiting {
                    view! {
                        <Button class=small label=Msg::TryAgain name=named(Msg::TryAgain)
                            press=move |()| session.try_again(id)/>
                        <Button class=small label=Msg::Discard name=named(Msg::Discard)
                            press=discard hidden=!is_refused/>
                    }.into_any()
                } else {
                    view! { <Button class=small label=Msg::Delete name=named(Msg::Delete) press=delete/> }.into_any()
                }}
            </div>
            <p class="row-why hint">{refused}</p>
            <p class="row-secret secret">{secret}</p>
        </li>
    }
}
