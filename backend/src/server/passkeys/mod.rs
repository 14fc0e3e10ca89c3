//! Verifies passkeys (Web Authentication Level 3, sections 7.1 and 7.2), on bytes.
//!
//! The secret of a passkey is OPAQUE's business, as that of a passphrase. Browsers hand it to every page on the same
//! host name, whatever the port. The assertion adds what only this page can have: the authenticator's signature over
//! the page's own origin and a fresh challenge.
//!
//! The server stores no challenge. Its state goes to the client, sealed with the server key, and comes back with the
//! authenticator's answer. An answer that is sent twice is no danger: without the secret it opens nothing.

use shared::bytes::Base64Url;
use shared::ids::{AccountId, PasskeyId};
use shared::limits::PASSKEY_STATE_MAX;
use shared::passkeys::{PasskeyAssertion, PasskeyChallenge, PasskeyRegistration};
use url::Url;
use webauthn_rp::AuthenticatedCredential;
use webauthn_rp::bin::{Decode, Encode};
use webauthn_rp::request::auth::{
    AuthenticationVerificationOptions, DiscoverableAuthenticationServerState, DiscoverableCredentialRequestOptions,
};
use webauthn_rp::request::register::{
    CoseAlgorithmIdentifier, CoseAlgorithmIdentifiers, Extension, PublicKeyCredentialCreationOptions,
    RegistrationServerState, RegistrationVerificationOptions, UserHandle16,
};
use webauthn_rp::request::{AsciiDomain, RpId};
use webauthn_rp::response::auth::error::AuthCeremonyErr;
use webauthn_rp::response::auth::{DiscoverableAuthentication16, DiscoverableAuthenticatorAssertion};
use webauthn_rp::response::register::error::RegCeremonyErr;
use webauthn_rp::response::register::{
    AuthenticatorAttestation, ClientExtensionsOutputs, DynamicState, Registration, StaticState,
};
use webauthn_rp::response::{AuthTransports, AuthenticatorAttachment, CollectedClientData, CredentialId};

use crate::server_key::{ServerKey, StateKind};
use crate::store::{Millis, ORIGIN_MAX, PasskeyVerifier};

/// The answer to a challenge must come this soon, in milliseconds. A person uses the authenticator in this time, and
/// types a passphrase if a passkey is added.
const CHALLENGE_LIFETIME: Millis = 600_000;

/// The first byte of a stored state. After it come the crate's encodings of what a log-in changes, the counter of
/// signatures among it ([`DYNAMIC_LEN`] bytes), and of what never changes: public key and extensions.
const FORMAT: u8 = 1;
const DYNAMIC_LEN: usize = 7;

/// Purposes of a challenge.
const LOG_IN: u8 = 0;
const REGISTRATION: u8 = 1;

/// A passkey's public key in the crate's stored form.
type PublicState =
    StaticState<webauthn_rp::response::register::CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>>;

/// The reason why an authenticator's answer is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// The challenge is not ours, is for something else, or is too old.
    #[error("the challenge is another one or too old")]
    Challenge,
    /// The answer was made on a page of another origin.
    #[error("it was used on a page of another address: see --public-url")]
    Origin,
    /// The person was not verified: no PIN, no fingerprint.
    #[error("the authenticator has not verified the person")]
    NotVerified,
    /// The counter of signatures did not rise: the passkey may have been copied.
    #[error("its counter of signatures did not rise: it may have been copied")]
    Counter,
    /// The answer cannot be read, or is that of another passkey.
    #[error("its answer cannot be read, or its signature is wrong")]
    Refused,
    /// A stored state cannot be read, or sealing failed.
    #[error("the passkey cannot be served")]
    Fault,
}

/// The origin of a page (RFC 6454), such as `https://passmint.example.org` or `http://localhost:8080`. Passkeys need a
/// domain: an IP address has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageOrigin {
    text: String,
    domain: String,
}

impl PageOrigin {
    /// The origin of an address; `None` if it has none that passkeys can be used on.
    pub fn of(address: &str) -> Option<Self> {
        let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        Some(Self { text: url.origin().ascii_serialization(), domain: url.domain()?.to_owned() })
    }

    fn relying_party(&self) -> Option<RpId> {
        AsciiDomain::try_from(self.domain.clone()).ok().map(RpId::Domain)
    }
}

/// A challenge for a log-in.
///
/// # Errors
/// [`PasskeyError::Fault`].
pub fn challenge_log_in(key: &ServerKey, now: Millis) -> Result<PasskeyChallenge, PasskeyError> {
    // The relying party is known only when the answer is there, and is no part of the state.
    let relying_party = any_relying_party()?;
    let mut options = DiscoverableCredentialRequestOptions::passkey(&relying_party);
    options.0.timeout = timeout()?;
    let challenge = options.0.challenge.as_data();
    let (state, _) = options.start_ceremony().map_err(|_| PasskeyError::Fault)?;
    seal(key, challenge, LOG_IN, &state.encode().map_err(|_| PasskeyError::Fault)?, now)
}

/// A challenge for a passkey that is added to an account.
///
/// # Errors
/// [`PasskeyError::Fault`].
pub fn challenge_registration(
    key: &ServerKey,
    account: AccountId,
    now: Millis,
) -> Result<PasskeyChallenge, PasskeyError> {
    let (relying_party, user) = (any_relying_party()?, user_handle(account));
    let mut options = PublicKeyCredentialCreationOptions::first_passkey_with_blank_user_info(&relying_party, &user);
    options.timeout = timeout()?;
    options.pub_key_cred_params = CoseAlgorithmIdentifiers::ALL.remove(CoseAlgorithmIdentifier::Es384);
    // The page asks for extensions, and OPAQUE finds out if they worked.
    options.extensions = Extension::default();
    let challenge = options.challenge.as_data();
    let (state, _) = options.start_ceremony().map_err(|_| PasskeyError::Fault)?;
    seal(key, challenge, REGISTRATION, &state.encode().map_err(|_| PasskeyError::Fault)?, now)
}

/// Verifies a registration (section 7.1) and returns what to store. `page` is the origin that passkeys must be made on;
/// if there is none, the passkey is bound to the one that it was made on.
///
/// # Errors
/// See [`PasskeyError`].
pub fn verify_registration(
    key: &ServerKey,
    page: Option<&PageOrigin>,
    account: AccountId,
    id: &PasskeyId,
    registration: PasskeyRegistration,
    now: Millis,
) -> Result<PasskeyVerifier, PasskeyError> {
    let state = open(key, &registration.state, REGISTRATION, now)?;
    let state = RegistrationServerState::<16>::decode(&state).map_err(|_| PasskeyError::Challenge)?;
    let origin = match page {
        Some(page) => page.clone(),
        None => made_on(&registration.client_data.0)?,
    };
    let attestation =
        AuthenticatorAttestation::new(registration.client_data.0, registration.attestation.0, AuthTransports::NONE);
    let extensions = ClientExtensionsOutputs { cred_props: None, prf: None };
    let registration = Registration::new(attestation, AuthenticatorAttachment::None, extensions);
    let options = RegistrationVerificationOptions::<&str, &str> {
        allowed_origins: &[origin.text.as_str()],
        error_on_unsolicited_extensions: false,
        ..Default::default()
    };
    let relying_party = origin.relying_party().ok_or(PasskeyError::Origin)?;
    let registered = state.verify(&relying_party, &registration, &options).map_err(|error| match error {
        RegCeremonyErr::Timeout | RegCeremonyErr::ChallengeMismatch => PasskeyError::Challenge,
        RegCeremonyErr::OriginMismatch | RegCeremonyErr::CrossOrigin | RegCeremonyErr::TopOriginMismatch => {
            PasskeyError::Origin
        }
        RegCeremonyErr::UserNotVerified => PasskeyError::NotVerified,
        _ => PasskeyError::Refused,
    })?;
    // The state names the account that asked for it.
    if registered.id().as_ref() != id.as_bytes() || registered.user_id() != &user_handle(account) {
        return Err(PasskeyError::Refused);
    }
    let Ok(public) = registered.static_state().encode();
    let state = encode_state(registered.dynamic_state(), &public);
    if state.len() > PASSKEY_STATE_MAX || origin.text.len() > ORIGIN_MAX {
        return Err(PasskeyError::Refused);
    }
    Ok(PasskeyVerifier { state, origin: origin.text })
}

/// Verifies an assertion (section 7.2) by a passkey of the account, and returns its new state to store. `page` is the
/// origin that it must be made on; if there is none, it is that of the passkey's registration.
///
/// # Errors
/// See [`PasskeyError`].
pub fn verify_assertion(
    key: &ServerKey,
    page: Option<&PageOrigin>,
    account: AccountId,
    id: &PasskeyId,
    stored: &PasskeyVerifier,
    assertion: PasskeyAssertion,
    now: Millis,
) -> Result<Vec<u8>, PasskeyError> {
    let state = open(key, &assertion.state, LOG_IN, now)?;
    let state = DiscoverableAuthenticationServerState::decode(&state).map_err(|_| PasskeyError::Challenge)?;
    let origin = page.cloned().or_else(|| PageOrigin::of(&stored.origin)).ok_or(PasskeyError::Fault)?;
    let relying_party = origin.relying_party().ok_or(PasskeyError::Origin)?;
    let user = user_handle(account);
    let answered_for = match assertion.user_handle {
        Some(handle) => {
            let Ok(handle) = UserHandle16::decode(handle.0.try_into().map_err(|_| PasskeyError::Refused)?);
            handle
        }
        // Section 7.2, step 6: the account is known without it.
        None => user,
    };
    let response = DiscoverableAuthentication16::new(
        CredentialId::try_from(id.as_bytes().to_vec()).map_err(|_| PasskeyError::Refused)?,
        DiscoverableAuthenticatorAssertion::new(
            assertion.client_data.0,
            assertion.authenticator_data.0,
            assertion.signature.0,
            answered_for,
        ),
        AuthenticatorAttachment::None,
    );
    let (dynamic, public) = decode_state(&stored.state).ok_or(PasskeyError::Fault)?;
    let stored_public = &stored.state[1 + DYNAMIC_LEN..];
    let id = CredentialId::try_from(id.as_bytes()).map_err(|_| PasskeyError::Refused)?;
    let mut credential = AuthenticatedCredential::new(id, &user, public, dynamic).map_err(|_| PasskeyError::Fault)?;
    let options = AuthenticationVerificationOptions::<&str, &str> {
        allowed_origins: &[origin.text.as_str()],
        error_on_unsolicited_extensions: false,
        ..Default::default()
    };
    state.verify(&relying_party, &response, &mut credential, &options).map_err(|error| match error {
        AuthCeremonyErr::Timeout | AuthCeremonyErr::ChallengeMismatch => PasskeyError::Challenge,
        AuthCeremonyErr::OriginMismatch | AuthCeremonyErr::CrossOrigin | AuthCeremonyErr::TopOriginMismatch => {
            PasskeyError::Origin
        }
        AuthCeremonyErr::UserNotVerified => PasskeyError::NotVerified,
        AuthCeremonyErr::SignatureCounter => PasskeyError::Counter,
        _ => PasskeyError::Refused,
    })?;
    Ok(encode_state(credential.dynamic_state(), stored_public))
}

fn encode_state(dynamic: DynamicState, public: &[u8]) -> Vec<u8> {
    let Ok(dynamic) = dynamic.encode();
    [&[FORMAT], dynamic.as_slice(), public].concat()
}

fn decode_state(state: &[u8]) -> Option<(DynamicState, PublicState)> {
    let (dynamic, public) = state.strip_prefix(&[FORMAT])?.split_first_chunk::<DYNAMIC_LEN>()?;
    Some((DynamicState::decode(*dynamic).ok()?, PublicState::decode(public).ok()?))
}

/// The origin that a registration was made on.
fn made_on(client_data: &[u8]) -> Result<PageOrigin, PasskeyError> {
    let client_data =
        CollectedClientData::from_client_data_json_relaxed::<true>(client_data).map_err(|_| PasskeyError::Refused)?;
    let text = client_data.origin.0;
    PageOrigin::of(&text).filter(|origin| origin.text == *text).ok_or(PasskeyError::Origin)
}

fn user_handle(account: AccountId) -> UserHandle16 {
    let Ok(handle) = UserHandle16::decode(*account.as_bytes());
    handle
}

fn any_relying_party() -> Result<RpId, PasskeyError> {
    AsciiDomain::try_from("localhost".to_owned()).map(RpId::Domain).map_err(|_| PasskeyError::Fault)
}

fn timeout() -> Result<std::num::NonZeroU32, PasskeyError> {
    u32::try_from(CHALLENGE_LIFETIME).ok().and_then(std::num::NonZeroU32::new).ok_or(PasskeyError::Fault)
}

/// Seals time (8 bytes, big-endian), purpose (1) and the crate's state.
fn seal(
    key: &ServerKey,
    challenge: u128,
    purpose: u8,
    state: &[u8],
    now: Millis,
) -> Result<PasskeyChallenge, PasskeyError> {
    let state = [&now.to_be_bytes(), &[purpose][..], state].concat();
    let state = key.seal_state(StateKind::PasskeyChallenge, &state).map_err(|_| PasskeyError::Fault)?;
    // The byte order in which the crate reads it back from the client's data.
    Ok(PasskeyChallenge { challenge: Base64Url(challenge.to_le_bytes().to_vec()), state: Base64Url(state) })
}

/// Opens what [`seal`] sealed, if it is for this purpose and not too old.
fn open(key: &ServerKey, state: &Base64Url, purpose: u8, now: Millis) -> Result<Vec<u8>, PasskeyError> {
    let state = key.open_state(StateKind::PasskeyChallenge, &state.0).map_err(|_| PasskeyError::Challenge)?;
    let (time, state) = state.split_first_chunk().ok_or(PasskeyError::Challenge)?;
    let state = state.strip_prefix(&[purpose]).ok_or(PasskeyError::Challenge)?;
    if now.saturating_sub(Millis::from_be_bytes(*time)) > CHALLENGE_LIFETIME {
        return Err(PasskeyError::Challenge);
    }
    Ok(state.to_vec())
}

#[cfg(test)]
mod tests;
