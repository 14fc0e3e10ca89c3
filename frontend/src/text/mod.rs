//! What the page says. [`table`] knows every text by name and is pure; in the browser, this module also knows the
//! language that is spoken now, and the sentences that the first part of the page makes. Other parts make theirs beside
//! their components.

mod opener;
mod table;

#[cfg(all(target_arch = "wasm32", feature = "page"))]
mod spoken;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod vault;

pub use self::opener::opener;
pub use self::table::{Msg, Texts, fill};

#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub use self::spoken::*;
#[cfg(all(test, target_arch = "wasm32", feature = "page"))]
pub(crate) use self::table::tests::{FILES, read};
