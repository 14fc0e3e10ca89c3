//! The program inside a backup's file: asks for the passphrase, and lists the entries.
//!
//! It runs from a disk, without a server or a network: the file's policy allows no request. The file
//! (`assets/opener.html`) has the elements; this module fills them in and handles their events. A secret enters the
//! document as text, and only when the person asks for it.

mod dom;
mod entry;

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::rc::Rc;

use js_sys::{Array, JSON};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, BlobPropertyBag, Element, HtmlAnchorElement, HtmlElement, Url};

use self::dom::{after, after_drawing, at, by_id, document, field, set, window};
use self::entry::ExportedEntry;
use crate::keyring::backup;
use crate::keyring::protocol::KeyringError;
use crate::platform::lowercase::lower_case;
use crate::secret::Secret;
use crate::text::fill;

/// Entries drawn at once.
const DRAWN: usize = 100;
/// The clipboard is cleared after so many seconds.
const CLIPBOARD_SECONDS: i32 = 30;
/// A message disappears after so many seconds.
const STATUS_SECONDS: i32 = 10;
/// The name of the saved file.
const FILE_NAME: &str = "passmint-not-encrypted.json";

thread_local! {
    /// The texts, from a data block of the file.
    static TEXTS: JsValue = json("texts").unwrap_or(JsValue::NULL);
}

/// A text of the file's language, with values filled in.
fn say(name: &str, values: &[(&str, &dyn Display)]) -> String {
    fill(&TEXTS.with(|texts| dom::text(texts, name)), values)
}

/// The JSON in a data block of the file.
fn json(id: &str) -> Option<JsValue> {
    JSON::parse(&by_id(id).text_content()?).ok()
}

#[derive(Default)]
struct Opener {
    text: RefCell<Secret>,
    entries: RefCell<Vec<ExportedEntry>>,
    drawn: Cell<usize>,
    /// The page has stayed in front since the last copy.
    in_front: Cell<bool>,
}

/// Shows the form and listens to its events.
pub fn run() {
    let opener = Rc::new(Opener::default());
    if let Some(root) = document().document_element() {
        set(&root, "lang", &say("lang", &[]));
    }
    document().set_title(&say("title", &[]));
    let named = document().query_selector_all("[data-text]").unwrap_throw();
    for element in (0..named.length()).filter_map(|index| named.item(index)) {
        let element: Element = element.unchecked_into();
        element.set_text_content(Some(&say(&element.get_attribute("data-text").unwrap_or_default(), &[])));
    }
    // The person may have saved the page while a backup was open.
    by_id("list").set_text_content(None);
    by_id("status").set_text_content(None);
    by_id("opened").set_hidden(true);
    by_id("closed").set_hidden(false);
    by_id("app").set_hidden(false);
    fault("");
    busy(false);

    let listen = |id: &str, kind: &str, act: fn(&Rc<Opener>, web_sys::Event)| {
        let opener = Rc::clone(&opener);
        at(&by_id(id), kind, move |event| act(&opener, event));
    };
    listen("closed", "submit", |opener, event| {
        event.prevent_default();
        opener.open();
    });
    listen("search", "input", |opener, _| opener.search());
    listen("more", "click", |opener, _| opener.more());
    listen("list", "click", |opener, event| {
        let pressed = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if let Some(button) = pressed.and_then(|element| element.closest("[data-act]").ok().flatten()) {
            opener.press(&button);
        }
    });
    listen("save", "click", |opener, _| opener.save());
    listen("lock", "click", |_, _| drop(window().location().reload()));
    at(&window(), "blur", move |_| opener.in_front.set(false));
    let _ = field("passphrase").focus();
}

/// Shows an error beside the passphrase field; an empty text removes it.
fn fault(text: &str) {
    by_id("fault-text").set_text_content(Some(text));
    set(&field("passphrase"), "aria-invalid", if text.is_empty() { "false" } else { "true" });
}

/// Shows a message for a while.
fn status(text: &str) {
    by_id("status").set_text_content(Some(text));
    let said = text.to_owned();
    after(STATUS_SECONDS * 1000, move || {
        if by_id("status").text_content().as_ref() == Some(&said) {
            by_id("status").set_text_content(None);
        }
    });
}

/// Shows or hides the progress of opening.
fn busy(is_busy: bool) {
    by_id("progress").set_text_content(Some(&if is_busy { say("opening", &[]) } else { String::new() }));
    for id in ["passphrase", "open"] {
        let _ = by_id(id).toggle_attribute_with_force("disabled", is_busy);
    }
}

impl Opener {
    fn open(self: &Rc<Self>) {
        let passphrase = js_sys::JsString::from(field("passphrase").value()).normalize("NFC");
        let passphrase = Secret::new(passphrase.into());
        if passphrase.is_empty() {
            fault(&say("empty", &[]));
            let _ = field("passphrase").focus();
            return;
        }
        fault("");
        busy(true);
        let opener = Rc::clone(self);
        // Opening blocks the thread for a second, so the progress must be drawn first.
        after_drawing(move || {
            let opened = backup::open(&passphrase, &by_id("backup").text_content().unwrap_or_default());
            busy(false);
            let wrong = match opened.map(|text| opener.show(text)) {
                Ok(true) => return,
                Ok(false) => "damaged",
                Err(KeyringError::WrongSecret) => "wrong",
                Err(KeyringError::TooCostly) => "memory",
                Err(_) => "damaged",
            };
            fault(&say(wrong, &[]));
            let _ = field("passphrase").focus();
            field("passphrase").select();
        });
    }

    /// Lists the entries of a backup. Returns false if `text` is not a backup's JSON.
    fn show(&self, text: Secret) -> bool {
        let Ok(vault) = JSON::parse(text.expose()) else { return false };
        let mut entries: Vec<ExportedEntry> = dom::array(&vault, "items").iter().map(ExportedEntry::new).collect();
        entries.sort_by_cached_key(|entry| lower_case(&entry.name));
        self.entries.replace(entries);
        self.text.replace(text);
        field("passphrase").set_value("");
        by_id("closed").set_hidden(true);
        by_id("opened").set_hidden(false);
        field("search").set_value("");
        self.search();
        let _ = field("search").focus();
        true
    }

    /// Draws the first results of the search.
    fn search(&self) {
        self.drawn.set(DRAWN);
        self.draw();
    }

    fn more(&self) {
        let first_new = self.drawn.get();
        self.drawn.set(first_new + DRAWN);
        self.draw();
        // The button may be gone, so the focus moves to the first new entry.
        let first = by_id("list").query_selector(&format!("li:nth-child({}) button", first_new + 1));
        if let Ok(Some(button)) = first {
            let _ = button.unchecked_into::<HtmlElement>().focus();
        }
    }

    fn draw(&self) {
        let entries = self.entries.borrow();
        let query = field("search").value();
        let wanted = lower_case(query.trim());
        let is_wanted = |entry: &ExportedEntry| wanted.split_whitespace().all(|word| entry.search_text.contains(word));
        let found: Vec<_> = entries.iter().enumerate().filter(|(_, entry)| is_wanted(entry)).collect();
        let list = by_id("list");
        list.set_text_content(None);
        for (index, entry) in found.iter().take(self.drawn.get()) {
            entry.draw(*index, &list);
        }
        by_id("more").set_hidden(found.len() <= self.drawn.get());
        let (shown, all) = (found.len(), entries.len());
        by_id("count").set_text_content(Some(&match (shown, all) {
            (0, 1..) => say("none", &[("query", &query)]),
            (1, 1) => say("countOne", &[]),
            _ if shown == all => say("count", &[("all", &all)]),
            _ => say("countSome", &[("shown", &shown), ("all", &all)]),
        }));
    }

    /// Handles a button of an entry.
    fn press(self: &Rc<Self>, button: &Element) {
        let number = |name: &str| button.get_attribute(name).and_then(|number| number.parse::<usize>().ok());
        let entries = self.entries.borrow();
        let Some((index, entry)) = number("data-entry").and_then(|index| Some((index, entries.get(index)?))) else {
            return;
        };
        let act = button.get_attribute("data-act").unwrap_or_default();
        let copied = match act.as_str() {
            "copy" => entry.password(),
            "username" => entry.username.clone(),
            "previous" => entry.previous_password(number("data-previous").unwrap_or_default()),
            _ => {
                let row = button.closest("li").ok().flatten();
                let place = row.and_then(|row| row.query_selector(&format!("[data-of={act}]")).ok().flatten());
                let Some(place) = place else { return };
                let is_shown = place.toggle_attribute("hidden").is_ok_and(|is_hidden| !is_hidden);
                place.set_text_content(None);
                if is_shown {
                    entry.draw_more(&act, index, &place);
                }
                if act == "show" {
                    let verb = say(if is_shown { "hide" } else { "show" }, &[]);
                    button.set_text_content(Some(&verb));
                    set(button, "aria-label", &entry.named(&verb));
                } else {
                    set(button, "aria-expanded", if is_shown { "true" } else { "false" });
                }
                return;
            }
        };
        self.copy(&copied, say("copied", &[("name", &entry.name), ("seconds", &CLIPBOARD_SECONDS)]));
    }

    /// Copies a text, and clears the clipboard after a while if the page has stayed in front.
    fn copy(self: &Rc<Self>, text: &str, copied: String) {
        let navigator = window().navigator();
        // Some browsers offer no clipboard to a local file.
        if dom::member(&navigator, "clipboard").is_undefined() {
            return status(&say("copyFailed", &[]));
        }
        self.in_front.set(true);
        let opener = Rc::clone(self);
        let done = Closure::once(move |_: JsValue| {
            status(&copied);
            after(CLIPBOARD_SECONDS * 1000, move || {
                if opener.in_front.get() && document().has_focus().unwrap_or(false) {
                    let _ = window().navigator().clipboard().write_text("");
                    status(&say("cleared", &[]));
                }
            });
        });
        let failed = Closure::once(|_: JsValue| status(&say("copyFailed", &[])));
        let _ = navigator.clipboard().write_text(text).then2(&done, &failed);
        done.forget();
        failed.forget();
    }

    /// Offers the opened backup as a file to save.
    fn save(&self) {
        let options = BlobPropertyBag::new();
        options.set_type("application/json");
        let parts = Array::of1(&self.text.borrow().expose().into());
        let file = Blob::new_with_str_sequence_and_options(&parts, &options)
            .and_then(|blob| Url::create_object_url_with_blob(&blob))
            .unwrap_throw();
        let link: HtmlAnchorElement = document().create_element("a").unwrap_throw().unchecked_into();
        link.set_href(&file);
        link.set_download(FILE_NAME);
        link.click();
        // By then the browser has read the file.
        after(60_000, move || drop(Url::revoke_object_url(&file)));
    }
}
