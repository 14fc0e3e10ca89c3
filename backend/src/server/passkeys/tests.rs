//! Answers of Chromium's virtual authenticator, recorded at `https://example.test:8114`, with challenges of sixteen
//! equal bytes. `sub_domain` and `other_port` are the same passkey on pages of other origins.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

const NOW: Millis = 1_800_000_000_000;
/// The stored states of two registrations.
const ES256_STATE: &str = "AQEAAQAAAAABNkWddROd8cPw1WK01qPD2B1gJbnF0SxoWzRPGlvdvvgBAAA";
const ED25519_STATE: &str = "AQEAAQAAAAAA0HUThS9XK2UEdurs3qD3x94PQ-82IAZJxZfB96_UXjoAAA";
const HOME: &str = "https://example.test:8114";

/// An authenticator's answer.
#[derive(Clone, Deserialize)]
struct Answer {
    id: PasskeyId,
    client_data: Base64Url,
    attestation: Option<Base64Url>,
    authenticator_data: Option<Base64Url>,
    signature: Option<Base64Url>,
    user_handle: Option<Base64Url>,
}

fn answer(name: &str) -> Answer {
    serde_json::from_str::<BTreeMap<String, Answer>>(include_str!("chromium.json")).unwrap()[name].clone()
}

fn account() -> AccountId {
    let handle = answer("es256_log_in").user_handle.unwrap();
    <[u8; 16]>::try_from(handle.0).unwrap().try_into().unwrap()
}

/// The state of a log-in whose challenge is `byte` sixteen times. Taken from a true one, to replace the challenge only.
fn log_in_state(key: &ServerKey, byte: u8, made_at: Millis) -> Base64Url {
    let made = challenge_log_in(key, NOW).unwrap();
    let mut state = open(key, &made.state, LOG_IN, NOW).unwrap();
    assert_eq!(state[..16], made.challenge.0);
    state[..16].fill(byte);
    seal(key, 0, LOG_IN, &state, made_at).unwrap().state
}

/// The state of a registration whose challenge is 1 sixteen times. Taken from a true one, to replace the challenge only.
fn registration_state(key: &ServerKey, account: AccountId, made_at: Millis) -> Base64Url {
    let made = challenge_registration(key, account, NOW).unwrap();
    let mut state = open(key, &made.state, REGISTRATION, NOW).unwrap();
    // Mediation comes first.
    assert_eq!(state[1..17], made.challenge.0);
    state[1..17].fill(1);
    seal(key, 0, REGISTRATION, &state, made_at).unwrap().state
}

fn register(key: &ServerKey, name: &str, page: Option<&str>) -> Result<PasskeyVerifier, PasskeyError> {
    let answer = answer(name);
    let registration = PasskeyRegistration {
        state: registration_state(key, account(), NOW),
        client_data: answer.client_data,
        attestation: answer.attestation.unwrap(),
    };
    verify_registration(key, origin(page).as_ref(), account(), &answer.id, registration, NOW)
}

fn origin(page: Option<&str>) -> Option<PageOrigin> {
    page.map(|page| PageOrigin::of(page).unwrap())
}

fn assertion(key: &ServerKey, name: &str) -> PasskeyAssertion {
    let answer = answer(name);
    PasskeyAssertion {
        state: log_in_state(key, if name == "later" { 3 } else { 2 }, NOW),
        client_data: answer.client_data,
        authenticator_data: answer.authenticator_data.unwrap(),
        signature: answer.signature.unwrap(),
        user_handle: answer.user_handle,
    }
}

/// Verifies an assertion, perhaps changed, by the passkey of a registration.
fn log_in_changed(
    registration: &str,
    log_in: &str,
    page: Option<&str>,
    change: impl FnOnce(&ServerKey, &mut PasskeyAssertion),
) -> Result<Vec<u8>, PasskeyError> {
    let key = ServerKey::generate();
    let stored = register(&key, registration, Some(HOME)).unwrap();
    let mut assertion = assertion(&key, log_in);
    change(&key, &mut assertion);
    verify_assertion(&key, origin(page).as_ref(), account(), &answer(registration).id, &stored, assertion, NOW)
}

fn log_in(registration: &str, log_in: &str, page: Option<&str>) -> Result<Vec<u8>, PasskeyError> {
    log_in_changed(registration, log_in, page, |_, _| {})
}

#[test]
fn passkeys_of_all_three_algorithms_are_verified() {
    for algorithm in ["es256", "ed25519", "rs256"] {
        let [registration, assertion] = ["registration", "log_in"].map(|step| format!("{algorithm}_{step}"));
        for page in [Some(HOME), Some("https://example.test:8114/mint/"), None] {
            let state = log_in(&registration, &assertion, page);
            assert!(state.is_ok_and(|state| state.len() <= PASSKEY_STATE_MAX), "{algorithm} {page:?}");
        }
    }
}

#[test]
fn registration_elsewhere_or_without_verification_is_refused() {
    let key = ServerKey::generate();
    assert_eq!(register(&key, "es256_registration", None).unwrap().origin, HOME, "bound to where it was made");
    for page in ["https://example.test:8115", "https://example.test", "http://example.test:8114", "https://test:8114"] {
        assert_eq!(register(&key, "es256_registration", Some(page)), Err(PasskeyError::Origin), "{page}");
    }
    assert_eq!(register(&key, "unverified_registration", Some(HOME)), Err(PasskeyError::NotVerified));
}

#[test]
fn registration_for_another_account_passkey_or_challenge_is_refused() {
    let key = ServerKey::generate();
    let made = answer("es256_registration");
    let verify = |state, id: &PasskeyId, now| {
        let (client_data, attestation) = (made.client_data.clone(), made.attestation.clone().unwrap());
        let registration = PasskeyRegistration { state, client_data, attestation };
        verify_registration(&key, None, account(), id, registration, now)
    };
    let state = || registration_state(&key, account(), NOW);
    assert!(verify(state(), &made.id, NOW + CHALLENGE_LIFETIME).is_ok());
    assert_eq!(verify(state(), &made.id, NOW + CHALLENGE_LIFETIME + 1), Err(PasskeyError::Challenge));
    assert_eq!(verify(state(), &answer("other_registration").id, NOW), Err(PasskeyError::Refused));
    let foreign = registration_state(&key, AccountId::from_random([9; 16]), NOW);
    assert_eq!(verify(foreign, &made.id, NOW), Err(PasskeyError::Refused));
    let fresh = challenge_registration(&key, account(), NOW).unwrap().state;
    assert_eq!(verify(fresh, &made.id, NOW), Err(PasskeyError::Challenge));
    assert_eq!(verify(log_in_state(&key, 1, NOW), &made.id, NOW), Err(PasskeyError::Challenge));
    let theirs = registration_state(&ServerKey::generate(), account(), NOW);
    assert_eq!(verify(theirs, &made.id, NOW), Err(PasskeyError::Challenge));
}

#[test]
fn assertion_from_another_port_or_host_name_is_refused() {
    let refused = |name, page| log_in("es256_registration", name, page).unwrap_err();
    for page in [Some(HOME), None] {
        assert_eq!(refused("other_port", page), PasskeyError::Origin);
        assert_eq!(refused("sub_domain", page), PasskeyError::Origin);
    }
    // The page moved to the sub-domain, and somebody asks for the passkeys of the domain above it.
    assert_eq!(refused("sub_domain", Some("https://sub.example.test:8114")), PasskeyError::Refused);
}

#[test]
fn assertion_of_another_passkey_or_account_is_refused() {
    assert_eq!(log_in("es256_registration", "other_log_in", None), Err(PasskeyError::Refused));
    assert_eq!(log_in("other_registration", "es256_log_in", None), Err(PasskeyError::Refused));
    let with = |handle: Option<Base64Url>| {
        log_in_changed("es256_registration", "es256_log_in", None, |_, assertion| assertion.user_handle = handle)
    };
    assert!(with(None).is_ok(), "an authenticator may leave the account out");
    assert_eq!(with(Some(Base64Url(vec![9; 16]))), Err(PasskeyError::Refused));
    assert_eq!(with(Some(Base64Url(vec![9; 17]))), Err(PasskeyError::Refused));
}

#[test]
fn assertion_without_verification_of_the_person_is_refused() {
    assert_eq!(log_in("lax_registration", "unverified_log_in", None), Err(PasskeyError::NotVerified));
}

#[test]
fn changed_assertion_is_refused() {
    let changed = |change: &dyn Fn(&mut PasskeyAssertion)| {
        log_in_changed("es256_registration", "es256_log_in", None, |_, assertion| change(assertion))
    };
    for byte in 0..answer("es256_log_in").signature.unwrap().0.len() {
        assert!(changed(&|assertion| assertion.signature.0[byte] ^= 1).is_err(), "byte {byte} of the signature");
    }
    for byte in 0..answer("es256_log_in").authenticator_data.unwrap().0.len() {
        assert!(changed(&|assertion| assertion.authenticator_data.0[byte] ^= 1).is_err(), "byte {byte}");
    }
    let text = String::from_utf8(answer("es256_log_in").client_data.0).unwrap();
    let replaced = |from: &str, to: &str| {
        let text = text.replace(from, to);
        changed(&|assertion| assertion.client_data = Base64Url(text.clone().into_bytes()))
    };
    assert!(replaced("x", "x").is_ok());
    for (from, to) in [("webauthn.get", "webauthn.create"), ("8114", "8114 "), ("false", "true"), ("}", "")] {
        assert_eq!(replaced(from, to), Err(PasskeyError::Refused), "{from}");
    }
}

#[test]
fn assertion_to_another_challenge_or_too_late_is_refused() {
    let with = |state: &dyn Fn(&ServerKey) -> Base64Url| {
        log_in_changed("es256_registration", "es256_log_in", None, |key, assertion| assertion.state = state(key))
    };
    assert!(with(&|key| log_in_state(key, 2, NOW - CHALLENGE_LIFETIME)).is_ok());
    assert_eq!(with(&|key| log_in_state(key, 2, NOW - CHALLENGE_LIFETIME - 1)), Err(PasskeyError::Challenge));
    assert_eq!(with(&|key| log_in_state(key, 3, NOW)), Err(PasskeyError::Challenge));
    assert_eq!(with(&|key| challenge_log_in(key, NOW).unwrap().state), Err(PasskeyError::Challenge));
    assert_eq!(with(&|key| registration_state(key, account(), NOW)), Err(PasskeyError::Challenge));
    assert_eq!(with(&|_| log_in_state(&ServerKey::generate(), 2, NOW)), Err(PasskeyError::Challenge));
}

#[test]
fn assertion_whose_counter_does_not_rise_is_refused() {
    let key = ServerKey::generate();
    let mut stored = register(&key, "es256_registration", Some(HOME)).unwrap();
    let mut log_in = |name| {
        let id = answer("es256_registration").id;
        let state = verify_assertion(&key, None, account(), &id, &stored, assertion(&key, name), NOW)?;
        stored.state = state;
        Ok(())
    };
    assert_eq!(log_in("es256_log_in"), Ok(()));
    assert_eq!(log_in("es256_log_in"), Err(PasskeyError::Counter));
    assert_eq!(log_in("later"), Ok(()));
    assert_eq!(log_in("es256_log_in"), Err(PasskeyError::Counter));
}

#[test]
fn challenge_is_good_for_its_purpose_only() {
    let key = ServerKey::generate();
    let log_in = challenge_log_in(&key, NOW).unwrap().state;
    let registration = challenge_registration(&key, account(), NOW).unwrap().state;
    assert!(open(&key, &log_in, LOG_IN, NOW).is_ok() && open(&key, &registration, REGISTRATION, NOW).is_ok());
    assert_eq!(open(&key, &log_in, REGISTRATION, NOW), Err(PasskeyError::Challenge));
    assert_eq!(open(&key, &registration, LOG_IN, NOW), Err(PasskeyError::Challenge));
}

/// Stored rows must be read by later versions, also of the crate.
#[test]
fn stored_states_stay_readable() {
    for (algorithm, stored) in [("es256", ES256_STATE), ("ed25519", ED25519_STATE)] {
        let key = ServerKey::generate();
        let state = Base64Url::decode(stored).unwrap().0;
        let made = register(&key, &format!("{algorithm}_registration"), None).unwrap().state;
        assert_eq!(Base64Url::encode(&made), stored, "{algorithm}");
        let stored = PasskeyVerifier { state, origin: HOME.to_owned() };
        let id = answer(&format!("{algorithm}_registration")).id;
        let assertion = assertion(&key, &format!("{algorithm}_log_in"));
        assert!(verify_assertion(&key, None, account(), &id, &stored, assertion, NOW).is_ok(), "{algorithm}");
    }
}

#[test]
fn stored_state_of_another_format_is_a_fault() {
    let key = ServerKey::generate();
    let good = register(&key, "es256_registration", None).unwrap();
    let id = answer("es256_registration").id;
    let verify = |state: Vec<u8>, origin: &str| {
        let stored = PasskeyVerifier { state, origin: origin.to_owned() };
        verify_assertion(&key, None, account(), &id, &stored, assertion(&key, "es256_log_in"), NOW).unwrap_err()
    };
    for state in [vec![], vec![FORMAT], [&[2], &good.state[1..]].concat(), [&good.state[..], &[0]].concat()] {
        assert_eq!(verify(state, HOME), PasskeyError::Fault);
    }
    assert_eq!(verify(good.state, "example.test"), PasskeyError::Fault);
}

#[test]
fn origin_is_that_of_the_address() {
    for (address, text) in [
        ("https://example.test:443/mint?x#y", "https://example.test"),
        ("HTTPS://Example.Test:8443", "https://example.test:8443"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("https://pässe.example.test", "https://xn--psse-loa.example.test"),
    ] {
        assert_eq!(PageOrigin::of(address).map(|origin| origin.text).as_deref(), Some(text));
    }
    for address in ["", "example.test", "ftp://example.test", "file:///etc", "http://127.0.0.1:8080", "https://[::1]"] {
        assert_eq!(PageOrigin::of(address), None, "{address}");
    }
}
