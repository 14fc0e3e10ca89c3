//! The text of a password, with letters, digits and symbols in different colours and weights.

use generator::characters::Class;
use leptos::prelude::*;

/// One element for each run of characters of a kind. The text itself is in no attribute.
pub(super) fn secret_text(text: &str) -> AnyView {
    let mut runs: Vec<(&'static str, String)> = Vec::new();
    for character in text.chars() {
        let kind = match Class::of(character) {
            Some(Class::Lower | Class::Upper) => "secret-letter",
            Some(Class::Digits) => "secret-digit",
            Some(Class::Symbols) | None => "secret-symbol",
        };
        match runs.last_mut() {
            Some((last, run)) if *last == kind => run.push(character),
            _ => runs.push((kind, character.to_string())),
        }
    }
    runs.into_iter().map(|(kind, run)| view! { <span class=kind>{run}</span> }).collect_view().into_any()
}
