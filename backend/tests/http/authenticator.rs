//! An authenticator of passkeys (Web Authentication Level 3), in software: Ed25519, attestation "none", no counter.
//! The key of a passkey follows from its id.

use ed25519_dalek::{Signer, SigningKey};
use sha2::{Digest, Sha256};
use shared::bytes::Base64Url;
use shared::ids::PasskeyId;
use shared::passkeys::{PasskeyAssertion, PasskeyChallenge, PasskeyRegistration};

use crate::harness::App;

/// The origin of the page.
pub const PAGE: &str = "https://passmint.example.org";
/// Its host name, the relying party.
const HOST: &str = "passmint.example.org";

/// Flags (section 6.1): the person is present, was verified; the data of a new passkey follow.
const PRESENT: u8 = 1;
const VERIFIED: u8 = 4;
const NEW: u8 = 64;

fn key(id: &PasskeyId) -> SigningKey {
    SigningKey::from_bytes(&Sha256::digest(id.as_bytes()).into())
}

fn client_data(kind: &str, challenge: &PasskeyChallenge, origin: &str) -> Vec<u8> {
    let challenge = Base64Url::encode(&challenge.challenge.0);
    format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#).into_bytes()
}

/// Authenticator data: hash of the relying party, flags and counter.
fn data(flags: u8) -> Vec<u8> {
    [&Sha256::digest(HOST)[..], &[flags, 0, 0, 0, 0]].concat()
}

/// Makes a passkey on a page of this origin: `navigator.credentials.create`.
pub async fn make(app: &App, token: &str, id: &PasskeyId, origin: &str) -> PasskeyRegistration {
    let answer = app.post_in(token, "/api/v1/passkeys/challenge", &()).await;
    let challenge: PasskeyChallenge = serde_json::from_slice(&answer.body).unwrap();
    let length = u8::try_from(id.as_bytes().len()).unwrap();
    // COSE (RFC 9053): key type 1 (OKP), algorithm -8 (EdDSA), curve 6 (Ed25519), x.
    let public = key(id).verifying_key();
    let cose = [&[0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 32][..], public.as_bytes()];
    let made = [&data(PRESENT | VERIFIED | NEW), &[0; 16][..], &[0, length], id.as_bytes(), &cose.concat()].concat();
    // CBOR: {"fmt": "none", "attStmt": {}, "authData": made}.
    let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
    attestation.push(u8::try_from(made.len()).unwrap());
    attestation.extend(made);
    PasskeyRegistration {
        client_data: Base64Url(client_data("webauthn.create", &challenge, origin)),
        state: challenge.state,
        attestation: Base64Url(attestation),
    }
}

/// Signs a challenge on a page of this origin: `navigator.credentials.get`.
pub async fn sign(app: &App, id: &PasskeyId, origin: &str) -> PasskeyAssertion {
    let answer = app.post("/api/v1/sessions/challenge", &()).await;
    let challenge: PasskeyChallenge = serde_json::from_slice(&answer.body).unwrap();
    let (client_data, data) = (client_data("webauthn.get", &challenge, origin), data(PRESENT | VERIFIED));
    let signature = key(id).sign(&[&data[..], &Sha256::digest(&client_data)].concat());
    PasskeyAssertion {
        state: challenge.state,
        client_data: Base64Url(client_data),
        authenticator_data: Base64Url(data),
        signature: Base64Url(signature.to_bytes().to_vec()),
        user_handle: None,
    }
}
