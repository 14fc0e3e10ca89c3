//! The sessions of the account: where it is logged in, and ending them.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::sessions::{SessionSummary, Sessions};

use crate::model::when::ago;
use crate::platform::browser;
use crate::session::use_session;
use crate::text::{self, Msg};
use crate::ui::fields::{Button, bool_signal, text_signal, tr};
use crate::ui::sentence::SentenceSignal;
use crate::ui::words as say;

#[component]
pub(super) fn SessionList() -> impl IntoView {
    let session = use_session();
    let listed = RwSignal::new(Vec::<SessionSummary>::new());
    let fault = SentenceSignal::new();
    let load = move || {
        spawn_local(async move {
            match session.read("sessions").await {
                Ok(answer) => match serde_json::from_str::<Sessions>(&answer) {
                    Ok(answer) => drop(listed.try_set(answer.sessions)),
                    Err(_) => fault.set(Msg::FaultStrange),
                },
                Err(why) => fault.set(move || say::fault(&why)),
            }
        });
    };
    load();
    let end = move |what: String| {
        fault.clear();
        spawn_local(async move {
            match session.remove(&what).await {
                Ok(()) => load(),
                Err(why) => fault.set(move || say::fault(&why)),
            }
        });
    };
    let alone = bool_signal(move || listed.with(|listed| listed.len() < 2));
    view! {
        <p class="hint">{tr(Msg::SessionsHint)}</p>
        <ul class="list">
            {move || listed.get().into_iter().map(|one| view! { <SessionRow one end=Callback::new(end)/> }).collect_view()}
        </ul>
        <div class="buttons">
            <Button label=Msg::SessionsEndOthers press=move |()| end("sessions".into()) hidden=alone/>
        </div>
        <p class="fault" role="alert">{fault.text()}</p>
    }
}

#[component]
fn SessionRow(
    one: SessionSummary,
    /// Ends the sessions at this path of the API.
    end: Callback<String>,
) -> impl IntoView {
    let SessionSummary { id, device, created_at, used_at, current } = one;
    let device = device.map(|device| device.as_str().to_owned());
    let name = text_signal(move || device.clone().unwrap_or_else(|| text::get(Msg::SessionUnnamed)));
    let used = text_signal(move || match current {
        true => text::get(Msg::SessionHere),
        false => say::ago(ago(browser::now(), used_at)),
    });
    let since = text_signal(move || {
        text::with(Msg::SessionSince, &[("date", &browser::exact_time(created_at, &text::language()))])
    });
    let accessible =
        text_signal(move || text::with(Msg::Named, &[("verb", &text::get(Msg::SessionEnd)), ("name", &name.get())]));
    view! {
        <li class="row">
            <span class="row-name" dir="auto">{name}</span>
            <span class="row-login">{since}</span>
            <span class="row-time">{used}</span>
            <div class="row-actions">
                <Button class="button--small" label=Msg::SessionEnd name=accessible hidden=bool_signal(move || current)
                    press=move |()| end.run(format!("sessions/{id}"))/>
            </div>
        </li>
    }
}
