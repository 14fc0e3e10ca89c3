//! The page: its components, and nothing that they do not draw or hear. [`rules`], [`tools`] (with entry), [`manage`] and [`vault`] load
//! later: only [`crate::parts`] may name them.
//!
//! Texts stand in `crate::text` and go into views as blocks. That also keeps leptos from building any part of the page
//! out of a string of HTML, which the page's Trusted Types policy forbids.

mod clipboard;
mod code;
pub mod dialog;
mod entry;
mod fields;
mod frame;
mod generator;
mod header;
mod keys;
pub mod manage;
pub mod mint;
pub mod notice;
pub mod rules;
mod secret_text;
pub mod tools;
pub mod vault;
pub mod words;

#[cfg(test)]
mod tests;

use ::generator::characters::Class;
use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;

use self::fields::{Button, live};
use crate::parts::{Part, Parts, use_parts};
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
        <a class="skip" href="#vault">{live(Msg::SkipToVault)}</a>
        <header::Header/>
        <main class="rooms">
            <generator::Generator/>
            <VaultPlace/>
        </main>
        <notice::NoticeBar/>
        <dialog::DialogPlace/>
    }
}

/// Makes known what all components share.
fn provide() -> Parts {
    let parts = Parts::provide();
    notice::Notices::provide();
    dialog::Dialog::provide();
    mint::Mint::provide();
    keys::listen();
    parts
}

fn later(parts: Parts) {
    parts.load_vault();
    // Rules that were chosen before are in the part for rules.
    if browser::setting(mint::CHOSEN_SETTING).is_some() {
        parts.load_rules();
    }
}

/// Where the vault's room stands.
#[component]
fn VaultPlace() -> impl IntoView {
    let parts = use_parts();
    let room = Signal::derive(move || parts.vault.get().map(|vault| vault.room));
    view! {
        <section id="vault" class="vault card" tabindex="-1" aria-label=live(Msg::Vault)>
            <PartPlace part=room load=move |()| parts.load_vault()/>
        </section>
    }
}

/// Where a part stands, and what is there until it comes.
#[component]
fn PartPlace(
    /// The part: what draws it.
    #[prop(into)]
    part: Signal<Part<fn() -> AnyView>>,
    #[prop(into)] load: Callback<()>,
) -> impl IntoView {
    move || match part.get() {
        Part::Here(draw) => draw(),
        Part::Awaited => view! { <p class="hint" role="status">{live(Msg::VaultLoading)}</p> }.into_any(),
        Part::Missing => view! {
            <p class="fault" role="alert">{live(Msg::VaultNotLoaded)}</p>
            <Button label=Msg::TryAgain press=load/>
        }
        .into_any(),
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
