//! The keyring: the only module that holds keys. It registers and logs in with OPAQUE, unwraps the vault key, and seals
//! and opens entries.
//!
//! It is a pure state machine: requests, the random source and the lower-casing of text are passed in. In the browser
//! it runs in a worker of its own, without a network; ending the worker destroys every key.

mod argon2;
pub mod backup;
mod document;
mod drafts;
mod head;
mod import;
mod json;
#[allow(dead_code, reason = "until log-in uses it")]
mod keys;
mod listing;
mod login;
mod memory;
pub mod protocol;
mod record;
pub mod recovery;
#[allow(dead_code, reason = "until log-in uses it")]
mod seal;
#[allow(dead_code, reason = "until log-in uses it")]
mod sending;
mod trust;
mod vault;

use rand_core_06::{CryptoRng, RngCore};
use serde::Serialize;
use shared::accounts::Username;
use shared::sessions::CredentialName;

use self::import::KnownDigests;
use self::keys::{KeySet, VaultKeys};
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
    /// The open vault's username. Wrapped keys are bound to it.
    username: Option<Username>,
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
            username: None,
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
                let keys = VaultKeys::new(KeySet::new(account, 0, vault_key));
                let draft_key = keys.current().draft.public();
                if self.vault.as_ref().is_none_or(|vault| vault.keys.account() != account) {
                    self.vault = Some(Vault::new(keys));
                }
                let unlocked = Response::Unlocked { account, username: username.as_str().to_owned(), token, draft_key };
                self.username = Some(username);
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
                let (vault, username) = self.vault.as_ref().zip(self.username.as_ref()).ok_or(KeyringError::Locked)?;
                let KeySet { account, number, root, .. } = vault.keys.current();
                let wrapping = keys::Wrapping { account: *account, username, number: *number };
                post(&replacement.finish(&mut self.random, &wrapping, root, &json::read_answer(&answer)?)?)
            }
            Request::Recall { memory } => self.vault()?.recall(memory.as_deref()).map(Response::Updated),
            Request::Remember { stored } => {
                let vault = self.vault.as_mut().ok_or(KeyringError::Locked)?;
                vault.remember(stored.as_deref(), &mut self.random).map(|sealed| Response::Memory { sealed })
            }
            Request::NoteNews { number } => {
                let remember = self.vault()?.memory.note_news(number);
                Ok(Response::Updated(EntryUpdate { remember, ..EntryUpdate::default() }))
            }
            Request::ListPosition => {
                let next = Some(self.vault()?.state.next());
                Ok(Response::Updated(EntryUpdate { next, ..EntryUpdate::default() }))
            }
            Request::ApplyChanges { answer, since } => {
                let changes = json::read_answer(&answer)?;
                self.update(|vault, random| vault.apply_list(changes, since, random))
            }
            Request::BuildBatch { without, count, bytes, reseal } => {
                self.seal(|vault, random| vault.build_batch(&without, (count, bytes), reseal, random))
            }
            Request::ApplySaved { body, answer } => {
                let (batch, saved) = (json::read_answer(&body)?, json::read_answer(&answer)?);
                self.update(|vault, random| vault.apply_saved(batch, saved, random))
            }
            Request::RestoreWaiting { items } => self.update(|vault, random| Ok(vault.restore(items, random))),
            Request::Release { changes } => self.update(|vault, random| Ok(vault.release(&changes, random))),
            Request::KeepNewer { now } => self.update(|vault, random| vault.keep_newer(now, random)),
            Request::AcceptServer { now } => self.update(|vault, random| vault.accept_server(now, random)),
            Request::Discard { id } => Ok(Response::Updated(self.vault()?.discard(id))),
            Request::Create { content, now } => self.seal(|vault, random| vault.create(content, now, random)),
            Request::Change { id, content, now } => {
                self.seal(|vault, random| vault.change(id, now, random, |entry| with_content(entry, content, now)))
            }
            Request::Bin { id, binned, now } => self.seal(|vault, random| {
                vault.change(id, now, random, |entry| Entry { binned_at: binned.then_some(now), ..entry })
            }),
            Request::Delete { id } => self.seal(|vault, random| vault.delete(id, random)),
            Request::Resolve { id, resolution, now } => self.seal(|vault, random| {
                vault.resolve(id, resolution, now, random).map(|update| Response::EntrySealed { id, update })
            }),
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
        let keys = &self.vault.as_ref().ok_or(KeyringError::Locked)?.keys;
        // A draft may have been sealed for an earlier key.
        keys.all().find_map(|keys| keys.draft.open(sealed).ok()).ok_or(KeyringError::Broken)
    }

    /// Calls `seal` with the open vault.
    fn seal(
        &mut self,
        seal: impl FnOnce(&mut Vault, &mut R) -> Result<Response, KeyringError>,
    ) -> Result<Response, KeyringError> {
        seal(self.vault.as_mut().ok_or(KeyringError::Locked)?, &mut self.random)
    }

    /// As [`Keyring::seal`], for requests that give an update.
    fn update(
        &mut self,
        update: impl FnOnce(&mut Vault, &mut R) -> Result<EntryUpdate, KeyringError>,
    ) -> Result<Response, KeyringError> {
        self.seal(|vault, random| update(vault, random).map(Response::Updated))
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

fn post(body: &impl Serialize) -> Result<Response, KeyringError> {
    Ok(Response::Post { body: json::write_body(body)? })
}

#[cfg(all(test, not(target_arch = "wasm32")))]
pub(crate) mod simulated;
#[cfg(test)]
pub(crate) mod tests;
