//! The vault's room: locked, being made, being opened, or open.

use leptos::prelude::*;

use super::Shared;
use super::entries::Entries;
use super::unlock::Unlock;
use crate::parts::use_parts;
use crate::session::{Stage, use_session};
use crate::text::{self, Msg};
use crate::ui::PartPlace;
use crate::ui::fields::{Button, flag, words};

#[component]
pub(super) fn Room() -> impl IntoView {
    let session = use_session();
    let parts = use_parts();
    let Shared { invite, creating, .. } = expect_context();
    let is_open = Memo::new(move |_| session.stage.get() == Stage::Open);
    move || match (is_open.get(), creating.get()) {
        (true, _) => view! { <Entries/> }.into_any(),
        (false, true) => {
            parts.load_create();
            view! { <PartPlace part=parts.create load=move |()| parts.load_create()/> }.into_any()
        }
        (false, false) => view! { <Unlock invite creating/> }.into_any(),
    }
}

/// What takes a moment, and a way out of it.
#[component]
pub(super) fn Progress() -> impl IntoView {
    let session = use_session();
    let idle = flag(move || !session.is_busy());
    let step = words(move || match session.stage.get() {
        Stage::Busy(step) => text::vault::step(step),
        Stage::Locked | Stage::Open => String::new(),
    });
    view! {
        <div class="progress" class:progress--idle=idle>
            <div class="progress-bar" aria-hidden="true">{""}</div>
            <p class="hint" role="status">{step}</p>
            <Button class="button--quiet" label=Msg::Cancel press=move |()| session.cancel() hidden=idle/>
        </div>
    }
}
