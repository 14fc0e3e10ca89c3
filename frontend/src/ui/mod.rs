//! The page's components. [`rules`], [`tools`] (with `entry`), [`manage`] and [`vault`] load later: only [`lazy`] may
//! name them.
//!
//! Texts stand in `crate::text` and go into views as blocks. That also keeps leptos from making elements out of a
//! string of HTML, which the page's Trusted Types policy forbids.

mod character_fields;
mod clipboard;
pub mod dialog;
mod dialog_view;
mod entry;
mod fields;
mod frame;
mod generator;
mod header;
mod keys;
mod lazy;
pub mod lazy_parts;
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

use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;

use self::fields::tr;
use self::lazy_parts::{LazyParts, LazyView, use_lazy_parts};
use crate::platform::browser;
use crate::text::{self, Msg, Texts};

/// Mounts the page. `language` is a tag (RFC 5646), `texts` the file of texts in that language.
#[wasm_bindgen]
pub fn start(language: &str, texts: &str) {
    text::speak(Texts::new(language, texts));
    mount_to_body(App);
}

#[component]
fn App() -> impl IntoView {
    let parts = provide();
    // The generator works already. Everything else loads after it has been drawn.
    request_animation_frame(move || set_timeout(move || later(parts), std::time::Duration::ZERO));
    view! {
        <a class="skip" href="#vault">{tr(Msg::SkipToVault)}</a>
        <header::Header/>
        <main class="rooms">
            <generator::Generator/>
            <VaultSection/>
        </main>
        <notice::NoticeBar/>
        <dialog_view::DialogView/>
    }
}

/// Provides the contexts that all components share.
fn provide() -> LazyParts {
    let parts = LazyParts::provide(lazy::LOADERS);
    notice::Notices::provide();
    dialog::Dialog::provide();
    mint::Mint::provide(move || parts.rules.get().ready().map(|rules| rules.plan));
    keys::listen();
    parts
}

fn later(parts: LazyParts) {
    parts.load_vault();
    // The chosen preset may need any field of the part for rules.
    if browser::setting(mint::CHOSEN_SETTING).is_some() {
        parts.load_rules();
    }
}

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
