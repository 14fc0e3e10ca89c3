//! The changes of the outbox, and where each of them is.

use std::collections::BTreeSet;

use shared::ids::EntryId;

use crate::keyring::protocol::outbox::{ChangeRef, SealedChange};

/// Where a change is, apart from the keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// On its way into the local store.
    Storing,
    /// In the local store, under this key.
    Stored(u32),
    /// It was in the local store, and another tab has removed it.
    Gone,
    /// The browser did not store it: only the page has it.
    Page,
}

/// A sealed change in the outbox. `F` is the server's reason to refuse it.
#[derive(Clone, Debug)]
pub struct Item<F> {
    pub change: SealedChange,
    /// The reason why the server refused it. Without one, it is sent automatically.
    pub refused: Option<F>,
    /// Saving it is not reported.
    pub quiet: bool,
    place: Place,
    /// The keyring was asked for a request that may contain it.
    asked: bool,
    /// The keyring had none: it is in conflict, or follows a change that is.
    held: bool,
}

impl<F> Item<F> {
    fn new(change: SealedChange, quiet: bool, place: Place) -> Self {
        Self { change, refused: None, quiet, place, asked: false, held: false }
    }

    /// Leaving the page would lose it.
    pub fn is_in_page_only(&self) -> bool {
        self.place == Place::Page
    }

    /// Its key in the local store.
    pub fn key(&self) -> Option<u32> {
        match self.place {
            Place::Stored(key) => Some(key),
            Place::Storing | Place::Gone | Place::Page => None,
        }
    }

    fn can_be_sent(&self) -> bool {
        self.refused.is_none() && matches!(self.place, Place::Stored(_) | Place::Page)
    }
}

/// All changes, in the order in which they were sealed or found.
#[derive(Debug)]
pub(super) struct Items<F> {
    all: Vec<Item<F>>,
    /// Keys of changes that do not open: they stay in the local store, and are neither sent nor read again.
    ignored: BTreeSet<u32>,
}

impl<F: Clone> Items<F> {
    /// `in_page` are changes from before a lock. If they are in the local store after all, they are found there.
    pub(super) fn new(in_page: Vec<Item<F>>) -> Self {
        let not_stored = |item| Item { place: Place::Page, asked: false, held: false, ..item };
        Self { all: in_page.into_iter().map(not_stored).collect(), ignored: BTreeSet::new() }
    }

    pub(super) fn all(&self) -> &[Item<F>] {
        &self.all
    }

    pub(super) fn known_keys(&self) -> BTreeSet<u32> {
        self.all.iter().filter_map(Item::key).chain(self.ignored.iter().copied()).collect()
    }

    /// Adds a change that the keyring gave just now. False if it is here already: two tabs may find that the server has
    /// lost the same change.
    pub(super) fn push(&mut self, change: &SealedChange, quiet: bool) -> bool {
        let is_new = self.find(change.change).is_none();
        if is_new {
            self.all.push(Item::new(change.clone(), quiet, Place::Storing));
        }
        is_new
    }

    /// Adds a change of the local store. False if it is here already.
    pub(super) fn adopt(&mut self, key: u32, change: &SealedChange) -> bool {
        let is_new = self.find(change.change).is_none();
        if is_new {
            self.all.push(Item::new(change.clone(), false, Place::Stored(key)));
        }
        is_new
    }

    fn find(&mut self, change: ChangeRef) -> Option<&mut Item<F>> {
        self.all.iter_mut().find(|item| item.change.change == change)
    }

    /// Notes the keys of changes that are here already: their storing is not reported yet. Returns the keys of those
    /// that are stored twice.
    pub(super) fn claim_keys(&mut self, keys: &BTreeSet<u32>, found: &[(u32, SealedChange)]) -> Vec<u32> {
        let mut twice = Vec::new();
        for (key, change) in found {
            match self.find(change.change) {
                Some(item) if item.key().is_some_and(|other| other != *key && keys.contains(&other)) => {
                    twice.push(*key)
                }
                Some(item) => item.place = Place::Stored(*key),
                None => {}
            }
        }
        twice
    }

    /// The local store was cleared: only the page has the changes.
    pub(super) fn lose_store(&mut self) {
        self.ignored.clear();
        for item in self.all.iter_mut().filter(|item| item.key().is_some()) {
            item.place = Place::Page;
        }
    }

    /// Notes which changes another tab has removed from the local store. A change that was not `known` when the store
    /// was read may have been stored since. True if there are any.
    pub(super) fn lose_keys(&mut self, known: &BTreeSet<u32>, keys: &BTreeSet<u32>) -> bool {
        let mut any = false;
        for item in &mut self.all {
            if item.key().is_some_and(|key| known.contains(&key) && !keys.contains(&key)) {
                item.place = Place::Gone;
                any = true;
            }
        }
        any
    }

    /// The changes that another tab has removed.
    pub(super) fn gone(&self) -> Vec<ChangeRef> {
        self.all.iter().filter(|item| item.place == Place::Gone).map(|item| item.change.change).collect()
    }

    /// Drops changes that another tab has removed.
    pub(super) fn forget(&mut self, changes: &[ChangeRef]) {
        self.all.retain(|item| item.place != Place::Gone || !changes.contains(&item.change.change));
    }

    /// Drops restored changes that do not open. In the local store they stay.
    pub(super) fn ignore(&mut self, refused: &[ChangeRef]) {
        let is_refused = |item: &Item<F>| refused.contains(&item.change.change);
        self.ignored.extend(self.all.iter().filter(|item| is_refused(item)).filter_map(Item::key));
        self.all.retain(|item| !is_refused(item));
    }

    pub(super) fn is_any_to_send(&self) -> bool {
        self.all.iter().any(|item| item.can_be_sent() && !item.held)
    }

    /// The changes that cannot be sent: they are not stored yet, or were refused.
    pub(super) fn not_to_send(&self) -> Vec<ChangeRef> {
        self.all.iter().filter(|item| !item.can_be_sent()).map(|item| item.change.change).collect()
    }

    /// Notes the changes that the keyring is asked about.
    pub(super) fn ask(&mut self) {
        self.all.iter_mut().for_each(|item| item.asked = item.can_be_sent());
    }

    /// The keyring has no request for them, until something changes.
    pub(super) fn hold_asked(&mut self) {
        self.all.iter_mut().for_each(|item| item.held |= item.asked);
    }

    pub(super) fn hold_none(&mut self) {
        for item in &mut self.all {
            (item.asked, item.held) = (false, false);
        }
    }

    pub(super) fn refuse(&mut self, change: ChangeRef, why: &F) {
        if let Some(item) = self.find(change) {
            item.refused = Some(why.clone());
        }
    }

    /// Lets refused changes of an entry be sent again.
    pub(super) fn allow(&mut self, id: EntryId) {
        for item in self.all.iter_mut().filter(|item| item.change.change.id == id) {
            item.refused = None;
            item.held = false;
        }
    }

    /// Removes the settled changes, and returns them.
    pub(super) fn settle(&mut self, settled: &[ChangeRef]) -> Vec<Item<F>> {
        self.all.extract_if(.., |item| settled.contains(&item.change.change)).collect()
    }

    /// Notes the keys of stored changes. Returns those whose changes have left meanwhile.
    pub(super) fn stored(&mut self, added: &[SealedChange], keys: &[u32]) -> Vec<u32> {
        let mut left = Vec::new();
        for (change, key) in added.iter().zip(keys) {
            match self.find(change.change) {
                Some(item) if item.place == Place::Storing => item.place = Place::Stored(*key),
                // It was found in the local store before it was reported as stored.
                Some(item) if item.key() == Some(*key) => {}
                // It has left, or another tab has stored it too.
                _ => left.push(*key),
            }
        }
        left
    }

    pub(super) fn not_stored(&mut self, added: &[SealedChange]) {
        for change in added {
            if let Some(item) = self.find(change.change) {
                item.place = Place::Page;
            }
        }
    }

    /// The changes that only the page has, to be stored once more.
    pub(super) fn store_again(&mut self) -> Vec<SealedChange> {
        let in_page = self.all.iter_mut().filter(|item| item.place == Place::Page);
        let store = |item: &mut Item<F>| {
            item.place = Place::Storing;
            item.change.clone()
        };
        in_page.map(store).collect()
    }

    pub(super) fn into_in_page(self) -> Vec<Item<F>> {
        self.all.into_iter().filter(|item| matches!(item.place, Place::Page | Place::Storing)).collect()
    }
}
