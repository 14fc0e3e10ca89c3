//! Transfer from SQLite into the driver under test and back.

use backend::store::sqlite::SqliteStore;
use backend::store::transfer::{Progress, TransferCounts, TransferError, transfer};
use backend::store::{NewSecret, NewSession, NewVaultKey, PasskeyVerifier, StoreError, StoredAccount};
use shared::limits::BUCKETS;
use shared::sessions::{CredentialName, Device};
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
    save(&store, eve, &[change(1, 0, 1)]).unwrap();
    save(&store, eve, &[delete(1, 1)]).unwrap();
    save(&store, eve, &[change(2, 0, 1)]).unwrap();
    for first in (0..700).step_by(100) {
        let changes: Vec<_> = (first..first + 100).map(|tag| change(tag, 0, tag as u8)).collect();
        let save = prepare(&store, ada, &changes);
        store.save_changes(ada, &save, MANY, NOW + u64::from(first)).unwrap();
    }
    for (tag, bucket) in BUCKETS.into_iter().enumerate() {
        save(&store, bob, &[Change { sealed: sealed(bucket, 5), ..change(tag as u16, 0, 0) }]).unwrap();
    }
    // A deletion from before deletions were sealed, and an entry of format 1.
    let old_entry = Some(Base64Url([&[1][..], &[7; 1024 + 40]].concat()));
    let old_rows = [
        StoredVersion { deleted: true, sealed: None, ..row(&change(50, 6, 0), 5) },
        StoredVersion { sealed: old_entry, ..row(&change(51, 0, 0), 6) },
    ];
    store.insert_entries(bob, &old_rows).unwrap();
    let with_old_rows = store.account_after(Some(ada)).unwrap().unwrap();
    assert_eq!(with_old_rows.id, bob);
    store.upsert_account(&StoredAccount { change_no: 6, entries: 5, ..with_old_rows }).unwrap();
    let last = prepare(&store, ada, &[Change { version: 40, ..change(3, 1, 9) }, delete(4, 1)]);
    store.save_changes(ada, &last, MANY, NOW + 5000).unwrap();
    let device = Some(Device::new("Firefox on Linux").unwrap());
    store.open_session(&NewSession { device, ..session(ada, 5) }, &LONG, NOW).unwrap();
    for tag in [7, 8, 9] {
        let mut new = NewSecret { address: "192.0.2.7".into(), ..new(ada, &passkey(tag), tag) };
        new.secret.suite = tag;
        // One passkey is from before assertions were verified.
        let state = PasskeyVerifier { state: vec![tag; 90], origin: "https://passmint.example".into() };
        new.verifier = Some(state).filter(|_| tag != 9);
        set(&store, &new, NOW + u64::from(tag)).unwrap();
    }
    let with_passkey = NewSession { epoch: 3, credential: passkey(7), ..session(ada, 6) };
    store.open_session(&with_passkey, &LONG, NOW + 7000).unwrap();
    remove(&store, &old(ada, &passkey_id(8)), NOW).unwrap();
    // Bob has a second vault key, and secrets of other suites.
    store.open_session(&session(bob, 15), &LONG, NOW).unwrap();
    let mut key = NewVaultKey { token_hash: [15; 32], replaces: account_head(&store, bob), ..new_key(bob, 2) };
    (key.passphrase.suite, key.recovery.suite) = (3, 4);
    store.replace_vault_key(&key, NOW).unwrap();
    (folder, store)
}

const ALL: TransferCounts = TransferCounts { accounts: 4, entries: 708, invites: 5 };

pub fn transferred_data_equals_its_source(driver: &impl Driver) {
    let (_folder, from) = source();
    let to = driver.open();
    assert_eq!(transfer(&from, &*to, &mut |_| {}).unwrap(), ALL);
    let ada = account(1, "Åda").id;
    let accounts = |store: &dyn Store| {
        let mut accounts = vec![store.account_after(None).unwrap().unwrap()];
        while let Some(next) = store.account_after(accounts.last().map(|account| account.id)).unwrap() {
            accounts.push(next);
        }
        accounts
    };
    assert_eq!(accounts(&*to), accounts(&from), "with all columns");
    for account in accounts(&from) {
        assert!(list(&*to, account.id) == list(&from, account.id));
    }
    let last = to.list_changes(ada, 700, 10).unwrap().entries;
    let facts: Vec<_> = last.iter().map(|entry| (entry.version, entry.deleted)).collect();
    assert_eq!(facts, [(40, false), (2, true)]);
    let found = to.credential(&Username::new("bob").unwrap(), &CredentialName::Recovery).unwrap().unwrap();
    assert_eq!((found.secret.suite, found.secret.record), (4, secret(22).record));
    let passkey = to.credential(&Username::new("Åda").unwrap(), &passkey(7)).unwrap().unwrap();
    assert_eq!((passkey.epoch, passkey.secret.record), (4, secret(7).record));
    assert_eq!(to.credential_changes(ada).unwrap(), from.credential_changes(ada).unwrap());
    assert_eq!(to.credential_changes(ada).unwrap().len(), 4);
    let passkeys: Vec<_> = to.passkeys(ada).unwrap().into_iter().map(|it| (it.id, it.used_at)).collect();
    assert_eq!(passkeys, [(passkey_id(7), Some(NOW + 7000)), (passkey_id(9), None)]);
    to.check_invite(&[9; 32], NOW).unwrap();
    assert!(to.live_session(&[5; 32], &LONG, NOW).is_err(), "sessions are not transferred");
    // The next change has the next number.
    assert_eq!(save(&*to, ada, &[change(999, 0, 1)]).unwrap().change_no, 703);
    // Repeating the request that made an account is still a repeat.
    assert!(!to.create_account(&account(4, "empty"), &[4; 32], NOW).unwrap());

    // And back again, into an empty file.
    let folder = tempfile::tempdir().unwrap();
    let back = SqliteStore::open(&folder.path().join("back.db"), 2).unwrap();
    let counts = transfer(&*to, &back, &mut |_| {}).unwrap();
    assert_eq!(counts, TransferCounts { entries: 709, ..ALL });
}

pub fn interrupted_transfer_can_be_repeated(driver: &impl Driver) {
    let (_folder, from) = source();
    let to = driver.open();
    let interrupted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        transfer(&from, &*to, &mut |progress| {
            if matches!(progress, Progress::Copying { done: TransferCounts { entries: 500.., .. }, entries: 705 }) {
                std::panic::resume_unwind(Box::new("interrupted"));
            }
        })
    }));
    assert!(interrupted.is_err());
    let there = list(&*to, account(1, "Åda").id).len();
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
    remove(&from, &old(ada, &passkey_id(9)), NOW).unwrap();
    transfer(&from, &*to, &mut |_| {}).unwrap();
    assert_eq!(to.passkeys(ada).unwrap().len(), 1);
    // The target was used after the transfer: it has an entry that the source lacks.
    save(&*to, ada, &[change(99, 0, 1), change(999, 0, 1)]).expect_err("one exists");
    save(&*to, ada, &[change(999, 0, 1)]).unwrap();
    assert!(matches!(refused(&*to), TransferError::OtherData));
    let folder = tempfile::tempdir().unwrap();
    let used = SqliteStore::open(&folder.path().join("used.db"), 1).unwrap();
    transfer(&from, &used, &mut |_| {}).unwrap();
    used.open_session(&NewSession { epoch: 5, ..session(ada, 5) }, &LONG, NOW).unwrap();
    set(&used, &new(ada, &passkey(1), 1), NOW).unwrap();
    assert!(matches!(refused(&used), TransferError::OtherData));
    remove(&used, &old(ada, &passkey_id(1)), NOW).unwrap();
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
    let entry = |tag, version, change_no| StoredVersion { version, ..row(&change(tag, 0, 7), change_no) };
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
    let there: Vec<_> = list(&*store, ada).iter().map(|entry| entry.change_no).collect();
    assert_eq!(there, [1, 2, 4], "refused entries left nothing");
}
