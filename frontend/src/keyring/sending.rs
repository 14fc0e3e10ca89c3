//! Changes on their way to the server: what a request has, what the server has saved, and what comes back out of the
//! local store.

use std::collections::BTreeMap;

use rand_core_06::{CryptoRng, RngCore};
use shared::changes::{Change, OVERHEAD, SaveChanges, Saved, Sealed, SealedHead};
use shared::ids::EntryId;

use super::document;
use super::head::{self, Listed, ListedKind};
use super::json;
use super::keys::KeySet;
use super::protocol::entry::EntryUpdate;
use super::protocol::outbox::{Batch, ChangeRef, SealedChange};
use super::protocol::{KeyringError, Response};
use super::record::{Base, DELETION, Item, Record, Waiting};
use super::seal::{Head, Opened};
use super::vault::Vault;

/// A change of a request beside its Base64, in bytes.
const CHANGE_OVERHEAD: usize = 160;

/// A request that is being put together.
struct Draft {
    changes: Vec<Change>,
    /// The versions that the server has afterwards.
    listed: BTreeMap<EntryId, Listed>,
    count: usize,
    bytes: usize,
}

impl Draft {
    fn has_room(&self, sealed: usize) -> bool {
        self.changes.is_empty() || (self.changes.len() < self.count && Self::length(sealed) <= self.bytes)
    }

    fn length(sealed: usize) -> usize {
        sealed.div_ceil(3) * 4 + CHANGE_OVERHEAD
    }

    fn push(&mut self, id: EntryId, base: Base, version: u32, bytes: &[u8], kind: ListedKind) -> Option<()> {
        let sealed = Sealed::try_from(bytes.to_vec()).ok()?;
        self.bytes = self.bytes.saturating_sub(Self::length(bytes.len()));
        self.listed.insert(id, Listed::new(version, Some(bytes), kind));
        self.changes.push(Change { id, replaces: base.version, version, sealed });
        Some(())
    }
}

impl Vault {
    /// Puts changes that can be sent into a request.
    pub(super) fn build_batch(
        &mut self,
        without: &[ChangeRef],
        (count, bytes): (u32, u32),
        reseal: bool,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<Response, KeyringError> {
        let head = self.state.head.clone().and_then(|head| SealedHead::try_from(head).ok());
        let (Some(replaces), true) = (head, self.state.is_complete() && !self.keys.is_legacy()) else {
            return Ok(Response::Batch { batch: None, left: self.count_old() });
        };
        // The two heads are in the body too.
        let bytes = (bytes as usize).saturating_sub(4 * CHANGE_OVERHEAD);
        let mut draft = Draft { changes: Vec::new(), listed: BTreeMap::new(), count: count as usize, bytes };
        let mut changes = Vec::new();
        let ids: Vec<EntryId> =
            self.records.iter().filter(|(_, record)| !record.waiting.is_empty()).map(|(id, _)| *id).collect();
        'all: for id in ids {
            let mut at = self.base(id);
            let order = self.order(id);
            let Some(record) = self.records.get(&id) else { continue };
            for waiting in order.chain.iter().map(|place| &record.waiting[*place]) {
                if without.contains(&waiting.change) {
                    break;
                }
                if !draft.has_room(waiting.bytes.len()) {
                    break 'all;
                }
                let kind = if waiting.is_deletion() { ListedKind::Deletion } else { ListedKind::Entry };
                if draft.push(id, at, waiting.change.version, &waiting.bytes, kind).is_none() {
                    break;
                }
                changes.push(waiting.change);
                at = waiting.as_base();
            }
        }
        let mut left = self.count_old();
        if changes.is_empty() && (reseal || self.state.is_head_due) {
            self.seal_old(&mut draft, random)?;
            left = left.saturating_sub(u32::try_from(draft.changes.len()).unwrap_or(u32::MAX));
        }
        if draft.changes.is_empty() {
            return Ok(Response::Batch { batch: None, left });
        }
        let change_no = self.state.position.saturating_add(draft.changes.len() as u64);
        let head = Head { change_no, digest: self.digest_with(&draft.listed) };
        let head = self.keys.current().seal_head(&head, random)?;
        let body = json::write_body(&SaveChanges { replaces, changes: draft.changes, head })?;
        Ok(Response::Batch { batch: Some(Batch { body, changes }), left })
    }

    /// The digest of the vault once it has these versions.
    fn digest_with(&self, new: &BTreeMap<EntryId, Listed>) -> [u8; 32] {
        let all = self.records.iter();
        head::digest(all.filter_map(|(id, record)| Some((*id, new.get(id).copied().or(record.listed)?))))
    }

    /// True if the server's version is to be sealed again under the current key. One in doubt is not: with a higher
    /// version it would look like the newest.
    fn is_old(&self, id: EntryId, record: &Record) -> bool {
        let is_old = record.listed.is_some_and(|listed| {
            matches!(listed.kind, ListedKind::Entry | ListedKind::Deletion)
                && (listed.key_no < self.keys.current().number)
        });
        is_old && record.waiting.is_empty() && !self.is_in_doubt(id)
    }

    /// The number of entries and deletions that are to be sealed again.
    pub(super) fn count_old(&self) -> u32 {
        let old = self.records.iter().filter(|(id, record)| self.is_old(**id, record)).count();
        u32::try_from(old).unwrap_or(u32::MAX)
    }

    /// Seals entries again, with the same content. If none is due, but a head is, any entry.
    fn seal_old(&mut self, draft: &mut Draft, random: &mut (impl RngCore + CryptoRng)) -> Result<(), KeyringError> {
        let all = self.records.iter();
        let mut ids: Vec<EntryId> =
            all.filter(|(id, record)| self.is_old(**id, record)).map(|(id, _)| *id).take(draft.count).collect();
        if ids.is_empty() && self.state.is_head_due {
            ids =
                self.records.iter().filter(|(_, record)| record.stored.is_some()).map(|(id, _)| *id).take(1).collect();
        }
        for id in ids {
            let base = self.base(id);
            let stored = self.records.get(&id).and_then(|record| record.stored.as_ref());
            // Sealed again, it is longer by the key number at most.
            let length = stored.map_or(0, |(_, bytes)| bytes.len()) + OVERHEAD;
            if !draft.has_room(length) {
                break;
            }
            let document = stored.map(|(version, bytes)| self.open(id, *version, bytes)).transpose()?;
            let document = document.as_ref().map(|document| document.as_slice());
            let sealed = self.seal_version(id, document, base, random)?;
            let kind = if sealed.is_deletion() { ListedKind::Deletion } else { ListedKind::Entry };
            draft.push(id, base, sealed.change.version, &sealed.bytes, kind);
        }
        Ok(())
    }

    /// Notes that the server has saved a batch.
    ///
    /// # Errors
    /// [`KeyringError::ServerMessage`] if the answer does not belong to the batch.
    pub(super) fn apply_saved(
        &mut self,
        batch: SaveChanges,
        saved: Saved,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<EntryUpdate, KeyringError> {
        let (_, head) = self.keys.open_head(batch.head.as_bytes()).map_err(|_| KeyringError::ServerMessage)?;
        if head.change_no != saved.change_no {
            return Err(KeyringError::ServerMessage);
        }
        let mut update = EntryUpdate { remember: true, ..EntryUpdate::default() };
        let ids: std::collections::BTreeSet<EntryId> = batch.changes.iter().map(|change| change.id).collect();
        for Change { id, version, sealed, .. } in batch.changes {
            let bytes = sealed.as_bytes().to_vec();
            let Ok(opened) = self.keys.open(id, version, &bytes) else { continue };
            let record = self.records.entry(id).or_default();
            let own = record.waiting.iter().position(|own| own.change.version == version && own.bytes == bytes);
            if let Some(own) = own {
                update.settled.extend(record.take_line(own, &[]).into_iter().map(|waiting| waiting.change));
            }
            if record.version() >= version {
                continue;
            }
            let (kind, name) = match &opened {
                Opened::Deletion => (ListedKind::Deletion, None),
                Opened::Entry(document) => {
                    let name = document::read(document).map(|entry| entry.content.name);
                    (ListedKind::Entry, Some(name.unwrap_or_default()))
                }
            };
            let listed = Listed::new(version, Some(&bytes), kind);
            record.listed = Some(listed);
            record.stored = (kind == ListedKind::Entry).then_some((version, bytes));
            self.memory.note_seen(id, version, listed.mark(), name.as_deref());
        }
        for id in ids {
            self.settle(id, &mut update, random);
            self.report(id, &mut update);
        }
        if self.state.head.as_deref() == Some(batch.replaces.as_bytes()) {
            self.state.head = Some(batch.head.as_bytes().to_vec());
            self.state.position = saved.change_no;
            self.state.is_head_due = false;
        }
        self.state.note_saved();
        self.memory.note_change_no(saved.change_no);
        Ok(update)
    }

    /// Restores changes that were sealed before a lock or a reload.
    pub(super) fn restore(&mut self, items: Vec<SealedChange>, random: &mut (impl RngCore + CryptoRng)) -> EntryUpdate {
        let mut update = EntryUpdate::default();
        let mut ids = Vec::new();
        for SealedChange { change, body } in items {
            match self.restore_one(change, &body) {
                Ok(()) => ids.push(change.id),
                Err(_) => update.refused.push(change.id),
            }
        }
        ids.dedup();
        for id in ids {
            self.settle(id, &mut update, random);
            self.report(id, &mut update);
        }
        update
    }

    fn restore_one(&mut self, change: ChangeRef, body: &str) -> Result<(), KeyringError> {
        let id = change.id;
        let Item { replaces, version, sealed, after } = json::read_answer(body)?;
        let version = version.unwrap_or(replaces.saturating_add(1));
        let content = match self.keys.open(id, version, &sealed.0)? {
            Opened::Deletion => DELETION,
            Opened::Entry(document) => {
                document::read(&document)?;
                self.keys.content_mark(&document)
            }
        };
        let record = self.records.entry(id).or_default();
        if !record.waiting.iter().any(|known| known.bytes == sealed.0) {
            let change = ChangeRef { version, ..change };
            record.waiting.push(Waiting { change, replaces, bytes: sealed.0, after, content });
        }
        Ok(())
    }

    /// Drops changes that another tab has removed from the local store.
    pub(super) fn release(&mut self, changes: &[ChangeRef], random: &mut (impl RngCore + CryptoRng)) -> EntryUpdate {
        let mut update = EntryUpdate::default();
        for change in changes {
            let seen = self.memory.seen(change.id).map_or(0, |seen| seen.version);
            if let Some(record) = self.records.get_mut(&change.id) {
                let is_lost = record.version() < change.version && change.version <= seen;
                match record.waiting.iter_mut().find(|waiting| waiting.change == *change) {
                    // The other tab has sent it, and the server has lost it since: only this tab has it.
                    Some(waiting) if is_lost => {
                        waiting.replaces = change.version;
                        update.sealed.extend(waiting.to_item());
                    }
                    _ => record.waiting.retain(|waiting| waiting.change != *change),
                }
                self.settle(change.id, &mut update, random);
                self.report(change.id, &mut update);
            }
        }
        update
    }

    /// The head that the server has, and one of the same state under another key.
    ///
    /// # Errors
    /// [`KeyringError::OutOfTurn`] as long as the list is not complete, or is in doubt.
    pub(super) fn head_under(
        &self,
        keys: &KeySet,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<(Option<SealedHead>, SealedHead), KeyringError> {
        if !self.state.is_complete() {
            return Err(KeyringError::OutOfTurn);
        }
        let replaces = self.state.head.clone().map(SealedHead::try_from).transpose();
        let head = Head { change_no: self.state.position, digest: self.digest_with(&BTreeMap::new()) };
        Ok((replaces.map_err(|_| KeyringError::Broken)?, keys.seal_head(&head, random)?))
    }

    /// Makes `next` the current key, once the server has it with this head. Waiting changes are sealed again.
    pub(super) fn replace_key(
        &mut self,
        next: KeySet,
        head: &SealedHead,
        random: &mut (impl RngCore + CryptoRng),
    ) -> EntryUpdate {
        self.keys.replace(next);
        self.state.head = Some(head.as_bytes().to_vec());
        self.state.is_head_due = false;
        self.state.note_saved();
        let mut update = EntryUpdate { remember: true, ..EntryUpdate::default() };
        let waiting = self.records.iter().filter(|(_, record)| !record.waiting.is_empty());
        for id in waiting.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.settle(id, &mut update, random);
            self.report(id, &mut update);
        }
        update
    }
}
