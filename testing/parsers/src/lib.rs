//! Every parser that meets bytes from outside, each behind one function of bytes. `testing/fuzz` feeds them with what
//! libFuzzer makes up, and a test with what it has found worth keeping (`testing/fuzz/corpus`). A function returns, or
//! panics: that is a finding. Beyond that, each states what must hold of what was read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is what is looked for")]

mod vault;

use anyhow::bail;
use backend::backup::verify_archive;
use backend::server::login::{self, ProofOf};
use backend::server_key::ServerKey;
use backend::store::oracle::Descriptor;
use frontend::keyring::backup;
use frontend::keyring::protocol::Request;
use frontend::keyring::protocol::outbox::{ChangeRef, SealedChange};
use frontend::model::import_export::{ImportFile, read};
use generator::Plan as _;
use generator::random::{RandomnessError, Source};
use generator::site_rules::{Plan, Rules};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::accounts::{AccountFinish, AccountStart, DeleteAccount, Username};
use shared::bytes::Base64Url;
use shared::changes::{ListChanges, SaveChanges, Sealed, SealedHead};
use shared::credentials::{CredentialFinish, CredentialStart, RemovePasskey};
use shared::ids::{AccountId, EntryId, PasskeyId, SessionId};
use shared::login::SessionToken;
use shared::proofs::{Proof, ProofStart};
use shared::sessions::{CredentialName, SessionFinish, SessionStart};
use shared::vault_key::{VaultKeyFinish, VaultKeyStart};

/// Reads bytes.
pub type Parser = fn(&[u8]);

pub const TARGETS: [(&str, Parser); 8] = [
    ("answers", answers),
    ("api_bodies", api_bodies),
    ("archives", archives),
    ("backups", backups),
    ("connect_strings", connect_strings),
    ("imports", imports),
    ("log_in", log_in),
    ("site_rules", site_rules),
];

/// The first byte chooses among so many; the rest is what is read.
fn choose(data: &[u8], among: u8) -> Option<(u8, &[u8])> {
    let (first, rest) = data.split_first()?;
    Some((first % among, rest))
}

/// A value that was read is the same after writing and reading it again.
fn round_trip<T: DeserializeOwned + Serialize>(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(data) else { return };
    let written = serde_json::to_vec(&value).unwrap();
    let again: T = serde_json::from_slice(&written).unwrap();
    assert_eq!(serde_json::to_vec(&again).unwrap(), written);
}

/// The server's parsers of requests: bodies, and parts of path and query.
pub fn api_bodies(data: &[u8]) {
    let Some((kind, rest)) = choose(data, 12) else { return };
    match kind {
        0 => round_trip::<AccountStart>(rest),
        1 => round_trip::<AccountFinish>(rest),
        2 => round_trip::<SessionStart>(rest),
        3 => round_trip::<SessionFinish>(rest),
        4 => {
            round_trip::<CredentialStart>(rest);
            round_trip::<ProofStart>(rest);
            round_trip::<VaultKeyStart>(rest);
        }
        5 => {
            round_trip::<CredentialFinish>(rest);
            round_trip::<RemovePasskey>(rest);
            round_trip::<DeleteAccount>(rest);
        }
        6 => round_trip::<SaveChanges>(rest),
        7 => drop(serde_json::from_slice::<ListChanges>(rest)),
        8 => round_trip::<VaultKeyFinish>(rest),
        9 => round_trip::<EntryId>(rest),
        10 => {
            round_trip::<PasskeyId>(rest);
            round_trip::<SessionId>(rest);
        }
        _ => drop(str::from_utf8(rest).map(SessionToken::from_bearer)),
    }
}

/// The keyring's parsers of a server's answers to an open vault, and of what it has put into the local store.
pub fn answers(data: &[u8]) {
    let Some((kind, rest)) = choose(data, 9) else { return };
    let bytes = rest.to_vec();
    let request = match (kind, str::from_utf8(rest).map(str::to_owned)) {
        (0, _) => {
            if let Ok(sealed) = Sealed::try_from(bytes.clone()) {
                assert_eq!(sealed.as_bytes(), rest);
            }
            if let Ok(head) = SealedHead::try_from(bytes) {
                assert_eq!(head.as_bytes(), rest);
            }
            return;
        }
        (6, _) => Request::Recall { memory: Some(bytes) },
        (_, Err(_)) => return,
        (1, Ok(answer)) => Request::ApplyChanges { answer, since: 0 },
        (2, Ok(text)) => {
            let (body, answer) = text.split_once('\n').unwrap_or((&text, ""));
            Request::ApplySaved { body: body.to_owned(), answer: answer.to_owned() }
        }
        (3, Ok(answer)) => Request::ContinueLogin { answer, device: String::new(), assertion: None },
        (4, Ok(answer)) => {
            Request::FinishReplacement { start: String::new(), answer, keep_passkeys: Vec::new(), passkey: None }
        }
        (5, Ok(answer)) => Request::ContinueProof { answer },
        (7, Ok(answer)) => Request::FinishVaultKey { start: String::new(), answer },
        (_, Ok(body)) => {
            let change = ChangeRef { id: EntryId::from_time(1, [1; 10]), version: 1, mark: 0 };
            Request::RestoreWaiting { items: vec![SealedChange { change, body }] }
        }
    };
    // Invalid answers are an error; the keyring must never open an entry that nobody sealed.
    vault::ask(request);
}

/// An operator's backup: the archive, its manifest, and the database in it. What is sealed needs a passphrase first.
pub fn archives(data: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive");
    std::fs::write(&file, data).unwrap();
    let found = verify_archive(&file, folder.path(), || bail!("no passphrase"));
    assert!(found.is_ok() || !found.unwrap_err().to_string().is_empty());
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 1, "nothing of it is left, and nothing was written elsewhere under a name of its own");
}

/// A file in which a backup is looked for. Opening it takes Argon2id, which is no parser.
pub fn backups(data: &[u8]) {
    let Ok(file) = str::from_utf8(data) else { return };
    if let Some(found) = backup::find(file) {
        assert!(found.starts_with('{') && found.ends_with('}') && file.contains(found));
    }
}

/// Oracle's connect strings, in all their forms. What is understood is written as what is understood the same.
pub fn connect_strings(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    if let Ok(read) = Descriptor::read(text, None) {
        let written = read.to_string();
        let again = Descriptor::read(&written, None).unwrap_or_else(|error| panic!("{written}: {error}"));
        assert_eq!(again.to_string(), written);
    }
}

pub fn imports(data: &[u8]) {
    match read(data.to_vec()) {
        Ok(ImportFile::Items(items)) => {
            let count = items.len();
            assert!(items.rows(|number| number.to_string()).count() <= count);
        }
        Ok(ImportFile::Table(table)) => {
            let mapping = table.mapping().clone();
            let count = table.len(&mapping);
            assert!(table.rows(&mapping, |number| number.to_string()).count() <= count);
        }
        Ok(ImportFile::Locked(locked)) => {
            let _ = locked.kdf();
            let _ = locked.salt();
            assert!(locked.open(&[7; 32]).is_err(), "nobody has this key");
        }
        Err(fault) => assert!(!format!("{fault:?}").is_empty()),
    }
}

/// The server's parsers of OPAQUE's messages, of its own sealed states, and of the server key's text.
pub fn log_in(data: &[u8]) {
    let Some((kind, rest)) = choose(data, 5) else { return };
    let key = vault::server_key();
    let message = Base64Url(rest.to_vec());
    let name = Username::new("ada").unwrap();
    match kind {
        0 => drop(login::register(key, &name, &CredentialName::Passphrase, &message)),
        1 => drop(login::check_record(&message)),
        2 => drop(login::start(key, &name, &CredentialName::Passphrase, &message, None, 1)),
        3 => {
            let (state, finalization) = rest.split_at(rest.len().min(400));
            let (state, finalization) = (Base64Url(state.to_vec()), Base64Url(finalization.to_vec()));
            assert!(login::finish(key, &state, &finalization, 1).is_err(), "nobody has logged in");
            let session = ProofOf { account: AccountId::from_random([1; 16]), token_hash: [1; 32] };
            let proof = Proof { state, finalization };
            assert!(login::check_proof(key, &session, &proof, 1).is_err(), "nobody has proven anything");
        }
        _ => drop(str::from_utf8(rest).map(ServerKey::from_text)),
    }
}

/// A site's password rules. What can be kept, a password keeps.
pub fn site_rules(data: &[u8]) {
    let Some((length, rest)) = choose(data, 23) else { return };
    let Ok(text) = str::from_utf8(rest) else { return };
    let rules = Rules { text: text.to_owned(), length: 8 + usize::from(length), exclude: String::new() };
    let Ok(plan) = Plan::new(&rules) else { return };
    let password =
        plan.mint(&mut Source::new(getrandom::SysRng)).unwrap_or_else(|RandomnessError| panic!("there is enough"));
    let password = password.expose();
    assert_eq!(password.chars().count(), plan.length());
    let alphabet: Vec<char> = plan.alphabet().collect();
    assert!(password.chars().all(|character| alphabet.contains(&character)));
}
