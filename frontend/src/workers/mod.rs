//! Workers: threads that hold what the page must not (the keyring) or need not hold (the judge). `serve` runs inside a
//! worker, `client` is the page's end, and `rpc` is the message format between the two.

pub mod judge;
pub mod rpc;

#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod client;
#[cfg(target_arch = "wasm32")]
pub mod serve;
