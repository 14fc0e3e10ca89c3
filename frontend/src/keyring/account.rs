//! The keyring's answers to requests that register, log in, and change what opens a vault.

use rand_core_06::{CryptoRng, RngCore};
use shared::accounts::{DeleteAccount, Username};
use shared::credentials::RemovePasskey;
use shared::ids::PasskeyId;
use shared::passkeys::{PasskeyAssertion, PasskeyRegistration};
use shared::proofs::Proof;
use shared::sessions::{CredentialName, SessionGrant};

use super::protocol::{KeyringError, ProvenAction, Response};
use super::vault::Vault;
use super::{Keyring, json, login, post, registration};
use crate::secret::Secret;

impl<R: RngCore + CryptoRng> Keyring<R> {
    fn username(&self, typed: &str) -> Result<Username, KeyringError> {
        Username::lower_cased_by(self.lower_case, typed).map_err(KeyringError::Username)
    }

    pub(super) fn start_registration(
        &mut self,
        invite: String,
        username: &str,
        passphrase: Secret,
    ) -> Result<Response, KeyringError> {
        let username = self.username(username)?;
        let (registration, recovery_code, start) =
            registration::Registration::start(&mut self.random, invite, username, passphrase)?;
        self.registration = Some(registration);
        Ok(Response::RegistrationStarted { recovery_code, body: json::write_body(&start)? })
    }

    pub(super) fn continue_registration(&mut self, answer: &str) -> Result<Response, KeyringError> {
        let registration = self.registration.take().ok_or(KeyringError::OutOfTurn)?;
        let (finish, registered) = registration.finish(&mut self.random, self.suites, &json::read_answer(answer)?)?;
        self.registered = Some(registered);
        post(&finish)
    }

    pub(super) fn start_first_login(&mut self) -> Result<Response, KeyringError> {
        let (username, passphrase) = self.registered.as_ref().ok_or(KeyringError::OutOfTurn)?;
        let passphrase = Secret::new(passphrase.expose().to_owned());
        self.start_login_as(username.clone(), CredentialName::Passphrase, &passphrase)
    }

    pub(super) fn start_login(
        &mut self,
        username: &str,
        credential: CredentialName,
        secret: &Secret,
    ) -> Result<Response, KeyringError> {
        self.start_login_as(self.username(username)?, credential, secret)
    }

    fn start_login_as(
        &mut self,
        username: Username,
        credential: CredentialName,
        secret: &Secret,
    ) -> Result<Response, KeyringError> {
        let (login, start) = login::PendingLogin::start(&mut self.random, username, credential, secret)?;
        self.login = Some(login);
        post(&start)
    }

    pub(super) fn continue_login(
        &mut self,
        answer: &str,
        device: &str,
        assertion: Option<PasskeyAssertion>,
    ) -> Result<Response, KeyringError> {
        let login = self.login.take().ok_or(KeyringError::OutOfTurn)?;
        let challenge = json::read_answer(answer)?;
        let (finish, unlocking) = login.finish(&mut self.random, self.suites, challenge, device, assertion)?;
        self.unlocking = Some(unlocking);
        post(&finish)
    }

    pub(super) fn finish_login(&mut self, answer: &str) -> Result<Response, KeyringError> {
        let unlocking = self.unlocking.take().ok_or(KeyringError::OutOfTurn)?;
        let logged_in = unlocking.finish(&json::read_answer::<SessionGrant>(answer)?)?;
        let login::LoggedIn { keys, username, token, outdated } = logged_in;
        // A log-in while a vault is open must be to the same vault: a server cannot put another in its place.
        if let Some(open) = &self.vault
            && (open.keys.account() != keys.account() || !keys.current().root.is_equal(&open.keys.current().root))
        {
            return Err(KeyringError::OtherVault);
        }
        self.registered = None;
        let account = keys.account();
        let draft_keys = keys.all().map(|set| set.draft.public()).collect();
        let (is_legacy, is_outdated) = (keys.is_legacy(), outdated.is_some());
        self.outdated = outdated;
        let unlocked = Response::Unlocked {
            account,
            username: username.as_str().to_owned(),
            token,
            draft_keys,
            is_legacy,
            is_outdated,
        };
        if self.vault.is_none() {
            self.vault = Some(Vault::new(keys));
            self.username = Some(username);
        }
        Ok(unlocked)
    }

    pub(super) fn start_proof(
        &mut self,
        credential: CredentialName,
        secret: &Secret,
    ) -> Result<Response, KeyringError> {
        let bytes = login::secret_bytes(&credential, secret)?;
        let (pending, start) = login::PendingProof::start(&mut self.random, credential, bytes)?;
        self.pending_proof = Some(pending);
        self.proof = None;
        post(&start)
    }

    pub(super) fn continue_proof(&mut self, answer: &str) -> Result<Response, KeyringError> {
        let pending = self.pending_proof.take().ok_or(KeyringError::OutOfTurn)?;
        let (vault, username) = self.vault.as_ref().zip(self.username.as_ref()).ok_or(KeyringError::Locked)?;
        let account = (username, vault.keys.current());
        self.proof = Some(pending.finish(&mut self.random, self.suites, account, json::read_answer(answer)?)?);
        Ok(Response::Proven)
    }

    /// The proof, for one request.
    fn take_proof(&mut self) -> Result<Proof, KeyringError> {
        self.proof.take().ok_or(KeyringError::OutOfTurn)
    }

    pub(super) fn use_proof(&mut self, action: ProvenAction) -> Result<Response, KeyringError> {
        let proof = self.take_proof()?;
        match action {
            ProvenAction::RemovePasskey(id) => post(&RemovePasskey { id, proof }),
            ProvenAction::DeleteAccount => post(&DeleteAccount { proof }),
        }
    }

    pub(super) fn start_replacement(
        &mut self,
        credential: CredentialName,
        secret: &Secret,
    ) -> Result<Response, KeyringError> {
        let replacement = registration::Replacement::start(&mut self.random, credential, secret)?;
        Ok(Response::Post { body: self.add_replacement(replacement) })
    }

    pub(super) fn start_renewal(&mut self) -> Result<Response, KeyringError> {
        let (replacement, recovery_code) = registration::Replacement::renew(&mut self.random)?;
        Ok(Response::RegistrationStarted { recovery_code, body: self.add_replacement(replacement) })
    }

    /// Starts a proof of the secret that opened the vault, and its replacement by itself.
    pub(super) fn start_raising(&mut self) -> Result<Response, KeyringError> {
        let login::OutdatedSecret { credential, secret } = self.outdated.take().ok_or(KeyringError::OutOfTurn)?;
        let replacement = registration::Replacement::of_bytes(&mut self.random, credential.clone(), &secret)?;
        let (pending, start) = login::PendingProof::start(&mut self.random, credential, secret)?;
        self.pending_proof = Some(pending);
        Ok(Response::RaisingStarted {
            proof: json::write_body(&start)?,
            replacement: self.add_replacement(replacement),
        })
    }

    /// Keeps a replacement in place of one of the same credential, and gives its body.
    fn add_replacement(&mut self, replacement: registration::Replacement) -> String {
        self.replacements.retain(|other| other.credential != replacement.credential);
        let start = replacement.start.clone();
        self.replacements.push(replacement);
        start
    }

    pub(super) fn finish_replacement(
        &mut self,
        start: &str,
        answer: &str,
        keep_passkeys: Vec<PasskeyId>,
        passkey: Option<PasskeyRegistration>,
    ) -> Result<Response, KeyringError> {
        // An answer to another request would make a record that nothing opens.
        let replacement = self.replacements.iter_mut().find(|replacement| replacement.start == start);
        let replacement = replacement.ok_or(KeyringError::OutOfTurn)?;
        let (vault, username) = self.vault.as_ref().zip(self.username.as_ref()).ok_or(KeyringError::Locked)?;
        let account = (username, vault.keys.current());
        let confirmed = registration::Confirmed { proof: self.proof.take(), keep_passkeys, passkey };
        let challenge = json::read_answer(answer)?;
        post(&replacement.finish(&mut self.random, self.suites, account, &challenge, confirmed)?)
    }

    pub(super) fn start_vault_key(&mut self, passphrase: &Secret) -> Result<Response, KeyringError> {
        let (new, recovery_code) = registration::NewVaultKey::start(&mut self.random, passphrase)?;
        let body = new.start.clone();
        self.new_vault_key = Some(new);
        Ok(Response::RegistrationStarted { recovery_code, body })
    }

    pub(super) fn finish_vault_key(&mut self, start: &str, answer: &str) -> Result<Response, KeyringError> {
        let new = self.new_vault_key.as_mut().filter(|new| new.start == start).ok_or(KeyringError::OutOfTurn)?;
        let (vault, username) = self.vault.as_ref().zip(self.username.as_ref()).ok_or(KeyringError::Locked)?;
        let (challenge, proof) = (json::read_answer(answer)?, self.proof.take());
        post(&new.finish(&mut self.random, self.suites, (username, vault), &challenge, proof)?)
    }

    pub(super) fn adopt_vault_key(&mut self) -> Result<Response, KeyringError> {
        let vault = self.vault.as_mut().ok_or(KeyringError::Locked)?;
        let new = self.new_vault_key.take().and_then(registration::NewVaultKey::into_keys);
        let (keys, head) = new.ok_or(KeyringError::OutOfTurn)?;
        let update = vault.replace_key(keys, &head, &mut self.random);
        self.outdated = None;
        Ok(Response::VaultKeyReplaced { draft_key: vault.keys.current().draft.public(), update })
    }
}
