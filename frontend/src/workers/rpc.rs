//! How the page and its workers call each other: a message each way, in postcard's format, both ends of which are this
//! crate.

use serde::{Deserialize, Serialize};

/// A request and the number that its reply will bear.
#[derive(Debug, Serialize, Deserialize)]
pub struct Call<Q> {
    pub id: u32,
    pub request: Q,
}

/// The answer to the call of that number.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reply<A> {
    pub id: u32,
    pub result: A,
}
