//! Entries: putting, deleting, listing changes.

use std::sync::Barrier;
use std::thread;

use backend::store::StoreError;
use shared::changes::StoredVersion;
use shared::limits::BUCKETS;
use shared::passwords::{NewVersion, StoredEntry};

use super::*;

fn current(result: Result<NewVersion, StoreError>) -> StoredEntry {
    match result {
        Err(StoreError::Stale(current)) => {
            let StoredVersion { id, version, change_no, changed_at, sealed, .. } = *current;
            let sealed = sealed.map(|sealed| sealed.0.try_into().unwrap());
            StoredEntry { id, version, change_no, changed_at, sealed }
        }
        other => panic!("not stale: {other:?}"),
    }
}

pub fn first_put_makes_version_one(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    let written = store.put(&put(ada, entry_id(1), 0, 7), MANY, NOW).unwrap();
    assert_eq!(written, NewVersion { version: 1, change_no: 1, changed_at: NOW });
    let written = store.put(&put(ada, entry_id(1), 1, 8), MANY, NOW + 1).unwrap();
    assert_eq!(written, NewVersion { version: 2, change_no: 2, changed_at: NOW + 1 });
    let changes = store.changes(ada, 0, 10).unwrap();
    let expected =
        StoredEntry { id: entry_id(1), version: 2, change_no: 2, changed_at: NOW + 1, sealed: Some(sealed(1024, 8)) };
    assert_eq!((changes.entries, changes.latest, changes.more), (vec![expected], 2, false));
}

pub fn repeated_put_makes_one_version(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    let first = store.put(&put(ada, entry_id(1), 0, 7), MANY, NOW).unwrap();
    let again = driver.open().put(&put(ada, entry_id(1), 0, 7), MANY, NOW + 5000).unwrap();
    assert_eq!(first, again);
    let second = store.put(&put(ada, entry_id(1), 1, 8), MANY, NOW).unwrap();
    assert_eq!(store.put(&put(ada, entry_id(1), 1, 8), MANY, NOW + 5000).unwrap(), second);
    let changes = store.changes(ada, 0, 10).unwrap();
    assert_eq!((changes.entries.len(), changes.latest), (1, 2));
}

pub fn put_with_stale_version_returns_the_current_entry(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    store.put(&put(ada, entry_id(1), 0, 7), MANY, NOW).unwrap();
    let expected =
        StoredEntry { id: entry_id(1), version: 1, change_no: 1, changed_at: NOW, sealed: Some(sealed(1024, 7)) };
    // Other bytes for a version that exists, a version not reached yet, and the highest number.
    for replaces in [0, 2, u32::MAX] {
        assert_eq!(current(store.put(&put(ada, entry_id(1), replaces, 8), MANY, NOW + 1)), expected);
    }
    assert_eq!(store.changes(ada, 0, 10).unwrap().latest, 1, "a refused put is no change");
}

pub fn replacing_a_missing_entry_is_not_found(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    assert!(matches!(store.put(&put(ada, entry_id(1), 1, 7), MANY, NOW), Err(StoreError::NotFound)));
    assert!(matches!(store.delete(ada, entry_id(1), 1, NOW), Err(StoreError::NotFound)));
    let nobody = AccountId::from_random([9; 16]);
    assert!(matches!(store.put(&put(nobody, entry_id(1), 0, 7), MANY, NOW), Err(StoreError::NotFound)));
    assert_eq!(store.changes(nobody, 0, 10).unwrap().entries, Vec::new());
}

pub fn entry_of_every_bucket_is_returned_byte_for_byte(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    let bytes = |bucket: usize| {
        let mut bytes: Vec<u8> = (0..bucket + SEALED_OVERHEAD).map(|n| (n * 31 % 251) as u8).collect();
        bytes[0] = FORMAT;
        SealedEntry::try_from(bytes).unwrap()
    };
    for (tag, bucket) in BUCKETS.into_iter().enumerate() {
        let put = Put { sealed: bytes(bucket), ..put(ada, entry_id(tag as u16), 0, 0) };
        store.put(&put, MANY, NOW).unwrap();
    }
    let entries = store.changes(ada, 0, 10).unwrap().entries;
    assert_eq!(entries.len(), BUCKETS.len());
    for (entry, bucket) in entries.iter().zip(BUCKETS) {
        assert!(entry.sealed == Some(bytes(bucket)), "{bucket}");
    }
}

pub fn changes_are_listed_once_in_order_and_in_pages(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    assert_eq!(store.changes(ada, 0, 10).unwrap().latest, 0);
    // Ids in another order than the changes.
    for tag in [5, 1, 4, 2, 3] {
        store.put(&put(ada, entry_id(tag), 0, 0), MANY, NOW).unwrap();
    }
    store.put(&put(ada, entry_id(1), 1, 1), MANY, NOW).unwrap();
    let list = |since, limit| {
        let changes = store.changes(ada, since, limit).unwrap();
        let numbers: Vec<_> = changes.entries.iter().map(|entry| (entry.change_no, entry.id)).collect();
        assert_eq!(changes.latest, 6);
        (numbers, changes.more)
    };
    let all = [(1, 5), (3, 4), (4, 2), (5, 3), (6, 1)].map(|(change, tag)| (change, entry_id(tag))).to_vec();
    assert_eq!(list(0, 10), (all.clone(), false));
    assert_eq!(list(0, 5), (all.clone(), false));
    assert_eq!(list(0, 4), (all[..4].to_vec(), true));
    assert_eq!(list(3, 2), (all[2..4].to_vec(), true));
    assert_eq!(list(5, 1), (all[4..].to_vec(), false));
    assert_eq!(list(6, 1), (Vec::new(), false));
    assert_eq!(list(u64::MAX, 1), (Vec::new(), false));
}

pub fn times_keep_their_milliseconds(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    // A leap day, the hour that a clock change repeats, and the last moment of a year.
    for (tag, time) in [1_835_395_199_999, 1_793_494_800_001, 1_798_761_599_999].into_iter().enumerate() {
        store.put(&put(ada, entry_id(tag as u16), 0, 0), MANY, time).unwrap();
        assert_eq!(store.changes(ada, tag as u64, 1).unwrap().entries[0].changed_at, time);
    }
}

pub fn delete_leaves_a_tombstone_without_bytes(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    store.put(&put(ada, entry_id(1), 0, 7), MANY, NOW).unwrap();
    let written = store.delete(ada, entry_id(1), 1, NOW + 1).unwrap();
    assert_eq!(written, NewVersion { version: 2, change_no: 2, changed_at: NOW + 1 });
    // Repeated because the answer was lost, or by a client that saw the deletion.
    assert_eq!(store.delete(ada, entry_id(1), 1, NOW + 9).unwrap(), written);
    assert_eq!(store.delete(ada, entry_id(1), 2, NOW + 9).unwrap(), written);
    let changes = store.changes(ada, 0, 10).unwrap();
    let gone = StoredEntry { id: entry_id(1), version: 2, change_no: 2, changed_at: NOW + 1, sealed: None };
    assert_eq!((changes.entries, changes.latest), (vec![gone], 2));
}

pub fn delete_with_stale_version_returns_the_current_entry(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    store.put(&put(ada, entry_id(1), 0, 7), MANY, NOW).unwrap();
    store.put(&put(ada, entry_id(1), 1, 8), MANY, NOW).unwrap();
    for replaces in [0, 1, 3] {
        assert_eq!(current(store.delete(ada, entry_id(1), replaces, NOW)).sealed, Some(sealed(1024, 8)));
    }
}

pub fn deleted_entry_can_be_put_again(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    store.put(&put(ada, entry_id(1), 0, 7), MANY, NOW).unwrap();
    store.delete(ada, entry_id(1), 1, NOW).unwrap();
    // A client that did not see the deletion gets the tombstone.
    assert_eq!(current(store.put(&put(ada, entry_id(1), 1, 8), MANY, NOW)).sealed, None);
    let written = store.put(&put(ada, entry_id(1), 2, 8), MANY, NOW).unwrap();
    assert_eq!((written.version, written.change_no), (3, 3));
    assert_eq!(store.changes(ada, 0, 10).unwrap().entries[0].sealed, Some(sealed(1024, 8)));
}

pub fn full_vault_refuses_new_entries_only(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    let new = |tag| store.put(&put(ada, entry_id(tag), 0, 7), 2, NOW);
    new(1).unwrap();
    new(2).unwrap();
    assert!(matches!(new(3), Err(StoreError::Full)));
    new(2).expect("the same put again is no new entry");
    store.put(&put(ada, entry_id(1), 1, 8), 2, NOW).expect("a change is no new entry");
    assert_eq!(store.changes(ada, 0, 10).unwrap().latest, 3, "a refused put is no change");
    store.delete(ada, entry_id(2), 1, NOW).unwrap();
    new(3).expect("a deletion makes room");
    let undelete = store.put(&put(ada, entry_id(2), 2, 7), 2, NOW);
    assert!(matches!(undelete, Err(StoreError::Full)), "{undelete:?}");
}

pub fn accounts_do_not_see_each_others_entries(driver: &impl Driver) {
    let store = driver.open();
    let (ada, bob) = (settle(&*store, 1, "ada"), settle(&*store, 2, "bob"));
    store.put(&put(ada, entry_id(1), 0, 7), MANY, NOW).unwrap();
    // An entry of ada looks to bob like one that does not exist.
    assert_eq!(store.changes(bob, 0, 10).unwrap().entries, Vec::new());
    assert_eq!(store.changes(bob, 0, 10).unwrap().latest, 0);
    assert!(matches!(store.delete(bob, entry_id(1), 1, NOW), Err(StoreError::NotFound)));
    assert!(matches!(store.put(&put(bob, entry_id(1), 1, 8), MANY, NOW), Err(StoreError::NotFound)));
    // Even an entry of the same id is another entry.
    store.put(&put(bob, entry_id(1), 0, 9), MANY, NOW).unwrap();
    store.delete(bob, entry_id(1), 1, NOW).unwrap();
    assert_eq!(store.changes(ada, 0, 10).unwrap().entries[0].sealed, Some(sealed(1024, 7)));
}

pub fn concurrent_writers_get_distinct_change_numbers(driver: &impl Driver) {
    const WRITERS: u16 = 4;
    const EACH: u16 = 10;
    let ada = settle(&*driver.open(), 1, "ada");
    let stores: Vec<_> = (0..WRITERS).map(|_| driver.open()).collect();
    thread::scope(|scope| {
        for (writer, store) in (0..).zip(&stores) {
            scope.spawn(move || {
                for n in 0..EACH {
                    store.put(&put(ada, entry_id(writer * EACH + n), 0, 7), MANY, NOW).unwrap();
                }
            });
        }
    });
    let changes = stores[0].changes(ada, 0, 1000).unwrap();
    let numbers: Vec<_> = changes.entries.iter().map(|entry| entry.change_no).collect();
    assert_eq!(numbers, (1..=u64::from(WRITERS * EACH)).collect::<Vec<_>>());
}

pub fn one_of_two_writers_of_the_same_version_is_stale(driver: &impl Driver) {
    let ada = settle(&*driver.open(), 1, "ada");
    let stores = [driver.open(), driver.open()];
    for round in 0..10 {
        let barrier = Barrier::new(2);
        let results = thread::scope(|scope| {
            let handles = [0, 1].map(|writer: usize| {
                let (store, barrier) = (&stores[writer], &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    store.put(&put(ada, entry_id(round), 0, writer as u8), MANY, NOW)
                })
            });
            handles.map(|handle| handle.join().unwrap())
        });
        let [winner, loser] = match results {
            [Ok(won), Err(StoreError::Stale(seen))] => [(0, won.version), (seen.sealed.unwrap().0[1], seen.version)],
            [Err(StoreError::Stale(seen)), Ok(won)] => [(1, won.version), (seen.sealed.unwrap().0[1], seen.version)],
            other => panic!("one must win, and one must be stale: {other:?}"),
        };
        assert_eq!(winner, loser);
    }
}

pub fn refused_write_leaves_no_lock(driver: &impl Driver) {
    let (store, other) = (driver.open(), driver.open());
    let ada = settle(&*store, 1, "ada");
    store.put(&put(ada, entry_id(1), 0, 7), MANY, NOW).unwrap();
    let refusals: [&dyn Fn() -> bool; 6] = [
        &|| store.put(&put(ada, entry_id(1), 0, 8), MANY, NOW).is_err(),
        &|| store.put(&put(ada, entry_id(9), 1, 8), MANY, NOW).is_err(),
        &|| store.put(&put(ada, entry_id(9), 0, 8), 0, NOW).is_err(),
        &|| store.delete(ada, entry_id(1), 9, NOW).is_err(),
        &|| store.create_account(&account(2, "bob"), &[9; 32], NOW).is_err(),
        // Not refused, but done before: it writes nothing either.
        &|| store.put(&put(ada, entry_id(1), 0, 7), MANY, NOW).is_ok(),
    ];
    for (round, refusal) in (20..).zip(refusals) {
        assert!(refusal(), "{round}");
        other.put(&put(ada, entry_id(round), 0, 7), MANY, NOW).unwrap();
    }
}
