//! The field that asks for a proof: the passphrase or the recovery code of the open vault.

use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::sessions::CredentialName;

use crate::keyring::protocol::KeyringError;
use crate::platform::browser;
use crate::secret::Secret;
use crate::session::{Fault, Session, use_session};
use crate::text::{self, Msg};
use crate::ui::fields::{Button, TextField, text_signal};
use crate::ui::sentence::SentenceSignal;
use crate::ui::words as say;
use crate::workers::client::KeyringFault;

/// The secret that was typed, and its kind.
type Typed = (CredentialName, Secret);

/// A form that asks for a proof before it does its work: a handle that can be copied.
#[derive(Clone, Copy)]
pub(super) struct ProofForm {
    session: Session,
    typed: RwSignal<String>,
    /// True if the recovery code is asked for, false if the passphrase is.
    by_code: RwSignal<bool>,
    /// The fault of the typed secret.
    fault: SentenceSignal,
    /// True if the work is running.
    pub(super) busy: RwSignal<bool>,
    /// The fault of the work itself.
    pub(super) wrong: SentenceSignal,
    /// The secret that was proven last. A proof is good for two minutes, and a person who writes a recovery code down
    /// needs longer: [`ProofForm::prove_again`] makes another.
    proven: StoredValue<Option<Rc<Typed>>, LocalStorage>,
    id: &'static str,
}

impl ProofForm {
    pub(super) fn new(id: &'static str) -> Self {
        let session = use_session();
        let (fault, wrong) = (SentenceSignal::new(), SentenceSignal::new());
        Self {
            session,
            typed: RwSignal::new(String::new()),
            // A person who opened the vault by the recovery code may have forgotten the passphrase.
            by_code: RwSignal::new(session.is_opened_by_code()),
            fault,
            busy: RwSignal::new(false),
            wrong,
            proven: StoredValue::new_local(None),
            id,
        }
    }

    /// The field, with a button that switches between passphrase and recovery code.
    pub(super) fn field(self) -> impl IntoView {
        let Self { typed, by_code, fault, busy, id, .. } = self;
        let switch = move |()| {
            typed.set(String::new());
            fault.clear();
            by_code.update(|by_code| *by_code = !*by_code);
            browser::focus_soon(id);
        };
        let other = text_signal(move || text::get(if by_code.get() { Msg::UsePassphrase } else { Msg::UseRecovery }));
        view! {
            // Each secret has an input of its own: a browser that offers to save passwords must not save the code.
            {move || if by_code.get() {
                view! { <TextField id label=Msg::ConfirmCode hint=Msg::RecoveryHint value=typed fault busy/> }.into_any()
            } else {
                view! {
                    <TextField id label=Msg::ConfirmPassphrase value=typed fault busy secret=true
                        autocomplete="current-password"/>
                }
                .into_any()
            }}
            <Button class="button--quiet button--small proof-switch" label=other press=switch disabled=busy/>
        }
    }

    /// True if the recovery code is asked for.
    pub(super) fn is_by_code(self) -> bool {
        self.by_code.get_untracked()
    }

    /// The typed secret. If the field is empty, says so and gives `None`.
    pub(super) fn typed(self) -> Option<Typed> {
        let Self { typed, by_code, fault, wrong, id, .. } = self;
        fault.clear();
        wrong.clear();
        let by_code = by_code.get_untracked();
        let secret = browser::normalise(&typed.get_untracked());
        if secret.trim().is_empty() {
            fault.set(if by_code { Msg::RecoveryEmpty } else { Msg::PassphraseEmpty });
            browser::focus_soon(id);
            return None;
        }
        let credential = if by_code { CredentialName::Recovery } else { CredentialName::Passphrase };
        Some((credential, Secret::new(secret)))
    }

    /// Proves a secret, and clears the field.
    ///
    /// # Errors
    /// `None` if the secret is wrong, which the field then says; the fault otherwise.
    pub(super) async fn prove(self, given: Typed) -> Result<(), Option<Fault>> {
        let Self { session, typed, fault, proven, id, .. } = self;
        let (credential, secret) = &given;
        let by_code = *credential == CredentialName::Recovery;
        match session.prove(credential.clone(), Secret::new(secret.expose().to_owned())).await {
            Ok(()) => {
                // The dialog may be closed by now.
                let _ = typed.try_set(String::new());
                proven.try_set_value(Some(Rc::new(given)));
                Ok(())
            }
            Err(Fault::Keyring(KeyringFault::Refused(KeyringError::WrongSecret))) => {
                fault.set(if by_code { Msg::ConfirmWrongCode } else { Msg::ConfirmWrong });
                browser::focus_soon(id);
                Err(None)
            }
            Err(Fault::Keyring(KeyringFault::Refused(KeyringError::Recovery(typo)))) => {
                fault.set(move || say::recovery_fault(typo));
                browser::focus_soon(id);
                Err(None)
            }
            Err(other) => Err(Some(other)),
        }
    }

    /// Proves the secret of the last proof once more, for a request that comes minutes later.
    pub(super) async fn prove_again(self) -> Result<(), Fault> {
        let proven = self.proven.try_get_value().flatten();
        let (credential, secret) = &*proven.ok_or(Fault::Keyring(KeyringFault::Ended))?;
        self.session.prove(credential.clone(), Secret::new(secret.expose().to_owned())).await
    }

    /// The passphrase of the last proof, unless that was the recovery code.
    pub(super) fn proven_passphrase(self) -> Option<Secret> {
        let proven = self.proven.try_get_value().flatten()?;
        (proven.0 == CredentialName::Passphrase).then(|| Secret::new(proven.1.expose().to_owned()))
    }

    /// Proves the typed secret, then awaits `work` and passes its result to `then`.
    pub(super) fn run<T: 'static>(
        self,
        work: impl Future<Output = Result<T, Fault>> + 'static,
        then: impl FnOnce(T) + 'static,
    ) {
        let Self { busy, wrong, .. } = self;
        if busy.get_untracked() {
            return;
        }
        let Some(given) = self.typed() else { return };
        busy.set(true);
        spawn_local(async move {
            // The dialog may be closed by the time of the proof: the work is done all the same, and nobody is told.
            let result = match self.prove(given).await {
                Ok(()) => work.await.map_err(Some),
                Err(fault) => Err(fault),
            };
            let _ = busy.try_set(false);
            match result {
                Ok(done) => then(done),
                Err(None) => {}
                Err(Some(why)) => wrong.set(move || say::fault(&why)),
            }
        });
    }
}
