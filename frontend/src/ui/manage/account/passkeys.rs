//! The passkeys that open the vault: listing, adding and removing them.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::credentials::{PasskeySummary, Passkeys};
use shared::ids::PasskeyId;

use super::{NewKeyOffer, prevent_submit};
use crate::model::when::ago;
use crate::platform::browser;
use crate::platform::passkey;
use crate::session::use_session;
use crate::text::{self, Msg};
use crate::ui::fields::{Button, FaultText, bool_signal, text_signal, tr};
use crate::ui::manage::proof::ProofForm;
use crate::ui::notice::use_notices;
use crate::ui::sentence::SentenceSignal;
use crate::ui::words as say;

#[component]
pub(super) fn PasskeyList() -> impl IntoView {
    let session = use_session();
    let notices = use_notices();
    let form = ProofForm::new("passkey-current");
    let listed = RwSignal::new(Vec::<PasskeySummary>::new());
    let fault = SentenceSignal::new();
    let is_removed = RwSignal::new(false);
    let load = move || {
        spawn_local(async move {
            match session.read("passkeys").await {
                Ok(answer) => match serde_json::from_str::<Passkeys>(&answer) {
                    Ok(answer) => drop(listed.try_set(answer.passkeys)),
                    Err(_) => fault.set(Msg::FaultStrange),
                },
                Err(why) => fault.set(move || say::fault(&why)),
            }
        });
    };
    load();
    let add = move |event| {
        prevent_submit(&event);
        // An authenticator may hold an outdated passkey: the new one replaces it there.
        let is_known = |one: &&PasskeySummary| !one.outdated;
        let known: Vec<PasskeyId> =
            listed.with_untracked(|listed| listed.iter().filter(is_known).map(|one| one.id.clone()).collect());
        let work = async move {
            match session.make_passkey(&known).await? {
                Ok(made) => session.add_passkey(made).await.map(Ok),
                Err(declined) => Ok(Err(declined)),
            }
        };
        form.run(work, move |result| match result {
            Ok(()) => {
                notices.result(Msg::PasskeyAdded);
                load();
            }
            Err(declined) => form.wrong.set(say::passkey_fault(declined)),
        });
    };
    // Removing needs a proof too, which is typed into the form below the list.
    let remove = Callback::new(move |id: PasskeyId| {
        form.run(session.remove_passkey(id), move |()| {
            let _ = is_removed.try_set(true);
            notices.result(Msg::PasskeyRemoved);
            load();
        });
    });
    let offered = passkey::are_offered();
    let shared = text_signal(|| match passkey::shared_host() {
        None => String::new(),
        Some(host) => text::with(Msg::PasskeyShared, &[("host", &host)]),
    });
    view! {
        <p class="hint">{tr(Msg::PasskeysHint)}</p>
        <p class="fault">{shared}</p>
        <ul class="list">
            {move || listed.get().into_iter().map(|one| view! { <PasskeyRow one remove busy=form.busy.into()/> }).collect_view()}
        </ul>
        <p class="hint" hidden=move || !listed.with(|listed| listed.iter().any(|one| one.outdated))>
            {tr(Msg::PasskeyOutdated)}
        </p>
        <p class="fault" role="alert">{fault.text()}</p>
        <form class="narrow" novalidate on:submit=add>
            {form.field()}
            <div class="buttons">
                <Button class="button--main" label=Msg::PasskeyAdd disabled=bool_signal(move || form.busy.get() || !offered)/>
            </div>
            <p class="hint" hidden=offered>{tr(Msg::PasskeysNotHere)}</p>
            <FaultText id="passkey" text=form.wrong/>
        </form>
        <NewKeyOffer shown=is_removed/>
    }
}

/// When a passkey was added.
pub(super) fn since(created_at: u64) -> Signal<String> {
    let date = move || browser::exact_time(created_at, &text::language());
    text_signal(move || text::with(Msg::PasskeySince, &[("date", &date())]))
}

/// When a passkey was used last.
pub(super) fn used(used_at: Option<u64>) -> Signal<String> {
    text_signal(move || match used_at {
        None => text::get(Msg::PasskeyUnused),
        Some(used_at) => say::ago(ago(browser::now(), used_at)),
    })
}

#[component]
fn PasskeyRow(one: PasskeySummary, remove: Callback<PasskeyId>, busy: Signal<bool>) -> impl IntoView {
    let PasskeySummary { id, created_at, used_at, .. } = one;
    let (name, used) = (since(created_at), used(used_at));
    let accessible =
        text_signal(move || text::with(Msg::Named, &[("verb", &text::get(Msg::PasskeyRemove)), ("name", &name.get())]));
    view! {
        <li class="row">
            <span class="row-name">{name}</span>
            <span class="row-time">{used}</span>
            <div class="row-actions">
                <Button class="button--small" label=Msg::PasskeyRemove name=accessible disabled=busy
                    press=move |()| remove.run(id.clone())/>
            </div>
        </li>
    }
}
