//! The limits of page and server. The server refuses requests beyond them; the page sends none.

/// Largest request body the server reads, in bytes. One change with the largest sealed entry takes 88 kB, some 85 with
/// the smallest fill it.
pub const BODY_MAX: usize = 128 * 1024;

/// Largest body of a request without a session, in bytes: nobody knows yet who sends it.
pub const OPEN_BODY_MAX: usize = 16 * 1024;

/// Longest username, in Unicode scalar values after trimming.
pub const USERNAME_MAX: usize = 255;

/// Longest entry name, in Unicode scalar values after trimming. Only the page can check it: names are sealed.
pub const NAME_MAX: usize = 255;

/// Sizes in bytes that an entry's document is padded to, so that the sealed size says little about the content.
pub const BUCKETS: [usize; 4] = [1024, 4 * 1024, 16 * 1024, 64 * 1024];

/// Entries an account may hold, unless the operator sets another number.
pub const ENTRIES_MAX: u64 = 100_000;

/// Most changes in one answer.
pub const CHANGES_MAX: u32 = 1000;

/// Length of a wrapped vault key, in bytes: format version (1), nonce (24), key (32) and tag (16).
pub const WRAPPED_KEY_LEN: usize = 1 + 24 + 32 + 16;

/// Longest name of a device, in Unicode scalar values after trimming.
pub const DEVICE_MAX: usize = 64;

/// Longest id of a passkey, in bytes (Web Authentication Level 3, section 4, "Credential ID").
pub const PASSKEY_ID_MAX: usize = 1023;

/// Most passkeys an account may have.
pub const PASSKEYS_MAX: usize = 20;

/// Changes of an account's credentials that are remembered; the newest stay.
pub const CREDENTIAL_CHANGES_MAX: usize = 50;

/// Most earlier vault keys that an account keeps. Entries are sealed again long before the oldest is dropped.
pub const EARLIER_KEYS_MAX: usize = 50;

/// Greatest length of the sealed earlier vault keys, in bytes: nonce (24), number (4) and key (32) of each, tag (16).
pub const EARLIER_KEYS_LEN_MAX: usize = 24 + EARLIER_KEYS_MAX * (4 + 32) + 16;

/// Greatest length of the state with which the server verifies a passkey, in bytes.
pub const PASSKEY_STATE_MAX: usize = 2000;
