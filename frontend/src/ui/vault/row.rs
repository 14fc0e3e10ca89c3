//! One row of the list: an entry, with buttons for the commonest actions.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::EntryId;

use super::PanelState;
use crate::keyring::protocol::entry::{EntryState, EntrySummary};
use crate::model::rows::RowPosition;
use crate::model::when::ago;
use crate::platform::api::ApiFault;
use crate::platform::browser;
use crate::secret::Secret;
use crate::session::{DoubtKind, use_session};
use crate::text::{self, Msg};
use crate::ui::clipboard::Clipboard;
use crate::ui::dialog::{EntryTool, Tool, use_dialog};
use crate::ui::fields::{Button, text_signal};
use crate::ui::mint::use_mint;
use crate::ui::notice::use_notices;
use crate::ui::secret_text::secret_text;
use crate::ui::words as say;

/// Everything that a row shows. A row is drawn anew when this changes.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct RowData {
    pub(super) id: EntryId,
    version: u32,
    name: String,
    username: String,
    changed_at: u64,
    is_binned: bool,
    state: EntryState,
    /// Why the server refused the entry, if it did.
    refused: Option<ApiFault>,
    /// Why its password may be an old one, or one that was deleted.
    doubt: Option<DoubtKind>,
}

impl RowData {
    pub(super) fn new(entry: &EntrySummary, refused: Option<ApiFault>, doubt: Option<DoubtKind>) -> Self {
        Self {
            id: entry.id,
            version: entry.version,
            name: entry.name.clone(),
            username: entry.username.clone(),
            changed_at: entry.changed_at,
            is_binned: entry.binned_at.is_some(),
            state: entry.state,
            refused,
            doubt,
        }
    }

    /// The accessible name of a button: it says which entry the button is for.
    fn button_name(&self, verb: Msg) -> Signal<String> {
        let name = self.name.clone();
        text_signal(move || say::button(verb, &name))
    }
}

/// State that all rows share: a handle that can be copied.
#[derive(Clone, Copy)]
pub(super) struct RowContext {
    /// The number of rows in the whole list, drawn or not.
    pub(super) count: Signal<usize>,
    /// The entry whose row has the keyboard's focus. Its row is drawn wherever it is.
    pub(super) focused: RwSignal<Option<EntryId>>,
    /// Tells the list that a row's height has changed.
    pub(super) resized: Callback<()>,
}

#[component]
pub(super) fn EntryRow(row: RowData, place: RwSignal<RowPosition>, context: RowContext) -> impl IntoView {
    let dialog = use_dialog();
    let session = use_session();
    let RowContext { count, focused, resized } = context;
    let RowData { id, name, username, changed_at, state, doubt, .. } = row.clone();
    let refused = row.refused.clone();
    let why = text_signal(move || refused.as_ref().map_or_else(String::new, say::api_fault));
    let password = RwSignal::new_local(None::<Secret>);
    let time = text_signal(move || match (state, doubt) {
        (_, Some(_)) => text::get(Msg::DoubtMark),
        (EntryState::Saved, _) => say::ago(ago(browser::now(), changed_at)),
        (EntryState::Waiting, _) => text::get(Msg::Waiting),
        // A server that was put back has an older version, and nobody changed it elsewhere.
        (EntryState::Conflict, _) if session.is_doubted(id) => text::get(Msg::DoubtHere),
        (EntryState::Conflict, _) => text::get(Msg::Conflict),
    });
    let exact = text_signal(move || browser::exact_time(changed_at, &text::language()));
    let secret = move || password.with(|password| password.as_ref().map(|password| secret_text(password.expose())));
    let open = move |_| dialog.open(Tool::Entry(EntryTool::Show(id)));
    view! {
        <li class="row" class:row--waiting=state != EntryState::Saved class:row--doubted=doubt.is_some() prop:style=move || style("margin-top", place.get().gap)
            aria-posinset=text_signal(move || (place.get().index + 1).to_string())
            aria-setsize=text_signal(move || count.get().to_string())
            on:focusin=move |_| focused.set(Some(id)) on:focusout=move |_| focused.set(None)>
            <button type="button" class="row-name" dir="auto" on:click=open>{name}</button>
            <span class="row-login" dir="auto">{username}</span>
            <span class="row-time" title=exact>{time}</span>
            <div class="row-actions">
                <PasswordActions row=row.clone() password resized/>
                <StateActions row/>
            </div>
            <p class="row-why hint">{why}</p>
            <p class="row-secret secret">{secret}</p>
        </li>
    }
}

/// Shows or hides the password, and copies it.
#[component]
fn PasswordActions(
    row: RowData,
    /// The password while it is shown.
    password: RwSignal<Option<Secret>, LocalStorage>,
    /// Tells the list that the row's height has changed.
    resized: Callback<()>,
) -> impl IntoView {
    let session = use_session();
    let notices = use_notices();
    let dialog = use_dialog();
    let RowData { id, state, doubt, .. } = row;
    // The dialog asks before it hands out a password that may be old.
    let ask = move || doubt.is_some().then(|| dialog.open(Tool::Entry(EntryTool::Show(id)))).is_some();
    let show_or_hide = move |()| {
        if ask() {
            return;
        }
        if password.with_untracked(Option::is_some) {
            password.set(None);
            resized.run(());
            return;
        }
        spawn_local(async move {
            match session.reveal(id).await {
                Ok(secret) => {
                    if password.try_set(Some(secret)).is_none() {
                        resized.run(());
                    }
                }
                Err(fault) => notices.problem(move || say::fault(&fault)),
            }
        });
    };
    let stored_name = StoredValue::new(row.name.clone());
    let copy = move |()| {
        if ask() {
            return;
        }
        spawn_local(async move {
            match session.reveal(id).await {
                Ok(secret) => {
                    let name = stored_name.try_get_value().unwrap_or_default();
                    Clipboard::new(notices, state == EntryState::Saved).copy(&name, secret).await;
                }
                Err(fault) => notices.problem(move || say::fault(&fault)),
            }
        });
    };
    let verb = move || if password.with(Option::is_some) { Msg::Hide } else { Msg::Show };
    let name = row.name.clone();
    view! {
        <Button class="button--small" label=text_signal(move || text::get(verb()))
            name=text_signal(move || say::button(verb(), &name)) press=show_or_hide/>
        <Button class="button--small" label=Msg::Copy name=row.button_name(Msg::Copy) press=copy/>
    }
}

/// The buttons that depend on whether the entry is saved, waits, was refused, is in conflict, or is in the bin.
#[component]
fn StateActions(row: RowData) -> impl IntoView {
    let session = use_session();
    let dialog = use_dialog();
    let PanelState { to_bin, .. } = expect_context();
    let id = row.id;
    let named = |verb| row.button_name(verb);
    match (row.state, row.refused.is_some(), row.is_binned) {
        (EntryState::Conflict, ..) => view! {
            <Button class="button--small" label=Msg::Compare name=named(Msg::Compare)
                press=move |()| dialog.open(Tool::Entry(EntryTool::Compare(id)))/>
        }
        .into_any(),
        (_, true, _) => {
            view! { <RefusedActions id again=named(Msg::TryAgain) discard=named(Msg::Discard)/> }.into_any()
        }
        (EntryState::Waiting, ..) => view! {
            <Button class="button--small" label=Msg::TryAgain name=named(Msg::TryAgain)
                press=move |()| session.try_again(id)/>
        }
        .into_any(),
        (EntryState::Saved, _, true) => {
            view! { <BinActions id restore=named(Msg::Restore) erase=named(Msg::Erase)/> }.into_any()
        }
        (EntryState::Saved, _, false) => view! {
            <Button class="button--small" label=Msg::Delete name=named(Msg::Delete) press=move |()| to_bin.run(id)/>
        }
        .into_any(),
    }
}

/// Buttons of an entry that the server refused.
#[component]
fn RefusedActions(id: EntryId, again: Signal<String>, discard: Signal<String>) -> impl IntoView {
    let session = use_session();
    let notices = use_notices();
    let mint = use_mint();
    let discard_entry = move |()| {
        spawn_local(async move {
            match session.discard(id).await {
                Ok(()) => mint.mark_discarded(id),
                Err(fault) => notices.problem(move || say::fault(&fault)),
            }
        });
    };
    view! {
        <Button class="button--small" label=Msg::TryAgain name=again press=move |()| session.try_again(id)/>
        <Button class="button--small" label=Msg::Discard name=discard press=discard_entry/>
    }
}

/// Buttons of an entry in the bin.
#[component]
fn BinActions(id: EntryId, restore: Signal<String>, erase: Signal<String>) -> impl IntoView {
    let session = use_session();
    let notices = use_notices();
    let name = move || session.name_of(id).unwrap_or_default();
    let restore_entry = move |()| {
        spawn_local(async move {
            let name = name();
            match session.bin(id, false).await {
                Ok(()) => notices.result(move || say::named(Msg::Restored, &name)),
                Err(fault) => notices.problem(move || say::fault(&fault)),
            }
        });
    };
    let erase_entry = move |()| {
        spawn_local(async move {
            let name = name();
            match session.erase(id).await {
                Ok(()) => notices.result(move || say::named(Msg::Erased, &name)),
                Err(fault) => notices.problem(move || say::named_why(Msg::NotErased, &name, &fault)),
            }
        });
    };
    view! {
        <Button class="button--small" label=Msg::Restore name=restore press=restore_entry/>
        <Button class="button--small" label=Msg::Erase name=erase press=erase_entry/>
    }
}

/// The text of a style attribute, to be set as a property: the page's policy allows scripts to do that, but no `style`
/// attribute in markup.
pub(super) fn style(name: &str, length: f64) -> String {
    format!("{name}:{length}px")
}
