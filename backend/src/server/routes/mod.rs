//! The handlers, one file for each subject. A handler takes checked input, makes one or two calls, and answers.

pub mod accounts;
pub mod changes;
pub mod credentials;
pub mod health;
pub mod openapi;
pub mod page;
pub mod passkeys;
pub mod proofs;
pub mod sessions;
pub mod setup;
pub mod vault_key;
