//! Proofs, kept passkeys, and the list of changes of credentials.

use backend::store::{NewSecret, NewSession, OldPasskey, StoreError};
use shared::credentials::CredentialChangeKind;
use shared::limits::CREDENTIAL_CHANGES_MAX;
use shared::sessions::{CredentialName, Device};

use super::*;

pub fn stale_proof_changes_no_credential(driver: &impl Driver) {
    let store = driver.open();
    let ada = settle(&*store, 1, "ada");
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    let with_epoch = |epoch, name: &CredentialName, tag| NewSecret { epoch, ..new(ada, name, tag) };
    let names = [CredentialName::Passphrase, CredentialName::Recovery, passkey(3)];
    // One proof is good for one change: each raises the epoch.
    for (epoch, name) in (0_u32..).zip(&names) {
        let before = store.account_after(None).unwrap();
        for stale in [epoch + 1, epoch.wrapping_sub(1)] {
            let refused = store.set_credential(&with_epoch(stale, name, 9), PASSKEYS_MAX, NOW);
            assert!(matches!(refused, Err(StoreError::StaleProof)), "{name:?}: {refused:?}");
        }
        assert_eq!(store.account_after(None).unwrap(), before);
        store.set_credential(&with_epoch(epoch, name, 9), PASSKEYS_MAX, NOW).unwrap();
        // The repeat of a change that was made needs no newer proof.
        store.set_credential(&with_epoch(epoch, name, 9), PASSKEYS_MAX, NOW).unwrap();
    }
    let before = store.account_after(None).unwrap();
    let removal = |epoch| OldPasskey { epoch, ..old(ada, &passkey_id(3)) };
    assert!(matches!(store.remove_passkey(&removal(2), NOW), Err(StoreError::StaleProof)));
    assert!(matches!(store.delete_account(ada, Some(2)), Err(StoreError::StaleProof)));
    assert_eq!(store.account_after(None).unwrap(), before);
    store.remove_passkey(&removal(3), NOW).unwrap();
    store.remove_passkey(&removal(3), NOW).unwrap();
    assert_eq!(store.passkeys(ada).unwrap(), []);
    store.delete_account(ada, Some(4)).unwrap();
    store.delete_account(ada, Some(4)).unwrap();
    assert!(!store.has_accounts().unwrap());
}

pub fn passkeys_that_are_not_kept_are_removed_with_the_old_secret(driver: &impl Driver) {
    let store = driver.open();
    let (ada, bob) = (settle(&*store, 1, "ada"), settle(&*store, 2, "bob"));
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    store.open_session(&session(bob, 7), &LONG, NOW).unwrap();
    let add = |tag| set(&*store, &new(ada, &passkey(tag), tag), NOW + u64::from(tag)).unwrap();
    [1, 2, 3].into_iter().for_each(add);
    let his = NewSecret { token_hash: [7; 32], ..new(bob, &passkey(1), 1) };
    set(&*store, &his, NOW).unwrap();
    let left = || store.passkeys(ada).unwrap().into_iter().map(|passkey| passkey.id).collect::<Vec<_>>();
    let keep = |tags: &[u8]| tags.iter().map(|tag| passkey_id(*tag)).collect();
    let set = |name: CredentialName, tag, kept| {
        let new = NewSecret { keep_passkeys: kept, ..new(ada, &name, tag) };
        super::set(&*store, &new, NOW)
    };
    // A name that is not among the account's passkeys keeps nothing.
    set(CredentialName::Passphrase, 11, keep(&[1, 3, 9])).unwrap();
    assert_eq!(left(), [passkey_id(1), passkey_id(3)]);
    // The repeat changes nothing, whatever was added meanwhile.
    add(4);
    set(CredentialName::Passphrase, 11, keep(&[1, 3, 9])).unwrap();
    assert_eq!(left(), [passkey_id(1), passkey_id(3), passkey_id(4)]);
    set(CredentialName::Recovery, 12, keep(&[])).unwrap();
    assert_eq!(left(), []);
    assert_eq!(store.passkeys(bob).unwrap().len(), 1, "those of others stay");
    let kinds: Vec<_> = store.credential_changes(ada).unwrap().into_iter().map(|change| change.kind).collect();
    use CredentialChangeKind::{PasskeyAdded, PasskeyRemoved, Passphrase, Recovery};
    let mut expected = vec![PasskeyAdded, PasskeyAdded, PasskeyAdded, Passphrase, PasskeyRemoved, PasskeyAdded];
    expected.extend([Recovery, PasskeyRemoved, PasskeyRemoved, PasskeyRemoved]);
    expected.reverse();
    assert_eq!(kinds, expected);
}

pub fn credential_changes_are_noted_with_device_and_address(driver: &impl Driver) {
    let store = driver.open();
    let (ada, bob) = (settle(&*store, 1, "ada"), settle(&*store, 2, "bob"));
    let device = Device::new(&"𝔞".repeat(64)).unwrap();
    let named = NewSession { device: Some(device.clone()), ..session(ada, 5) };
    store.open_session(&named, &LONG, NOW).unwrap();
    store.open_session(&session(ada, 6), &LONG, NOW).unwrap();
    assert_eq!(store.credential_changes(ada).unwrap(), [], "making an account is no change");
    let address = "2001:0db8:0000:0000:0000:0000:192.168.158.190";
    let with_address = NewSecret { address: address.into(), ..new(ada, &passkey(3), 3) };
    set(&*store, &with_address, NOW + 1).unwrap();
    let of_another = OldPasskey { token_hash: [6; 32], ..old(ada, &passkey_id(3)) };
    // The clock of another server is behind.
    remove(&*store, &of_another, NOW - 9).unwrap();
    set(&*store, &new(ada, &CredentialName::Recovery, 9), NOW + 2).unwrap();
    // Neither a repeat nor a refusal is a change.
    set(&*store, &new(ada, &CredentialName::Recovery, 9), NOW + 3).unwrap();
    remove(&*store, &of_another, NOW + 3).unwrap();
    let refused = NewSecret { epoch: 9, ..new(ada, &CredentialName::Recovery, 8) };
    assert!(store.set_credential(&refused, PASSKEYS_MAX, NOW + 3).is_err());
    let changes = driver.open().credential_changes(ada).unwrap();
    let facts: Vec<_> = changes.iter().map(|it| (it.number, it.at, it.kind, &it.device, &*it.address)).collect();
    let some = Some(device);
    assert_eq!(
        facts,
        [
            (3, NOW + 2, CredentialChangeKind::Recovery, &some, ""),
            (2, NOW - 9, CredentialChangeKind::PasskeyRemoved, &None, ""),
            (1, NOW + 1, CredentialChangeKind::PasskeyAdded, &some, address),
        ]
    );
    assert_eq!(store.credential_changes(bob).unwrap(), []);
}

pub fn credential_changes_beyond_the_newest_are_forgotten(driver: &impl Driver) {
    let store = driver.open();
    let (ada, bob) = (settle(&*store, 1, "ada"), settle(&*store, 2, "bob"));
    store.open_session(&session(ada, 5), &LONG, NOW).unwrap();
    store.open_session(&session(bob, 7), &LONG, NOW).unwrap();
    let his = NewSecret { token_hash: [7; 32], ..new(bob, &CredentialName::Recovery, 9) };
    set(&*store, &his, NOW).unwrap();
    let all = CREDENTIAL_CHANGES_MAX as u64 + 3;
    for n in 1..=all {
        let name = if n % 2 == 0 { CredentialName::Passphrase } else { CredentialName::Recovery };
        set(&*store, &new(ada, &name, 100 + n as u8), NOW).unwrap();
    }
    let numbers = |account| -> Vec<_> {
        store.credential_changes(account).unwrap().into_iter().map(|change| change.number).collect()
    };
    assert_eq!(numbers(ada), (4..=all).rev().collect::<Vec<_>>());
    assert_eq!(numbers(bob), [1]);
}
