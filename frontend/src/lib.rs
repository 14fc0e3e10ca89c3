//! The page and the keyring.
//!
//! `keyring` and `model` are pure and know no browser: randomness and time are passed in, and they are tested natively.
//! Everything else runs in a browser only. The page is `ui` over `session` (what is going on), `api` (the server) and
//! `client` (its workers); those are `worker`, a loop around [`keyring::Keyring`] and [`judge`]. `opener` is what a
//! backup's file opens itself with.

pub mod calls;
pub mod judge;
pub mod keyring;
pub mod model;
pub mod secret;
pub mod text;

#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod api;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod browser;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod client;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod files;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod kept;
#[cfg(target_arch = "wasm32")]
pub mod letters;
#[cfg(target_arch = "wasm32")]
pub mod opener;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod parts;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod passkey;
#[cfg(target_arch = "wasm32")]
pub mod random;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod session;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod stretching;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod ui;
#[cfg(target_arch = "wasm32")]
pub mod worker;

/// The keyring's tests run natively, and once more in a browser, where it lives. There, `test` means this.
#[cfg(all(test, target_arch = "wasm32"))]
mod browser_test {
    pub(crate) use wasm_bindgen_test::wasm_bindgen_test as test;

    wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
}
