//! The drafts of the open vault: copied passwords and typed text that are in no entry yet.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::PanelState;
use crate::keyring::protocol::entry::DraftSummary;
use crate::model::when::ago;
use crate::platform::browser;
use crate::session::{StoredDraft, use_session};
use crate::text::{self, Msg};
use crate::ui::dialog::{EntryTool, Tool, use_dialog};
use crate::ui::fields::{Button, bool_signal, text_signal, tr};
use crate::ui::mint::use_mint;
use crate::ui::words as say;

#[component]
pub(super) fn Drafts() -> impl IntoView {
    let session = use_session();
    let PanelState { in_bin, .. } = expect_context();
    let none = bool_signal(move || in_bin.get() || session.drafts.with(Vec::is_empty));
    // Newest first.
    let listed =
        move || session.drafts.with(|drafts| drafts.iter().rev().map(StoredDraft::summary).collect::<Vec<_>>());
    view! {
        <section class="drafts" hidden=move || none.get() aria-label=tr(Msg::Drafts)>
            <h3 class="dialog-part">{tr(Msg::Drafts)}</h3>
            <p class="hint">{tr(Msg::DraftsHint)}</p>
            <ul class="list">
                <For each=listed key=|draft| draft.clone() let(draft)><DraftRow draft/></For>
            </ul>
        </section>
    }
}

#[component]
fn DraftRow(draft: DraftSummary) -> impl IntoView {
    let session = use_session();
    let dialog = use_dialog();
    let mint = use_mint();
    let DraftSummary { key, name, of, sealed_at } = draft;
    let called = {
        let name = name.clone();
        move || match (name.is_empty(), of) {
            (true, _) => text::get(Msg::DraftUnnamed),
            (false, None) => name.clone(),
            (false, Some(_)) => say::named(Msg::DraftOf, &name),
        }
    };
    let named = |verb: Msg| {
        let called = called.clone();
        text_signal(move || say::button(verb, &called()))
    };
    let discard = move |()| {
        spawn_local(async move {
            session.drop_draft(key).await;
            if mint.draft_key() == Some(key) {
                mint.draft_number.set(0);
            }
        });
    };
    let small = "button--small";
    let (save, drop) = (named(Msg::DraftSave), named(Msg::Discard));
    view! {
        <li class="row row--draft">
            <span class="row-name" dir="auto">{text_signal(called)}</span>
            <span class="row-time" title=text_signal(move || browser::exact_time(sealed_at, &text::language()))>
                {text_signal(move || say::ago(ago(browser::now(), sealed_at)))}
            </span>
            <div class="row-actions">
                <Button class=small label=Msg::DraftSave name=save
                    press=move |()| dialog.open(Tool::Entry(EntryTool::Draft(key)))/>
                <Button class=small label=Msg::Discard name=drop press=discard/>
            </div>
        </li>
    }
}
