//! Importing another program's items, and listing all entries.

#[cfg(target_arch = "wasm32")]
use crate::browser_test::test;

use super::*;

fn item(name: &str, password: &str) -> ImportItem {
    ImportItem { content: content(name, password), history: Vec::new(), created_at: None, changed_at: None }
}

fn import(
    keyring: &mut Keyring<Counter>,
    items: Vec<ImportItem>,
    first: bool,
    again: bool,
) -> (Vec<ImportOutcome>, EntryUpdate) {
    match keyring.handle(Request::Import { items, first, again, now: NOW }) {
        Ok(Response::Imported { items, update }) => (items, update),
        other => panic!("{other:?}"),
    }
}

fn list(keyring: &mut Keyring<Counter>, after: Option<EntryId>, limit: u32) -> (Vec<(EntryId, Entry)>, bool) {
    match keyring.handle(Request::ListEntries { after, limit }) {
        Ok(Response::Entries { entries, more }) => (entries, more),
        other => panic!("{other:?}"),
    }
}

fn names(entries: &[(EntryId, Entry)]) -> Vec<&str> {
    entries.iter().map(|(_, entry)| entry.content.name.as_str()).collect()
}

fn new_of(items: &[ImportOutcome]) -> Vec<bool> {
    items.iter().map(|item| matches!(item, ImportOutcome::Sealed(..))).collect()
}

#[test]
fn imported_item_keeps_every_field_and_waits() {
    let mut keyring = open_keyring();
    let former = PreviousPassword { password: Secret::new("old".into()), until: NOW - 5 };
    let mut first = item(" GitHub ", " kV9 ");
    first.history.push(former);
    (first.created_at, first.changed_at) = (Some(NOW - 20), Some(NOW - 10));
    first.content.tags = vec!["work".into()];
    let (items, update) = import(&mut keyring, vec![first, item("Bank", "x")], true, false);
    assert_eq!(new_of(&items), [true, true]);
    assert_eq!(update.entries.len(), 2);
    assert!(update.entries.iter().all(|entry| entry.state == EntryState::Waiting));

    let (entries, more) = list(&mut keyring, None, 9);
    assert!(!more);
    assert_eq!(names(&entries), [" GitHub ", "Bank"], "in the file's order, unchanged");
    let entry = &entries[0].1;
    assert_eq!((entry.content.password.expose(), entry.history[0].password.expose()), (" kV9 ", "old"));
    assert_eq!((entry.created_at, entry.changed_at, entry.imported_at), (NOW - 20, NOW - 10, Some(NOW)));
    assert_eq!(entries[1].1.changed_at, NOW, "of what tells no time, the import's");
}

#[test]
fn importing_a_file_twice_makes_no_duplicates_unless_asked() {
    let mut keyring = open_keyring();
    let file = || vec![item("a", "1"), item("b", "2"), item("a", "1"), item("a", "3")];
    assert_eq!(new_of(&import(&mut keyring, file(), true, false).0), [true, true, false, true]);
    assert_eq!(new_of(&import(&mut keyring, file(), true, false).0), [false; 4]);
    // The second part of a file is compared with the first.
    assert_eq!(new_of(&import(&mut keyring, vec![item("c", "1")], true, false).0), [true]);
    assert_eq!(new_of(&import(&mut keyring, vec![item("c", "1"), item("d", "1")], false, false).0), [false, true]);
    assert_eq!(new_of(&import(&mut keyring, file(), true, true).0), [true; 4]);
    assert_eq!(list(&mut keyring, None, 99).0.len(), 9);
}

#[test]
fn importing_a_password_that_was_changed_since_is_a_duplicate() {
    let mut keyring = open_keyring();
    let (items, _) = import(&mut keyring, vec![item("a", "1")], true, false);
    let ImportOutcome::Sealed(id) = items[0] else { panic!("{items:?}") };
    keyring.handle(Request::Change { id, content: content("a", "new"), now: NOW + 1 }).unwrap();
    assert_eq!(whole(&mut keyring, id).imported_at, None, "its password is the person's own now");
    assert_eq!(new_of(&import(&mut keyring, vec![item("a", "1")], true, false).0), [false]);
    // An entry in the bin does not count: the file brings it back.
    keyring.handle(Request::Bin { id, binned: true, now: NOW + 2 }).unwrap();
    assert_eq!(new_of(&import(&mut keyring, vec![item("a", "1")], true, false).0), [true]);
}

#[test]
fn entry_counts_as_imported_until_its_password_changes() {
    let mut keyring = open_keyring();
    let (items, _) = import(&mut keyring, vec![item("a", "1")], true, false);
    let ImportOutcome::Sealed(id) = items[0] else { panic!("{items:?}") };
    keyring.handle(Request::Change { id, content: content("renamed", "1"), now: NOW + 1 }).unwrap();
    assert_eq!(whole(&mut keyring, id).imported_at, Some(NOW));
}

#[test]
fn item_that_is_too_large_is_reported_and_the_rest_imported() {
    let mut keyring = open_keyring();
    let mut large = item("a", "1");
    large.content.note = Secret::new("n".repeat(70_000));
    let (items, update) = import(&mut keyring, vec![large, item("b", "2")], true, false);
    assert!(matches!(items[..], [ImportOutcome::TooLarge, ImportOutcome::Sealed(..)]), "{items:?}");
    assert_eq!(update.entries.len(), 1);
}

#[test]
fn times_in_the_future_are_replaced_by_now() {
    let mut keyring = open_keyring();
    let mut later = item("a", "1");
    (later.created_at, later.changed_at) = (Some(NOW + 9), Some(NOW + 9));
    import(&mut keyring, vec![later], true, false);
    let entry = &list(&mut keyring, None, 1).0[0].1;
    assert_eq!((entry.created_at, entry.changed_at), (NOW, NOW));
}

#[test]
fn listing_pages_through_all_entries_except_the_bin() {
    let mut keyring = open_keyring();
    let all = ["a", "b", "c", "d", "e"];
    import(&mut keyring, all.iter().map(|name| item(name, name)).collect(), true, false);
    let (entries, _) = list(&mut keyring, None, 9);
    keyring.handle(Request::Bin { id: entries[1].0, binned: true, now: NOW }).unwrap();

    let (first, more) = list(&mut keyring, None, 2);
    assert_eq!((names(&first), more), (vec!["a", "c"], true));
    let (rest, more) = list(&mut keyring, Some(first[1].0), 2);
    assert_eq!((names(&rest), more), (vec!["d", "e"], false));
}

#[test]
fn locked_keyring_refuses_import_and_list() {
    let mut keyring = Keyring::new(Counter(0), str::to_lowercase);
    let import = Request::Import { items: vec![item("a", "1")], first: true, again: false, now: NOW };
    assert!(matches!(keyring.handle(import), Err(KeyringError::Locked)));
    assert!(matches!(keyring.handle(Request::ListEntries { after: None, limit: 1 }), Err(KeyringError::Locked)));
}
