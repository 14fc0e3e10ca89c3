//! The keyring: the only module that holds keys. It registers and logs in with OPAQUE, unwraps the vault key, and seals
//! and opens entries.
//!
//! It is a pure state machine: requests, the random source and the lower-casing of text are passed in. In the browser
//! it runs in a worker of its own, without a network; ending the worker destroys every key.

mod account;
mod argon2;
pub mod backup;
mod document;
mod drafts;
mod head;
mod import;
mod json;
mod judging;
mod keys;
mod listing;
mod login;
mod memory;
pub mod protocol;
mod record;
pub mod recovery;
mod registration;
mod seal;
mod sending;
mod trust;
mod vault;

use rand_core_06::{CryptoRng, RngCore};
use serde::Serialize;
use shared::accounts::Username;
use shared::login::Suites;
use shared::proofs::Proof;

use self::import::KnownDigests;
use self::protocol::entry::{Draft, DraftSummary, Entry, EntryUpdate, SealedDraft};
use self::protocol::{KeyringError, Request, Response};
use self::vault::{Vault, with_content};
use crate::secret::Secret;

/// The keyring's state: at most one of each step in progress, and at most one open vault.
pub struct Keyring<R> {
    random: R,
    lower_case: fn(&str) -> String,
    suites: Suites,
    registration: Option<registration::Registration>,
    /// The username and passphrase of the vault that was just made, for its first log-in.
    registered: Option<(Username, Secret)>,
    login: Option<login::PendingLogin>,
    unlocking: Option<login::Unlocking>,
    /// The secret that opened the vault, if its record can be raised.
    outdated: Option<login::OutdatedSecret>,
    pending_proof: Option<login::PendingProof>,
    /// A proof for the next request that needs one.
    proof: Option<Proof>,
    /// At most one for each credential.
    replacements: Vec<registration::Replacement>,
    new_vault_key: Option<registration::NewVaultKey>,
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
            suites: Suites::PASSMINT,
            registration: None,
            registered: None,
            login: None,
            unlocking: None,
            outdated: None,
            pending_proof: None,
            proof: None,
            replacements: Vec::new(),
            new_vault_key: None,
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
                self.start_registration(invite, &username, passphrase)
            }
            Request::ContinueRegistration { answer } => self.continue_registration(&answer),
            Request::StartFirstLogin => self.start_first_login(),
            Request::StartLogin { username, credential, secret } => self.start_login(&username, credential, &secret),
            Request::ContinueLogin { answer, device, assertion } => self.continue_login(&answer, &device, assertion),
            Request::FinishLogin { answer } => self.finish_login(&answer),
            Request::StartProof { credential, secret } => self.start_proof(credential, &secret),
            Request::ContinueProof { answer } => self.continue_proof(&answer),
            Request::UseProof { action } => self.use_proof(action),
            Request::StartReplacement { credential, secret } => self.start_replacement(credential, &secret),
            Request::StartRenewal => self.start_renewal(),
            Request::StartRaising => self.start_raising(),
            Request::FinishReplacement { start, answer, keep_passkeys, passkey } => {
                self.finish_replacement(&start, &answer, keep_passkeys, passkey)
            }
            Request::StartVaultKey { passphrase } => self.start_vault_key(&passphrase),
            Request::FinishVaultKey { start, answer } => self.finish_vault_key(&start, &answer),
            Request::AdoptVaultKey => self.adopt_vault_key(),
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
                self.seal(|vault, random| vault.apply_list(changes, since, random).map(Response::Updated))
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
            Request::Discard { id } => self.update(|vault, _| Ok(vault.discard(id))),
            Request::Create { content, now } => self.seal(|vault, random| vault.create(content, now, random)),
            Request::Change { id, content, now } => {
                self.seal(|vault, random| vault.change(id, now, random, |entry| with_content(entry, content, now)))
            }
            Request::Bin { id, binned, now } => self.seal(|vault, random| {
                vault.change(id, now, random, |entry| Entry { binned_at: binned.then_some(now), ..entry })
            }),
            Request::Delete { id } => self.seal(|vault, random| vault.delete(id, random)),
            Request::Resolve { id, resolution, now } => self.seal(|vault, random| {
                let mut update = vault.resolve(id, resolution, now, random)?;
                vault.judge_again(&mut update);
                Ok(Response::EntrySealed { id, update })
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
        self.seal(|vault, random| {
            let mut update = update(vault, random)?;
            vault.judge_again(&mut update);
            Ok(Response::Updated(update))
        })
    }

    fn vault(&mut self) -> Result<&mut Vault, KeyringError> {
        self.vault.as_mut().ok_or(KeyringError::Locked)
    }
}

fn post(body: &impl Serialize) -> Result<Response, KeyringError> {
    Ok(Response::Post { body: json::write_body(body)? })
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod simulated;
#[cfg(test)]
pub(crate) mod tests;
