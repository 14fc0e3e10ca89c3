//! News once the vault is open: changes of its credentials since this browser last looked, a key for drafts that somebody
//! planted, an account from before vault keys had numbers, and the progress of re-sealing.

use leptos::prelude::*;
use shared::credentials::{CredentialChange, CredentialChangeKind};

use crate::platform::browser;
use crate::session::use_session;
use crate::text::{self, Msg};
use crate::ui::dialog::{Manage, Tool, use_dialog};
use crate::ui::fields::{Button, text_signal, tr};

#[component]
pub(super) fn News() -> impl IntoView {
    let session = use_session();
    let dialog = use_dialog();
    let understood = move |()| {
        session.planted_draft_key.set(false);
        browser::focus_soon("search");
    };
    let planted = move || {
        session.planted_draft_key.get().then(|| {
            view! {
                <section class="doubt">
                    <p role="alert">{tr(Msg::PlantedKey)}</p>
                    <Button label=Msg::Understood press=understood/>
                </section>
            }
        })
    };
    let legacy = move || {
        session.is_legacy.get().then(|| {
            view! {
                <section class="offer">
                    <p role="status">{tr(Msg::Legacy)}</p>
                    <Button class="button--main" label=Msg::NewKeyStart
                        press=move |()| dialog.open(Tool::Manage(Manage::NewKey))/>
                </section>
            }
        })
    };
    let resealing = text_signal(move || match session.resealing.get() {
        None => String::new(),
        Some((done, all)) => text::with(Msg::Resealing, &[("done", &done), ("all", &all)]),
    });
    let has_news = Memo::new(move |_| session.news.with(|news| !news.is_empty()));
    view! {
        {planted}
        {move || has_news.get().then(|| view! { <CredentialNews/> })}
        {legacy}
        // Counts up many times a second: a screen reader must not speak each step.
        <p class="hint resealing" aria-live="off">{resealing}</p>
    }
}

/// Changes of credentials: what, when, from where.
#[component]
fn CredentialNews() -> impl IntoView {
    let session = use_session();
    let dialog = use_dialog();
    let accept = move |()| {
        session.accept_news();
        // The button is gone: the focus goes on to the list.
        browser::focus_soon("search");
    };
    view! {
        <section class="offer" aria-labelledby="news-title">
            <div role="alert">
                <h3 id="news-title" class="card-title">{tr(Msg::NewsTitle)}</h3>
                <ul class="news">{move || session.news.get().into_iter().map(super::change_line).collect_view()}</ul>
            </div>
            <p class="hint">{tr(Msg::NewsHint)}</p>
            <div class="buttons">
                <Button label=Msg::NewsMine press=accept/>
                <Button label=Msg::NewsNotMine press=move |()| dialog.open(Tool::Manage(Manage::Account))/>
            </div>
        </section>
    }
}

#[component]
pub(super) fn NewsLine(change: CredentialChange) -> impl IntoView {
    let CredentialChange { at, kind, device, address, .. } = change;
    let what = match kind {
        CredentialChangeKind::Passphrase => Msg::NewsPassphrase,
        CredentialChangeKind::Recovery => Msg::NewsRecovery,
        CredentialChangeKind::PasskeyAdded => Msg::NewsPasskeyAdded,
        CredentialChangeKind::PasskeyRemoved => Msg::NewsPasskeyRemoved,
        CredentialChangeKind::VaultKey => Msg::NewsVaultKey,
    };
    let device = device.map(|device| device.as_str().to_owned());
    let origin = text_signal(move || {
        let date = browser::exact_time(at, &text::language());
        let device = device.clone().unwrap_or_else(|| text::get(Msg::SessionUnnamed));
        match address.as_str() {
            "" => text::with(Msg::NewsFrom, &[("date", &date), ("device", &device)]),
            address => text::with(Msg::NewsFromAddress, &[("date", &date), ("device", &device), ("address", &address)]),
        }
    });
    view! { <li><strong>{tr(what)}</strong><span class="hint" dir="auto">{origin}</span></li> }
}
