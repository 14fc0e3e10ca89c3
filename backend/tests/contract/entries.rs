//! Entries: saving one, listing.

use backend::store::StoreError;
use shared::limits::BUCKETS;

use super::*;

pub fn current(result: Result<Saved, StoreError>) -> StoredVersion {
    match result {
        Err(StoreError::Stale(current)) => *current,
        other => panic!("not stale: {other:?}"),
    }
}

pub fn saved_entry_is_listed_with_its_head(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    assert_eq!(account_head(&*store, ada), Some(head(1)), "the head of the empty vault");
    let (first, second) = (change(1, 0, 7), change(1, 1, 8));
    let save = request(&head(1), std::slice::from_ref(&first));
    let saved = store.save_changes(ada, &save, MANY, NOW).unwrap();
    assert_eq!(saved, Saved { change_no: 1, changed_at: NOW });
    assert_eq!(list(&*store, ada), [row(&first, 1)]);
    let save = request(&save.head, std::slice::from_ref(&second));
    let saved = store.save_changes(ada, &save, MANY, NOW + 1).unwrap();
    assert_eq!(saved, Saved { change_no: 2, changed_at: NOW + 1 });
    let changes = store.list_changes(ada, 0, 10).unwrap();
    assert_eq!(changes.entries, [StoredVersion { changed_at: NOW + 1, ..row(&second, 2) }]);
    assert_eq!(changes.head.unwrap().0, save.head.as_bytes());
}

pub fn repeated_save_returns_the_first_answer(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    // A new entry, a change of it, its deletion, and several at once.
    for changes in [&[change(1, 0, 7)][..], &[change(1, 1, 8)], &[delete(1, 2)], &[change(2, 0, 1), change(3, 0, 1)]] {
        let save = prepare(&*store, ada, changes);
        let first = store.save_changes(ada, &save, MANY, NOW).unwrap();
        let before = store.list_changes(ada, 0, 10).unwrap();
        assert_eq!(driver.open().save_changes(ada, &save, MANY, NOW + 5000).unwrap(), first);
        assert_eq!(store.save_changes(ada, &save, 0, NOW + 5000).unwrap(), first, "even if the vault were full");
        assert_eq!(store.list_changes(ada, 0, 10).unwrap(), before);
    }
    assert_eq!(list(&*store, ada).last().unwrap().change_no, 5);
}

pub fn save_with_another_head_changes_nothing(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    let first = request(&head(1), &[change(1, 0, 7)]);
    store.save_changes(ada, &first, MANY, NOW).unwrap();
    let before = store.list_changes(ada, 0, 10).unwrap();
    // The head before, another one, and one that differs in the last byte only.
    let mut other = first.head.as_bytes().to_vec();
    *other.last_mut().unwrap() ^= 1;
    for stale in [head(1), head(9), other.try_into().unwrap()] {
        for changes in [&[change(2, 0, 8)][..], &[change(1, 1, 8)], &[delete(1, 1)]] {
            let late = store.save_changes(ada, &request(&stale, changes), MANY, NOW);
            assert!(matches!(late, Err(StoreError::StaleHead)), "{late:?}");
        }
    }
    assert_eq!(store.list_changes(ada, 0, 10).unwrap(), before);
    // A request that was done, but not last, is no repeat.
    save(&*store, ada, &[change(2, 0, 8)]).unwrap();
    assert!(matches!(store.save_changes(ada, &first, MANY, NOW), Err(StoreError::StaleHead)));
}

pub fn save_under_another_vault_key_changes_nothing(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    let (one, two) = (change(1, 0, 7), Change { sealed: sealed_under(2, 1024, 7), ..change(1, 0, 7) });
    let other_head = SaveChanges { head: head_under(2, 5), ..request(&head(1), std::slice::from_ref(&one)) };
    let both = SaveChanges { head: head_under(2, 5), ..request(&head(1), std::slice::from_ref(&two)) };
    let second = Change { id: entry_id(2), ..two.clone() };
    for save in [other_head, both, request(&head(1), &[two]), request(&head(1), &[one, second])] {
        let refused = store.save_changes(ada, &save, MANY, NOW);
        assert!(matches!(refused, Err(StoreError::StaleKey)), "{refused:?}");
    }
    assert_eq!((list(&*store, ada), account_head(&*store, ada)), (vec![], Some(head(1))));
}

/// An account from before there were heads can be read only, until it has a vault key with a number.
pub fn account_without_a_head_takes_no_save(driver: &impl Driver) {
    let store = driver.open();
    store.add_invite(&invite(1)).unwrap();
    let ada = NewAccount { head: None, ..account(1, "ada") };
    store.create_account(&ada, &[1; 32], NOW).unwrap();
    let stored = store.account_after(None).unwrap().unwrap();
    assert_eq!((stored.key_no, stored.head), (0, None));
    let old = Change { sealed: sealed_under(0, 1024, 7), ..change(1, 0, 7) };
    let save = SaveChanges { head: head_under(0, 2), ..request(&head_under(0, 1), &[old]) };
    assert!(matches!(store.save_changes(ada.id, &save, MANY, NOW), Err(StoreError::StaleHead)));
    assert!(matches!(save_new(&*store, ada.id), Err(StoreError::StaleKey)));
    let changes = store.list_changes(ada.id, 0, 10).unwrap();
    assert_eq!((changes.entries, changes.head), (vec![], None));
}

fn save_new(store: &dyn Store, account: AccountId) -> Result<Saved, StoreError> {
    save(store, account, &[change(1, 0, 7)])
}

pub fn save_with_stale_version_returns_the_current_entry(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    save(&*store, ada, &[Change { version: 5, ..change(1, 0, 7) }]).unwrap();
    let expected = StoredVersion { version: 5, ..row(&change(1, 0, 7), 1) };
    let before = store.list_changes(ada, 0, 10).unwrap();
    // A version that exists, versions before and after it, and the highest number.
    for replaces in [0, 4, 6, u32::MAX - 1] {
        assert_eq!(current(save(&*store, ada, &[change(1, replaces, 8)])), expected);
        assert_eq!(current(save(&*store, ada, &[delete(1, replaces)])), expected);
    }
    assert_eq!(store.list_changes(ada, 0, 10).unwrap(), before, "a refused save is no change");
    // So do a large entry and a deletion.
    let large = Change { sealed: sealed(65_536, 1), ..change(2, 0, 0) };
    save(&*store, ada, &[large.clone(), change(3, 0, 1)]).unwrap();
    save(&*store, ada, &[delete(3, 1)]).unwrap();
    assert_eq!(current(save(&*store, ada, &[change(2, 0, 8)])), row(&large, 2));
    assert_eq!(current(save(&*store, ada, &[change(3, 1, 8)])), row(&delete(3, 1), 4));
}

pub fn replacing_a_missing_entry_is_not_found(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    for change in [change(1, 1, 7), delete(1, 1)] {
        assert!(matches!(save(&*store, ada, &[change]), Err(StoreError::NotFound)));
    }
    let nobody = AccountId::from_random([9; 16]);
    assert!(matches!(save_new(&*store, nobody), Err(StoreError::NotFound)));
    let changes = store.list_changes(nobody, 0, 10).unwrap();
    assert_eq!((changes.entries, changes.head, changes.more), (vec![], None, false));
}

pub fn versions_may_leave_numbers_out(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    let mut before = 0;
    for version in [3, 4, 70_000, u32::MAX] {
        let change = Change { version, ..change(1, before, 7) };
        save(&*store, ada, std::slice::from_ref(&change)).unwrap();
        assert_eq!(list(&*store, ada)[0].version, version);
        before = version;
    }
}

/// The server refuses such a request before it reaches the store.
pub fn save_whose_version_does_not_rise_is_a_fault(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    save(&*store, ada, &[change(1, 0, 7)]).unwrap();
    for wrong in [&[Change { version: 1, ..change(1, 1, 8) }][..], &[Change { version: 0, ..change(2, 0, 8) }], &[]] {
        assert!(matches!(save(&*store, ada, wrong), Err(StoreError::Fault(_))), "{wrong:?}");
    }
    assert_eq!(list(&*store, ada), [row(&change(1, 0, 7), 1)]);
}

pub fn entry_of_every_bucket_is_returned_byte_for_byte(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    let bytes = |bucket: usize, by: usize| {
        let mut bytes: Vec<u8> = (0..bucket + OVERHEAD).map(|n| (n * by % 251) as u8).collect();
        bytes[..HEADER_LEN].copy_from_slice(&[FORMAT, 0, 0, 0, 1]);
        Sealed::try_from(bytes).unwrap()
    };
    let of = |tag: usize, replaces, sealed| Change { sealed, ..change(tag as u16, replaces, 0) };
    for (tag, bucket) in BUCKETS.into_iter().enumerate() {
        save(&*store, ada, &[of(tag, 0, bytes(bucket, 31))]).unwrap();
    }
    let entries = list(&*store, ada);
    for (tag, bucket) in BUCKETS.into_iter().enumerate() {
        assert!(entries[tag] == row(&of(tag, 0, bytes(bucket, 31)), tag as u64 + 1), "{bucket}");
    }
    // Each size replaces each other one.
    for (round, shift) in (1..).zip([1, 2, 3]) {
        for tag in 0..BUCKETS.len() {
            let bucket = BUCKETS[(tag + shift) % BUCKETS.len()];
            save(&*store, ada, &[of(tag, round, bytes(bucket, 17))]).unwrap();
            let last = list(&*store, ada).pop().unwrap();
            assert!(last.sealed.unwrap().0 == bytes(bucket, 17).as_bytes(), "{tag} {bucket}");
        }
    }
}

pub fn times_keep_their_milliseconds(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    // A leap day, the hour that a clock change repeats, and the last moment of a year.
    for (tag, time) in [1_835_395_199_999, 1_793_494_800_001, 1_798_761_599_999].into_iter().enumerate() {
        let save = prepare(&*store, ada, &[change(tag as u16, 0, 0)]);
        store.save_changes(ada, &save, MANY, time).unwrap();
        assert_eq!(store.list_changes(ada, tag as u64, 1).unwrap().entries[0].changed_at, time);
    }
}

pub fn deletion_is_stored_sealed_and_frees_its_place(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    let large = Change { sealed: sealed(16_384, 1), ..change(2, 0, 0) };
    save(&*store, ada, &[change(1, 0, 7), large]).unwrap();
    let gone = [delete(1, 1), Change { version: 9, ..delete(2, 1) }];
    save(&*store, ada, &gone).unwrap();
    assert_eq!(list(&*store, ada), [row(&gone[0], 3), row(&gone[1], 4)]);
    assert_eq!(store.account_after(None).unwrap().unwrap().entries, 0);
}

pub fn deleted_entry_can_be_saved_again(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    save(&*store, ada, &[change(1, 0, 7)]).unwrap();
    save(&*store, ada, &[delete(1, 1)]).unwrap();
    // Deleting it again, with the version of the deletion, is a change like any other.
    save(&*store, ada, &[delete(1, 2)]).unwrap();
    assert_eq!(store.account_after(None).unwrap().unwrap().entries, 0);
    save(&*store, ada, &[change(1, 3, 8)]).unwrap();
    assert_eq!(list(&*store, ada), [row(&change(1, 3, 8), 4)]);
    assert_eq!(store.account_after(None).unwrap().unwrap().entries, 1);
}

/// After a database was put back to a time before the entry, its owner's browser still knows of the deletion.
pub fn deletion_of_an_unknown_entry_is_stored(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    let gone = Change { version: 6, ..delete(1, 0) };
    save(&*store, ada, std::slice::from_ref(&gone)).unwrap();
    assert_eq!(list(&*store, ada), [row(&gone, 1)]);
    assert_eq!(store.account_after(None).unwrap().unwrap().entries, 0);
}

/// One damaged or newer row must not keep the others from being listed.
pub fn row_of_unknown_format_is_listed_as_stored(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    let odd = |tag, change_no, bytes: &[u8]| StoredVersion {
        sealed: Some(Base64Url(bytes.to_vec())),
        ..row(&change(tag, 0, 0), change_no)
    };
    let of_format_1 = [&[1][..], &[7; 1024 + 40]].concat();
    let rows = [
        odd(1, 1, &[9; 1024 + OVERHEAD]),
        odd(2, 2, &[2]),
        odd(3, 3, &[3; 3000]),
        odd(4, 4, &of_format_1),
        StoredVersion { deleted: true, sealed: None, ..row(&change(5, 0, 0), 5) },
        StoredVersion { deleted: true, ..odd(6, 6, &[8; 60]) },
    ];
    store.insert_entries(ada, &rows).unwrap();
    assert_eq!(list(&*store, ada), rows);
}

pub fn changes_are_listed_once_in_order_and_in_pages(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    // Ids in another order than the changes.
    for tag in [5, 1, 4, 2, 3] {
        save(&*store, ada, &[change(tag, 0, 0)]).unwrap();
    }
    let last = prepare(&*store, ada, &[change(1, 1, 1)]);
    store.save_changes(ada, &last, MANY, NOW).unwrap();
    let list = |since, limit| {
        let changes = store.list_changes(ada, since, limit).unwrap();
        let numbers: Vec<_> = changes.entries.iter().map(|entry| (entry.change_no, entry.id)).collect();
        assert_eq!(changes.head.unwrap().0, last.head.as_bytes(), "each page has the head");
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
