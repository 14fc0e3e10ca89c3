//! An open vault: its entries as the server has them, and the changes that wait for the server.
//!
//! The changes of an entry are a chain: each is sealed for the version after the one before, so that all can be sent in
//! order, each once. The chain starts right after the server's version. If it does not, the entry was changed elsewhere
//! too: a conflict, which a person has to end.

use std::collections::BTreeMap;
use std::ops::Bound;

use rand_core_06::{CryptoRng, RngCore};
use shared::ids::{AccountId, EntryId};
use shared::passwords::{PutPassword, SealedEntry, StoredEntry};

use super::document;
use super::json;
use super::keys::EntryKey;
use super::protocol::entry::{Completeness, Content, Entry, EntryState, EntrySummary, EntryUpdate, PreviousPassword};
use super::protocol::{KeyringError, Resolution, Response};
use super::seal::Binding;

/// Most previous passwords of an entry. The oldest are dropped: the document must fit into the largest bucket.
pub(super) const HISTORY_MAX: usize = 100;

/// An open vault. Entries stay sealed in memory, and are opened one by one.
pub(super) struct Vault {
    pub(super) account: AccountId,
    pub(super) key: EntryKey,
    pub(super) entries: BTreeMap<EntryId, EntryRecord>,
    /// The server's version of every entry that it has served, including deleted ones and those that do not open.
    versions: BTreeMap<EntryId, u32>,
}

#[derive(Default)]
pub(super) struct EntryRecord {
    /// The server's version; 0 if it does not have the entry.
    version: u32,
    /// The server's sealed entry; none if it has none or has deleted it.
    stored: Option<SealedEntry>,
    /// Changes that the server does not have, oldest first, each with its version.
    waiting: Vec<(u32, SealedEntry)>,
}

impl EntryRecord {
    /// The newest sealed entry, and its version.
    fn newest(&self) -> Option<(u32, &SealedEntry)> {
        let waiting = self.waiting.last().map(|(version, sealed)| (*version, sealed));
        waiting.or_else(|| Some((self.version, self.stored.as_ref()?)))
    }

    fn state(&self) -> EntryState {
        match self.waiting.first() {
            None => EntryState::Saved,
            Some((version, _)) if *version == self.version + 1 => EntryState::Waiting,
            Some(_) => EntryState::Conflict,
        }
    }
}

impl Vault {
    pub(super) fn new(account: AccountId, key: EntryKey) -> Self {
        Self { account, key, entries: BTreeMap::new(), versions: BTreeMap::new() }
    }

    /// Applies entries of the server. One that does not open, or is older than ours, changes nothing.
    pub(super) fn apply(&mut self, stored: Vec<StoredEntry>) -> EntryUpdate {
        let mut update = EntryUpdate::default();
        for StoredEntry { id, version, sealed, .. } in stored {
            if self.entries.get(&id).is_some_and(|record| record.version > version) {
                continue;
            }
            self.versions.insert(id, version);
            let Ok(entry) = sealed.as_ref().map(|sealed| self.open(id, version, sealed)).transpose() else {
                update.refused.push(id);
                continue;
            };
            let record = self.entries.entry(id).or_default();
            // One of our own changes: the answer to it was lost, or another tab sent it.
            let own = record.waiting.iter().position(|(own, body)| *own == version && Some(body) == sealed.as_ref());
            record.waiting.drain(..own.map_or(0, |own| own + 1));
            record.version = version;
            record.stored = sealed;
            match entry {
                // The usual case: the newest entry was just opened, and need not be opened again.
                Some(entry) if record.waiting.is_empty() => self.report_entry(id, entry, &mut update),
                _ => self.report(id, &mut update),
            }
        }
        update
    }

    /// To be asked once every change up to `latest` is applied.
    pub(super) fn completeness(&self, latest: u64) -> Completeness {
        let sum: u64 = self.versions.values().copied().map(u64::from).sum();
        Completeness { latest, missing: latest.saturating_sub(sum) }
    }

    /// Restores changes that were sealed before a lock or a reload.
    pub(super) fn restore_waiting(&mut self, bodies: Vec<(EntryId, String)>) -> Result<EntryUpdate, KeyringError> {
        let mut update = EntryUpdate::default();
        for (id, body) in bodies {
            let put: PutPassword = json::read_answer(&body)?;
            let version = put.replaces.saturating_add(1);
            if self.open(id, version, &put.sealed).is_err() {
                update.refused.push(id);
                continue;
            }
            let record = self.entries.entry(id).or_default();
            // The server may have it by now, or it is in the chain already.
            let is_stored = record.version == version && record.stored.as_ref() == Some(&put.sealed);
            if !is_stored && record.waiting.last().is_none_or(|(last, _)| *last < version) {
                record.waiting.push((version, put.sealed));
            }
            self.report(id, &mut update);
        }
        Ok(update)
    }

    /// Adds an entry's summary to the update, or that it is gone.
    fn report(&mut self, id: EntryId, update: &mut EntryUpdate) {
        match self.entry(id) {
            Ok(entry) => self.report_entry(id, entry, update),
            Err(_) => {
                self.entries.remove(&id);
                update.entries.retain(|it| it.id != id);
                update.deleted.push(id);
            }
        }
    }

    /// As [`Vault::report`], for an entry that is open already.
    fn report_entry(&self, id: EntryId, entry: Entry, update: &mut EntryUpdate) {
        let Some(record) = self.entries.get(&id) else { return };
        let Entry { content, changed_at, binned_at, .. } = entry;
        update.entries.retain(|it| it.id != id);
        update.entries.push(EntrySummary {
            id,
            version: record.version,
            name: content.name,
            username: content.username,
            website: content.website,
            tags: content.tags,
            changed_at,
            binned_at,
            state: record.state(),
        });
    }

    /// Opens the newest version of an entry.
    pub(super) fn entry(&self, id: EntryId) -> Result<Entry, KeyringError> {
        let newest = self.entries.get(&id).and_then(EntryRecord::newest);
        let (version, sealed) = newest.ok_or(KeyringError::NoSuchEntry)?;
        self.open(id, version, sealed)
    }

    /// Both sides of a conflict: the newest change made here, and the server's version if it has not deleted the entry.
    pub(super) fn compare(&self, id: EntryId) -> Result<(Entry, Option<Entry>), KeyringError> {
        let record = self.entries.get(&id).ok_or(KeyringError::NoSuchEntry)?;
        let stored = record.stored.as_ref().map(|sealed| self.open(id, record.version, sealed)).transpose()?;
        Ok((self.entry(id)?, stored))
    }

    pub(super) fn create(
        &mut self,
        content: Content,
        now: u64,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<Response, KeyringError> {
        let entry = Entry {
            content,
            created_at: now,
            changed_at: now,
            history: Vec::new(),
            binned_at: None,
            imported_at: None,
        };
        self.add(entry, now, random)
    }

    /// Seals an entry under a new id.
    pub(super) fn add(
        &mut self,
        entry: Entry,
        now: u64,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<Response, KeyringError> {
        let mut bytes = [0; 10];
        random.fill_bytes(&mut bytes);
        self.seal_next(EntryId::from_time(now, bytes), entry, random)
    }

    /// A page of entries by rising id, from the one after `after`, without those in the bin and those that do not open.
    pub(super) fn list(&self, after: Option<EntryId>, limit: u32) -> Response {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.entries.range((from, Bound::Unbounded)).filter_map(|(id, _)| {
            let entry = self.entry(*id).ok().filter(|entry| entry.binned_at.is_none())?;
            Some((*id, entry))
        });
        let entries: Vec<_> = rest.by_ref().take(limit as usize).collect();
        Response::Entries { more: rest.next().is_some(), entries }
    }

    /// Seals a change of an entry.
    pub(super) fn change(
        &mut self,
        id: EntryId,
        now: u64,
        random: &mut (impl RngCore + CryptoRng),
        change: impl FnOnce(Entry) -> Entry,
    ) -> Result<Response, KeyringError> {
        let entry = self.entry(id)?;
        if self.entries.get(&id).is_some_and(|record| record.state() == EntryState::Conflict) {
            return Err(KeyringError::Conflict);
        }
        // A change is never older than the version before, even if the clock was set back.
        let changed_at = now.max(entry.changed_at);
        self.seal_next(id, Entry { changed_at, ..change(entry) }, random)
    }

    /// Seals an entry for the version after the newest, and queues it.
    fn seal_next(
        &mut self,
        id: EntryId,
        entry: Entry,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<Response, KeyringError> {
        let replaces =
            self.entries.get(&id).map_or(0, |record| record.newest().map_or(record.version, |(newest, _)| newest));
        let version = replaces.checked_add(1).ok_or(KeyringError::NoSuchEntry)?;
        let sealed = self.seal(id, version, entry, random)?;
        let body = json::write_body(&PutPassword { replaces, sealed: sealed.clone() })?;
        self.entries.entry(id).or_default().waiting.push((version, sealed));
        let mut update = EntryUpdate::default();
        self.report(id, &mut update);
        Ok(Response::EntrySealed { id, body, update })
    }

    pub(super) fn resolve(
        &mut self,
        id: EntryId,
        resolution: Resolution,
        now: u64,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<Response, KeyringError> {
        let (mine, theirs) = self.compare(id)?;
        let waiting = self.entries.get_mut(&id).map(|record| std::mem::take(&mut record.waiting)).unwrap_or_default();
        let result = match (resolution, theirs) {
            (Resolution::Both, _) => {
                let mut response = self.create(mine.content, now, random);
                if let Ok(Response::EntrySealed { update, .. }) = &mut response {
                    self.report(id, update);
                }
                response
            }
            (Resolution::Mine, None) => self.seal_next(id, mine, random),
            (Resolution::Mine, Some(theirs)) => self.seal_next(id, with_loser(mine, theirs, now), random),
            (Resolution::Theirs, Some(theirs))
                if mine.content.password.expose() != theirs.content.password.expose() =>
            {
                self.seal_next(id, with_loser(theirs, mine, now), random)
            }
            (Resolution::Theirs, _) => {
                let mut update = EntryUpdate::default();
                self.report(id, &mut update);
                Ok(Response::Updated(update))
            }
        };
        if let (Err(_), Some(record)) = (&result, self.entries.get_mut(&id)) {
            record.waiting = waiting;
        }
        result
    }

    /// Drops an entry's waiting changes.
    pub(super) fn discard(&mut self, id: EntryId) -> EntryUpdate {
        if let Some(record) = self.entries.get_mut(&id) {
            record.waiting.clear();
        }
        let mut update = EntryUpdate::default();
        self.report(id, &mut update);
        update
    }

    fn open(&self, id: EntryId, version: u32, sealed: &SealedEntry) -> Result<Entry, KeyringError> {
        document::read(&self.key.open(&self.binding(id, version), sealed)?)
    }

    pub(super) fn seal(
        &self,
        id: EntryId,
        version: u32,
        entry: Entry,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<SealedEntry, KeyringError> {
        self.key.seal(&self.binding(id, version), document::write(entry)?.as_bytes(), random)
    }

    fn binding(&self, entry: EntryId, version: u32) -> Binding {
        Binding { account: self.account, entry, version }
    }
}

/// Replaces an entry's content. A password that is replaced goes into its history.
pub(super) fn with_content(entry: Entry, content: Content, now: u64) -> Entry {
    let Entry { content: before, mut history, imported_at, .. } = entry;
    let is_same = before.password.expose() == content.password.expose();
    if !is_same && !before.password.is_empty() {
        history.insert(0, PreviousPassword { password: before.password, until: now });
        history.truncate(HISTORY_MAX);
    }
    Entry { content, history, imported_at: imported_at.filter(|_| is_same), ..entry }
}

/// The winner of a conflict, with the loser's passwords in its history.
fn with_loser(winner: Entry, loser: Entry, now: u64) -> Entry {
    let Entry { content, mut history, changed_at, .. } = winner;
    let is_known =
        |history: &[PreviousPassword], password: &str| history.iter().any(|it| it.password.expose() == password);
    let current = content.password.expose();
    for previous in loser.history {
        if previous.password.expose() != current && !is_known(&history, previous.password.expose()) {
            history.push(previous);
        }
    }
    let lost = loser.content.password;
    if lost.expose() != current && !lost.is_empty() && !is_known(&history, lost.expose()) {
        history.push(PreviousPassword { password: lost, until: now });
    }
    history.sort_by_key(|previous| std::cmp::Reverse(previous.until));
    history.truncate(HISTORY_MAX);
    Entry { content, history, changed_at: now.max(changed_at), ..winner }
}
