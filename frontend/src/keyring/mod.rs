//! The keyring: the only module that holds keys. It registers and logs in with OPAQUE, unwraps the vault key, and seals
//! and opens entries.
//!
//! It is a pure state machine: requests, the random source and the lower-casing of text are passed in. In the browser
//! it runs in a worker of its own, without a network; ending the worker destroys every key.

mod argon2;
pub mod backup;
mod document;
mod drafts;
mod import;
mod json;
#[allow(dead_code, reason = "until the vault uses format 2")]
mod keys;
mod login;
pub mod protocol;
pub mod recovery;
#[allow(dead_code, reason = "until the vault uses format 2")]
mod seal;
mod vault;

use rand_core_06::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use shared::accounts::Username;
use shared::passwords::{Changes, PutPassword, StoredEntry};
use shared::sessions::CredentialName;

use self::import::KnownDigests;
use self::keys::{DraftKey, VaultKey};
use self::protocol::entry::{Draft, DraftSummary, Entry, EntryUpdate, SealedDraft};
use self::protocol::{KeyringError, Request, Response};
use self::vault::{Vault, with_content};
use crate::secret::Secret;

/// The keyring's state: at most one registration or log-in in progress, and at most one open vault.
pub struct Keyring<R> {
    random: R,
    lower_case: fn(&str) -> String,
    registration: Option<login::Registration>,
    /// The username and passphrase of the vault that was just made, for its first log-in.
    registered: Option<(Username, Secret)>,
    login: Option<login::PendingLogin>,
    unlocking: Option<login::Unlocking>,
    replacement: Option<login::Replacement>,
    vault: Option<Vault>,
    /// The open vault's key, to wrap it for other secrets.
    vault_key: Option<(Username, VaultKey)>,
    draft_key: Option<DraftKey>,
    /// Digests of the entries that the vault had before the current import, and of those that it added.
    known: Option<KnownDigests>,
}

impl<R: RngCore + CryptoRng> Keyring<R> {
    /// An empty keyring. Usernames are lower-cased by `lower_case`: the browser has Unicode's tables already.
    pub fn new(random: R, lower_case: fn(&str) -> String) -> Self {
        Self {
            random,
            lower_case,
            registration: None,
            registered: None,
            login: None,
            unlocking: None,
            replacement: None,
            vault: None,
            vault_key: None,
            draft_key: None,
            known: None,
        }
    }

    /// Answers one request.
    ///
    /// # Errors
    /// [`KeyringError`]. The keyring stays as it was, except that a step of a registration or log-in is used up.
    pub fn handle(&mut self, request: Request) -> Result<Response, KeyringError> {
        match request {
            Request::StartRegistration { invite, username, passphrase } => {
                let username = Username::lower_cased_by(self.lower_case, &username).map_err(KeyringError::Username)?;
                let (registration, recovery_code, start) =
                    login::Registration::start(&mut self.random, invite, username, passphrase)?;
                self.registration = Some(registration);
                Ok(Response::RegistrationStarted { recovery_code, body: json::write_body(&start)? })
            }
            Request::ContinueRegistration { answer } => {
                let registration = self.registration.take().ok_or(KeyringError::OutOfTurn)?;
                let (finish, registered) = registration.finish(&mut self.random, &json::read_answer(&answer)?)?;
                self.registered = Some(registered);
                post(&finish)
            }
            Request::StartFirstLogin => {
                let (username, passphrase) = self.registered.as_ref().ok_or(KeyringError::OutOfTurn)?;
                let passphrase = Secret::new(passphrase.expose().to_owned());
                self.start_login(username.clone(), CredentialName::Passphrase, &passphrase)
            }
            Request::StartLogin { username, credential, secret } => {
                let username = Username::lower_cased_by(self.lower_case, &username).map_err(KeyringError::Username)?;
                self.start_login(username, credential, &secret)
            }
            Request::ContinueLogin { answer, device } => {
                let login = self.login.take().ok_or(KeyringError::OutOfTurn)?;
                let (finish, unlocking) = login.finish(&mut self.random, json::read_answer(&answer)?, &device)?;
                self.unlocking = Some(unlocking);
                post(&finish)
            }
            Request::FinishLogin { answer } => {
                let unlocking = self.unlocking.take().ok_or(KeyringError::OutOfTurn)?;
                let (account, vault_key, username, token) = unlocking.finish(&json::read_answer(&answer)?)?;
                self.registered = None;
                // Confirming with the passphrase is a log-in to the vault that is open already: its entries stay.
                if self.vault.as_ref().is_none_or(|vault| vault.account != account) {
                    self.vault = Some(Vault::new(account, vault_key.entry_key()));
                }
                let draft_key = self.draft_key.insert(vault_key.draft_key()).public();
                let unlocked = Response::Unlocked { account, username: username.as_str().to_owned(), token, draft_key };
                self.vault_key = Some((username, vault_key));
                Ok(unlocked)
            }
            Request::StartReplacement { credential, secret } => {
                let (replacement, start) = login::Replacement::start(&mut self.random, credential, &secret)?;
                self.replacement = Some(replacement);
                post(&start)
            }
            Request::StartRenewal => {
                let (replacement, recovery_code, start) = login::Replacement::renew(&mut self.random)?;
                self.replacement = Some(replacement);
                Ok(Response::RegistrationStarted { recovery_code, body: json::write_body(&start)? })
            }
            Request::FinishReplacement { answer } => {
                let replacement = self.replacement.take().ok_or(KeyringError::OutOfTurn)?;
                let (vault, (username, vault_key)) =
                    self.vault.as_ref().zip(self.vault_key.as_ref()).ok_or(KeyringError::Locked)?;
                let wrapping = keys::Wrapping { account: vault.account, username, number: 0 };
                post(&replacement.finish(&mut self.random, &wrapping, vault_key, &json::read_answer(&answer)?)?)
            }
            Request::ApplyChanges { answer } => {
                let changes: Changes = json::read_answer(&answer)?;
                let last_change = changes.entries.last().map(|entry| entry.change_no);
                let vault = self.vault()?;
                let update = vault.apply(changes.entries);
                let completeness = (!changes.more).then(|| vault.completeness(changes.latest));
                Ok(Response::Updated(EntryUpdate { last_change, more: changes.more, completeness, ..update }))
            }
            Request::ApplyCurrent { problem } => {
                let StaleVersion { current } = json::read_answer(&problem)?;
                Ok(Response::Updated(self.vault()?.apply(vec![current])))
            }
            Request::ApplySaved { id, body } => {
                let put: PutPassword = json::read_answer(&body)?;
                let version = put.replaces.saturating_add(1);
                let entry = StoredEntry { id, version, change_no: 0, changed_at: 0, sealed: Some(put.sealed) };
                Ok(Response::Updated(self.vault()?.apply(vec![entry])))
            }
            Request::RestoreWaiting { bodies } => self.vault()?.restore_waiting(bodies).map(Response::Updated),
            Request::Discard { id } => Ok(Response::Updated(self.vault()?.discard(id))),
            Request::Create { content, now } => self.seal(|vault, random| vault.create(content, now, random)),
            Request::Change { id, content, now } => {
                self.seal(|vault, random| vault.change(id, now, random, |entry| with_content(entry, content, now)))
            }
            Request::Bin { id, binned, now } => self.seal(|vault, random| {
                vault.change(id, now, random, |entry| Entry { binned_at: binned.then_some(now), ..entry })
            }),
            Request::Resolve { id, resolution, now } => {
                self.seal(|vault, random| vault.resolve(id, resolution, now, random))
            }
            Request::Reveal { id } => {
                self.vault()?.entry(id).map(|entry| Response::Revealed { password: entry.content.password })
            }
            Request::GetEntry { id } => self.vault()?.entry(id).map(Box::new).map(Response::Entry),
            Request::ListEntries { after, limit } => Ok(self.vault()?.list(after, limit)),
            Request::Import { items, first, again, now } => {
                let known = if first { None } else { self.known.take() };
                let vault = self.vault.as_mut().ok_or(KeyringError::Locked)?;
                let known = self.known.insert(known.unwrap_or_else(|| KnownDigests::of(vault)));
                import::seal_new(vault, known, items, again, now, &mut self.random)
            }
            Request::Compare { id } => {
                let (mine, theirs) = self.vault()?.compare(id)?;
                Ok(Response::Comparison { mine: Box::new(mine), theirs: theirs.map(Box::new) })
            }
            Request::SealDraft { key, draft } => {
                drafts::seal(&key, &draft, &mut self.random).map(|sealed| Response::SealedDraft { sealed })
            }
            Request::ListDrafts { drafts } => {
                let all = drafts.len();
                let open = |SealedDraft { key, sealed }| {
                    let Draft { content, of, sealed_at } = self.open_draft(&sealed).ok()?;
                    Some(DraftSummary { key, name: content.name, of, sealed_at })
                };
                let drafts: Vec<_> = drafts.into_iter().filter_map(open).collect();
                let refused = u32::try_from(all - drafts.len()).unwrap_or(u32::MAX);
                Ok(Response::Drafts { drafts, refused })
            }
            Request::OpenDraft { sealed } => self.open_draft(&sealed).map(Box::new).map(Response::Draft),
            Request::SealBackup { passphrase, text } => {
                backup::seal(&passphrase, &text, &mut self.random).map(|backup| Response::Backup { backup })
            }
            Request::OpenBackup { passphrase, backup } => {
                backup::open(&passphrase, &backup).map(|text| Response::BackupOpened { text })
            }
            Request::DeriveKey { secret, salt, costs } => {
                argon2::derive_key(&secret, &salt, costs).map(|key| Response::KeyDerived { key })
            }
        }
    }

    fn open_draft(&self, sealed: &str) -> Result<Draft, KeyringError> {
        self.draft_key.as_ref().ok_or(KeyringError::Locked)?.open(sealed)
    }

    /// Calls `seal` with the open vault.
    fn seal(
        &mut self,
        seal: impl FnOnce(&mut Vault, &mut R) -> Result<Response, KeyringError>,
    ) -> Result<Response, KeyringError> {
        seal(self.vault.as_mut().ok_or(KeyringError::Locked)?, &mut self.random)
    }

    fn start_login(
        &mut self,
        username: Username,
        credential: CredentialName,
        secret: &Secret,
    ) -> Result<Response, KeyringError> {
        let (login, start) = login::PendingLogin::start(&mut self.random, username, credential, secret)?;
        self.login = Some(login);
        post(&start)
    }

    fn vault(&mut self) -> Result<&mut Vault, KeyringError> {
        self.vault.as_mut().ok_or(KeyringError::Locked)
    }
}

/// The part of a [`shared::problem::Problem`] of code `stale-version` that the keyring reads.
#[derive(Deserialize)]
struct StaleVersion {
    current: StoredEntry,
}

fn post(body: &impl Serialize) -> Result<Response, KeyringError> {
    Ok(Response::Post { body: json::write_body(body)? })
}

#[cfg(test)]
pub(crate) mod tests;
