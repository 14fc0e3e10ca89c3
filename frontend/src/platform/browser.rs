//! Small functions of the browser: clock, clipboard, local storage, focus.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::{set_timeout, window_event_listener};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, Document, Event, HtmlAnchorElement, HtmlElement, Url, Window};

use crate::platform::random;

/// The window. A worker has none: do not call this there.
pub fn window() -> Window {
    web_sys::window().unwrap_throw()
}

pub fn document() -> Document {
    window().document().unwrap_throw()
}

/// The time now, in milliseconds since 1970 (UTC), by the browser's clock.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a clock of this age")]
pub fn now() -> u64 {
    js_sys::Date::now() as u64
}

/// A short name of this browser and system.
pub fn device() -> String {
    crate::model::device::name(&window().navigator().user_agent().unwrap_or_default())
}

/// A JavaScript `Error`.
pub fn error(message: &str) -> JsValue {
    js_sys::Error::new(message).into()
}

/// Puts text on the clipboard. Call it while a key press or click is being handled: browsers refuse otherwise.
///
/// # Errors
/// If the browser has no clipboard to offer, or refuses.
pub async fn copy(text: &str) -> Result<(), JsValue> {
    let navigator = window().navigator();
    // The clipboard is missing if the page came over plain HTTP.
    if js_sys::Reflect::get(&navigator, &"clipboard".into())?.is_undefined() {
        return Err(error("no clipboard"));
    }
    JsFuture::from(navigator.clipboard().write_text(text)).await.map(drop)
}

/// Empties the clipboard after `time`, if the page has stayed in front: otherwise it may hold text of another program.
/// A page may not read the clipboard without asking, and cannot clear a clipboard history.
pub fn clear_clipboard_after(time: Duration, cleared: impl Fn() + 'static) {
    let in_front = Rc::new(Cell::new(document().has_focus().unwrap_or(false)));
    let listener = {
        let in_front = Rc::clone(&in_front);
        window_event_listener(leptos::ev::blur, move |_| in_front.set(false))
    };
    set_timeout(
        move || {
            listener.remove();
            if in_front.get() {
                leptos::task::spawn_local(async move {
                    if copy("").await.is_ok() {
                        cleared();
                    }
                });
            }
        },
        time,
    );
}

/// Reads a setting from local storage. Where storage is forbidden there are no settings.
pub fn setting(name: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(name).ok()?
}

/// Stores a setting in local storage, if storage is allowed; `None` removes it. Never store secrets here.
pub fn save_setting(name: &str, value: Option<&str>) {
    if let Ok(Some(storage)) = window().local_storage() {
        // If storage is full or forbidden, only a convenience is lost.
        let _ = match value {
            Some(value) => storage.set_item(name, value),
            None => storage.remove_item(name),
        };
    }
}

/// Dispatches an event on the window, for `assets/boot.js`.
pub fn dispatch(name: &str) {
    if let Ok(event) = Event::new(name) {
        // Dispatching fails only for an event without a name.
        let _ = window().dispatch_event(&event);
    }
}

/// A monotonic clock for measuring, in milliseconds.
pub fn clock() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

/// Lets the browser draw and handle events before the caller continues.
pub async fn pause() {
    wait(Duration::ZERO).await;
}

/// Waits for half of these milliseconds to one and a half times as many, by chance.
pub async fn pause_about(ms: u64) {
    let [chance] = random::bytes::<1>();
    wait(Duration::from_millis(ms).mul_f64(0.5 + f64::from(chance) / 256.0)).await;
}

async fn wait(time: Duration) {
    let (done, is_done) = futures_channel::oneshot::channel();
    set_timeout(
        move || {
            // The waiting task may have been dropped.
            let _ = done.send(());
        },
        time,
    );
    let _ = is_done.await;
}

/// Offers a text as a file to save.
pub fn download(text: &str, name: &str, kind: &str) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let parts = js_sys::Array::of1(&text.into());
    let url = Url::create_object_url_with_blob(&Blob::new_with_str_sequence_and_options(&parts, &options)?)?;
    let link: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // By then the browser has read the file.
    set_timeout(move || drop(Url::revoke_object_url(&url)), Duration::from_secs(60));
    Ok(())
}

/// Sets or removes an attribute of the page's root element.
pub fn set_root_attribute(name: &str, value: Option<&str>) {
    if let Some(root) = document().document_element() {
        // Setting fails only for an invalid name.
        let _ = match value {
            Some(value) => root.set_attribute(name, value),
            None => root.remove_attribute(name),
        };
    }
}

/// Removes the fragment from the page's address.
pub fn clear_fragment() {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some("/"));
    }
}

/// Opens the browser's print dialogue.
pub fn print() {
    let _ = window().print();
}

/// Formats a time in a language, given as a tag (RFC 5646).
#[expect(clippy::cast_precision_loss, reason = "a clock of this age")]
pub fn exact_time(unix_ms: u64, language: &str) -> String {
    js_sys::Date::new(&(unix_ms as f64).into()).to_locale_string(language, &JsValue::UNDEFINED).into()
}

/// Focuses the element of that id after the rendering that is under way.
pub fn focus_soon(id: &'static str) {
    leptos::prelude::request_animation_frame(move || {
        if let Some(element) = document().get_element_by_id(id) {
            let _ = element.unchecked_into::<HtmlElement>().focus();
        }
    });
}

/// Focuses the first invalid field.
pub fn focus_first_invalid() {
    if let Ok(Some(element)) = document().query_selector("[aria-invalid=true]") {
        // A hidden field takes no focus.
        let _ = element.unchecked_into::<HtmlElement>().focus();
    }
}

/// Normalises text to NFC, as RFC 8265 asks for passphrases: keyboards encode the same text differently.
pub fn normalise(text: &str) -> String {
    String::from(js_sys::JsString::from(text).normalize("NFC"))
}
