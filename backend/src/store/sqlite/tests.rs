//! SQLite's file: its permissions, migrations and damage.

use std::fs;

use shared::accounts::{NewCredential, Username};
use shared::bytes::Base64Url;
use shared::changes::{Change, FORMAT, HEAD_LEN, OVERHEAD, SaveChanges, Saved, SealedHead};
use shared::ids::{AccountId, EntryId, PasskeyId};
use shared::sessions::CredentialName;

use super::*;
use crate::store::*;

fn account(store: &SqliteStore) -> AccountId {
    let secret = NewCredential { suite: 1, record: Base64Url(vec![1; 192]), wrapped_key: Base64Url(vec![1; 73]) };
    let account = NewAccount {
        id: AccountId::from_random([1; 16]),
        username: Username::new("ada").unwrap(),
        passphrase: secret.clone(),
        recovery: secret,
        head: Some(head(0xff)),
    };
    store.add_invite(&Invite { code_hash: [1; 32], expires_at: 2, setup: false }).unwrap();
    store.create_account(&account, &[1; 32], 1).unwrap();
    account.id
}

fn under_key_1(len: usize, fill: u8) -> Vec<u8> {
    [&[FORMAT, 0, 0, 0, 1][..], &vec![fill; len - 5]].concat()
}

fn head(fill: u8) -> SealedHead {
    under_key_1(HEAD_LEN, fill).try_into().unwrap()
}

/// Saves a new entry, each with another `fill`.
fn put(store: &SqliteStore, account: AccountId, fill: u8) -> Result<Saved, StoreError> {
    save(store, account, fill, 0, under_key_1(1024 + OVERHEAD, fill))
}

/// Saves a version of the entry of that `fill`.
fn save(
    store: &SqliteStore,
    account: AccountId,
    fill: u8,
    replaces: u32,
    sealed: Vec<u8>,
) -> Result<Saved, StoreError> {
    let id = EntryId::from_time(1, [fill; 10]);
    let changes = vec![Change { id, replaces, version: replaces + 1, sealed: sealed.try_into().unwrap() }];
    let before = store.account_after(None)?.unwrap().head.unwrap().0.try_into().unwrap();
    let save = SaveChanges { replaces: before, changes, head: head(fill ^ 0x80 ^ replaces as u8) };
    store.save_changes(account, &save, 10_000, 1)
}

fn checkpoint(store: &SqliteStore) {
    let checkpoint = |writer: &mut Connection| writer.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").map_err(cause);
    store.writer.with(checkpoint).unwrap();
}

/// Overwrites a page near the end of the file.
fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let end = bytes.len();
    bytes[end - 3 * 4096..end - 2 * 4096].fill(0x55);
    fs::write(path, bytes).unwrap();
}

#[test]
fn file_is_private_and_every_commit_is_synced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path, 1).unwrap();
    let pragma = |name: &str| {
        let value = |writer: &mut Connection| {
            Ok(writer.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0)).unwrap())
        };
        store.writer.with(value).unwrap()
    };
    assert_eq!(pragma("journal_mode"), rusqlite::types::Value::from("wal".to_owned()));
    assert_eq!(pragma("synchronous"), 2.into(), "FULL");
    #[cfg(unix)]
    for file in ["a.db", "a.db-wal", "a.db-shm"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[test]
fn bytes_of_a_deleted_entry_are_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path, 1).unwrap();
    let ada = account(&store);
    put(&store, ada, 0xa7).unwrap();
    let holds = || {
        checkpoint(&store);
        fs::read(&path).unwrap().windows(64).any(|window| window == [0xa7; 64])
    };
    assert!(holds());
    save(&store, ada, 0xa7, 1, under_key_1(OVERHEAD, 0)).unwrap();
    assert!(!holds());
}

#[test]
fn file_with_a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    drop(SqliteStore::open(&path, 1).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = SqliteStore::open(&path, 1).err().unwrap().to_string();
    assert!(error.contains("schema version 99") && error.contains("newer Passmint"), "{error}");
}

#[test]
fn file_that_is_no_database_is_refused_and_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let text = "Dear diary, ".repeat(1000);
    fs::write(&path, &text).unwrap();
    assert!(matches!(SqliteStore::open(&path, 1), Err(StoreError::Unavailable(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn damaged_file_is_read_but_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path, 1).unwrap();
    let ada = account(&store);
    for fill in 0..100 {
        put(&store, ada, fill).unwrap();
    }
    checkpoint(&store);
    drop(store);
    damage(&path);

    let store = SqliteStore::open(&path, 1).unwrap();
    assert!(store.has_accounts().unwrap());
    assert!(matches!(store.check(), Err(StoreError::ReadOnly(ReadOnly::Damaged(_)))));
    let error = put(&store, ada, 200).unwrap_err().to_string();
    assert!(error.contains("read-only because the database is damaged"), "{error}");
}

/// A database of the first release, with data in each table.
#[test]
fn schema_1_is_migrated_and_keeps_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let old = Connection::open(&path).unwrap();
    old.execute_batch(migrations::MIGRATIONS[0]).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    let id = AccountId::from_random([1; 16]);
    let insert = |sql: &str, params: &[&dyn rusqlite::ToSql]| old.execute(sql, params).unwrap();
    insert("INSERT INTO server VALUES (1, ?1)", &[&[3_u8; 32]]);
    insert("INSERT INTO accounts VALUES (?1, 'ada', x'01', x'02', x'03', x'04', 0, 2, 1, 1)", &[id.as_bytes()]);
    let sealed = [&[1][..], &[7; 1024 + 40]].concat();
    let entry = EntryId::from_time(1, [7; 10]);
    insert("INSERT INTO passwords VALUES (?1, ?2, 1, 1, ?3, NULL, 1)", &[id.as_bytes(), entry.as_bytes(), &sealed]);
    let gone = EntryId::from_time(1, [8; 10]);
    insert("INSERT INTO passwords VALUES (?1, ?2, 2, 2, NULL, 5, 5)", &[id.as_bytes(), gone.as_bytes()]);
    insert("INSERT INTO sessions VALUES (?1, ?2, 1000, 1000)", &[&[5_u8; 32], id.as_bytes()]);
    insert("INSERT INTO invites VALUES (?1, 1, NULL, 0)", &[&[1_u8; 32]]);
    drop(old);

    let store = SqliteStore::open(&path, 1).unwrap();
    let version = |store: &SqliteStore| -> u32 {
        let version = |writer: &mut Connection| Ok(writer.pragma_query_value(None, "user_version", |row| row.get(0)));
        store.writer.with(version).unwrap().unwrap()
    };
    assert_eq!(version(&store), 3);
    // A copy of the old file is beside it, complete and private.
    let copy = folder.path().join("a.db.before-schema-3");
    let before = Connection::open(&copy).unwrap();
    assert_eq!(before.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0)).unwrap(), 1);
    assert_eq!(before.query_row("SELECT count(*) FROM sessions", [], |row| row.get::<_, u32>(0)).unwrap(), 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(store.server_key().unwrap(), Some([3; 32]));
    assert_eq!(store.invites().unwrap().len(), 1);
    let ada = store.account_after(None).unwrap().unwrap();
    assert_eq!((ada.id, ada.username.as_str(), ada.recovery.wrapped_key.0, ada.passkeys), (id, "ada", vec![4], vec![]));
    assert_eq!((ada.passphrase.suite, ada.recovery.suite, ada.key_no), (1, 1, 0));
    assert_eq!((ada.head, ada.earlier_keys, ada.credential_changes), (None, None, vec![]));
    let changes = store.list_changes(id, 0, 10).unwrap();
    let rows: Vec<_> =
        changes.entries.into_iter().map(|row| (row.id, row.deleted, row.sealed.map(|it| it.0))).collect();
    assert_eq!(rows, [(entry, false, Some(sealed)), (gone, true, None)]);
    let lifetime = Lifetime { idle: 10_000, max: 10_000 };
    let live = store.live_session(&[5; 32], &lifetime, 2000).unwrap();
    assert_eq!(live, LiveSession { account: id, opened_at: 1000, used_at: 1000 });
    assert_eq!(store.sessions(id, &lifetime, 2000).unwrap()[0].device, None);
    drop(store);
    assert_eq!(version(&SqliteStore::open(&path, 1).unwrap()), 3);
}

/// Asks every table that has an `account_id`, so that later tables are included.
#[test]
fn no_table_has_a_row_of_a_deleted_account() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("a.db"), 1).unwrap();
    let ada = account(&store);
    put(&store, ada, 1).unwrap();
    let secret =
        |tag| NewCredential { suite: 1, record: Base64Url(vec![tag; 192]), wrapped_key: Base64Url(vec![tag; 73]) };
    let lifetime = Lifetime { idle: 10_000, max: 10_000 };
    let session = NewSession {
        token_hash: [5; 32],
        account: ada,
        epoch: 0,
        credential: CredentialName::Passphrase,
        device: None,
        passkey_state: None,
    };
    store.open_session(&session, &lifetime, 1).unwrap();
    let name = CredentialName::Passkey(PasskeyId::try_from(vec![1]).unwrap());
    let passkey = NewSecret {
        account: ada,
        token_hash: [5; 32],
        epoch: 0,
        name,
        secret: secret(1),
        verifier: None,
        keep_passkeys: Vec::new(),
        address: String::new(),
    };
    store.set_credential(&passkey, 1, 1).unwrap();
    let path = folder.path().join("a.db");
    let rows = || {
        let writer = Connection::open(&path).unwrap();
        let mut tables = writer
            .prepare(
                "SELECT t.name FROM sqlite_schema t, pragma_table_info(t.name) c
                 WHERE t.type = 'table' AND c.name = 'account_id' ORDER BY t.name",
            )
            .unwrap();
        let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let columns = tables.iter().map(|table| (table.as_str(), "account_id")).chain([("accounts", "id")]);
        columns
            .map(|(table, column)| {
                let count = format!("SELECT count(*) FROM {table} WHERE {column} = ?1");
                (table.to_owned(), writer.query_row(&count, [ada.as_bytes()], |row| row.get::<_, i64>(0)).unwrap())
            })
            .collect::<Vec<_>>()
    };
    let each = |count| {
        ["credential_changes", "passkeys", "passwords", "sessions", "accounts"]
            .map(|table| (table.to_owned(), count))
            .to_vec()
    };
    assert_eq!(rows(), each(1));
    store.delete_account(ada, None).unwrap();
    assert_eq!(rows(), each(0));
}

#[test]
fn damage_that_is_found_in_an_open_file_stops_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path, 1).unwrap();
    let ada = account(&store);
    for fill in 0..100 {
        put(&store, ada, fill).unwrap();
    }
    store.look_for_damage().unwrap();
    store.check().unwrap();
    assert!(!store.usage().damaged);
    checkpoint(&store);
    damage(&path);

    assert!(matches!(store.look_for_damage(), Err(StoreError::ReadOnly(ReadOnly::Damaged(_)))));
    assert!(store.usage().damaged);
    assert!(matches!(store.check(), Err(StoreError::ReadOnly(ReadOnly::Damaged(_)))));
    assert!(matches!(put(&store, ada, 200), Err(StoreError::ReadOnly(ReadOnly::Damaged(_)))));
    assert!(store.has_accounts().unwrap());
}

#[test]
fn full_disk_and_write_protected_file_have_errors_of_their_own() {
    let full = Connection::open_in_memory().unwrap();
    full.execute_batch("CREATE TABLE a (b); PRAGMA max_page_count = 3").unwrap();
    let error = full.execute("INSERT INTO a VALUES (zeroblob(100000))", []).unwrap_err();
    assert!(matches!(cause(error), StoreError::ReadOnly(ReadOnly::DiskFull)));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path, 1).unwrap();
    let locked = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let error = locked.execute("DELETE FROM invites", []).unwrap_err();
    assert!(matches!(cause(error), StoreError::ReadOnly(ReadOnly::File)));

    let commits = store.usage().commits;
    store.check().unwrap();
    assert_eq!(store.usage().commits, commits + 1, "the check writes");
}
