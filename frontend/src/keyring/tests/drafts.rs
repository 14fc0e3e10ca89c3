//! Drafts, sealed while the vault is locked.

#[cfg(target_arch = "wasm32")]
use crate::browser_test::test;

use super::*;

fn draft(name: &str) -> Draft {
    let rules = Some(generator::kind::Rules::default());
    Draft { content: Content { rules, ..content(name, "kV9!mQ2#") }, of: Some(entry_id()), sealed_at: NOW }
}

fn public_key(keyring: &Keyring<Counter>) -> String {
    keyring.vault.as_ref().unwrap().keys.current().draft.public()
}

/// A draft that a locked keyring has sealed.
fn sealed(key: &str, name: &str, random: u8) -> String {
    let mut keyring = Keyring::new(Counter(random), str::to_lowercase);
    match keyring.handle(Request::SealDraft { key: key.into(), draft: draft(name) }) {
        Ok(Response::SealedDraft { sealed }) => sealed,
        other => panic!("{other:?}"),
    }
}

fn list(keyring: &mut Keyring<Counter>, drafts: Vec<String>) -> (Vec<DraftSummary>, u32) {
    let drafts = drafts.into_iter().zip(10..).map(|(sealed, key)| SealedDraft { key, sealed }).collect();
    match keyring.handle(Request::ListDrafts { drafts }) {
        Ok(Response::Drafts { drafts, refused }) => (drafts, refused),
        other => panic!("{other:?}"),
    }
}

#[test]
fn draft_opens_in_its_vault_only() {
    let mut keyring = open_keyring();
    let key = public_key(&keyring);
    let first = sealed(&key, "GitHub", 0);
    assert_ne!(first, sealed(&key, "GitHub", 1));
    assert_eq!(first.len(), sealed(&key, "", 0).len(), "the length says little");
    let told = |key, name: &str| DraftSummary { key, name: name.into(), of: Some(entry_id()), sealed_at: NOW };
    let drafts = vec![first.clone(), sealed(&key, "Bank", 2)];
    assert_eq!(list(&mut keyring, drafts), (vec![told(10, "GitHub"), told(11, "Bank")], 0));
    let request = || Request::OpenDraft { sealed: first.clone() };
    let Ok(Response::Draft(opened)) = keyring.handle(request()) else { panic!("not opened") };
    assert_eq!((opened.content.password.expose(), &opened.content.rules), ("kV9!mQ2#", &draft("").content.rules));

    let mut other = open_keyring();
    let stranger = KeySet::new(AccountId::from_random([1; 16]), 1, VaultKey::from_bytes([9; keys::KEY_LEN]));
    other.vault = Some(Vault::new(VaultKeys::new(stranger)));
    assert_eq!(other.handle(request()).err(), Some(KeyringError::Broken));
    assert_eq!(list(&mut other, vec![first.clone()]).1, 1);
    let mut locked = Keyring::new(Counter(0), str::to_lowercase);
    assert_eq!(locked.handle(request()).err(), Some(KeyringError::Locked));
}

#[test]
fn broken_drafts_are_counted_and_the_others_open() {
    let mut keyring = open_keyring();
    let good = sealed(&public_key(&keyring), "GitHub", 0);
    let bytes = Base64Url::decode(&good).unwrap().0;
    let mut drafts = vec![String::new(), "!".into(), Base64Url::encode(&bytes[..40])];
    for place in [0, 31, 32, bytes.len() / 2, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        drafts.push(Base64Url::encode(&changed));
    }
    let bad = drafts.len();
    drafts.push(good);
    let (opened, refused) = list(&mut keyring, drafts);
    assert_eq!((opened.len(), refused as usize), (1, bad));
    for key in ["", "!", &Base64Url::encode(&[0; 31])] {
        let mut keyring = Keyring::new(Counter(0), str::to_lowercase);
        let request = Request::SealDraft { key: (*key).into(), draft: draft("x") };
        assert_eq!(keyring.handle(request).err(), Some(KeyringError::Broken), "{key}");
    }
}
