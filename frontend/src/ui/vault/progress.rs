//! The progress of opening or making a vault.

use leptos::prelude::*;

use crate::session::{Stage, use_session};
use crate::text::Msg;
use crate::ui::fields::{Button, bool_signal, text_signal};
use crate::ui::words as say;

/// The step that is under way, with a button that cancels it.
#[component]
pub(super) fn Progress() -> impl IntoView {
    let session = use_session();
    let idle = bool_signal(move || !session.is_busy());
    let step = text_signal(move || match session.stage.get() {
        Stage::Busy(step) => say::step(step),
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
