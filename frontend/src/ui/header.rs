//! The header: the product's name, the vault's buttons, settings, and the offer of a newer page.

use leptos::prelude::*;

use super::dialog::{Tool, use_dialog};
use super::fields::{Button, bool_signal, tr};
use super::lazy_parts::use_lazy_parts;
use super::notice::use_notices;
use crate::platform::browser;
use crate::text::Msg;

#[component]
pub(super) fn Header() -> impl IntoView {
    let dialog = use_dialog();
    let parts = use_lazy_parts();
    // `assets/boot.js` sends `passmint:update` when a newer version of the page is ready, and switches to it on
    // `passmint:take-update`.
    let newer = RwSignal::new(false);
    let notices = use_notices();
    let take = move |()| browser::dispatch("passmint:take-update");
    let listener = window_event_listener_untyped("passmint:update", move |_| {
        newer.set(true);
        notices.offer(Msg::UpdateReady, (Msg::UpdateNow, Callback::new(take)), None);
    });
    on_cleanup(move || listener.remove());
    view! {
        <header class="header">
            <h1 class="header-brand">{tr(Msg::Product)}</h1>
            {move || parts.vault.get().ready().map(|vault| (vault.header)())}
            <Button class="button--quiet" label=Msg::UpdateNow press=take hidden=bool_signal(move || !newer.get())/>
            <Button class="button--quiet" label=Msg::Settings press=move |()| dialog.open(Tool::Settings)/>
        </header>
    }
}
