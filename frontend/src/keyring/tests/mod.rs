mod backup;
mod credentials;
mod doubts;
mod drafts;
mod import;
mod lists;
pub(crate) mod login;
mod memory;
mod sending;
pub(crate) mod server;
mod waiting;

use rand_core_06::Error;
use shared::bytes::Base64Url;
use shared::changes::{Changes, OVERHEAD, Sealed, StoredVersion};
use shared::ids::{AccountId, EntryId};
use shared::limits::BUCKETS;

#[cfg(target_arch = "wasm32")]
use crate::browser_test::test;

use super::keys::{KeySet, VaultKey, VaultKeys};
use super::protocol::entry::*;
use super::protocol::outbox::*;
use super::protocol::*;
use super::*;
use crate::workers::rpc::{Call, Reply};

/// A random source that counts up, for predictable nonces and keys.
pub(crate) struct Counter(pub(crate) u8);

impl RngCore for Counter {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes)
    }
    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.fill_bytes(&mut bytes);
        u64::from_le_bytes(bytes)
    }
    fn fill_bytes(&mut self, dest: &mut [u8]) {
        for byte in dest {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
    }
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(dest);
        Ok(())
    }
}
impl CryptoRng for Counter {}

pub(crate) const NOW: u64 = 1_790_000_000_000;

/// The id that [`Counter`] gives from 0 on; the frozen entry has it.
pub(crate) fn entry_id() -> EntryId {
    EntryId::from_time(NOW, [3; 10])
}

pub(crate) fn content(name: &str, password: &str) -> Content {
    Content { name: name.into(), password: Secret::new(password.into()), ..Content::default() }
}

fn entry(name: &str) -> Entry {
    let content = content(name, "kV9!mQ2#");
    Entry { content, created_at: NOW, changed_at: NOW, history: Vec::new(), binned_at: None, imported_at: None }
}

/// The summary of an entry that has a name only.
fn summary(id: EntryId, version: u32, name: &str, state: EntryState) -> EntrySummary {
    let (username, website, tags) = Default::default();
    EntrySummary { id, version, name: name.into(), username, website, tags, changed_at: NOW, binned_at: None, state }
}

/// Keys of a vault: the one of this number is current, and all before it, from 1 on, are earlier ones.
pub(in crate::keyring) fn keys(number: u32) -> VaultKeys {
    let account = AccountId::from_random([1; 16]);
    let set =
        |number: u32| KeySet::new(account, number, VaultKey::from_bytes([6 + number.to_be_bytes()[3]; keys::KEY_LEN]));
    let mut keys = VaultKeys::new(set(number.min(1)));
    for number in 2..=number {
        keys.replace(set(number));
    }
    keys
}

/// A keyring with an open vault, whose key is fixed, before its first list.
pub(crate) fn closed_keyring() -> Keyring<Counter> {
    let mut keyring = Keyring::new(Counter(0), str::to_lowercase);
    keyring.vault = Some(Vault::new(keys(1)));
    keyring
}

/// As [`closed_keyring`], after the list of a server without entries.
pub(crate) fn open_keyring() -> Keyring<Counter> {
    let mut keyring = closed_keyring();
    server::sync(&mut keyring, &server::VaultServer::new());
    keyring
}

/// The public key for drafts of the keyring's vault.
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub(crate) fn draft_key(keyring: &Keyring<Counter>) -> String {
    keyring.vault.as_ref().unwrap().keys.current().draft.public()
}

/// The frozen entry's id, sealed as the version after `replaces`.
pub(crate) fn seal(keyring: &mut Keyring<Counter>, replaces: u32, name: &str) -> Sealed {
    seal_entry(keyring, replaces + 1, entry(name)).unwrap()
}

fn seal_entry(keyring: &mut Keyring<Counter>, version: u32, entry: Entry) -> Result<Sealed, KeyringError> {
    let document = document::write(entry)?;
    keyring.vault.as_ref().unwrap().keys.seal(entry_id(), version, document.as_bytes(), &mut keyring.random)
}

pub(crate) fn stored(id: EntryId, version: u32, sealed: Option<Sealed>) -> StoredVersion {
    let deleted = sealed.as_ref().is_none_or(Sealed::is_deletion);
    let sealed = sealed.map(|sealed| Base64Url(sealed.as_bytes().to_vec()));
    StoredVersion { id, version, change_no: 1, changed_at: 0, deleted, sealed }
}

fn open(keyring: &mut Keyring<Counter>, entry: StoredVersion) -> EntryUpdate {
    take_changes(keyring, vec![entry], false)
}

/// Applies an answer with these versions. Their change numbers and the head are made for it.
pub(crate) fn take_changes(keyring: &mut Keyring<Counter>, mut entries: Vec<StoredVersion>, more: bool) -> EntryUpdate {
    let vault = keyring.vault.as_ref().unwrap();
    let since = vault.state.next();
    for (row, number) in entries.iter_mut().zip(since + 1..) {
        row.change_no = number;
    }
    let change_no = since + entries.len() as u64;
    let mut listed: std::collections::BTreeMap<_, _> = vault.listed().collect();
    for row in &entries {
        let bytes = row.sealed.as_ref().map(|sealed| sealed.0.as_slice());
        listed.insert(row.id, head::Listed::new(row.version, bytes, head::ListedKind::Entry));
    }
    let head = seal::Head { change_no: change_no + u64::from(more), digest: head::digest(listed.into_iter()) };
    let head = vault.keys.current().seal_head(&head, &mut keyring.random).unwrap();
    let answer = Changes { entries, head: Some(Base64Url(head.as_bytes().to_vec())), more };
    let answer = serde_json::to_string(&answer).unwrap();
    updated(keyring.handle(Request::ApplyChanges { answer, since }))
}

/// Takes everything that waits as saved.
pub(crate) fn acknowledge(keyring: &mut Keyring<Counter>) -> EntryUpdate {
    let Batch { body, .. } = server::batch(keyring, false).expect("something waits");
    let position = keyring.vault.as_ref().unwrap().state.position;
    let count = serde_json::from_str::<shared::changes::SaveChanges>(&body).unwrap().changes.len() as u64;
    let saved = shared::changes::Saved { change_no: position + count, changed_at: NOW };
    server::apply_saved(keyring, &body, &serde_json::to_string(&saved).unwrap())
}

pub(crate) fn updated(response: Result<Response, KeyringError>) -> EntryUpdate {
    match response {
        Ok(Response::Updated(update)) => update,
        other => panic!("{other:?}"),
    }
}

fn body(response: Result<Response, KeyringError>) -> Result<String, KeyringError> {
    match response? {
        Response::Post { body } => Ok(body),
        other => panic!("{other:?}"),
    }
}

fn reveal(keyring: &mut Keyring<Counter>) -> Result<String, KeyringError> {
    reveal_entry(keyring, entry_id())
}

fn reveal_entry(keyring: &mut Keyring<Counter>, id: EntryId) -> Result<String, KeyringError> {
    match keyring.handle(Request::Reveal { id })? {
        Response::Revealed { password } => Ok(password.expose().to_owned()),
        other => panic!("{other:?}"),
    }
}

fn whole(keyring: &mut Keyring<Counter>, id: EntryId) -> Entry {
    match keyring.handle(Request::GetEntry { id }) {
        Ok(Response::Entry(whole)) => *whole,
        other => panic!("{other:?}"),
    }
}

/// The bytes of format 1 never change: this file was written once. A vault from before keys had numbers is read only.
#[test]
fn frozen_entry_of_format_1_opens_for_reading() {
    let bytes = Base64Url::decode(include_str!("../../../vectors/entry-1.txt").trim()).unwrap();
    let mut keyring = Keyring::new(Counter(0), str::to_lowercase);
    let account = AccountId::from_random([1; 16]);
    let set = KeySet::new(account, 0, VaultKey::from_bytes([7; keys::KEY_LEN]));
    keyring.vault = Some(Vault::new(VaultKeys::new(set)));
    let row = StoredVersion { sealed: Some(bytes), deleted: false, ..stored(entry_id(), 1, None) };
    let gone = StoredVersion { change_no: 2, ..stored(EntryId::from_time(NOW, [9; 10]), 7, None) };
    let answer = serde_json::to_string(&Changes { entries: vec![row, gone], head: None, more: false }).unwrap();
    let update = updated(keyring.handle(Request::ApplyChanges { answer, since: 0 }));
    assert_eq!(update.entries[0].name, "GitHub");
    assert_eq!((update.refused.len(), update.doubts), (0, Some(Doubts::default())), "nothing is in doubt");
    assert_eq!(reveal(&mut keyring).unwrap(), "kV9!mQ2#");
    let refused = |keyring: &mut Keyring<Counter>, request| keyring.handle(request).err();
    for request in [
        Request::Create { content: content("x", ""), now: NOW },
        Request::Change { id: entry_id(), content: content("x", ""), now: NOW },
        Request::Delete { id: entry_id() },
        Request::AcceptServer { now: NOW },
    ] {
        assert_eq!(refused(&mut keyring, request), Some(KeyringError::Legacy));
    }
    assert_eq!(server::batch_of(&mut keyring, Vec::new(), 9, true), (None, 0));
}

/// Each row is a good one with one defect, which names it.
#[test]
fn defective_rows_are_listed_and_the_others_open() {
    let good = seal(&mut open_keyring(), 0, "GitHub").as_bytes().to_vec();
    let other = EntryId::from_time(NOW + 1, [3; 10]);
    let refused = |id: EntryId, version: u32, bytes: &[u8]| {
        let mut keyring = open_keyring();
        let beside = stored(EntryId::from_time(NOW + 2, [3; 10]), 1, None);
        let row =
            StoredVersion { sealed: Some(Base64Url(bytes.to_vec())), deleted: false, ..stored(id, version, None) };
        let sealed = keyring.vault.as_ref().unwrap().keys.seal_deletion(beside.id, 1, &mut Counter(9)).unwrap();
        let mut update = take_changes(&mut keyring, vec![row, stored(beside.id, 1, Some(sealed))], false);
        assert_eq!(update.next.take(), None, "a defective row does not make the head wrong");
        assert_eq!(update.doubts, Some(Doubts::default()));
        assert_eq!((update.entries.len(), update.refused), (0, vec![id]));
        assert_eq!(reveal(&mut keyring), Err(KeyringError::NoSuchEntry), "nothing of it is kept");
    };
    let mut flips = vec![1, 4, 5, 28, 29, good.len() / 2, good.len() - 17];
    flips.extend((1..good.len() - 16).step_by(97));
    for place in flips {
        let mut flipped = good.clone();
        flipped[place] ^= 0x10;
        refused(entry_id(), 1, &flipped);
    }
    refused(other, 1, &good);
    refused(entry_id(), 2, &good);
    refused(entry_id(), 0, &good);
    refused(entry_id(), 1, &good[..good.len() - 1]);
    refused(entry_id(), 1, &[&good[..], &[0]].concat());
    refused(entry_id(), 1, &[]);
    refused(entry_id(), 1, &[9]);
    refused(entry_id(), 1, &[&[3], &good[1..]].concat());
    refused(entry_id(), 1, &[&[1], &good[5..]].concat());
}

#[test]
fn sealed_size_is_that_of_the_bucket() {
    let mut keyring = open_keyring();
    let overhead = document::write(entry("")).unwrap().len() + 4;
    for (index, bucket) in BUCKETS.into_iter().enumerate() {
        let fits = "n".repeat(bucket - overhead);
        assert_eq!(seal(&mut keyring, 0, &fits).as_bytes().len(), bucket + OVERHEAD);
        let next = seal_entry(&mut keyring, 1, entry(&format!("{fits}n")));
        match BUCKETS.get(index + 1) {
            Some(bucket) => assert_eq!(next.unwrap().as_bytes().len(), bucket + OVERHEAD),
            None => assert_eq!(next.unwrap_err(), KeyringError::TooLarge),
        }
    }
    assert_eq!(seal(&mut keyring, 0, "").as_bytes().len(), seal(&mut keyring, 0, "a longer name").as_bytes().len());
}

#[test]
fn sealing_twice_gives_other_bytes() {
    let mut keyring = open_keyring();
    assert_ne!(seal(&mut keyring, 0, "GitHub"), seal(&mut keyring, 0, "GitHub"));
}

#[test]
fn newer_version_replaces_an_entry_and_a_sealed_deletion_removes_it() {
    let mut keyring = open_keyring();
    let first = seal(&mut keyring, 0, "GitHub");
    // A version number may be left out.
    let second = seal(&mut keyring, 4, "GitHub (work)");
    open(&mut keyring, stored(entry_id(), 1, Some(first.clone())));
    assert_eq!(open(&mut keyring, stored(entry_id(), 5, Some(second))).entries[0].name, "GitHub (work)");
    let deletion = keyring.vault.as_ref().unwrap().keys.seal_deletion(entry_id(), 6, &mut Counter(7)).unwrap();
    assert_eq!(open(&mut keyring, stored(entry_id(), 6, Some(deletion))).deleted, [entry_id()]);
    assert_eq!(reveal(&mut keyring), Err(KeyringError::NoSuchEntry));
}

#[test]
fn new_entry_is_saved_once_the_server_has_it() {
    let mut keyring = open_keyring();
    let rules = Some(generator::kind::Rules::default());
    let request =
        Request::Create { content: Content { rules: rules.clone(), ..content("GitHub", "kV9!mQ2#") }, now: NOW };
    let Ok(Response::EntrySealed { id, update: waiting }) = keyring.handle(request) else { panic!("not sealed") };
    let body = &waiting.sealed[0].body;
    assert!(!body.contains("GitHub") && !body.contains("kV9"));
    assert_eq!(waiting.entries, [summary(id, 0, "GitHub", EntryState::Waiting)]);
    assert_eq!(reveal_entry(&mut keyring, id).unwrap(), "kV9!mQ2#", "it can be shown while it waits");
    let (mut server, Batch { body, changes }) =
        (server::VaultServer::new(), server::batch(&mut keyring, false).unwrap());
    // The keyring's list came from another server object with the same head.
    let answer = server.save(&body).unwrap();
    assert_eq!(changes, [waiting.sealed[0].change]);
    // Applying it twice changes nothing.
    for settled in [changes, Vec::new()] {
        let update = server::apply_saved(&mut keyring, &body, &answer);
        assert_eq!(update.entries, [summary(id, 1, "GitHub", EntryState::Saved)]);
        assert_eq!(update.settled, settled);
        assert_eq!(reveal_entry(&mut keyring, id).unwrap(), "kV9!mQ2#");
    }
    assert_eq!(whole(&mut keyring, id).content.rules, rules);
}

/// Rules cross the worker's boundary and the sealed document.
#[test]
fn rules_of_every_kind_survive_sealing() {
    use generator::kind::Rules;
    let site = generator::site_rules::Rules { text: "required: [\"\\é];".into(), ..Default::default() };
    let phrase = generator::phrase::Rules { separator: None, ..Default::default() };
    let kinds = [
        Rules::Characters(Default::default()),
        Rules::Phrase(phrase),
        Rules::Pin(Default::default()),
        Rules::Site(site),
    ];
    let mut keyring = open_keyring();
    for rules in kinds.map(Some) {
        let content = Content { rules: rules.clone(), ..content("x", "") };
        let request = Request::Create { content, now: NOW };
        let bytes = postcard::to_allocvec(&request).unwrap();
        let reply = keyring.handle(postcard::from_bytes(&bytes).unwrap());
        let Ok(Response::EntrySealed { id, .. }) = reply else { panic!("not sealed") };
        assert_eq!(whole(&mut keyring, id).content.rules, rules);
    }
}

#[test]
fn changes_are_applied_page_by_page() {
    let mut keyring = open_keyring();
    let sealed = seal(&mut keyring, 0, "GitHub");
    let page = |keyring: &mut Keyring<Counter>, more| {
        let update = take_changes(keyring, vec![stored(entry_id(), 1, Some(sealed.clone()))], more);
        (update.next, update.doubts.is_some())
    };
    assert_eq!(page(&mut keyring, true), (Some(1), false));
    assert_eq!(page(&mut keyring, false), (None, true));
    assert_eq!(updated(keyring.handle(Request::ListPosition)).next, Some(2));
    // An answer that would leave changes out is refused.
    let answer = serde_json::to_string(&Changes { entries: Vec::new(), head: None, more: false }).unwrap();
    assert_eq!(keyring.handle(Request::ApplyChanges { answer, since: 3 }).err(), Some(KeyringError::OutOfTurn));
}

#[test]
fn locked_keyring_refuses_requests_for_a_vault() {
    let changes = serde_json::to_string(&Changes { entries: Vec::new(), head: None, more: false }).unwrap();
    let challenge = serde_json::to_string(&shared::accounts::AccountChallenge {
        passphrase: Base64Url::default(),
        recovery: Base64Url::default(),
    });
    let mut keyring = Keyring::new(Counter(0), str::to_lowercase);
    for (request, expected) in [
        (Request::Reveal { id: entry_id() }, KeyringError::Locked),
        (Request::ApplyChanges { answer: changes, since: 0 }, KeyringError::Locked),
        (Request::Create { content: content("x", ""), now: NOW }, KeyringError::Locked),
        (Request::Change { id: entry_id(), content: content("x", ""), now: NOW }, KeyringError::Locked),
        (Request::GetEntry { id: entry_id() }, KeyringError::Locked),
        (Request::Compare { id: entry_id() }, KeyringError::Locked),
        (Request::RestoreWaiting { items: Vec::new() }, KeyringError::Locked),
        (Request::StartFirstLogin, KeyringError::OutOfTurn),
        (login::continue_login(""), KeyringError::OutOfTurn),
        (Request::FinishLogin { answer: String::new() }, KeyringError::OutOfTurn),
        (Request::ContinueRegistration { answer: challenge.unwrap() }, KeyringError::OutOfTurn),
    ] {
        assert_eq!(keyring.handle(request).err(), Some(expected));
    }
}

#[test]
fn messages_survive_postcard_and_debug_hides_their_secrets() {
    let request = Request::StartRegistration {
        invite: "code".into(),
        username: "ada".into(),
        passphrase: Secret::new("hunter2".into()),
    };
    let bytes = postcard::to_allocvec(&Call { id: 7, request }).unwrap();
    let back: Call<Request> = postcard::from_bytes(&bytes).unwrap();
    assert!(matches!(&back.request, Request::StartRegistration { passphrase, .. } if passphrase.expose() == "hunter2"));
    assert!(!format!("{back:?}").contains("hunter2"));
    let reply =
        Reply { id: 7, result: Err::<Response, _>(KeyringError::Recovery(RecoveryFault::WrongWord { place: 3 })) };
    let back: Reply<Result<Response, KeyringError>> =
        postcard::from_bytes(&postcard::to_allocvec(&reply).unwrap()).unwrap();
    assert_eq!(back.result.unwrap_err(), KeyringError::Recovery(RecoveryFault::WrongWord { place: 3 }));
    let rules = Some(generator::kind::Rules::default());
    let note = Secret::new("kV9 too".into());
    let seal = Request::Create { content: Content { rules, note, ..content("x", "kV9") }, now: NOW };
    let back: Request = postcard::from_bytes(&postcard::to_allocvec(&seal).unwrap()).unwrap();
    assert!(!format!("{back:?}{:?}", entry("x")).contains("kV9"));
}
