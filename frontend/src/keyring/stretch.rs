//! Argon2id (RFC 9106) at costs that a file names: for backups, and for exports that other programs read.
//!
//! The costs of logging in are compiled in and are none of this module's: see [`shared::login::Stretch`].

use shared::login::{STRETCH_LANES, STRETCH_MEMORY_KIB, STRETCH_PASSES, argon2id};

use super::protocol::{Costs, KeyringError};
use crate::secret::SecretBytes;

/// The most memory that a file may ask for, in KiB.
const MEMORY_KIB_MAX: u32 = 1024 * 1024;
/// The most passes that a file may ask for.
const PASSES_MAX: u32 = 10;
/// The most lanes that a file may ask for. They are computed one after the other.
const LANES_MAX: u32 = 16;

/// What a new backup costs: as much as a log-in.
pub(super) const COSTS: Costs = Costs { memory_kib: STRETCH_MEMORY_KIB, passes: STRETCH_PASSES, lanes: STRETCH_LANES };

/// Argon2id, version 1.3: a key of 32 bytes. Costs above the bounds are refused, and memory that this device does not
/// have is an error and not the end of the program.
pub(super) fn stretch(secret: &str, salt: &[u8], costs: Costs) -> Result<SecretBytes, KeyringError> {
    let Costs { memory_kib, passes, lanes } = costs;
    if memory_kib > MEMORY_KIB_MAX || passes > PASSES_MAX || lanes > LANES_MAX {
        return Err(KeyringError::TooCostly);
    }
    let mut key = SecretBytes::default();
    argon2id(secret.as_bytes(), salt, [memory_kib, passes, lanes], key.expose_mut())
        .map_err(|_| KeyringError::TooCostly)?;
    Ok(key)
}
