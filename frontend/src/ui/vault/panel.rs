//! The vault's panel: the form that opens or makes a vault, or the open vault.

use leptos::prelude::*;

use super::PanelState;
use super::entries::Entries;
use super::unlock::Unlock;
use crate::session::{Stage, use_session};
use crate::text::Msg;
use crate::ui::dialog::{Manage, Tool, use_dialog};
use crate::ui::fields::{Button, tr};
use crate::ui::lazy_parts::{LazyView, use_lazy_parts};

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

/// The form for making a vault, once its part has loaded.
fn form() -> AnyView {
    let part = use_lazy_parts().manage.get_untracked().ready();
    part.map_or_else(|| ().into_any(), |show| show(Tool::Manage(Manage::Create)))
}

/// Buttons for the tools that concern the vault as a whole.
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
