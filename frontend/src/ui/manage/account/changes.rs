//! The changes of credentials that the server has noted: what, when, and from where.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::credentials::{CredentialChange, CredentialChanges};

use crate::session::use_session;
use crate::text::{self, Msg};
use crate::ui::fields::{text_signal, tr};
use crate::ui::sentence::SentenceSignal;
use crate::ui::vault::change_line;
use crate::ui::words as say;

#[component]
pub(super) fn ChangeList() -> impl IntoView {
    let session = use_session();
    // None until the list has arrived.
    let listed = RwSignal::new(None::<Vec<CredentialChange>>);
    let fault = SentenceSignal::new();
    spawn_local(async move {
        match session.read("credentials/changes").await {
            Ok(answer) => match serde_json::from_str::<CredentialChanges>(&answer) {
                Ok(answer) => drop(listed.try_set(Some(answer.changes))),
                Err(_) => fault.set(Msg::FaultStrange),
            },
            Err(why) => fault.set(move || say::fault(&why)),
        }
    });
    let none = text_signal(move || {
        let is_empty = listed.with(|listed| listed.as_ref().is_some_and(Vec::is_empty));
        if is_empty { text::get(Msg::ChangesNone) } else { String::new() }
    });
    view! {
        <p class="hint">{tr(Msg::ChangesHint)}</p>
        <ul class="news">{move || listed.get().into_iter().flatten().map(change_line).collect_view()}</ul>
        <p class="hint">{none}</p>
        <p class="fault" role="alert">{fault.text()}</p>
    }
}
