//! The hint on a server without any vault: where the invite for the first one is.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::platform::{api, browser};
use crate::text::Msg;
use crate::ui::fields::{Button, bool_signal, tr};
use crate::ui::notice::use_notices;
use crate::ui::words as say;

/// Stands in place of the form that opens a vault.
#[component]
pub(super) fn NoVault(
    /// Cleared to switch to the form.
    shown: RwSignal<bool>,
) -> impl IntoView {
    let notices = use_notices();
    let checking = RwSignal::new(false);
    let to_form = move |()| {
        // The panel may show something else by the time the server has answered.
        if shown.try_set(false).is_none() {
            browser::focus_soon("username");
        }
    };
    let check = move |()| {
        checking.set(true);
        spawn_local(async move {
            let answer = api::has_vault().await;
            let _ = checking.try_set(false);
            match answer {
                Ok(true) => to_form(()),
                Ok(false) => notices.result(Msg::FirstStill),
                Err(fault) => notices.problem(move || say::api_fault(&fault)),
            }
        });
    };
    let hidden = bool_signal(move || !shown.get());
    view! {
        <div class="narrow">
            // The element is there before its text, so that screen readers speak the text when it appears.
            <div role="status">
                {move || shown.get().then(|| view! {
                    <h3 class="card-title">{tr(Msg::FirstTitle)}</h3>
                    <p class="lead">{tr(Msg::FirstIntro)}</p>
                    <p class="lead">{tr(Msg::FirstElse)}</p>
                })}
            </div>
            <div class="buttons" hidden=hidden>
                <Button class="button--main" label=Msg::FirstCheck press=check disabled=checking/>
                <Button class="button--quiet" label=Msg::HaveVault press=to_form/>
            </div>
        </div>
    }
}
