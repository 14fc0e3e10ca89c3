//! The message format between the page and its workers: one message each way, in postcard's format. Both ends are
//! this crate, so the format needs no version.

use serde::{Deserialize, Serialize};

/// A request, with the number that its reply will have.
#[derive(Debug, Serialize, Deserialize)]
pub struct Call<Q> {
    pub id: u32,
    pub request: Q,
}

/// The answer to the call with that number.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reply<A> {
    pub id: u32,
    pub result: A,
}
