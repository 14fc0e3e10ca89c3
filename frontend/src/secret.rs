//! Secret texts and keys, wiped when dropped and hidden from logs.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret text. It has no `Clone`, `Display` or `Serialize`, and `Debug` hides it.
#[derive(Default, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text. Keep it out of logs, URLs, titles and attributes.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Serialises the text, for sealed documents and messages within the browser:
    /// `#[serde(serialize_with = "Secret::serialize_exposed")]`.
    pub fn serialize_exposed<S: Serializer>(secret: &Self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&secret.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// A key of 32 bytes, guarded like [`Secret`].
#[derive(Default, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct SecretBytes([u8; 32]);

impl SecretBytes {
    /// The bytes. Keep them out of logs, URLs, titles and attributes.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The bytes, to derive a key in place.
    pub fn expose_mut(&mut self) -> &mut [u8; 32] {
        &mut self.0
    }

    /// Serialises the bytes, for messages within the browser:
    /// `#[serde(serialize_with = "SecretBytes::serialize_exposed")]`.
    pub fn serialize_exposed<S: Serializer>(secret: &Self, serializer: S) -> Result<S::Ok, S::Error> {
        secret.0.serialize(serializer)
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_secrets() {
        assert_eq!(format!("{:?}", Secret::new("hunter2".into())), "Secret(hidden)");
        assert_eq!(format!("{:?}", SecretBytes::default()), "SecretBytes(hidden)");
    }
}
