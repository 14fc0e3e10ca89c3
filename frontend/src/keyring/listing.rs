//! Applying the changes that the server lists, and judging them.
//!
//! Three things are compared: the list with the head, which only a key of the vault can make; the list with this
//! browser's memory; and the list with the vault as it was before. A contradiction is not believed at once: an answer may
//! be older than a change that was saved meanwhile. The whole list is read once more, and judged again. Only then entries
//! get older or disappear here, and the versions that this page still has become one side of a conflict.

use std::collections::BTreeSet;

use rand_core_06::{CryptoRng, RngCore};
use shared::changes::{Changes, StoredVersion};
use shared::ids::EntryId;

use super::document;
use super::head::{Listed, ListedKind};
use super::judging::OpenedHead;
use super::protocol::KeyringError;
use super::protocol::entry::{Entry, EntryUpdate};
use super::protocol::outbox::{ChangeRef, Doubts, VaultDoubt};
use super::record::{NOTHING, Record, UNREADABLE, Waiting, mark_of_nonce};
use super::seal::Opened;
use super::vault::{HISTORY_MAX, Vault, has_password};

/// Most rows in one list: a server must not keep a page busy for ever.
const ROWS_MAX: usize = 1_000_000;

/// The state of the comparison with the server.
pub(super) struct ListState {
    /// The newest change number whose changes are applied.
    pub(super) position: u64,
    /// The server's head.
    pub(super) head: Option<Vec<u8>>,
    /// The head fits what is listed, or a person has accepted that it does not: changes can be sent.
    pub(super) is_settled: bool,
    /// The head states what a person has accepted, and not what it covers: the next batch must replace it.
    pub(super) is_head_due: bool,
    /// A list was judged.
    is_judged: bool,
    /// A doubt that the memory itself casts.
    pub(super) memory_doubt: Option<VaultDoubt>,
    /// A person has accepted what the server lists.
    pub(super) is_accepted: bool,
    list: Option<List>,
    pub(super) doubts: Doubts,
}

/// A list that is being read.
#[derive(Default)]
struct List {
    /// It began at 0.
    is_full: bool,
    /// It is read to make sure of a contradiction.
    is_second: bool,
    /// A change was saved meanwhile: the list may be older than that.
    is_outdated: bool,
    /// The last change number so far.
    last: u64,
    rows: usize,
    /// The entries that a full list has.
    ids: BTreeSet<EntryId>,
    /// Rows that contradict what is known.
    doubtful: Vec<StoredVersion>,
}

/// A listed version, opened.
enum Row {
    Entry(Box<Entry>, u64),
    Deletion,
    MadeUp,
    Unreadable(KeyringError),
}

impl ListState {
    pub(super) fn new(is_legacy: bool) -> Self {
        Self {
            position: 0,
            head: None,
            is_settled: is_legacy,
            is_head_due: false,
            is_judged: false,
            memory_doubt: None,
            is_accepted: false,
            list: None,
            doubts: Doubts::default(),
        }
    }

    /// The change number after which to list.
    pub(super) fn next(&self) -> u64 {
        self.list.as_ref().map_or(self.position, |list| list.last)
    }

    /// Notes that a change was saved: a list that is being read may not have it.
    pub(super) fn note_saved(&mut self) {
        if let Some(list) = &mut self.list {
            list.is_outdated = true;
        }
    }

    /// Ends the doubt about the vault as a whole: a person has accepted it.
    pub(super) fn accept(&mut self) {
        self.is_accepted = true;
        self.memory_doubt = None;
        self.doubts.vault = None;
        if !self.is_settled {
            (self.is_settled, self.is_head_due) = (true, true);
        }
    }

    /// True if the whole list was judged, and a new head would cover it.
    pub(super) fn is_complete(&self) -> bool {
        self.is_judged && self.is_settled
    }
}

impl Vault {
    /// Applies an answer of the server, which lists the changes after `since`.
    ///
    /// # Errors
    /// [`KeyringError::OutOfTurn`] if changes between would be left out.
    pub(super) fn apply_list(
        &mut self,
        changes: Changes,
        since: u64,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<EntryUpdate, KeyringError> {
        let mut list = match self.state.list.take() {
            Some(list) if list.last == since => list,
            _ if since == 0 => List { is_full: true, ..List::default() },
            _ if since == self.state.position => List { last: since, ..List::default() },
            other => {
                self.state.list = other;
                return Err(KeyringError::OutOfTurn);
            }
        };
        let mut update = EntryUpdate::default();
        let head = changes.head.map(|head| head.0);
        let opened = self.open_head(head.as_deref());
        let newest = if let OpenedHead::Fits(head) = &opened { head.change_no } else { u64::MAX };
        let mut is_wrong = changes.more && changes.entries.is_empty();
        for row in changes.entries {
            if row.change_no <= list.last || list.rows >= ROWS_MAX {
                is_wrong = true;
                break;
            }
            list.last = row.change_no;
            list.rows += 1;
            if list.is_full {
                list.ids.insert(row.id);
            }
            list.doubtful.extend(self.apply_row(row, false, &mut update, random));
        }
        // The head was read together with these rows: a list that goes on has not reached its number.
        is_wrong |= changes.more && list.last >= newest;
        if changes.more && !is_wrong {
            update.next = Some(list.last);
            self.state.list = Some(list);
        } else {
            self.end_list(list, (head, opened), is_wrong, &mut update, random);
        }
        Ok(update)
    }

    /// Judges a list that has ended, or has the next one read.
    fn end_list(
        &mut self,
        list: List,
        (head, opened): (Option<Vec<u8>>, OpenedHead),
        is_wrong: bool,
        update: &mut EntryUpdate,
        random: &mut (impl RngCore + CryptoRng),
    ) {
        let is_same_head = head == self.state.head;
        let is_quiet = !list.is_full && list.rows == 0 && is_same_head && !is_wrong && !list.is_outdated;
        // As long as the head does not fit, every list is read to its end: the server may be honest again.
        if is_quiet && self.state.is_settled {
            return;
        }
        if list.is_outdated {
            let List { is_full, is_second, .. } = list;
            let last = if is_full { 0 } else { self.state.position };
            self.state.list = Some(List { is_full, is_second, last, ..List::default() });
            update.next = Some(last);
            return;
        }
        // A list that was broken off says nothing about the rest.
        let missing: Vec<EntryId> = match list.is_full && !is_wrong {
            true => self.listed().map(|(id, _)| id).filter(|id| !list.ids.contains(id)).collect(),
            false => Vec::new(),
        };
        let is_unchanged = !list.is_full && list.rows == 0;
        let mut vault = self.judge_head(&opened, list.last, is_wrong);
        let mut doubts = self.judge(vault, &opened);
        let is_doubtful = !list.doubtful.is_empty() || !missing.is_empty() || is_unchanged;
        let is_news = doubts != self.state.doubts && doubts != Doubts::default();
        if !list.is_second && (is_doubtful || is_news || vault.is_some()) {
            self.state.list = Some(List { is_full: true, is_second: true, ..List::default() });
            update.next = Some(0);
            return;
        }
        if is_doubtful {
            for row in list.doubtful {
                self.apply_row(row, true, update, random);
            }
            for id in missing {
                self.apply_missing(id, update, random);
            }
            vault = self.judge_head(&opened, list.last, is_wrong);
            doubts = self.judge(vault, &opened);
        }
        self.state.position = list.last;
        self.state.is_settled = vault.is_none();
        self.state.is_head_due &= is_same_head;
        self.state.is_judged = true;
        self.state.head = head;
        update.remember |= vault.is_none() && self.memory.note_change_no(list.last);
        update.doubts = Some(doubts.clone());
        self.state.doubts = doubts;
    }

    /// The versions that the server lists, by rising id.
    pub(super) fn listed(&self) -> impl Iterator<Item = (EntryId, Listed)> {
        self.records.iter().filter_map(|(id, record)| Some((*id, record.listed?)))
    }

    fn open_row(&self, id: EntryId, version: u32, bytes: Option<&[u8]>) -> Row {
        let Some(bytes) = bytes else {
            // Deletions are sealed as long as there are memories: an entry that was seen was not deleted without a seal.
            let is_alive = self.memory.seen(id).is_some_and(|seen| !seen.is_deleted);
            return if self.keys.accepts_format_1() && !is_alive { Row::Deletion } else { Row::MadeUp };
        };
        let opened = self.keys.open(id, version, bytes).and_then(|opened| match opened {
            Opened::Deletion => Ok(Row::Deletion),
            Opened::Entry(document) => {
                // The mark is needed only if it is compared.
                let is_known = self.records.get(&id).is_some_and(|record| {
                    !record.waiting.is_empty() || record.stored.as_ref().is_some_and(|(_, stored)| stored != bytes)
                });
                let content = if is_known { self.keys.content_mark(&document) } else { UNREADABLE };
                document::read(&document).map(|entry| Row::Entry(Box::new(entry), content))
            }
        });
        opened.unwrap_or_else(Row::Unreadable)
    }

    /// Applies a listed version. Gives it back if it contradicts what is known, unless it is `certain`.
    fn apply_row(
        &mut self,
        row: StoredVersion,
        certain: bool,
        update: &mut EntryUpdate,
        random: &mut (impl RngCore + CryptoRng),
    ) -> Option<StoredVersion> {
        let StoredVersion { id, version, ref sealed, .. } = row;
        let bytes = sealed.as_ref().map(|sealed| sealed.0.as_slice());
        let (listed, opened) = self.open_row_of(&row)?;
        let known = self.records.get(&id);
        // True if the version that the server had would be lost.
        let mut is_lost = false;
        if let Some((before, stored)) = known.and_then(|record| record.stored.as_ref())
            && !(*before == version && Some(stored.as_slice()) == bytes)
        {
            let old = self.open(id, *before, stored).ok();
            let is_same = |content: &u64| old.as_ref().map(|old| self.keys.content_mark(old)) == Some(*content);
            let is_kept = match &opened {
                Row::Unreadable(KeyringError::UnknownFormat) => true,
                Row::Unreadable(_) | Row::MadeUp => false,
                Row::Deletion => version > *before,
                Row::Entry(_, content) if is_same(content) => version >= *before,
                Row::Entry(entry, _) => version > *before && old.as_ref().is_none_or(|old| follows(entry, old)),
            };
            // A newer version that does not know the password before was made from an older one: no contradiction of
            // the server's, and certain at once.
            let is_fork = matches!(opened, Row::Entry(..)) && version > *before;
            if !is_kept && !is_fork && !certain {
                return Some(row);
            }
            is_lost = !is_kept;
        } else if !certain && known.and_then(|record| record.listed).is_some_and(|known| known.version > version) {
            return Some(row);
        }
        if is_lost {
            self.hold(id, update);
        }
        let record = self.records.entry(id).or_default();
        record.listed = Some(listed);
        match opened {
            Row::Unreadable(_) | Row::MadeUp => {
                update.refused.push(id);
                // An entry that was saved in a newer format stays to be seen as it was, until the vault is locked.
                if listed.kind != ListedKind::NewerFormat {
                    record.stored = None;
                }
                self.settle(id, update, random);
                self.report(id, update);
            }
            Row::Deletion => {
                record.stored = None;
                update.remember |= self.memory.note_seen(id, version, listed.mark(), None);
                self.settle(id, update, random);
                self.report(id, update);
            }
            Row::Entry(entry, _) => {
                record.stored = bytes.map(|bytes| (version, bytes.to_vec()));
                let is_simple = record.waiting.is_empty();
                update.remember |= self.memory.note_seen(id, version, listed.mark(), Some(&entry.content.name));
                if is_simple {
                    // The usual case: the newest entry was just opened, and need not be opened again.
                    self.report_entry(id, *entry, update);
                } else {
                    self.settle(id, update, random);
                    self.report(id, update);
                }
            }
        }
        None
    }

    /// Opens a listed version; none if it is known already.
    fn open_row_of(&self, row: &StoredVersion) -> Option<(Listed, Row)> {
        let StoredVersion { id, version, sealed, .. } = row;
        let bytes = sealed.as_ref().map(|sealed| sealed.0.as_slice());
        if let Some(Record { listed: Some(listed), stored, .. }) = self.records.get(id)
            && listed.is_same(&Listed::new(*version, bytes, listed.kind))
            && stored.as_ref().is_some_and(|(known, stored)| known == version && Some(stored.as_slice()) == bytes)
        {
            return None;
        }
        let opened = self.open_row(*id, *version, bytes);
        let kind = match opened {
            Row::Entry(..) => ListedKind::Entry,
            Row::Deletion => ListedKind::Deletion,
            Row::MadeUp => ListedKind::MadeUp,
            Row::Unreadable(KeyringError::UnknownFormat) => ListedKind::NewerFormat,
            Row::Unreadable(_) => ListedKind::Unreadable,
        };
        Some((Listed::new(*version, bytes, kind), opened))
    }

    /// Notes that the server does not list an entry any more.
    fn apply_missing(&mut self, id: EntryId, update: &mut EntryUpdate, random: &mut (impl RngCore + CryptoRng)) {
        self.hold(id, update);
        if let Some(record) = self.records.get_mut(&id) {
            (record.listed, record.stored) = (None, None);
        }
        self.settle(id, update, random);
        self.report(id, update);
    }

    /// Puts the version that the server had into the outbox, as one side of a conflict: locking must not lose it.
    fn hold(&mut self, id: EntryId, update: &mut EntryUpdate) {
        let Some(record) = self.records.get(&id) else { return };
        let Some((version, bytes)) = record.stored.clone() else { return };
        let Ok(document) = self.open(id, version, &bytes) else { return };
        let content = self.keys.content_mark(&document);
        if record.waiting.iter().any(|waiting| waiting.is_held() && waiting.content == content) {
            return;
        }
        let change = ChangeRef { id, version, mark: mark_of_nonce(&bytes) };
        let held = Waiting { change, replaces: version, bytes, after: None, content };
        update.sealed.extend(held.to_item().ok());
        self.records.entry(id).or_default().waiting.push(held);
    }

    /// Takes the changes out of an entry's outbox that the server has by now, and prepares the others to be sent.
    pub(super) fn settle(&mut self, id: EntryId, update: &mut EntryUpdate, random: &mut (impl RngCore + CryptoRng)) {
        let base = self.base(id);
        let Some(record) = self.records.get_mut(&id) else { return };
        let mut settled = Vec::new();
        if base.content != NOTHING && base.content != UNREADABLE {
            while let Some(place) = record.waiting.iter().position(|waiting| waiting.content == base.content) {
                settled.extend(record.take_line(place, &[]));
            }
        }
        // A deletion loses against a change that was made elsewhere.
        let order = record.order(base);
        let mut places = 0..record.waiting.len();
        let lost = record.waiting.extract_if(.., |waiting| {
            let place = places.next().unwrap_or_default();
            waiting.is_deletion() && !order.chain.contains(&place)
        });
        settled.extend(lost);
        update.remember |= !settled.is_empty();
        update.settled.extend(settled.into_iter().map(|waiting| waiting.change));
        self.seal_again(id, update, random);
    }

    /// Seals waiting changes again that cannot be sent as they are: under the current key, and above the version that
    /// they replace.
    fn seal_again(&mut self, id: EntryId, update: &mut EntryUpdate, random: &mut (impl RngCore + CryptoRng)) {
        let mut at = self.base(id);
        for place in self.order(id).chain {
            let Some(waiting) = self.records.get(&id).and_then(|record| record.waiting.get(place)).cloned() else {
                return;
            };
            let key_no = super::seal::key_no(&waiting.bytes).unwrap_or_default();
            if waiting.change.version > at.version && key_no == self.keys.current().number {
                at = waiting.as_base();
                continue;
            }
            let document = match waiting.is_deletion() {
                true => None,
                false => match self.open(id, waiting.change.version, &waiting.bytes) {
                    Ok(document) => Some(document),
                    Err(_) => return,
                },
            };
            let document = document.as_ref().map(|document| document.as_slice());
            // In a vault that cannot be changed they stay as they are.
            let Ok(again) = self.seal_version(id, document, at, random) else { return };
            at = again.as_base();
            update.settled.push(waiting.change);
            update.sealed.extend(again.to_item().ok());
            if let Some(record) = self.records.get_mut(&id) {
                record.waiting[place] = again;
            }
        }
    }
}

/// True if an entry may have been made from another one: it knows its password.
fn follows(entry: &Entry, before: &[u8]) -> bool {
    let Ok(before) = document::read(before) else { return true };
    entry.history.len() >= HISTORY_MAX || has_password(entry, before.content.password.expose())
}
