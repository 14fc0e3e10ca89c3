//! Passkeys: what the browser's Web Authentication offers (Level 3), as far as it serves to open a vault. Nobody checks an
//! assertion here: what counts is the secret that the authenticator makes of a fixed input ("prf", section 10.1.4),
//! which is one more secret of the account's.

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use shared::bytes::Base64Url;
use shared::ids::{AccountId, PasskeyId};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use zeroize::Zeroizing;

use crate::platform::browser::window;
use crate::platform::random;
use crate::secret::Secret;

/// What the authenticator makes its secret of. Never changed: another input is another secret.
const INPUT: &[u8] = b"passmint/1/passkey";
/// Bytes of the secret.
const SECRET_LEN: usize = 32;
/// How long the person has, in milliseconds.
const PATIENCE: u32 = 120_000;
/// Signatures an authenticator may offer, by their COSE numbers: Ed25519, ES256, RS256. None is looked at.
const ALGORITHMS: [i32; 3] = [-8, -7, -257];

/// Why there is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyFault {
    /// The person, or the browser for them, said no, or took too long.
    Declined,
    /// This authenticator has a passkey for this vault already.
    Known,
    /// The authenticator or the browser has no "prf".
    NoPrf,
    /// The browser does not do this here.
    Failed,
}

/// Whether the browser offers passkeys here: it does not where the page is reached by a bare address.
#[must_use]
pub fn are_offered() -> bool {
    let host = window().location().hostname().unwrap_or_default();
    let is_address = host.starts_with('[') || host.chars().all(|c| c.is_ascii_digit() || c == '.');
    !is_address && Reflect::has(&window(), &"PublicKeyCredential".into()).unwrap_or(false)
}

/// Makes a passkey for an account, on an authenticator that has none of `known`, and its secret.
///
/// # Errors
/// [`PasskeyFault`]; with [`PasskeyFault::NoPrf`] the authenticator may keep a passkey that is good for nothing.
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
            ("timeout", PATIENCE.into()),
        ])
    };
    let made = ask("create", options().map_err(|_| PasskeyFault::Failed)?).await?;
    let (id, secret) = read(&made)?;
    match secret {
        Some(secret) => Ok((id, secret)),
        // Most authenticators do it in a step of its own.
        None if has_prf(&made) => get(&[id]).await,
        None => Err(PasskeyFault::NoPrf),
    }
}

/// Has the person choose a passkey of theirs (one of `known`, if any are), and gets its secret.
///
/// # Errors
/// [`PasskeyFault`].
pub async fn get(known: &[PasskeyId]) -> Result<(PasskeyId, Secret), PasskeyFault> {
    let options = || -> Result<Object, JsValue> {
        object(&[
            ("challenge", challenge().into()),
            ("allowCredentials", descriptors(known)?.into()),
            ("userVerification", "required".into()),
            ("extensions", extensions()?.into()),
            ("timeout", PATIENCE.into()),
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

/// Bytes that no one looks at: there is nobody to prove anything to.
fn challenge() -> Uint8Array {
    Uint8Array::from(&random::bytes::<32>()[..])
}

fn extensions() -> Result<Object, JsValue> {
    let first = object(&[("first", Uint8Array::from(INPUT).into())])?;
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
                "InvalidStateError" => PasskeyFault::Known,
                "NotSupportedError" => PasskeyFault::NoPrf,
                _ => PasskeyFault::Failed,
            })
        }
    }
}

/// Walks into an object by names; nothing where one is missing.
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

/// The id of a credential, and the secret if it came with it.
fn read(credential: &JsValue) -> Result<(PasskeyId, Option<Secret>), PasskeyFault> {
    let bytes = |value: JsValue| Uint8Array::new(&value).to_vec();
    let id = walk(credential, &["rawId"]).map(bytes).ok_or(PasskeyFault::Failed)?;
    let id = PasskeyId::try_from(id).map_err(|_| PasskeyFault::Failed)?;
    let secret = results(credential).and_then(|results| walk(&results, &["prf", "results", "first"]));
    let secret = secret.map(|value| Zeroizing::new(bytes(value))).filter(|secret| secret.len() == SECRET_LEN);
    Ok((id, secret.map(|secret| Secret::new(Base64Url::encode(&secret)))))
}
