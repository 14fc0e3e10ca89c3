//! Changing the secrets that open a vault.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use backend::store::{NewSecret, NewSession, OldPasskey, StoreError};
use shared::bytes::Base64Url;
use shared::credentials::PasskeySummary;
use shared::ids::PasskeyId;
use shared::limits::PASSKEY_ID_MAX;
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

/// A passkey, to be removed in the session of tag 5.
pub fn old(account: AccountId, id: &PasskeyId) -> OldPasskey {
    OldPasskey { account, token_hash: [5; 32], epoch: None, id: id.clone(), address: String::new() }
}

/// A secret to be set in the session of tag 5.
pub fn new(account: AccountId, name: &CredentialName, tag: u8) -> NewSecret {
    NewSecret {
        account,
        token_hash: [5; 32],
        epoch: None,
        name: name.clone(),
        secret: secret(tag),
        verifier: None,
        keep_passkeys: None,
        address: String::new(),
    }
}

fn epoch(store: &dyn Store, username: &str) -> u32 {
    store.credential(&Username::new(username).unwrap(), &CredentialName::Passphrase).unwrap().unwrap().epoch
}

pub fn new_secret_replaces_the_old_and_ends_other_sessions(driver: &impl Driver) {
    let store = driver.open();
    let (ada, bob) = (settle(&*store, 1, "ada"), settle(&*store, 2, "bob"));
    let username = Username::new("ada").unwrap();
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    store.open_session(&session(bob, 7), &LONG, NOW).unwrap();
    store.set_credential(&new(ada, &passkey(3), 3), PASSKEYS_MAX, NOW).unwrap();
    let (passphrase, recovery) = (CredentialName::Passphrase, CredentialName::Recovery);
    for (number, name, other, kept) in
        [(1, &passphrase, &recovery, secret(1 ^ 0xff)), (2, &recovery, &passphrase, secret(11))]
    {
        let before = NewSession { epoch: number - 1, credential: other.clone(), ..session(ada, 6) };
        store.open_session(&before, &LONG, NOW).unwrap();
        let tag = 10 + number as u8;
        store.set_credential(&new(ada, name, tag), PASSKEYS_MAX, NOW).unwrap();
        let found = store.credential(&username, name).unwrap().unwrap();
        assert_eq!((found.epoch, found.secret), (number, secret(tag)));
        assert_eq!(store.credential(&username, other).unwrap().unwrap().secret, kept);
        assert_eq!(store.credential(&username, &passkey(3)).unwrap().unwrap().secret, secret(3));
        assert!(is_live(&*store, 5) && !is_live(&*store, 6));
        // A log-in that began before fails, with any secret.
        for credential in [&passphrase, &recovery, &passkey(3)] {
            let late = NewSession { epoch: number - 1, credential: credential.clone(), ..session(ada, 6) };
            assert!(matches!(store.open_session(&late, &LONG, NOW), Err(StoreError::NotFound)));
        }
        let next = NewSession { epoch: number, credential: name.clone(), ..session(ada, 6) };
        assert_eq!(store.open_session(&next, &LONG, NOW).unwrap().wrapped_key, secret(tag).wrapped_key);
        // The answer was lost, and the same request comes again: later sessions stay.
        driver.open().set_credential(&new(ada, name, tag), PASSKEYS_MAX, NOW).unwrap();
        assert!(is_live(&*store, 6));
        assert_eq!(epoch(&*store, "ada"), number);
        store.end_session(&[6; 32], NOW).unwrap();
    }
    assert!(is_live(&*store, 7), "another account's session");
    assert_eq!(epoch(&*store, "bob"), 0);
    // Empty values are never stored.
    for (name, field) in [(&passphrase, 0), (&recovery, 1), (&passkey(4), 0), (&passkey(4), 1)] {
        let mut empty = new(ada, name, 9);
        *if field == 0 { &mut empty.secret.record } else { &mut empty.secret.wrapped_key } = Base64Url::default();
        assert!(matches!(store.set_credential(&empty, PASSKEYS_MAX, NOW), Err(StoreError::Fault(_))));
    }
    assert_eq!(epoch(&*store, "ada"), 2);
}

pub fn set_credential_needs_a_session_that_has_not_ended(driver: &impl Driver) {
    let store = driver.open();
    let (ada, bob) = (settle(&*store, 1, "ada"), settle(&*store, 2, "bob"));
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    store.end_session(&[5; 32], NOW).unwrap();
    store.open_session(&session(bob, 5), &LONG, NOW).unwrap();
    let before = store.account_after(None).unwrap();
    for name in [CredentialName::Passphrase, CredentialName::Recovery, passkey(3)] {
        let nobody = NewSecret { token_hash: [9; 32], ..new(ada, &name, 9) };
        for new in [new(ada, &name, 9), nobody, new(AccountId::from_random([9; 16]), &name, 9)] {
            assert!(matches!(store.set_credential(&new, PASSKEYS_MAX, NOW), Err(StoreError::NotFound)));
        }
    }
    assert_eq!(store.account_after(None).unwrap(), before);
}

pub fn passkey_is_added_used_and_removed(driver: &impl Driver) {
    let store = driver.open();
    let (ada, bob) = (settle(&*store, 1, "ada"), settle(&*store, 2, "bob"));
    let (username, other) = (Username::new("ada").unwrap(), Username::new("bob").unwrap());
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    store.open_session(&session(ada, 6), &LONG, NOW).unwrap();
    assert_eq!(store.passkeys(ada).unwrap(), []);
    assert_eq!(store.credential(&username, &passkey(4)).unwrap(), None);
    store.set_credential(&new(ada, &passkey(4), 4), PASSKEYS_MAX, NOW + 2).unwrap();
    store.set_credential(&new(ada, &passkey(3), 3), PASSKEYS_MAX, NOW + 3).unwrap();
    assert!(is_live(&*store, 6), "sessions of others stay");
    let summary =
        |tag, created_at, used_at| PasskeySummary { id: passkey_id(tag), created_at, used_at, outdated: true };
    assert_eq!(store.passkeys(ada).unwrap(), [summary(4, NOW + 2, None), summary(3, NOW + 3, None)]);

    let found = store.credential(&username, &passkey(3)).unwrap().unwrap();
    assert_eq!((found.account, found.epoch, found.secret), (ada, 0, secret(3)));
    let with = |tag, epoch, token| NewSession { epoch, credential: passkey(tag), ..session(ada, token) };
    assert_eq!(store.open_session(&with(3, 0, 7), &LONG, NOW + 9).unwrap().wrapped_key, secret(3).wrapped_key);
    assert_eq!(store.passkeys(ada).unwrap(), [summary(4, NOW + 2, None), summary(3, NOW + 3, Some(NOW + 9))]);

    // The passkey belongs to ada only.
    assert_eq!(store.credential(&other, &passkey(3)).unwrap(), None);
    assert_eq!(store.passkeys(bob).unwrap(), []);
    let his = NewSession { account: bob, ..with(3, 0, 8) };
    assert!(matches!(store.open_session(&his, &LONG, NOW), Err(StoreError::NotFound)));
    store.remove_passkey(&old(bob, &passkey_id(3)), NOW).unwrap();
    assert_eq!((store.passkeys(ada).unwrap().len(), epoch(&*store, "ada"), epoch(&*store, "bob")), (2, 0, 0));

    // After its removal, a log-in that began before fails.
    store.remove_passkey(&old(ada, &passkey_id(3)), NOW).unwrap();
    store.remove_passkey(&old(ada, &passkey_id(3)), NOW).unwrap();
    assert_eq!(store.passkeys(ada).unwrap(), [summary(4, NOW + 2, None)]);
    assert_eq!(store.credential(&username, &passkey(3)).unwrap(), None);
    assert_eq!(epoch(&*store, "ada"), 1);
    for late in [with(3, 0, 8), with(3, 1, 8), with(4, 0, 8)] {
        assert!(matches!(store.open_session(&late, &LONG, NOW), Err(StoreError::NotFound)));
    }
    store.open_session(&with(4, 1, 8), &LONG, NOW).unwrap();
    assert!(is_live(&*store, 6) && is_live(&*store, 7));
}

pub fn repeated_passkey_is_set_once_and_another_of_its_id_replaces_it(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    store.set_credential(&new(ada, &passkey(3), 3), PASSKEYS_MAX, NOW + 1).unwrap();
    let with = |epoch, token| NewSession { epoch, credential: passkey(3), ..session(ada, token) };
    store.open_session(&with(0, 6), &LONG, NOW + 2).unwrap();
    let there = store.passkeys(ada).unwrap();
    store.set_credential(&new(ada, &passkey(3), 3), PASSKEYS_MAX, NOW + 3).unwrap();
    assert_eq!((store.passkeys(ada).unwrap(), epoch(&*store, "ada")), (there, 0));

    store.set_credential(&new(ada, &passkey(3), 4), PASSKEYS_MAX, NOW + 4).unwrap();
    let replaced = PasskeySummary { id: passkey_id(3), created_at: NOW + 4, used_at: None, outdated: true };
    assert_eq!(store.passkeys(ada).unwrap(), [replaced]);
    assert!(matches!(store.open_session(&with(0, 7), &LONG, NOW), Err(StoreError::NotFound)));
    assert_eq!(store.open_session(&with(1, 7), &LONG, NOW).unwrap().wrapped_key, secret(4).wrapped_key);
    assert!(is_live(&*store, 6));
}

pub fn all_bytes_of_a_passkey_id_count(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    let ids = [vec![0], vec![0, 0], vec![1], vec![1, 0], vec![0xff; PASSKEY_ID_MAX - 1], vec![0xff; PASSKEY_ID_MAX]];
    let ids = ids.map(|id| PasskeyId::try_from(id).unwrap());
    for (tag, id) in (1..).zip(&ids) {
        store
            .set_credential(&new(ada, &CredentialName::Passkey(id.clone()), tag), PASSKEYS_MAX, NOW + u64::from(tag))
            .unwrap();
    }
    for (tag, id) in (1..).zip(&ids) {
        let name = CredentialName::Passkey(id.clone());
        let found = store.credential(&Username::new("ada").unwrap(), &name).unwrap().unwrap();
        assert_eq!((found.epoch, found.secret), (0, secret(tag)));
    }
    store.remove_passkey(&old(ada, &ids[1]), NOW).unwrap();
    let left: Vec<_> = store.passkeys(ada).unwrap().into_iter().map(|passkey| passkey.id).collect();
    assert_eq!(left, [0, 2, 3, 4, 5].map(|number: usize| ids[number].clone()));
}

pub fn passkey_beyond_the_maximum_is_refused(driver: &impl Driver) {
    let store = driver.open();
    let (ada, bob) = (settle(&*store, 1, "ada"), settle(&*store, 2, "bob"));
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    store.open_session(&session(bob, 7), &LONG, NOW).unwrap();
    let set = |new: NewSecret| store.set_credential(&new, 2, NOW);
    set(new(ada, &passkey(1), 1)).unwrap();
    set(new(ada, &passkey(2), 2)).unwrap();
    assert!(matches!(set(new(ada, &passkey(3), 3)), Err(StoreError::Full)));
    // A passkey that exists does not count again, and those of another account do not count.
    set(new(ada, &passkey(1), 1)).unwrap();
    set(new(ada, &passkey(2), 9)).unwrap();
    set(new(ada, &CredentialName::Passphrase, 9)).unwrap();
    set(NewSecret { token_hash: [7; 32], ..new(bob, &passkey(3), 3) }).unwrap();
    store.remove_passkey(&old(ada, &passkey_id(1)), NOW).unwrap();
    set(new(ada, &passkey(3), 3)).unwrap();
    assert_eq!(store.passkeys(ada).unwrap().len(), 2);
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
            store.set_credential(&new(ada, &CredentialName::Passphrase, tag), PASSKEYS_MAX, NOW).unwrap();
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
