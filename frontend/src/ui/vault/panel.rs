//! The vault's room: locked, being made, being opened, or open.

use leptos::prelude::*;

use super::PanelState;
use super::entries::Entries;
use super::unlock::Unlock;
use crate::session::{Stage, use_session};
use crate::text::Msg;
use crate::ui::dialog::{Manage, Tool, use_dialog};
use crate::ui::fields::{Button, bool_signal, text_signal, tr};
use crate::ui::lazy::{LazyView, use_lazy_parts};
use crate::ui::words as say;

#[component]
pub(super) fn Panel() -> impl IntoView {
    let session = use_session();
    let parts = use_lazy_parts();
    let PanelState { invite, creating, .. } = expect_context();
    let is_open = Memo::new(move |_| session.stage.get() == Stage::Open);
    move || match (is_open.get(), creating.get()) {
        (true, _) => view! { <VaultButtons/><Entries/> }.into_any(),
        (false, true) => {
            parts.load_manage();
            let form = Signal::derive(move || parts.manage.get().map(|_| form as fn() -> AnyView));
            view! { <LazyView part=form load=move |()| parts.load_manage()/> }.into_any()
        }
        (false, false) => view! { <Unlock invite creating/> }.into_any(),
    }
}

/// The form for making a vault, once its part is here.
fn form() -> AnyView {
    let part = use_lazy_parts().manage.get_untracked().ready();
    part.map_or_else(|| ().into_any(), |show| show(Tool::Manage(Manage::Create)))
}

/// What can be done with the vault as a whole.
#[component]
fn VaultButtons() -> impl IntoView {
    let dialog = use_dialog();
    let buttons = [
        (Msg::Account, Manage::Account),
        (Msg::Import, Manage::Import),
        (Msg::Export, Manage::Export),
        (Msg::Health, Manage::Health),
    ];
    view! {
        <nav class="managing buttons" aria-label=tr(Msg::ManageVault)>
            {buttons.map(|(label, what)| view! {
                <Button class="button--quiet" label press=move |()| dialog.open(Tool::Manage(what))/>
            }).into_iter().collect_view()}
        </nav>
    }
}

/// What takes a moment, and a way out of it.
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
