//! Several entries in one save, and several clients at once.

use std::sync::Barrier;
use std::thread;

use backend::store::StoreError;
use shared::limits::BUCKETS;

use super::*;

pub fn save_is_all_or_nothing(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    save(&*store, ada, &[change(1, 0, 7), change(2, 0, 7)]).unwrap();
    let before = store.list_changes(ada, 0, 10).unwrap();
    // The last change is stale, or replaces an entry that does not exist.
    let stale = save(&*store, ada, &[change(3, 0, 1), change(1, 1, 8), delete(2, 0)]);
    assert_eq!(current(stale), row(&change(2, 0, 7), 2));
    let missing = save(&*store, ada, &[change(3, 0, 1), change(1, 1, 8), change(4, 1, 1)]);
    assert!(matches!(missing, Err(StoreError::NotFound)));
    assert_eq!(store.list_changes(ada, 0, 10).unwrap(), before);
    assert_eq!(store.account_after(None).unwrap().unwrap().entries, 2);
}

pub fn versions_of_one_entry_follow_each_other_in_one_save(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    // Made, changed and changed again, with another entry in between.
    let chain = [change(1, 0, 1), change(1, 1, 2), change(2, 0, 5), Change { version: 9, ..change(1, 2, 3) }];
    let saved = save(&*store, ada, &chain).unwrap();
    assert_eq!(saved.change_no, 4, "each change has a number");
    assert_eq!(list(&*store, ada), [row(&chain[2], 3), row(&chain[3], 4)]);
    // A chain that begins at the stored version. One entry is made and deleted.
    let chain = [change(1, 9, 4), delete(1, 10), change(3, 0, 1), delete(3, 1)];
    assert_eq!(save(&*store, ada, &chain).unwrap().change_no, 8);
    assert_eq!(list(&*store, ada)[1..], [row(&chain[1], 6), row(&chain[3], 8)]);
    assert_eq!(store.account_after(None).unwrap().unwrap().entries, 1);
    // A chain that is broken.
    let broken = save(&*store, ada, &[change(2, 1, 1), change(2, 1, 2)]);
    assert_eq!(current(broken).version, 1);
    let broken = save(&*store, ada, &[change(4, 0, 1), change(4, 2, 2)]);
    assert!(matches!(broken, Err(StoreError::NotFound)));
    assert_eq!(list(&*store, ada).len(), 3);
}

pub fn hundred_changes_of_all_kinds_are_saved_at_once(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    let first: Vec<_> = (0..100).map(|tag| change(tag, 0, tag as u8)).collect();
    assert_eq!(save(&*store, ada, &first).unwrap().change_no, 100);
    assert_eq!(list(&*store, ada), (1..).zip(&first).map(|(number, change)| row(change, number)).collect::<Vec<_>>());
    let second: Vec<_> = (0..100)
        .map(|tag| match tag % 4 {
            0 => delete(tag, 1),
            1 => Change { sealed: sealed(BUCKETS[tag as usize % 3 + 1], 9), ..change(tag, 1, 0) },
            2 => change(tag, 1, 9),
            _ => change(tag + 100, 0, 9),
        })
        .collect();
    assert_eq!(save(&*store, ada, &second).unwrap().change_no, 200);
    let kept = (4..=100).step_by(4).zip(first.iter().skip(3).step_by(4));
    let expected: Vec<_> = kept.chain((101..).zip(&second)).map(|(number, change)| row(change, number)).collect();
    assert!(list(&*store, ada) == expected);
    assert_eq!(store.account_after(None).unwrap().unwrap().entries, 100);
}

pub fn full_vault_refuses_new_entries_only(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    let save = |changes: &[Change]| store.save_changes(ada, &prepare(&*store, ada, changes), 2, NOW);
    save(&[change(1, 0, 7)]).unwrap();
    save(&[change(2, 0, 7)]).unwrap();
    let before = store.list_changes(ada, 0, 10).unwrap();
    assert!(matches!(save(&[change(3, 0, 7)]), Err(StoreError::Full)));
    assert!(matches!(save(&[change(1, 1, 8), change(3, 0, 7)]), Err(StoreError::Full)));
    assert_eq!(store.list_changes(ada, 0, 10).unwrap(), before, "a refused save is no change");
    save(&[change(1, 1, 8)]).expect("a change is no new entry");
    save(&[delete(2, 1), change(3, 0, 7)]).expect("a deletion makes room");
    assert!(matches!(save(&[change(2, 2, 7)]), Err(StoreError::Full)), "an entry that is back counts");
    // With a lower limit than there are entries, all but new ones are saved.
    let lower = prepare(&*store, ada, &[change(1, 2, 9), delete(3, 1)]);
    store.save_changes(ada, &lower, 0, NOW).unwrap();
}

pub fn accounts_do_not_see_each_others_entries(driver: &impl Driver) {
    let store = driver.open();
    let (ada, bob) = (settle(&*store, 1, "ada"), settle(&*store, 2, "bob"));
    save(&*store, ada, &[change(1, 0, 7)]).unwrap();
    // An entry of ada looks to bob like one that does not exist.
    assert_eq!((list(&*store, bob), account_head(&*store, bob)), (vec![], Some(head(1))));
    assert!(matches!(save(&*store, bob, &[delete(1, 1)]), Err(StoreError::NotFound)));
    assert!(matches!(save(&*store, bob, &[change(1, 1, 8)]), Err(StoreError::NotFound)));
    // Even an entry of the same id is another entry.
    save(&*store, bob, &[change(1, 0, 9)]).unwrap();
    save(&*store, bob, &[delete(1, 1)]).unwrap();
    assert_eq!(list(&*store, ada), [row(&change(1, 0, 7), 1)]);
}

/// Clients list and save again when another one was faster.
pub fn concurrent_writers_get_distinct_change_numbers(driver: &impl Driver) {
    const WRITERS: u16 = 4;
    const EACH: u16 = 10;
    let ada = settle(&*driver.open(), 1, "ada");
    let stores: Vec<_> = (0..WRITERS).map(|_| driver.open()).collect();
    thread::scope(|scope| {
        for (writer, store) in (0..).zip(&stores) {
            scope.spawn(move || {
                for n in 0..EACH {
                    loop {
                        match save(&**store, ada, &[change(writer * EACH + n, 0, 7)]) {
                            Ok(_) => break,
                            Err(StoreError::StaleHead) => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                }
            });
        }
    });
    let numbers: Vec<_> = list(&*stores[0], ada).iter().map(|entry| entry.change_no).collect();
    assert_eq!(numbers, (1..=u64::from(WRITERS * EACH)).collect::<Vec<_>>());
}

pub fn one_of_two_writers_with_the_same_head_is_stale(driver: &impl Driver) {
    let ada = settle(&*driver.open(), 1, "ada");
    let stores = [driver.open(), driver.open()];
    for round in 0..10 {
        let before = account_head(&*stores[0], ada).unwrap();
        // One writes one entry, the other two: the ways of a driver differ.
        let saves = [
            request(&before, &[change(round * 2, 0, 0)]),
            request(&before, &[change(round * 2, 0, 1), change(round * 2 + 1, 0, 1)]),
        ];
        let barrier = Barrier::new(2);
        let results = thread::scope(|scope| {
            let handles = [0, 1].map(|writer: usize| {
                let (store, save, barrier) = (&stores[writer], &saves[writer], &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    store.save_changes(ada, save, MANY, NOW)
                })
            });
            handles.map(|handle| handle.join().unwrap())
        });
        let winner = match results {
            [Ok(_), Err(StoreError::StaleHead)] => 0,
            [Err(StoreError::StaleHead), Ok(_)] => 1,
            other => panic!("one must win, and one must be stale: {other:?}"),
        };
        assert_eq!(account_head(&*stores[0], ada).as_ref(), Some(&saves[winner].head));
        let entry = list(&*stores[0], ada).into_iter().find(|entry| entry.id == entry_id(round * 2)).unwrap();
        assert_eq!(usize::from(entry.sealed.unwrap().0[OVERHEAD]), winner);
    }
}

pub fn refused_write_leaves_no_lock(driver: &impl Driver) {
    let (store, other) = (driver.open(), driver.open());
    let ada = settle(&*store, 1, "ada");
    save(&*store, ada, &[change(1, 0, 7)]).unwrap();
    let done = prepare(&*store, ada, &[change(2, 0, 7)]);
    let refusals: [&dyn Fn() -> bool; 8] = [
        // Not refused, but done before: it writes nothing either.
        &|| store.save_changes(ada, &done, MANY, NOW).is_ok() && store.save_changes(ada, &done, MANY, NOW).is_ok(),
        &|| save(&*store, ada, &[change(1, 0, 8)]).is_err(),
        &|| save(&*store, ada, &[change(9, 1, 8)]).is_err(),
        &|| store.save_changes(ada, &request(&head(1), &[change(9, 0, 8)]), MANY, NOW).is_err(),
        &|| store.save_changes(ada, &prepare(&*store, ada, &[change(9, 0, 8)]), 0, NOW).is_err(),
        &|| store.replace_vault_key(&new_key(ada, 3), NOW).is_err(),
        &|| store.delete_account(ada, Some(7)).is_err(),
        &|| store.create_account(&account(2, "bob"), &[9; 32], NOW).is_err(),
    ];
    for (round, refusal) in (20..).zip(refusals) {
        assert!(refusal(), "{round}");
        save(&*other, ada, &[change(round, 0, 7)]).unwrap();
    }
}
