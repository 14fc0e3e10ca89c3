//! Server key, invites and accounts.

use backend::store::{InviteFault, NewAccount, NewSecret, NewSession, StoreError};
use shared::bytes::Base64Url;
use shared::limits::BUCKETS;
use shared::sessions::CredentialName;

use super::*;

pub fn store_is_bound_to_one_server_key(driver: &impl Driver) {
    let store = driver.open();
    store.bind_server_key(&[1; 32]).unwrap();
    driver.open().bind_server_key(&[1; 32]).unwrap();
    assert!(matches!(driver.open().bind_server_key(&[2; 32]), Err(StoreError::Taken)));
}

pub fn invite_is_used_once_and_expires(driver: &impl Driver) {
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
    assert_eq!(store.credential(&Username::new("bob").unwrap(), &CredentialName::Passphrase).unwrap(), None);
}

pub fn set_up_link_is_unknown_after_the_first_account(driver: &impl Driver) {
    let store = driver.open();
    store.add_invite(&Invite { setup: true, ..invite(8) }).unwrap();
    store.add_invite(&Invite { setup: true, ..invite(9) }).unwrap();
    store.check_invite(&[8; 32], NOW).unwrap();
    store.create_account(&account(1, "ada"), &[8; 32], NOW).unwrap();
    let second = store.create_account(&account(2, "bob"), &[9; 32], NOW);
    assert!(matches!(second, Err(StoreError::Invite(InviteFault::Unknown))));
}

pub fn taken_username_or_id_does_not_use_the_invite_up(driver: &impl Driver) {
    let store = driver.open();
    settle(&*store, 1, "ada");
    store.add_invite(&invite(2)).unwrap();
    assert!(matches!(store.create_account(&account(2, "ada"), &[2; 32], NOW), Err(StoreError::Taken)));
    assert!(matches!(store.create_account(&account(1, "bob"), &[2; 32], NOW), Err(StoreError::Taken)));
    assert!(store.create_account(&account(2, "bob"), &[2; 32], NOW).unwrap());
}

pub fn repeated_create_account_makes_one_account(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    assert!(!driver.open().create_account(&account(1, "ada"), &[1; 32], NOW + 5000).unwrap());
    save(&*store, ada, &[change(1, 0, 7)]).unwrap();
    assert!(!store.create_account(&account(1, "ada"), &[1; 32], NOW + 5000).unwrap());
    assert_eq!(list(&*store, ada).len(), 1);
    // With another invite it is no repeat: somebody who saw the request could otherwise learn whether it was carried out.
    store.add_invite(&invite(2)).unwrap();
    assert!(matches!(store.create_account(&account(1, "ada"), &[2; 32], NOW), Err(StoreError::Taken)));
    let unknown = store.create_account(&account(1, "ada"), &[9; 32], NOW);
    assert!(matches!(unknown, Err(StoreError::Invite(InviteFault::Unknown))));
}

pub fn letter_case_does_not_make_a_second_account(driver: &impl Driver) {
    let store = driver.open();
    let asa = settle(&*store, 1, "Åsa");
    store.add_invite(&invite(2)).unwrap();
    assert!(matches!(store.create_account(&account(2, "ÅSA"), &[2; 32], NOW), Err(StoreError::Taken)));
    let found = store.credential(&Username::new("åSA").unwrap(), &CredentialName::Passphrase).unwrap();
    assert_eq!(found.unwrap().account, asa);
    assert_eq!(store.credential(&Username::new("asa").unwrap(), &CredentialName::Passphrase).unwrap(), None);
    // The longest name, of characters that take four bytes each.
    let long = "𝔞".repeat(255);
    settle(&*store, 3, &long);
    assert!(store.credential(&Username::new(&long).unwrap(), &CredentialName::Recovery).unwrap().is_some());
}

pub fn credentials_are_returned_as_stored(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    settle(&*store, 2, "bob");
    let username = Username::new("ada").unwrap();
    let passphrase = store.credential(&username, &CredentialName::Passphrase).unwrap().unwrap();
    assert_eq!((passphrase.account, passphrase.epoch, passphrase.secret), (ada, 0, secret(1)));
    let recovery = store.credential(&username, &CredentialName::Recovery).unwrap().unwrap();
    assert_eq!((recovery.account, recovery.epoch, recovery.secret), (ada, 0, secret(1 ^ 0xff)));
    assert_eq!(store.credential(&Username::new("eve").unwrap(), &CredentialName::Passphrase).unwrap(), None);
}

/// Empty values are never stored: one database keeps them, another takes them for NULL.
pub fn empty_credential_is_refused(driver: &impl Driver) {
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

/// Two accounts with rows in every table: a passkey, five entries (one deleted), a change of credentials, two sessions. The sessions have the
/// tags 5 and 15 for ada, 6 and 16 for bob.
pub fn two_full_accounts(store: &dyn Store) -> (AccountId, AccountId) {
    let (ada, bob) = (settle(store, 1, "ada"), settle(store, 2, "bob"));
    for (account, token) in [(ada, 5), (bob, 6)] {
        store.open_session(&session(account, token), &LONG, NOW).unwrap();
        let passkey_of = NewSecret { token_hash: [token; 32], ..new(account, &passkey(3), 9) };
        set(store, &passkey_of, NOW).unwrap();
        let by_passkey = NewSession { epoch: 1, credential: passkey(3), ..session(account, token + 10) };
        store.open_session(&by_passkey, &LONG, NOW).unwrap();
        for (tag, bucket) in BUCKETS.into_iter().enumerate() {
            save(store, account, &[Change { sealed: sealed(bucket, 5), ..change(tag as u16, 0, 0) }]).unwrap();
        }
        save(store, account, &[change(9, 0, 1)]).unwrap();
        save(store, account, &[delete(9, 1)]).unwrap();
    }
    (ada, bob)
}

pub fn delete_account_removes_all_of_it_and_nothing_of_others(driver: &impl Driver) {
    let store = driver.open();
    let (ada, bob) = two_full_accounts(&*store);
    let bobs = store.account_after(Some(ada)).unwrap();
    let his_entries = store.list_changes(bob, 0, 100).unwrap();

    assert_eq!(store.username(ada).unwrap().as_str(), "ada");
    store.delete_account(ada, None).unwrap();
    store.delete_account(ada, None).unwrap();
    let store = driver.open();
    assert!(matches!(store.username(ada), Err(StoreError::NotFound)));
    assert_eq!(store.account_after(None).unwrap(), bobs, "bob's is the only account, and unchanged");
    assert_eq!(store.list_changes(bob, 0, 100).unwrap(), his_entries);
    assert!(is_live(&*store, 6) && is_live(&*store, 16));
    assert!(!is_live(&*store, 5) && !is_live(&*store, 15));
    let username = Username::new("ada").unwrap();
    for name in [CredentialName::Passphrase, CredentialName::Recovery, passkey(3)] {
        assert_eq!(store.credential(&username, &name).unwrap(), None);
        let late = NewSession { credential: name.clone(), ..session(ada, 7) };
        assert!(matches!(store.open_session(&late, &LONG, NOW), Err(StoreError::NotFound)));
        assert!(matches!(set(&*store, &new(ada, &name, 9), NOW), Err(StoreError::NotFound)));
    }
    let nothing = |head: Option<SealedHead>| {
        assert_eq!((list(&*store, ada), account_head(&*store, ada)), (vec![], head));
        assert_eq!(store.credential_changes(ada).unwrap(), []);
        assert_eq!((store.passkeys(ada).unwrap(), store.sessions(ada, &LONG, NOW).unwrap()), (vec![], vec![]));
    };
    nothing(None);
    assert!(matches!(save(&*store, ada, &[change(9, 0, 1)]), Err(StoreError::NotFound)));

    // Her invite stays used. Her username and her id are free for a vault that starts empty.
    assert!(matches!(store.check_invite(&[1; 32], NOW), Err(StoreError::Invite(InviteFault::Used))));
    store.add_invite(&invite(8)).unwrap();
    store.create_account(&account(1, "ada"), &[8; 32], NOW).unwrap();
    nothing(Some(head(1)));
    store.delete_account(ada, None).unwrap();
    store.delete_account(bob, None).unwrap();
    assert!(!store.has_accounts().unwrap());
}
