//! The browser's interfaces, wrapped for the page and the workers: storage, requests to the server, passkeys,
//! randomness, files. Other modules call these functions instead of web APIs.

#[cfg(feature = "page")]
pub mod api;
#[cfg(feature = "page")]
pub mod browser;
#[cfg(feature = "page")]
pub mod files;
#[cfg(feature = "page")]
pub mod local_store;
#[cfg(feature = "page")]
pub mod lock;
pub mod lowercase;
#[cfg(feature = "page")]
pub mod passkey;
#[cfg(feature = "page")]
pub mod pbkdf2;
pub mod random;
