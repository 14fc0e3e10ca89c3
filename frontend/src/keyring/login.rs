//! The client's half of OPAQUE (RFC 9807): registration of an account's secrets, and log-in with any of them.

use opaque_ke::errors::ProtocolError;
use opaque_ke::{
    ClientLogin, ClientLoginFinishParameters, ClientRegistration, ClientRegistrationFinishParameters,
    CredentialResponse, RegistrationResponse,
};
use rand_core_06::{CryptoRng, RngCore};
use shared::accounts::{AccountChallenge, AccountFinish, AccountStart, InviteCode, NewCredential, Username};
use shared::bytes::Base64Url;
use shared::credentials::{CredentialChallenge, CredentialFinish, CredentialStart};
use shared::ids::AccountId;
use shared::login::{CONTEXT, Suite, identifiers, session_token};
use shared::sessions::{CredentialName, Device, SessionChallenge, SessionFinish, SessionGrant, SessionStart};
use zeroize::Zeroizing;

use super::keys::{KeyEncryptionKey, VaultKey, Wrapping};
use super::protocol::KeyringError;
use super::recovery::RecoveryCode;
use crate::secret::Secret;

/// A registration between its two steps.
pub(super) struct Registration {
    invite: InviteCode,
    username: Username,
    passphrase: Secret,
    by_passphrase: PendingCredential,
    by_recovery: PendingCredential,
}

/// A credential that is being registered.
struct PendingCredential {
    secret: Zeroizing<Vec<u8>>,
    state: ClientRegistration<Suite>,
}

impl Registration {
    /// Makes the recovery code, and starts the registration of both credentials.
    pub(super) fn start(
        random: &mut (impl RngCore + CryptoRng),
        invite: String,
        username: Username,
        passphrase: Secret,
    ) -> Result<(Self, Secret, AccountStart), KeyringError> {
        let code = RecoveryCode::generate(random);
        let (by_passphrase, passphrase_request) = PendingCredential::start(random, passphrase.expose().as_bytes())?;
        let (by_recovery, recovery_request) = PendingCredential::start(random, code.expose())?;
        let invite = InviteCode(invite);
        let start = AccountStart {
            invite: invite.clone(),
            username: username.clone(),
            passphrase: passphrase_request,
            recovery: recovery_request,
        };
        Ok((Self { invite, username, passphrase, by_passphrase, by_recovery }, code.to_text(), start))
    }

    /// Makes the account's id and vault key, and wraps the key for both credentials. Takes as long as two log-ins. Also
    /// gives the username and passphrase, for the first log-in.
    pub(super) fn finish(
        self,
        random: &mut (impl RngCore + CryptoRng),
        challenge: &AccountChallenge,
    ) -> Result<(AccountFinish, (Username, Secret)), KeyringError> {
        let mut id = [0; 16];
        random.fill_bytes(&mut id);
        let account_id = AccountId::from_random(id);
        let vault_key = VaultKey::generate(random);
        let wrapping = Wrapping { account: account_id, username: &self.username, number: 0 };
        let mut finish = |pending: PendingCredential, name, response: &Base64Url| {
            let (record, key) = pending.finish(random, name, response)?;
            let wrapped_key = Base64Url(key.wrap(&wrapping, &vault_key, random)?);
            Ok::<_, KeyringError>(NewCredential { suite: 1, record, wrapped_key })
        };
        let passphrase = finish(self.by_passphrase, &CredentialName::Passphrase, &challenge.passphrase)?;
        let recovery = finish(self.by_recovery, &CredentialName::Recovery, &challenge.recovery)?;
        let finish = AccountFinish {
            invite: self.invite,
            username: self.username.clone(),
            account_id,
            passphrase,
            recovery,
            head: None,
        };
        Ok((finish, (self.username, self.passphrase)))
    }
}

impl PendingCredential {
    fn start(random: &mut (impl RngCore + CryptoRng), secret: &[u8]) -> Result<(Self, Base64Url), KeyringError> {
        let started = ClientRegistration::start(random, secret).map_err(|_| KeyringError::Broken)?;
        let pending = Self { secret: Zeroizing::new(secret.to_vec()), state: started.state };
        Ok((pending, Base64Url(started.message.serialize().to_vec())))
    }

    fn finish(
        self,
        random: &mut (impl RngCore + CryptoRng),
        name: &CredentialName,
        response: &Base64Url,
    ) -> Result<(Base64Url, KeyEncryptionKey), KeyringError> {
        let response = RegistrationResponse::deserialize(&response.0).map_err(|_| KeyringError::ServerMessage)?;
        let parameters = ClientRegistrationFinishParameters::new(identifiers(), None);
        let finished =
            self.state.finish(random, &self.secret, response, parameters).map_err(|_| KeyringError::ServerMessage)?;
        let key = KeyEncryptionKey::derive(&Zeroizing::new(finished.export_key), name);
        Ok((Base64Url(finished.message.serialize().to_vec()), key))
    }
}

/// One secret of an open vault on its way to replace another, or to join them.
pub(super) struct Replacement {
    credential: CredentialName,
    pending: PendingCredential,
}

impl Replacement {
    /// Asks the server for a credential of this secret.
    pub(super) fn start(
        random: &mut (impl RngCore + CryptoRng),
        credential: CredentialName,
        secret: &Secret,
    ) -> Result<(Self, CredentialStart), KeyringError> {
        let secret = secret_bytes(&credential, secret)?;
        Self::of_bytes(random, credential, &secret)
    }

    fn of_bytes(
        random: &mut (impl RngCore + CryptoRng),
        credential: CredentialName,
        secret: &[u8],
    ) -> Result<(Self, CredentialStart), KeyringError> {
        let (pending, request) = PendingCredential::start(random, secret)?;
        let start = CredentialStart { credential: credential.clone(), request };
        Ok((Self { credential, pending }, start))
    }

    /// Makes another recovery code, and asks the server for its credential.
    pub(super) fn renew(
        random: &mut (impl RngCore + CryptoRng),
    ) -> Result<(Self, Secret, CredentialStart), KeyringError> {
        let code = RecoveryCode::generate(random);
        let (replacement, start) = Self::of_bytes(random, CredentialName::Recovery, code.expose())?;
        Ok((replacement, code.to_text(), start))
    }

    /// Wraps the vault key for the secret. Takes as long as a log-in.
    pub(super) fn finish(
        self,
        random: &mut (impl RngCore + CryptoRng),
        wrapping: &Wrapping<'_>,
        vault_key: &VaultKey,
        challenge: &CredentialChallenge,
    ) -> Result<CredentialFinish, KeyringError> {
        let (record, key) = self.pending.finish(random, &self.credential, &challenge.response)?;
        let wrapped_key = Base64Url(key.wrap(wrapping, vault_key, random)?);
        let secret = NewCredential { suite: 1, record, wrapped_key };
        Ok(CredentialFinish {
            credential: self.credential,
            secret,
            proof: None,
            keep_passkeys: None,
            registration: None,
        })
    }
}

/// The bytes of a typed secret that OPAQUE takes. A recovery code is checked before the server is asked.
fn secret_bytes(credential: &CredentialName, secret: &Secret) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
    Ok(Zeroizing::new(match credential {
        CredentialName::Passphrase => secret.expose().as_bytes().to_vec(),
        CredentialName::Recovery => {
            RecoveryCode::from_text(secret.expose()).map_err(KeyringError::Recovery)?.expose().to_vec()
        }
        CredentialName::Passkey(_) => Base64Url::decode(secret.expose()).map_err(|_| KeyringError::WrongSecret)?.0,
    }))
}

/// A log-in between its first two steps.
pub(super) struct PendingLogin {
    username: Username,
    credential: CredentialName,
    secret: Zeroizing<Vec<u8>>,
    state: ClientLogin<Suite>,
}

/// A log-in whose secret was right, and that waits for the vault key.
pub(super) struct Unlocking {
    username: Username,
    key: KeyEncryptionKey,
    token: Secret,
}

impl PendingLogin {
    pub(super) fn start(
        random: &mut (impl RngCore + CryptoRng),
        username: Username,
        credential: CredentialName,
        secret: &Secret,
    ) -> Result<(Self, SessionStart), KeyringError> {
        let secret = secret_bytes(&credential, secret)?;
        let started = ClientLogin::start(random, &secret).map_err(|_| KeyringError::Broken)?;
        let request = Base64Url(started.message.serialize().to_vec());
        let start = SessionStart { username: username.clone(), credential: credential.clone(), request };
        Ok((Self { username, credential, secret, state: started.state }, start))
    }

    /// Stretches the secret (Argon2id) and checks it.
    pub(super) fn finish(
        self,
        random: &mut (impl RngCore + CryptoRng),
        challenge: SessionChallenge,
        device: &str,
    ) -> Result<(SessionFinish, Unlocking), KeyringError> {
        let response =
            CredentialResponse::deserialize(&challenge.response.0).map_err(|_| KeyringError::ServerMessage)?;
        let parameters = ClientLoginFinishParameters::new(Some(CONTEXT), identifiers(), None);
        let finished = self.state.finish(random, &self.secret, response, parameters).map_err(|error| match error {
            ProtocolError::InvalidLoginError => KeyringError::WrongSecret,
            _ => KeyringError::ServerMessage,
        })?;
        let key = KeyEncryptionKey::derive(&Zeroizing::new(finished.export_key), &self.credential);
        let token = session_token(&Zeroizing::new(finished.session_key)).expose_as_bearer();
        let finalization = Base64Url(finished.message.serialize().to_vec());
        let unlocking = Unlocking { username: self.username, key, token: Secret::new(token) };
        let device = Device::new(device).ok();
        Ok((SessionFinish { state: challenge.state, finalization, assertion: None, device }, unlocking))
    }
}

impl Unlocking {
    pub(super) fn finish(self, grant: &SessionGrant) -> Result<(AccountId, VaultKey, Username, Secret), KeyringError> {
        let wrapping = Wrapping { account: grant.account_id, username: &self.username, number: 0 };
        let vault_key = self.key.unwrap(&wrapping, &grant.wrapped_key.0)?;
        Ok((grant.account_id, vault_key, self.username, self.token))
    }
}
