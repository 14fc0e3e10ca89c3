//! Small dealings with the browser: clock, clipboard, local storage, focus.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::{set_timeout, window_event_listener};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, Document, Event, HtmlAnchorElement, HtmlElement, Url, Window};

/// The window. Not to be called in a worker.
#[must_use]
pub fn window() -> Window {
    web_sys::window().unwrap_throw()
}

#[must_use]
pub fn document() -> Document {
    window().document().unwrap_throw()
}

/// The time now, in milliseconds since 1970 (UTC), by the browser's clock.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a clock of this age")]
pub fn now() -> u64 {
    js_sys::Date::now() as u64
}

/// What this browser calls itself, in a few words.
#[must_use]
pub fn device() -> String {
    crate::model::device::name(&window().navigator().user_agent().unwrap_or_default())
}

/// An error to hand through JavaScript.
#[must_use]
pub fn error(message: &str) -> JsValue {
    js_sys::Error::new(message).into()
}

/// Puts text on the clipboard. Call it while a key press or click is being handled: browsers refuse otherwise.
///
/// # Errors
/// If the browser has no clipboard to offer, or refuses.
pub async fn copy(text: &str) -> Result<(), JsValue> {
    let navigator = window().navigator();
    // Missing where the page came over plain HTTP.
    if js_sys::Reflect::get(&navigator, &"clipboard".into())?.is_undefined() {
        return Err(error("no clipboard"));
    }
    JsFuture::from(navigator.clipboard().write_text(text)).await.map(drop)
}

/// Empties the clipboard after a while, if the page has stayed in front since: only then is it still the page's own text
/// that is there, as far as a page can know. It never reads the clipboard, and cannot reach a clipboard's history.
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

/// Reads a setting that this browser keeps. Where storage is forbidden there are no settings.
#[must_use]
pub fn setting(name: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(name).ok()?
}

/// Keeps a setting in this browser, as long as storage is allowed. Nothing secret.
pub fn save_setting(name: &str, value: Option<&str>) {
    if let Ok(Some(storage)) = window().local_storage() {
        // A storage that is full or forbidden loses a convenience and nothing else.
        let _ = match value {
            Some(value) => storage.set_item(name, value),
            None => storage.remove_item(name),
        };
    }
}

/// Tells `assets/boot.js` something, by an event of that name.
pub fn tell(name: &str) {
    if let Ok(event) = Event::new(name) {
        // Nobody can cancel this event, and it has a name.
        let _ = window().dispatch_event(&event);
    }
}

/// A clock for measuring, in milliseconds.
#[must_use]
pub fn clock() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

/// Lets the browser draw and listen before it goes on.
pub async fn pause() {
    let (done, is_done) = futures_channel::oneshot::channel();
    set_timeout(
        move || {
            // Who waited may be gone.
            let _ = done.send(());
        },
        Duration::ZERO,
    );
    let _ = is_done.await;
}

/// Hands a text over as a file to save.
///
/// # Errors
/// The browser's.
pub fn download(text: &str, name: &str, kind: &str) -> Result<(), JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let parts = js_sys::Array::of1(&text.into());
    let url = Url::create_object_url_with_blob(&Blob::new_with_str_sequence_and_options(&parts, &options)?)?;
    let link: HtmlAnchorElement = document().create_element("a")?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // The browser has taken what it needs by then.
    set_timeout(move || drop(Url::revoke_object_url(&url)), Duration::from_secs(60));
    Ok(())
}

/// Sets an attribute of the page's root element, or takes it away.
pub fn set_on_root(name: &str, value: Option<&str>) {
    if let Some(root) = document().document_element() {
        // The names are the page's own, and right.
        let _ = match value {
            Some(value) => root.set_attribute(name, value),
            None => root.remove_attribute(name),
        };
    }
}

/// Takes the fragment out of the page's address.
pub fn forget_fragment() {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some("/"));
    }
}

/// Opens the browser's print dialogue.
pub fn print() {
    let _ = window().print();
}

/// A time as it is written in a language, given as a tag (RFC 5646).
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a clock of this age")]
pub fn exact_time(unix_ms: u64, language: &str) -> String {
    js_sys::Date::new(&(unix_ms as f64).into()).to_locale_string(language, &JsValue::UNDEFINED).into()
}

/// Puts the keyboard's focus on the element of that id, once what is being rendered now is there.
pub fn focus_soon(id: &'static str) {
    leptos::prelude::request_animation_frame(move || {
        if let Some(element) = document().get_element_by_id(id) {
            let _ = element.unchecked_into::<HtmlElement>().focus();
        }
    });
}

/// Puts the keyboard's focus on the first field in which something is wrong.
pub fn focus_first_invalid() {
    if let Ok(Some(element)) = document().query_selector("[aria-invalid=true]") {
        // A field that is not shown takes no focus.
        let _ = element.unchecked_into::<HtmlElement>().focus();
    }
}

/// Text in Unicode's normalisation form C, as RFC 8265 asks for passphrases: the same text from every keyboard.
#[must_use]
pub fn normalise(text: &str) -> String {
    String::from(js_sys::JsString::from(text).normalize("NFC"))
}
