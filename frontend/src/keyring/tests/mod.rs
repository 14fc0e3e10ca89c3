mod backup;
mod drafts;
mod import;
pub(crate) mod login;
mod waiting;

use rand_core_06::Error;
use shared::bytes::Base64Url;
use shared::ids::{AccountId, EntryId};
use shared::limits::{BUCKETS, SEALED_OVERHEAD};
use shared::passwords::{FORMAT, NotSealedEntry, SealedEntry};
use shared::problem::Problem;

#[cfg(target_arch = "wasm32")]
use crate::browser_test::test;

use super::keys::VaultKey;
use super::protocol::entry::*;
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

/// A keyring with an open vault, whose key is fixed.
pub(crate) fn open_keyring() -> Keyring<Counter> {
    let mut keyring = Keyring::new(Counter(0), str::to_lowercase);
    let key = VaultKey::from_bytes([7; keys::KEY_LEN]);
    keyring.vault = Some(Vault::new(AccountId::from_random([1; 16]), key.entry_key()));
    keyring.draft_key = Some(key.draft_key());
    keyring.vault_key = Some((Username::new("ada").unwrap(), key));
    keyring
}

/// The public key for drafts of the keyring's vault.
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub(crate) fn draft_key(keyring: &Keyring<Counter>) -> String {
    keyring.draft_key.as_ref().unwrap().public()
}

pub(crate) fn seal(keyring: &mut Keyring<Counter>, replaces: u32, name: &str) -> SealedEntry {
    keyring.vault.as_ref().unwrap().seal(entry_id(), replaces + 1, entry(name), &mut keyring.random).unwrap()
}

pub(crate) fn stored(id: EntryId, version: u32, sealed: Option<SealedEntry>) -> StoredEntry {
    StoredEntry { id, version, change_no: 1, changed_at: 0, sealed }
}

fn open(keyring: &mut Keyring<Counter>, entry: StoredEntry) -> EntryUpdate {
    take_changes(keyring, vec![entry], false)
}

pub(crate) fn take_changes(keyring: &mut Keyring<Counter>, entries: Vec<StoredEntry>, more: bool) -> EntryUpdate {
    let answer = serde_json::to_string(&Changes { entries, latest: 9, more }).unwrap();
    updated(keyring.handle(Request::ApplyChanges { answer }))
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

/// The bytes of format 1 never change: this file was written once.
#[test]
fn format_1_is_frozen() {
    let sealed = seal(&mut open_keyring(), 0, "GitHub");
    assert_eq!(Base64Url::encode(sealed.as_bytes()), include_str!("../../../vectors/entry-1.txt").trim());
}

#[test]
fn frozen_entry_opens() {
    let bytes = Base64Url::decode(include_str!("../../../vectors/entry-1.txt").trim()).unwrap().0;
    let mut keyring = open_keyring();
    let update = open(&mut keyring, stored(entry_id(), 1, Some(bytes.try_into().unwrap())));
    assert_eq!(update.entries[0].name, "GitHub");
    assert_eq!(reveal(&mut keyring).unwrap(), "kV9!mQ2#");
}

/// Each vector is the frozen entry with one defect, which names it.
#[test]
fn defective_entries_are_refused() {
    let frozen = Base64Url::decode(include_str!("../../../vectors/entry-1.txt").trim()).unwrap().0;
    let refused = |account: [u8; 16], id: EntryId, version: u32, bytes: &[u8]| {
        let mut keyring = open_keyring();
        keyring.vault.as_mut().unwrap().account = AccountId::from_random(account);
        let update = open(&mut keyring, stored(id, version, Some(bytes.to_vec().try_into().unwrap())));
        assert!(update.entries.is_empty());
        assert_eq!(reveal(&mut keyring), Err(KeyringError::NoSuchEntry), "nothing of it is kept");
        update.refused.len()
    };
    let mut flips = vec![1, 24, 25, frozen.len() / 2, frozen.len() - 17, frozen.len() - 16, frozen.len() - 1];
    flips.extend((1..frozen.len()).step_by(97));
    for place in flips {
        let mut flipped = frozen.clone();
        flipped[place] ^= 0x10;
        assert_eq!(refused([1; 16], entry_id(), 1, &flipped), 1, "flipped bit in byte {place}");
    }
    let other_entry = EntryId::from_time(1_790_000_000_001, [3; 10]);
    assert_eq!(refused([2; 16], entry_id(), 1, &frozen), 1, "wrong account");
    assert_eq!(refused([1; 16], other_entry, 1, &frozen), 1, "wrong entry");
    assert_eq!(refused([1; 16], entry_id(), 2, &frozen), 1, "older version under a newer number");
    assert_eq!(refused([1; 16], entry_id(), 0, &frozen), 1, "wrong version");

    // `SealedEntry` refuses these.
    let length = |bytes: &[u8]| SealedEntry::try_from(bytes.to_vec()).err();
    assert_eq!(length(&frozen[..frozen.len() - 1]), Some(NotSealedEntry::Length), "truncated");
    assert_eq!(length(&[&frozen[..], &[0]].concat()), Some(NotSealedEntry::Length), "trailing byte");
    assert_eq!(length(&[]), Some(NotSealedEntry::Length), "empty");
    // Padded to another bucket's length: `SealedEntry` takes it, but it does not open.
    let mut padded = frozen.clone();
    padded.resize(BUCKETS[1] + SEALED_OVERHEAD, 0);
    assert_eq!(refused([1; 16], entry_id(), 1, &padded), 1, "trailing bytes");
    let mut unknown = frozen.clone();
    unknown[0] = FORMAT + 1;
    assert_eq!(length(&unknown), Some(NotSealedEntry::Format), "unknown format");
}

#[test]
fn sealed_size_is_that_of_the_bucket() {
    let mut keyring = open_keyring();
    let overhead = document::write(entry("")).unwrap().len() + 4;
    for (index, bucket) in BUCKETS.into_iter().enumerate() {
        let fits = "n".repeat(bucket - overhead);
        assert_eq!(seal(&mut keyring, 0, &fits).as_bytes().len(), bucket + SEALED_OVERHEAD);
        let larger = entry(&format!("{fits}n"));
        let next = keyring.vault.as_ref().unwrap().seal(entry_id(), 1, larger, &mut keyring.random);
        match BUCKETS.get(index + 1) {
            Some(bucket) => assert_eq!(next.unwrap().as_bytes().len(), bucket + SEALED_OVERHEAD),
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
fn newer_version_replaces_an_entry_and_a_deletion_removes_it() {
    let mut keyring = open_keyring();
    let first = seal(&mut keyring, 0, "GitHub");
    let second = seal(&mut keyring, 1, "GitHub (work)");
    open(&mut keyring, stored(entry_id(), 1, Some(first.clone())));
    assert_eq!(open(&mut keyring, stored(entry_id(), 2, Some(second))).entries[0].name, "GitHub (work)");
    // One that does not open changes nothing.
    assert_eq!(open(&mut keyring, stored(entry_id(), 3, Some(first))).refused, [entry_id()]);
    assert!(reveal(&mut keyring).is_ok());
    assert_eq!(open(&mut keyring, stored(entry_id(), 3, None)).deleted, [entry_id()]);
    assert_eq!(reveal(&mut keyring), Err(KeyringError::NoSuchEntry));
}

#[test]
fn new_entry_is_saved_once_the_server_has_it() {
    let mut keyring = open_keyring();
    let rules = Some(generator::kind::Rules::default());
    let request =
        Request::Create { content: Content { rules: rules.clone(), ..content("GitHub", "kV9!mQ2#") }, now: NOW };
    let Ok(Response::EntrySealed { id, body, update: waiting }) = keyring.handle(request) else { panic!("not sealed") };
    assert!(!body.contains("GitHub") && !body.contains("kV9"));
    assert_eq!(waiting.entries, [summary(id, 0, "GitHub", EntryState::Waiting)]);
    assert_eq!(reveal_entry(&mut keyring, id).unwrap(), "kV9!mQ2#", "it can be shown while it waits");
    // Applying it twice changes nothing.
    for _ in 0..2 {
        let update = updated(keyring.handle(Request::ApplySaved { id, body: body.clone() }));
        assert_eq!(update.entries, [summary(id, 1, "GitHub", EntryState::Saved)]);
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
    let page = || vec![stored(entry_id(), 1, Some(sealed.clone()))];
    for (entries, more, last) in [(page(), true, Some(1)), (page(), false, Some(1)), (Vec::new(), false, None)] {
        let update = take_changes(&mut keyring, entries, more);
        assert_eq!((update.last_change, update.more), (last, more));
    }
}

#[test]
fn stale_version_problem_applies_the_current_entry() {
    let mut keyring = open_keyring();
    let sealed = seal(&mut keyring, 4, "GitHub (work)");
    let problem = |current: Option<StoredEntry>| {
        let code = shared::problem::ProblemCode::StaleVersion;
        let current = current.map(|entry| {
            let StoredEntry { id, version, change_no, changed_at, sealed } = entry;
            let (deleted, sealed) = (sealed.is_none(), sealed.map(|sealed| Base64Url(sealed.as_bytes().to_vec())));
            Box::new(shared::changes::StoredVersion { id, version, change_no, changed_at, deleted, sealed })
        });
        let problem =
            Problem { type_uri: String::new(), title: String::new(), status: 409, detail: None, code, current };
        Request::ApplyCurrent { problem: serde_json::to_string(&problem).unwrap() }
    };
    let taken = updated(keyring.handle(problem(Some(stored(entry_id(), 5, Some(sealed))))));
    assert_eq!((taken.entries[0].version, taken.entries[0].name.as_str()), (5, "GitHub (work)"));
    assert_eq!(updated(keyring.handle(problem(Some(stored(entry_id(), 6, None))))).deleted, [entry_id()]);
    assert_eq!(keyring.handle(problem(None)).err(), Some(KeyringError::ServerMessage));
}

#[test]
fn locked_keyring_refuses_requests_for_a_vault() {
    let changes = serde_json::to_string(&Changes { entries: Vec::new(), latest: 0, more: false }).unwrap();
    let challenge = serde_json::to_string(&shared::accounts::AccountChallenge {
        passphrase: Base64Url::default(),
        recovery: Base64Url::default(),
    });
    let mut keyring = Keyring::new(Counter(0), str::to_lowercase);
    for (request, expected) in [
        (Request::Reveal { id: entry_id() }, KeyringError::Locked),
        (Request::ApplyChanges { answer: changes }, KeyringError::Locked),
        (Request::Create { content: content("x", ""), now: NOW }, KeyringError::Locked),
        (Request::Change { id: entry_id(), content: content("x", ""), now: NOW }, KeyringError::Locked),
        (Request::GetEntry { id: entry_id() }, KeyringError::Locked),
        (Request::Compare { id: entry_id() }, KeyringError::Locked),
        (Request::RestoreWaiting { bodies: Vec::new() }, KeyringError::Locked),
        (Request::StartFirstLogin, KeyringError::OutOfTurn),
        (Request::ContinueLogin { answer: String::new(), device: String::new() }, KeyringError::OutOfTurn),
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
