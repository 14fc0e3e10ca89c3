//! The account dialog: credentials, vault key, sessions, locking, and deleting the account.

mod changes;
mod ending;
mod keeping;
mod locking;
mod passkeys;
mod passphrase;
mod recovery;
mod sessions;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::session::use_session;
use crate::text::{self, Msg};
use crate::ui::dialog::{Manage, Tool, use_dialog};
use crate::ui::fields::{Button, text_signal, tr};
use crate::ui::frame::Frame;

#[component]
pub(super) fn AccountDialog() -> impl IntoView {
    let username = use_session().username();
    view! {
        <Frame title=text_signal(move || text::with(Msg::AccountOf, &[("username", &username)]))>
            <Section title=Msg::Passphrase><passphrase::PassphraseForm/></Section>
            <Section title=Msg::Recovery><recovery::RecoveryForm/></Section>
            <Section title=Msg::Passkeys><passkeys::PasskeyList/></Section>
            <Section title=Msg::NewKey><NewKeyPart/></Section>
            <Section title=Msg::Changes><changes::ChangeList/></Section>
            <Section title=Msg::Sessions><sessions::SessionList/></Section>
            <Section title=Msg::Locking><locking::LockSettings/></Section>
            <Section title=Msg::EndAccount><ending::EndAccount/></Section>
        </Frame>
    }
}

/// A section of the dialog. Its content is made, and asks the server, only once it is opened.
#[component]
fn Section(title: Msg, children: ChildrenFn) -> impl IntoView {
    let opened = RwSignal::new(false);
    view! {
        <details class="part" on:toggle=move |_| opened.set(true)>
            <summary>{tr(title)}</summary>
            <div class="part-body">{move || opened.get().then(|| children())}</div>
        </details>
    }
}

/// Why and how to make a new vault key, which has a dialog of its own.
#[component]
fn NewKeyPart() -> impl IntoView {
    let dialog = use_dialog();
    view! {
        <p class="hint">{tr(Msg::NewKeyIntro)}</p>
        <Button label=Msg::NewKeyStart press=move |()| dialog.open(Tool::Manage(Manage::NewKey))/>
    }
}

/// Offers a new vault key after a credential has changed: somebody may have known the old one.
#[component]
fn NewKeyOffer(shown: RwSignal<bool>) -> impl IntoView {
    let dialog = use_dialog();
    let offer = move || {
        shown.get().then(|| {
            view! {
                <div class="offer">
                    <p>{tr(Msg::NewKeyOffer)}</p>
                    <Button label=Msg::NewKeyStart press=move |()| dialog.open(Tool::Manage(Manage::NewKey))/>
                </div>
            }
        })
    };
    // The element is there before its text, so that screen readers speak the text when it appears.
    view! { <div role="status">{offer}</div> }
}

/// Keeps the browser from submitting a form. Gives a closure's event its type.
fn prevent_submit(event: &SubmitEvent) {
    event.prevent_default();
}
