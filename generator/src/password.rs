//! A minted password of any kind, as a secret that is wiped and hidden.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

/// A minted password, passphrase or PIN: wiped when dropped, hidden from `Debug`.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Password(String);

impl Password {
    /// An empty password with capacity for `bytes` bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    pub(crate) fn text_mut(&mut self) -> &mut String {
        &mut self.0
    }

    /// The password as text. Keep it out of logs, URLs, titles and attributes.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Appends ASCII bytes all at once, which is three times as fast as character by character.
pub(crate) fn push_ascii(out: &mut String, bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { unreachable!("ASCII is UTF-8") };
    out.push_str(text);
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(hidden)")
    }
}
