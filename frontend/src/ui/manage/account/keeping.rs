//! The passkeys that stay when the passphrase or the recovery code is replaced.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::credentials::{PasskeySummary, Passkeys};
use shared::ids::PasskeyId;

use super::passkeys::{since, used};
use crate::session::{Session, use_session};
use crate::text::Msg;
use crate::ui::fields::{Checkbox, text_signal, tr};
use crate::ui::sentence::SentenceSignal;
use crate::ui::words as say;

/// A passkey, and whether its owner has ticked it.
type Ticked = (PasskeySummary, RwSignal<bool>);

/// The list of passkeys to tick: a handle that can be copied. None is ticked at first, so that one that somebody else
/// added is removed unless its owner confirms it.
#[derive(Clone, Copy)]
pub(super) struct KeptPasskeys {
    session: Session,
    /// None until the list has arrived.
    listed: RwSignal<Option<Vec<Ticked>>>,
    fault: SentenceSignal,
}

impl KeptPasskeys {
    /// Asks the server for the list.
    pub(super) fn new() -> Self {
        let kept = Self { session: use_session(), listed: RwSignal::new(None), fault: SentenceSignal::new() };
        kept.load();
        kept
    }

    /// Fetches the list, with no passkey ticked.
    pub(super) fn load(self) {
        let Self { session, listed, fault } = self;
        fault.clear();
        let owner = Owner::current();
        spawn_local(async move {
            match session.read("passkeys").await {
                Ok(answer) => match serde_json::from_str::<Passkeys>(&answer) {
                    Ok(answer) => {
                        let ticked = || answer.passkeys.into_iter().map(|one| (one, RwSignal::new(false))).collect();
                        let ticked = owner.map_or_else(Vec::new, |owner| owner.with(ticked));
                        let _ = listed.try_set(Some(ticked));
                    }
                    Err(_) => fault.set(Msg::FaultStrange),
                },
                Err(why) => fault.set(move || say::fault(&why)),
            }
        });
    }

    /// The ticked passkeys. Without the list, nobody can have confirmed any: gives `None`, and asks for it again.
    pub(super) fn ticked(self) -> Option<Vec<PasskeyId>> {
        let ticked = |listed: &Vec<Ticked>| {
            listed.iter().filter(|(_, ticked)| ticked.get_untracked()).map(|(one, _)| one.id.clone()).collect()
        };
        let ticked = self.listed.with_untracked(|listed| listed.as_ref().map(ticked));
        if ticked.is_none() {
            self.load();
        }
        ticked
    }

    pub(super) fn view(self) -> impl IntoView {
        let Self { listed, fault, .. } = self;
        let boxes = move || {
            let listed = listed.get().filter(|listed| !listed.is_empty())?;
            let boxes = listed.into_iter().map(|(one, ticked)| {
                let (since, used) = (since(one.created_at), used(one.used_at));
                let label = text_signal(move || format!("{} ({})", since.get(), used.get()));
                view! { <Checkbox label value=ticked/> }
            });
            Some(view! {
                <fieldset class="keep-passkeys">
                    <legend>{tr(Msg::KeepPasskeys)}</legend>
                    <p class="hint">{tr(Msg::KeepPasskeysHint)}</p>
                    {boxes.collect_view()}
                </fieldset>
            })
        };
        view! {
            {boxes}
            <p class="fault" role="alert">{fault.text()}</p>
        }
    }
}
