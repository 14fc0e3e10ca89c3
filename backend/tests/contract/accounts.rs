//! Server key, invites and accounts.

use backend::store::{InviteFault, NewAccount, StoreError};
use shared::bytes::Base64Url;
use shared::sessions::CredentialKind;

use super::*;

pub fn a_store_belongs_to_one_server_key(driver: &impl Driver) {
    let store = driver.open();
    store.bind_server_key(&[1; 32]).unwrap();
    driver.open().bind_server_key(&[1; 32]).unwrap();
    assert!(matches!(driver.open().bind_server_key(&[2; 32]), Err(StoreError::Taken)));
}

pub fn an_invite_is_good_once_and_for_a_time(driver: &impl Driver) {
    let store = driver.open();
    let fault = |tag: u8, now| match store.check_invite(&[tag; 32], now) {
        Err(StoreError::Invite(fault)) => Some(fault),
        Ok(()) => None,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(fault(1, NOW), Some(InviteFault::Unknown));
    store.add_invite(&invite(1)).unwrap();
    assert!(matches!(store.add_invite(&invite(1)), Err(StoreError::Taken)));
    assert_eq!(fault(1, NOW + 999), None);
    assert_eq!(fault(1, NOW + 1000), Some(InviteFault::Expired));
    let late = store.create_account(&account(1, "ada"), &[1; 32], NOW + 1000);
    assert!(matches!(late, Err(StoreError::Invite(InviteFault::Expired))));
    store.create_account(&account(1, "ada"), &[1; 32], NOW).unwrap();
    assert_eq!(fault(1, NOW), Some(InviteFault::Used));
    let again = store.create_account(&account(2, "bob"), &[1; 32], NOW);
    assert!(matches!(again, Err(StoreError::Invite(InviteFault::Used))));
    let unknown = store.create_account(&account(2, "bob"), &[9; 32], NOW);
    assert!(matches!(unknown, Err(StoreError::Invite(InviteFault::Unknown))));
    assert_eq!(store.credential(&Login::new("bob").unwrap(), CredentialKind::Passphrase).unwrap(), None);
}

pub fn a_set_up_link_dies_with_the_first_account(driver: &impl Driver) {
    let store = driver.open();
    store.add_invite(&Invite { setup: true, ..invite(8) }).unwrap();
    store.add_invite(&Invite { setup: true, ..invite(9) }).unwrap();
    store.check_invite(&[8; 32], NOW).unwrap();
    store.create_account(&account(1, "ada"), &[8; 32], NOW).unwrap();
    let second = store.create_account(&account(2, "bob"), &[9; 32], NOW);
    assert!(matches!(second, Err(StoreError::Invite(InviteFault::Unknown))));
}

pub fn a_login_or_an_id_in_use_leaves_the_invite_good(driver: &impl Driver) {
    let store = driver.open();
    settle(&*store, 1, "ada");
    store.add_invite(&invite(2)).unwrap();
    assert!(matches!(store.create_account(&account(2, "ada"), &[2; 32], NOW), Err(StoreError::Taken)));
    assert!(matches!(store.create_account(&account(1, "bob"), &[2; 32], NOW), Err(StoreError::Taken)));
    store.create_account(&account(2, "bob"), &[2; 32], NOW).unwrap();
}

pub fn an_account_made_twice_is_one(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    driver.open().create_account(&account(1, "ada"), &[1; 32], NOW + 5000).unwrap();
    store.put(&put(ada, entry_id(1), 0, 7), MANY, NOW).unwrap();
    store.create_account(&account(1, "ada"), &[1; 32], NOW + 5000).unwrap();
    assert_eq!(store.changes(ada, 0, 10).unwrap().latest, 1);
}

pub fn letter_case_does_not_make_a_second_account(driver: &impl Driver) {
    let store = driver.open();
    let asa = settle(&*store, 1, "Åsa");
    store.add_invite(&invite(2)).unwrap();
    assert!(matches!(store.create_account(&account(2, "ÅSA"), &[2; 32], NOW), Err(StoreError::Taken)));
    let found = store.credential(&Login::new("åSA").unwrap(), CredentialKind::Passphrase).unwrap();
    assert_eq!(found.unwrap().account, asa);
    assert_eq!(store.credential(&Login::new("asa").unwrap(), CredentialKind::Passphrase).unwrap(), None);
    // As long as a name may be, of characters that take four octets each.
    let long = "𝔞".repeat(255);
    settle(&*store, 3, &long);
    assert!(store.credential(&Login::new(&long).unwrap(), CredentialKind::Recovery).unwrap().is_some());
}

pub fn credentials_come_back_as_stored(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    settle(&*store, 2, "bob");
    let login = Login::new("ada").unwrap();
    let passphrase = store.credential(&login, CredentialKind::Passphrase).unwrap().unwrap();
    assert_eq!((passphrase.account, passphrase.epoch, passphrase.secret), (ada, 0, secret(1)));
    let recovery = store.credential(&login, CredentialKind::Recovery).unwrap().unwrap();
    assert_eq!((recovery.account, recovery.epoch, recovery.secret), (ada, 0, secret(1 ^ 0xff)));
    assert_eq!(store.credential(&Login::new("eve").unwrap(), CredentialKind::Passphrase).unwrap(), None);
}

/// Nothing empty is ever stored: one database keeps it, another takes it for NULL.
pub fn an_empty_credential_is_refused(driver: &impl Driver) {
    let store = driver.open();
    store.add_invite(&invite(1)).unwrap();
    let empty: [fn(&mut NewAccount) -> &mut Base64Url; 4] = [
        |account| &mut account.passphrase.record,
        |account| &mut account.passphrase.wrapped_key,
        |account| &mut account.recovery.record,
        |account| &mut account.recovery.wrapped_key,
    ];
    for field in empty {
        let mut account = account(1, "ada");
        *field(&mut account) = Base64Url::default();
        assert!(matches!(store.create_account(&account, &[1; 32], NOW), Err(StoreError::Fault(_))));
    }
    assert!(!store.has_accounts().unwrap());
    store.check_invite(&[1; 32], NOW).unwrap();
}
