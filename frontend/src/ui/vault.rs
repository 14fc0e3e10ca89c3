//! The vault's room: locked, being made, being opened, or open.

use leptos::prelude::*;

use super::create::Create;
use super::entries::Entries;
use super::fields::{Button, flag, words};
use super::unlock::Unlock;
use crate::session::{Stage, use_session};
use crate::text;

#[component]
pub(super) fn Vault(
    /// The invite that this page was opened with, until it is used.
    invite: RwSignal<String>,
) -> impl IntoView {
    let session = use_session();
    let is_open = Memo::new(move |_| session.stage.get() == Stage::Open);
    // Whoever comes by an invite wants to make a vault, unless they say otherwise.
    let creating = RwSignal::new(invite.with_untracked(|invite| !invite.is_empty()));
    let room = move || match (is_open.get(), creating.get()) {
        (true, _) => view! { <Entries/> }.into_any(),
        (false, true) => view! { <Create invite creating/> }.into_any(),
        (false, false) => view! { <Unlock invite creating/> }.into_any(),
    };
    view! {
        <section id="vault" class="vault card" tabindex="-1" aria-label=text::VAULT>{room}</section>
    }
}

/// What takes a moment, and a way out of it.
#[component]
pub(super) fn Progress() -> impl IntoView {
    let session = use_session();
    let idle = flag(move || !session.is_busy());
    let step = words(move || match session.stage.get() {
        Stage::Busy(step) => text::step(step),
        Stage::Locked | Stage::Open => String::new(),
    });
    view! {
        <div class="progress" class:progress--idle=idle>
            <div class="progress-bar" aria-hidden="true">{""}</div>
            <p class="hint" role="status">{step}</p>
            <Button class="button--quiet" label=text::CANCEL press=move |()| session.cancel() hidden=idle/>
        </div>
    }
}
