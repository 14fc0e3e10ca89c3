//! The open vault: search, what waits to be saved, and the entries, newest first.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::EntryId;

use super::fields::{Button, TextField, flag, words};
use super::mint::use_mint;
use super::notice::use_notices;
use super::secret_text::secret_text;
use crate::browser;
use crate::keyring::protocol::EntrySummary;
use crate::model::when::ago;
use crate::secret::Secret;
use crate::session::use_session;
use crate::text;

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
            (_, 0) => text::EMPTY_VAULT.to_owned(),
            (0, _) => query.with(|query| text::no_hit(query.trim())),
            (shown, all) => text::count(shown, all),
        })
    });
    let unopened = words(move || match session.unopened.get() {
        0 => String::new(),
        count => text::unopened(count),
    });

    view! {
        <TextField id="search" label=text::SEARCH value=query fault=unopened/>
        <p class="hint entries-summary" role="status" dir="auto">{summary}</p>
        <ul class="list">
            <For each=listed key=|row| row.clone() let(row)><Row row/></For>
        </ul>
        <Button label=text::SHOW_MORE press=move |()| rows.update(|rows| *rows += ROWS) hidden=all_shown/>
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
    let Listed { id, name, state, .. } = row;
    let password = RwSignal::new_local(None::<Secret>);
    let (time, exact, refused) = match &state {
        State::Saved(time) => (text::ago(ago(browser::now(), *time)), browser::exact_time(*time), None),
        State::Waiting(refused) => (text::WAITING.to_owned(), String::new(), refused.clone()),
    };
    let is_waiting = matches!(state, State::Waiting(_));
    let is_refused = refused.is_some();
    // The accessible name of a button says whose it is.
    let named = |verb: &str| text::named(verb, &name);

    let show = move |()| {
        if password.with_untracked(Option::is_some) {
            password.set(None);
            return;
        }
        spawn_local(async move {
            match session.reveal(id).await {
                Ok(secret) => drop(password.try_set(Some(secret))),
                Err(fault) => notices.problem(text::fault(&fault)),
            }
        });
    };
    let shown = flag(move || password.with(Option::is_some));
    let show_or_hide = words(move || (if shown.get() { text::HIDE } else { text::SHOW }).to_owned());
    let copied = text::copied(&name, CLIPBOARD_SECONDS);
    let copy = move |()| {
        let copied = copied.clone();
        spawn_local(async move {
            let secret = match session.reveal(id).await {
                Ok(secret) => secret,
                Err(fault) => return notices.problem(text::fault(&fault)),
            };
            if browser::copy(secret.expose()).await.is_err() {
                return notices.problem(text::COPY_FAILED.into());
            }
            notices.result(copied);
            // What is not saved yet is not taken off the clipboard.
            if !is_waiting {
                browser::clear_clipboard_after(Duration::from_secs(CLIPBOARD_SECONDS.into()), move || {
                    notices.result(text::CLIPBOARD_CLEARED.into());
                });
            }
        });
    };
    let deleted = text::deleted(&name);
    let delete = move |()| {
        session.delete(id);
        notices.deleted(deleted.clone());
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
                    let (show, hide) = (named(text::SHOW), named(text::HIDE));
                    move || if shown.get() { hide.clone() } else { show.clone() }
                }) press=show/>
                <Button class=small label=text::COPY name=named(text::COPY) press=copy/>
                {if is_waiting {
                    view! {
                        <Button class=small label=text::TRY_AGAIN name=named(text::TRY_AGAIN)
                            press=move |()| session.try_again(id)/>
                        <Button class=small label=text::DISCARD name=named(text::DISCARD)
                            press=discard hidden=!is_refused/>
                    }.into_any()
                } else {
                    view! { <Button class=small label=text::DELETE name=named(text::DELETE) press=delete/> }.into_any()
                }}
            </div>
            <p class="row-why hint">{refused}</p>
            <p class="row-secret secret">{secret}</p>
        </li>
    }
}
