//! The page, the workers (keyring and judge), and the opener inside a backup's file.
//!
//! `keyring`, `outbox` and `model` are pure: callers pass randomness and time in, and their tests run natively. Everything else
//! runs in a browser only, and `platform` wraps the browser's interfaces for it. The page is `ui` over `session` (the
//! state of the vault), `platform::api` (the server) and `workers` (the keyring and the judge). `opener` is the program
//! inside a backup's file.

pub mod keyring;
pub mod model;
#[cfg(feature = "page")]
pub mod outbox;
pub mod secret;
pub mod text;
pub mod workers;

#[cfg(target_arch = "wasm32")]
pub mod opener;
#[cfg(target_arch = "wasm32")]
pub mod platform;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod session;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod ui;

/// The keyring's tests run natively, and once more in a browser. There, they import this as `test`.
#[cfg(all(test, target_arch = "wasm32"))]
mod browser_test {
    pub(crate) use wasm_bindgen_test::wasm_bindgen_test as test;

    wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
}
