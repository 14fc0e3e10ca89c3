//! The account of an open vault: its credentials and sessions, a new vault key, and deleting it.
//!
//! Requests that could take a vault over carry a proof of the passphrase or the recovery code. [`Session::prove`] makes
//! one, for one such request within two minutes. The keyring checks it and the server checks it.

use std::cell::RefCell;

use leptos::prelude::*;
use shared::credentials::{CredentialChangeKind, Passkeys};
use shared::ids::PasskeyId;
use shared::passkeys::PasskeyRegistration;
use shared::problem::ProblemCode;
use shared::sessions::CredentialName;

use super::{Fault, LockReason, Session, drafts};
use crate::keyring::protocol::{ProvenAction, Request, Response};
use crate::platform::api::{self, ApiFault};
use crate::platform::local_store;
use crate::platform::passkey::{self, NewPasskey, PasskeyFault};
use crate::secret::Secret;
use crate::workers::client::KeyringFault;

/// A request that may have to be sent again: the server recognises it by its bytes.
#[derive(Default)]
struct Repeatable(RefCell<Option<String>>);

/// A new recovery code that is not in force yet.
pub struct RecoveryRenewal {
    /// The person writes it down before it is in force.
    pub recovery_code: Secret,
    /// The body of `credentials/start`, and its answer.
    start: String,
    answer: String,
    finish: Repeatable,
}

/// A new vault key that is not in force yet.
pub struct NewVaultKey {
    /// The new recovery code. The person writes it down before the key is in force.
    pub recovery_code: Secret,
    /// The body of `vault-key/start`, and its answer.
    start: String,
    answer: String,
    finish: Repeatable,
}

/// Most tries to replace the vault key while other devices save changes.
const VAULT_KEY_TRIES: u32 = 5;

impl Session {
    /// The username of the open vault, or an empty string.
    pub fn username(self) -> String {
        self.open_vault().map(|open| open.username.clone()).unwrap_or_default()
    }

    /// True if the recovery code opened the vault: the passphrase may be forgotten, and the code can be the proof.
    pub fn is_opened_by_code(self) -> bool {
        self.open_vault().is_some_and(|open| open.by == CredentialName::Recovery)
    }

    /// Proves the passphrase or the recovery code, for one of the requests below within two minutes.
    ///
    /// # Errors
    /// A keyring fault if the secret is wrong. On a fault the session stays as it is.
    pub async fn prove(self, credential: CredentialName, secret: Secret) -> Result<(), Fault> {
        let body = self.body(Request::StartProof { credential, secret }).await?;
        self.continue_proof(&body).await
    }

    async fn continue_proof(self, body: &str) -> Result<(), Fault> {
        let answer = self.send_to("proofs/start", body).await?;
        self.ask(Request::ContinueProof { answer }).await.map(drop)
    }

    /// Replaces the passphrase, and removes the passkeys that are not in `keep`. All other sessions of the account end.
    /// Needs a proof.
    ///
    /// # Errors
    /// On a fault the passphrase is unchanged, unless the last request got no answer.
    pub async fn change_passphrase(self, new: Secret, keep: Vec<PasskeyId>) -> Result<(), Fault> {
        let credential = CredentialName::Passphrase;
        let body = self.body(Request::StartReplacement { credential, secret: new }).await?;
        self.replace_credential(&body, keep, None).await?;
        self.note_own_change(CredentialChangeKind::Passphrase);
        Ok(())
    }

    /// Has the browser create a passkey for this account, on an authenticator that holds none of `known`.
    pub async fn make_passkey(self, known: &[PasskeyId]) -> Result<Result<NewPasskey, PasskeyFault>, Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        let challenge = self.send_to("passkeys/challenge", "{}").await?;
        Ok(passkey::create(&challenge, open.account, &open.username, known).await)
    }

    /// Adds a passkey to the account. Needs a proof.
    pub async fn add_passkey(self, made: NewPasskey) -> Result<(), Fault> {
        let NewPasskey { id, secret, registration } = made;
        let body = self.body(Request::StartReplacement { credential: CredentialName::Passkey(id), secret }).await?;
        self.replace_credential(&body, Vec::new(), Some(registration)).await?;
        self.note_own_change(CredentialChangeKind::PasskeyAdded);
        Ok(())
    }

    /// Removes a passkey. Needs a proof.
    pub async fn remove_passkey(self, id: PasskeyId) -> Result<(), Fault> {
        let body = self.body(Request::UseProof { action: ProvenAction::RemovePasskey(id) }).await?;
        self.send_to("passkeys/remove", &body).await?;
        self.note_own_change(CredentialChangeKind::PasskeyRemoved);
        Ok(())
    }

    /// Creates another recovery code. [`Session::finish_renewing`] puts it into force, once it is written down.
    pub async fn start_renewing(self) -> Result<RecoveryRenewal, Fault> {
        let (recovery_code, body) = self.start_registration(Request::StartRenewal).await?;
        let answer = self.send_to("credentials/start", &body).await?;
        Ok(RecoveryRenewal { recovery_code, start: body, answer, finish: Repeatable::default() })
    }

    /// Puts the new recovery code into force in place of the old one, and removes the passkeys that are not in `keep`.
    /// All other sessions of the account end. Needs a proof.
    ///
    /// # Errors
    /// On a fault prove again and call it again.
    pub async fn finish_renewing(self, renewal: &RecoveryRenewal, keep: Vec<PasskeyId>) -> Result<(), Fault> {
        let (start, answer) = (renewal.start.clone(), renewal.answer.clone());
        let request = Request::FinishReplacement { start, answer, keep_passkeys: keep, passkey: None };
        self.send_repeatable("credentials/finish", &renewal.finish, self.body(request)).await?;
        self.note_own_change(CredentialChangeKind::Recovery);
        Ok(())
    }

    /// Creates a new vault key for this passphrase, the one so far or a new one, and for a new recovery code.
    /// [`Session::finish_vault_key`] puts all three into force, once the code is written down.
    pub async fn start_vault_key(self, passphrase: Secret) -> Result<NewVaultKey, Fault> {
        let (recovery_code, body) = self.start_registration(Request::StartVaultKey { passphrase }).await?;
        let answer = self.send_to("vault-key/start", &body).await?;
        Ok(NewVaultKey { recovery_code, start: body, answer, finish: Repeatable::default() })
    }

    /// Puts the new vault key into force. All passkeys are removed, and all other sessions of the account end. The
    /// entries are then sealed again in the background. Needs a proof.
    ///
    /// # Errors
    /// On a fault prove again and call it again.
    pub async fn finish_vault_key(self, new: &NewVaultKey) -> Result<(), Fault> {
        let ended = Fault::Keyring(KeyringFault::Ended);
        let (open, driver) = self.open_vault().zip(self.driver()).ok_or(ended.clone())?;
        let mut tries = 1;
        loop {
            let body = self.body(Request::FinishVaultKey { start: new.start.clone(), answer: new.answer.clone() });
            match self.send_repeatable("vault-key/finish", &new.finish, body).await {
                // Another device has saved changes meanwhile: the head has to state them.
                Err(Fault::Api(fault)) if fault.code() == Some(ProblemCode::StaleHead) && tries < VAULT_KEY_TRIES => {
                    tries += 1;
                    driver.outbox.borrow_mut().wake(true);
                    self.run_until_rest(&open, &driver).await;
                }
                result => {
                    result?;
                    break;
                }
            };
        }
        let adopted = open.keyring.ask(Request::AdoptVaultKey).await?;
        let Response::VaultKeyReplaced { draft_key, update } = adopted else {
            return Err(ended);
        };
        drafts::remember_vault(open.account, &draft_key);
        self.is_legacy.set(false);
        self.store_update(&driver, update, &[], true).await;
        self.note_own_change(CredentialChangeKind::VaultKey);
        driver.outbox.borrow_mut().reseal();
        self.run_in_background();
        Ok(())
    }

    /// Raises the costs of the secret that opened the vault to those of new records. It is tried at each log-in.
    pub(super) async fn raise_suite(self) -> Result<(), Fault> {
        let Response::RaisingStarted { proof, replacement } = self.ask(Request::StartRaising).await? else {
            return Err(Fault::Keyring(KeyringFault::Ended));
        };
        self.continue_proof(&proof).await?;
        let strange = |_| Fault::Api(ApiFault::Strange);
        let known: Passkeys = serde_json::from_str(&self.read("passkeys").await?).map_err(strange)?;
        let keep = known.passkeys.into_iter().map(|one| one.id).collect();
        self.replace_credential(&replacement, keep, None).await?;
        let by_code = self.is_opened_by_code();
        self.note_own_change(if by_code { CredentialChangeKind::Recovery } else { CredentialChangeKind::Passphrase });
        Ok(())
    }

    async fn start_registration(self, request: Request) -> Result<(Secret, String), Fault> {
        match self.ask(request).await? {
            Response::RegistrationStarted { recovery_code, body } => Ok((recovery_code, body)),
            _ => Err(Fault::Keyring(KeyringFault::Ended)),
        }
    }

    /// Replaces or adds a credential. `body` is that of `credentials/start`.
    async fn replace_credential(
        self,
        body: &str,
        keep_passkeys: Vec<PasskeyId>,
        passkey: Option<PasskeyRegistration>,
    ) -> Result<(), Fault> {
        let answer = self.send_to("credentials/start", body).await?;
        let start = body.to_owned();
        let body = self.body(Request::FinishReplacement { start, answer, keep_passkeys, passkey }).await?;
        self.send_to("credentials/finish", &body).await.map(drop)
    }

    /// Sends a body, after the one before if that got no answer: the server may have carried it out.
    async fn send_repeatable(
        self,
        step: &str,
        before: &Repeatable,
        make: impl Future<Output = Result<String, Fault>>,
    ) -> Result<String, Fault> {
        let repeated = before.0.take();
        if let Some(body) = repeated {
            match self.send_to(step, &body).await {
                // It was not carried out, and its proof is too old by now.
                Err(Fault::Api(fault)) if fault.code() == Some(ProblemCode::ProofFailed) => {}
                result => return before.note(body, result),
            }
        }
        let body = make.await?;
        let result = self.send_to(step, &body).await;
        before.note(body, result)
    }

    async fn body(self, request: Request) -> Result<String, Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        Ok(open.keyring.body(request).await?)
    }

    async fn send_to(self, step: &str, body: &str) -> Result<String, Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        Ok(self.note_session_answer(&open, api::post_as(&open.token, step, body).await)?)
    }

    /// Reads a resource of the account, `sessions` or `passkeys`, as JSON text.
    pub async fn read(self, what: &str) -> Result<String, Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        Ok(self.note_session_answer(&open, api::get(&open.token, what).await)?)
    }

    /// Deletes a resource of the account: `sessions/ID`, or `sessions` (all others).
    pub async fn remove(self, what: &str) -> Result<(), Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        Ok(self.note_session_answer(&open, api::delete(&open.token, what).await)?)
    }

    /// Deletes the account and everything in its vault, on the server and in this browser. Needs a proof.
    ///
    /// # Errors
    /// On a fault nothing is deleted, unless the request got no answer.
    pub async fn delete_account(self) -> Result<(), Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        let body = self.body(Request::UseProof { action: ProvenAction::DeleteAccount }).await?;
        self.send_to("accounts/delete", &body).await?;
        self.lock(LockReason::Deleted);
        self.forget_in_page(open.account);
        // Items that stay are sealed for a vault that nobody can open any more.
        let _ = local_store::forget(open.account).await;
        Ok(())
    }
}

impl Repeatable {
    /// Keeps a body that got no answer.
    fn note(&self, body: String, result: Result<String, Fault>) -> Result<String, Fault> {
        if matches!(result, Err(Fault::Api(ApiFault::Silent))) {
            self.0.replace(Some(body));
        }
        result
    }
}
