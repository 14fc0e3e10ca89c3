//! Wrapped keys, and earlier keys.

#[cfg(target_arch = "wasm32")]
use crate::browser_test::test;

use super::*;
use crate::keyring::tests::Counter;

fn account() -> AccountId {
    AccountId::from_random([6; 16])
}

fn name(text: &str) -> Username {
    Username::new(text).unwrap()
}

fn place(username: &Username, number: u32) -> Wrapping<'_> {
    Wrapping { account: account(), username, number }
}

fn secret(byte: u8) -> KeyEncryptionKey {
    KeyEncryptionKey::derive(&[byte; 64], &CredentialName::Passphrase)
}

fn wrapped() -> Vec<u8> {
    secret(5).wrap(&place(&name("ada"), 1), &VaultKey::from_bytes([7; KEY_LEN]), &mut Counter(0)).unwrap()
}

const BROKEN: Option<KeyringError> = Some(KeyringError::Broken);

#[test]
fn wrapped_key_opens_for_its_own_secret_account_username_and_number_only() {
    let (wrapped, ada) = (wrapped(), name("ada"));
    assert_eq!(wrapped.len(), WRAPPED_KEY_LEN);
    assert_eq!(secret(5).unwrap(&place(&ada, 1), &wrapped).unwrap().0, [7; KEY_LEN]);
    assert_eq!(secret(4).unwrap(&place(&ada, 1), &wrapped).err(), BROKEN);
    let code = KeyEncryptionKey::derive(&[5; 64], &CredentialName::Recovery);
    assert_eq!(code.unwrap(&place(&ada, 1), &wrapped).err(), BROKEN);
    let other = Wrapping { account: AccountId::from_random([9; 16]), ..place(&ada, 1) };
    assert_eq!(secret(5).unwrap(&other, &wrapped).err(), BROKEN);
    assert_eq!(secret(5).unwrap(&place(&name("adam"), 1), &wrapped).err(), BROKEN);
    assert_eq!(secret(5).unwrap(&place(&ada, 2), &wrapped).err(), BROKEN);
    assert_eq!(secret(5).unwrap(&place(&ada, 0), &wrapped).err(), BROKEN);
}

#[test]
fn changed_wrapped_key_is_refused() {
    let (wrapped, ada) = (wrapped(), name("ada"));
    let refused = |wrapped: &[u8]| secret(5).unwrap(&place(&ada, 1), wrapped).err();
    for place in 0..wrapped.len() {
        let mut changed = wrapped.clone();
        changed[place] ^= 4;
        let expected = if place == 0 { KeyringError::UnknownFormat } else { KeyringError::Broken };
        assert_eq!(refused(&changed), Some(expected), "byte {place}");
    }
    assert_eq!(refused(&wrapped[..72]), BROKEN);
    assert_eq!(refused(&[&wrapped[..], &[0]].concat()), BROKEN);
    assert_eq!(refused(&[]), BROKEN);
}

/// A wrapped key from before keys had numbers, as the code of that time made it.
fn wrapped_format_1() -> Vec<u8> {
    let bound = [&[1], &account().as_bytes()[..], b"passphrase"].concat();
    [&[1], &encrypt(&secret(5).key, &[7; KEY_LEN], &bound, &mut Counter(0)).unwrap()[..]].concat()
}

#[test]
fn format_1_of_a_wrapped_key_opens_as_key_0_only() {
    let (wrapped, ada) = (wrapped_format_1(), name("ada"));
    assert_eq!(secret(5).unwrap(&place(&ada, 0), &wrapped).unwrap().0, [7; KEY_LEN]);
    assert_eq!(secret(5).unwrap(&place(&ada, 1), &wrapped).err(), BROKEN);
}

fn set(number: u32) -> KeySet {
    KeySet::new(account(), number, VaultKey::from_bytes([number as u8; KEY_LEN]))
}

fn numbers(keys: &VaultKeys) -> Vec<u32> {
    keys.all().map(|set| set.number).collect()
}

#[test]
fn earlier_keys_open_under_the_next_key() {
    let mut keys = VaultKeys::new(set(0));
    for number in 1..4 {
        let sealed = keys.seal_for(&set(number), &mut Counter(0)).unwrap();
        let reopened = VaultKeys::with_earlier(set(number), &sealed).unwrap();
        keys.replace(set(number));
        assert_eq!(numbers(&keys), numbers(&reopened));
        for number in 0..=number {
            assert!(reopened.get(number).unwrap().root.is_equal(&set(number).root), "{number}");
        }
        // Under another key, number or account it does not open.
        let other = KeySet::new(account(), number, VaultKey::from_bytes([99; KEY_LEN]));
        assert_eq!(VaultKeys::with_earlier(other, &sealed).err(), BROKEN);
        let other = KeySet::new(account(), number + 1, VaultKey::from_bytes([number as u8; KEY_LEN]));
        assert_eq!(VaultKeys::with_earlier(other, &sealed).err(), BROKEN);
        let other = KeySet::new(AccountId::from_random([9; 16]), number, VaultKey::from_bytes([number as u8; KEY_LEN]));
        assert_eq!(VaultKeys::with_earlier(other, &sealed).err(), BROKEN);
    }
    assert_eq!(numbers(&keys), [3, 2, 1, 0]);
    assert!(keys.accepts_format_1() && !keys.is_legacy());
    assert!(!VaultKeys::new(set(1)).accepts_format_1());
    assert!(VaultKeys::new(set(0)).is_legacy());
}

#[test]
fn earlier_keys_out_of_order_or_cut_off_are_refused() {
    let current = || set(4);
    let sealed = |rows: &[u8]| {
        let current = current();
        encrypt(&earlier_keys_key(&current.root), rows, &earlier_keys_binding(&current), &mut Counter(0)).unwrap()
    };
    let row = |number: u8| [&[0, 0, 0, number], &[number; KEY_LEN][..]].concat();
    assert!(VaultKeys::with_earlier(current(), &sealed(&[row(1), row(3)].concat())).is_ok());
    for rows in [
        [row(3), row(1)].concat(),
        [row(2), row(2)].concat(),
        row(4),
        row(5),
        row(1)[..35].to_vec(),
        [row(1), vec![0]].concat(),
        Vec::new(),
    ] {
        assert_eq!(VaultKeys::with_earlier(current(), &sealed(&rows)).err(), BROKEN, "{rows:?}");
    }
    assert_eq!(VaultKeys::with_earlier(current(), &[0; 23]).err(), BROKEN);
}
