//! What is minted, of whatever kind: a secret that is wiped and hidden.

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::random::RandomnessError;

/// A minted password, passphrase or PIN: wiped when dropped, hidden from `Debug`.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Password(String);

impl Password {
    /// What `write` writes, within so many bytes: growing would leave a copy behind.
    pub(crate) fn of(
        capacity: usize,
        write: impl FnOnce(&mut String) -> Result<(), RandomnessError>,
    ) -> Result<Self, RandomnessError> {
        let mut password = Self::with_capacity(capacity);
        write(password.text_mut())?;
        Ok(password)
    }

    /// An empty one with capacity for so many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
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

/// Appends bytes of ASCII: all at once, three times as fast as character by character.
pub(crate) fn push_ascii(out: &mut String, bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { unreachable!("ASCII is UTF-8") };
    out.push_str(text);
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(hidden)")
    }
}
