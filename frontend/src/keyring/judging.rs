//! Judging what the server lists: beside its head, and beside this browser's memory.

use super::head::{self, Listed, ListedKind};
use super::memory::Seen;
use super::protocol::KeyringError;
use super::protocol::entry::EntryUpdate;
use super::protocol::outbox::{Doubt, DoubtKind, Doubts, VaultDoubt};
use super::record::Waiting;
use super::seal::Head;
use super::vault::Vault;
use shared::ids::EntryId;

/// The server's head, opened.
pub(super) enum OpenedHead {
    Missing,
    Newer,
    Wrong,
    Fits(Head),
}

impl Vault {
    /// Opens the server's head.
    pub(super) fn open_head(&self, head: Option<&[u8]>) -> OpenedHead {
        let Some(head) = head else { return OpenedHead::Missing };
        match self.keys.open_head(head) {
            Ok((number, head)) if number == self.keys.current().number => OpenedHead::Fits(head),
            Err(KeyringError::UnknownFormat) => OpenedHead::Newer,
            Ok(_) | Err(_) => OpenedHead::Wrong,
        }
    }

    /// Compares the head with the list.
    pub(super) fn judge_head(&self, head: &OpenedHead, last: u64, is_wrong: bool) -> Option<VaultDoubt> {
        match head {
            _ if is_wrong => Some(VaultDoubt::ListWrong),
            // Without key numbers there was no head.
            OpenedHead::Missing if self.keys.is_legacy() => None,
            OpenedHead::Missing => Some(VaultDoubt::HeadMissing),
            OpenedHead::Newer => Some(VaultDoubt::NewerFormat),
            OpenedHead::Fits(Head { change_no, digest })
                if *change_no == last && *digest == head::digest(self.listed()) =>
            {
                None
            }
            OpenedHead::Fits(_) | OpenedHead::Wrong => Some(VaultDoubt::HeadWrong),
        }
    }

    /// Compares the vault with the memory.
    pub(super) fn judge(&self, vault: Option<VaultDoubt>, head: &OpenedHead) -> Doubts {
        let is_older = matches!(head, OpenedHead::Fits(head) if head.change_no < self.memory.change_no());
        let vault = vault.or(self.state.memory_doubt).or_else(|| is_older.then_some(VaultDoubt::Older));
        Doubts { vault, entries: self.judge_entries() }
    }

    pub(super) fn judge_entries(&self) -> Vec<Doubt> {
        let doubt = |(id, seen): (EntryId, &Seen)| {
            let record = self.records.get(&id);
            let listed = record.and_then(|record| record.listed);
            let is_newer = |listed: Listed| listed.version > seen.version;
            let is_seen = |listed: Listed| listed.version == seen.version && listed.mark() == seen.mark;
            let kind = match listed {
                Some(listed) if is_newer(listed) && listed.is_valid() => return None,
                Some(listed) if is_seen(listed) => return None,
                Some(listed) if listed.kind == ListedKind::Entry && seen.is_deleted => DoubtKind::PutBack,
                _ if seen.is_deleted => return None,
                Some(listed) if listed.kind == ListedKind::Entry => DoubtKind::Older,
                _ => DoubtKind::Missing,
            };
            let waiting = record.map(|record| record.waiting.as_slice()).unwrap_or_default();
            // A newer version is on its way.
            let order = self.order(id);
            if order.chain.iter().any(|place| waiting[*place].change.version > seen.version) {
                return None;
            }
            let is_mine = order.mine.is_some_and(|mine| waiting[mine].change.version >= seen.version);
            let is_here = seen.is_deleted || is_mine || waiting.iter().any(Waiting::is_held);
            Some(Doubt { id, name: seen.name.clone(), kind, is_here })
        };
        self.memory.all_seen().filter_map(doubt).collect()
    }

    /// Judges again, if there are doubts: waiting changes may have come or gone.
    pub(super) fn judge_again(&mut self, update: &mut EntryUpdate) {
        if self.state.doubts != Doubts::default() {
            let entries = self.judge_entries();
            let vault = self.state.doubts.vault.filter(|doubt| {
                let is_memory = self.state.memory_doubt == Some(*doubt);
                *doubt != VaultDoubt::Older || is_memory || self.state.position < self.memory.change_no()
            });
            self.state.doubts = Doubts { vault, entries };
            update.doubts = Some(self.state.doubts.clone());
        }
    }

    /// True if an entry of this id is in doubt.
    pub(super) fn is_in_doubt(&self, id: EntryId) -> bool {
        self.state.doubts.entries.iter().any(|doubt| doubt.id == id)
    }
}
