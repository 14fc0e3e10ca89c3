//! This browser's memory beside the server's list: reading and writing it, and ending doubts.

use std::collections::BTreeSet;

use rand_core_06::{CryptoRng, RngCore};
use shared::ids::EntryId;

use super::memory::Memory;
use super::protocol::entry::EntryUpdate;
use super::protocol::outbox::{DoubtKind, Doubts, VaultDoubt};
use super::protocol::{KeyringError, Resolution};
use super::record::Waiting;
use super::vault::Vault;

impl Vault {
    /// Reads the memory, before the first list.
    ///
    /// # Errors
    /// [`KeyringError`] if the record does not open. The vault is then as new to this browser.
    pub(super) fn recall(&mut self, record: Option<&[u8]>) -> Result<EntryUpdate, KeyringError> {
        if let Some(memory) = self.read_memory(record)? {
            self.memory.merge(memory);
        }
        Ok(EntryUpdate { news: Some(self.memory.news()), ..EntryUpdate::default() })
    }

    /// Opens a record of the local store; none if it is from a later state of the vault than the server's, which is a
    /// doubt of its own.
    fn read_memory(&mut self, record: Option<&[u8]>) -> Result<Option<Memory>, KeyringError> {
        let Some(record) = record else { return Ok(None) };
        let doubt = match super::seal::key_no(record) {
            Err(KeyringError::UnknownFormat) => Some(VaultDoubt::NewerFormat),
            Ok(number) if number > self.keys.current().number => Some(VaultDoubt::Older),
            _ => None,
        };
        if doubt.is_some() && !self.state.is_accepted {
            self.state.memory_doubt = doubt;
            return Ok(None);
        }
        self.keys.open_memory(record).and_then(|plaintext| Memory::read(&plaintext)).map(Some)
    }

    /// Seals the memory, merged with the record in the local store; none if that is the same, or must stay.
    pub(super) fn remember(
        &mut self,
        stored: Option<&[u8]>,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<Option<Vec<u8>>, KeyringError> {
        // A record that does not open is replaced.
        let memory = self.read_memory(stored).unwrap_or_default();
        if self.state.memory_doubt.is_some() {
            return Ok(None);
        }
        if let Some(memory) = &memory {
            self.memory.merge(memory.clone());
        }
        let is_current = stored
            .is_some_and(|stored| super::seal::key_no(stored).is_ok_and(|number| number == self.keys.current().number));
        if is_current && memory.as_ref() == Some(&self.memory) {
            return Ok(None);
        }
        self.keys.current().seal_memory(&self.memory.write()?, random).map(Some)
    }

    /// Seals what this browser has and the server does not list any more as newer versions.
    pub(super) fn keep_newer(
        &mut self,
        now: u64,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<EntryUpdate, KeyringError> {
        let mut update = self.end_held(Resolution::Mine, now, random)?;
        for doubt in self.judge_entries() {
            if doubt.kind == DoubtKind::PutBack && self.entry(doubt.id).is_ok() {
                self.seal_next(doubt.id, None, &mut update, random)?;
            }
        }
        self.accept_head(&mut update);
        Ok(update)
    }

    /// Accepts what the server lists: lowers the memory to it.
    pub(super) fn accept_server(
        &mut self,
        now: u64,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<EntryUpdate, KeyringError> {
        let mut update = self.end_held(Resolution::Theirs, now, random)?;
        for doubt in self.judge_entries() {
            self.memory.forget(doubt.id);
            if let Some((id, listed, name)) = self.seen_now(doubt.id) {
                self.memory.note_seen(id, listed.version, listed.mark(), name.as_deref());
            }
        }
        self.accept_head(&mut update);
        Ok(update)
    }

    /// The server's version of an entry, as the memory notes it.
    fn seen_now(&self, id: EntryId) -> Option<(EntryId, super::head::Listed, Option<String>)> {
        let record = self.records.get(&id)?;
        let listed = record.listed?;
        match &record.stored {
            Some((version, bytes)) => {
                let document = self.open(id, *version, bytes).ok()?;
                Some((id, listed, Some(super::document::read(&document).ok()?.content.name)))
            }
            None => record.is_deletion().then_some((id, listed, None)),
        }
    }

    /// Ends every conflict with a version that the server had once.
    fn end_held(
        &mut self,
        resolution: Resolution,
        now: u64,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<EntryUpdate, KeyringError> {
        if self.keys.is_legacy() {
            return Err(KeyringError::Legacy);
        }
        let mut update = EntryUpdate { remember: true, ..EntryUpdate::default() };
        // A change that builds on a version which the server has lost is newer than that.
        let doubts = self.judge_entries().into_iter().filter(|doubt| doubt.is_here).map(|doubt| doubt.id);
        let held = self.records.iter().filter(|(_, record)| record.waiting.iter().any(Waiting::is_held));
        let ids: BTreeSet<EntryId> = held.map(|(id, _)| *id).chain(doubts).collect();
        for id in ids {
            while let Some(mine) = self.order(id).mine {
                // A change that the server never had was not accepted as lost with the entry: it becomes one of its own.
                let is_unsent = self.records.get(&id).is_some_and(|record| !record.waiting[mine].is_held());
                let is_lost = resolution == Resolution::Theirs && self.compare(id)?.1.is_none();
                let resolution = if is_unsent && is_lost { Resolution::Both } else { resolution };
                update.add(self.resolve(id, resolution, now, random)?);
            }
        }
        Ok(update)
    }

    fn accept_head(&mut self, update: &mut EntryUpdate) {
        self.memory.accept_number(self.state.position);
        self.state.accept();
        self.state.doubts = Doubts { vault: None, entries: self.judge_entries() };
        update.doubts = Some(self.state.doubts.clone());
    }
}

impl EntryUpdate {
    /// Adds a later update.
    fn add(&mut self, later: Self) {
        let gone = |id: EntryId| later.deleted.contains(&id) || later.entries.iter().any(|it| it.id == id);
        self.entries.retain(|it| !gone(it.id));
        self.deleted.retain(|id| !gone(*id));
        self.entries.extend(later.entries);
        self.deleted.extend(later.deleted);
        self.sealed.extend(later.sealed);
        self.settled.extend(later.settled);
    }
}
