//! The list of a vault's entries: kept newest first, searched as one types.

use std::collections::HashMap;

use shared::ids::EntryId;

use crate::keyring::protocol::{EntrySummary, Opened};

/// The entries of an open vault.
#[derive(Debug)]
pub struct EntryList {
    /// Newest first.
    entries: Vec<Listed>,
    /// Text as it is compared in a search: without letter case. The browser knows how, and its tables weigh nothing.
    fold: fn(&str) -> String,
}

#[derive(Debug)]
struct Listed {
    summary: EntrySummary,
    /// The name as it is searched.
    folded: String,
}

impl EntryList {
    /// An empty list that compares texts as `fold` gives them.
    #[must_use]
    pub fn new(fold: fn(&str) -> String) -> Self {
        Self { entries: Vec::new(), fold }
    }

    /// Empties it.
    pub fn clear(&mut self) {
        self.entries.clear();
    }

    /// Takes in what the keyring has opened.
    pub fn apply(&mut self, opened: Opened) {
        let changed: HashMap<EntryId, Listed> = opened
            .entries
            .into_iter()
            .map(|summary| (summary.id, Listed { folded: (self.fold)(&summary.name), summary }))
            .collect();
        self.entries
            .retain(|entry| !changed.contains_key(&entry.summary.id) && !opened.deleted.contains(&entry.summary.id));
        self.entries.extend(changed.into_values());
        // Ids rise with time: they order what was saved in the same millisecond.
        self.entries.sort_by_key(|entry| std::cmp::Reverse((entry.summary.changed_at, entry.summary.id)));
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry of that id.
    #[must_use]
    pub fn get(&self, id: EntryId) -> Option<&EntrySummary> {
        self.entries.iter().map(|entry| &entry.summary).find(|summary| summary.id == id)
    }

    /// Entries whose name holds every word of the query, newest first. An empty query finds all.
    pub fn search(&self, query: &str) -> impl Iterator<Item = &EntrySummary> {
        let words: Vec<String> = query.split_whitespace().map(self.fold).collect();
        self.entries
            .iter()
            .filter(move |entry| words.iter().all(|word| entry.folded.contains(word)))
            .map(|entry| &entry.summary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(tag: u8, name: &str, changed_at: u64) -> EntrySummary {
        let id = EntryId::from_time(u64::from(tag), [tag; 10]);
        EntrySummary { id, version: 1, name: name.into(), changed_at }
    }

    fn list(entries: Vec<EntrySummary>) -> EntryList {
        let mut list = EntryList::new(str::to_lowercase);
        list.apply(Opened { entries, ..Opened::default() });
        list
    }

    fn names(list: &EntryList, query: &str) -> Vec<String> {
        list.search(query).map(|entry| entry.name.clone()).collect()
    }

    #[test]
    fn the_newest_is_first() {
        let mut list = list(vec![entry(1, "a", 10), entry(2, "b", 30), entry(3, "c", 20), entry(4, "d", 20)]);
        assert_eq!(names(&list, ""), ["b", "d", "c", "a"]);
        list.apply(Opened { entries: vec![entry(1, "a2", 40)], ..Opened::default() });
        assert_eq!(names(&list, ""), ["a2", "b", "d", "c"]);
        assert_eq!(list.len(), 4);
    }

    #[test]
    fn what_is_deleted_is_gone() {
        let mut list = list(vec![entry(1, "a", 10), entry(2, "b", 30)]);
        let gone = entry(1, "", 0).id;
        list.apply(Opened { deleted: vec![gone], ..Opened::default() });
        assert_eq!(names(&list, ""), ["b"]);
        assert_eq!(list.get(gone), None);
    }

    #[test]
    fn every_word_must_be_found_in_any_case() {
        let list = list(vec![entry(1, "GitHub work", 1), entry(2, "github home", 2), entry(3, "ÉCOLE", 3)]);
        assert_eq!(names(&list, "GITHUB"), ["github home", "GitHub work"]);
        assert_eq!(names(&list, " work  git "), ["GitHub work"]);
        assert_eq!(names(&list, "école"), ["ÉCOLE"]);
        assert_eq!(names(&list, "bank"), [""; 0]);
    }
}
