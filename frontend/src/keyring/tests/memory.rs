//! This browser's memory of a vault.

#[cfg(target_arch = "wasm32")]
use crate::browser_test::test;

use super::server::{VaultServer, doubts, memory, remember, reopened, send, sync};
use super::waiting::{change, create, two_browsers};
use super::*;

fn recall(keyring: &mut Keyring<Counter>, memory: Option<Vec<u8>>) -> Result<EntryUpdate, KeyringError> {
    keyring.handle(Request::Recall { memory }).map(|response| updated(Ok(response)))
}

#[test]
fn memory_is_written_only_if_it_has_something_new() {
    let (mut keyring, _, mut server) = two_browsers();
    let (id, _) = create(&mut keyring, content("Bank", "1"));
    assert!(send(&mut keyring, &mut server).remember);
    let stored = remember(&mut keyring, None).unwrap();
    assert_eq!(remember(&mut keyring, Some(stored.clone())), None);
    assert!(!sync(&mut keyring, &server).remember);
    // Another session of this browser: the list says nothing that the memory does not have.
    let (mut opened, _) = reopened(Some(stored.clone()), &[]);
    assert!(!sync(&mut opened, &server).remember);
    assert_eq!(remember(&mut opened, Some(stored.clone())), None);
    change(&mut opened, id, content("Bank", "2"), NOW + 1);
    assert!(send(&mut opened, &mut server).remember);
    assert!(remember(&mut opened, Some(stored)).is_some());
}

#[test]
fn memory_is_sealed_and_says_little_by_its_length() {
    let mut keyring = open_keyring();
    create(&mut keyring, content("Bank of nowhere", "1"));
    acknowledge(&mut keyring);
    let one = memory(&mut keyring);
    assert!(!one.windows(4).any(|bytes| bytes == b"Bank"));
    create(&mut keyring, content("Mail", "1"));
    acknowledge(&mut keyring);
    assert_eq!((one.len(), memory(&mut keyring).len()), (4096 + OVERHEAD, 4096 + OVERHEAD));
}

#[test]
fn memories_of_two_tabs_are_merged_and_nothing_gets_lower() {
    let (mut one, mut two, mut server) = two_browsers();
    let (bank, _) = create(&mut one, content("Bank", "1"));
    send(&mut one, &mut server);
    sync(&mut two, &server);
    let early = memory(&mut two);
    let before = server.clone();
    change(&mut one, bank, content("Bank", "2"), NOW + 1);
    let (mail, _) = create(&mut one, content("Mail", "1"));
    send(&mut one, &mut server);
    updated(one.handle(Request::NoteNews { number: 7 }));
    // The other tab has not seen that, and writes its memory later.
    let late = remember(&mut two, Some(memory(&mut one))).unwrap_or_else(|| memory(&mut one));
    for (stored, expected) in [(early, 0), (late, 2)] {
        let (mut opened, _) = reopened(None, &[]);
        recall(&mut opened, Some(stored)).unwrap();
        let mut found = doubts(&sync(&mut opened, &before)).entries;
        found.sort_by_key(|doubt| doubt.id != bank);
        assert_eq!(found.len(), expected);
        assert!(found.iter().map(|doubt| doubt.id).eq([bank, mail].into_iter().take(expected)));
    }
}

/// Otherwise two tabs would write the record in turn for ever.
#[test]
fn merging_gives_the_same_memory_in_both_directions() {
    let (mut one, mut two, mut server) = two_browsers();
    let (id, _) = create(&mut one, content("Bank", "1"));
    let snapshot = server.clone();
    send(&mut one, &mut server);
    // The database was put back; another version 1 of the same entry, and one that only this tab has seen.
    server = snapshot;
    let waiting = SealedChange { change: create(&mut two, content("Other", "2")).1.change, body: String::new() };
    assert_ne!(waiting.change.id, id);
    send(&mut two, &mut server);
    sync(&mut one, &server);
    updated(one.handle(Request::AcceptServer { now: NOW }));
    let vault = |keyring: &mut Keyring<Counter>| keyring.vault.as_mut().unwrap().memory.clone();
    let (mut first, mut second) = (vault(&mut one), vault(&mut two));
    second.note_seen(id, 1, 5, Some("Bank too"));
    second.note_made(id, 9);
    for _ in 0..2 {
        let (a, b) = (first.clone(), second.clone());
        first.merge(b);
        second.merge(a);
        assert_eq!(first, second);
        first.note_seen(id, 10, 4, Some("x"));
        second.note_seen(id, 10, 5, Some("a"));
    }
}

#[test]
fn news_of_credentials_are_remembered() {
    let mut keyring = open_keyring();
    assert_eq!(recall(&mut keyring, None).unwrap().news, Some(0));
    for (number, remember) in [(5, true), (5, false), (3, false)] {
        assert_eq!(updated(keyring.handle(Request::NoteNews { number })).remember, remember);
    }
    let stored = memory(&mut keyring);
    assert_eq!(recall(&mut closed_keyring(), Some(stored)).unwrap().news, Some(5));
}

#[test]
fn damaged_memory_is_refused_and_replaced() {
    let mut keyring = open_keyring();
    let stored = memory(&mut keyring);
    for place in [1, 5, 40, stored.len() - 1] {
        let mut damaged = stored.clone();
        damaged[place] ^= 1;
        let mut other = closed_keyring();
        if place != 1 {
            assert_eq!(recall(&mut other, Some(damaged.clone())).err(), Some(KeyringError::Broken));
            assert!(remember(&mut other, Some(damaged)).is_some());
        }
    }
    assert_eq!(recall(&mut closed_keyring(), Some(Vec::new())).err(), Some(KeyringError::Broken));
}

/// The row of the account was put back: an old passphrase opens an old vault key. This browser has seen a newer one.
#[test]
fn memory_under_a_newer_key_or_format_casts_doubt_and_is_not_overwritten() {
    let mut later = open_keyring();
    later.vault = Some(Vault::new(keys(2)));
    let newer = memory(&mut later);
    let unknown = [&[3], &newer[1..]].concat();
    for (stored, expected) in [(newer, VaultDoubt::Older), (unknown, VaultDoubt::NewerFormat)] {
        let mut keyring = closed_keyring();
        recall(&mut keyring, Some(stored.clone())).unwrap();
        assert_eq!(doubts(&sync(&mut keyring, &VaultServer::new())).vault, Some(expected));
        assert_eq!(remember(&mut keyring, Some(stored.clone())), None);
        updated(keyring.handle(Request::AcceptServer { now: NOW }));
        assert!(remember(&mut keyring, Some(stored)).is_some());
    }
}

#[test]
fn memory_of_an_earlier_key_is_read_and_sealed_again() {
    let mut keyring = open_keyring();
    create(&mut keyring, content("Bank", "1"));
    acknowledge(&mut keyring);
    let stored = memory(&mut keyring);
    let mut later = open_keyring();
    later.vault = Some(Vault::new(keys(2)));
    recall(&mut later, Some(stored.clone())).unwrap();
    let again = remember(&mut later, Some(stored)).unwrap();
    assert_eq!(shared::changes::key_no(&again), Some(2));
    assert_eq!(remember(&mut later, Some(again)), None);
}
