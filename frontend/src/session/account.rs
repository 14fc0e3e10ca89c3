//! The account of an open vault: its credentials and sessions, and deleting it.
//!
//! The server demands a fresh session for requests that could take a vault over. The person confirms them with the
//! passphrase, which logs in once more while the vault stays open.

use std::rc::Rc;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::PasskeyId;
use shared::sessions::CredentialName;

use super::{Fault, LockReason, OpenVault, Session};
use crate::keyring::protocol::{KeyringError, Request, Response};
use crate::platform::api;
use crate::platform::browser;
use crate::platform::local_store;
use crate::platform::passkey::{self, PasskeyFault};
use crate::secret::Secret;
use crate::workers::client::KeyringFault;

/// A new vault key that is not in force yet.
pub struct NewVaultKey {
    /// The person writes it down before the key is in force.
    pub recovery_code: Secret,
}

/// A new recovery code that is not in force yet.
pub struct RecoveryRenewal {
    /// The person writes it down before it is in force.
    pub recovery_code: Secret,
    /// The body of the request that puts it into force.
    finish: String,
}

impl Session {
    /// The username of the open vault, or an empty string.
    pub fn username(self) -> String {
        self.open_vault().map(|open| open.username.clone()).unwrap_or_default()
    }

    /// True if the recovery code opened the vault. Setting a new passphrase then needs no current one, which may be
    /// forgotten.
    pub fn is_opened_by_code(self) -> bool {
        self.open_vault().is_some_and(|open| open.by == CredentialName::Recovery)
    }

    /// Proves the passphrase or the recovery code, beside the vault that is open.
    ///
    /// # Errors
    /// A keyring fault if the secret is wrong. On a fault the session stays as it is.
    pub async fn prove(self, credential: CredentialName, secret: Secret) -> Result<(), Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        let username = open.username.clone();
        let body = open.keyring.body(Request::StartLogin { username, credential, secret }).await?;
        let answer = self.note_answer(api::post("sessions/start", &body).await)?;
        let body = open.keyring.body(Request::ContinueLogin { answer, device: browser::device() }).await?;
        let answer = self.note_answer(api::post("sessions/finish", &body).await)?;
        let Response::Unlocked { account, token, .. } = open.keyring.ask(Request::FinishLogin { answer }).await? else {
            return Err(Fault::Keyring(KeyringFault::Ended));
        };
        if account != open.account {
            return Err(Fault::Keyring(KeyringFault::Refused(KeyringError::Broken)));
        }
        let (username, keyring) = (open.username.clone(), Rc::clone(&open.keyring));
        let confirmed = OpenVault { account, username, by: CredentialName::Passphrase, token, keyring };
        // If the vault was locked meanwhile, the new session ends as the old one did.
        let old = if self.open_vault().is_some() {
            self.open.set_value(Some(Rc::new(confirmed)));
            open
        } else {
            Rc::new(confirmed)
        };
        spawn_local(async move {
            // If this request fails, the server ends the idle session by itself.
            let _ = api::end_session(&old.token).await;
        });
        Ok(())
    }

    /// Replaces the passphrase. All other sessions of the account end.
    ///
    /// # Errors
    /// On a fault the passphrase is unchanged, unless the last request got no answer.
    pub async fn change_passphrase(self, new: Secret, _keep: Vec<PasskeyId>) -> Result<(), Fault> {
        let credential = CredentialName::Passphrase;
        let body = self.body(Request::StartReplacement { credential, secret: new }).await?;
        let finish = self.start_credential(&body).await?;
        self.send_to("credentials/finish", &finish).await?;
        // After this, the passphrase is known and [`Session::is_opened_by_code`] is false.
        if let Some(open) = self.open_vault() {
            let OpenVault { account, username, token, keyring, .. } = &*open;
            let (username, token) = (username.clone(), Secret::new(token.expose().to_owned()));
            let by = CredentialName::Passphrase;
            self.open.set_value(Some(Rc::new(OpenVault {
                account: *account,
                username,
                by,
                token,
                keyring: Rc::clone(keyring),
            })));
        }
        Ok(())
    }

    /// Has the browser create a passkey for this account, on an authenticator that holds none of `known`.
    pub async fn make_passkey(self, known: &[PasskeyId]) -> Result<(PasskeyId, Secret), PasskeyFault> {
        let open = self.open_vault().ok_or(PasskeyFault::Failed)?;
        passkey::create(open.account, &open.username, known).await
    }

    /// Adds a passkey to the account. `secret` is its "prf" output.
    pub async fn add_passkey(self, id: PasskeyId, secret: Secret) -> Result<(), Fault> {
        let body = self.body(Request::StartReplacement { credential: CredentialName::Passkey(id), secret }).await?;
        let finish = self.start_credential(&body).await?;
        self.send_to("credentials/finish", &finish).await.map(drop)
    }

    /// Creates another recovery code. [`Session::finish_renewing`] puts it into force, once it is written down.
    pub async fn start_renewing(self) -> Result<RecoveryRenewal, Fault> {
        let Response::RegistrationStarted { recovery_code, body } = self.ask(Request::StartRenewal).await? else {
            return Err(Fault::Keyring(KeyringFault::Ended));
        };
        Ok(RecoveryRenewal { recovery_code, finish: self.start_credential(&body).await? })
    }

    /// Puts the new recovery code into force in place of the old one. All other sessions of the account end.
    ///
    /// # Errors
    /// On a fault call it again.
    pub async fn finish_renewing(self, renewing: &RecoveryRenewal, _keep: Vec<PasskeyId>) -> Result<(), Fault> {
        self.send_to("credentials/finish", &renewing.finish).await.map(drop)
    }

    /// Removes a passkey.
    pub async fn remove_passkey(self, id: PasskeyId) -> Result<(), Fault> {
        self.remove(&format!("passkeys/{id}")).await
    }

    /// Makes a new vault key and recovery code. [`Session::finish_vault_key`] puts them into force, once the code is
    /// written down.
    pub async fn start_vault_key(self, _passphrase: Secret) -> Result<NewVaultKey, Fault> {
        Err(Fault::Keyring(KeyringFault::Ended))
    }

    /// Puts the new vault key into force.
    ///
    /// # Errors
    /// On a fault call it again.
    pub async fn finish_vault_key(self, _key: &NewVaultKey) -> Result<(), Fault> {
        Err(Fault::Keyring(KeyringFault::Ended))
    }

    /// Notes that the person has read [`Session::news`].
    pub fn accept_news(self) {
        self.news.set(Vec::new());
    }

    /// Starts replacing a credential. Returns the body of `credentials/finish`.
    async fn start_credential(self, body: &str) -> Result<String, Fault> {
        let answer = self.send_to("credentials/start", body).await?;
        self.body(Request::FinishReplacement { answer }).await
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

    /// Deletes a resource of the account: `sessions/ID`, `sessions` (all others), or `passkeys/ID`.
    pub async fn remove(self, what: &str) -> Result<(), Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        Ok(self.note_session_answer(&open, api::delete(&open.token, what).await)?)
    }

    /// Deletes the account and everything in its vault, on the server and in this browser.
    ///
    /// # Errors
    /// On a fault nothing is deleted, unless the request got no answer.
    pub async fn delete_account(self) -> Result<(), Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        self.note_session_answer(&open, api::delete(&open.token, "accounts/current").await)?;
        self.lock(LockReason::Deleted);
        self.forget_in_page(open.account);
        // Items that stay are sealed for a vault that nobody can open any more.
        let _ = local_store::forget(open.account).await;
        Ok(())
    }
}
