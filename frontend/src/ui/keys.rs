//! Shortcuts of a single key, which work while no field has the focus. A person can switch them off (WCAG 2.2, 2.1.4).

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::dialog::{Tool, use_dialog};
use super::generator::copy;
use super::lazy_parts::use_lazy_parts;
use super::mint::use_mint;
use super::notice::use_notices;
use crate::platform::browser;
use crate::secret::Secret;

/// The setting that switches single keys off.
pub(super) const KEYS_SETTING: &str = "passmint.keys";
pub(super) const KEYS_OFF: &str = "off";

/// Handles shortcuts for as long as the page lives.
pub(super) fn listen() {
    let (mint, parts, notices, dialog) = (use_mint(), use_lazy_parts(), use_notices(), use_dialog());
    let listener = window_event_listener(leptos::ev::keydown, move |event: KeyboardEvent| {
        let chord = event.ctrl_key() || event.meta_key() || event.alt_key();
        if chord || event.is_composing() || dialog.is_open() || is_typed_in() || are_off() {
            return;
        }
        match event.key().as_str() {
            "n" => browser::focus_soon("name"),
            "g" => mint.regenerate(),
            "c" => copy(mint, parts, notices),
            "r" => match mint.password() {
                Some(password) => dialog.open(Tool::Read(Secret::new(password.expose().to_owned()).into())),
                None => return,
            },
            "/" => browser::focus_soon("search"),
            "l" => match parts.vault.get_untracked().ready() {
                Some(vault) => vault.lock.run(()),
                None => return,
            },
            "?" => dialog.open(Tool::Settings),
            _ => return,
        }
        event.prevent_default();
    });
    on_cleanup(move || listener.remove());
}

/// True if a field has the focus that keys would type into.
fn is_typed_in() -> bool {
    browser::document().active_element().is_some_and(|element| match element.tag_name().as_str() {
        "INPUT" => !matches!(element.get_attribute("type").as_deref(), Some("checkbox" | "radio" | "range")),
        "TEXTAREA" | "SELECT" => true,
        _ => false,
    })
}

fn are_off() -> bool {
    browser::setting(KEYS_SETTING).as_deref() == Some(KEYS_OFF)
}
