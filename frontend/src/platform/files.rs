//! The page's own files that are fetched when they are needed, each by its name and with the hash that the page was
//! built with (subresource integrity). A file that was changed on the way does not arrive.

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestCache, RequestInit, Response};

use crate::platform::browser::{document, window};

/// A file did not come, or is not the one that this page was built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMissing;

/// The address and the hash of a file, which the document names.
fn find(name: &str) -> Option<(String, String)> {
    let meta = document().query_selector(&format!("meta[name=file][content={name}]")).ok()??;
    Some((meta.get_attribute("data-url")?, meta.get_attribute("data-integrity")?))
}

/// The address of a file.
///
/// # Errors
/// If the page names no such file.
pub fn url(name: &str) -> Result<String, FileMissing> {
    find(name).map(|(url, _)| url).ok_or(FileMissing)
}

pub async fn fetch(name: &str) -> Result<Response, FileMissing> {
    let (url, integrity) = find(name).ok_or(FileMissing)?;
    let options = RequestInit::new();
    options.set_integrity(&integrity);
    let mut answer = JsFuture::from(window().fetch_with_str_and_init(&url, &options)).await;
    if answer.is_err() {
        // A file that was changed on the way may be in the cache, where names that are hashes stay for good.
        options.set_cache(RequestCache::Reload);
        answer = JsFuture::from(window().fetch_with_str_and_init(&url, &options)).await;
    }
    let response: Response = answer.map_err(|_| FileMissing)?.unchecked_into();
    if response.ok() { Ok(response) } else { Err(FileMissing) }
}

/// Fetches a file of text.
pub async fn text(name: &str) -> Result<String, FileMissing> {
    let text: Promise = fetch(name).await?.text().map_err(|_| FileMissing)?;
    let text = JsFuture::from(text).await.map_err(|_| FileMissing)?;
    text.as_string().ok_or(FileMissing)
}
