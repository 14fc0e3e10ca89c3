//! Argon2id at costs that a file names: for backups, and for exports that other programs read.
//!
//! A log-in has costs of its own, which are compiled in: see [`shared::login::Stretch`].

use shared::kdf::{Costs, argon2id};

use super::protocol::KeyringError;
use crate::secret::{Secret, SecretBytes};

/// Derives a key of 32 bytes.
///
/// # Errors
/// [`KeyringError::TooCostly`] if the costs are above [`Costs::MAX`], are not valid, or need more memory than this device
/// has.
pub(super) fn derive_key(secret: &Secret, salt: &[u8], costs: Costs) -> Result<SecretBytes, KeyringError> {
    let mut key = SecretBytes::default();
    argon2id(secret.expose().as_bytes(), salt, costs, key.expose_mut()).map_err(|_| KeyringError::TooCostly)?;
    Ok(key)
}
