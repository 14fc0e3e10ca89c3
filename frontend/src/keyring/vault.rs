//! An open vault: its entries as the server has them, and what was sealed here and waits for the server.
//!
//! What waits is a chain for each entry: every change made here is sealed for the version after the one before it, so
//! that all of them can be sent in order, each once. The chain follows the server's version; where it does not, the
//! entry was changed elsewhere too, and a person has to say which is right.

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

/// Former passwords that an entry keeps. The oldest go first: together they must fit into the largest bucket.
pub(super) const HISTORY_MAX: usize = 100;

/// An open vault: its key, and its entries as sealed.
pub(super) struct Vault {
    pub(super) account: AccountId,
    pub(super) key: EntryKey,
    pub(super) entries: BTreeMap<EntryId, EntryRecord>,
    /// The server's version of every entry it has told of: also of those that are deleted or did not open.
    versions: BTreeMap<EntryId, u32>,
}

#[derive(Default)]
pub(super) struct EntryRecord {
    /// The server's version; 0 if it does not have the entry.
    version: u32,
    /// What the server has; nothing if it has none, or has deleted it.
    stored: Option<SealedEntry>,
    /// What was sealed here and the server does not have, oldest first, with its version.
    waiting: Vec<(u32, SealedEntry)>,
}

impl EntryRecord {
    /// The newest there is, and its version.
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

    /// Takes in what the server has. What does not open, or is older than what is here, leaves what is here alone.
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
            // Its answer was lost on the way, or another tab sent it: it is what was sealed here.
            let own = record.waiting.iter().position(|(own, body)| *own == version && Some(body) == sealed.as_ref());
            record.waiting.drain(..own.map_or(0, |own| own + 1));
            record.version = version;
            record.stored = sealed;
            match entry {
                // Nearly always: what was just opened is the newest, and need not be opened again.
                Some(entry) if record.waiting.is_empty() => self.report_entry(id, entry, &mut update),
                _ => self.report(id, &mut update),
            }
        }
        update
    }

    /// How the vault stands, once everything up to this change number was taken in.
    pub(super) fn completeness(&self, latest: u64) -> Completeness {
        let sum: u64 = self.versions.values().copied().map(u64::from).sum();
        Completeness { latest, missing: latest.saturating_sub(sum) }
    }

    /// Takes in what was sealed here before, and the server may not have.
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
            // What the server has by now, or is here already, does not wait.
            let is_stored = record.version == version && record.stored.as_ref() == Some(&put.sealed);
            if !is_stored && record.waiting.last().is_none_or(|(last, _)| *last < version) {
                record.waiting.push((version, put.sealed));
            }
            self.report(id, &mut update);
        }
        Ok(update)
    }

    /// Tells what the page may know of an entry, or that it is gone.
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

    /// Tells what the page may know of an entry that is as given.
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

    /// The newest there is of an entry.
    pub(super) fn entry(&self, id: EntryId) -> Result<Entry, KeyringError> {
        let newest = self.entries.get(&id).and_then(EntryRecord::newest);
        let (version, sealed) = newest.ok_or(KeyringError::NoSuchEntry)?;
        self.open(id, version, sealed)
    }

    /// Both sides of a conflict: what was changed here, and what the server has, if it has not deleted it.
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

    /// Seals an entry under an id of its own.
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

    /// Entries whole, by rising id, from the one after `after`, but not those in the bin. What does not open is not
    /// among them.
    pub(super) fn list(&self, after: Option<EntryId>, limit: u32) -> Response {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.entries.range((from, Bound::Unbounded)).filter_map(|(id, _)| {
            let entry = self.entry(*id).ok().filter(|entry| entry.binned_at.is_none())?;
            Some((*id, entry))
        });
        let entries: Vec<_> = rest.by_ref().take(limit as usize).collect();
        Response::Entries { more: rest.next().is_some(), entries }
    }

    /// Seals an entry anew, changed.
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
        // A clock that was set back does not make a change older than what it changes.
        let changed_at = now.max(entry.changed_at);
        self.seal_next(id, Entry { changed_at, ..change(entry) }, random)
    }

    /// Seals an entry for the version after its newest.
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

    /// Forgets what waits of an entry.
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

/// An entry with other content. A password that is replaced goes into its history.
pub(super) fn with_content(entry: Entry, content: Content, now: u64) -> Entry {
    let Entry { content: before, mut history, imported_at, .. } = entry;
    let is_same = before.password.expose() == content.password.expose();
    if !is_same && !before.password.is_empty() {
        history.insert(0, PreviousPassword { password: before.password, until: now });
        history.truncate(HISTORY_MAX);
    }
    Entry { content, history, imported_at: imported_at.filter(|_| is_same), ..entry }
}

/// The entry that was chosen in a conflict, with the passwords of the other in its history.
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
