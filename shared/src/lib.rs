//! The wire contract between the page and the server, and nothing else.
//!
//! This crate owns the JSON that crosses the network (requests, answers, the error body) and its newtypes, the limits
//! that both sides keep, the cipher suite of the log-in, and the one use of Argon2id. It does no I/O and knows no
//! framework; the page, the keyring and the server depend on it, and it on none of them.
//!
//! Read [`changes`] first: the rest serves it.

pub mod accounts;
pub mod bytes;
pub mod changes;
pub mod credentials;
pub mod ids;
#[cfg(feature = "kdf")]
pub mod kdf;
pub mod limits;
#[cfg(feature = "login")]
pub mod login;
pub mod passkeys;
pub mod problem;
pub mod proofs;
#[cfg(feature = "openapi")]
mod schema;
pub mod sessions;
pub mod setup;
pub mod vault_key;
