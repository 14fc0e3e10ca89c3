//! The client's half of OPAQUE's log-in (RFC 9807, section 6): a log-in with any of an account's secrets, and the proof
//! of a secret within a session.

use opaque_ke::errors::ProtocolError;
use opaque_ke::{ClientLogin, ClientLoginFinishParameters, CredentialResponse};
use rand_core_06::{CryptoRng, RngCore};
use shared::accounts::Username;
use shared::bytes::Base64Url;
use shared::login::{CONTEXT, Suite, Suites, identifiers, session_token};
use shared::passkeys::PasskeyAssertion;
use shared::proofs::{Proof, ProofChallenge, ProofStart};
use shared::sessions::{CredentialName, Device, SessionChallenge, SessionFinish, SessionGrant, SessionStart};
use zeroize::Zeroizing;

use super::keys::{KeyEncryptionKey, KeySet, VaultKeys, Wrapping};
use super::protocol::KeyringError;
use super::recovery::RecoveryCode;
use crate::secret::Secret;

/// The bytes of a typed secret that OPAQUE takes. A recovery code is checked before the server is asked.
pub(super) fn secret_bytes(credential: &CredentialName, secret: &Secret) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    Ok(Zeroizing::new(match credential {
        CredentialName::Passphrase => secret.expose().as_bytes().to_vec(),
        CredentialName::Recovery => {
            RecoveryCode::from_text(secret.expose()).map_err(KeyringError::Recovery)?.expose().to_vec()
        }
        CredentialName::Passkey(_) => Base64Url::decode(secret.expose()).map_err(|_| KeyringError::WrongSecret)?.0,
    }))
}

/// A secret that is being shown to the server.
struct PendingSecret {
    credential: CredentialName,
    secret: Zeroizing<Vec<u8>>,
    state: ClientLogin<Suite>,
}

/// A secret that the server has a record of.
struct RightSecret {
    credential: CredentialName,
    secret: Zeroizing<Vec<u8>>,
    /// OPAQUE KE3.
    finalization: Base64Url,
    key: KeyEncryptionKey,
    /// The bearer token of a session that this log-in opens.
    token: Secret,
}

impl PendingSecret {
    /// Also gives OPAQUE KE1.
    fn start(
        random: &mut (impl RngCore + CryptoRng),
        credential: CredentialName,
        secret: Zeroizing<Vec<u8>>,
    ) -> Result<(Self, Base64Url), KeyringError> {
        let started = ClientLogin::start(random, &secret).map_err(|_| KeyringError::Broken)?;
        let request = Base64Url(started.message.serialize().to_vec());
        Ok((Self { credential, secret, state: started.state }, request))
    }

    /// Stretches the secret (Argon2id) and checks it against OPAQUE KE2.
    fn finish(
        self,
        random: &mut (impl RngCore + CryptoRng),
        suites: Suites,
        suite: u8,
        response: &Base64Url,
    ) -> Result<RightSecret, KeyringError> {
        let stretch = suites.stretch(suite).ok_or(KeyringError::UnknownSuite)?;
        let response = CredentialResponse::deserialize(&response.0).map_err(|_| KeyringError::ServerMessage)?;
        let parameters = ClientLoginFinishParameters::new(Some(CONTEXT), identifiers(), Some(&stretch));
        let finished = self.state.finish(random, &self.secret, response, parameters).map_err(|error| match error {
            ProtocolError::InvalidLoginError => KeyringError::WrongSecret,
            _ => KeyringError::ServerMessage,
        })?;
        let key = KeyEncryptionKey::derive(&Zeroizing::new(finished.export_key), &self.credential);
        let finalization = Base64Url(finished.message.serialize().to_vec());
        let token = Secret::new(session_token(&Zeroizing::new(finished.session_key)).expose_as_bearer());
        Ok(RightSecret { credential: self.credential, secret: self.secret, finalization, key, token })
    }
}

/// A log-in between its first two steps.
pub(super) struct PendingLogin {
    username: Username,
    secret: PendingSecret,
}

/// A log-in whose secret was right, and that waits for the vault key.
pub(super) struct Unlocking {
    username: Username,
    key: KeyEncryptionKey,
    token: Secret,
    outdated: Option<OutdatedSecret>,
}

/// A secret whose record has an older suite than new ones get.
pub(super) struct OutdatedSecret {
    pub(super) credential: CredentialName,
    pub(super) secret: Zeroizing<Vec<u8>>,
}

/// The result of a log-in.
pub(super) struct LoggedIn {
    pub(super) keys: VaultKeys,
    pub(super) username: Username,
    /// The session's bearer token.
    pub(super) token: Secret,
    pub(super) outdated: Option<OutdatedSecret>,
}

impl PendingLogin {
    pub(super) fn start(
        random: &mut (impl RngCore + CryptoRng),
        username: Username,
        credential: CredentialName,
        secret: &Secret,
    ) -> Result<(Self, SessionStart), KeyringError> {
        let bytes = secret_bytes(&credential, secret)?;
        let (secret, request) = PendingSecret::start(random, credential.clone(), bytes)?;
        let start = SessionStart { username: username.clone(), credential, request };
        Ok((Self { username, secret }, start))
    }

    /// Stretches the secret (Argon2id) and checks it.
    pub(super) fn finish(
        self,
        random: &mut (impl RngCore + CryptoRng),
        suites: Suites,
        challenge: SessionChallenge,
        device: &str,
        assertion: Option<PasskeyAssertion>,
    ) -> Result<(SessionFinish, Unlocking), KeyringError> {
        let SessionChallenge { state, response, suite } = challenge;
        let right = self.secret.finish(random, suites, suite, &response)?;
        let RightSecret { credential, secret, finalization, key, token } = right;
        // A passkey cannot prove itself to replace its own record.
        let is_typed = !matches!(credential, CredentialName::Passkey(_));
        let outdated = (is_typed && suite != suites.newest()).then_some(OutdatedSecret { credential, secret });
        let unlocking = Unlocking { username: self.username, key, token, outdated };
        Ok((SessionFinish { state, finalization, assertion, device: Device::new(device).ok() }, unlocking))
    }
}

impl Unlocking {
    pub(super) fn finish(self, grant: &SessionGrant) -> Result<LoggedIn, KeyringError> {
        let (account, number) = (grant.account_id, grant.key_no);
        let wrapping = Wrapping { account, username: &self.username, number };
        let current = KeySet::new(account, number, self.key.unwrap(&wrapping, &grant.wrapped_key.0)?);
        let keys = match &grant.earlier_keys {
            Some(sealed) => VaultKeys::with_earlier(current, &sealed.0)?,
            None => VaultKeys::new(current),
        };
        Ok(LoggedIn { keys, username: self.username, token: self.token, outdated: self.outdated })
    }
}

/// A proof between its two steps.
pub(super) struct PendingProof(PendingSecret);

impl PendingProof {
    pub(super) fn start(
        random: &mut (impl RngCore + CryptoRng),
        credential: CredentialName,
        secret: Zeroizing<Vec<u8>>,
    ) -> Result<(Self, ProofStart), KeyringError> {
        let (secret, request) = PendingSecret::start(random, credential.clone(), secret)?;
        Ok((Self(secret), ProofStart { credential, request }))
    }

    /// Stretches the secret (Argon2id), checks it, and checks that it opens the vault that is open: a page that plays
    /// the server has no record which wraps the same key.
    pub(super) fn finish(
        self,
        random: &mut (impl RngCore + CryptoRng),
        suites: Suites,
        (username, open): (&Username, &KeySet),
        challenge: ProofChallenge,
    ) -> Result<Proof, KeyringError> {
        let ProofChallenge { state, response, suite, wrapped_key } = challenge;
        let right = self.0.finish(random, suites, suite, &response)?;
        let wrapping = Wrapping { account: open.account, username, number: open.number };
        let proven = right.key.unwrap(&wrapping, &wrapped_key.0)?;
        if !proven.is_equal(&open.root) {
            return Err(KeyringError::Broken);
        }
        Ok(Proof { state, finalization: right.finalization })
    }
}
