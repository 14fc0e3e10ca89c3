//! The keyring: the only room that holds keys. It registers and logs in with OPAQUE, unwraps the vault key, and seals
//! and opens entries.
//!
//! It is pure: a state machine that is handed requests, a random source and the lower-casing of text. In the browser it
//! lives in a worker of its own, without a network; ending the worker ends every key.

mod document;
mod json;
mod keys;
mod login;
pub mod protocol;
pub mod recovery;
mod seal;

use std::collections::BTreeMap;

use rand_core_06::{CryptoRng, RngCore};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::accounts::Login;
use shared::ids::{AccountId, EntryId};
use shared::passwords::{Changes, PutPassword, Sealed, StoredEntry};
use shared::sessions::CredentialKind;

use self::document::Document;
use self::keys::EntryKey;
use self::protocol::{EntrySummary, KeyringError, Opened, Request, Response};
use self::seal::Binding;
use crate::secret::Secret;

/// The keyring's state: at most one registration or log-in that is under way, and at most one open vault.
pub struct Keyring<R> {
    random: R,
    lower_case: fn(&str) -> String,
    registration: Option<login::Registration>,
    /// The log-in name and passphrase of the vault that was just made, for its first log-in.
    registered: Option<(Login, Secret)>,
    login: Option<login::Login>,
    unlocking: Option<login::Unlocking>,
    vault: Option<Vault>,
}

/// An open vault: its key, and its entries as sealed.
struct Vault {
    account: AccountId,
    key: EntryKey,
    entries: BTreeMap<EntryId, (u32, Sealed)>,
}

impl<R: RngCore + CryptoRng> Keyring<R> {
    /// An empty keyring that draws from `random`, and writes log-in names in lower case by `lower_case`.
    pub fn new(random: R, lower_case: fn(&str) -> String) -> Self {
        Self { random, lower_case, registration: None, registered: None, login: None, unlocking: None, vault: None }
    }

    /// Answers one request.
    ///
    /// # Errors
    /// [`KeyringError`]; the keyring is as it was before, but for steps of a log-in, which are taken once.
    pub fn handle(&mut self, request: Request) -> Result<Response, KeyringError> {
        match request {
            Request::StartRegistration { invite, login, passphrase } => {
                let login = Login::lower_cased_by(self.lower_case, &login).map_err(KeyringError::Login)?;
                let (registration, recovery_code, start) =
                    login::Registration::start(&mut self.random, invite, login, passphrase)?;
                self.registration = Some(registration);
                Ok(Response::RegistrationStarted { recovery_code, body: to_json(&start)? })
            }
            Request::ContinueRegistration { answer } => {
                let registration = self.registration.take().ok_or(KeyringError::OutOfTurn)?;
                let (finish, registered) = registration.finish(&mut self.random, &from_json(&answer)?)?;
                self.registered = Some(registered);
                post(&finish)
            }
            Request::StartFirstLogin => {
                let (login, passphrase) = self.registered.as_ref().ok_or(KeyringError::OutOfTurn)?;
                let passphrase = Secret::new(passphrase.expose().to_owned());
                self.start_login(login.clone(), CredentialKind::Passphrase, &passphrase)
            }
            Request::StartLogin { login, credential, secret } => {
                let login = Login::lower_cased_by(self.lower_case, &login).map_err(KeyringError::Login)?;
                self.start_login(login, credential, &secret)
            }
            Request::ContinueLogin { answer } => {
                let login = self.login.take().ok_or(KeyringError::OutOfTurn)?;
                let (finish, unlocking) = login.finish(&mut self.random, from_json(&answer)?)?;
                self.unlocking = Some(unlocking);
                post(&finish)
            }
            Request::FinishLogin { answer } => {
                let unlocking = self.unlocking.take().ok_or(KeyringError::OutOfTurn)?;
                let (account, vault_key, login, token) = unlocking.finish(&from_json(&answer)?)?;
                self.registered = None;
                self.vault = Some(Vault { account, key: vault_key.entry_key(), entries: BTreeMap::new() });
                Ok(Response::Unlocked { account, login: login.as_str().to_owned(), token })
            }
            Request::TakeChanges { answer } => {
                let changes: Changes = from_json(&answer)?;
                let last = changes.entries.last().map(|entry| entry.change_no);
                let mut opened = self.vault()?.take(changes.entries);
                opened.more_after = last.filter(|_| changes.more);
                Ok(Response::Opened(opened))
            }
            Request::TakeCurrent { problem } => {
                let StaleVersion { current } = from_json(&problem)?;
                Ok(Response::Opened(self.vault()?.take(vec![current])))
            }
            Request::Seal { name, password, rules, now } => {
                let vault = self.vault.as_ref().ok_or(KeyringError::Locked)?;
                let document = Document { name, password, created_at: now, changed_at: now, rules };
                let mut random = [0; 10];
                self.random.fill_bytes(&mut random);
                let id = EntryId::from_time(now, random);
                let sealed = vault.seal(id, 0, &document, &mut self.random)?;
                Ok(Response::Sealed { id, body: to_json(&PutPassword { replaces: 0, sealed })? })
            }
            Request::TakeOwn { id, body } => {
                let put: PutPassword = from_json(&body)?;
                let version = put.replaces.saturating_add(1);
                let entry = StoredEntry { id, version, change_no: 0, changed_at: 0, sealed: Some(put.sealed) };
                Ok(Response::Opened(self.vault()?.take(vec![entry])))
            }
            Request::Reveal { id } => self.vault()?.reveal(id).map(|password| Response::Revealed { password }),
        }
    }

    fn start_login(
        &mut self,
        login: Login,
        credential: CredentialKind,
        secret: &Secret,
    ) -> Result<Response, KeyringError> {
        let (login, start) = login::Login::start(&mut self.random, login, credential, secret)?;
        self.login = Some(login);
        post(&start)
    }

    fn vault(&mut self) -> Result<&mut Vault, KeyringError> {
        self.vault.as_mut().ok_or(KeyringError::Locked)
    }
}

impl Vault {
    /// Takes entries in. One that does not open leaves what is there alone.
    fn take(&mut self, entries: Vec<StoredEntry>) -> Opened {
        let mut opened = Opened::default();
        for StoredEntry { id, version, sealed, .. } in entries {
            let Some(sealed) = sealed else {
                self.entries.remove(&id);
                opened.deleted.push(id);
                continue;
            };
            match self.open(id, version, &sealed) {
                Ok(Document { name, changed_at, .. }) => {
                    opened.entries.push(EntrySummary { id, version, name, changed_at });
                    self.entries.insert(id, (version, sealed));
                }
                Err(_) => opened.refused += 1,
            }
        }
        opened
    }

    fn open(&self, id: EntryId, version: u32, sealed: &Sealed) -> Result<Document, KeyringError> {
        let plaintext = self.key.open(&self.binding(id, version), sealed)?;
        Document::from_json(&plaintext)
    }

    fn seal(
        &self,
        id: EntryId,
        replaces: u32,
        document: &Document,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<Sealed, KeyringError> {
        let version = replaces.checked_add(1).ok_or(KeyringError::NoSuchEntry)?;
        self.key.seal(&self.binding(id, version), document.to_json()?.as_bytes(), random)
    }

    fn reveal(&self, id: EntryId) -> Result<Secret, KeyringError> {
        let (version, sealed) = self.entries.get(&id).ok_or(KeyringError::NoSuchEntry)?;
        self.open(id, *version, sealed).map(|document| document.password)
    }

    fn binding(&self, entry: EntryId, version: u32) -> Binding {
        Binding { account: self.account, entry, version }
    }
}

/// What matters here of a [`shared::problem::Problem`] of code `stale-version`.
#[derive(Deserialize)]
struct StaleVersion {
    current: StoredEntry,
}

fn post(body: &impl Serialize) -> Result<Response, KeyringError> {
    Ok(Response::Post { body: to_json(body)? })
}

fn to_json(body: &impl Serialize) -> Result<String, KeyringError> {
    json::write(body).ok_or(KeyringError::ServerMessage)
}

fn from_json<T: DeserializeOwned>(answer: &str) -> Result<T, KeyringError> {
    json::read(answer).ok_or(KeyringError::ServerMessage)
}

#[cfg(test)]
mod tests;
