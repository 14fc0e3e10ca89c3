//! Making and opening vaults. The page carries messages between the keyring and the server.

use std::collections::BTreeSet;
use std::rc::Rc;

use futures_util::future::{AbortHandle, abortable};
use leptos::prelude::*;
use shared::sessions::CredentialName;

use super::{Fault, LOGIN_SETTING, OpenVault, OpeningStep, Session, Stage, drafts};
use crate::keyring::protocol::{Request, Response};
use crate::model::limits::BIN_DAYS;
use crate::model::list::EntryList;
use crate::platform::api;
use crate::platform::browser;
use crate::platform::local_store;
use crate::secret::Secret;
use crate::workers::client::{KeyringClient, KeyringFault};

/// A vault in the making: the keys are there, the account is not.
pub struct NewVault {
    keyring: Rc<KeyringClient>,
    /// The body that makes the account.
    finish: String,
    /// To be written down before the account is made.
    pub recovery_code: Secret,
}

impl Session {
    /// Makes the keys of a new vault and its recovery code. The account is made by [`Session::finish_creating`], once
    /// the code is written down.
    ///
    /// # Errors
    /// [`Fault`]; nothing has been made then.
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

    /// Makes the account and opens its vault.
    ///
    /// # Errors
    /// [`Fault`]; it can be called again, and the account is made once.
    pub async fn finish_creating(self, new_vault: Rc<NewVault>) -> Result<(), Fault> {
        let result = async {
            self.post("accounts/finish", &new_vault.finish).await?;
            // Opened the way it will be opened every day: what was just made is known to work.
            self.log_in(Rc::clone(&new_vault.keyring), Request::StartFirstLogin, CredentialName::Passphrase).await
        };
        self.attempt(result, Stage::Open).await
    }

    /// Opens a vault with one of its secrets.
    ///
    /// # Errors
    /// [`Fault`]; the vault is locked as before then.
    pub async fn unlock(self, username: String, credential: CredentialName, secret: Secret) -> Result<(), Fault> {
        let result = async {
            let keyring = self.start_keyring().await?;
            let by = credential.clone();
            self.log_in(keyring, Request::StartLogin { username, credential, secret }, by).await
        };
        self.attempt(result, Stage::Open).await
    }

    async fn start_keyring(self) -> Result<Rc<KeyringClient>, Fault> {
        self.session_ended.set(false);
        self.stage.set(Stage::Busy(OpeningStep::Starting));
        Ok(Rc::new(KeyringClient::start().await?))
    }

    async fn log_in(self, keyring: Rc<KeyringClient>, request: Request, by: CredentialName) -> Result<(), Fault> {
        let body = keyring.body(request).await?;
        let answer = self.post("sessions/start", &body).await?;
        self.stage.set(Stage::Busy(OpeningStep::Stretching));
        let body = keyring.body(Request::ContinueLogin { answer, device: browser::device() }).await?;
        let answer = self.post("sessions/finish", &body).await?;
        let Response::Unlocked { account, username, token, draft_key } =
            keyring.ask(Request::FinishLogin { answer }).await?
        else {
            return Err(Fault::Keyring(KeyringFault::Ended));
        };
        browser::save_setting(LOGIN_SETTING, Some(&username));
        let open = Rc::new(OpenVault { account, username, by, token, keyring });
        self.load(&open).await?;
        drafts::remember_vault(account, &draft_key);
        self.open.set_value(Some(open));
        Ok(())
    }

    async fn post(self, step: &str, body: &str) -> Result<String, Fault> {
        self.stage.set(Stage::Busy(OpeningStep::Asking));
        Ok(self.note_answer(api::post(step, body).await)?)
    }

    /// Fetches all entries, and takes up what this browser keeps for them.
    async fn load(self, open: &OpenVault) -> Result<(), Fault> {
        self.entries.update(EntryList::clear);
        self.unopened.set(BTreeSet::new());
        self.synced.set_value(0);
        self.fetch_changes(open, |done| self.stage.set(Stage::Busy(OpeningStep::Loading { done }))).await?;
        // Where the browser keeps nothing, nothing waits but what the page has.
        let stored = local_store::all().await.unwrap_or_default();
        self.restore_waiting(open, &stored, true).await?;
        self.restore_drafts(open, stored).await
    }

    /// Does what can be cancelled, and sets the stage by how it ended.
    async fn attempt<T>(self, work: impl Future<Output = Result<T, Fault>>, then: Stage) -> Result<T, Fault> {
        let (work, handle) = abortable(work);
        self.working.set_value(Some(handle));
        let result = work.await.unwrap_or(Err(Fault::Cancelled));
        self.working.set_value(None);
        if result.is_err() {
            // What had been opened before it failed.
            self.entries.update(EntryList::clear);
        }
        self.stage.set(if result.is_ok() { then } else { Stage::Locked });
        if result.is_ok() && then == Stage::Open {
            self.last_active.set_value(browser::now());
            // What waited while the vault was locked.
            self.send_in_background();
            self.purge(BIN_DAYS);
        }
        result
    }

    /// Ends what is being made or opened, and with it a keyring that nobody else holds.
    pub fn cancel(self) {
        self.working.with_value(|working| working.iter().for_each(AbortHandle::abort));
    }
}
