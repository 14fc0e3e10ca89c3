//! Invites. The code of an invite is good for creating one account.

use rand_core_06::{OsRng, RngCore};
use sha2::{Digest, Sha512};
use shared::accounts::InviteCode;
use shared::bytes::Base64Url;

use crate::store::{Hash, Invite, Millis, Store, StoreError};

/// Random bytes of a code: too many to guess.
const CODE_LEN: usize = 16;

/// Creates an invite that is good for `lifetime`, and stores its hash. The code is not stored and cannot be shown
/// again.
///
/// # Errors
/// If the store cannot write.
pub fn create(store: &dyn Store, lifetime: Millis, setup: bool, now: Millis) -> Result<InviteCode, StoreError> {
    let mut bytes = [0; CODE_LEN];
    OsRng.fill_bytes(&mut bytes);
    let expires_at = now.saturating_add(lifetime);
    store.add_invite(&Invite { code_hash: hash_bytes(&bytes), expires_at, setup })?;
    Ok(InviteCode(Base64Url::encode(&bytes)))
}

/// The hash under which the store has a code; `None` if the text is no code.
#[must_use]
pub fn hash(code: &InviteCode) -> Option<Hash> {
    let bytes = Base64Url::decode(&code.0).ok()?.0;
    (bytes.len() == CODE_LEN).then(|| hash_bytes(&bytes))
}

/// The link that opens the page with an invite. The code stands in the fragment: browsers send it to no server, so that
/// it is in no access log.
pub fn link(page_url: &str, code: &InviteCode) -> String {
    format!("{}/#invite={}", page_url.trim_end_matches('/'), code.0)
}

fn hash_bytes(bytes: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(&Sha512::digest(bytes)[..32]);
    hash
}
