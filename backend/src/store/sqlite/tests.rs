//! What only SQLite does: the file itself.

use std::fs;

use super::*;
use crate::store::Put;
use shared::accounts::NewCredential;
use shared::bytes::Base64Url;
use shared::limits::SEALED_OVERHEAD;
use shared::passwords::FORMAT;

fn account(store: &SqliteStore) -> AccountId {
    let secret = NewCredential { record: Base64Url(vec![1; 192]), wrapped_key: Base64Url(vec![1; 73]) };
    let account = NewAccount {
        id: AccountId::from_random([1; 16]),
        login: Login::new("ada").unwrap(),
        passphrase: secret.clone(),
        recovery: secret,
    };
    store.add_invite(&Invite { code_hash: [1; 32], expires_at: 2, setup: false }).unwrap();
    store.create_account(&account, &[1; 32], 1).unwrap();
    account.id
}

fn put(store: &SqliteStore, account: AccountId, fill: u8) -> Result<Written, StoreError> {
    let mut octets = vec![fill; 1024 + SEALED_OVERHEAD];
    octets[0] = FORMAT;
    let id = EntryId::from_time(1, [fill; 10]);
    store.put(&Put { account, id, replaces: 0, sealed: octets.try_into().unwrap() }, 10_000, 1)
}

#[test]
fn the_file_is_its_owners_and_syncs_every_commit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path, 1).unwrap();
    let writer = store.writer.lock().unwrap();
    let pragma = |name: &str| writer.pragma_query_value(None, name, |row| row.get::<_, String>(0));
    assert_eq!(pragma("journal_mode").unwrap(), "wal");
    let synchronous: i64 = writer.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
    assert_eq!(synchronous, 2, "FULL");
    #[cfg(unix)]
    for file in ["a.db", "a.db-wal", "a.db-shm"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn deleted_bytes_leave_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path, 1).unwrap();
    let ada = account(&store);
    put(&store, ada, 0xa7).unwrap();
    let holds = || {
        store.writer.lock().unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        fs::read(&path).unwrap().windows(64).any(|window| window == [0xa7; 64])
    };
    assert!(holds());
    store.delete(ada, EntryId::from_time(1, [0xa7; 10]), 1, 2).unwrap();
    assert!(!holds());
}

#[test]
fn a_newer_passmints_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    drop(SqliteStore::open(&path, 1).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = SqliteStore::open(&path, 1).err().unwrap().to_string();
    assert!(error.contains("schema version 99") && error.contains("newer Passmint"), "{error}");
}

#[test]
fn what_is_no_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let text = "Dear diary, ".repeat(1000);
    fs::write(&path, &text).unwrap();
    assert!(matches!(SqliteStore::open(&path, 1), Err(StoreError::Unavailable(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_damaged_file_is_read_but_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path, 1).unwrap();
    let ada = account(&store);
    for fill in 0..100 {
        put(&store, ada, fill).unwrap();
    }
    store.writer.lock().unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(store);
    let mut octets = fs::read(&path).unwrap();
    let end = octets.len();
    octets[end - 3 * 4096..end - 2 * 4096].fill(0x55);
    fs::write(&path, octets).unwrap();

    let store = SqliteStore::open(&path, 1).unwrap();
    assert!(store.has_accounts().unwrap());
    assert!(matches!(store.check(), Err(StoreError::Unavailable(_))));
    let error = put(&store, ada, 200).unwrap_err().to_string();
    assert!(error.contains("read-only because the database is damaged"), "{error}");
}
