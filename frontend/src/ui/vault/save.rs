//! Saving what the generator shows.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::browser;
use crate::secret::Secret;
use crate::session::{Session, Stage};
use crate::text::vault::{named, named_why, not_saved};
use crate::text::{self, Msg};
use crate::ui::mint::{Fate, Mint};
use crate::ui::notice::Notices;

/// Saves and copies the password that is shown, under a name that was checked; or says why not, and loses nothing.
pub(super) fn save(mint: Mint, session: Session, notices: Notices, name: String) {
    let Some(password) = mint.password() else { return };
    if session.stage.get_untracked() != Stage::Open {
        mint.save_once_open.set(true);
        notices.problem(text::get(Msg::LockedSave));
        browser::focus_soon("secret");
        return;
    }
    mint.save_once_open.set(false);
    let rules = mint.plan.with_untracked(|plan| plan.as_ref().ok().map(|plan| plan.0.rules()));
    mint.name.set(String::new());
    // Until it is known what becomes of it, it is not for another name.
    mint.fate.set(Fate::Sealing(name.clone()));
    spawn_local(async move {
        // Browsers let a page copy only while a key press or click is fresh: copy first, then save.
        let copied = browser::copy(password.expose()).await.is_ok();
        let secret = Secret::new(password.expose().to_owned());
        match session.seal(name.clone(), secret, rules).await {
            Ok(id) => {
                mint.fate.set(Fate::Sealed(id, name.clone(), Signal::derive(move || session.is_waiting(id))));
                match session.send_waiting(Some(id)).await {
                    Ok(true) => {
                        notices.result(named(if copied { Msg::SavedCopied } else { Msg::SavedNotCopied }, &name));
                    }
                    // What is sending now sends this one too, and says so.
                    Ok(false) => {}
                    Err(fault) => notices.problem(not_saved(&name, &fault)),
                }
            }
            Err(fault) => {
                // Nothing was sealed: the password stays, and the name comes back, so that it is not typed again.
                notices.problem(named_why(Msg::NotSealed, &name, &fault));
                mint.fate.set(Fate::New);
                if mint.name.with_untracked(String::is_empty) {
                    mint.name.set(name);
                }
            }
        }
    });
}
