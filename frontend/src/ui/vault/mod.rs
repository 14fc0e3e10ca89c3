//! The vault's part of the page: its room, its place in the header, and saving into it.

mod create;
mod entries;
mod header;
mod room;
mod save;
mod unlock;

use leptos::prelude::*;

use super::mint::use_mint;
use super::notice::use_notices;
use crate::browser;
use crate::parts::{CreatePart, VaultPart};
use crate::session::{LockReason, Report, Session, Stage};
use crate::text::{self, Msg};

/// What the room's parts share: a handle that can be copied.
#[derive(Clone, Copy)]
struct Shared {
    /// The invite that this page was opened with, until it is used.
    invite: RwSignal<String>,
    /// Whether a vault is being made, and not opened.
    creating: RwSignal<bool>,
    /// Takes a deletion back. It outlives the row that is deleted.
    undelete: Callback<()>,
}

/// What the rest of the page needs of this part.
pub fn part() -> VaultPart {
    let (mint, notices) = (use_mint(), use_notices());
    let session = Session::provide();
    let invite = invite_of_this_page();
    // Whoever comes by an invite wants to make a vault, unless they say otherwise.
    let creating = RwSignal::new(!invite.is_empty());
    let undelete = Callback::new(move |()| session.undelete());
    provide_context(Shared { invite: RwSignal::new(invite), creating, undelete });
    // What went on in the background.
    Effect::new(move |_| match session.report.get() {
        Some(Report::Done(result)) => notices.result(result),
        Some(Report::Problem(problem)) => notices.problem(problem),
        None => {}
    });
    // What was to be saved while the vault was locked is saved when it opens.
    Effect::new(move |_| {
        if session.stage.get() == Stage::Open && mint.save_once_open.get_untracked() {
            let name = mint.name.get_untracked().trim().to_owned();
            if !name.is_empty() {
                save::save(mint, session, notices, name);
            }
        }
    });
    warn_before_leaving(session);
    VaultPart {
        room: || view! { <room::Room/> }.into_any(),
        header: || view! { <header::VaultHeader/> }.into_any(),
        save: Callback::new(move |name| save::save(mint, session, notices, name)),
        lock: Callback::new(move |()| lock(session, notices, LockReason::Asked)),
    }
}

/// The form for making a vault.
pub fn create_part() -> CreatePart {
    || {
        let Shared { invite, creating, .. } = expect_context();
        view! { <create::Create invite creating/> }.into_any()
    }
}

/// Locks the vault, if it is open, and says so.
fn lock(session: Session, notices: super::notice::Notices, reason: LockReason) {
    if session.stage.get_untracked() != Stage::Open {
        return;
    }
    session.lock(reason);
    notices.result(text::get(if reason == LockReason::LoggedOut { Msg::LoggedOut } else { Msg::Locked }));
    browser::focus_soon("secret");
}

/// The invite in the page's address, after `#invite=`; empty if there is none. The fragment is sent to no server.
fn invite_of_this_page() -> String {
    let fragment = browser::window().location().hash().unwrap_or_default();
    fragment.strip_prefix("#invite=").unwrap_or_default().to_owned()
}

/// Asks before the page is left while something is not saved.
fn warn_before_leaving(session: Session) {
    let handle = window_event_listener(leptos::ev::beforeunload, move |event| {
        if session.waiting.with_untracked(|list| !list.is_empty()) {
            event.prevent_default();
        }
    });
    on_cleanup(move || handle.remove());
}
