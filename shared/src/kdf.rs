//! Argon2id (RFC 9106), version 1.3: the costs, their bounds, and the guard against files that ask for too much memory.
//!
//! The log-in uses [`Costs::STANDARD`] and nothing else. Files (encrypted backups, sealed archives, exports of other
//! programs) name their own costs, and whoever wrote the file chose them: costs above [`Costs::MAX`] are refused, and
//! memory that cannot be allocated is an error instead of the end of the program.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use serde::{Deserialize, Serialize};

/// Argon2id's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Costs {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Lanes: parts of the memory that could be filled in parallel. Here they are filled one after the other.
    pub lanes: u32,
}

impl Costs {
    /// The costs of a log-in, and of every file that Passmint writes: the second recommendation of RFC 9106, section 4
    /// (64 MiB, 3 passes), with one lane. A browser's worker has one thread, so more lanes would only help an attacker.
    pub const STANDARD: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 1 };

    /// The most that a file may ask for: 1 GiB, 10 passes, 16 lanes.
    pub const MAX: Self = Self { memory_kib: 1024 * 1024, passes: 10, lanes: 16 };

    /// Memory, passes and lanes, 4 bytes each, big-endian: the form that files carry and bind to their ciphertext.
    pub fn to_be_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        let fields = [self.memory_kib, self.passes, self.lanes].map(u32::to_be_bytes);
        bytes.copy_from_slice(fields.as_flattened());
        bytes
    }

    /// Reads [`Costs::to_be_bytes`].
    pub fn from_be_bytes(bytes: [u8; 12]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = bytes;
        let [memory_kib, passes, lanes] = [[a, b, c, d], [e, f, g, h], [i, j, k, l]].map(u32::from_be_bytes);
        Self { memory_kib, passes, lanes }
    }

    fn is_within(self, max: Self) -> bool {
        self.memory_kib <= max.memory_kib && self.passes <= max.passes && self.lanes <= max.lanes
    }
}

/// No key could be derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KdfError {
    /// The costs are above [`Costs::MAX`].
    #[error("it asks for more memory or time than Passmint allows: at most 1 GiB, 10 passes and 16 lanes")]
    TooCostly,
    /// The memory cannot be allocated.
    #[error("the passphrase cannot be checked: that takes {mebibytes} MiB of memory, and less is free")]
    OutOfMemory {
        /// The memory that the costs ask for, in MiB.
        mebibytes: u32,
    },
    /// Argon2 does not know such costs (no pass, no lane, less than 8 KiB a lane), or the salt has less than 8 bytes.
    #[error("the parameters of its key derivation are not valid")]
    Invalid,
}

/// Derives a key of any length from 4 bytes.
///
/// # Errors
/// [`KdfError`] says what is wrong with the costs or the salt, or that memory is lacking.
pub fn argon2id(secret: &[u8], salt: &[u8], costs: Costs, key: &mut [u8]) -> Result<(), KdfError> {
    if !costs.is_within(Costs::MAX) {
        return Err(KdfError::TooCostly);
    }
    let params = Params::new(costs.memory_kib, costs.passes, costs.lanes, Some(key.len()));
    let params = params.map_err(|_| KdfError::Invalid)?;
    // `hash_password_into` would allocate by `vec!`, which aborts the process where memory is lacking.
    let mut blocks: Vec<Block> = Vec::new();
    let out_of_memory = |_| KdfError::OutOfMemory { mebibytes: costs.memory_kib.div_ceil(1024) };
    blocks.try_reserve_exact(params.block_count()).map_err(out_of_memory)?;
    blocks.resize(params.block_count(), Block::new());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into_with_memory(secret, salt, key, &mut blocks).map_err(|_| KdfError::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Costs = Costs { memory_kib: 64, passes: 1, lanes: 1 };

    fn key(salt: &[u8], costs: Costs) -> Result<[u8; 32], KdfError> {
        let mut key = [0; 32];
        argon2id(b"password", salt, costs, &mut key).map(|()| key)
    }

    #[test]
    fn costs_above_the_bounds_are_refused() {
        let Costs { memory_kib, passes, lanes } = Costs::MAX;
        for costs in [
            Costs { memory_kib: memory_kib + 1, ..CHEAP },
            Costs { passes: passes + 1, ..CHEAP },
            Costs { lanes: lanes + 1, memory_kib: 1024, ..CHEAP },
            Costs { memory_kib: u32::MAX, passes: u32::MAX, lanes: u32::MAX },
        ] {
            assert_eq!(key(b"somesalt", costs), Err(KdfError::TooCostly), "{costs:?}");
        }
        for costs in [Costs { passes, ..CHEAP }, Costs { lanes, memory_kib: 1024, ..CHEAP }] {
            assert!(key(b"somesalt", costs).is_ok(), "{costs:?}");
        }
    }

    #[test]
    fn costs_and_salts_that_argon2_does_not_know_are_refused() {
        for costs in [
            Costs { memory_kib: 7, ..CHEAP },
            Costs { passes: 0, ..CHEAP },
            Costs { lanes: 0, ..CHEAP },
            Costs { memory_kib: 0, passes: 0, lanes: 0 },
        ] {
            assert_eq!(key(b"somesalt", costs), Err(KdfError::Invalid), "{costs:?}");
        }
        assert_eq!(key(b"short", CHEAP), Err(KdfError::Invalid));
    }

    #[test]
    fn costs_come_back_from_their_bytes() {
        let costs = Costs { memory_kib: 0x0102_0304, passes: 0x0506_0708, lanes: 0x090a_0b0c };
        assert_eq!(costs.to_be_bytes(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        assert_eq!(Costs::from_be_bytes(costs.to_be_bytes()), costs);
    }
}
