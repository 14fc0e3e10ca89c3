//! What the page says. [`table`] knows every text by name and is pure; in the browser, this module also knows the
//! language that is spoken now, and the sentences of the generator. `ui` makes all others beside its components.

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
