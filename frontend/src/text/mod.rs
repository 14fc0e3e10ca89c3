//! The page's texts: [`table`] has them by key and is pure; in the browser, `spoken` holds the current language and
//! makes the generator's sentences. `ui` makes all other sentences beside its components.

mod opener;
mod table;

#[cfg(all(target_arch = "wasm32", feature = "page"))]
mod spoken;

pub use self::opener::opener;
pub use self::table::{LANGUAGES, Msg, Texts, fill};

#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub use self::spoken::*;
#[cfg(all(test, target_arch = "wasm32", feature = "page"))]
pub(crate) use self::table::FILES;
