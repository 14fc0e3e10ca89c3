//! The page's own files that are fetched when they are wanted: each by its name, with the hash that the page was built
//! with (subresource integrity). A file that was changed on the way does not arrive.

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestCache, RequestInit, Response};

use crate::platform::browser::{self, document, window};

/// Where a file is, and what it hashes to, as the document says.
///
/// # Errors
/// If the page names no such file.
fn find(name: &str) -> Result<(String, String), JsValue> {
    let meta = document().query_selector(&format!("meta[name=file][content={name}]"))?.ok_or(JsValue::NULL)?;
    let data = |name: &str| meta.get_attribute(name).ok_or(JsValue::NULL);
    Ok((data("data-url")?, data("data-integrity")?))
}

/// The address of a file.
///
/// # Errors
/// If the page names no such file.
pub fn url(name: &str) -> Result<String, JsValue> {
    find(name).map(|(url, _)| url)
}

/// Fetches a file.
///
/// # Errors
/// If it does not come, or is not the one that this page was built with.
pub async fn fetch(name: &str) -> Result<Response, JsValue> {
    let (url, integrity) = find(name)?;
    let options = RequestInit::new();
    options.set_integrity(&integrity);
    let mut answer = JsFuture::from(window().fetch_with_str_and_init(&url, &options)).await;
    if answer.is_err() {
        // The browser may have kept what was changed on the way: names that are hashes are kept for good.
        options.set_cache(RequestCache::Reload);
        answer = JsFuture::from(window().fetch_with_str_and_init(&url, &options)).await;
    }
    let response: Response = answer?.unchecked_into();
    if response.ok() { Ok(response) } else { Err(browser::error("not found")) }
}

/// Fetches a file of text.
///
/// # Errors
/// As [`fetch`].
pub async fn text(name: &str) -> Result<String, JsValue> {
    let text: Promise = fetch(name).await?.text()?;
    JsFuture::from(text).await?.as_string().ok_or(JsValue::NULL)
}
