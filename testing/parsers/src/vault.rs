//! A keyring with an open vault, and the server key behind it: made once, without a server.

use std::sync::{Mutex, OnceLock, PoisonError};

use backend::server::login;
use backend::server_key::ServerKey;
use backend::store::Credential;
use frontend::keyring::Keyring;
use frontend::keyring::protocol::{Request, Response};
use frontend::secret::Secret;
use rand_core_06::OsRng;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::accounts::{AccountChallenge, AccountFinish, AccountStart};
use shared::sessions::{CredentialName, SessionChallenge, SessionFinish, SessionGrant, SessionStart};

const LOGIN: &str = "ada";
const PASSPHRASE: &str = "correct horse battery staple";

/// The server key of this process.
pub(crate) fn server_key() -> &'static ServerKey {
    static KEY: OnceLock<ServerKey> = OnceLock::new();
    KEY.get_or_init(ServerKey::generate)
}

/// Asks the keyring. What reads an answer is brought to where it waits for one.
pub(crate) fn ask(mut request: Request) {
    static KEYRING: OnceLock<Mutex<Keyring<OsRng>>> = OnceLock::new();
    let mut keyring = KEYRING.get_or_init(|| Mutex::new(opened())).lock().unwrap_or_else(PoisonError::into_inner);
    let secret = || Secret::new(PASSPHRASE.to_owned());
    let credential = CredentialName::Passphrase;
    let before = match request {
        Request::ContinueLogin { .. } => {
            Some(Request::StartLogin { username: LOGIN.into(), credential, secret: secret() })
        }
        Request::ContinueProof { .. } => Some(Request::StartProof { credential, secret: secret() }),
        Request::FinishVaultKey { .. } => Some(Request::StartVaultKey { passphrase: secret() }),
        Request::FinishReplacement { .. } => Some(Request::StartReplacement { credential, secret: secret() }),
        _ => None,
    };
    if let Some(before) = before
        && let Response::Post { body } | Response::RegistrationStarted { body, .. } = keyring.handle(before).unwrap()
        && let Request::FinishReplacement { start, .. } | Request::FinishVaultKey { start, .. } = &mut request
    {
        *start = body;
    }
    match keyring.handle(request) {
        // Entries come back only as such that could not be opened, or as deleted ones.
        Ok(Response::Updated(update)) => {
            assert!(update.entries.iter().all(|entry| entry.name.is_empty()), "nobody sealed anything");
        }
        Ok(Response::Post { .. } | Response::Unlocked { .. } | Response::Proven) => {
            panic!("the server does not know the passphrase")
        }
        Ok(_) | Err(_) => {}
    }
}

fn json<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap()
}

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

/// Makes an account and logs in, with the server's half of OPAQUE right here.
fn opened() -> Keyring<OsRng> {
    let key = server_key();
    let mut keyring = Keyring::new(OsRng, str::to_lowercase);
    let mut post = |request| match keyring.handle(request).unwrap() {
        Response::Post { body } | Response::RegistrationStarted { body, .. } => body,
        _ => panic!("no body"),
    };
    let passphrase = Secret::new(PASSPHRASE.to_owned());
    let start: AccountStart =
        json(&post(Request::StartRegistration { invite: "A".repeat(22), username: LOGIN.into(), passphrase }));
    let register = |name, request| login::register(key, &start.username, name, request).unwrap();
    let answer = text(&AccountChallenge {
        passphrase: register(&CredentialName::Passphrase, &start.passphrase),
        recovery: register(&CredentialName::Recovery, &start.recovery),
    });
    let AccountFinish { account_id, passphrase, .. } = json(&post(Request::ContinueRegistration { answer }));
    let (account, name) = (account_id, CredentialName::Passphrase);
    let wrapped_key = passphrase.wrapped_key.clone();
    let credential = Credential { account, epoch: 0, secret: passphrase, verifier: None };
    let start: SessionStart = json(&post(Request::StartFirstLogin));
    let answer: SessionChallenge =
        login::start(key, &start.username, &name, &start.request, Some(&credential), 1).unwrap();
    let finish: SessionFinish =
        json(&post(Request::ContinueLogin { answer: text(&answer), device: String::new(), assertion: None }));
    login::finish(key, &finish.state, &finish.finalization, 1).unwrap();
    let answer = text(&SessionGrant {
        account_id: account,
        wrapped_key,
        key_no: 1,
        earlier_keys: None,
        idle_seconds: 1,
        max_seconds: 1,
    });
    match keyring.handle(Request::FinishLogin { answer }).unwrap() {
        Response::Unlocked { .. } => keyring,
        _ => panic!("not unlocked"),
    }
}
