//! The test vectors of RFC 9807, appendix C, for ristretto255 and SHA-512 with 3DH.
//!
//! They are published for the identity as key stretching function, so they run over [`Suite`]'s own group, hash and key
//! exchange with that function in place of Argon2id, which has a vector of its own (`login.rs`). The library draws its
//! randomness in a fixed order; the tests hand it the values of a vector in that order.

#![cfg(feature = "login")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

use std::collections::BTreeMap;

use opaque_ke::ksf::Identity;
use opaque_ke::{
    CipherSuite, ClientLogin, ClientLoginFinishParameters, ClientRegistration, ClientRegistrationFinishParameters,
    CredentialRequest, Identifiers, ServerLogin, ServerLoginParameters, ServerRegistration, ServerSetup,
};
use rand_core_06::{CryptoRng, RngCore};
use serde::Deserialize;
use shared::login::{Suite, identifiers};

/// [`Suite`] with the vectors' key stretching function.
struct Unstretched;

impl CipherSuite for Unstretched {
    type OprfCs = <Suite as CipherSuite>::OprfCs;
    type KeyExchange = <Suite as CipherSuite>::KeyExchange;
    type Ksf = Identity;
}

#[derive(Deserialize)]
struct Vector {
    context: String,
    inputs: BTreeMap<String, String>,
    outputs: BTreeMap<String, String>,
}

impl Vector {
    fn input(&self, name: &str) -> Vec<u8> {
        bytes(&self.inputs[name])
    }

    /// The identities of the key exchange: those of the vector, or the ones that Passmint uses.
    fn identifiers<'a>(client: Option<&'a Vec<u8>>, server: Option<&'a Vec<u8>>) -> Identifiers<'a> {
        match (client, server) {
            (None, None) => identifiers(),
            (client, server) => Identifiers { client: client.map(Vec::as_slice), server: server.map(Vec::as_slice) },
        }
    }

    /// The server's long-term keys; its decoy has `client_public_key`, or any key where no decoy is used.
    fn setup(&self) -> ServerSetup<Unstretched> {
        let decoy =
            if self.inputs.contains_key("client_public_key") { "client_public_key" } else { "server_public_key" };
        let setup = [self.input("oprf_seed"), self.input("server_private_key"), self.input(decoy)].concat();
        ServerSetup::deserialize(&setup).unwrap()
    }

    #[track_caller]
    fn assert_output(&self, name: &str, found: &[u8]) {
        assert_eq!(hex(found), self.outputs[name], "{name}");
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16));
    digits.collect::<Result<_, _>>().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("../vectors/rfc9807-ristretto255.json")).unwrap()
}

/// A random source that gives these bytes, and no more.
struct Scripted(Vec<u8>);

impl Scripted {
    fn new(values: &[Vec<u8>]) -> Self {
        Self(values.concat())
    }

    /// The 64 random bytes that become this scalar by reduction.
    fn scalar(scalar: Vec<u8>) -> Vec<u8> {
        [scalar, vec![0; 32]].concat()
    }
}

impl RngCore for Scripted {
    fn next_u32(&mut self) -> u32 {
        rand_core_06::impls::next_u32_via_fill(self)
    }
    fn next_u64(&mut self) -> u64 {
        rand_core_06::impls::next_u64_via_fill(self)
    }
    fn fill_bytes(&mut self, dest: &mut [u8]) {
        let rest = self.0.split_off(dest.len());
        dest.copy_from_slice(&self.0);
        self.0 = rest;
    }
    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), rand_core_06::Error> {
        self.fill_bytes(dest);
        Ok(())
    }
}

impl CryptoRng for Scripted {}

#[test]
fn registration_and_log_in_give_the_published_messages_and_keys() {
    let real: Vec<Vector> = vectors().into_iter().filter(|vector| vector.outputs.contains_key("KE3")).collect();
    assert_eq!(real.len(), 2, "one with Passmint's default identities, one with named ones");
    for vector in real {
        let (password, identifier) = (vector.input("password"), vector.input("credential_identifier"));
        let (client, server) = (vector.inputs.get("client_identity"), vector.inputs.get("server_identity"));
        let (client, server) = (client.map(|hex| bytes(hex)), server.map(|hex| bytes(hex)));
        let identities = || Vector::identifiers(client.as_ref(), server.as_ref());
        let (setup, context) = (vector.setup(), bytes(&vector.context));

        let mut random = Scripted::new(&[Scripted::scalar(vector.input("blind_registration"))]);
        let started = ClientRegistration::<Unstretched>::start(&mut random, &password).unwrap();
        vector.assert_output("registration_request", &started.message.serialize());
        let answer = ServerRegistration::start(&setup, started.message, &identifier).unwrap().message;
        vector.assert_output("registration_response", &answer.serialize());
        let parameters = ClientRegistrationFinishParameters::new(identities(), None);
        let mut random = Scripted::new(&[vector.input("envelope_nonce")]);
        let registered = started.state.finish(&mut random, &password, answer, parameters).unwrap();
        vector.assert_output("registration_upload", &registered.message.serialize());
        vector.assert_output("export_key", &registered.export_key);
        let record = ServerRegistration::finish(registered.message);

        let mut random = Scripted::new(&[
            Scripted::scalar(vector.input("blind_login")),
            vector.input("client_keyshare_seed"),
            vector.input("client_nonce"),
        ]);
        let started = ClientLogin::<Unstretched>::start(&mut random, &password).unwrap();
        vector.assert_output("KE1", &started.message.serialize());
        let parameters = || ServerLoginParameters { context: Some(&context), identifiers: identities() };
        // The decoy's masking key is drawn first, whether or not it is used.
        let mut random = Scripted::new(&[
            vec![0; 64],
            vector.input("masking_nonce"),
            vector.input("server_keyshare_seed"),
            vector.input("server_nonce"),
        ]);
        let answer =
            ServerLogin::start(&mut random, &setup, Some(record), started.message, &identifier, parameters()).unwrap();
        vector.assert_output("KE2", &answer.message.serialize());
        let finish = ClientLoginFinishParameters::new(Some(&context), identities(), None);
        let finished = started.state.finish(&mut Scripted::new(&[]), &password, answer.message, finish).unwrap();
        vector.assert_output("KE3", &finished.message.serialize());
        vector.assert_output("session_key", &finished.session_key);
        vector.assert_output("export_key", &finished.export_key);
        let session_key = answer.state.finish(finished.message, parameters()).unwrap().session_key;
        vector.assert_output("session_key", &session_key);
    }
}

#[test]
fn log_in_of_an_unknown_username_gives_the_published_decoy() {
    let fake: Vec<Vector> = vectors().into_iter().filter(|vector| !vector.outputs.contains_key("KE3")).collect();
    assert_eq!(fake.len(), 1);
    for vector in fake {
        let context = bytes(&vector.context);
        let (client, server) = (vector.input("client_identity"), vector.input("server_identity"));
        let parameters = ServerLoginParameters {
            context: Some(&context),
            identifiers: Vector::identifiers(Some(&client), Some(&server)),
        };
        let mut random = Scripted::new(&[
            vector.input("masking_key"),
            vector.input("masking_nonce"),
            vector.input("server_keyshare_seed"),
            vector.input("server_nonce"),
        ]);
        let request = CredentialRequest::deserialize(&vector.input("KE1")).unwrap();
        let identifier = vector.input("credential_identifier");
        let answer =
            ServerLogin::<Unstretched>::start(&mut random, &vector.setup(), None, request, &identifier, parameters);
        vector.assert_output("KE2", &answer.unwrap().message.serialize());
    }
}
