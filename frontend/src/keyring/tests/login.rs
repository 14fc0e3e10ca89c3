//! Registration and log-in, against the server's half of OPAQUE.

use opaque_ke::{
    CredentialFinalization, CredentialRequest, RegistrationRequest, RegistrationUpload, ServerLogin,
    ServerLoginParameters, ServerRegistration, ServerSetup,
};
use shared::accounts::{AccountChallenge, AccountFinish, AccountStart, NewCredential};
use shared::credentials::{CredentialChallenge, CredentialFinish, CredentialStart};
use shared::ids::PasskeyId;
use shared::login::{CONTEXT, Suite, credential_identifier, identifiers, session_token};
use shared::sessions::{CredentialName, Device, SessionChallenge, SessionFinish, SessionGrant, SessionStart};

#[cfg(target_arch = "wasm32")]
use crate::browser_test::test;

use super::*;

/// The server's half of OPAQUE.
pub(crate) struct Server {
    setup: ServerSetup<Suite>,
    random: Counter,
    passkey: Option<NewCredential>,
}

impl Server {
    pub(crate) fn new() -> Self {
        let mut random = Counter(100);
        Self { setup: ServerSetup::new(&mut random), random, passkey: None }
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
        let identifier = credential_identifier(&Username::new("ada").unwrap(), &start.credential);
        let request = RegistrationRequest::deserialize(&start.request.0).unwrap();
        let started = ServerRegistration::<Suite>::start(&self.setup, request, &identifier).unwrap();
        serde_json::to_string(&CredentialChallenge { response: Base64Url(started.message.serialize().to_vec()) })
            .unwrap()
    }

    /// Answers the first step of a log-in. Also gives the state to check the last step with.
    pub(crate) fn start_login(
        &mut self,
        account: Option<&AccountFinish>,
        start: &SessionStart,
    ) -> (String, ServerLogin<Suite>) {
        let credential = account.map(|account| match &start.credential {
            CredentialName::Passphrase => &account.passphrase,
            CredentialName::Recovery => &account.recovery,
            CredentialName::Passkey(_) => self.passkey.as_ref().unwrap(),
        });
        let record = credential
            .map(|c| ServerRegistration::finish(RegistrationUpload::<Suite>::deserialize(&c.record.0).unwrap()));
        let request = CredentialRequest::deserialize(&start.request.0).unwrap();
        let identifier = credential_identifier(&start.username, &start.credential);
        let started =
            ServerLogin::start(&mut self.random, &self.setup, record, request, &identifier, parameters()).unwrap();
        let response = Base64Url(started.message.serialize().to_vec());
        let challenge = SessionChallenge { state: Base64Url(vec![1]), response, suite: 1 };
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

fn log_in(
    server: &mut Server,
    keyring: &mut Keyring<Counter>,
    account: Option<&AccountFinish>,
    request: Request,
) -> Result<(), KeyringError> {
    let start: SessionStart = serde_json::from_str(&body(keyring.handle(request))?).unwrap();
    let (answer, state) = server.start_login(account, &start);
    let finish = body(keyring.handle(Request::ContinueLogin { answer, device: "Firefox on Linux".into() }))?;
    let finish: SessionFinish = serde_json::from_str(&finish).unwrap();
    assert_eq!(finish.device.as_ref().map(Device::as_str), Some("Firefox on Linux"));
    assert_eq!(finish.state, Base64Url(vec![1]), "the server's state goes back as it came");
    let finalization = CredentialFinalization::deserialize(&finish.finalization.0).unwrap();
    let session_key = state.finish(finalization, parameters()).unwrap().session_key;

    let account = account.unwrap();
    let credential = match &start.credential {
        CredentialName::Passphrase => &account.passphrase,
        CredentialName::Recovery => &account.recovery,
        CredentialName::Passkey(_) => server.passkey.as_ref().unwrap(),
    };
    let answer = serde_json::to_string(&SessionGrant {
        account_id: account.account_id,
        wrapped_key: credential.wrapped_key.clone(),
        key_no: 0,
        earlier_keys: None,
        idle_seconds: 1,
        max_seconds: 1,
    });
    let Response::Unlocked { account: id, username, token, .. } =
        keyring.handle(Request::FinishLogin { answer: answer.unwrap() })?
    else {
        panic!("not unlocked")
    };
    assert_eq!((id, username.as_str()), (account.account_id, "ada"));
    assert_eq!(token.expose(), session_token(&session_key).expose_as_bearer());
    Ok(())
}

fn with_secret(credential: CredentialName, secret: &str) -> Request {
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
    let (account, code) = register(&server, &mut Keyring::new(Counter(0), str::to_lowercase));
    let mut keyring = Keyring::new(Counter(50), str::to_lowercase);
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
    let mut keyring = Keyring::new(Counter(0), str::to_lowercase);
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
        let mut keyring = Keyring::new(Counter(0), str::to_lowercase);
        keyring.handle(with_secret(CredentialName::Passphrase, PASSPHRASE)).unwrap();
        let rubbish = Request::ContinueLogin { answer: answer.into(), device: String::new() };
        assert_eq!(keyring.handle(rubbish).err(), Some(KeyringError::ServerMessage), "{answer}");
    }
}

/// A vault that is open by its passphrase, with one entry.
fn opened_vault() -> (Server, Keyring<Counter>, AccountFinish, String, Sealed) {
    let mut server = Server::new();
    let mut keyring = Keyring::new(Counter(0), str::to_lowercase);
    let (account, code) = register(&server, &mut keyring);
    log_in(&mut server, &mut keyring, Some(&account), Request::StartFirstLogin).unwrap();
    let sealed = seal(&mut keyring, 0, "GitHub");
    open(&mut keyring, stored(entry_id(), 1, Some(sealed.clone())));
    (server, keyring, account, code, sealed)
}

/// Sets a secret; gives what the server would store.
fn replace(server: &Server, keyring: &mut Keyring<Counter>, start: &str) -> CredentialFinish {
    let answer = server.start_replacement(start);
    serde_json::from_str(&body(keyring.handle(Request::FinishReplacement { answer })).unwrap()).unwrap()
}

fn opens(
    server: &mut Server,
    account: &AccountFinish,
    request: Request,
    sealed: &Sealed,
) -> Result<String, KeyringError> {
    let mut keyring = Keyring::new(Counter(80), str::to_lowercase);
    log_in(server, &mut keyring, Some(account), request)?;
    open(&mut keyring, stored(entry_id(), 1, Some(sealed.clone())));
    reveal(&mut keyring)
}

#[test]
fn new_passphrase_opens_the_vault_and_the_old_one_does_not() {
    let (mut server, mut keyring, mut account, code, sealed) = opened_vault();
    let (credential, secret) = (CredentialName::Passphrase, Secret::new("another horse battery".into()));
    let start = body(keyring.handle(Request::StartReplacement { credential, secret })).unwrap();
    assert!(!start.contains("another"));
    let finish = replace(&server, &mut keyring, &start);
    assert_eq!(finish.credential, CredentialName::Passphrase);
    account.passphrase = finish.secret;
    let mut opens = |credential, secret: &str| opens(&mut server, &account, with_secret(credential, secret), &sealed);
    assert_eq!(opens(CredentialName::Passphrase, "another horse battery").as_deref(), Ok("kV9!mQ2#"));
    assert_eq!(opens(CredentialName::Passphrase, PASSPHRASE), Err(KeyringError::WrongSecret));
    assert_eq!(opens(CredentialName::Recovery, &code).as_deref(), Ok("kV9!mQ2#"), "the other one is as it was");
}

#[test]
fn new_recovery_code_opens_the_vault_and_the_old_one_does_not() {
    let (mut server, mut keyring, mut account, code, sealed) = opened_vault();
    let Ok(Response::RegistrationStarted { recovery_code, body }) = keyring.handle(Request::StartRenewal) else {
        panic!("not started");
    };
    assert_ne!(recovery_code.expose(), code);
    account.recovery = replace(&server, &mut keyring, &body).secret;
    let mut opens = |secret: &str| opens(&mut server, &account, with_secret(CredentialName::Recovery, secret), &sealed);
    assert_eq!(opens(recovery_code.expose()).as_deref(), Ok("kV9!mQ2#"));
    assert_eq!(opens(&code), Err(KeyringError::WrongSecret));
}

#[test]
fn passkey_opens_the_vault_by_its_authenticators_output() {
    let (mut server, mut keyring, account, _, sealed) = opened_vault();
    let credential = CredentialName::Passkey(PasskeyId::try_from(vec![1, 2, 3]).unwrap());
    let made = |byte| Base64Url::encode(&[byte; 32]);
    let secret = Secret::new(made(7));
    let start = body(keyring.handle(Request::StartReplacement { credential: credential.clone(), secret })).unwrap();
    server.passkey = Some(replace(&server, &mut keyring, &start).secret);
    let mut opens = |byte| opens(&mut server, &account, with_secret(credential.clone(), &made(byte)), &sealed);
    assert_eq!(opens(7).as_deref(), Ok("kV9!mQ2#"));
    assert_eq!(opens(8), Err(KeyringError::WrongSecret));
}

#[test]
fn confirming_with_the_passphrase_leaves_the_open_vault_alone() {
    let (mut server, mut keyring, account, ..) = opened_vault();
    log_in(&mut server, &mut keyring, Some(&account), with_secret(CredentialName::Passphrase, PASSPHRASE)).unwrap();
    assert_eq!(reveal(&mut keyring).unwrap(), "kV9!mQ2#");
    let wrong = log_in(&mut server, &mut keyring, Some(&account), with_secret(CredentialName::Passphrase, "wrong"));
    assert_eq!((wrong, reveal(&mut keyring).as_deref()), (Err(KeyringError::WrongSecret), Ok("kV9!mQ2#")));
}

#[test]
fn locked_keyring_refuses_to_set_a_secret() {
    let server = Server::new();
    let mut keyring = Keyring::new(Counter(0), str::to_lowercase);
    let finish = |answer: String| Request::FinishReplacement { answer };
    assert_eq!(keyring.handle(finish(String::new())).err(), Some(KeyringError::OutOfTurn));
    let request = Request::StartReplacement { credential: CredentialName::Passphrase, secret: Secret::default() };
    let answer = server.start_replacement(&body(keyring.handle(request)).unwrap());
    assert_eq!(keyring.handle(finish(answer)).err(), Some(KeyringError::Locked));
}
