//! The client's half of OPAQUE's registration (RFC 9807, section 5): a new account, a secret that replaces another, and
//! the secrets of a new vault key.

use opaque_ke::{ClientRegistration, ClientRegistrationFinishParameters, RegistrationResponse};
use rand_core_06::{CryptoRng, RngCore};
use shared::accounts::{AccountChallenge, AccountFinish, AccountStart, InviteCode, NewCredential, Username};
use shared::bytes::Base64Url;
use shared::changes::SealedHead;
use shared::credentials::{CredentialChallenge, CredentialFinish, CredentialStart};
use shared::ids::{AccountId, PasskeyId};
use shared::login::{Suite, Suites, identifiers};
use shared::passkeys::PasskeyRegistration;
use shared::proofs::Proof;
use shared::sessions::CredentialName;
use shared::vault_key::{VaultKeyChallenge, VaultKeyFinish, VaultKeyStart};
use zeroize::Zeroizing;

use super::head;
use super::json;
use super::keys::{KeyEncryptionKey, KeySet, VaultKey, VaultKeys, Wrapping};
use super::login::secret_bytes;
use super::protocol::KeyringError;
use super::recovery::RecoveryCode;
use super::seal::Head;
use super::vault::Vault;
use crate::secret::Secret;

/// The number of an account's first vault key.
const FIRST_KEY: u32 = 1;

/// A credential that is being registered.
struct PendingCredential {
    secret: Zeroizing<Vec<u8>>,
    state: ClientRegistration<Suite>,
}

impl PendingCredential {
    fn start(random: &mut (impl RngCore + CryptoRng), secret: &[u8]) -> Result<(Self, Base64Url), KeyringError> {
        let started = ClientRegistration::start(random, secret).map_err(|_| KeyringError::Broken)?;
        let pending = Self { secret: Zeroizing::new(secret.to_vec()), state: started.state };
        Ok((pending, Base64Url(started.message.serialize().to_vec())))
    }

    /// Makes the record with the newest suite, and wraps the vault key. Takes as long as a log-in.
    fn finish(
        &self,
        random: &mut (impl RngCore + CryptoRng),
        suites: Suites,
        name: &CredentialName,
        response: &Base64Url,
        wrapping: &Wrapping<'_>,
        vault_key: &VaultKey,
    ) -> Result<NewCredential, KeyringError> {
        let response = RegistrationResponse::deserialize(&response.0).map_err(|_| KeyringError::ServerMessage)?;
        let suite = suites.newest();
        let stretch = suites.stretch(suite).ok_or(KeyringError::UnknownSuite)?;
        let parameters = ClientRegistrationFinishParameters::new(identifiers(), Some(&stretch));
        let finished = self.state.clone().finish(random, &self.secret, response, parameters);
        let finished = finished.map_err(|_| KeyringError::ServerMessage)?;
        let key = KeyEncryptionKey::derive(&Zeroizing::new(finished.export_key), name);
        let record = Base64Url(finished.message.serialize().to_vec());
        Ok(NewCredential { suite, record, wrapped_key: Base64Url(key.wrap(wrapping, vault_key, random)?) })
    }
}

/// A registration between its two steps.
pub(super) struct Registration {
    invite: InviteCode,
    username: Username,
    passphrase: Secret,
    by_passphrase: PendingCredential,
    by_recovery: PendingCredential,
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

    /// Makes the account's id, vault key and first head, and wraps the key for both credentials. Takes as long as two
    /// log-ins. Also gives the username and passphrase, for the first log-in.
    pub(super) fn finish(
        self,
        random: &mut (impl RngCore + CryptoRng),
        suites: Suites,
        challenge: &AccountChallenge,
    ) -> Result<(AccountFinish, (Username, Secret)), KeyringError> {
        let mut id = [0; 16];
        random.fill_bytes(&mut id);
        let account_id = AccountId::from_random(id);
        let keys = KeySet::new(account_id, FIRST_KEY, VaultKey::generate(random));
        let wrapping = Wrapping { account: account_id, username: &self.username, number: FIRST_KEY };
        let mut finish = |pending: &PendingCredential, name, response: &Base64Url| {
            pending.finish(random, suites, &name, response, &wrapping, &keys.root)
        };
        let passphrase = finish(&self.by_passphrase, CredentialName::Passphrase, &challenge.passphrase)?;
        let recovery = finish(&self.by_recovery, CredentialName::Recovery, &challenge.recovery)?;
        let head = Head { change_no: 0, digest: head::digest(std::iter::empty()) };
        let head = keys.seal_head(&head, random)?;
        let Self { invite, username, .. } = &self;
        let (invite, username) = (invite.clone(), username.clone());
        let finish = AccountFinish { invite, username, account_id, passphrase, recovery, head };
        Ok((finish, (self.username, self.passphrase)))
    }
}

/// One secret of an open vault on its way to replace another, or to join them.
pub(super) struct Replacement {
    pub(super) credential: CredentialName,
    /// The body of `credentials/start`.
    pub(super) start: String,
    pending: PendingCredential,
    /// The proof that it was finished with. It may be finished once more with the same: the server may have asked for it.
    proof: Option<Proof>,
}

impl Replacement {
    /// Asks the server for a credential of this secret.
    pub(super) fn start(
        random: &mut (impl RngCore + CryptoRng),
        credential: CredentialName,
        secret: &Secret,
    ) -> Result<Self, KeyringError> {
        let secret = secret_bytes(&credential, secret)?;
        Self::of_bytes(random, credential, &secret)
    }

    pub(super) fn of_bytes(
        random: &mut (impl RngCore + CryptoRng),
        credential: CredentialName,
        secret: &[u8],
    ) -> Result<Self, KeyringError> {
        let (pending, request) = PendingCredential::start(random, secret)?;
        let start = json::write_body(&CredentialStart { credential: credential.clone(), request })?;
        Ok(Self { credential, start, pending, proof: None })
    }

    /// Makes another recovery code, and asks the server for its credential.
    pub(super) fn renew(random: &mut (impl RngCore + CryptoRng)) -> Result<(Self, Secret), KeyringError> {
        let code = RecoveryCode::generate(random);
        Ok((Self::of_bytes(random, CredentialName::Recovery, code.expose())?, code.to_text()))
    }

    /// Wraps the vault key for the secret. Takes as long as a log-in.
    ///
    /// # Errors
    /// [`KeyringError::OutOfTurn`] without a proof.
    pub(super) fn finish(
        &mut self,
        random: &mut (impl RngCore + CryptoRng),
        suites: Suites,
        account: (&Username, &KeySet),
        challenge: &CredentialChallenge,
        confirmed: Confirmed,
    ) -> Result<CredentialFinish, KeyringError> {
        let (username, keys) = account;
        self.proof = confirmed.proof.or_else(|| self.proof.take());
        let proof = self.proof.clone().ok_or(KeyringError::OutOfTurn)?;
        let wrapping = Wrapping { account: keys.account, username, number: keys.number };
        let Self { credential, pending, .. } = self;
        let secret = pending.finish(random, suites, credential, &challenge.response, &wrapping, &keys.root)?;
        let is_passkey = matches!(credential, CredentialName::Passkey(_));
        Ok(CredentialFinish {
            credential: credential.clone(),
            secret,
            proof,
            keep_passkeys: (!is_passkey).then_some(confirmed.keep_passkeys),
            registration: confirmed.passkey,
        })
    }
}

/// The parts of a request that a person or an authenticator has confirmed.
pub(super) struct Confirmed {
    /// None to use the one before once more.
    pub(super) proof: Option<Proof>,
    pub(super) keep_passkeys: Vec<PasskeyId>,
    pub(super) passkey: Option<PasskeyRegistration>,
}

/// A new vault key on its way to replace the open vault's.
pub(super) struct NewVaultKey {
    /// The body of `vault-key/start`.
    pub(super) start: String,
    passphrase: PendingCredential,
    recovery: PendingCredential,
    finished: Option<FinishedVaultKey>,
    /// The head of the last request.
    head: Option<SealedHead>,
    /// As in [`Replacement`].
    proof: Option<Proof>,
}

/// A new vault key that is wrapped.
struct FinishedVaultKey {
    keys: KeySet,
    passphrase: NewCredential,
    recovery: NewCredential,
    earlier_keys: Base64Url,
}

impl NewVaultKey {
    /// Makes the recovery code, and starts the registration of both credentials.
    pub(super) fn start(
        random: &mut (impl RngCore + CryptoRng),
        passphrase: &Secret,
    ) -> Result<(Self, Secret), KeyringError> {
        let code = RecoveryCode::generate(random);
        let (by_passphrase, passphrase) = PendingCredential::start(random, passphrase.expose().as_bytes())?;
        let (by_recovery, recovery) = PendingCredential::start(random, code.expose())?;
        let start = json::write_body(&VaultKeyStart { passphrase, recovery })?;
        let new =
            Self { start, passphrase: by_passphrase, recovery: by_recovery, finished: None, head: None, proof: None };
        Ok((new, code.to_text()))
    }

    /// Makes the key, wraps it for both credentials, and seals the earlier keys and the head under it. Takes as long as
    /// two log-ins, the first time.
    ///
    /// # Errors
    /// [`KeyringError::OutOfTurn`] without a proof, or as long as the vault's list is not complete or is in doubt.
    pub(super) fn finish(
        &mut self,
        random: &mut (impl RngCore + CryptoRng),
        suites: Suites,
        (username, vault): (&Username, &Vault),
        challenge: &VaultKeyChallenge,
        proof: Option<Proof>,
    ) -> Result<VaultKeyFinish, KeyringError> {
        self.proof = proof.or_else(|| self.proof.take());
        let proof = self.proof.clone().ok_or(KeyringError::OutOfTurn)?;
        let finished = match self.finished.take() {
            Some(finished) => finished,
            None => self.wrap(random, suites, (username, &vault.keys), challenge)?,
        };
        let finished = self.finished.insert(finished);
        let (replaces, head) = vault.head_under(&finished.keys, random)?;
        self.head = Some(head.clone());
        Ok(VaultKeyFinish {
            proof,
            key_no: finished.keys.number,
            passphrase: finished.passphrase.clone(),
            recovery: finished.recovery.clone(),
            earlier_keys: finished.earlier_keys.clone(),
            replaces,
            head,
        })
    }

    fn wrap(
        &self,
        random: &mut (impl RngCore + CryptoRng),
        suites: Suites,
        (username, before): (&Username, &VaultKeys),
        challenge: &VaultKeyChallenge,
    ) -> Result<FinishedVaultKey, KeyringError> {
        let account = before.account();
        let number = before.current().number.checked_add(1).ok_or(KeyringError::TooLarge)?;
        let keys = KeySet::new(account, number, VaultKey::generate(random));
        let wrapping = Wrapping { account, username, number };
        let mut finish = |pending: &PendingCredential, name, response: &Base64Url| {
            pending.finish(random, suites, &name, response, &wrapping, &keys.root)
        };
        let passphrase = finish(&self.passphrase, CredentialName::Passphrase, &challenge.passphrase)?;
        let recovery = finish(&self.recovery, CredentialName::Recovery, &challenge.recovery)?;
        let earlier_keys = Base64Url(before.seal_for(&keys, random)?);
        Ok(FinishedVaultKey { keys, passphrase, recovery, earlier_keys })
    }

    /// The new key and its head, once the server has them.
    pub(super) fn into_keys(self) -> Option<(KeySet, SealedHead)> {
        self.finished.map(|finished| finished.keys).zip(self.head)
    }
}
