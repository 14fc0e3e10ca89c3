//! Creating and opening vaults. The page carries messages between the keyring and the server.

use std::collections::BTreeSet;
use std::rc::Rc;

use futures_util::future::{AbortHandle, abortable};
use leptos::prelude::*;
use shared::passkeys::PasskeyAssertion;
use shared::sessions::CredentialName;

use super::{Fault, LOGIN_SETTING, OpenVault, OpeningStep, Session, Stage, drafts};
use crate::keyring::protocol::{Request, Response};
use crate::model::limits::BIN_DAYS;
use crate::model::list::EntryList;
use crate::platform::api;
use crate::platform::browser;
use crate::platform::local_store;
use crate::platform::passkey::{self, PasskeyFault, UsedPasskey};
use crate::secret::Secret;
use crate::workers::client::{KeyringClient, KeyringFault};

/// A vault whose keys exist, but whose account does not yet.
pub struct NewVault {
    keyring: Rc<KeyringClient>,
    /// The body of the request that creates the account.
    finish: String,
    /// The person writes it down before the account is created.
    pub recovery_code: Secret,
}

impl Session {
    /// Creates the keys and the recovery code of a new vault. [`Session::finish_creating`] creates the account, once
    /// the code is written down.
    ///
    /// # Errors
    /// On a fault nothing has been created.
    pub async fn start_creating(self, invite: String, username: String, passphrase: Secret) -> Result<NewVault, Fault> {
        let result = async {
            let keyring = self.start_keyring().await?;
            let request = Request::StartRegistration { invite, username, passphrase };
            let Response::RegistrationStarted { recovery_code, body } = keyring.ask(request).await? else {
                return Err(Fault::Keyring(KeyringFault::Ended));
            };
            let answer = self.post("accounts/start", &body).await?;
            self.stage.set(Stage::Busy(OpeningStep::Creating));
            let finish = keyring.body(Request::ContinueRegistration { answer }).await?;
            Ok(NewVault { keyring, finish, recovery_code })
        };
        self.attempt(result, Stage::Locked).await
    }

    /// Creates the account and opens its vault.
    ///
    /// # Errors
    /// On a fault call it again: the account is created once only.
    pub async fn finish_creating(self, new_vault: Rc<NewVault>) -> Result<(), Fault> {
        let result = async {
            self.post("accounts/finish", &new_vault.finish).await?;
            // An ordinary log-in proves at once that the new account works.
            self.log_in(Rc::clone(&new_vault.keyring), Request::StartFirstLogin, CredentialName::Passphrase, None).await
        };
        self.attempt(result, Stage::Open).await
    }

    /// Opens a vault with the passphrase or the recovery code.
    ///
    /// # Errors
    /// On a fault the vault stays locked.
    pub async fn unlock(self, username: String, credential: CredentialName, secret: Secret) -> Result<(), Fault> {
        let result = async {
            let keyring = self.start_keyring().await?;
            let by = credential.clone();
            self.log_in(keyring, Request::StartLogin { username, credential, secret }, by, None).await
        };
        self.attempt(result, Stage::Open).await
    }

    /// Has the person choose a passkey for a username.
    pub async fn use_passkey(self, username: &str) -> Result<Result<UsedPasskey, PasskeyFault>, Fault> {
        let challenge = self.note_answer(api::post("sessions/challenge", "{}").await)?;
        Ok(passkey::get(&challenge, username).await)
    }

    /// Opens a vault with a passkey that was just used.
    ///
    /// # Errors
    /// On a fault the vault stays locked.
    pub async fn unlock_by_passkey(self, username: String, used: UsedPasskey) -> Result<(), Fault> {
        let UsedPasskey { id, secret, assertion } = used;
        let credential = CredentialName::Passkey(id);
        let result = async {
            let keyring = self.start_keyring().await?;
            let by = credential.clone();
            self.log_in(keyring, Request::StartLogin { username, credential, secret }, by, Some(assertion)).await
        };
        self.attempt(result, Stage::Open).await
    }

    async fn start_keyring(self) -> Result<Rc<KeyringClient>, Fault> {
        self.session_ended.set(false);
        self.stage.set(Stage::Busy(OpeningStep::Starting));
        Ok(Rc::new(KeyringClient::start().await?))
    }

    async fn log_in(
        self,
        keyring: Rc<KeyringClient>,
        request: Request,
        by: CredentialName,
        assertion: Option<PasskeyAssertion>,
    ) -> Result<(), Fault> {
        let body = keyring.body(request).await?;
        let answer = self.post("sessions/start", &body).await?;
        self.stage.set(Stage::Busy(OpeningStep::Stretching));
        let body = keyring.body(Request::ContinueLogin { answer, device: browser::device(), assertion }).await?;
        let answer = self.post("sessions/finish", &body).await?;
        let Response::Unlocked { account, username, token, draft_keys, is_legacy, is_outdated } =
            keyring.ask(Request::FinishLogin { answer }).await?
        else {
            return Err(Fault::Keyring(KeyringFault::Ended));
        };
        browser::save_setting(LOGIN_SETTING, Some(&username));
        let open = Rc::new(OpenVault { account, username, by, token, keyring });
        self.load(&open).await?;
        self.planted_draft_key.set(drafts::is_foreign_key(account, &draft_keys));
        drafts::remember_vault(account, draft_keys.first().map_or("", String::as_str));
        self.is_legacy.set(is_legacy);
        self.open.set_value(Some(open));
        self.start_news();
        if is_outdated {
            // If it fails, the next log-in tries again. Nothing else may use a proof meanwhile.
            let _ = self.raise_suite().await;
        }
        Ok(())
    }

    async fn post(self, step: &str, body: &str) -> Result<String, Fault> {
        self.stage.set(Stage::Busy(OpeningStep::Asking));
        Ok(self.note_answer(api::post(step, body).await)?)
    }

    /// Fetches all entries, and restores changes and drafts from the local store.
    async fn load(self, open: &Rc<OpenVault>) -> Result<(), Fault> {
        self.entries.update(EntryList::clear);
        self.unopened.set(BTreeSet::new());
        self.open_outbox(open).await?;
        let stored = local_store::all().await.unwrap_or_default();
        self.restore_drafts(open, stored).await
    }

    /// Runs work that [`Session::cancel`] can end, then sets the stage by its result.
    async fn attempt<T>(self, work: impl Future<Output = Result<T, Fault>>, then: Stage) -> Result<T, Fault> {
        let (work, handle) = abortable(work);
        self.working.set_value(Some(handle));
        let result = work.await.unwrap_or(Err(Fault::Cancelled));
        self.working.set_value(None);
        if result.is_err() {
            // Some entries may have been opened before the fault.
            self.entries.update(EntryList::clear);
            self.end_outbox();
        }
        self.stage.set(if result.is_ok() { then } else { Stage::Locked });
        if result.is_ok() && then == Stage::Open {
            self.last_active.set_value(browser::now());
            // Changes may have waited while the vault was locked.
            self.send_in_background();
            self.purge(BIN_DAYS);
        }
        result
    }

    /// Aborts creating or opening. A keyring that nothing else holds ends with it.
    pub fn cancel(self) {
        self.working.with_value(|working| working.iter().for_each(AbortHandle::abort));
    }
}
