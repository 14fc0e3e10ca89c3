//! The list of a vault's entries: kept newest first, searched as one types.

use std::collections::HashSet;

use shared::ids::EntryId;

use crate::keyring::protocol::entry::{EntrySummary, Opened};

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
    /// What is searched: name, log-in name, website and tags.
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
        let gone: HashSet<EntryId> = opened.entries.iter().map(|it| it.id).chain(opened.deleted).collect();
        if gone.is_empty() {
            return;
        }
        self.entries.retain(|entry| !gone.contains(&entry.summary.id));
        let fold = self.fold;
        self.entries.extend(opened.entries.into_iter().map(|summary| {
            let EntrySummary { name, login, website, tags, .. } = &summary;
            // A word of a query does not hold a line break, and so is found in one of them.
            Listed { folded: fold(&[name, login, website, &tags.join("\n")].map(String::as_str).join("\n")), summary }
        }));
        // Ids rise with time: they order what was changed in the same millisecond.
        self.entries.sort_by_key(|entry| std::cmp::Reverse((entry.summary.changed_at, entry.summary.id)));
    }

    /// How many there are, in the bin or not.
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

    /// Entries that hold every word of the query in name, log-in name, website or tags, newest first. An empty query
    /// finds all. Those in the bin are found there only.
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
    use super::*;
    use crate::keyring::protocol::entry::EntryState;

    fn entry(tag: u8, name: &str, changed_at: u64) -> EntrySummary {
        let id = EntryId::from_time(u64::from(tag), [tag; 10]);
        let (login, website, tags) = (format!("{name}@desk"), format!("{name}.example"), vec!["Tag".into()]);
        let state = EntryState::Saved;
        EntrySummary { id, version: 1, name: name.into(), login, website, tags, changed_at, binned_at: None, state }
    }

    fn list(entries: Vec<EntrySummary>) -> EntryList {
        let mut list = EntryList::new(str::to_lowercase);
        list.apply(Opened { entries, ..Opened::default() });
        list
    }

    fn names(list: &EntryList, query: &str) -> Vec<String> {
        list.search(query, false).map(|entry| entry.name.clone()).collect()
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
        // In any of its fields.
        assert_eq!(names(&list, "home tag"), ["github home"]);
        assert_eq!(names(&list, "@DESK hub"), ["github home", "GitHub work"]);
        assert_eq!(names(&list, "école.example"), ["ÉCOLE"]);
        assert_eq!(names(&list, "work.exampletag"), [""; 0], "fields end");
    }

    #[test]
    fn the_bin_is_a_list_of_its_own() {
        let binned = EntrySummary { binned_at: Some(5), ..entry(2, "b", 30) };
        let list = list(vec![entry(1, "a", 10), binned]);
        assert_eq!(names(&list, ""), ["a"]);
        assert_eq!(list.search("", true).map(|it| it.name.as_str()).collect::<Vec<_>>(), ["b"]);
    }
}
