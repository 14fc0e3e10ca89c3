//! Changing what opens a vault: proofs, secrets, the suite of a record, the vault key.

use shared::accounts::{AccountFinish, DeleteAccount};
use shared::credentials::{CredentialFinish, RemovePasskey};
use shared::ids::PasskeyId;
use shared::passkeys::PasskeyRegistration;
use shared::proofs::Proof;
use shared::sessions::CredentialName;
use shared::vault_key::VaultKeyFinish;

#[cfg(target_arch = "wasm32")]
use crate::browser_test::test;

use super::login::{PASSPHRASE, Server, TWO, Unlocked, continue_login, keyring, log_in, prove, register, with_secret};
use super::server::{self, VaultServer};
use super::*;
use crate::keyring::seal::Opened;

const NEW: &str = "another horse battery";

/// A vault that is open by its passphrase and has no entries: its account, and its recovery code.
fn opened_vault() -> (Server, Keyring<Counter>, AccountFinish, String) {
    let mut server = Server::new();
    let mut keyring = keyring(0);
    let (account, code) = register(&server, &mut keyring);
    log_in(&mut server, &mut keyring, Some(&account), Request::StartFirstLogin).unwrap();
    let update = server::sync(&mut keyring, &empty_vault(&account));
    assert_eq!(server::doubts(&update), Doubts::default(), "the first head fits");
    (server, keyring, account, code)
}

/// The server's side of a vault without entries.
fn empty_vault(account: &AccountFinish) -> VaultServer {
    let head = Some(Base64Url(account.head.as_bytes().to_vec()));
    VaultServer { head, ..VaultServer::new() }
}

fn finish_replacement((start, answer): &(String, String)) -> Request {
    let (start, answer) = (start.clone(), answer.clone());
    Request::FinishReplacement { start, answer, keep_passkeys: Vec::new(), passkey: None }
}

fn finish_vault_key((start, answer): &(String, String)) -> Request {
    Request::FinishVaultKey { start: start.clone(), answer: answer.clone() }
}

/// The body of the first step of setting a secret, and the server's answer.
fn answered(server: &Server, start: String) -> (String, String) {
    let answer = server.start_replacement(&start);
    (start, answer)
}

/// Sets a secret after a proof of the passphrase; gives what the server would store.
fn replace(
    server: &mut Server,
    keyring: &mut Keyring<Counter>,
    account: &AccountFinish,
    start: &str,
) -> CredentialFinish {
    let started = answered(server, start.to_owned());
    prove(server, keyring, account, CredentialName::Passphrase, PASSPHRASE).unwrap();
    serde_json::from_str(&body(keyring.handle(finish_replacement(&started))).unwrap()).unwrap()
}

/// The root of the vault's keys that a log-in of a new browser gets.
fn opens(
    server: &mut Server,
    account: &AccountFinish,
    credential: CredentialName,
    secret: &str,
) -> Result<Unlocked, KeyringError> {
    log_in(server, &mut keyring(80), Some(account), with_secret(credential, secret))
}

fn start_passphrase(keyring: &mut Keyring<Counter>, secret: &str) -> String {
    let (credential, secret) = (CredentialName::Passphrase, Secret::new(secret.into()));
    body(keyring.handle(Request::StartReplacement { credential, secret })).unwrap()
}

#[test]
fn new_passphrase_opens_the_vault_and_the_old_one_does_not() {
    let (mut server, mut keyring, mut account, code) = opened_vault();
    let start = start_passphrase(&mut keyring, NEW);
    assert!(!start.contains("another"));
    let finish = replace(&mut server, &mut keyring, &account, &start);
    assert_eq!((finish.credential, finish.keep_passkeys), (CredentialName::Passphrase, Some(Vec::new())));
    account.passphrase = finish.secret;
    let vault = opens(&mut server, &account, CredentialName::Recovery, &code).expect("the code is as it was");
    assert_eq!(opens(&mut server, &account, CredentialName::Passphrase, NEW).unwrap(), vault);
    assert_eq!(opens(&mut server, &account, CredentialName::Passphrase, PASSPHRASE), Err(KeyringError::WrongSecret));
}

#[test]
fn new_recovery_code_opens_the_vault_and_the_old_one_does_not() {
    let (mut server, mut keyring, mut account, code) = opened_vault();
    let Ok(Response::RegistrationStarted { recovery_code, body }) = keyring.handle(Request::StartRenewal) else {
        panic!("not started");
    };
    assert_ne!(recovery_code.expose(), code);
    account.recovery = replace(&mut server, &mut keyring, &account, &body).secret;
    let vault = opens(&mut server, &account, CredentialName::Passphrase, PASSPHRASE).unwrap();
    assert_eq!(opens(&mut server, &account, CredentialName::Recovery, recovery_code.expose()).unwrap(), vault);
    assert_eq!(opens(&mut server, &account, CredentialName::Recovery, &code), Err(KeyringError::WrongSecret));
}

#[test]
fn passkey_opens_the_vault_by_its_authenticators_output() {
    let (mut server, mut keyring, account, _) = opened_vault();
    let credential = CredentialName::Passkey(PasskeyId::try_from(vec![1, 2, 3]).unwrap());
    let made = |byte| Base64Url::encode(&[byte; 32]);
    let secret = Secret::new(made(7));
    let start = body(keyring.handle(Request::StartReplacement { credential: credential.clone(), secret })).unwrap();
    let (start, answer) = answered(&server, start);
    prove(&mut server, &mut keyring, &account, CredentialName::Passphrase, PASSPHRASE).unwrap();
    let bytes = |byte| Base64Url(vec![byte]);
    let passkey = Some(PasskeyRegistration { state: bytes(1), client_data: bytes(2), attestation: bytes(3) });
    let request = Request::FinishReplacement { start, answer, keep_passkeys: Vec::new(), passkey: passkey.clone() };
    let finish: CredentialFinish = serde_json::from_str(&body(keyring.handle(request)).unwrap()).unwrap();
    assert_eq!((finish.registration, finish.keep_passkeys), (passkey, None));
    server.passkey = Some(finish.secret);
    let vault = opens(&mut server, &account, CredentialName::Passphrase, PASSPHRASE).unwrap();
    assert_eq!(opens(&mut server, &account, credential.clone(), &made(7)).unwrap(), vault);
    assert_eq!(opens(&mut server, &account, credential, &made(8)), Err(KeyringError::WrongSecret));
}

#[test]
fn passkeys_that_stay_are_named_in_the_request() {
    let (mut server, mut keyring, account, _) = opened_vault();
    let started = answered(&server, start_passphrase(&mut keyring, NEW));
    prove(&mut server, &mut keyring, &account, CredentialName::Passphrase, PASSPHRASE).unwrap();
    let keep = vec![PasskeyId::try_from(vec![1, 2, 3]).unwrap()];
    let (start, answer) = started;
    let request = Request::FinishReplacement { start, answer, keep_passkeys: keep.clone(), passkey: None };
    let finish: CredentialFinish = serde_json::from_str(&body(keyring.handle(request)).unwrap()).unwrap();
    assert_eq!(finish.keep_passkeys, Some(keep));
}

#[test]
fn passkey_log_in_carries_the_authenticators_answer() {
    let (mut server, mut keyring, account, _) = opened_vault();
    let assertion = shared::passkeys::PasskeyAssertion {
        state: Base64Url(vec![1]),
        client_data: Base64Url(vec![2]),
        authenticator_data: Base64Url(vec![3]),
        signature: Base64Url(vec![4]),
        user_handle: Some(Base64Url(vec![5])),
    };
    let request = with_secret(CredentialName::Passphrase, PASSPHRASE);
    let start = serde_json::from_str(&body(keyring.handle(request)).unwrap()).unwrap();
    let (answer, _) = server.start_login(Some(&account), &start);
    let Request::ContinueLogin { answer, device, .. } = continue_login(&answer) else { panic!("another request") };
    let request = Request::ContinueLogin { answer, device, assertion: Some(assertion.clone()) };
    let finish = body(keyring.handle(request)).unwrap();
    let finish: shared::sessions::SessionFinish = serde_json::from_str(&finish).unwrap();
    assert_eq!(finish.assertion, Some(assertion));
}

#[test]
fn proof_is_for_one_request() {
    let (mut server, mut keyring, account, code) = opened_vault();
    let delete = || Request::UseProof { action: ProvenAction::DeleteAccount };
    let passkey = PasskeyId::try_from(vec![1]).unwrap();
    let remove = || Request::UseProof { action: ProvenAction::RemovePasskey(passkey.clone()) };
    let started = answered(&server, start_passphrase(&mut keyring, NEW));
    let key_started = start_vault_key(&server, &mut keyring, NEW).1;
    let finish_key = || finish_vault_key(&key_started);
    let out_of_turn = |keyring: &mut Keyring<Counter>| {
        for request in [delete(), remove(), finish_replacement(&started), finish_key()] {
            assert_eq!(keyring.handle(request).err(), Some(KeyringError::OutOfTurn));
        }
    };
    out_of_turn(&mut keyring);
    for (credential, secret) in [(CredentialName::Passphrase, PASSPHRASE), (CredentialName::Recovery, &code)] {
        prove(&mut server, &mut keyring, &account, credential, secret).unwrap();
        let sent: DeleteAccount = serde_json::from_str(&body(keyring.handle(delete())).unwrap()).unwrap();
        assert_eq!((sent.proof.state, sent.proof.finalization.0.len()), (Base64Url(vec![1]), 64));
        out_of_turn(&mut keyring);
    }
    prove(&mut server, &mut keyring, &account, CredentialName::Passphrase, PASSPHRASE).unwrap();
    let sent: RemovePasskey = serde_json::from_str(&body(keyring.handle(remove())).unwrap()).unwrap();
    assert_eq!(sent.id, passkey);
    out_of_turn(&mut keyring);
    // The same replacement may be finished again, another one may not.
    prove(&mut server, &mut keyring, &account, CredentialName::Passphrase, PASSPHRASE).unwrap();
    let proof_of = |response| -> Option<Proof> {
        Some(serde_json::from_str::<CredentialFinish>(&body(response).unwrap()).unwrap().proof)
    };
    let first = proof_of(keyring.handle(finish_replacement(&started))).unwrap();
    let again = proof_of(keyring.handle(finish_replacement(&started))).unwrap();
    assert_eq!(first.finalization, again.finalization);
    let started = answered(&server, start_passphrase(&mut keyring, NEW));
    assert_eq!(keyring.handle(finish_replacement(&started)).err(), Some(KeyringError::OutOfTurn));
    assert_eq!(keyring.handle(delete()).err(), Some(KeyringError::OutOfTurn));
}

/// An answer that belongs to another request would make a record that nothing opens.
#[test]
fn changes_that_are_prepared_side_by_side_are_not_mixed_up() {
    let (mut server, mut keyring, mut account, _) = opened_vault();
    let Ok(Response::RegistrationStarted { recovery_code, body: start }) = keyring.handle(Request::StartRenewal) else {
        panic!("not started");
    };
    let renewal = answered(&server, start);
    let started = answered(&server, start_passphrase(&mut keyring, NEW));
    let finish = |server: &mut Server, keyring: &mut Keyring<Counter>, account: &AccountFinish, secret, started| {
        prove(server, keyring, account, CredentialName::Passphrase, secret).unwrap();
        let finish = body(keyring.handle(finish_replacement(started))).unwrap();
        serde_json::from_str::<CredentialFinish>(&finish).unwrap()
    };
    let passphrase = finish(&mut server, &mut keyring, &account, PASSPHRASE, &started);
    account.passphrase = passphrase.secret;
    let recovery = finish(&mut server, &mut keyring, &account, NEW, &renewal);
    assert_eq!(recovery.credential, CredentialName::Recovery);
    account.recovery = recovery.secret;
    assert!(opens(&mut server, &account, CredentialName::Passphrase, NEW).is_ok());
    assert!(opens(&mut server, &account, CredentialName::Recovery, recovery_code.expose()).is_ok());
    // One that was started over is over.
    let again = answered(&server, start_passphrase(&mut keyring, PASSPHRASE));
    prove(&mut server, &mut keyring, &account, CredentialName::Passphrase, NEW).unwrap();
    assert_eq!(keyring.handle(finish_replacement(&started)).err(), Some(KeyringError::OutOfTurn));
    assert!(keyring.handle(finish_replacement(&again)).is_ok(), "the proof is still there");
    let first = start_vault_key(&server, &mut keyring, NEW).1;
    let second = start_vault_key(&server, &mut keyring, NEW).1;
    prove(&mut server, &mut keyring, &account, CredentialName::Passphrase, NEW).unwrap();
    assert_eq!(keyring.handle(finish_vault_key(&first)).err(), Some(KeyringError::OutOfTurn));
    assert!(keyring.handle(finish_vault_key(&second)).is_ok());
}

#[test]
fn proof_of_a_wrong_secret_is_none() {
    let (mut server, mut keyring, account, _) = opened_vault();
    prove(&mut server, &mut keyring, &account, CredentialName::Passphrase, PASSPHRASE).unwrap();
    let wrong = prove(&mut server, &mut keyring, &account, CredentialName::Passphrase, "wrong");
    assert_eq!(wrong, Err(KeyringError::WrongSecret));
    // The proof before is gone too.
    let delete = Request::UseProof { action: ProvenAction::DeleteAccount };
    assert_eq!(keyring.handle(delete).err(), Some(KeyringError::OutOfTurn));
}

/// A page that plays the server can make a record of a secret that it chose, but not wrap the open vault's key for it.
#[test]
fn proof_for_another_vault_key_is_refused() {
    let (mut server, mut keyring, account, _) = opened_vault();
    let vault = keyring.vault.as_mut().unwrap();
    let other = VaultKey::from_bytes([7; keys::KEY_LEN]);
    vault.keys = VaultKeys::new(KeySet::new(account.account_id, 1, other));
    let result = prove(&mut server, &mut keyring, &account, CredentialName::Passphrase, PASSPHRASE);
    assert_eq!(result, Err(KeyringError::Broken));
    let delete = Request::UseProof { action: ProvenAction::DeleteAccount };
    assert_eq!(keyring.handle(delete).err(), Some(KeyringError::OutOfTurn));
}

#[test]
fn locked_keyring_refuses_to_change_what_opens_a_vault() {
    let mut server = Server::new();
    let (account, _) = register(&server, &mut keyring(0));
    let mut keyring = keyring(0);
    let result = prove(&mut server, &mut keyring, &account, CredentialName::Passphrase, PASSPHRASE);
    assert_eq!(result, Err(KeyringError::Locked));
    assert_eq!(keyring.handle(finish_replacement(&Default::default())).err(), Some(KeyringError::OutOfTurn));
    let started = answered(&server, start_passphrase(&mut keyring, NEW));
    assert_eq!(keyring.handle(finish_replacement(&started)).err(), Some(KeyringError::Locked));
    let started = start_vault_key(&server, &mut keyring, NEW).1;
    assert_eq!(keyring.handle(finish_vault_key(&started)).err(), Some(KeyringError::Locked));
    assert_eq!(keyring.handle(Request::AdoptVaultKey).err(), Some(KeyringError::Locked));
    assert_eq!(keyring.handle(Request::StartRaising).err(), Some(KeyringError::OutOfTurn));
}

#[test]
fn older_suite_is_raised_by_the_log_in_of_a_newer_client() {
    let mut server = Server::new();
    let (mut account, code) = register(&server, &mut keyring(0));
    assert_eq!((account.passphrase.suite, account.recovery.suite), (1, 1));
    for (credential, secret) in [(CredentialName::Passphrase, PASSPHRASE), (CredentialName::Recovery, &code)] {
        let newer = || Keyring { suites: TWO, ..keyring(50) };
        let mut keyring = newer();
        let request = || with_secret(credential.clone(), secret);
        let unlocked = log_in(&mut server, &mut keyring, Some(&account), request()).unwrap();
        assert!(unlocked.is_outdated);
        let Ok(Response::RaisingStarted { proof, replacement }) = keyring.handle(Request::StartRaising) else {
            panic!("not started");
        };
        let answer = server.start_proof(&account, &proof);
        assert!(matches!(keyring.handle(Request::ContinueProof { answer }), Ok(Response::Proven)));
        let started = answered(&server, replacement);
        let finish: CredentialFinish =
            serde_json::from_str(&body(keyring.handle(finish_replacement(&started))).unwrap()).unwrap();
        assert_eq!((&finish.credential, finish.secret.suite), (&credential, 2));
        match credential {
            CredentialName::Passphrase => account.passphrase = finish.secret,
            _ => account.recovery = finish.secret,
        }
        let raised = log_in(&mut server, &mut newer(), Some(&account), request()).unwrap();
        assert_eq!(raised, Unlocked { is_outdated: false, ..unlocked });
        assert_eq!(keyring.handle(Request::StartRaising).err(), Some(KeyringError::OutOfTurn), "once");
    }
}

/// Starts a new vault key; gives its recovery code, and its body with the server's answer.
fn start_vault_key(server: &Server, keyring: &mut Keyring<Counter>, passphrase: &str) -> (String, (String, String)) {
    let passphrase = Secret::new(passphrase.into());
    match keyring.handle(Request::StartVaultKey { passphrase }) {
        Ok(Response::RegistrationStarted { recovery_code, body }) => {
            let answer = server.start_vault_key(&body);
            (recovery_code.expose().to_owned(), (body, answer))
        }
        other => panic!("{other:?}"),
    }
}

/// Sets a new vault key; gives its recovery code.
fn set_vault_key(
    server: &mut Server,
    keyring: &mut Keyring<Counter>,
    account: &mut AccountFinish,
    passphrase: (&str, &str),
) -> String {
    let (old, new) = passphrase;
    let (code, started) = start_vault_key(server, keyring, new);
    prove(server, keyring, account, CredentialName::Passphrase, old).unwrap();
    let finish = body(keyring.handle(finish_vault_key(&started))).unwrap();
    let VaultKeyFinish { key_no, passphrase, recovery, earlier_keys, .. } = serde_json::from_str(&finish).unwrap();
    assert_eq!(key_no, server.key_no + 1);
    (server.key_no, server.earlier_keys) = (key_no, Some(earlier_keys));
    (account.passphrase, account.recovery) = (passphrase, recovery);
    assert!(matches!(keyring.handle(Request::AdoptVaultKey), Ok(Response::VaultKeyReplaced { .. })));
    code
}

fn keys(keyring: &Keyring<Counter>) -> &VaultKeys {
    &keyring.vault.as_ref().unwrap().keys
}

#[test]
fn new_vault_key_opens_by_the_new_secrets_and_has_the_earlier_keys() {
    let (mut server, mut keyring, mut account, code) = opened_vault();
    let sealed = keys(&keyring).seal(entry_id(), 1, b"before", &mut Counter(0)).unwrap();
    let draft = |keyring: &mut Keyring<Counter>, key: &str| {
        let draft = Draft { content: content("x", "y"), of: None, sealed_at: NOW };
        match keyring.handle(Request::SealDraft { key: key.into(), draft }) {
            Ok(Response::SealedDraft { sealed }) => sealed,
            other => panic!("{other:?}"),
        }
    };
    let before = opens(&mut server, &account, CredentialName::Passphrase, PASSPHRASE).unwrap();
    let old_draft = draft(&mut keyring, &before.draft_keys[0]);
    let new_code = set_vault_key(&mut server, &mut keyring, &mut account, (PASSPHRASE, NEW));
    set_vault_key(&mut server, &mut keyring, &mut account, (NEW, NEW));
    assert_eq!(keys(&keyring).all().map(|set| set.number).collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!(opens(&mut server, &account, CredentialName::Passphrase, PASSPHRASE), Err(KeyringError::WrongSecret));
    for code in [code, new_code] {
        let by_code = opens(&mut server, &account, CredentialName::Recovery, &code);
        assert_eq!(by_code, Err(KeyringError::WrongSecret), "replaced");
    }
    let mut new = self::keyring(80);
    let unlocked = log_in(&mut server, &mut new, Some(&account), with_secret(CredentialName::Passphrase, NEW)).unwrap();
    assert_eq!((unlocked.draft_keys.len(), &unlocked.draft_keys[2]), (3, &before.draft_keys[0]));
    assert!(!unlocked.is_legacy);
    let opened = keys(&new).open(entry_id(), 1, sealed.as_bytes()).unwrap();
    assert_eq!(opened, Opened::Entry(b"before".to_vec().into()));
    assert!(matches!(new.handle(Request::OpenDraft { sealed: old_draft }), Ok(Response::Draft(_))));
    let new_draft = draft(&mut new, &unlocked.draft_keys[0]);
    assert!(matches!(keyring.handle(Request::OpenDraft { sealed: new_draft }), Ok(Response::Draft(_))));
}

#[test]
fn old_row_with_the_old_passphrase_opens_nothing_that_was_sealed_later() {
    let (mut server, mut keyring, mut account, _) = opened_vault();
    let old_row = account.clone();
    set_vault_key(&mut server, &mut keyring, &mut account, (PASSPHRASE, PASSPHRASE));
    let sealed = keys(&keyring).seal(entry_id(), 2, b"later", &mut Counter(0)).unwrap();
    assert!(keys(&keyring).open(entry_id(), 2, sealed.as_bytes()).is_ok());
    let mut old = self::keyring(80);
    let earlier_keys = server.earlier_keys.take();
    server.key_no = 1;
    log_in(&mut server, &mut old, Some(&old_row), with_secret(CredentialName::Passphrase, PASSPHRASE)).unwrap();
    assert_eq!(keys(&old).open(entry_id(), 2, sealed.as_bytes()), Err(KeyringError::Broken));
    // The new number or the new earlier keys do not help.
    for (number, earlier) in [(2, None), (1, earlier_keys.clone()), (2, earlier_keys)] {
        (server.key_no, server.earlier_keys) = (number, earlier);
        let result = opens(&mut server, &old_row, CredentialName::Passphrase, PASSPHRASE);
        assert_eq!(result, Err(KeyringError::Broken), "{number}");
    }
}

#[test]
fn new_vault_key_may_be_finished_again_with_the_same_proof_and_key() {
    let (mut server, mut keyring, account, _) = opened_vault();
    let (_, started) = start_vault_key(&server, &mut keyring, NEW);
    prove(&mut server, &mut keyring, &account, CredentialName::Passphrase, PASSPHRASE).unwrap();
    let finish = |keyring: &mut Keyring<Counter>| -> VaultKeyFinish {
        serde_json::from_str(&body(keyring.handle(finish_vault_key(&started))).unwrap()).unwrap()
    };
    let (first, again) = (finish(&mut keyring), finish(&mut keyring));
    assert_eq!(first.proof.finalization, again.proof.finalization);
    assert_eq!((first.passphrase, first.recovery), (again.passphrase, again.recovery));
    assert_ne!(first.head, again.head);
    // Until it is adopted, nothing has changed.
    assert_eq!(keys(&keyring).current().number, 1);
    assert!(matches!(keyring.handle(Request::AdoptVaultKey), Ok(Response::VaultKeyReplaced { .. })));
    assert_eq!(keys(&keyring).current().number, 2);
    assert_eq!(keyring.handle(Request::AdoptVaultKey).err(), Some(KeyringError::OutOfTurn));
}

/// An account from before vault keys had numbers: its key is number 0, and its entries have format 1 and no head.
#[test]
fn legacy_account_opens_for_reading_until_it_has_a_new_vault_key() {
    let (mut server, mut keyring, mut account, _) = opened_vault();
    // Its passphrase wraps key 0.
    let started = answered(&server, start_passphrase(&mut keyring, PASSPHRASE));
    prove(&mut server, &mut keyring, &account, CredentialName::Passphrase, PASSPHRASE).unwrap();
    let root = keys(&keyring).current().root.clone();
    keyring.vault.as_mut().unwrap().keys = VaultKeys::new(KeySet::new(account.account_id, 0, root));
    let finish = body(keyring.handle(finish_replacement(&started))).unwrap();
    account.passphrase = serde_json::from_str::<CredentialFinish>(&finish).unwrap().secret;
    server.key_no = 0;

    let mut legacy = self::keyring(80);
    let request = || with_secret(CredentialName::Passphrase, PASSPHRASE);
    assert!(log_in(&mut server, &mut legacy, Some(&account), request()).unwrap().is_legacy);
    let document = document::write(entry("GitHub")).unwrap();
    let sealed = keys(&legacy).seal_format_1(entry_id(), 1, document.as_bytes());
    let row = StoredVersion { sealed: Some(Base64Url(sealed)), ..stored(entry_id(), 1, None) };
    let row = StoredVersion { deleted: false, ..row };
    let mut vault = VaultServer { head: None, change_no: 1, ..VaultServer::new() };
    vault.rows.insert(entry_id(), row);
    let update = server::sync(&mut legacy, &vault);
    assert_eq!((update.entries.len(), server::doubts(&update)), (1, Doubts::default()));
    let create = || Request::Create { content: content("x", ""), now: NOW };
    assert_eq!(legacy.handle(create()).err(), Some(KeyringError::Legacy));

    let (_, started) = start_vault_key(&server, &mut legacy, NEW);
    prove(&mut server, &mut legacy, &account, CredentialName::Passphrase, PASSPHRASE).unwrap();
    let finish = body(legacy.handle(finish_vault_key(&started))).unwrap();
    let finish: VaultKeyFinish = serde_json::from_str(&finish).unwrap();
    assert_eq!((finish.key_no, &finish.replaces), (1, &None));
    assert!(matches!(legacy.handle(Request::AdoptVaultKey), Ok(Response::VaultKeyReplaced { .. })));
    assert!(legacy.handle(create()).is_ok(), "it can be changed now");

    (server.key_no, server.earlier_keys) = (1, Some(finish.earlier_keys));
    account.passphrase = finish.passphrase;
    vault.head = Some(Base64Url(finish.head.as_bytes().to_vec()));
    let mut new = self::keyring(80);
    let request = with_secret(CredentialName::Passphrase, NEW);
    assert!(!log_in(&mut server, &mut new, Some(&account), request).unwrap().is_legacy);
    let update = server::sync(&mut new, &vault);
    assert_eq!((update.entries.len(), server::doubts(&update)), (1, Doubts::default()));
    assert_eq!(reveal(&mut new).unwrap(), "kV9!mQ2#");
    // Its entry is sealed again under the new key.
    server::send_all(&mut new, &mut vault, true);
    let sealed = vault.rows[&entry_id()].sealed.as_ref().unwrap();
    assert_eq!((seal::key_no(&sealed.0), vault.rows[&entry_id()].version), (Ok(1), 2));
}
