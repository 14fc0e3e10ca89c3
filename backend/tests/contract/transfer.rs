//! Transfer from SQLite into the driver under test and back.

use backend::store::sqlite::SqliteStore;
use backend::store::transfer::{Progress, TransferCounts, TransferError, transfer};
use backend::store::{NewSession, StoreError};
use shared::bytes::Base64Url;
use shared::changes::StoredVersion;
use shared::limits::BUCKETS;
use shared::sessions::CredentialName;
use tempfile::TempDir;

use super::*;

/// A SQLite store with data of every kind, and its folder.
fn source() -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("source.db"), 2).unwrap();
    store.bind_server_key(&[3; 32]).unwrap();
    store.add_invite(&invite(9)).unwrap();
    let (ada, bob) = (settle(&store, 1, "Åda"), settle(&store, 2, "bob"));
    settle(&store, 4, "empty");
    // Eve's first listed change is a deletion.
    let eve = settle(&store, 5, "eve");
    store.put(&put(eve, entry_id(1), 0, 1), MANY, NOW).unwrap();
    store.delete(eve, entry_id(1), 1, NOW).unwrap();
    store.put(&put(eve, entry_id(2), 0, 1), MANY, NOW).unwrap();
    for tag in 0..700 {
        store.put(&put(ada, entry_id(tag), 0, tag as u8), MANY, NOW + u64::from(tag)).unwrap();
    }
    for (tag, bucket) in BUCKETS.into_iter().enumerate() {
        let put = Put { sealed: sealed(bucket, 5), ..put(bob, entry_id(tag as u16), 0, 0) };
        store.put(&put, MANY, NOW).unwrap();
    }
    store.put(&put(ada, entry_id(3), 1, 9), MANY, NOW + 5000).unwrap();
    store.delete(ada, entry_id(4), 1, NOW + 6000).unwrap();
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    for tag in [7, 8, 9] {
        store.set_credential(&new(ada, &passkey(tag), tag), PASSKEYS_MAX, NOW + u64::from(tag)).unwrap();
    }
    let with_passkey = NewSession { credential: passkey(7), ..session(ada, 6) };
    store.open_session(&with_passkey, &LONG, NOW + 7000).unwrap();
    store.remove_passkey(&old(ada, &passkey_id(8)), NOW).unwrap();
    (folder, store)
}

const ALL: TransferCounts = TransferCounts { accounts: 4, entries: 706, invites: 5 };

pub fn transferred_data_equals_its_source(driver: &impl Driver) {
    let (_folder, from) = source();
    let to = driver.open();
    assert_eq!(transfer(&from, &*to, &mut |_| {}).unwrap(), ALL);
    let ada = account(1, "Åda").id;
    let last = to.changes(ada, 700, 10).unwrap().entries;
    assert_eq!(
        last.iter().map(|entry| (entry.version, entry.sealed.is_some())).collect::<Vec<_>>(),
        [(2, true), (2, false)]
    );
    assert_eq!(
        to.credential(&Username::new("bob").unwrap(), &CredentialName::Recovery).unwrap().unwrap().secret,
        secret(2 ^ 0xff)
    );
    let passkey = to.credential(&Username::new("Åda").unwrap(), &passkey(7)).unwrap().unwrap();
    assert_eq!((passkey.epoch, passkey.secret), (1, secret(7)));
    let passkeys: Vec<_> = to.passkeys(ada).unwrap().into_iter().map(|it| (it.id, it.used_at)).collect();
    assert_eq!(passkeys, [(passkey_id(7), Some(NOW + 7000)), (passkey_id(9), None)]);
    to.check_invite(&[9; 32], NOW).unwrap();
    assert!(to.live_session(&[5; 32], &LONG, NOW).is_err(), "sessions are not transferred");
    // The next change has the next number.
    let next = to.put(&put(ada, entry_id(999), 0, 1), 700, NOW).unwrap();
    assert_eq!(next.change_no, 703);

    // And back again, into an empty file.
    let folder = tempfile::tempdir().unwrap();
    let back = SqliteStore::open(&folder.path().join("back.db"), 2).unwrap();
    let counts = transfer(&*to, &back, &mut |_| {}).unwrap();
    assert_eq!(counts, TransferCounts { entries: 707, ..ALL });
}

pub fn interrupted_transfer_can_be_repeated(driver: &impl Driver) {
    let (_folder, from) = source();
    let to = driver.open();
    let interrupted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        transfer(&from, &*to, &mut |progress| {
            if matches!(progress, Progress::Copying { done: TransferCounts { entries: 500.., .. }, entries: 704 }) {
                std::panic::resume_unwind(Box::new("interrupted"));
            }
        })
    }));
    assert!(interrupted.is_err());
    let there = to.changes(account(1, "Åda").id, 0, 1000).unwrap().entries.len();
    assert_eq!(there, 500, "half-way");
    assert_eq!(transfer(&from, &*to, &mut |_| {}).unwrap(), ALL);
    assert_eq!(transfer(&from, &*to, &mut |_| {}).unwrap(), ALL, "repeating it changes nothing");
}

pub fn transfer_into_other_data_is_refused(driver: &impl Driver) {
    let (_folder, from) = source();
    let to = driver.open();
    let refused = |to: &dyn Store| transfer(&from, to, &mut |_| {}).unwrap_err();
    let empty = tempfile::tempdir().unwrap();
    let unused = SqliteStore::open(&empty.path().join("unused.db"), 1).unwrap();
    assert!(matches!(transfer(&unused, &*to, &mut |_| {}), Err(TransferError::Nothing)));
    transfer(&from, &*to, &mut |_| {}).unwrap();
    // A passkey that was removed in the source is removed in the target.
    let ada = account(1, "Åda").id;
    from.remove_passkey(&old(ada, &passkey_id(9)), NOW).unwrap();
    transfer(&from, &*to, &mut |_| {}).unwrap();
    assert_eq!(to.passkeys(ada).unwrap().len(), 1);
    // The target was used after the transfer: it has an entry that the source lacks.
    to.put(&put(account(2, "bob").id, entry_id(99), 0, 1), MANY, NOW).unwrap();
    assert!(matches!(refused(&*to), TransferError::OtherData));
    let folder = tempfile::tempdir().unwrap();
    let used = SqliteStore::open(&folder.path().join("used.db"), 1).unwrap();
    transfer(&from, &used, &mut |_| {}).unwrap();
    used.open_session(&NewSession { epoch: 2, ..session(ada, 5) }, &LONG, NOW).unwrap();
    used.set_credential(&new(ada, &passkey(1), 1), PASSKEYS_MAX, NOW).unwrap();
    assert!(matches!(refused(&used), TransferError::OtherData));
    used.remove_passkey(&old(ada, &passkey_id(1)), NOW).unwrap();
    assert!(matches!(refused(&used), TransferError::OtherData), "its epoch is higher");
    // Another account, another server key.
    let folder = tempfile::tempdir().unwrap();
    let other = SqliteStore::open(&folder.path().join("other.db"), 1).unwrap();
    settle(&other, 7, "mallory");
    assert!(matches!(refused(&other), TransferError::OtherData));
    let folder = tempfile::tempdir().unwrap();
    let other = SqliteStore::open(&folder.path().join("other.db"), 1).unwrap();
    other.bind_server_key(&[4; 32]).unwrap();
    assert!(matches!(refused(&other), TransferError::OtherKey));
}

pub fn insert_entries_refuses_differing_entries(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    let entry = |tag, version, change_no| StoredVersion {
        id: entry_id(tag),
        version,
        change_no,
        changed_at: NOW,
        deleted: false,
        sealed: Some(Base64Url(sealed(1024, 7).as_bytes().to_vec())),
    };
    store.insert_entries(ada, &[]).unwrap();
    store.insert_entries(ada, &[entry(1, 1, 1), entry(2, 1, 2), entry(3, 1, 4)]).unwrap();
    store.insert_entries(ada, &[entry(1, 1, 1), entry(2, 1, 2)]).unwrap();
    for (difference, page) in [
        ("another entry under that number", vec![entry(1, 1, 1), entry(9, 1, 2)]),
        ("another version under that number", vec![entry(1, 1, 1), entry(2, 2, 2)]),
        ("the same entry under another number", vec![entry(2, 1, 3)]),
        ("one too many in between", vec![entry(1, 1, 1), entry(3, 1, 4)]),
    ] {
        assert!(matches!(store.insert_entries(ada, &page), Err(StoreError::Taken)), "{difference}");
    }
    let there: Vec<_> = store.changes(ada, 0, 10).unwrap().entries.iter().map(|entry| entry.change_no).collect();
    assert_eq!(there, [1, 2, 4], "refused entries left nothing");
}
