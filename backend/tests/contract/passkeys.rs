//! Passkeys.

use backend::store::{NewSecret, NewSession, ORIGIN_MAX, PasskeyVerifier, StoreError};
use shared::credentials::PasskeySummary;
use shared::ids::PasskeyId;
use shared::limits::{PASSKEY_ID_MAX, PASSKEY_STATE_MAX};
use shared::sessions::CredentialName;

use super::*;

pub fn passkey_is_added_used_and_removed(driver: &impl Driver) {
    let store = driver.open();
    let (ada, bob) = (settle(&*store, 1, "ada"), settle(&*store, 2, "bob"));
    let (username, other) = (Username::new("ada").unwrap(), Username::new("bob").unwrap());
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    store.open_session(&session(ada, 6), &LONG, NOW).unwrap();
    assert_eq!(store.passkeys(ada).unwrap(), []);
    assert_eq!(store.credential(&username, &passkey(4)).unwrap(), None);
    set(&*store, &new(ada, &passkey(4), 4), NOW + 2).unwrap();
    set(&*store, &new(ada, &passkey(3), 3), NOW + 3).unwrap();
    assert!(is_live(&*store, 6), "sessions of others stay");
    let summary =
        |tag, created_at, used_at| PasskeySummary { id: passkey_id(tag), created_at, used_at, outdated: true };
    assert_eq!(store.passkeys(ada).unwrap(), [summary(4, NOW + 2, None), summary(3, NOW + 3, None)]);

    let found = store.credential(&username, &passkey(3)).unwrap().unwrap();
    assert_eq!((found.account, found.epoch, found.secret), (ada, 2, secret(3)));
    let with = |tag, epoch, token| NewSession { epoch, credential: passkey(tag), ..session(ada, token) };
    assert_eq!(store.open_session(&with(3, 2, 7), &LONG, NOW + 9).unwrap().wrapped_key, secret(3).wrapped_key);
    assert_eq!(store.passkeys(ada).unwrap(), [summary(4, NOW + 2, None), summary(3, NOW + 3, Some(NOW + 9))]);

    // The passkey belongs to ada only.
    assert_eq!(store.credential(&other, &passkey(3)).unwrap(), None);
    assert_eq!(store.passkeys(bob).unwrap(), []);
    let his = NewSession { account: bob, ..with(3, 0, 8) };
    assert!(matches!(store.open_session(&his, &LONG, NOW), Err(StoreError::NotFound)));
    remove(&*store, &old(bob, &passkey_id(3)), NOW).unwrap();
    assert_eq!((store.passkeys(ada).unwrap().len(), epoch(&*store, "ada"), epoch(&*store, "bob")), (2, 2, 0));

    // After its removal, a log-in that began before fails.
    remove(&*store, &old(ada, &passkey_id(3)), NOW).unwrap();
    remove(&*store, &old(ada, &passkey_id(3)), NOW).unwrap();
    assert_eq!(store.passkeys(ada).unwrap(), [summary(4, NOW + 2, None)]);
    assert_eq!(store.credential(&username, &passkey(3)).unwrap(), None);
    assert_eq!(epoch(&*store, "ada"), 3);
    for late in [with(3, 2, 8), with(3, 3, 8), with(4, 2, 8)] {
        assert!(matches!(store.open_session(&late, &LONG, NOW), Err(StoreError::NotFound)));
    }
    store.open_session(&with(4, 3, 8), &LONG, NOW).unwrap();
    assert!(is_live(&*store, 6) && is_live(&*store, 7));
}

pub fn repeated_passkey_is_set_once_and_another_of_its_id_replaces_it(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    set(&*store, &new(ada, &passkey(3), 3), NOW + 1).unwrap();
    let with = |epoch, token| NewSession { epoch, credential: passkey(3), ..session(ada, token) };
    // A log-in that began before it was added fails.
    assert!(matches!(store.open_session(&with(0, 6), &LONG, NOW), Err(StoreError::NotFound)));
    store.open_session(&with(1, 6), &LONG, NOW + 2).unwrap();
    let there = store.passkeys(ada).unwrap();
    set(&*store, &new(ada, &passkey(3), 3), NOW + 3).unwrap();
    assert_eq!((store.passkeys(ada).unwrap(), epoch(&*store, "ada")), (there, 1));

    set(&*store, &new(ada, &passkey(3), 4), NOW + 4).unwrap();
    let replaced = PasskeySummary { id: passkey_id(3), created_at: NOW + 4, used_at: None, outdated: true };
    assert_eq!(store.passkeys(ada).unwrap(), [replaced]);
    assert!(matches!(store.open_session(&with(1, 7), &LONG, NOW), Err(StoreError::NotFound)));
    assert_eq!(store.open_session(&with(2, 7), &LONG, NOW).unwrap().wrapped_key, secret(4).wrapped_key);
    assert!(is_live(&*store, 6));
}

pub fn all_bytes_of_a_passkey_id_count(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    let ids = [vec![0], vec![0, 0], vec![1], vec![1, 0], vec![0xff; PASSKEY_ID_MAX - 1], vec![0xff; PASSKEY_ID_MAX]];
    let ids = ids.map(|id| PasskeyId::try_from(id).unwrap());
    for (tag, id) in (1..).zip(&ids) {
        let name = CredentialName::Passkey(id.clone());
        set(&*store, &new(ada, &name, tag), NOW + u64::from(tag)).unwrap();
    }
    for (tag, id) in (1..).zip(&ids) {
        let name = CredentialName::Passkey(id.clone());
        let found = store.credential(&Username::new("ada").unwrap(), &name).unwrap().unwrap();
        assert_eq!((found.epoch, found.secret), (6, secret(tag)));
    }
    remove(&*store, &old(ada, &ids[1]), NOW).unwrap();
    let left: Vec<_> = store.passkeys(ada).unwrap().into_iter().map(|passkey| passkey.id).collect();
    assert_eq!(left, [0, 2, 3, 4, 5].map(|number: usize| ids[number].clone()));
}

pub fn passkey_beyond_the_maximum_is_refused(driver: &impl Driver) {
    let store = driver.open();
    let (ada, bob) = (settle(&*store, 1, "ada"), settle(&*store, 2, "bob"));
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    store.open_session(&session(bob, 7), &LONG, NOW).unwrap();
    let set = |new: NewSecret| {
        let username = store.username(new.account).unwrap();
        let new = NewSecret { epoch: epoch(&*store, username.as_str()), ..new };
        store.set_credential(&new, 2, NOW)
    };
    set(new(ada, &passkey(1), 1)).unwrap();
    set(new(ada, &passkey(2), 2)).unwrap();
    assert!(matches!(set(new(ada, &passkey(3), 3)), Err(StoreError::Full)));
    // A passkey that exists does not count again, and those of another account do not count.
    set(new(ada, &passkey(1), 1)).unwrap();
    set(new(ada, &passkey(2), 9)).unwrap();
    set(new(ada, &CredentialName::Passphrase, 9)).unwrap();
    set(NewSecret { token_hash: [7; 32], ..new(bob, &passkey(3), 3) }).unwrap();
    remove(&*store, &old(ada, &passkey_id(1)), NOW).unwrap();
    set(new(ada, &passkey(3), 3)).unwrap();
    assert_eq!(store.passkeys(ada).unwrap().len(), 2);
}

pub fn verifier_of_a_passkey_is_returned_as_stored_and_renewed_at_log_in(driver: &impl Driver) {
    let store = driver.open();
    let (ada, bob) = (settle(&*store, 1, "ada"), settle(&*store, 2, "bob"));
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    let verifier = PasskeyVerifier { state: vec![0; PASSKEY_STATE_MAX], origin: "a".repeat(ORIGIN_MAX) };
    let with_verifier = NewSecret { verifier: Some(verifier.clone()), ..new(ada, &passkey(3), 3) };
    set(&*store, &with_verifier, NOW).unwrap();
    set(&*store, &new(ada, &passkey(4), 4), NOW).unwrap();
    let username = Username::new("ada").unwrap();
    let found = |name: &CredentialName| store.credential(&username, name).unwrap().unwrap().verifier;
    assert_eq!(found(&passkey(3)).as_ref(), Some(&verifier));
    assert_eq!(store.passkey_verifier(ada, &passkey_id(3)).unwrap().as_ref(), Some(&verifier));
    let outdated: Vec<_> = store.passkeys(ada).unwrap().into_iter().map(|passkey| passkey.outdated).collect();
    assert_eq!(outdated, [false, true]);
    // None for one from before, for a passphrase, for one that does not exist, and for another account.
    assert_eq!((found(&passkey(4)), found(&CredentialName::Passphrase)), (None, None));
    for (account, tag) in [(ada, 4), (ada, 9), (bob, 3)] {
        assert_eq!(store.passkey_verifier(account, &passkey_id(tag)).unwrap(), None);
    }
    // A log-in writes the state, and leaves the origin and the other passkey.
    let with = |tag, token, passkey_state| NewSession {
        epoch: 2,
        credential: passkey(tag),
        passkey_state,
        ..session(ada, token)
    };
    store.open_session(&with(3, 6, Some(vec![7; 3])), &LONG, NOW).unwrap();
    store.open_session(&with(3, 7, None), &LONG, NOW).unwrap();
    assert_eq!(found(&passkey(3)), Some(PasskeyVerifier { state: vec![7; 3], ..verifier }));
    assert_eq!(found(&passkey(4)), None);
    // A log-in that fails writes nothing.
    let late = NewSession { epoch: 1, ..with(3, 8, Some(vec![8; 3])) };
    assert!(store.open_session(&late, &LONG, NOW).is_err());
    assert_eq!(found(&passkey(3)).unwrap().state, [7; 3]);
}
