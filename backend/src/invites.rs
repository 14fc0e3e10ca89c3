//! Invites: who has the code may make one account.

use rand_core_06::{OsRng, RngCore};
use sha2::{Digest, Sha512};
use shared::accounts::InviteCode;
use shared::bytes::Base64Url;

use crate::store::{Hash, Invite, Millis, Store, StoreError};

/// Random octets of a code: not to be guessed.
const CODE_LEN: usize = 16;

/// Makes an invite that is good for `lifetime` and stores it. The code is not stored and cannot be shown again.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub fn make(store: &dyn Store, lifetime: Millis, setup: bool, now: Millis) -> Result<InviteCode, StoreError> {
    let mut octets = [0; CODE_LEN];
    OsRng.fill_bytes(&mut octets);
    let expires_at = now.saturating_add(lifetime);
    store.add_invite(&Invite { code_hash: hash_octets(&octets), expires_at, setup })?;
    Ok(InviteCode(Base64Url::encode(&octets)))
}

/// What the store knows a code by; nothing if the text can be no code.
#[must_use]
pub fn hash(code: &InviteCode) -> Option<Hash> {
    let octets = Base64Url::decode(&code.0).ok()?.0;
    (octets.len() == CODE_LEN).then(|| hash_octets(&octets))
}

fn hash_octets(octets: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(&Sha512::digest(octets)[..32]);
    hash
}
