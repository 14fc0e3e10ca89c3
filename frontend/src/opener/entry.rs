//! An entry of the opened backup, and its drawing.

use js_sys::Date;
use wasm_bindgen::prelude::*;
use web_sys::Element;

use super::dom::{add, array, member, set, text};
use super::say;
use crate::platform::lowercase::lower_case;

/// An entry of Bitwarden's unencrypted JSON. Secrets are read from `item` only when they are wanted.
pub(super) struct ExportedEntry {
    item: JsValue,
    pub(super) name: String,
    pub(super) username: String,
    websites: String,
    /// The text that a search looks through, in lower case.
    pub(super) search_text: String,
}

impl ExportedEntry {
    pub(super) fn new(item: JsValue) -> Self {
        let (name, username) = (text(&item, "name"), text(&member(&item, "login"), "username"));
        let websites = array(&member(&item, "login"), "uris").into_iter().map(|uri| text(&uri, "uri"));
        let websites = websites.collect::<Vec<_>>().join("\n");
        let search_text = lower_case(&[name.as_str(), &username, &websites].join("\n"));
        Self { item, name, username, websites, search_text }
    }

    pub(super) fn password(&self) -> String {
        text(&member(&self.item, "login"), "password")
    }

    fn note(&self) -> String {
        text(&self.item, "notes")
    }

    /// Previous passwords, each with the time of its replacement.
    fn history(&self) -> Vec<(String, String)> {
        let previous = array(&self.item, "passwordHistory");
        previous.iter().map(|one| (text(&one, "lastUsedDate"), text(&one, "password"))).collect()
    }

    pub(super) fn previous_password(&self, index: usize) -> String {
        self.history().into_iter().nth(index).map(|(_, password)| password).unwrap_or_default()
    }

    /// Draws the entry as an item of the list, without its secrets.
    pub(super) fn draw(&self, index: usize, list: &Element) {
        let row = add(list, "li", "row", "");
        set(&add(&row, "h2", "row-name", &self.name), "dir", "auto");
        let button = |parent: &Element, act: &str, label: &str, name: &str| {
            let button = add(parent, "button", "button", label);
            for (attribute, value) in [
                ("type", "button"),
                ("data-act", act),
                ("data-entry", &index.to_string()),
                ("aria-label", &self.named(name)),
            ] {
                set(&button, attribute, value);
            }
            button
        };
        if !self.username.is_empty() {
            let line = add(&row, "p", "row-line", "");
            add(&line, "span", "row-what", &say("username", &[]));
            set(&add(&line, "span", "row-text", &self.username), "dir", "auto");
            let copy = button(&line, "username", &say("copy", &[]), "");
            let name = [self.named(&say("copy", &[])), say("username", &[])].join(": ");
            set(&copy, "aria-label", &name);
        }
        if !self.websites.is_empty() {
            let line = add(&row, "p", "row-line", "");
            add(&line, "span", "row-what", &say("website", &[]));
            add(&line, "span", "row-text", &self.websites);
        }
        let buttons = add(&row, "div", "buttons", "");
        if !self.password().is_empty() {
            button(&buttons, "show", &say("show", &[]), &say("show", &[]));
            button(&buttons, "copy", &say("copy", &[]), &say("copy", &[]));
        }
        if !self.note().is_empty() {
            set(&button(&buttons, "note", &say("note", &[]), &say("note", &[])), "aria-expanded", "false");
        }
        let previous = self.history().len();
        if previous > 0 {
            let label = say("history", &[("count", &previous)]);
            set(&button(&buttons, "history", &label, &label), "aria-expanded", "false");
        }
        for what in ["show", "note", "history"] {
            let place = add(&row, "div", "row-more", "");
            set(&place, "data-of", what);
            set(&place, "hidden", "");
        }
    }

    /// A button's accessible name, which says the entry too.
    pub(super) fn named(&self, verb: &str) -> String {
        say("named", &[("verb", &verb), ("name", &self.name)])
    }

    /// Draws the password, the note or the previous passwords into their place.
    pub(super) fn draw_more(&self, what: &str, index: usize, place: &Element) {
        match what {
            "show" => drop(add(place, "p", "secret", &self.password())),
            "note" => set(&add(place, "p", "note", &self.note()), "dir", "auto"),
            _ => {
                let list = add(place, "ul", "history", "");
                for (number, (until, password)) in self.history().iter().enumerate() {
                    let one = add(&list, "li", "", "");
                    let date = Date::new(&until.into());
                    if !date.get_time().is_nan() {
                        let date = String::from(date.to_locale_date_string(&say("lang", &[]), &JsValue::UNDEFINED));
                        add(&one, "span", "row-what", &say("until", &[("date", &date)]));
                    }
                    add(&one, "span", "secret", password);
                    let button = add(&one, "button", "button", &say("copy", &[]));
                    let name = format!("{} {}", self.named(&say("copy", &[])), number + 1);
                    for (attribute, value) in [
                        ("type", "button"),
                        ("data-act", "previous"),
                        ("data-entry", &index.to_string()),
                        ("data-previous", &number.to_string()),
                        ("aria-label", &name),
                    ] {
                        set(&button, attribute, value);
                    }
                }
            }
        }
    }
}
