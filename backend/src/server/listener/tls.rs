//! HTTPS: a certificate and its key from files, read again when they change. TLS 1.3 by rustls.
//!
//! There is no older version: every browser that can run the page supports 1.3. There is no HTTP/2: answers of the
//! interface are small JSON documents, and the page has few files.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::ServerConfig;
use tokio_rustls::rustls::{self, crypto::ring};

/// Time between two checks of the files.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{}: {error}", path.display())]
    Unread { path: PathBuf, error: std::io::Error },
    /// A file holds no certificate or no key.
    #[error("{} holds no {what} in PEM form", path.display())]
    Empty { path: PathBuf, what: &'static str },
    /// The key does not belong to the certificate.
    #[error("{} is not the key of the certificate in {}: take both from the same order", key.display(), cert.display())]
    Mismatch { cert: PathBuf, key: PathBuf },
    /// The certificate or key is damaged, or of an unsupported kind.
    #[error("{} and {} cannot be used: {error}", cert.display(), key.display())]
    Unusable { cert: PathBuf, key: PathBuf, error: rustls::Error },
}

/// The last valid certificate and key.
pub struct Tls {
    cert: PathBuf,
    key: PathBuf,
    now: RwLock<Loaded>,
}

struct Loaded {
    config: Arc<ServerConfig>,
    /// The files at the last check, valid or not.
    state: FileState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FileState {
    Content([u8; 32]),
    Unreadable,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("cert", &self.cert).field("key", &self.key).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads a certificate with its chain, and its key.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(cert: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        let files = Files::read(&cert, &key)?;
        let now = Loaded { config: Arc::new(files.config(&cert, &key)?), state: files.state() };
        Ok(Self { cert, key, now: RwLock::new(now) })
    }

    /// Returns an acceptor with the newest valid certificate.
    pub fn acceptor(&self) -> TlsAcceptor {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&now.config))
    }

    /// Loads the files if they have changed, and returns whether they had. An invalid certificate is reported once, and
    /// the last valid one stays in use.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn reload_if_changed(&self) -> Result<bool, TlsError> {
        let files = Files::read(&self.cert, &self.key);
        let state = files.as_ref().map_or(FileState::Unreadable, Files::state);
        if self.now.read().unwrap_or_else(PoisonError::into_inner).state == state {
            return Ok(false);
        }
        let config = files.and_then(|files| files.config(&self.cert, &self.key));
        let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
        now.state = state;
        now.config = Arc::new(config?);
        Ok(true)
    }
}

/// Checks the files every ten seconds for as long as the certificate is used. It runs on a thread of its own, so that a
/// network drive that hangs blocks nothing else.
///
/// # Errors
/// If the thread cannot be started.
pub fn watch(tls: &Arc<Tls>) -> Result<()> {
    let tls = Arc::downgrade(tls);
    let look = move || {
        loop {
            std::thread::sleep(CHECK_INTERVAL);
            let Some(tls) = tls.upgrade() else { return };
            match tls.reload_if_changed() {
                Ok(true) => tracing::info!("the certificate has changed and is used from now on"),
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "the new certificate is not used; the one before still is"),
            }
        }
    };
    std::thread::Builder::new().name("certificate".into()).spawn(look).context("cannot start a thread")?;
    Ok(())
}

/// The content of both files.
struct Files {
    cert: Vec<u8>,
    key: zeroize::Zeroizing<Vec<u8>>,
}

impl Files {
    fn read(cert: &PathBuf, key: &PathBuf) -> Result<Self, TlsError> {
        let read = |path: &PathBuf| fs::read(path).map_err(|error| TlsError::Unread { path: path.clone(), error });
        Ok(Self { cert: read(cert)?, key: read(key)?.into() })
    }

    fn state(&self) -> FileState {
        let hash = Sha256::new().chain_update(self.cert.len().to_be_bytes()).chain_update(&self.cert);
        FileState::Content(hash.chain_update(&*self.key).finalize().into())
    }

    fn config(&self, cert: &PathBuf, key: &PathBuf) -> Result<ServerConfig, TlsError> {
        let empty = |path: &PathBuf, what| TlsError::Empty { path: path.clone(), what };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&self.cert)
            .collect::<Result<_, _>>()
            .map_err(|_| empty(cert, "certificate"))?;
        if chain.is_empty() {
            return Err(empty(cert, "certificate"));
        }
        let secret = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| empty(key, "private key"))?;
        let unusable = |error| match error {
            rustls::Error::InconsistentKeys(_) => TlsError::Mismatch { cert: cert.clone(), key: key.clone() },
            error => TlsError::Unusable { cert: cert.clone(), key: key.clone(), error },
        };
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(unusable)?
            .with_no_client_auth()
            .with_single_cert(chain, secret)
            .map_err(unusable)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}
