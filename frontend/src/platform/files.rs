//! Fetches the page's own files on demand, by name, and checks each against its hash in the document (subresource
//! integrity). A file that was altered on the way is refused.

use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestCache, RequestInit, Response};

use crate::platform::browser::{document, window};

/// A file did not arrive, or is not the one that this page was built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileMissing;

/// The address and the hash of a file, from the document's `meta` elements.
fn find(name: &str) -> Option<(String, String)> {
    let meta = document().query_selector(&format!("meta[name=file][content={name}]")).ok()??;
    Some((meta.get_attribute("data-url")?, meta.get_attribute("data-integrity")?))
}

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
        // An altered file may be in the browser's cache, which keeps files with hashed names for good.
        options.set_cache(RequestCache::Reload);
        answer = JsFuture::from(window().fetch_with_str_and_init(&url, &options)).await;
    }
    let response: Response = answer.map_err(|_| FileMissing)?.unchecked_into();
    if response.ok() { Ok(response) } else { Err(FileMissing) }
}

pub async fn text(name: &str) -> Result<String, FileMissing> {
    let text: Promise = fetch(name).await?.text().map_err(|_| FileMissing)?;
    let text = JsFuture::from(text).await.map_err(|_| FileMissing)?;
    text.as_string().ok_or(FileMissing)
}
