//! PBKDF2 (RFC 8018, section 5.2), for the protected files of other programs. The browser's own implementation is fast
//! and does not block the page.

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::platform::browser::window;
use crate::secret::{Secret, SecretBytes};

/// Derives a key of 32 bytes from a secret, by PBKDF2 with HMAC-SHA256.
pub async fn derive(secret: &Secret, salt: &[u8], iterations: u32) -> Result<SecretBytes, JsValue> {
    let subtle = Reflect::get(&Reflect::get(&window(), &"crypto".into())?, &"subtle".into())?;
    let call = |name: &str, arguments: &[JsValue]| -> Result<Promise, JsValue> {
        let method: js_sys::Function = Reflect::get(&subtle, &name.into())?.dyn_into()?;
        method.apply(&subtle, &arguments.iter().collect::<Array>())?.dyn_into()
    };
    let secret = Uint8Array::from(secret.expose().as_bytes());
    let usages = Array::of1(&"deriveBits".into());
    let key = call("importKey", &["raw".into(), secret.into(), "PBKDF2".into(), false.into(), usages.into()])?;
    let key = JsFuture::from(key).await?;
    let algorithm = Object::new();
    for (name, value) in [
        ("name", JsValue::from("PBKDF2")),
        ("hash", "SHA-256".into()),
        ("salt", Uint8Array::from(salt).into()),
        ("iterations", iterations.into()),
    ] {
        Reflect::set(&algorithm, &name.into(), &value)?;
    }
    let bits = JsFuture::from(call("deriveBits", &[algorithm.into(), key, 256.into()])?).await?;
    let mut stretched = SecretBytes::default();
    Uint8Array::new(&bits).copy_to(stretched.expose_mut());
    Ok(stretched)
}
