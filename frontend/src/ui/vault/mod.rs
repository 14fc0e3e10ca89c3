//! The vault's part of the page: its panel, its buttons in the header, and saving into it.

mod create;
mod doubts;
mod drafts;
mod entries;
mod header;
mod list;
mod news;
mod no_vault;
mod panel;
mod progress;
mod row;
mod save;
mod unlock;

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::credentials::CredentialChange;
use shared::ids::EntryId;

use super::dialog::use_dialog;
use super::mint::{PasswordState, use_mint};
use super::notice::{Notices, use_notices};
use crate::platform::browser;
use crate::session::{LockReason, PendingChange, Report, Session, Stage};
use crate::text::{self, Msg};
use crate::ui::lazy_parts::VaultPart;
use crate::ui::words as say;

/// How long the notice offers to take an entry out of the bin again.
const UNDO: Duration = Duration::from_secs(8);

/// State that the panel's components share: a handle that can be copied.
#[derive(Clone, Copy)]
struct PanelState {
    /// The invite in the page's address, until it is used.
    invite: RwSignal<String>,
    /// True if the panel shows the form that makes a vault, and not the one that opens it.
    creating: RwSignal<bool>,
    /// True if the list shows the bin.
    in_bin: RwSignal<bool>,
    /// Puts an entry into the bin, and offers to undo that. Outlives the entry's row.
    to_bin: Callback<EntryId>,
}

/// Sets the part up.
pub fn part() -> VaultPart {
    let (mint, notices) = (use_mint(), use_notices());
    let session = Session::provide();
    let invite = invite_of_this_page();
    // A person with an invite most likely wants to make a vault.
    let creating = RwSignal::new(!invite.is_empty());
    let invite = RwSignal::new(invite);
    take_up_invites(session, invite, creating);
    let to_bin = to_bin(session, notices);
    provide_context(PanelState { invite, creating, in_bin: RwSignal::new(false), to_bin });
    // Changes of the background.
    Effect::new(move |_| match session.report.get() {
        Some(Report::Saved { name }) => notices.result(move || say::named(Msg::Saved, &name)),
        // The panel of doubts says more.
        Some(Report::Conflict { name }) if session.is_doubted_name(&name) => {}
        Some(Report::Conflict { name }) => notices.problem(move || say::named(Msg::ConflictFound, &name)),
        Some(Report::LockedIdle { minutes }) => {
            notices.result(move || text::with(Msg::LockedIdle, &[("minutes", &minutes)]));
        }
        Some(Report::LockedHidden) => notices.result(Msg::LockedHidden),
        None => {}
    });
    // A password that was to be saved while the vault was locked is saved when it opens.
    Effect::new(move |_| {
        if session.stage.get() == Stage::Open && mint.save_once_open.get_untracked() {
            let name = mint.name.get_untracked().trim().to_owned();
            if !name.is_empty() {
                save::save(mint, session, notices, name);
            }
        }
    });
    // A password that was copied before this part had loaded.
    Effect::new(move |_| {
        if mint.copied_unsaved.get() {
            save::save_copied_as_draft(mint, session, notices);
        }
    });
    // With the vault's keys go all secrets on the page: the dialog, and the generator's password if it is in an entry.
    let dialog = use_dialog();
    Effect::new(move |was_open| {
        let is_open = session.stage.get() == Stage::Open;
        if !is_open {
            dialog.close_vault();
            if was_open == Some(true) && mint.state.with_untracked(|state| matches!(state, PasswordState::Sealed(..))) {
                mint.regenerate();
            }
        }
        is_open
    });
    warn_before_leaving(session);
    VaultPart {
        panel: || view! { <panel::Panel/> }.into_any(),
        header: || view! { <header::VaultHeader/> }.into_any(),
        save: Callback::new(move |name| save::save(mint, session, notices, name)),
        copied: Callback::new(move |()| save::save_copied_as_draft(mint, session, notices)),
        to_bin,
        lock: Callback::new(move |()| lock(session, notices, LockReason::Asked)),
    }
}

fn to_bin(session: Session, notices: Notices) -> Callback<EntryId> {
    let last = StoredValue::new(None::<EntryId>);
    let undo = Callback::new(move |()| {
        if let Some(id) = last.get_value() {
            spawn_local(async move {
                if let Err(fault) = session.bin(id, false).await {
                    notices.problem(move || say::fault(&fault));
                }
            });
        }
    });
    Callback::new(move |id| {
        spawn_local(async move {
            let name = session.name_of(id).unwrap_or_default();
            match session.bin(id, true).await {
                Ok(()) => {
                    last.set_value(Some(id));
                    notices.offer(move || say::named(Msg::Deleted, &name), (Msg::Undo, undo), Some(UNDO));
                }
                Err(fault) => notices.problem(move || say::named_why(Msg::NotDeleted, &name, &fault)),
            }
        });
    })
}

/// The form for making a vault. The part for management calls this.
pub(super) fn create() -> AnyView {
    let PanelState { invite, creating, .. } = expect_context();
    view! { <create::Create invite creating/> }.into_any()
}

/// A line about a change of credentials. The part for management calls this too.
pub(super) fn change_line(change: CredentialChange) -> AnyView {
    view! { <news::NewsLine change/> }.into_any()
}

/// Locks the vault if it is open, and says so.
fn lock(session: Session, notices: Notices, reason: LockReason) {
    if session.stage.get_untracked() != Stage::Open {
        return;
    }
    session.lock(reason);
    notices.result(if reason == LockReason::LoggedOut { Msg::LoggedOut } else { Msg::Locked });
    browser::focus_soon("secret");
}

/// The invite in the page's address, after `#invite=`; empty if there is none. The fragment is sent to no server.
fn invite_of_this_page() -> String {
    let fragment = browser::window().location().hash().unwrap_or_default();
    fragment.strip_prefix("#invite=").unwrap_or_default().to_owned()
}

/// Takes up an invite whose link is opened in this tab: a browser does not reload a page for another fragment.
fn take_up_invites(session: Session, invite: RwSignal<String>, creating: RwSignal<bool>) {
    let handle = window_event_listener(leptos::ev::hashchange, move |_| {
        let new = invite_of_this_page();
        if new.is_empty() {
            return;
        }
        invite.set(new);
        // Leave an open vault and a half-filled form alone; the invite is offered after the vault is locked.
        if session.stage.get_untracked() == Stage::Locked && !creating.get_untracked() {
            creating.set(true);
        }
    });
    on_cleanup(move || handle.remove());
}

/// Warns before the page is left while a change is stored neither on the server nor in the browser.
fn warn_before_leaving(session: Session) {
    let handle = window_event_listener(leptos::ev::beforeunload, move |event| {
        if session.waiting.with_untracked(|list| list.iter().any(PendingChange::is_in_page_only)) {
            event.prevent_default();
        }
    });
    on_cleanup(move || handle.remove());
}
