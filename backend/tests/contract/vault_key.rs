//! A new vault key.

use backend::store::{NewSecret, NewSession, NewVaultKey, StoreError, StoredAccount};
use shared::credentials::CredentialChangeKind;
use shared::sessions::CredentialName;

use super::*;

/// A vault key of that number, by the session of tag 5 of an account whose head is that of the empty vault.
pub fn new_key(account: AccountId, key_no: u32) -> NewVaultKey {
    NewVaultKey {
        account,
        token_hash: [5; 32],
        epoch: 0,
        key_no,
        passphrase: secret(21),
        recovery: secret(22),
        earlier_keys: Base64Url(vec![23; 76]),
        replaces: Some(head(1)),
        head: head_under(key_no, 24),
        address: "192.0.2.1".into(),
    }
}

fn stored(store: &dyn Store) -> StoredAccount {
    store.account_after(None).unwrap().unwrap()
}

pub fn vault_key_is_replaced_with_all_that_belongs_to_it(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    store.open_session(&session(ada, 6), &LONG, NOW).unwrap();
    set(&*store, &new(ada, &passkey(3), 3), NOW).unwrap();
    save(&*store, ada, &[change(1, 0, 7), change(2, 0, 7)]).unwrap();
    save(&*store, ada, &[delete(2, 1)]).unwrap();
    let (before, entries) = (stored(&*store), list(&*store, ada));
    let key = NewVaultKey { epoch: 1, replaces: account_head(&*store, ada), ..new_key(ada, 2) };
    store.replace_vault_key(&key, NOW + 5).unwrap();
    let after = stored(&*driver.open());
    assert_eq!(after.credential_changes.last().unwrap().kind, CredentialChangeKind::VaultKey);
    let expected = StoredAccount {
        passphrase: secret(21),
        recovery: secret(22),
        key_no: 2,
        earlier_keys: Some(Base64Url(vec![23; 76])),
        head: Some(Base64Url(head_under(2, 24).as_bytes().to_vec())),
        epoch: 2,
        passkeys: Vec::new(),
        credential_changes: after.credential_changes.clone(),
        ..before
    };
    assert_eq!(after, expected);
    assert_eq!(list(&*store, ada), entries, "entries stay until the browser has sealed them again");
    assert!(is_live(&*store, 5) && !is_live(&*store, 6));
    // A log-in gets the keys, and a save is under the new one.
    let grant = store.open_session(&NewSession { epoch: 2, ..session(ada, 7) }, &LONG, NOW).unwrap();
    assert_eq!((grant.wrapped_key, grant.key_no), (secret(21).wrapped_key, 2));
    assert_eq!(grant.earlier_keys, Some(Base64Url(vec![23; 76])));
    let old = store.save_changes(ada, &request(&key.head, &[change(3, 0, 1)]), MANY, NOW);
    assert!(matches!(old, Err(StoreError::StaleKey)));
    let again = Change { sealed: sealed_under(2, 1024, 7), ..change(1, 1, 0) };
    let save = SaveChanges { head: head_under(2, 25), ..request(&key.head, &[again]) };
    assert_eq!(store.save_changes(ada, &save, MANY, NOW).unwrap().change_no, 4);
}

pub fn refused_vault_key_changes_nothing(driver: &impl Driver) {
    let store = driver.open();
    let (ada, bob) = (settle(&*store, 1, "ada"), settle(&*store, 2, "bob"));
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    store.open_session(&session(ada, 6), &LONG, NOW).unwrap();
    store.open_session(&session(bob, 7), &LONG, NOW).unwrap();
    set(&*store, &NewSecret { epoch: 0, ..new(ada, &passkey(3), 3) }, NOW).unwrap();
    let key = || NewVaultKey { epoch: 1, ..new_key(ada, 2) };
    let before = stored(&*store);
    for no_session in [[9; 32], [7; 32]] {
        let refused = store.replace_vault_key(&NewVaultKey { token_hash: no_session, ..key() }, NOW);
        assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
    }
    for key_no in [0, 1, 3, u32::MAX] {
        let refused = store.replace_vault_key(&NewVaultKey { key_no, ..key() }, NOW);
        assert!(matches!(refused, Err(StoreError::StaleKey)), "{refused:?}");
    }
    for epoch in [0, 2] {
        let refused = store.replace_vault_key(&NewVaultKey { epoch, ..key() }, NOW);
        assert!(matches!(refused, Err(StoreError::StaleProof)), "{refused:?}");
    }
    for replaces in [None, Some(head(2))] {
        let refused = store.replace_vault_key(&NewVaultKey { replaces, ..key() }, NOW);
        assert!(matches!(refused, Err(StoreError::StaleHead)), "{refused:?}");
    }
    assert_eq!(stored(&*store), before);
    assert!(is_live(&*store, 6));
    store.end_session(&[5; 32], NOW).unwrap();
    assert!(matches!(store.replace_vault_key(&key(), NOW), Err(StoreError::NotFound)));
    assert_eq!(stored(&*store), before);
}

pub fn repeated_vault_key_changes_nothing(driver: &impl Driver) {
    let store = driver.open();
    store.add_invite(&invite(1)).unwrap();
    // From an account without a head.
    let ada = NewAccount { head: None, ..account(1, "ada") };
    store.create_account(&ada, &[1; 32], NOW).unwrap();
    store.open_session(&session(ada.id, 5), &LONG, NOW).unwrap();
    let key = NewVaultKey { replaces: None, ..new_key(ada.id, 1) };
    store.replace_vault_key(&key, NOW).unwrap();
    // A save and a log-in in between: the repeat leaves them alone.
    save(&*store, ada.id, &[change(1, 0, 7)]).unwrap();
    store.open_session(&NewSession { epoch: 1, ..session(ada.id, 6) }, &LONG, NOW).unwrap();
    let before = stored(&*store);
    driver.open().replace_vault_key(&key, NOW + 5).unwrap();
    assert_eq!(stored(&*store), before);
    assert!(is_live(&*store, 6));
    // The same number with other secrets is another request.
    let other = NewVaultKey { passphrase: secret(31), ..key.clone() };
    assert!(matches!(store.replace_vault_key(&other, NOW), Err(StoreError::StaleKey)));
    let other = NewVaultKey { recovery: secret(31), ..key };
    assert!(matches!(store.replace_vault_key(&other, NOW), Err(StoreError::StaleKey)));
    let username = Username::new("ada").unwrap();
    assert_eq!(store.credential(&username, &CredentialName::Passphrase).unwrap().unwrap().secret, secret(21));
}
