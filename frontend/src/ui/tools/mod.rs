//! The part with the tools, each shown in a dialog: settings, reading aloud, many at once, tests of the randomness.

mod bulk;
mod chart;
mod reading;
mod settings;
mod trust;

use leptos::html;
use leptos::prelude::*;

use super::dialog::{Tool, use_dialog};
use super::fields::{Button, live};
use crate::parts::ToolsPart;
use crate::text::Msg;

/// What the rest of the page needs of this part.
pub fn part() -> ToolsPart {
    |tool| match tool {
        Tool::Settings => view! { <settings::Settings/> }.into_any(),
        Tool::Read(secret) => view! { <reading::Reading secret/> }.into_any(),
        Tool::Bulk => view! { <bulk::Bulk/> }.into_any(),
        Tool::Trust => view! { <trust::Trust/> }.into_any(),
    }
}

/// A dialog over the page, with its title and a way to close it. The browser puts the focus into it, keeps it there,
/// and gives it back.
#[component]
fn Frame(
    /// Its title.
    title: Msg,
    /// What it shows.
    children: Children,
) -> impl IntoView {
    let dialog = use_dialog();
    let element = NodeRef::<html::Dialog>::new();
    element.on_load(|element| drop(element.show_modal()));
    view! {
        <dialog class="dialog" aria-labelledby="dialog-title" node_ref=element on:close=move |_| dialog.close()>
            <div class="dialog-head">
                <h2 id="dialog-title" class="card-title">{live(title)}</h2>
                <Button class="button--quiet dialog-close" label="×" name=Msg::Close press=move |()| dialog.close()/>
            </div>
            {children()}
        </dialog>
    }
}
