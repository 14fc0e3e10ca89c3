//! Copies, and what a close look finds.

use std::fs;
use std::path::PathBuf;

use shared::accounts::{NewCredential, Username};
use shared::bytes::Base64Url;
use shared::ids::{AccountId, EntryId};
use shared::limits::SEALED_OVERHEAD;
use shared::passwords::FORMAT;
use shared::sessions::CredentialName;
use tempfile::TempDir;

use super::*;
use crate::store::sqlite::SqliteStore;
use crate::store::{Invite, Lifetime, NewAccount, NewSession, Put, Store};

/// A file with two accounts, of which one has forty entries and a deleted one.
fn lived_in() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path, 1).unwrap();
    store.bind_server_key(&[3; 32]).unwrap();
    for tag in [1, 2] {
        let secret = NewCredential { record: Base64Url(vec![tag; 192]), wrapped_key: Base64Url(vec![tag; 73]) };
        let id = AccountId::from_random([tag; 16]);
        let username = Username::new(&format!("login {tag}")).unwrap();
        let account = NewAccount { id, username, passphrase: secret.clone(), recovery: secret };
        store.add_invite(&Invite { code_hash: [tag; 32], expires_at: 2, setup: false }).unwrap();
        store.create_account(&account, &[tag; 32], 1).unwrap();
    }
    let account = AccountId::from_random([1; 16]);
    for fill in 0..41 {
        let mut bytes = vec![fill; 1024 + SEALED_OVERHEAD];
        bytes[0] = FORMAT;
        let id = EntryId::from_time(1, [fill; 10]);
        store.put(&Put { account, id, replaces: 0, sealed: bytes.try_into().unwrap() }, 100, 1).unwrap();
    }
    store.delete(account, EntryId::from_time(1, [7; 10]), 1, 2).unwrap();
    let credential = CredentialName::Passphrase;
    let session = NewSession { token_hash: [0xee; 32], account, epoch: 0, credential, device: None };
    store.open_session(&session, &Lifetime { idle: 1000, max: 1000 }, 1).unwrap();
    (folder, path)
}

fn whole() -> DatabaseSummary {
    let key = Some([3; 32]);
    DatabaseSummary {
        schema: 2,
        accounts: 2,
        entries: 40,
        deleted: 1,
        passkeys: 0,
        invites: 2,
        server_key: key,
        faults: vec![],
    }
}

#[test]
fn a_copy_holds_the_same_and_nobodys_session() {
    let (folder, path) = lived_in();
    assert_eq!(examine(&path).unwrap(), whole());
    let target = folder.path().join("copy.db");
    copy(&path, &target).unwrap();
    assert_eq!(examine(&target).unwrap(), whole());
    let sessions = |file| {
        let count = "SELECT count(*) FROM sessions";
        Connection::open(file).unwrap().query_row(count, [], |row| row.get::<_, u32>(0)).unwrap()
    };
    assert_eq!((sessions(&path), sessions(&target)), (1, 0));
    assert!(!fs::read(&target).unwrap().windows(32).any(|window| window == [0xee; 32]), "not even in what is unused");
    assert!(copy(&path, &target).is_err(), "nothing is overwritten");
}

/// Whatever is missing, added, or belongs to nobody shows in the numbers.
#[test]
fn what_does_not_add_up_is_told() {
    for (meddling, told) in [
        ("UPDATE accounts SET entries = 41 WHERE login = 'login 1'", "1 accounts have another number of entries"),
        ("DELETE FROM passwords WHERE change_no = 5", "1 accounts have another number of entries"),
        ("UPDATE accounts SET change_no = 1 WHERE login = 'login 2'", "1 accounts miss changes"),
        ("UPDATE passwords SET change_no = 99 WHERE change_no = 42", "1 accounts have a last change"),
        ("PRAGMA foreign_keys = OFF; DELETE FROM accounts WHERE login = 'login 1'", "rows belong to no account"),
        ("PRAGMA user_version = 99", "use the newer Passmint"),
    ] {
        let (_folder, path) = lived_in();
        Connection::open(&path).unwrap().execute_batch(meddling).unwrap();
        let faults = examine(&path).unwrap().faults;
        assert!(faults.iter().any(|fault| fault.contains(told)), "{meddling}: {faults:?}");
    }
}

#[test]
fn damage_is_told_and_other_files_are_refused() {
    let (folder, path) = lived_in();
    let clean = folder.path().join("clean.db");
    copy(&path, &clean).unwrap();
    let mut bytes = fs::read(&clean).unwrap();
    let end = bytes.len();
    bytes[end - 2 * 4096..end - 4096].fill(0x55);
    let damaged = folder.path().join("damaged.db");
    fs::write(&damaged, bytes).unwrap();
    let faults = examine(&damaged).unwrap().faults;
    assert!(faults.iter().any(|fault| fault.starts_with("damaged: ")), "{faults:?}");

    // A row that its index does not know: every page is sound by itself.
    let mut bytes = fs::read(&clean).unwrap();
    let id = *EntryId::from_time(1, [21; 10]).as_bytes();
    let place = bytes.windows(16).position(|window| window == id).unwrap();
    bytes[place + 8] ^= 1;
    fs::write(&damaged, bytes).unwrap();
    let faults = examine(&damaged).unwrap().faults;
    assert!(faults.iter().any(|fault| fault.starts_with("damaged: ") && fault.contains("index")), "{faults:?}");

    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE diary (entry)").unwrap();
    assert!(examine(&other).unwrap_err().to_string().contains("no database of Passmint's"));
    fs::write(&other, "Dear diary, ".repeat(1000)).unwrap();
    assert!(examine(&other).is_err());
}
