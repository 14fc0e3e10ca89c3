//! Passkeys, by Web Authentication Level 3. An authenticator derives a secret from a fixed input ("prf", section
//! 10.1.4), and that secret is a credential of the account. Assertions are therefore not verified.

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use shared::bytes::Base64Url;
use shared::ids::{AccountId, PasskeyId};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use zeroize::Zeroizing;

use crate::platform::browser::window;
use crate::platform::random;
use crate::secret::Secret;

/// The input of "prf". It must never change: another input gives another secret.
const PRF_INPUT: &[u8] = b"passmint/1/passkey";
/// The length of the secret, in bytes.
const SECRET_LEN: usize = 32;
/// The time that the person has, in milliseconds.
const TIMEOUT_MS: u32 = 120_000;
/// Signature algorithms by their COSE numbers: Ed25519, ES256, RS256. No signature is verified.
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

/// Creates a passkey for an account, on an authenticator that holds none of `known`. Returns its id and secret.
///
/// # Errors
/// After [`PasskeyFault::NoPrf`] the authenticator may hold a useless passkey.
pub async fn create(
    account: AccountId,
    username: &str,
    known: &[PasskeyId],
) -> Result<(PasskeyId, Secret), PasskeyFault> {
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
            ("challenge", challenge().into()),
            ("pubKeyCredParams", ALGORITHMS.map(algorithm).into_iter().collect::<Result<Array, _>>()?.into()),
            ("authenticatorSelection", selection?.into()),
            ("excludeCredentials", descriptors(known)?.into()),
            ("extensions", extensions()?.into()),
            ("timeout", TIMEOUT_MS.into()),
        ])
    };
    let made = ask("create", options().map_err(|_| PasskeyFault::Failed)?).await?;
    let (id, secret) = read(&made)?;
    match secret {
        Some(secret) => Ok((id, secret)),
        // Most authenticators give the secret in a second step only.
        None if has_prf(&made) => get(&[id]).await,
        None => Err(PasskeyFault::NoPrf),
    }
}

/// Has the person choose a passkey (one of `known`, unless that is empty). Returns its id and secret.
pub async fn get(known: &[PasskeyId]) -> Result<(PasskeyId, Secret), PasskeyFault> {
    let options = || -> Result<Object, JsValue> {
        object(&[
            ("challenge", challenge().into()),
            ("allowCredentials", descriptors(known)?.into()),
            ("userVerification", "required".into()),
            ("extensions", extensions()?.into()),
            ("timeout", TIMEOUT_MS.into()),
        ])
    };
    let chosen = ask("get", options().map_err(|_| PasskeyFault::Failed)?).await?;
    let (id, secret) = read(&chosen)?;
    Ok((id, secret.ok_or(PasskeyFault::NoPrf)?))
}

fn object(fields: &[(&str, JsValue)]) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &(*name).into(), value)?;
    }
    Ok(object)
}

/// A random challenge. Web Authentication demands one, but no assertion is verified.
fn challenge() -> Uint8Array {
    Uint8Array::from(&random::bytes::<32>()[..])
}

fn extensions() -> Result<Object, JsValue> {
    let first = object(&[("first", Uint8Array::from(PRF_INPUT).into())])?;
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

/// The id of a credential, and its secret if the authenticator gave one.
fn read(credential: &JsValue) -> Result<(PasskeyId, Option<Secret>), PasskeyFault> {
    let bytes = |value: JsValue| Uint8Array::new(&value).to_vec();
    let id = walk(credential, &["rawId"]).map(bytes).ok_or(PasskeyFault::Failed)?;
    let id = PasskeyId::try_from(id).map_err(|_| PasskeyFault::Failed)?;
    let secret = results(credential).and_then(|results| walk(&results, &["prf", "results", "first"]));
    let secret = secret.map(|value| Zeroizing::new(bytes(value))).filter(|secret| secret.len() == SECRET_LEN);
    Ok((id, secret.map(|secret| Secret::new(Base64Url::encode(&secret)))))
}
