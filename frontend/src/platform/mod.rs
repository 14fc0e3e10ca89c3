//! Everything that the browser offers and the page or a worker uses: storage, requests to the server, passkeys,
//! randomness, files. Other modules call these functions and name no web API themselves.

#[cfg(feature = "page")]
pub mod api;
#[cfg(feature = "page")]
pub mod browser;
#[cfg(feature = "page")]
pub mod files;
#[cfg(feature = "page")]
pub mod local_store;
pub mod lowercase;
#[cfg(feature = "page")]
pub mod passkey;
#[cfg(feature = "page")]
pub mod pbkdf2;
pub mod random;
