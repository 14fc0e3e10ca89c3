//! Saving the generator's password as an entry, or as a draft if it was only copied.

use std::rc::Rc;

use generator::password::Password;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::keyring::protocol::entry::Content;
use crate::platform::browser;
use crate::secret::Secret;
use crate::session::{DraftError, Session, Stage};
use crate::text::Msg;
use crate::ui::mint::{Mint, PasswordState};
use crate::ui::notice::Notices;
use crate::ui::words::{named, named_why, not_saved};

/// Saves the shown password under a name that was checked, and copies it. On failure, says why and keeps both.
pub(super) fn save(mint: Mint, session: Session, notices: Notices, name: String) {
    let Some(password) = mint.password() else { return };
    let content = Content { name: name.clone(), ..shown(mint, &password) };
    if session.stage.get_untracked() != Stage::Open {
        mint.save_once_open.set(true);
        browser::focus_soon("secret");
        let replaced = mint.draft_key();
        spawn_local(async move {
            match session.store_draft(content, None, replaced).await {
                // The vault was unlocked meanwhile, and the password is an entry by now.
                Ok(draft)
                    if is_shown(mint, &password) && mint.state.with_untracked(|state| *state != PasswordState::New) =>
                {
                    session.drop_draft(draft).await;
                }
                Ok(draft) => {
                    remember_draft(mint, &password, draft);
                    notices.problem(move || named(Msg::LockedSaveKept, &name));
                }
                Err(_) => notices.problem(Msg::LockedSave),
            }
        });
        return;
    }
    mint.save_once_open.set(false);
    let drafts = mint.draft_key();
    mint.name.set(String::new());
    // From now on, the password is not offered for another name.
    mint.state.set(PasswordState::Sealing(name.clone()));
    spawn_local(async move {
        // Copy first: browsers allow it only shortly after a key press or a click.
        let copied = browser::copy(password.expose()).await.is_ok();
        match session.create(content, drafts.as_slice()).await {
            Ok(id) => {
                mint.draft_number.set(0);
                mint.state.set(PasswordState::Sealed(id, name.clone(), Signal::derive(move || session.is_waiting(id))));
                match session.send_waiting(Some(id)).await {
                    Ok(true) => {
                        let said = if copied { Msg::SavedCopied } else { Msg::SavedNotCopied };
                        notices.result(move || named(said, &name));
                    }
                    // A send that was running takes this entry along, and says so.
                    Ok(false) => {}
                    Err(fault) => notices.problem(move || not_saved(&name, &fault)),
                }
            }
            Err(fault) => {
                // Nothing was sealed: keep the password, and put the name back so that nobody has to type it again.
                mint.state.set(PasswordState::New);
                if mint.name.with_untracked(String::is_empty) {
                    mint.name.set(name.clone());
                }
                notices.problem(move || named_why(Msg::NotSealed, &name, &fault));
            }
        }
    });
}

/// Stores the shown password as a draft, because it was copied and is in no entry; and says whether that worked.
pub(super) fn save_copied_as_draft(mint: Mint, session: Session, notices: Notices) {
    let Some(password) = mint.password() else { return };
    mint.copied_unsaved.set(false);
    if mint.draft_key().is_some() {
        notices.result(Msg::CopiedKept);
        return;
    }
    let content = shown(mint, &password);
    spawn_local(async move {
        match session.store_draft(content, None, None).await {
            Ok(draft) => {
                remember_draft(mint, &password, draft);
                notices.result(Msg::CopiedKept);
            }
            Err(DraftError::NoVault) => notices.result(Msg::CopiedUnsaved),
            Err(DraftError::Fault(_) | DraftError::NotStored) => notices.problem(Msg::CopiedNotKept),
        }
    });
}

/// The shown password with its rules, as the content of an entry.
fn shown(mint: Mint, password: &Password) -> Content {
    let rules = mint.plan.with_untracked(|plan| plan.as_ref().ok().map(|plan| plan.rules.clone()));
    let name = mint.name.with_untracked(|name| name.trim().to_owned());
    Content { name, password: Secret::new(password.expose().to_owned()), rules, ..Content::default() }
}

/// Notes the draft of the password, unless another password is shown by now.
fn remember_draft(mint: Mint, password: &Rc<Password>, draft: u32) {
    if is_shown(mint, password) {
        mint.draft_number.set(draft as usize);
    }
}

fn is_shown(mint: Mint, password: &Rc<Password>) -> bool {
    mint.password().is_some_and(|shown| Rc::ptr_eq(&shown, password))
}
