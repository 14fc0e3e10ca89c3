//! The frame of every dialog: title, close button, focus.

use leptos::html;
use leptos::prelude::*;

use super::dialog::use_dialog;
use super::fields::Button;
use crate::text::Msg;

/// A modal dialog with title and close button. The browser moves the focus into it, keeps it there, and gives it back.
#[component]
pub(super) fn Frame(#[prop(into)] title: Signal<String>, children: Children) -> impl IntoView {
    let dialog = use_dialog();
    let element = NodeRef::<html::Dialog>::new();
    element.on_load(|element| drop(element.show_modal()));
    view! {
        <dialog class="dialog" aria-labelledby="dialog-title" node_ref=element on:close=move |_| dialog.close()>
            <div class="dialog-head">
                <h2 id="dialog-title" class="card-title" dir="auto">{title}</h2>
                <Button class="button--quiet dialog-close" label="×" name=Msg::Close press=move |()| dialog.close()/>
            </div>
            {children()}
        </dialog>
    }
}
