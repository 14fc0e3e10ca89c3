//! The log-in protocol: OPAQUE (RFC 9807) and its parameters.
//!
//! Costs are not negotiated. A record is made with the newest suite of the client's table, and a challenge states the
//! number of its record's suite. A server that states another number changes the costs of one log-in, and that log-in
//! does not open anything: the export key and the server's proof come out different.

use hkdf::Hkdf;
use opaque_ke::errors::InternalError;
use opaque_ke::generic_array::{ArrayLength, GenericArray};
use opaque_ke::{CipherSuite, Identifiers, Ristretto255, TripleDh, ksf::Ksf};
use sha2::{Digest, Sha512};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::accounts::Username;
use crate::bytes::{Base64Url, NotBase64Url};
use crate::kdf::{Costs, argon2id};
use crate::sessions::CredentialName;

/// The context string of the key exchange (RFC 9807, section 6.4): both sides must name the same application.
pub const CONTEXT: &[u8] = b"passmint/1";

/// OPAQUE with ristretto255 and SHA-512, 3DH and Argon2id (RFC 9807, section 7).
#[derive(Debug)]
pub struct Suite;

impl CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, Sha512>;
    type Ksf = Stretch;
}

/// The suite of new records, by its number in [`Suites::PASSMINT`].
pub const NEWEST_SUITE: u8 = 1;

/// The suites that a client knows: the number of each, and its costs. The number of a suite never changes its meaning, and
/// a later suite costs more.
#[derive(Clone, Copy, Debug)]
pub struct Suites(&'static [(u8, Costs)]);

impl Suites {
    /// Passmint's suites.
    pub const PASSMINT: Self = Self(&[(NEWEST_SUITE, Costs::STANDARD)]);

    /// A table for tests, by rising number.
    pub const fn new(suites: &'static [(u8, Costs)]) -> Self {
        Self(suites)
    }

    /// The number of the suite for new records.
    pub fn newest(self) -> u8 {
        self.0.last().map_or(NEWEST_SUITE, |(number, _)| *number)
    }

    /// The key stretching of a suite; none if this client does not know it.
    pub fn stretch(self, number: u8) -> Option<Stretch> {
        self.0.iter().find(|(known, _)| *known == number).map(|(_, costs)| Stretch(*costs))
    }
}

/// Argon2id at the costs of a suite.
#[derive(Debug)]
pub struct Stretch(Costs);

/// opaque-ke asks for one where a caller names none. The server, which stretches nothing, is the only such caller.
impl Default for Stretch {
    fn default() -> Self {
        Self(Costs::STANDARD)
    }
}

/// Bytes of the salt of [`Stretch`] (RFC 9807, section 7: nSalt of Argon2id).
const SALT_LEN: usize = 16;

impl Ksf for Stretch {
    fn hash<L: ArrayLength<u8>>(&self, input: GenericArray<u8, L>) -> Result<GenericArray<u8, L>, InternalError> {
        let mut output = GenericArray::default();
        // The salt is all zeros as RFC 9807, section 7 says: the OPRF's output is already unique to the account.
        argon2id(&input, &[0; SALT_LEN], self.0, &mut output).map_err(|_| InternalError::KsfError)?;
        Ok(output)
    }
}

/// The identities of the key exchange: the public keys themselves, which is OPAQUE's default.
pub fn identifiers() -> Identifiers<'static> {
    Identifiers::default()
}

/// OPAQUE's identifier of one secret of one account (`credential_identifier` of RFC 9807, section 5.1).
///
/// It is made of the username and not of the account's id, so that an unknown username has one too. A username cannot
/// contain a NUL, so no two secrets share an identifier.
pub fn credential_identifier(username: &Username, name: &CredentialName) -> Vec<u8> {
    let mut identifier = [name.label().as_bytes(), b"\0", username.as_str().as_bytes()].concat();
    if let CredentialName::Passkey(id) = name {
        identifier.push(0);
        identifier.extend(id.as_bytes());
    }
    identifier
}

/// The bearer token of a session: 256 bits, wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SessionToken([u8; 32]);

/// Derives a session's token from the key that OPAQUE leaves both sides with (HKDF-SHA-512, RFC 5869).
#[expect(clippy::expect_used, reason = "HKDF-SHA-512 fails only above 16,320 bytes")]
pub fn session_token(session_key: &[u8]) -> SessionToken {
    let mut token = SessionToken([0; 32]);
    Hkdf::<Sha512>::new(None, session_key)
        .expand(b"passmint/1/session token", &mut token.0)
        .expect("32 bytes are within HKDF's limit");
    token
}

impl SessionToken {
    /// The token as the `Authorization: Bearer` header carries it. Keep the text out of logs and storage.
    pub fn expose_as_bearer(&self) -> String {
        Base64Url::encode(&self.0)
    }

    /// Reads a token from the `Authorization: Bearer` header.
    ///
    /// # Errors
    /// [`NotBase64Url`] if the text is not one that [`Self::expose_as_bearer`] writes.
    pub fn from_bearer(text: &str) -> Result<Self, NotBase64Url> {
        let bytes = Base64Url::decode(text)?;
        bytes.0.as_slice().try_into().map(Self).map_err(|_| NotBase64Url)
    }

    /// The first half of the token's SHA-512, which the server stores instead of the token.
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(&Sha512::digest(self.0)[..32]);
        hash
    }
}

impl std::fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionToken(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suite_1_is_argon2id_at_64_mib() {
        // The vector is the reference C implementation's, by argon2-cffi 23.1:
        // hash_secret_raw(bytes(64), bytes(16), 3, 65536, 1, 64, Type.ID).
        let stretch = Suites::PASSMINT.stretch(NEWEST_SUITE).unwrap();
        let output = stretch.hash(GenericArray::<u8, opaque_ke::generic_array::typenum::U64>::default()).unwrap();
        assert_eq!(Base64Url::encode(&output), include_str!("../vectors/stretch-zero.txt").trim());
    }

    #[test]
    fn newest_suite_is_the_last_of_the_table_and_costs_the_most() {
        assert_eq!(Suites::PASSMINT.newest(), NEWEST_SUITE);
        let sorted = |key: fn(&(u8, Costs)) -> u32| Suites::PASSMINT.0.is_sorted_by_key(key);
        assert!(sorted(|(number, _)| u32::from(*number)) && sorted(|(_, costs)| costs.memory_kib * costs.passes));
        assert!(Suites::PASSMINT.stretch(0).is_none() && Suites::PASSMINT.stretch(NEWEST_SUITE + 1).is_none());
    }

    #[test]
    fn token_survives_its_header_and_other_texts_are_refused() {
        let token = session_token(&[7; 64]);
        let text = token.expose_as_bearer();
        assert_eq!(SessionToken::from_bearer(&text).unwrap().hash(), token.hash());
        assert_ne!(session_token(&[8; 64]).hash(), token.hash());
        assert!(SessionToken::from_bearer(&text[1..]).is_err());
        assert!(SessionToken::from_bearer("").is_err());
        assert_eq!(format!("{token:?}"), "SessionToken(hidden)");
    }

    #[test]
    fn each_secret_of_an_account_has_its_own_identifier() {
        let username = Username::new("Ada").unwrap();
        assert_eq!(credential_identifier(&username, &CredentialName::Passphrase), b"passphrase\0ada");
        assert_eq!(credential_identifier(&username, &CredentialName::Recovery), b"recovery\0ada");
        let passkey = CredentialName::Passkey(vec![1, 0, 2].try_into().unwrap());
        assert_eq!(credential_identifier(&username, &passkey), b"passkey\0ada\0\x01\0\x02");
    }
}
