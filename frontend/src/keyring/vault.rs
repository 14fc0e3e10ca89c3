//! An open vault: its entries as the server has them, and the changes that wait for the server.
//!
//! Every change says from which content it was made. Changes that build on the server's version, one on the other, are a
//! chain, and can be sent. A change that does not is one side of a conflict: the entry was changed elsewhere too, or the
//! server does not have the version any more that it was made from. A person has to end it. Contents are compared and not
//! sealed bytes, so that an entry that was only sealed again is no conflict.
//!
//! [`super::listing`] applies what the server lists, and [`super::sending`] what it has saved.

use std::collections::BTreeMap;
use std::ops::Bound;

use rand_core_06::{CryptoRng, RngCore};
use shared::ids::EntryId;
use zeroize::Zeroizing;

use super::document;
use super::head::ListedKind;
use super::keys::VaultKeys;
use super::listing::ListState;
use super::memory::Memory;
use super::protocol::entry::{Content, Entry, EntryState, EntrySummary, EntryUpdate, PreviousPassword};
use super::protocol::outbox::ChangeRef;
use super::protocol::{KeyringError, Resolution, Response};
use super::record::{Base, DELETION, NOTHING, Order, Record, UNREADABLE, Waiting, mark_of_nonce};
use super::seal::Opened;

/// Most previous passwords of an entry. The oldest are dropped: the document must fit into the largest bucket.
pub(super) const HISTORY_MAX: usize = 100;

/// An open vault. Entries stay sealed in memory, and are opened one by one.
pub(super) struct Vault {
    pub(super) keys: VaultKeys,
    pub(super) records: BTreeMap<EntryId, Record>,
    pub(super) memory: Memory,
    pub(super) state: ListState,
}

impl Vault {
    pub(super) fn new(keys: VaultKeys) -> Self {
        let state = ListState::new(keys.is_legacy());
        Self { keys, records: BTreeMap::new(), memory: Memory::default(), state }
    }

    /// Adds an entry's summary to the update, or that it is gone.
    pub(super) fn report(&mut self, id: EntryId, update: &mut EntryUpdate) {
        match self.entry(id) {
            Ok(entry) => self.report_entry(id, entry, update),
            Err(_) => {
                if self.records.get(&id).is_some_and(Record::is_empty) {
                    self.records.remove(&id);
                }
                update.entries.retain(|it| it.id != id);
                update.deleted.push(id);
            }
        }
    }

    /// As [`Vault::report`], for an entry that is open already.
    pub(super) fn report_entry(&mut self, id: EntryId, entry: Entry, update: &mut EntryUpdate) {
        let state = self.order(id).state();
        let Some(record) = self.records.get_mut(&id) else { return };
        let is_conflict = state == EntryState::Conflict;
        if is_conflict && !record.is_reported {
            update.conflicts.push(id);
        }
        record.is_reported = is_conflict;
        let Entry { content, changed_at, binned_at, .. } = entry;
        update.entries.retain(|it| it.id != id);
        update.deleted.retain(|it| *it != id);
        update.entries.push(EntrySummary {
            id,
            version: record.version(),
            name: content.name,
            username: content.username,
            website: content.website,
            tags: content.tags,
            changed_at,
            binned_at,
            state,
        });
    }

    /// The server's version of an entry, to build on.
    pub(super) fn base(&self, id: EntryId) -> Base {
        let Some(record) = self.records.get(&id) else { return Base { version: 0, content: NOTHING } };
        let content = match record.listed.map(|listed| listed.kind) {
            None => NOTHING,
            Some(ListedKind::Deletion) => DELETION,
            Some(ListedKind::MadeUp | ListedKind::NewerFormat | ListedKind::Unreadable) => UNREADABLE,
            Some(ListedKind::Entry) => {
                let stored = record.stored.as_ref().and_then(|(version, bytes)| self.open(id, *version, bytes).ok());
                stored.map_or(UNREADABLE, |document| self.keys.content_mark(&document))
            }
        };
        Base { version: record.version(), content }
    }

    pub(super) fn order(&self, id: EntryId) -> Order {
        match self.records.get(&id) {
            // The usual case, for which nothing needs to be opened.
            Some(record) if !record.waiting.is_empty() => record.order(self.base(id)),
            _ => Order::default(),
        }
    }

    /// The newest version on the server's side: what waits to be sent, or the server's own.
    fn tip(&self, id: EntryId) -> Base {
        let last = self.order(id).chain.last().copied();
        let waiting = last.and_then(|last| self.records.get(&id)?.waiting.get(last));
        waiting.map_or_else(|| self.base(id), Waiting::as_base)
    }

    /// Opens the newest version of an entry.
    pub(super) fn entry(&self, id: EntryId) -> Result<Entry, KeyringError> {
        let order = self.order(id);
        match order.mine {
            Some(mine) => self.open_waiting(id, mine),
            None => self.theirs(id, &order)?.ok_or(KeyringError::NoSuchEntry),
        }
    }

    /// The server's side of an entry; none if it was deleted.
    fn theirs(&self, id: EntryId, order: &Order) -> Result<Option<Entry>, KeyringError> {
        let record = self.records.get(&id).ok_or(KeyringError::NoSuchEntry)?;
        match (order.chain.last(), &record.stored) {
            (Some(last), _) if record.waiting[*last].is_deletion() => Ok(None),
            (Some(last), _) => self.open_waiting(id, *last).map(Some),
            (None, Some((version, bytes))) => document::read(&self.open(id, *version, bytes)?).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn open_waiting(&self, id: EntryId, place: usize) -> Result<Entry, KeyringError> {
        let waiting = self.records.get(&id).and_then(|record| record.waiting.get(place));
        let waiting = waiting.ok_or(KeyringError::NoSuchEntry)?;
        document::read(&self.open(id, waiting.change.version, &waiting.bytes)?)
    }

    /// Opens the document of a version that is no deletion.
    pub(super) fn open(&self, id: EntryId, version: u32, bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        match self.keys.open(id, version, bytes)? {
            Opened::Entry(document) => Ok(document),
            Opened::Deletion => Err(KeyringError::NoSuchEntry),
        }
    }

    /// Both sides of a conflict: the newest change made here, and the server's version if it has not deleted the entry.
    pub(super) fn compare(&self, id: EntryId) -> Result<(Entry, Option<Entry>), KeyringError> {
        Ok((self.entry(id)?, self.theirs(id, &self.order(id))?))
    }

    pub(super) fn create(
        &mut self,
        content: Content,
        now: u64,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<Response, KeyringError> {
        let (history, imported_at) = (Vec::new(), None);
        let entry = Entry { content, created_at: now, changed_at: now, history, binned_at: None, imported_at };
        let mut update = EntryUpdate::default();
        let id = self.add(entry, now, &mut update, random)?;
        Ok(Response::EntrySealed { id, update })
    }

    /// Seals an entry under a new id.
    pub(super) fn add(
        &mut self,
        entry: Entry,
        now: u64,
        update: &mut EntryUpdate,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<EntryId, KeyringError> {
        let mut bytes = [0; 10];
        random.fill_bytes(&mut bytes);
        let id = EntryId::from_time(now, bytes);
        self.seal_next(id, Some(entry), update, random)?;
        Ok(id)
    }

    /// A page of entries by rising id, from the one after `after`, without those in the bin and those that do not open.
    pub(super) fn list(&self, after: Option<EntryId>, limit: u32) -> Response {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = self.records.range((from, Bound::Unbounded)).filter_map(|(id, _)| {
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
        let entry = self.entry_without_conflict(id)?;
        // A change is never older than the version before, even if the clock was set back.
        let changed_at = now.max(entry.changed_at);
        let mut update = EntryUpdate::default();
        self.seal_next(id, Some(Entry { changed_at, ..change(entry) }), &mut update, random)?;
        self.judge_again(&mut update);
        Ok(Response::EntrySealed { id, update })
    }

    /// Seals the deletion of an entry.
    pub(super) fn delete(
        &mut self,
        id: EntryId,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<Response, KeyringError> {
        self.entry_without_conflict(id)?;
        let mut update = EntryUpdate::default();
        self.seal_next(id, None, &mut update, random)?;
        self.judge_again(&mut update);
        Ok(Response::EntrySealed { id, update })
    }

    fn entry_without_conflict(&self, id: EntryId) -> Result<Entry, KeyringError> {
        let entry = self.entry(id)?;
        match self.order(id).state() {
            EntryState::Conflict => Err(KeyringError::Conflict),
            EntryState::Saved | EntryState::Waiting => Ok(entry),
        }
    }

    /// A version above all that were ever seen or made of this entry.
    pub(super) fn next_version(&self, id: EntryId) -> Result<u32, KeyringError> {
        let record = self.records.get(&id);
        let waiting = record.and_then(|record| record.waiting.iter().map(|waiting| waiting.change.version).max());
        let highest = waiting.unwrap_or_default().max(record.map_or(0, Record::version)).max(self.memory.highest(id));
        highest.checked_add(1).ok_or(KeyringError::NoSuchEntry)
    }

    /// Seals an entry, or its deletion, after the newest version on the server's side, and queues it.
    pub(super) fn seal_next(
        &mut self,
        id: EntryId,
        entry: Option<Entry>,
        update: &mut EntryUpdate,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<(), KeyringError> {
        let document = entry.map(document::write).transpose()?;
        let tip = self.tip(id);
        let document = document.as_ref().map(|document| document.as_bytes());
        let waiting = self.seal_version(id, document, tip, random)?;
        update.sealed.push(waiting.to_item()?);
        self.records.entry(id).or_default().waiting.push(waiting);
        self.report(id, update);
        Ok(())
    }

    /// Seals a document, or a deletion, as the next version of an entry.
    pub(super) fn seal_version(
        &mut self,
        id: EntryId,
        document: Option<&[u8]>,
        tip: Base,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<Waiting, KeyringError> {
        if self.keys.is_legacy() {
            return Err(KeyringError::Legacy);
        }
        let version = self.next_version(id)?;
        let sealed = match document {
            Some(document) => self.keys.seal(id, version, document, random)?,
            None => self.keys.seal_deletion(id, version, random)?,
        };
        let bytes = sealed.as_bytes().to_vec();
        // A new entry's id is random: nobody can use its version twice.
        if version > 1 {
            self.memory.note_made(id, version);
        }
        let content = document.map_or(DELETION, |document| self.keys.content_mark(document));
        let change = ChangeRef { id, version, mark: mark_of_nonce(&bytes) };
        Ok(Waiting { change, replaces: tip.version, bytes, after: Some(tip.content), content })
    }

    pub(super) fn resolve(
        &mut self,
        id: EntryId,
        resolution: Resolution,
        now: u64,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<EntryUpdate, KeyringError> {
        let order = self.order(id);
        let theirs = self.theirs(id, &order)?;
        let mine_at = order.mine.ok_or(KeyringError::NoSuchEntry)?;
        let mine = self.open_waiting(id, mine_at)?;
        let mut update = EntryUpdate { remember: true, ..EntryUpdate::default() };
        match (resolution, theirs) {
            (Resolution::Both, _) => {
                let entry = Entry { created_at: now, changed_at: now, binned_at: None, ..mine };
                self.add(entry, now, &mut update, random)?;
            }
            (Resolution::Mine, None) => self.seal_next(id, Some(mine), &mut update, random)?,
            (Resolution::Mine, Some(theirs)) => {
                self.seal_next(id, Some(with_loser(mine, theirs, now)), &mut update, random)?;
            }
            (Resolution::Theirs, Some(theirs)) if !holds_passwords(&theirs, &mine) => {
                self.seal_next(id, Some(with_loser(theirs, mine, now)), &mut update, random)?;
            }
            (Resolution::Theirs, _) => {}
        }
        if let Some(record) = self.records.get_mut(&id) {
            let line = record.take_line(mine_at, &order.chain);
            update.settled.extend(line.into_iter().map(|waiting| waiting.change));
        }
        self.report(id, &mut update);
        Ok(update)
    }

    /// Drops an entry's changes that the server never had.
    pub(super) fn discard(&mut self, id: EntryId) -> EntryUpdate {
        let mut update = EntryUpdate { remember: true, ..EntryUpdate::default() };
        if let Some(record) = self.records.get_mut(&id) {
            let dropped = record.waiting.extract_if(.., |waiting| !waiting.is_held());
            update.settled.extend(dropped.map(|waiting| waiting.change));
        }
        self.report(id, &mut update);
        update
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

/// True if an entry has this password, or had it before.
pub(super) fn has_password(entry: &Entry, password: &str) -> bool {
    let mut all = entry.history.iter().map(|it| it.password.expose()).chain([entry.content.password.expose()]);
    password.is_empty() || all.any(|it| it == password)
}

/// True if an entry has all passwords of another one.
fn holds_passwords(entry: &Entry, other: &Entry) -> bool {
    let mut all = other.history.iter().map(|it| &it.password).chain([&other.content.password]);
    all.all(|password| has_password(entry, password.expose()))
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
