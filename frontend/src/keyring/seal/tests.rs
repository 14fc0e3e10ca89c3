//! Sealed bytes of both formats.

#[cfg(target_arch = "wasm32")]
use crate::browser_test::test;

use shared::accounts::Username;
use shared::bytes::Base64Url;
use shared::changes::OVERHEAD;
use shared::ids::AccountId;
use shared::sessions::CredentialName;

use super::*;
use crate::keyring::keys::{KeyEncryptionKey, VaultKey, Wrapping};
use crate::keyring::tests::{Counter, NOW, entry_id};

const BROKEN: Option<KeyringError> = Some(KeyringError::Broken);

fn account() -> AccountId {
    AccountId::from_random([1; 16])
}

fn set(number: u32, byte: u8) -> KeySet {
    KeySet::new(account(), number, VaultKey::from_bytes([byte; KEY_LEN]))
}

fn keys() -> VaultKeys {
    VaultKeys::new(set(1, 7))
}

impl VaultKeys {
    /// Seals as versions before keys had numbers did.
    pub(in crate::keyring) fn seal_format_1(&self, id: EntryId, version: u32, document: &[u8]) -> Vec<u8> {
        let set = self.get(0).unwrap();
        let bound = [&[FORMAT_1], &set.account.as_bytes()[..], id.as_bytes(), &version.to_be_bytes()].concat();
        let sealed = encrypt(&set.entry.0, &pad(document).unwrap(), &bound, &mut Counter(0)).unwrap();
        [&[FORMAT_1], &sealed[..]].concat()
    }
}

const DOCUMENT: &str =
    r#"{"name":"GitHub","password":"kV9!mQ2#","created_at":1790000000000,"changed_at":1790000000000}"#;

/// The bytes of a frozen vector.
fn frozen(name: &str) -> Vec<u8> {
    let vectors = include_str!("../../../vectors/format-2.txt");
    let found = vectors.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap();
    Base64Url::decode(found).unwrap().0
}

/// The bytes of format 2 never change: the vectors are of another implementation.
#[test]
fn format_2_is_frozen() {
    let keys = keys();
    let zero = || Counter(0);
    let head = Head { change_no: 258, digest: [0xd1; 32] };
    let sealed = keys.seal(entry_id(), 1, DOCUMENT.as_bytes(), &mut zero()).unwrap();
    assert_eq!(sealed.as_bytes(), frozen("entry"));
    assert_eq!(keys.seal_deletion(entry_id(), 2, &mut zero()).unwrap().as_bytes(), frozen("deletion"));
    assert_eq!(keys.current().seal_head(&head, &mut zero()).unwrap().as_bytes(), frozen("head"));
    assert_eq!(keys.current().seal_memory(b"remembered", &mut zero()).unwrap(), frozen("memory"));
    let wrapping = Wrapping { account: account(), username: &Username::new("ada").unwrap(), number: 1 };
    let secret = KeyEncryptionKey::derive(&[5; 64], &CredentialName::Passphrase);
    assert_eq!(secret.wrap(&wrapping, &keys.current().root, &mut zero()).unwrap(), frozen("wrapped-key"));
    let mut before = VaultKeys::new(set(0, 6));
    before.replace(set(1, 7));
    assert_eq!(before.seal_for(&set(2, 9), &mut zero()).unwrap(), frozen("earlier-keys"));
}

#[test]
fn frozen_bytes_of_format_2_open() {
    let keys = keys();
    let document = Opened::Entry(DOCUMENT.as_bytes().to_vec().into());
    assert_eq!(keys.open(entry_id(), 1, &frozen("entry")), Ok(document));
    assert_eq!(keys.open(entry_id(), 2, &frozen("deletion")), Ok(Opened::Deletion));
    let head = Head { change_no: 258, digest: [0xd1; 32] };
    assert_eq!(keys.open_head(&frozen("head")), Ok((1, head)));
    assert_eq!(keys.open_memory(&frozen("memory")).unwrap().as_slice(), b"remembered");
    let keys = VaultKeys::with_earlier(set(2, 9), &frozen("earlier-keys")).unwrap();
    assert!(keys.get(1).unwrap().root.is_equal(&set(1, 7).root) && keys.accepts_format_1());
}

/// Each is a frozen vector with one defect.
#[test]
fn defective_bytes_of_format_2_are_refused() {
    let keys = keys();
    let other_id = EntryId::from_time(NOW + 1, [3; 10]);
    let other_account = VaultKeys::new(KeySet::new(AccountId::from_random([2; 16]), 1, VaultKey::from_bytes([7; 32])));
    // The same key under two numbers: the number in the bytes is bound, too.
    let mut two_numbers = VaultKeys::new(set(1, 7));
    two_numbers.replace(set(2, 7));
    for (name, version) in [("entry", 1), ("deletion", 2)] {
        let bytes = frozen(name);
        let open = |keys: &VaultKeys, id, version, bytes: &[u8]| keys.open(id, version, bytes).err();
        assert_eq!(open(&keys, other_id, version, &bytes), BROKEN, "{name}: another entry");
        assert_eq!(open(&keys, entry_id(), version + 1, &bytes), BROKEN, "{name}: another version");
        assert_eq!(open(&other_account, entry_id(), version, &bytes), BROKEN, "{name}: another account");
        assert_eq!(open(&VaultKeys::new(set(1, 8)), entry_id(), version, &bytes), BROKEN, "{name}: another key");
        assert_eq!(open(&VaultKeys::new(set(2, 7)), entry_id(), version, &bytes), BROKEN, "{name}: no such key");
        assert_eq!(open(&two_numbers, entry_id(), version, &bytes), None, "{name}: an earlier key");
        let mut renumbered = bytes.clone();
        renumbered[4] = 2;
        assert_eq!(open(&two_numbers, entry_id(), version, &renumbered), BROKEN, "{name}: another number");
        for length in [0, 1, 4, 5, 28, 29, OVERHEAD - 1, bytes.len() - 1] {
            assert_eq!(open(&keys, entry_id(), version, &bytes[..length]), BROKEN, "{name}: {length} bytes");
        }
        assert_eq!(open(&keys, entry_id(), version, &[&bytes[..], &[0]].concat()), BROKEN, "{name}: a byte more");
    }
    assert_eq!(keys.open_head(&frozen("memory")).err(), BROKEN);
    assert_eq!(keys.open_memory(&frozen("head")).err(), BROKEN);
    assert_eq!(other_account.open_head(&frozen("head")).err(), BROKEN);
    assert_eq!(other_account.open_memory(&frozen("memory")).err(), BROKEN);
}

#[test]
fn changed_bit_of_format_2_is_refused() {
    let keys = keys();
    let open = |name: &str, bytes: &[u8]| match name {
        "entry" => keys.open(entry_id(), 1, bytes).err(),
        "deletion" => keys.open(entry_id(), 2, bytes).err(),
        "head" => keys.open_head(bytes).err(),
        _ => keys.open_memory(bytes).err(),
    };
    for name in ["entry", "deletion", "head", "memory"] {
        let bytes = frozen(name);
        assert_eq!(open(name, &bytes), None);
        for place in (0..OVERHEAD.min(bytes.len())).chain((OVERHEAD..bytes.len()).step_by(97)) {
            let mut changed = bytes.clone();
            changed[place] ^= 0x10;
            let expected = if place == 0 { Some(KeyringError::UnknownFormat) } else { BROKEN };
            assert_eq!(open(name, &changed), expected, "{name}: byte {place}");
        }
        let mut newer = bytes.clone();
        newer[0] = 3;
        assert_eq!(
            (open(name, &newer), key_no(&newer)),
            (Some(KeyringError::UnknownFormat), Err(KeyringError::UnknownFormat))
        );
        let mut older = bytes;
        older[0] = 1;
        assert_eq!(open(name, &older), BROKEN, "{name}: format 1 without a key 0");
    }
}

/// Only somebody with the key could make these.
#[test]
fn entry_of_no_bytes_is_no_deletion() {
    let keys = keys();
    let set = keys.current();
    let sealed = |kind| set.seal(&set.entry.0, &[], &version_binding(entry_id(), 2, kind), &mut Counter(0)).unwrap();
    assert_eq!(keys.open(entry_id(), 2, &sealed(Kind::Deletion)), Ok(Opened::Deletion));
    assert_eq!(keys.open(entry_id(), 2, &sealed(Kind::Entry)).err(), BROKEN);
}

#[test]
fn format_1_opens_under_key_0_only() {
    let bytes = Base64Url::decode(include_str!("../../../vectors/entry-1.txt").trim()).unwrap().0;
    assert_eq!((key_no(&bytes), key_no(&frozen("entry"))), (Ok(0), Ok(1)));
    let document = Opened::Entry(DOCUMENT.as_bytes().to_vec().into());
    let mut keys = VaultKeys::new(set(0, 7));
    assert_eq!(keys.open(entry_id(), 1, &bytes), Ok(document));
    assert_eq!(keys.open(entry_id(), 2, &bytes).err(), BROKEN);
    keys.replace(set(1, 9));
    assert!(keys.open(entry_id(), 1, &bytes).is_ok(), "key 0 is an earlier one");
    assert_eq!(VaultKeys::new(set(1, 7)).open(entry_id(), 1, &bytes).err(), BROKEN, "the same key as number 1");
}

/// Only somebody with the key could make these.
#[test]
fn padding_with_other_bytes_or_a_wrong_length_is_refused() {
    let keys = keys();
    let set = keys.current();
    let sealed = |change: fn(&mut Vec<u8>)| {
        let mut padded = vec![0; BUCKETS[0]];
        padded[..6].copy_from_slice(b"\0\0\0\x02ab");
        change(&mut padded);
        set.seal(&set.entry.0, &padded, &version_binding(entry_id(), 1, Kind::Entry), &mut Counter(0)).unwrap()
    };
    let document = Opened::Entry(b"ab".to_vec().into());
    assert_eq!(keys.open(entry_id(), 1, &sealed(|_| {})), Ok(document));
    let broken: [fn(&mut Vec<u8>); 3] = [|p| p[6] = 1, |p| p[1023] = 1, |p| p[0] = 1];
    for change in broken {
        assert_eq!(keys.open(entry_id(), 1, &sealed(change)).err(), BROKEN);
    }
}
