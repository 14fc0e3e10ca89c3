//! What is minted, of whatever kind: a secret that is wiped and hidden.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A minted password, passphrase or PIN: wiped when dropped, hidden from `Debug`.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Password(String);

impl Password {
    /// An empty one with room for so many octets: within that room, growing leaves no copy behind.
    pub(crate) fn with_room(octets: usize) -> Self {
        Self(String::with_capacity(octets))
    }

    pub(crate) fn text_mut(&mut self) -> &mut String {
        &mut self.0
    }

    /// The password as text. Keep it out of logs, URLs, titles and attributes.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(hidden)")
    }
}
