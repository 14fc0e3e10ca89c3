//! Changing the secrets that open a vault.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use backend::store::{NewSecret, NewSession, OldPasskey, StoreError};
use shared::bytes::Base64Url;
use shared::ids::PasskeyId;
use shared::sessions::CredentialName;

use super::*;

/// More passkeys than any case makes.
pub const PASSKEYS_MAX: usize = 20;

pub fn passkey_id(tag: u8) -> PasskeyId {
    PasskeyId::try_from(vec![tag; 32]).unwrap()
}

pub fn passkey(tag: u8) -> CredentialName {
    CredentialName::Passkey(passkey_id(tag))
}

/// A passkey, to be removed in the session of tag 5 of an account whose credentials never changed.
pub fn old(account: AccountId, id: &PasskeyId) -> OldPasskey {
    OldPasskey { account, token_hash: [5; 32], epoch: 0, id: id.clone(), address: String::new() }
}

/// A secret to be set in the session of tag 5 of an account whose credentials never changed. Each passkey stays.
pub fn new(account: AccountId, name: &CredentialName, tag: u8) -> NewSecret {
    NewSecret {
        account,
        token_hash: [5; 32],
        epoch: 0,
        name: name.clone(),
        secret: secret(tag),
        verifier: None,
        keep_passkeys: (0..100).map(passkey_id).collect(),
        address: String::new(),
    }
}

/// Sets a secret after a proof that is begun now.
pub fn set(store: &dyn Store, new: &NewSecret, now: u64) -> Result<(), StoreError> {
    let epoch = epoch_of(store, new.account);
    store.set_credential(&NewSecret { epoch, ..new.clone() }, PASSKEYS_MAX, now)
}

/// Removes a passkey after a proof that is begun now.
pub fn remove(store: &dyn Store, old: &OldPasskey, now: u64) -> Result<(), StoreError> {
    let epoch = epoch_of(store, old.account);
    store.remove_passkey(&OldPasskey { epoch, ..old.clone() }, now)
}

/// The epoch of an account; 0 if there is none.
fn epoch_of(store: &dyn Store, account: AccountId) -> u32 {
    store.username(account).map_or(0, |username| epoch(store, username.as_str()))
}

pub fn epoch(store: &dyn Store, username: &str) -> u32 {
    store.credential(&Username::new(username).unwrap(), &CredentialName::Passphrase).unwrap().unwrap().epoch
}

pub fn new_secret_replaces_the_old_and_ends_other_sessions(driver: &impl Driver) {
    let store = driver.open();
    let (ada, bob) = (settle(&*store, 1, "ada"), settle(&*store, 2, "bob"));
    let username = Username::new("ada").unwrap();
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    store.open_session(&session(bob, 7), &LONG, NOW).unwrap();
    set(&*store, &new(ada, &passkey(3), 3), NOW).unwrap();
    let (passphrase, recovery) = (CredentialName::Passphrase, CredentialName::Recovery);
    for (number, name, other, kept) in
        [(2, &passphrase, &recovery, secret(1 ^ 0xff)), (3, &recovery, &passphrase, secret(12))]
    {
        // A token is used once.
        let (first, second) = (50 + number as u8, 60 + number as u8);
        let before = NewSession { epoch: number - 1, credential: other.clone(), ..session(ada, first) };
        store.open_session(&before, &LONG, NOW).unwrap();
        let tag = 10 + number as u8;
        set(&*store, &new(ada, name, tag), NOW).unwrap();
        let found = store.credential(&username, name).unwrap().unwrap();
        assert_eq!((found.epoch, found.secret), (number, secret(tag)));
        assert_eq!(store.credential(&username, other).unwrap().unwrap().secret, kept);
        assert_eq!(store.credential(&username, &passkey(3)).unwrap().unwrap().secret, secret(3));
        assert!(is_live(&*store, 5) && !is_live(&*store, first));
        // A log-in that began before fails, with any secret.
        for credential in [&passphrase, &recovery, &passkey(3)] {
            let late = NewSession { epoch: number - 1, credential: credential.clone(), ..session(ada, second) };
            assert!(matches!(store.open_session(&late, &LONG, NOW), Err(StoreError::NotFound)));
        }
        let next = NewSession { epoch: number, credential: name.clone(), ..session(ada, second) };
        assert_eq!(store.open_session(&next, &LONG, NOW).unwrap().wrapped_key, secret(tag).wrapped_key);
        // The answer was lost, and the same request comes again: later sessions stay.
        set(&*driver.open(), &new(ada, name, tag), NOW).unwrap();
        assert!(is_live(&*store, second));
        assert_eq!(epoch(&*store, "ada"), number);
        store.end_session(&[second; 32], NOW).unwrap();
    }
    assert!(is_live(&*store, 7), "another account's session");
    assert_eq!(epoch(&*store, "bob"), 0);
    // Empty values are never stored.
    for (name, field) in [(&passphrase, 0), (&recovery, 1), (&passkey(4), 0), (&passkey(4), 1)] {
        let mut empty = new(ada, name, 9);
        *if field == 0 { &mut empty.secret.record } else { &mut empty.secret.wrapped_key } = Base64Url::default();
        assert!(matches!(set(&*store, &empty, NOW), Err(StoreError::Fault(_))));
    }
    assert_eq!(epoch(&*store, "ada"), 3);
}

pub fn suite_of_each_credential_is_returned_as_stored(driver: &impl Driver) {
    let store = driver.open();
    store.add_invite(&invite(1)).unwrap();
    let mut ada = account(1, "ada");
    (ada.passphrase.suite, ada.recovery.suite) = (2, 255);
    store.create_account(&ada, &[1; 32], NOW).unwrap();
    store.open_session(&session(ada.id, 5), &LONG, NOW).unwrap();
    let username = Username::new("ada").unwrap();
    let found = |name: &CredentialName| store.credential(&username, name).unwrap().unwrap().secret.suite;
    let (passphrase, recovery) = (CredentialName::Passphrase, CredentialName::Recovery);
    assert_eq!((found(&passphrase), found(&recovery)), (2, 255));
    for (name, suite) in [(&passphrase, 3), (&recovery, 4), (&passkey(3), 5)] {
        let mut new = new(ada.id, name, 9);
        new.secret.suite = suite;
        set(&*store, &new, NOW).unwrap();
    }
    assert_eq!((found(&passphrase), found(&recovery), found(&passkey(3))), (3, 4, 5));
}

pub fn set_credential_needs_a_session_that_has_not_ended(driver: &impl Driver) {
    let store = driver.open();
    let (ada, bob) = (settle(&*store, 1, "ada"), settle(&*store, 2, "bob"));
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    store.end_session(&[5; 32], NOW).unwrap();
    store.open_session(&session(bob, 7), &LONG, NOW).unwrap();
    let before = store.account_after(None).unwrap();
    for name in [CredentialName::Passphrase, CredentialName::Recovery, passkey(3)] {
        let nobody = NewSecret { token_hash: [9; 32], ..new(ada, &name, 9) };
        let bobs = NewSecret { token_hash: [7; 32], ..new(ada, &name, 9) };
        for new in [new(ada, &name, 9), nobody, bobs, new(AccountId::from_random([9; 16]), &name, 9)] {
            assert!(matches!(set(&*store, &new, NOW), Err(StoreError::NotFound)));
        }
    }
    assert_eq!(store.account_after(None).unwrap(), before);
}

/// After concurrent log-ins and changes, every session was opened with the newest secrets.
pub fn concurrent_log_in_with_old_secrets_does_not_outlive_a_new_passphrase(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    let done = AtomicBool::new(false);
    let opened = thread::scope(|scope| {
        let others = [100_u8, 200].map(|first| {
            let (store, done) = (driver.open(), &done);
            scope.spawn(move || {
                let mut opened = Vec::new();
                for tag in first..first + 50 {
                    let epoch = epoch(&*store, "ada");
                    match store.open_session(&NewSession { epoch, ..session(ada, tag) }, &LONG, NOW) {
                        Ok(_) => opened.push((tag, epoch)),
                        Err(StoreError::NotFound) => {}
                        Err(error) => panic!("{error}"),
                    }
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                }
                opened
            })
        });
        for tag in 10..25 {
            set(&*store, &new(ada, &CredentialName::Passphrase, tag), NOW).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        others.into_iter().flat_map(|other| other.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(epoch(&*store, "ada"), 15);
    for (tag, epoch) in opened {
        assert!(!is_live(&*store, tag) || epoch == 15, "{tag} was opened by the secrets of epoch {epoch}");
    }
    assert!(is_live(&*store, 5));
}
