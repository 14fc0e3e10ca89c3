//! The account of an open vault: what opens it, its sessions, its end.
//!
//! What could take a vault over is done in a session that was opened a moment ago, for the server asks for that: the
//! person confirms with the passphrase, which logs in once more, and the vault stays open meanwhile.

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

/// A new recovery code that does not count yet.
pub struct RecoveryRenewal {
    /// To be written down before it counts.
    pub recovery_code: Secret,
    /// The body that makes it count.
    finish: String,
}

impl Session {
    /// The username of the open vault, or nothing.
    #[must_use]
    pub fn username(self) -> String {
        self.open_vault().map(|open| open.username.clone()).unwrap_or_default()
    }

    /// Whether the vault was opened with the recovery code: its passphrase may be forgotten, and need not be given to
    /// set a new one.
    #[must_use]
    pub fn is_opened_by_code(self) -> bool {
        self.open_vault().is_some_and(|open| open.by == CredentialName::Recovery)
    }

    /// Logs in once more with the passphrase, beside the vault that is open.
    ///
    /// # Errors
    /// [`Fault`], of the keyring if the passphrase is wrong; the session is the one it was then.
    pub async fn confirm(self, passphrase: Secret) -> Result<(), Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        let (username, credential) = (open.username.clone(), CredentialName::Passphrase);
        let body = open.keyring.body(Request::StartLogin { username, credential, secret: passphrase }).await?;
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
        // Locked in the meantime: the new session ends as the old one has.
        let old = if self.open_vault().is_some() {
            self.open.set_value(Some(Rc::new(confirmed)));
            open
        } else {
            Rc::new(confirmed)
        };
        spawn_local(async move {
            // If this does not arrive, it ends by itself when it has been idle.
            let _ = api::end_session(&old.token).await;
        });
        Ok(())
    }

    /// Sets another passphrase. All other sessions of the account end.
    ///
    /// # Errors
    /// [`Fault`]; the passphrase is the one it was then, unless no answer came to the last request.
    pub async fn change_passphrase(self, new: Secret) -> Result<(), Fault> {
        let credential = CredentialName::Passphrase;
        let body = self.body(Request::StartReplacement { credential, secret: new }).await?;
        let finish = self.start_credential(&body).await?;
        self.send_to("credentials/finish", &finish).await?;
        // From now on there is a passphrase to ask for.
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

    /// Has the browser make a passkey for this account, beside those that are known.
    ///
    /// # Errors
    /// [`PasskeyFault`].
    pub async fn make_passkey(self, known: &[PasskeyId]) -> Result<(PasskeyId, Secret), PasskeyFault> {
        let open = self.open_vault().ok_or(PasskeyFault::Failed)?;
        passkey::create(open.account, &open.username, known).await
    }

    /// Adds a passkey: `secret` is what its authenticator made for this purpose.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn add_passkey(self, id: PasskeyId, secret: Secret) -> Result<(), Fault> {
        let body = self.body(Request::StartReplacement { credential: CredentialName::Passkey(id), secret }).await?;
        let finish = self.start_credential(&body).await?;
        self.send_to("credentials/finish", &finish).await.map(drop)
    }

    /// Makes another recovery code. It counts after [`Session::finish_renewing`], once it is written down.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn start_renewing(self) -> Result<RecoveryRenewal, Fault> {
        let Response::RegistrationStarted { recovery_code, body } = self.ask(Request::StartRenewal).await? else {
            return Err(Fault::Keyring(KeyringFault::Ended));
        };
        Ok(RecoveryRenewal { recovery_code, finish: self.start_credential(&body).await? })
    }

    /// Has another recovery code count, and the one before it no longer. All other sessions of the account end.
    ///
    /// # Errors
    /// [`Fault`]; it can be called again.
    pub async fn finish_renewing(self, renewing: &RecoveryRenewal) -> Result<(), Fault> {
        self.send_to("credentials/finish", &renewing.finish).await.map(drop)
    }

    /// Registers a secret; gives the body that sets it.
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

    /// Reads something of the account, `sessions` or `passkeys`, as the server's text.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn read(self, what: &str) -> Result<String, Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        Ok(self.note_session_answer(&open, api::get(&open.token, what).await)?)
    }

    /// Ends or removes something of the account: `sessions/ID`, all other `sessions`, `passkeys/ID`.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn remove(self, what: &str) -> Result<(), Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        Ok(self.note_session_answer(&open, api::delete(&open.token, what).await)?)
    }

    /// Deletes the account and everything in its vault, on the server and in this browser.
    ///
    /// # Errors
    /// [`Fault`]; nothing is deleted then, unless no answer came.
    pub async fn delete_account(self) -> Result<(), Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        self.note_session_answer(&open, api::delete(&open.token, "accounts/current").await)?;
        self.waiting.update(|list| list.retain(|waiting| !waiting.is_of(open.account)));
        self.lock(LockReason::Deleted);
        super::pin::forget(open.account);
        // What stays is sealed for a vault that nobody can open any more.
        let _ = local_store::forget(open.account).await;
        Ok(())
    }
}
