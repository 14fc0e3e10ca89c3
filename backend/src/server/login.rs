//! The server's half of OPAQUE (RFC 9807), on bytes: registration, and log-in in two steps.
//!
//! The server stores nothing between the two steps of a log-in. The state goes to the client, sealed with the server
//! key, and comes back with the second step; any process with the same server key can finish it. A state that is sent
//! back twice yields the same session token, which the store accepts once, and which only the client of that log-in can
//! derive.
//!
//! A proof of a secret within a session is the same exchange. Its state is sealed under another key, and names the
//! session: a log-in's state is no proof, a proof's state opens no session, and no other session can use it.

use opaque_ke::{
    CredentialFinalization, CredentialRequest, RegistrationRequest, RegistrationUpload, ServerLogin,
    ServerLoginParameters, ServerRegistration,
};
use rand_core_06::OsRng;
use sha2::{Digest, Sha512};
use shared::accounts::Username;
use shared::bytes::Base64Url;
use shared::ids::{AccountId, PasskeyId};
use shared::limits::PASSKEY_ID_MAX;
use shared::login::{CONTEXT, SessionToken, Suite, credential_identifier, identifiers, session_token};
use shared::proofs::{Proof, ProofChallenge};
use shared::sessions::{CredentialName, SessionChallenge};
use zeroize::Zeroizing;

use crate::server::rate_limits::UsernameKey;
use crate::server_key::{ServerKey, StateKind};
use crate::store::{Credential, Hash, Millis};

/// The second step of a log-in or a proof must come this soon after the first, in milliseconds.
pub const STATE_LIFETIME: Millis = 120_000;

/// The suites of records that the server accepts, the newest last. It does not compute with them: they say how the
/// browser stretches a secret.
pub const SUITES: &[u8] = &[1];

/// Bytes of a state before OPAQUE's own: time (8), whether the account exists (1), account (16), epoch (4), key of the
/// username (16), kind of credential (1). For a passkey, the length of its id (2) and the id follow.
const HEADER_LEN: usize = 46;

/// Bytes of a proof's state before OPAQUE's own: time (8), account (16), epoch (4), hash of the session's token (32), kind
/// of credential (1).
const PROOF_HEADER_LEN: usize = 61;

/// Kinds of credentials as a state encodes them.
const PASSPHRASE: u8 = 0;
const RECOVERY: u8 = 1;
const PASSKEY: u8 = 2;

/// A failed step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The message is not an OPAQUE message.
    #[error("not an OPAQUE message with ristretto255 and SHA-512")]
    Malformed,
    /// The log-in does not succeed: wrong secret, unknown account, or a state that is too old or not ours.
    #[error("the log-in failed")]
    Failed,
    /// A stored record cannot be read, or sealing failed.
    #[error("the log-in cannot be served")]
    Fault,
}

/// Answers a registration request (RFC 9807, section 5.2).
///
/// # Errors
/// [`LoginError::Malformed`].
pub fn register(
    key: &ServerKey,
    username: &Username,
    name: &CredentialName,
    request: &Base64Url,
) -> Result<Base64Url, LoginError> {
    let request = RegistrationRequest::<Suite>::deserialize(&request.0).map_err(|_| LoginError::Malformed)?;
    let started = ServerRegistration::start(key.setup(), request, &credential_identifier(username, name))
        .map_err(|_| LoginError::Malformed)?;
    Ok(Base64Url(started.message.serialize().to_vec()))
}

/// Checks a registration record before it is stored.
///
/// # Errors
/// [`LoginError::Malformed`].
pub fn check_record(record: &Base64Url) -> Result<(), LoginError> {
    let upload = RegistrationUpload::<Suite>::deserialize(&record.0).map_err(|_| LoginError::Malformed)?;
    // Only one encoding is accepted, so that the stored record is the one that was checked.
    if upload.serialize().as_slice() == record.0 { Ok(()) } else { Err(LoginError::Malformed) }
}

/// The claim of a log-in's state: account and credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub account: AccountId,
    /// [`Credential::epoch`] when the log-in started.
    pub epoch: u32,
    pub username: UsernameKey,
    pub name: CredentialName,
}

/// Answers the first step of a log-in (KE1 with KE2 of RFC 9807, section 6). `credential` is `None` for an unknown
/// username or passkey; the answer then has the same form, size and cost.
///
/// # Errors
/// [`LoginError::Malformed`] or [`LoginError::Fault`].
pub fn start(
    key: &ServerKey,
    username: &Username,
    name: &CredentialName,
    request: &Base64Url,
    credential: Option<&Credential>,
    now: Millis,
) -> Result<SessionChallenge, LoginError> {
    let request = CredentialRequest::<Suite>::deserialize(&request.0).map_err(|_| LoginError::Malformed)?;
    // The decoy is read although its content is ignored: the answer for an unknown name must take as long.
    let record = credential.map_or(key.decoy(), |credential| &credential.secret.record.0);
    let record = ServerRegistration::deserialize(record).map_err(|_| LoginError::Fault)?;
    let record = credential.is_some().then_some(record);
    let identifier = credential_identifier(username, name);
    let started = ServerLogin::start(&mut OsRng, key.setup(), record, request, &identifier, parameters())
        .map_err(|_| LoginError::Malformed)?;

    let mut state = Zeroizing::new(Vec::with_capacity(HEADER_LEN + 2 + PASSKEY_ID_MAX + 256));
    state.extend(now.to_be_bytes());
    state.push(u8::from(credential.is_some()));
    state.extend(credential.map_or([0; 16], |credential| *credential.account.as_bytes()));
    state.extend(credential.map_or(0, |credential| credential.epoch).to_be_bytes());
    state.extend(UsernameKey::new(username).0);
    match name {
        CredentialName::Passphrase => state.push(PASSPHRASE),
        CredentialName::Recovery => state.push(RECOVERY),
        CredentialName::Passkey(id) => {
            state.push(PASSKEY);
            state.extend(u16::try_from(id.as_bytes().len()).map_err(|_| LoginError::Fault)?.to_be_bytes());
            state.extend(id.as_bytes());
        }
    }
    state.extend(Zeroizing::new(started.state.serialize()).iter());
    let state = key.seal_state(StateKind::LogIn, &state).map_err(|_| LoginError::Fault)?;
    let response = Base64Url(started.message.serialize().to_vec());
    // Computed for known usernames too: the answer must take as long.
    let decoy = decoy_suite(key, &identifier, SUITES);
    let suite = credential.map_or(decoy, |credential| credential.secret.suite);
    Ok(SessionChallenge { state: Base64Url(state), response, suite })
}

/// The suite in the answer for an unknown username: always the same for one name, and spread over all suites, so that
/// none of them tells that there is an account.
fn decoy_suite(key: &ServerKey, identifier: &[u8], suites: &[u8]) -> u8 {
    let digest = Sha512::new().chain_update(key.fingerprint()).chain_update(identifier).finalize();
    suites.get(usize::from(digest[0]) % suites.len().max(1)).copied().unwrap_or_default()
}

/// The username for which a log-in was begun; `None` if the state is not one of ours. It need not have an account.
pub fn username(key: &ServerKey, state: &Base64Url) -> Option<UsernameKey> {
    let state = key.open_state(StateKind::LogIn, &state.0).ok()?;
    let (_, _, claim, _) = read_state(&state)?;
    Some(claim.username)
}

/// Finishes a log-in (KE3) and derives the session's token, as the client does.
///
/// # Errors
/// [`LoginError::Malformed`] or [`LoginError::Failed`].
pub fn finish(
    key: &ServerKey,
    state: &Base64Url,
    finalization: &Base64Url,
    now: Millis,
) -> Result<(Claim, SessionToken), LoginError> {
    let finalization =
        CredentialFinalization::<Suite>::deserialize(&finalization.0).map_err(|_| LoginError::Malformed)?;
    let state = key.open_state(StateKind::LogIn, &state.0).map_err(|_| LoginError::Failed)?;
    let (started_at, known, claim, opaque) = read_state(&state).ok_or(LoginError::Failed)?;
    let state = ServerLogin::<Suite>::deserialize(opaque).map_err(|_| LoginError::Failed)?;
    let finished = state.finish(finalization, parameters()).map_err(|_| LoginError::Failed)?;
    if !known || now.saturating_sub(started_at) > STATE_LIFETIME {
        return Err(LoginError::Failed);
    }
    Ok((claim, session_token(&finished.session_key)))
}

/// The session in which a proof is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProofOf {
    pub account: AccountId,
    /// The hash of the session's token.
    pub token_hash: Hash,
}

/// Answers the first step of a proof of the passphrase or the recovery code, of which `credential` is the record.
///
/// # Errors
/// [`LoginError::Malformed`], also for a passkey, or [`LoginError::Fault`].
pub fn start_proof(
    key: &ServerKey,
    session: &ProofOf,
    username: &Username,
    name: &CredentialName,
    request: &Base64Url,
    credential: &Credential,
    now: Millis,
) -> Result<ProofChallenge, LoginError> {
    let kind = match name {
        CredentialName::Passphrase => PASSPHRASE,
        CredentialName::Recovery => RECOVERY,
        CredentialName::Passkey(_) => return Err(LoginError::Malformed),
    };
    let request = CredentialRequest::<Suite>::deserialize(&request.0).map_err(|_| LoginError::Malformed)?;
    let record = ServerRegistration::deserialize(&credential.secret.record.0).map_err(|_| LoginError::Fault)?;
    let identifier = credential_identifier(username, name);
    let started = ServerLogin::start(&mut OsRng, key.setup(), Some(record), request, &identifier, parameters())
        .map_err(|_| LoginError::Malformed)?;

    let mut state = Zeroizing::new(Vec::with_capacity(PROOF_HEADER_LEN + 256));
    state.extend(now.to_be_bytes());
    state.extend(session.account.as_bytes());
    state.extend(credential.epoch.to_be_bytes());
    state.extend(session.token_hash);
    state.push(kind);
    state.extend(Zeroizing::new(started.state.serialize()).iter());
    let state = key.seal_state(StateKind::Proof, &state).map_err(|_| LoginError::Fault)?;
    Ok(ProofChallenge {
        state: Base64Url(state),
        response: Base64Url(started.message.serialize().to_vec()),
        suite: credential.secret.suite,
        wrapped_key: credential.secret.wrapped_key.clone(),
    })
}

/// Checks a proof that was begun in this session, and returns [`Credential::epoch`] of that time. Every change of the
/// credentials raises the epoch, and the store compares it: a proof is good for one change, and for none after another
/// session has made one.
///
/// # Errors
/// [`LoginError::Malformed`] or [`LoginError::Failed`].
pub fn check_proof(key: &ServerKey, session: &ProofOf, proof: &Proof, now: Millis) -> Result<u32, LoginError> {
    let finalization =
        CredentialFinalization::<Suite>::deserialize(&proof.finalization.0).map_err(|_| LoginError::Malformed)?;
    let state = key.open_state(StateKind::Proof, &proof.state.0).map_err(|_| LoginError::Failed)?;
    let (started_at, claimed, epoch, opaque) = read_proof_state(&state).ok_or(LoginError::Failed)?;
    let state = ServerLogin::<Suite>::deserialize(opaque).map_err(|_| LoginError::Failed)?;
    state.finish(finalization, parameters()).map_err(|_| LoginError::Failed)?;
    if claimed != *session || now.saturating_sub(started_at) > STATE_LIFETIME {
        return Err(LoginError::Failed);
    }
    Ok(epoch)
}

fn read_proof_state(state: &[u8]) -> Option<(Millis, ProofOf, u32, &[u8])> {
    let (time, rest) = state.split_first_chunk::<8>()?;
    let (account, rest) = rest.split_first_chunk::<16>()?;
    let (epoch, rest) = rest.split_first_chunk::<4>()?;
    let (token_hash, rest) = rest.split_first_chunk::<32>()?;
    let (kind, opaque) = rest.split_first()?;
    if ![PASSPHRASE, RECOVERY].contains(kind) {
        return None;
    }
    let session = ProofOf { account: AccountId::try_from(*account).ok()?, token_hash: *token_hash };
    Some((Millis::from_be_bytes(*time), session, u32::from_be_bytes(*epoch), opaque))
}

fn read_state(state: &[u8]) -> Option<(Millis, bool, Claim, &[u8])> {
    let (header, opaque) = state.split_at_checked(HEADER_LEN)?;
    let (time, header) = header.split_first_chunk::<8>()?;
    let (known, header) = header.split_first()?;
    let (account, header) = header.split_first_chunk::<16>()?;
    let (epoch, header) = header.split_first_chunk::<4>()?;
    let (username, kind) = header.split_first_chunk::<16>()?;
    let (name, opaque) = match *kind {
        [PASSPHRASE] => (CredentialName::Passphrase, opaque),
        [RECOVERY] => (CredentialName::Recovery, opaque),
        [PASSKEY] => {
            let (len, rest) = opaque.split_first_chunk::<2>()?;
            let (id, opaque) = rest.split_at_checked(u16::from_be_bytes(*len).into())?;
            (CredentialName::Passkey(PasskeyId::try_from(id.to_vec()).ok()?), opaque)
        }
        _ => return None,
    };
    // The state of an unknown account has zeros here, which are not a valid id.
    let account = AccountId::try_from(*account).unwrap_or_else(|_| AccountId::from_random([0; 16]));
    let claim = Claim { account, epoch: u32::from_be_bytes(*epoch), username: UsernameKey(*username), name };
    Some((Millis::from_be_bytes(*time), *known == 1, claim, opaque))
}

fn parameters() -> ServerLoginParameters<'static, 'static> {
    ServerLoginParameters { context: Some(CONTEXT), identifiers: identifiers() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identifier(name: &str) -> Vec<u8> {
        credential_identifier(&Username::new(name).unwrap(), &CredentialName::Passphrase)
    }

    #[test]
    fn suite_of_an_unknown_name_is_fixed_and_spread_over_all_suites() {
        let key = ServerKey::generate();
        let suites = [4, 7];
        let drawn = |name: &str| decoy_suite(&key, &identifier(name), &suites);
        let of_second = (0..400).filter(|number| drawn(&format!("name {number}")) == 7).count();
        assert!((120..280).contains(&of_second), "{of_second} of 400");
        for number in 0..20 {
            let name = format!("name {number}");
            assert!(suites.contains(&drawn(&name)));
            assert_eq!(drawn(&name), drawn(&name));
            let changed = key.with_new_token_key().unwrap();
            assert_eq!(decoy_suite(&changed, &identifier(&name), &suites), drawn(&name), "a rotated key changes none");
        }
        let other = ServerKey::generate();
        assert!((0..400).any(|number| {
            let identifier = identifier(&format!("name {number}"));
            decoy_suite(&other, &identifier, &suites) != decoy_suite(&key, &identifier, &suites)
        }));
    }
}
