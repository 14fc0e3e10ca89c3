//! Registration and log-in, against the server's half of OPAQUE.

use opaque_ke::{
    CredentialFinalization, CredentialRequest, RegistrationRequest, RegistrationUpload, ServerLogin,
    ServerLoginParameters, ServerRegistration, ServerSetup,
};
use shared::accounts::{AccountChallenge, AccountFinish, AccountStart, NewCredential};
use shared::credentials::{CredentialChallenge, CredentialStart};
use shared::kdf::Costs;
use shared::login::{CONTEXT, Suite, Suites, credential_identifier, identifiers, session_token};
use shared::proofs::{ProofChallenge, ProofStart};
use shared::sessions::{CredentialName, Device, SessionChallenge, SessionFinish, SessionGrant, SessionStart};
use shared::vault_key::{VaultKeyChallenge, VaultKeyStart};

#[cfg(target_arch = "wasm32")]
use crate::browser_test::test;

use super::*;

/// Cheap suites for tests.
const SUITES: [(u8, Costs); 2] = [(1, cheap(8)), (2, cheap(16))];
/// A client of the time when there was one suite.
pub(super) const ONE: Suites = Suites::new(SUITES.first_chunk::<1>().unwrap());
/// A client that knows a second, dearer suite.
pub(super) const TWO: Suites = Suites::new(&SUITES);

const fn cheap(memory_kib: u32) -> Costs {
    Costs { memory_kib, passes: 1, lanes: 1 }
}

/// An empty keyring with cheap suites.
pub(super) fn keyring(random: u8) -> Keyring<Counter> {
    Keyring { suites: ONE, ..Keyring::new(Counter(random), str::to_lowercase) }
}

/// The server's half of OPAQUE.
pub(crate) struct Server {
    setup: ServerSetup<Suite>,
    random: Counter,
    pub(crate) passkey: Option<NewCredential>,
    /// The number of the account's vault key.
    pub(crate) key_no: u32,
    pub(crate) earlier_keys: Option<Base64Url>,
}

impl Server {
    pub(crate) fn new() -> Self {
        let mut random = Counter(100);
        Self { setup: ServerSetup::new(&mut random), random, passkey: None, key_no: 1, earlier_keys: None }
    }

    pub(crate) fn challenge(&self, start: &AccountStart) -> String {
        let answer = |kind, request: &Base64Url| {
            let request = RegistrationRequest::deserialize(&request.0).unwrap();
            let identifier = credential_identifier(&start.username, kind);
            let started = ServerRegistration::<Suite>::start(&self.setup, request, &identifier).unwrap();
            Base64Url(started.message.serialize().to_vec())
        };
        let passphrase = answer(&CredentialName::Passphrase, &start.passphrase);
        let recovery = answer(&CredentialName::Recovery, &start.recovery);
        serde_json::to_string(&AccountChallenge { passphrase, recovery }).unwrap()
    }

    /// Answers the first step of setting a secret.
    pub(crate) fn start_replacement(&self, start: &str) -> String {
        let start: CredentialStart = serde_json::from_str(start).unwrap();
        let response = self.register(&start.credential, &start.request);
        serde_json::to_string(&CredentialChallenge { response }).unwrap()
    }

    /// Answers the first step of a new vault key.
    pub(crate) fn start_vault_key(&self, start: &str) -> String {
        let start: VaultKeyStart = serde_json::from_str(start).unwrap();
        let passphrase = self.register(&CredentialName::Passphrase, &start.passphrase);
        let recovery = self.register(&CredentialName::Recovery, &start.recovery);
        serde_json::to_string(&VaultKeyChallenge { passphrase, recovery }).unwrap()
    }

    fn register(&self, credential: &CredentialName, request: &Base64Url) -> Base64Url {
        let identifier = credential_identifier(&Username::new("ada").unwrap(), credential);
        let request = RegistrationRequest::deserialize(&request.0).unwrap();
        let started = ServerRegistration::<Suite>::start(&self.setup, request, &identifier).unwrap();
        Base64Url(started.message.serialize().to_vec())
    }

    /// The answer of the last step of a log-in.
    pub(crate) fn grant(&self, account: &AccountFinish, credential: &CredentialName) -> String {
        let grant = SessionGrant {
            account_id: account.account_id,
            wrapped_key: self.credential(account, credential).wrapped_key.clone(),
            key_no: self.key_no,
            earlier_keys: self.earlier_keys.clone(),
            idle_seconds: 1,
            max_seconds: 1,
        };
        serde_json::to_string(&grant).unwrap()
    }

    /// Answers the first step of a proof.
    pub(crate) fn start_proof(&mut self, account: &AccountFinish, start: &str) -> String {
        let ProofStart { credential, request } = serde_json::from_str(start).unwrap();
        let start = SessionStart { username: Username::new("ada").unwrap(), credential, request };
        let (answer, _) = self.start_login(Some(account), &start);
        let SessionChallenge { state, response, suite } = serde_json::from_str(&answer).unwrap();
        let wrapped_key = self.credential(account, &start.credential).wrapped_key.clone();
        serde_json::to_string(&ProofChallenge { state, response, suite, wrapped_key }).unwrap()
    }

    pub(super) fn credential<'a>(&'a self, account: &'a AccountFinish, name: &CredentialName) -> &'a NewCredential {
        match name {
            CredentialName::Passphrase => &account.passphrase,
            CredentialName::Recovery => &account.recovery,
            CredentialName::Passkey(_) => self.passkey.as_ref().unwrap(),
        }
    }

    /// Answers the first step of a log-in. Also gives the state to check the last step with.
    pub(crate) fn start_login(
        &mut self,
        account: Option<&AccountFinish>,
        start: &SessionStart,
    ) -> (String, ServerLogin<Suite>) {
        let credential = account.map(|account| self.credential(account, &start.credential));
        let suite = credential.map_or(1, |credential| credential.suite);
        let record = credential
            .map(|c| ServerRegistration::finish(RegistrationUpload::<Suite>::deserialize(&c.record.0).unwrap()));
        let request = CredentialRequest::deserialize(&start.request.0).unwrap();
        let identifier = credential_identifier(&start.username, &start.credential);
        let started =
            ServerLogin::start(&mut self.random, &self.setup, record, request, &identifier, parameters()).unwrap();
        let response = Base64Url(started.message.serialize().to_vec());
        let challenge = SessionChallenge { state: Base64Url(vec![1]), response, suite };
        (serde_json::to_string(&challenge).unwrap(), started.state)
    }
}

pub(crate) fn parameters() -> ServerLoginParameters<'static, 'static> {
    ServerLoginParameters { context: Some(CONTEXT), identifiers: identifiers() }
}

/// Makes a vault; gives the account as the server stores it, and the recovery code.
pub(crate) fn register(server: &Server, keyring: &mut Keyring<Counter>) -> (AccountFinish, String) {
    let request = Request::StartRegistration {
        invite: "code".into(),
        username: " Ada ".into(),
        passphrase: Secret::new(PASSPHRASE.into()),
    };
    let Ok(Response::RegistrationStarted { recovery_code, body: start }) = keyring.handle(request) else {
        panic!("not started");
    };
    let start: AccountStart = serde_json::from_str(&start).unwrap();
    assert_eq!((start.invite.0.as_str(), start.username.as_str()), ("code", "ada"));
    let answer = server.challenge(&start);
    let finish = body(keyring.handle(Request::ContinueRegistration { answer })).unwrap();
    assert!(!finish.contains(PASSPHRASE));
    (serde_json::from_str(&finish).unwrap(), recovery_code.expose().to_owned())
}

pub(crate) const PASSPHRASE: &str = "correct horse battery staple";

/// The result of a log-in, without what is always the same.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unlocked {
    pub(super) draft_keys: Vec<String>,
    pub(super) is_legacy: bool,
    pub(super) is_outdated: bool,
}

pub(super) fn log_in(
    server: &mut Server,
    keyring: &mut Keyring<Counter>,
    account: Option<&AccountFinish>,
    request: Request,
) -> Result<Unlocked, KeyringError> {
    let start: SessionStart = serde_json::from_str(&body(keyring.handle(request))?).unwrap();
    let (answer, state) = server.start_login(account, &start);
    let finish = body(keyring.handle(continue_login(&answer)))?;
    let finish: SessionFinish = serde_json::from_str(&finish).unwrap();
    assert_eq!(finish.device.as_ref().map(Device::as_str), Some("Firefox on Linux"));
    assert_eq!(finish.state, Base64Url(vec![1]), "the server's state goes back as it came");
    let finalization = CredentialFinalization::deserialize(&finish.finalization.0).unwrap();
    let session_key = state.finish(finalization, parameters()).unwrap().session_key;

    let account = account.unwrap();
    let answer = server.grant(account, &start.credential);
    let Response::Unlocked { account: id, username, token, draft_keys, is_legacy, is_outdated } =
        keyring.handle(Request::FinishLogin { answer })?
    else {
        panic!("not unlocked")
    };
    assert_eq!((id, username.as_str()), (account.account_id, start.username.as_str()));
    assert_eq!(token.expose(), session_token(&session_key).expose_as_bearer());
    Ok(Unlocked { draft_keys, is_legacy, is_outdated })
}

pub(super) fn continue_login(answer: &str) -> Request {
    Request::ContinueLogin { answer: answer.into(), device: "Firefox on Linux".into(), assertion: None }
}

/// Proves a secret of the account.
pub(super) fn prove(
    server: &mut Server,
    keyring: &mut Keyring<Counter>,
    account: &AccountFinish,
    credential: CredentialName,
    secret: &str,
) -> Result<(), KeyringError> {
    let secret = Secret::new(secret.into());
    let start = body(keyring.handle(Request::StartProof { credential, secret }))?;
    let answer = server.start_proof(account, &start);
    match keyring.handle(Request::ContinueProof { answer })? {
        Response::Proven => Ok(()),
        other => panic!("{other:?}"),
    }
}

pub(super) fn with_secret(credential: CredentialName, secret: &str) -> Request {
    Request::StartLogin { username: "ADA".into(), credential, secret: Secret::new(secret.into()) }
}

/// An entry of a new vault opens after two more log-ins, one of them by recovery code.
#[test]
fn either_secret_opens_the_same_vault() {
    let mut server = Server::new();
    let mut keyring = Keyring::new(Counter(0), str::to_lowercase);
    let (account, code) = register(&server, &mut keyring);
    log_in(&mut server, &mut keyring, Some(&account), Request::StartFirstLogin).unwrap();
    let sealed = seal(&mut keyring, 0, "GitHub");
    for request in [with_secret(CredentialName::Passphrase, PASSPHRASE), with_secret(CredentialName::Recovery, &code)] {
        let mut keyring = Keyring::new(Counter(50), str::to_lowercase);
        log_in(&mut server, &mut keyring, Some(&account), request).unwrap();
        open(&mut keyring, stored(entry_id(), 1, Some(sealed.clone())));
        assert_eq!(reveal(&mut keyring).unwrap(), "kV9!mQ2#");
    }
}

#[test]
fn wrong_secret_and_unknown_account_look_the_same() {
    let mut server = Server::new();
    let (account, code) = register(&server, &mut keyring(0));
    let mut keyring = keyring(50);
    for (account, secret) in [
        (Some(&account), "correct horse battery stable"),
        (Some(&account), ""),
        (Some(&account), code.as_str()),
        (None, PASSPHRASE),
    ] {
        let result = log_in(&mut server, &mut keyring, account, with_secret(CredentialName::Passphrase, secret));
        assert_eq!(result, Err(KeyringError::WrongSecret));
    }
    assert_eq!(keyring.handle(Request::Reveal { id: entry_id() }).err(), Some(KeyringError::Locked));
}

#[test]
fn malformed_secret_is_refused_before_the_server_is_asked() {
    let mut keyring = keyring(0);
    let expected = KeyringError::Recovery(RecoveryFault::Count { found: 2 });
    assert_eq!(keyring.handle(with_secret(CredentialName::Recovery, "abandon ability")).err(), Some(expected));
    let secret = Secret::new(PASSPHRASE.into());
    let request = Request::StartLogin { username: " ".into(), credential: CredentialName::Passphrase, secret };
    let expected = KeyringError::Username(shared::accounts::NotUsername::Empty);
    assert_eq!(keyring.handle(request).err(), Some(expected));
}

#[test]
fn malformed_answer_is_told_apart_from_a_wrong_secret() {
    let challenge = SessionChallenge { state: Base64Url::default(), response: Base64Url(vec![9; 320]), suite: 1 };
    for answer in ["", "<html>", "{}", &serde_json::to_string(&challenge).unwrap()] {
        let mut keyring = keyring(0);
        keyring.handle(with_secret(CredentialName::Passphrase, PASSPHRASE)).unwrap();
        assert_eq!(keyring.handle(continue_login(answer)).err(), Some(KeyringError::ServerMessage), "{answer}");
    }
}

#[test]
fn suite_that_is_not_known_is_an_error_of_its_own() {
    let mut server = Server::new();
    let (mut account, _) = register(&server, &mut keyring(0));
    account.passphrase.suite = 2;
    let request = || with_secret(CredentialName::Passphrase, PASSPHRASE);
    let result = log_in(&mut server, &mut keyring(50), Some(&account), request());
    assert_eq!(result, Err(KeyringError::UnknownSuite));
    // Another suite than the record's does not open: no server can lower the costs.
    let mut newer = Keyring { suites: TWO, ..keyring(50) };
    assert_eq!(log_in(&mut server, &mut newer, Some(&account), request()), Err(KeyringError::WrongSecret));
    let mut newer = Keyring { suites: TWO, ..keyring(0) };
    let (mut account, _) = register(&server, &mut newer);
    assert_eq!(account.passphrase.suite, 2);
    account.passphrase.suite = 1;
    assert_eq!(log_in(&mut server, &mut newer, Some(&account), request()), Err(KeyringError::WrongSecret));
}

#[test]
fn log_in_that_gets_the_vault_of_another_username_is_refused() {
    let mut server = Server::new();
    let (account, _) = register(&server, &mut keyring(0));
    let secret = Secret::new(PASSPHRASE.into());
    let request = Request::StartLogin { username: "work".into(), credential: CredentialName::Passphrase, secret };
    let mut keyring = keyring(50);
    let mut start: SessionStart = serde_json::from_str(&body(keyring.handle(request)).unwrap()).unwrap();
    assert_eq!(start.username.as_str(), "work");
    // The server takes it for a log-in to the account "ada", which has the same passphrase.
    start.username = Username::new("ada").unwrap();
    let (answer, _) = server.start_login(Some(&account), &start);
    body(keyring.handle(continue_login(&answer))).unwrap();
    let answer = server.grant(&account, &CredentialName::Passphrase);
    assert_eq!(keyring.handle(Request::FinishLogin { answer }).err(), Some(KeyringError::Broken));
}

#[test]
fn log_in_to_another_vault_leaves_the_open_one_untouched() {
    let mut server = Server::new();
    let mut keyring = keyring(0);
    let (account, _) = register(&server, &mut keyring);
    log_in(&mut server, &mut keyring, Some(&account), Request::StartFirstLogin).unwrap();
    let sealed = seal(&mut keyring, 0, "GitHub");
    open(&mut keyring, stored(entry_id(), 1, Some(sealed)));
    let request = || with_secret(CredentialName::Passphrase, PASSPHRASE);
    log_in(&mut server, &mut keyring, Some(&account), request()).unwrap();
    assert_eq!(reveal(&mut keyring).unwrap(), "kV9!mQ2#");
    let wrong = log_in(&mut server, &mut keyring, Some(&account), with_secret(CredentialName::Passphrase, "wrong"));
    assert_eq!((wrong, reveal(&mut keyring).as_deref()), (Err(KeyringError::WrongSecret), Ok("kV9!mQ2#")));
    // Another account of the same username and passphrase.
    let (other, _) = register(&server, &mut self::keyring(7));
    assert_eq!(log_in(&mut server, &mut keyring, Some(&other), request()), Err(KeyringError::OtherVault));
    assert_eq!(keyring.vault.as_ref().unwrap().keys.account(), account.account_id);
    assert_eq!(reveal(&mut keyring).unwrap(), "kV9!mQ2#");
    // The same account with another vault key.
    let key = keys::KeySet::new(account.account_id, 1, VaultKey::from_bytes([7; keys::KEY_LEN]));
    keyring.vault.as_mut().unwrap().keys = keys::VaultKeys::new(key);
    let result = log_in(&mut server, &mut keyring, Some(&account), request());
    assert_eq!(result, Err(KeyringError::OtherVault));
    let key = VaultKey::from_bytes([7; keys::KEY_LEN]);
    assert!(keyring.vault.as_ref().unwrap().keys.current().root.is_equal(&key), "the open one stays");
}
