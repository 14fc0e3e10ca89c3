//! The server key: OPAQUE's server setup and the key that seals the state of log-ins.
//!
//! It is created at the first start and stored in a file beside the data, or given by the environment. It is **never in
//! the database**, so that a thief of the database alone cannot even guess at passphrases. If it is lost, everyone is
//! locked out for good. The database holds a fingerprint of it, so that a wrong key is noticed at the start.
//!
//! OPAQUE's half cannot be changed, because every registered record depends on it. The half that seals log-ins can be
//! changed; the key then carries the fingerprint by which the database knows it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hkdf::Hkdf;
use opaque_ke::ServerSetup;
use rand_core_06::{OsRng, RngCore};
use sha2::{Digest, Sha512};
use shared::bytes::Base64Url;
use shared::login::Suite;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::store::{Hash, Store};

/// The key's file in the data folder.
pub const FILE: &str = "server-key";
/// The environment variable that holds the key in place of the file.
pub const VARIABLE: &str = "PASSMINT_SERVER_KEY";
/// Prefix of the key's text; the number is the format's version.
const PREFIX: &str = "passmint-server-key-1.";
/// Prefix of a key whose changeable half was changed: its fingerprint follows.
const PREFIX_CHANGED: &str = "passmint-server-key-2.";
/// Bytes of the OPAQUE server setup: seed (64), private key (32), decoy private key (32).
const SETUP_LEN: usize = 128;
/// Bytes of a registration record (RFC 9807, section 3.1): public key (32), masking key (64), envelope (96).
const RECORD_LEN: usize = 192;
const TOKEN_KEY_LEN: usize = 32;
const SALT_LEN: usize = 32;
const FINGERPRINT_LEN: usize = 32;

/// The server key. `Debug` hides it.
pub struct ServerKey {
    setup: ServerSetup<Suite>,
    decoy: Vec<u8>,
    token_key: TokenKey,
    fingerprint: Hash,
    /// True if the token key was changed, and the fingerprint is that of the original key.
    is_changed: bool,
}

/// The half that seals the state of log-ins.
#[derive(Zeroize, ZeroizeOnDrop)]
struct TokenKey([u8; TOKEN_KEY_LEN]);

impl std::fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerKey(hidden)")
    }
}

impl ServerKey {
    /// Makes a new key from the system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        let mut token_key = TokenKey([0; TOKEN_KEY_LEN]);
        OsRng.fill_bytes(&mut token_key.0);
        Self::from_parts(ServerSetup::new(&mut OsRng), token_key)
    }

    fn from_parts(setup: ServerSetup<Suite>, token_key: TokenKey) -> Self {
        let mut digest = Sha512::new_with_prefix(b"passmint/1/server key fingerprint");
        digest.update(setup.serialize());
        digest.update(token_key.0);
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(&digest.finalize()[..32]);
        // Nobody has the secret of this record: its public key is the server's own.
        let mut decoy = setup.keypair().public().serialize().to_vec();
        decoy.resize(RECORD_LEN, 0);
        Self { setup, decoy, token_key, fingerprint, is_changed: false }
    }

    /// The same key with a new half that seals log-ins. The database accepts it, and every vault opens; the old half
    /// cannot forge log-ins any more. Log-ins that have begun fail.
    ///
    /// # Errors
    /// Never for a valid key: OPAQUE's half is parsed once more.
    pub fn with_new_token_key(&self) -> Result<Self> {
        let setup = ServerSetup::deserialize(&Zeroizing::new(self.setup.serialize())).ok().context("it is damaged")?;
        let mut token_key = TokenKey([0; TOKEN_KEY_LEN]);
        OsRng.fill_bytes(&mut token_key.0);
        Ok(Self { fingerprint: self.fingerprint, is_changed: true, ..Self::from_parts(setup, token_key) })
    }

    /// Reads the text that [`ServerKey::expose_as_text`] writes.
    ///
    /// # Errors
    /// Describes the mistake without quoting the text.
    pub fn from_text(text: &str) -> Result<Self> {
        let text = text.trim();
        let changed = text.strip_prefix(PREFIX_CHANGED);
        let encoded = changed
            .or_else(|| text.strip_prefix(PREFIX))
            .with_context(|| format!("it does not start with {PREFIX}"))?;
        let bytes = Zeroizing::new(Base64Url::decode(encoded).context("it is damaged")?.0);
        let more = if changed.is_some() { FINGERPRINT_LEN } else { 0 };
        ensure!(bytes.len() == SETUP_LEN + TOKEN_KEY_LEN + more, "it is too short or too long");
        let (setup, rest) = bytes.split_at(SETUP_LEN);
        let (token_key, fingerprint) = rest.split_at(TOKEN_KEY_LEN);
        let setup = ServerSetup::deserialize(setup).ok().context("it is damaged")?;
        let key = Self::from_parts(setup, TokenKey(token_key.try_into()?));
        match changed {
            Some(_) => Ok(Self { fingerprint: fingerprint.try_into()?, is_changed: true, ..key }),
            None => Ok(key),
        }
    }

    /// The key as text: it is as secret as the key.
    pub fn expose_as_text(&self) -> Zeroizing<String> {
        let (prefix, more) = if self.is_changed { (PREFIX_CHANGED, &self.fingerprint[..]) } else { (PREFIX, &[][..]) };
        let bytes = Zeroizing::new([self.setup.serialize().as_slice(), &self.token_key.0, more].concat());
        let encoded = Zeroizing::new(Base64Url::encode(&bytes));
        Zeroizing::new([prefix, &encoded].concat())
    }

    /// Finds the server key: in the environment, or else in the data folder. Returns `None` if there is none.
    ///
    /// # Errors
    /// If the variable or the file holds no valid key.
    pub fn find(folder: &Path) -> Result<Option<Self>> {
        if let Some(text) = std::env::var_os(VARIABLE) {
            let text = Zeroizing::new(text.into_string().ok().with_context(|| format!("{VARIABLE} is not text"))?);
            return Self::from_text(&text).map(Some).with_context(|| format!("{VARIABLE} holds no server key"));
        }
        Self::load(&folder.join(FILE))
    }

    /// Finds the server key, or creates its file if there is neither a key nor an account.
    ///
    /// # Errors
    /// If there is no key but there are accounts, or the store cannot tell.
    pub fn find_or_create(folder: &Path, store: &dyn Store) -> Result<Self> {
        if let Some(key) = Self::find(folder)? {
            return Ok(key);
        }
        let file = folder.join(FILE);
        if store
            .has_accounts()
            .context("there is no server key yet, and only the database shows if one may be created")?
        {
            bail!(
                "there are vaults but no server key: put it back as {} (a new one would lock everyone out)",
                file.display()
            );
        }
        let key = Self::generate();
        key.store(&file)?;
        tracing::warn!(file = %file.display(), "made the server key; keep a copy of it: without it no vault opens");
        Ok(key)
    }

    /// Reads the key from a file; `None` if there is no file.
    ///
    /// # Errors
    /// If the file cannot be read or holds no key.
    pub fn load(path: &Path) -> Result<Option<Self>> {
        if !path.try_exists().with_context(|| format!("cannot look for {}", path.display()))? {
            return Ok(None);
        }
        let text = Zeroizing::new(fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?);
        Self::from_text(&text).map(Some).with_context(|| format!("{} holds no server key", path.display()))
    }

    /// Writes the key to a new file that only its owner can read, and waits until it is on the disk.
    ///
    /// # Errors
    /// If the file exists or cannot be written.
    pub fn store(&self, path: &Path) -> Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let write = || {
            let mut file = options.open(path)?;
            file.write_all(self.expose_as_text().as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }

    /// Replaces the key in its file: after a power cut, either the old one or this one is there.
    ///
    /// # Errors
    /// If the file cannot be written; it stays unchanged then.
    pub fn replace(&self, path: &Path) -> Result<()> {
        let fresh = path.with_extension("new");
        self.store(&fresh).context("a change of the key that was cut off may have left this file: delete it")?;
        let rename = || {
            // The new file gets the old one's owner: the command may run as root, and the server as another user.
            #[cfg(unix)]
            {
                use std::os::unix::fs::{MetadataExt, chown};
                let (old, new) = (fs::metadata(path)?, fs::metadata(&fresh)?);
                if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
                    chown(&fresh, Some(old.uid()), Some(old.gid()))?;
                }
            }
            fs::rename(&fresh, path)?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            fs::File::open(folder)?.sync_all()
        };
        rename().with_context(|| format!("cannot replace {}", path.display()))
    }

    /// The hash by which the database recognises the key; it does not reveal the key.
    pub fn fingerprint(&self) -> &Hash {
        &self.fingerprint
    }

    /// OPAQUE's server setup (RFC 9807, section 4).
    pub fn setup(&self) -> &ServerSetup<Suite> {
        &self.setup
    }

    /// An OPAQUE record that belongs to no account. A log-in with an unknown username reads it, so that the answer
    /// takes as long as for an existing account.
    pub fn decoy(&self) -> &[u8] {
        &self.decoy
    }

    /// Seals bytes that the server hands to a client and gets back. Each call derives its own key from a random salt,
    /// so that the number of calls is not limited.
    ///
    /// # Errors
    /// Fails only for inputs of more than 256 GiB.
    pub fn seal_state(&self, kind: StateKind, plaintext: &[u8]) -> Result<Vec<u8>, StateError> {
        let mut sealed = vec![0; SALT_LEN];
        OsRng.fill_bytes(&mut sealed);
        let ciphertext = self.cipher(kind, &sealed)?.encrypt(&Nonce::default(), plaintext).map_err(|_| StateError)?;
        sealed.extend(ciphertext);
        Ok(sealed)
    }

    /// Opens the output of [`ServerKey::seal_state`] for the same kind, of this process or another one with the same key.
    ///
    /// # Errors
    /// [`StateError`] if the bytes are not such an output.
    pub fn open_state(&self, kind: StateKind, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StateError> {
        let (salt, ciphertext) = sealed.split_at_checked(SALT_LEN).ok_or(StateError)?;
        let plaintext = self.cipher(kind, salt)?.decrypt(&Nonce::default(), ciphertext).map_err(|_| StateError)?;
        Ok(Zeroizing::new(plaintext))
    }

    fn cipher(&self, kind: StateKind, salt: &[u8]) -> Result<ChaCha20Poly1305, StateError> {
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha512>::new(Some(salt), &self.token_key.0).expand(kind.label(), &mut *key).map_err(|_| StateError)?;
        Ok(ChaCha20Poly1305::new(Key::from_slice(&*key)))
    }
}

/// The purpose of sealed bytes. Each has a key of its own, so that bytes that were sealed for one purpose do not open for
/// another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateKind {
    LogIn,
    Proof,
    PasskeyChallenge,
}

impl StateKind {
    /// HKDF's "info" of the key (RFC 5869, section 3.2).
    fn label(self) -> &'static [u8] {
        match self {
            Self::LogIn => b"passmint/1/log-in state",
            Self::Proof => b"passmint/2/proof state",
            Self::PasskeyChallenge => b"passmint/2/passkey challenge",
        }
    }
}

/// The bytes were not sealed for this purpose with this server key, or were changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not sealed by this server")]
pub struct StateError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_restored_from_its_file_which_only_the_owner_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server-key");
        assert!(ServerKey::load(&path).unwrap().is_none());
        let key = ServerKey::generate();
        key.store(&path).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let loaded = ServerKey::load(&path).unwrap().unwrap();
        assert_eq!(loaded.fingerprint(), key.fingerprint());
        assert_eq!(
            loaded
                .open_state(StateKind::LogIn, &key.seal_state(StateKind::LogIn, b"state").unwrap())
                .unwrap()
                .as_slice(),
            b"state"
        );
        assert!(key.store(&path).is_err(), "a key is never overwritten");
    }

    #[test]
    fn new_token_key_keeps_the_fingerprint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server-key");
        let first = ServerKey::generate();
        first.store(&path).unwrap();
        // Twice: a key that was changed once can be changed again.
        let mut key = first.with_new_token_key().unwrap();
        key = key.with_new_token_key().unwrap();
        key.replace(&path).unwrap();
        let loaded = ServerKey::load(&path).unwrap().unwrap();
        assert_eq!(loaded.fingerprint(), first.fingerprint());
        assert_eq!(loaded.setup().serialize(), first.setup().serialize(), "records open as before");
        assert_eq!(loaded.decoy(), first.decoy());
        assert_eq!(
            loaded
                .open_state(StateKind::LogIn, &key.seal_state(StateKind::LogIn, b"state").unwrap())
                .unwrap()
                .as_slice(),
            b"state"
        );
        let made_up = first.seal_state(StateKind::LogIn, b"state").unwrap();
        assert_eq!(loaded.open_state(StateKind::LogIn, &made_up).err(), Some(StateError), "the old half is of no use");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn invalid_key_is_named_and_not_repeated() {
        let text = ServerKey::generate().expose_as_text();
        let other = text.replace(PREFIX, PREFIX_CHANGED);
        for wrong in ["", "hunter2-hunter2", PREFIX, &other, &text[..text.len() - 4], &format!("{}AAAA", *text)] {
            let error = format!("{:#}", ServerKey::from_text(wrong).unwrap_err());
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_changed_or_foreign_state_is_refused() {
        let key = ServerKey::generate();
        let sealed = key.seal_state(StateKind::LogIn, b"state").unwrap();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(key.open_state(StateKind::LogIn, &changed).err(), Some(StateError), "byte {place}");
        }
        assert_eq!(key.open_state(StateKind::LogIn, &sealed[..sealed.len() - 1]).err(), Some(StateError));
        assert_eq!(key.open_state(StateKind::LogIn, b"").err(), Some(StateError));
        assert_eq!(ServerKey::generate().open_state(StateKind::LogIn, &sealed).err(), Some(StateError));
    }

    #[test]
    fn state_of_one_kind_is_none_of_another() {
        let key = ServerKey::generate();
        let kinds = [StateKind::LogIn, StateKind::Proof, StateKind::PasskeyChallenge];
        for sealed_as in kinds {
            let sealed = key.seal_state(sealed_as, b"state").unwrap();
            for opened_as in kinds {
                assert_eq!(key.open_state(opened_as, &sealed).is_ok(), opened_as == sealed_as, "{sealed_as:?}");
            }
        }
    }

    #[test]
    fn debug_hides_the_key() {
        assert_eq!(format!("{:?}", ServerKey::generate()), "ServerKey(hidden)");
    }
}
