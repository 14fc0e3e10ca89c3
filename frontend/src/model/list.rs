//! The list of a vault's entries, newest first, with its search.

use std::cmp::Reverse;
use std::collections::HashMap;

use shared::ids::EntryId;

use crate::keyring::protocol::entry::{EntrySummary, EntryUpdate};

/// The entries of an open vault.
#[derive(Debug)]
pub struct EntryList {
    /// Newest first, sorted by [`place`].
    entries: Vec<IndexedEntry>,
    /// The time of each entry's change, which gives its position together with the id.
    changed: HashMap<EntryId, u64>,
    /// Removes the letter case of a text for the search. The browser's function adds no tables to the page.
    fold: fn(&str) -> String,
}

#[derive(Debug)]
struct IndexedEntry {
    summary: EntrySummary,
    /// Name, username, website and tags without letter case, for the search.
    folded: String,
}

/// The sort key of an entry. Ids rise with time, so they order entries changed in the same millisecond.
fn place(summary: &EntrySummary) -> Reverse<(u64, EntryId)> {
    Reverse((summary.changed_at, summary.id))
}

impl EntryList {
    /// An empty list that compares texts after `fold`.
    pub fn new(fold: fn(&str) -> String) -> Self {
        Self { entries: Vec::new(), changed: HashMap::new(), fold }
    }

    /// Empties the list and frees its memory.
    pub fn clear(&mut self) {
        *self = Self::new(self.fold);
    }

    /// Applies an update from the keyring, which names each entry once.
    pub fn apply(&mut self, update: EntryUpdate) {
        let ids = update.entries.iter().map(|it| it.id).chain(update.deleted);
        if ids.filter(|id| self.changed.remove(id).is_some()).count() > 0 {
            self.entries.retain(|entry| self.changed.contains_key(&entry.summary.id));
        }
        let mut new: Vec<IndexedEntry> = update.entries.into_iter().map(|summary| self.listed(summary)).collect();
        new.sort_unstable_by_key(|entry| place(&entry.summary));
        self.changed.extend(new.iter().map(|IndexedEntry { summary, .. }| (summary.id, summary.changed_at)));
        self.entries.append(&mut new);
        // The sort merges two sorted runs, so that a first sync does not sort the whole list again for each page.
        self.entries.sort_by_key(|entry| place(&entry.summary));
    }

    fn listed(&self, summary: EntrySummary) -> IndexedEntry {
        let EntrySummary { name, username, website, tags, id: _, version: _, changed_at: _, binned_at: _, state: _ } =
            &summary;
        // A word of a query contains no line break, so it never matches across two fields.
        let mut text = [name, username, website].map(String::as_str).join("\n");
        for tag in tags {
            text.push('\n');
            text.push_str(tag);
        }
        IndexedEntry { folded: (self.fold)(&text), summary }
    }

    /// The number of entries, with those in the bin.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The number of entries in the bin.
    pub fn binned(&self) -> usize {
        self.entries.iter().filter(|entry| entry.summary.binned_at.is_some()).count()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn get(&self, id: EntryId) -> Option<&EntrySummary> {
        let sought = Reverse((*self.changed.get(&id)?, id));
        let found = self.entries.binary_search_by_key(&sought, |entry| place(&entry.summary)).ok()?;
        self.entries.get(found).map(|entry| &entry.summary)
    }

    /// The entries with every word of the query in name, username, website or tags, newest first. An empty query finds
    /// all. `in_bin` selects either the entries in the bin or the others.
    pub fn search(&self, query: &str, in_bin: bool) -> impl Iterator<Item = &EntrySummary> {
        let words: Vec<String> = query.split_whitespace().map(self.fold).collect();
        self.entries
            .iter()
            .filter(move |entry| entry.summary.binned_at.is_some() == in_bin)
            .filter(move |entry| words.iter().all(|word| entry.folded.contains(word)))
            .map(|entry| &entry.summary)
    }
}

#[cfg(test)]
mod tests {
    #[cfg(not(target_arch = "wasm32"))]
    use proptest::prelude::*;

    use super::*;
    use crate::keyring::protocol::entry::EntryState;

    fn entry(tag: u8, name: &str, changed_at: u64) -> EntrySummary {
        let id = EntryId::from_time(u64::from(tag), [tag; 10]);
        let (username, website, tags) = (format!("{name}@desk"), format!("{name}.example"), vec!["Tag".into()]);
        let state = EntryState::Saved;
        EntrySummary { id, version: 1, name: name.into(), username, website, tags, changed_at, binned_at: None, state }
    }

    fn list(entries: Vec<EntrySummary>) -> EntryList {
        let mut list = EntryList::new(str::to_lowercase);
        list.apply(EntryUpdate { entries, ..EntryUpdate::default() });
        list
    }

    fn names(list: &EntryList, query: &str) -> Vec<String> {
        list.search(query, false).map(|entry| entry.name.clone()).collect()
    }

    #[test]
    fn the_newest_entry_is_first() {
        let mut list = list(vec![entry(1, "a", 10), entry(2, "b", 30), entry(3, "c", 20), entry(4, "d", 20)]);
        assert_eq!(names(&list, ""), ["b", "d", "c", "a"]);
        list.apply(EntryUpdate { entries: vec![entry(1, "a2", 40)], ..EntryUpdate::default() });
        assert_eq!(names(&list, ""), ["a2", "b", "d", "c"]);
        assert_eq!(list.len(), 4);
    }

    #[test]
    fn a_deleted_entry_is_gone() {
        let mut list = list(vec![entry(1, "a", 10), entry(2, "b", 30)]);
        let gone = entry(1, "", 0).id;
        list.apply(EntryUpdate { deleted: vec![gone], ..EntryUpdate::default() });
        assert_eq!(names(&list, ""), ["b"]);
        assert_eq!(list.get(gone), None);
    }

    #[test]
    fn every_word_must_match_in_any_letter_case() {
        let list = list(vec![entry(1, "GitHub work", 1), entry(2, "github home", 2), entry(3, "ÉCOLE", 3)]);
        assert_eq!(names(&list, "GITHUB"), ["github home", "GitHub work"]);
        assert_eq!(names(&list, " work  git "), ["GitHub work"]);
        assert_eq!(names(&list, "école"), ["ÉCOLE"]);
        assert_eq!(names(&list, "bank"), [""; 0]);
        // Each word may match another field.
        assert_eq!(names(&list, "home tag"), ["github home"]);
        assert_eq!(names(&list, "@DESK hub"), ["github home", "GitHub work"]);
        assert_eq!(names(&list, "école.example"), ["ÉCOLE"]);
        assert_eq!(names(&list, "work.exampletag"), [""; 0], "fields end");
    }

    #[test]
    fn the_bin_is_searched_separately() {
        let binned = EntrySummary { binned_at: Some(5), ..entry(2, "b", 30) };
        let list = list(vec![entry(1, "a", 10), binned]);
        assert_eq!(names(&list, ""), ["a"]);
        assert_eq!(list.search("", true).map(|it| it.name.as_str()).collect::<Vec<_>>(), ["b"]);
    }

    /// A change to a list: one of a few entries is stored, or is deleted.
    #[cfg(not(target_arch = "wasm32"))]
    fn change() -> impl Strategy<Value = (u8, Option<EntrySummary>)> {
        let text = "[abAB é]{0,4}";
        let summary = (text, text, text, prop::collection::vec(text, 0..3), 0..6u64, prop::option::of(0..9u64));
        (0..8u8, prop::option::of(summary)).prop_map(|(tag, summary)| {
            let summary = summary.map(|(name, username, website, tags, changed_at, binned_at)| EntrySummary {
                name,
                username,
                website,
                tags,
                binned_at,
                ..entry(tag, "", changed_at)
            });
            (tag, summary)
        })
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest! {
        /// After any updates, a search finds the same entries in the same order as a look at each entry.
        #[test]
        fn a_search_agrees_with_a_look_at_each_entry(
            portions in prop::collection::vec(prop::collection::vec(change(), 0..6), 0..8),
            query in "[abAB é]{0,3}",
            in_bin: bool,
        ) {
            let mut list = EntryList::new(str::to_lowercase);
            let mut known = std::collections::BTreeMap::new();
            for portion in portions {
                let portion: std::collections::BTreeMap<u8, _> = portion.into_iter().collect();
                let mut update = EntryUpdate::default();
                for (tag, summary) in portion {
                    match summary.clone() {
                        Some(summary) => update.entries.push(summary),
                        None => update.deleted.push(entry(tag, "", 0).id),
                    }
                    known.insert(tag, summary);
                }
                list.apply(update);
            }
            let mut expected: Vec<EntrySummary> = known.values().flatten().cloned().collect();
            prop_assert_eq!(list.len(), expected.len());
            prop_assert_eq!(list.binned(), expected.iter().filter(|entry| entry.binned_at.is_some()).count());
            for tag in 0..8 {
                let id = entry(tag, "", 0).id;
                prop_assert_eq!(list.get(id), known.get(&tag).and_then(Option::as_ref));
            }
            let holds = |text: &str, word: &str| text.to_lowercase().contains(&word.to_lowercase());
            expected.retain(|entry| {
                let texts = || [&entry.name, &entry.username, &entry.website].into_iter().chain(&entry.tags);
                entry.binned_at.is_some() == in_bin
                    && query.split_whitespace().all(|word| texts().any(|text| holds(text, word)))
            });
            expected.sort_by_key(|one| std::cmp::Reverse((one.changed_at, one.id)));
            prop_assert_eq!(list.search(&query, in_bin).cloned().collect::<Vec<_>>(), expected);
        }
    }
}
