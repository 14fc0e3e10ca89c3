//! The page: its components, and nothing that they do not draw or hear. [`rules`], [`tools`] (with entry), [`manage`] and [`vault`] load
//! later: only [`lazy`] may name them.
//!
//! Texts stand in `crate::text` and go into views as blocks. That also keeps leptos from building any part of the page
//! out of a string of HTML, which the page's Trusted Types policy forbids.

mod clipboard;
pub mod dialog;
mod entry;
mod fields;
mod frame;
mod generator;
mod header;
mod keys;
pub mod lazy;
pub mod manage;
pub mod mint;
pub mod notice;
mod recovery_code;
pub mod rules;
mod secret_text;
pub mod sentence;
pub mod tools;
pub mod vault;
pub mod words;

#[cfg(test)]
mod tests;

use ::generator::characters::Class;
use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;

use self::fields::tr;
use self::lazy::{LazyParts, LazyView, use_lazy_parts};
use crate::platform::browser;
use crate::text::{self, Msg, Texts};

/// Puts the page into the document. `language` is a tag (RFC 5646), `texts` what the page says in it.
#[wasm_bindgen]
pub fn start(language: &str, texts: &str) {
    text::speak(Texts::new(language, texts));
    mount_to_body(App);
}

#[component]
fn App() -> impl IntoView {
    let parts = provide();
    // The generator can be used now. What else there is comes after it has been drawn.
    request_animation_frame(move || set_timeout(move || later(parts), std::time::Duration::ZERO));
    view! {
        <a class="skip" href="#vault">{tr(Msg::SkipToVault)}</a>
        <header::Header/>
        <main class="rooms">
            <generator::Generator/>
            <VaultSection/>
        </main>
        <notice::NoticeBar/>
        <dialog::DialogView/>
    }
}

/// Makes known what all components share.
fn provide() -> LazyParts {
    let parts = LazyParts::provide();
    notice::Notices::provide();
    dialog::Dialog::provide();
    mint::Mint::provide();
    keys::listen();
    parts
}

fn later(parts: LazyParts) {
    parts.load_vault();
    // Rules that were chosen before are in the part for rules.
    if browser::setting(mint::CHOSEN_SETTING).is_some() {
        parts.load_rules();
    }
}

/// Where the vault's room stands.
#[component]
fn VaultSection() -> impl IntoView {
    let parts = use_lazy_parts();
    let panel = Signal::derive(move || parts.vault.get().map(|vault| vault.panel));
    view! {
        <section id="vault" class="vault card" tabindex="-1" aria-label=tr(Msg::Vault)>
            <LazyView part=panel load=move |()| parts.load_vault()/>
        </section>
    }
}

/// Some characters of a class, as a picture of it.
fn class_sample(class: Class) -> &'static str {
    match class {
        Class::Lower => "abc",
        Class::Upper => "ABC",
        Class::Digits => "123",
        Class::Symbols => "#$&",
    }
}
