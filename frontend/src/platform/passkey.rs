//! Passkeys, by Web Authentication Level 3. An authenticator derives a secret from an input ("prf", section 10.1.4), and
//! that secret is a credential of the account. Any page on the same host name gets it too; so the server also has the
//! authenticator sign its challenge together with this page's origin.

use js_sys::{Array, JSON, Object, Promise, Reflect, Uint8Array};
use shared::bytes::Base64Url;
use shared::ids::{AccountId, PasskeyId};
use shared::passkeys::{PasskeyAssertion, PasskeyChallenge, PasskeyRegistration};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use zeroize::Zeroizing;

use crate::platform::browser::window;
use crate::platform::lowercase::lower_case;
use crate::platform::random;
use crate::secret::Secret;

/// The start of the input of "prf". It must never change: another input gives another secret.
const PRF_LABEL: &str = "passmint/2/passkey";
/// The length of the secret, in bytes.
const SECRET_LEN: usize = 32;
/// The time that the person has, in milliseconds.
const TIMEOUT_MS: u32 = 120_000;
/// Signature algorithms by their COSE numbers: Ed25519, ES256, RS256.
const ALGORITHMS: [i32; 3] = [-8, -7, -257];

/// The reason why there is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyFault {
    /// The person or the browser declined, or the time ran out.
    Declined,
    /// This authenticator already has a passkey for this vault.
    AlreadyKnown,
    /// The authenticator or the browser does not support "prf".
    NoPrf,
    /// The browser failed in another way.
    Failed,
}

/// A passkey that was made.
pub struct NewPasskey {
    pub id: PasskeyId,
    pub secret: Secret,
    pub registration: PasskeyRegistration,
}

/// A passkey that was used.
pub struct UsedPasskey {
    pub id: PasskeyId,
    pub secret: Secret,
    pub assertion: PasskeyAssertion,
}

/// True if the browser offers passkeys. It does not if the page is reached by an IP address.
pub fn are_offered() -> bool {
    let host = window().location().hostname().unwrap_or_default();
    let is_address = host.starts_with('[') || host.chars().all(|c| c.is_ascii_digit() || c == '.');
    !is_address && Reflect::has(&window(), &"PublicKeyCredential".into()).unwrap_or(false)
}

/// The host name, if the page has a port of its own: other services at that name, on other ports, may use the same
/// passkeys.
pub fn shared_host() -> Option<String> {
    let location = window().location();
    let has_port = location.port().is_ok_and(|port| !port.is_empty());
    has_port.then(|| location.hostname().unwrap_or_default())
}

/// Creates a passkey for an account, on an authenticator that holds none of `known`. `challenge` is the answer of
/// `passkeys/challenge`.
///
/// # Errors
/// After [`PasskeyFault::NoPrf`] the authenticator may hold a useless passkey.
pub async fn create(
    challenge: &str,
    account: AccountId,
    username: &str,
    known: &[PasskeyId],
) -> Result<NewPasskey, PasskeyFault> {
    let challenge = read_challenge(challenge)?;
    let input = prf_input(username).await?;
    let options = || -> Result<Object, JsValue> {
        let algorithm = |number| object(&[("type", "public-key".into()), ("alg", JsValue::from(number))]);
        let user = object(&[
            ("id", Uint8Array::from(&account.as_bytes()[..]).into()),
            ("name", username.into()),
            ("displayName", username.into()),
        ]);
        let selection = object(&[("residentKey", "required".into()), ("userVerification", "required".into())]);
        object(&[
            ("rp", object(&[("name", "Passmint".into())])?.into()),
            ("user", user?.into()),
            ("challenge", Uint8Array::from(&challenge.challenge.0[..]).into()),
            ("pubKeyCredParams", ALGORITHMS.map(algorithm).into_iter().collect::<Result<Array, _>>()?.into()),
            ("authenticatorSelection", selection?.into()),
            ("excludeCredentials", descriptors(known)?.into()),
            ("extensions", extensions(&input)?.into()),
            ("timeout", TIMEOUT_MS.into()),
        ])
    };
    let made = ask("create", options().map_err(|_| PasskeyFault::Failed)?).await?;
    let id = id_of(&made)?;
    let response = |name| member(&made, &["response", name]).ok_or(PasskeyFault::Failed);
    let registration = PasskeyRegistration {
        state: challenge.state,
        client_data: response("clientDataJSON")?,
        attestation: response("attestationObject")?,
    };
    let secret = match secret_of(&made) {
        Some(secret) => secret,
        // Most authenticators give the secret in a second step only. Nobody verifies this assertion.
        None if has_prf(&made) => {
            let again = assert(&random::bytes::<16>(), &input, std::slice::from_ref(&id)).await?;
            secret_of(&again).ok_or(PasskeyFault::NoPrf)?
        }
        None => return Err(PasskeyFault::NoPrf),
    };
    Ok(NewPasskey { id, secret, registration })
}

/// Has the person choose a passkey for a username. `challenge` is the answer of `sessions/challenge`.
pub async fn get(challenge: &str, username: &str) -> Result<UsedPasskey, PasskeyFault> {
    let PasskeyChallenge { challenge, state } = read_challenge(challenge)?;
    let chosen = assert(&challenge.0, &prf_input(&lower_case(username.trim())).await?, &[]).await?;
    let response = |name| member(&chosen, &["response", name]);
    let assertion = PasskeyAssertion {
        state,
        client_data: response("clientDataJSON").ok_or(PasskeyFault::Failed)?,
        authenticator_data: response("authenticatorData").ok_or(PasskeyFault::Failed)?,
        signature: response("signature").ok_or(PasskeyFault::Failed)?,
        user_handle: response("userHandle"),
    };
    Ok(UsedPasskey { id: id_of(&chosen)?, secret: secret_of(&chosen).ok_or(PasskeyFault::NoPrf)?, assertion })
}

/// The input of "prf" for an account on this page: the SHA-256 of label, origin and username. Another page can compute
/// it; it only keeps accounts and pages apart.
async fn prf_input(username: &str) -> Result<Vec<u8>, PasskeyFault> {
    let digest = || -> Result<Promise, JsValue> {
        let origin = window().location().origin()?;
        let text = [PRF_LABEL, &origin, username].join("\0");
        let subtle = Reflect::get(&Reflect::get(&window(), &"crypto".into())?, &"subtle".into())?;
        let method: js_sys::Function = Reflect::get(&subtle, &"digest".into())?.dyn_into()?;
        method.call2(&subtle, &"SHA-256".into(), &Uint8Array::from(text.as_bytes()))?.dyn_into()
    };
    let digest = JsFuture::from(digest().map_err(|_| PasskeyFault::Failed)?).await;
    digest.map(|digest| Uint8Array::new(&digest).to_vec()).map_err(|_| PasskeyFault::Failed)
}

fn read_challenge(answer: &str) -> Result<PasskeyChallenge, PasskeyFault> {
    let answer = JSON::parse(answer).unwrap_or(JsValue::NULL);
    let member = |name| Base64Url::decode(&walk(&answer, &[name])?.as_string()?).ok();
    let challenge = || Some(PasskeyChallenge { challenge: member("challenge")?, state: member("state")? });
    challenge().ok_or(PasskeyFault::Failed)
}

/// Has one of these passkeys, or any if there is none, sign a challenge.
async fn assert(challenge: &[u8], input: &[u8], known: &[PasskeyId]) -> Result<JsValue, PasskeyFault> {
    let options = || -> Result<Object, JsValue> {
        object(&[
            ("challenge", Uint8Array::from(challenge).into()),
            ("allowCredentials", descriptors(known)?.into()),
            ("userVerification", "required".into()),
            ("extensions", extensions(input)?.into()),
            ("timeout", TIMEOUT_MS.into()),
        ])
    };
    ask("get", options().map_err(|_| PasskeyFault::Failed)?).await
}

fn object(fields: &[(&str, JsValue)]) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &(*name).into(), value)?;
    }
    Ok(object)
}

fn extensions(input: &[u8]) -> Result<Object, JsValue> {
    let first = object(&[("first", Uint8Array::from(input).into())])?;
    object(&[("prf", object(&[("eval", first.into())])?.into())])
}

fn descriptors(known: &[PasskeyId]) -> Result<Array, JsValue> {
    let descriptor =
        |id: &PasskeyId| object(&[("type", "public-key".into()), ("id", Uint8Array::from(id.as_bytes()).into())]);
    known.iter().map(descriptor).collect()
}

/// Calls `navigator.credentials.create` or `get`.
async fn ask(method: &str, options: Object) -> Result<JsValue, PasskeyFault> {
    let ask = || -> Result<Promise, JsValue> {
        let credentials = Reflect::get(&window().navigator(), &"credentials".into())?;
        let method: js_sys::Function = Reflect::get(&credentials, &method.into())?.dyn_into()?;
        method.call1(&credentials, &object(&[("publicKey", options.into())])?.into())?.dyn_into()
    };
    let answer = JsFuture::from(ask().map_err(|_| PasskeyFault::Failed)?).await;
    match answer {
        Ok(credential) if credential.is_object() => Ok(credential),
        Ok(_) => Err(PasskeyFault::Declined),
        Err(error) => {
            let name = Reflect::get(&error, &"name".into()).ok().and_then(|name| name.as_string()).unwrap_or_default();
            Err(match name.as_str() {
                "NotAllowedError" | "AbortError" => PasskeyFault::Declined,
                "InvalidStateError" => PasskeyFault::AlreadyKnown,
                "NotSupportedError" => PasskeyFault::NoPrf,
                _ => PasskeyFault::Failed,
            })
        }
    }
}

/// Follows members by name; `None` if one is missing.
fn walk(from: &JsValue, names: &[&str]) -> Option<JsValue> {
    names.iter().try_fold(from.clone(), |at, name| {
        Reflect::get(&at, &(*name).into()).ok().filter(|found| !found.is_undefined() && !found.is_null())
    })
}

fn results(credential: &JsValue) -> Option<JsValue> {
    let method: js_sys::Function = walk(credential, &["getClientExtensionResults"])?.dyn_into().ok()?;
    method.call0(credential).ok()
}

fn has_prf(credential: &JsValue) -> bool {
    results(credential)
        .and_then(|results| walk(&results, &["prf", "enabled"]))
        .is_some_and(|enabled| enabled.is_truthy())
}

/// Bytes that a credential has under these names.
fn member(credential: &JsValue, names: &[&str]) -> Option<Base64Url> {
    walk(credential, names).map(|value| Base64Url(Uint8Array::new(&value).to_vec()))
}

fn id_of(credential: &JsValue) -> Result<PasskeyId, PasskeyFault> {
    let id = member(credential, &["rawId"]).ok_or(PasskeyFault::Failed)?;
    PasskeyId::try_from(id.0).map_err(|_| PasskeyFault::Failed)
}

/// The secret, if the authenticator gave one.
fn secret_of(credential: &JsValue) -> Option<Secret> {
    let secret = walk(&results(credential)?, &["prf", "results", "first"])?;
    let secret = Zeroizing::new(Uint8Array::new(&secret).to_vec());
    (secret.len() == SECRET_LEN).then(|| Secret::new(Base64Url::encode(&secret)))
}
