//! Limits that only the page needs. Those that the server needs too stand in [`shared::limits`].

/// Days that an entry stays in the bin before it is deleted for good.
pub const BIN_DAYS: u64 = 30;

/// The shortest passphrase that the page accepts, in characters.
pub const PASSPHRASE_MIN: usize = 12;
