//! Copies of a database, and their verification.

use std::fs;
use std::path::PathBuf;

use shared::accounts::{NewCredential, Username};
use shared::bytes::Base64Url;
use shared::changes::{Change, FORMAT, HEAD_LEN, OVERHEAD, SaveChanges};
use shared::ids::{AccountId, EntryId};
use shared::sessions::CredentialName;
use tempfile::TempDir;

use super::*;
use crate::store::sqlite::SqliteStore;
use crate::store::{Accounts, Database, Entries, Invite, Lifetime, NewAccount, NewSession, Sessions, Transfer};

/// A file with two accounts; one of them has forty entries and a tombstone.
fn used_file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path, 1).unwrap();
    store.bind_server_key(&[3; 32]).unwrap();
    for tag in [1, 2] {
        let secret =
            NewCredential { suite: 1, record: Base64Url(vec![tag; 192]), wrapped_key: Base64Url(vec![tag; 73]) };
        let id = AccountId::from_random([tag; 16]);
        let head = [&[FORMAT, 0, 0, 0, 1][..], &[0xff; HEAD_LEN - 5]].concat().try_into().unwrap();
        let username = Username::new(&format!("login {tag}")).unwrap();
        let account = NewAccount { id, username, passphrase: secret.clone(), recovery: secret, head: Some(head) };
        store.add_invite(&Invite { code_hash: [tag; 32], expires_at: 2, setup: false }).unwrap();
        store.create_account(&account, &[tag; 32], 1).unwrap();
    }
    let account = AccountId::from_random([1; 16]);
    let under_key_1 = |len: usize, fill| [&[FORMAT, 0, 0, 0, 1][..], &vec![fill; len - 5]].concat();
    let save = |fill: u8, replaces, len| {
        let head = store.account_after(None).unwrap().unwrap().head.unwrap().0;
        let sealed = under_key_1(len + OVERHEAD, fill).try_into().unwrap();
        let id = EntryId::from_time(1, [fill; 10]);
        let changes = vec![Change { id, replaces, version: replaces + 1, sealed }];
        let next = under_key_1(HEAD_LEN, fill + 100 * replaces as u8).try_into().unwrap();
        let save = SaveChanges { replaces: head.try_into().unwrap(), changes, head: next };
        store.save_changes(account, &save, 100, 1).unwrap();
    };
    for fill in 0..41 {
        save(fill, 0, 1024);
    }
    save(7, 1, 0);
    let credential = CredentialName::Passphrase;
    let session =
        NewSession { token_hash: [0xee; 32], account, epoch: 0, credential, device: None, passkey_state: None };
    store.open_session(&session, &Lifetime { idle: 1000, max: 1000 }, 1).unwrap();
    (folder, path)
}

fn expected() -> DatabaseSummary {
    let key = Some([3; 32]);
    DatabaseSummary {
        schema: 3,
        accounts: 2,
        entries: 40,
        deleted: 1,
        passkeys: 0,
        invites: 2,
        server_key: key,
        unreadable: UnreadableRows::default(),
        faults: vec![],
    }
}

#[test]
fn copy_has_the_same_contents_without_sessions() {
    let (folder, path) = used_file();
    assert_eq!(examine(&path).unwrap(), expected());
    let target = folder.path().join("copy.db");
    copy(&path, &target).unwrap();
    assert_eq!(examine(&target).unwrap(), expected());
    let sessions = |file| {
        let count = "SELECT count(*) FROM sessions";
        Connection::open(file).unwrap().query_row(count, [], |row| row.get::<_, u32>(0)).unwrap()
    };
    assert_eq!((sessions(&path), sessions(&target)), (1, 0));
    assert!(!fs::read(&target).unwrap().windows(32).any(|window| window == [0xee; 32]), "not even in unused pages");
    assert!(copy(&path, &target).is_err(), "an existing file is not overwritten");
}

#[test]
fn missing_added_and_orphaned_rows_are_faults() {
    for (change, fault) in [
        ("UPDATE accounts SET entries = 41 WHERE login = 'login 1'", "1 accounts do not have the number of entries"),
        ("DELETE FROM passwords WHERE change_no = 5", "1 accounts do not have the number of entries"),
        ("UPDATE accounts SET change_no = 1 WHERE login = 'login 2'", "1 accounts do not end with the change"),
        (
            "UPDATE passwords SET change_no = change_no + 980; UPDATE passwords SET change_no = change_no - 1000;
                UPDATE accounts SET change_no = change_no - 20
                WHERE login = 'login 1'",
            "1 accounts have more entries than changes",
        ),
        ("UPDATE passwords SET change_no = 99 WHERE change_no = 42", "1 accounts do not end with the change"),
        ("PRAGMA foreign_keys = OFF; DELETE FROM accounts WHERE login = 'login 1'", "rows belong to no account"),
        ("PRAGMA user_version = 99", "use the newer Passmint"),
    ] {
        let (_folder, path) = used_file();
        Connection::open(&path).unwrap().execute_batch(change).unwrap();
        let faults = examine(&path).unwrap().faults;
        assert!(faults.iter().any(|it| it.contains(fault)), "{change}: {faults:?}");
    }
}

#[test]
fn rows_of_unknown_format_length_or_key_are_counted_and_named_by_their_ids() {
    let (folder, path) = used_file();
    let change = "UPDATE passwords SET sealed = CAST(x'07' || substr(sealed, 2) AS BLOB) WHERE change_no = 3;
        UPDATE passwords SET sealed = substr(sealed, 1, 1000) WHERE change_no = 5;
        UPDATE passwords SET sealed = x'' WHERE change_no = 9;
        UPDATE passwords SET sealed = CAST(x'0200000063' || zeroblob(1064) AS BLOB) WHERE change_no = 11";
    Connection::open(&path).unwrap().execute_batch(change).unwrap();
    let copied = folder.path().join("copy.db");
    copy(&path, &copied).unwrap();
    for file in [path, copied] {
        let summary = examine(&file).unwrap();
        assert_eq!(summary.faults, Vec::<String>::new(), "everything else is intact");
        assert_eq!((summary.entries, summary.unreadable.count), (40, 4));
        let named: Vec<_> = summary.unreadable.named.iter().map(ToString::to_string).collect();
        let account = AccountId::from_random([1; 16]);
        let told = |fill, text| format!("entry {} of account {account}: {text}", EntryId::from_time(1, [fill; 10]));
        let expected = [
            told(2, "unknown format 7"),
            told(4, "1000 bytes, which no entry has"),
            told(8, "no bytes"),
            told(10, "sealed under vault key 99, which the account does not have yet"),
        ];
        assert_eq!(named, expected);
    }
}

#[test]
fn damage_is_a_fault_and_a_foreign_file_an_error() {
    let (folder, path) = used_file();
    let clean = folder.path().join("clean.db");
    copy(&path, &clean).unwrap();
    let mut bytes = fs::read(&clean).unwrap();
    let end = bytes.len();
    bytes[end - 2 * 4096..end - 4096].fill(0x55);
    let damaged = folder.path().join("damaged.db");
    fs::write(&damaged, bytes).unwrap();
    let faults = examine(&damaged).unwrap().faults;
    assert!(faults.iter().any(|fault| fault.starts_with("damaged: ")), "{faults:?}");

    // A row that is missing from its index, while every page is valid by itself.
    let mut bytes = fs::read(&clean).unwrap();
    let id = *EntryId::from_time(1, [21; 10]).as_bytes();
    let place = bytes.windows(16).position(|window| window == id).unwrap();
    bytes[place + 8] ^= 1;
    fs::write(&damaged, bytes).unwrap();
    let faults = examine(&damaged).unwrap().faults;
    assert!(faults.iter().any(|fault| fault.starts_with("damaged: ") && fault.contains("index")), "{faults:?}");

    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE diary (entry)").unwrap();
    assert!(examine(&other).unwrap_err().to_string().contains("no database of Passmint"));
    fs::write(&other, "Dear diary, ".repeat(1000)).unwrap();
    assert!(examine(&other).is_err());
}
