//! Bytes in JSON: base64url without padding (RFC 4648, section 5).

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Bytes that JSON carries as base64url without padding.
///
/// `Debug` prints their number only: most of them are key material or ciphertext.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Base64Url(pub Vec<u8>);

impl Base64Url {
    /// Writes the text that stands in JSON.
    pub fn encode(bytes: &[u8]) -> String {
        Base64UrlUnpadded::encode_string(bytes)
    }

    /// Reads text that [`Base64Url::encode`] wrote.
    ///
    /// # Errors
    /// [`NotBase64Url`] if the text has padding, another alphabet, or unused bits that are not zero.
    pub fn decode(text: &str) -> Result<Self, NotBase64Url> {
        Base64UrlUnpadded::decode_vec(text).map(Self).map_err(|_| NotBase64Url)
    }
}

/// The text is not base64url without padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not base64url without padding")]
pub struct NotBase64Url;

impl fmt::Debug for Base64Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Base64Url({} bytes)", self.0.len())
    }
}

impl Serialize for Base64Url {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Self::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Base64Url;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("base64url without padding")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Base64Url, E> {
                Base64Url::decode(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(feature = "openapi")]
mod openapi {
    use utoipa::openapi::{RefOr, Schema};

    impl utoipa::ToSchema for super::Base64Url {}
    impl utoipa::PartialSchema for super::Base64Url {
        fn schema() -> RefOr<Schema> {
            crate::schema::string("^[A-Za-z0-9_-]*$", "Bytes in base64url without padding (RFC 4648, section 5).")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_base64url_without_padding() {
        let bytes = Base64Url(vec![0xfb, 0xff, 0x00]);
        let json = serde_json::to_string(&bytes).unwrap();
        assert_eq!(json, "\"-_8A\"");
        assert_eq!(serde_json::from_str::<Base64Url>(&json).unwrap(), bytes);
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in ["-_8A=", "+/8A", "-_9", "AB", "é"] {
            assert_eq!(Base64Url::decode(text).map(|b| b.0), Err(NotBase64Url), "{text}");
        }
    }

    #[test]
    fn debug_hides_the_bytes() {
        assert_eq!(format!("{:?}", Base64Url(b"secret".to_vec())), "Base64Url(6 bytes)");
    }
}
