//! The page: its components, and nothing that they do not draw or hear.
//!
//! Texts stand in `crate::text` and go into views as blocks. That also keeps leptos from building any part of the page
//! out of a string of HTML, which the page's Trusted Types policy forbids.

mod create;
mod entries;
mod fields;
mod generator;
mod header;
mod mint;
mod notice;
mod secret_text;
mod unlock;
mod vault;

use leptos::prelude::*;

use crate::browser;
use crate::session::Session;
use crate::text;

/// Puts the page into the document.
pub fn mount() {
    mount_to_body(App);
}

/// The whole page.
#[component]
fn App() -> impl IntoView {
    let session = Session::provide();
    notice::Notices::provide();
    mint::Mint::provide();
    warn_before_leaving(session);
    let invite = RwSignal::new(invite_of_this_page());
    view! {
        <a class="skip" href="#vault">{text::SKIP}</a>
        <header::Header/>
        <main class="rooms">
            <generator::Generator/>
            <vault::Vault invite/>
        </main>
        <notice::NoticeBar/>
    }
}

/// The invite in the page's address, after `#invite=`; empty if there is none. The fragment is sent to no server.
fn invite_of_this_page() -> String {
    let fragment = browser::window().location().hash().unwrap_or_default();
    fragment.strip_prefix("#invite=").unwrap_or_default().to_owned()
}

/// Asks before the page is left while something is not saved.
fn warn_before_leaving(session: Session) {
    let handle = window_event_listener(leptos::ev::beforeunload, move |event| {
        if session.waiting.with_untracked(|list| !list.is_empty()) {
            event.prevent_default();
        }
    });
    on_cleanup(move || handle.remove());
}
