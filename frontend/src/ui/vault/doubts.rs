//! The panel that says where the server shows something old, and what can be done.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::platform::browser;
use crate::session::{Doubt, DoubtKind, Fault, VaultDoubt, use_session};
use crate::text::{self, Msg};
use crate::ui::dialog::{Manage, Tool, use_dialog};
use crate::ui::fields::{Button, bool_signal, text_signal, tr};
use crate::ui::notice::use_notices;
use crate::ui::words as say;

/// Entries that are named. A server that was put back to last year's backup would fill the page.
const NAMED: usize = 5;

#[component]
pub(super) fn Doubts() -> impl IntoView {
    let session = use_session();
    let has_any =
        Memo::new(move |_| session.vault_doubt.with(Option::is_some) || session.doubts.with(|all| !all.is_empty()));
    move || has_any.get().then(|| view! { <DoubtPanel/> })
}

#[component]
fn DoubtPanel() -> impl IntoView {
    let session = use_session();
    let notices = use_notices();
    let dialog = use_dialog();
    let busy = RwSignal::new(false);
    let of_vault = text_signal(move || session.vault_doubt.get().map_or_else(String::new, say::vault_doubt));
    let more = text_signal(move || match session.doubts.with(Vec::len).saturating_sub(NAMED) {
        0 => String::new(),
        count => text::with(Msg::DoubtMore, &[("count", &count)]),
    });
    let is_newer_page = bool_signal(move || session.vault_doubt.get() == Some(VaultDoubt::NewerFormat));
    let is_headless = bool_signal(move || session.vault_doubt.get() == Some(VaultDoubt::HeadMissing));
    let are_here = bool_signal(move || session.doubts.with(|all| all.iter().any(|doubt| doubt.is_here)));
    let are_gone = bool_signal(move || session.doubts.with(|all| all.iter().any(|doubt| !doubt.is_here)));
    let finish = move |done: Msg, result: Result<(), Fault>| {
        let _ = busy.try_set(false);
        match result {
            Ok(()) => {
                notices.result(done);
                // The panel goes once nothing is in doubt: the focus goes on to the list.
                browser::focus_soon("search");
            }
            Err(why) => notices.problem(move || say::fault(&why)),
        }
    };
    let keep = move |()| {
        busy.set(true);
        spawn_local(async move { finish(Msg::DoubtKept, session.keep_newer().await) });
    };
    let accept = move |()| {
        busy.set(true);
        spawn_local(async move { finish(Msg::DoubtAccepted, session.accept_server().await) });
    };
    view! {
        <section class="doubt" aria-labelledby="doubt-title">
            <h3 id="doubt-title" class="card-title" tabindex="-1">{tr(Msg::DoubtTitle)}</h3>
            // Screen readers speak what is wrong at once; the list and its actions are read where they stand.
            <div role="alert">
                <p class="doubt-vault">{of_vault}</p>
                <ul class="doubt-list">
                    {move || session.doubts.get().into_iter().take(NAMED).map(|doubt| view! { <DoubtLine doubt/> }).collect_view()}
                </ul>
                <p>{more}</p>
            </div>
            <p class="doubt-why" hidden=is_newer_page>{tr(Msg::DoubtWhy)}</p>
            <div class="buttons">
                <Button class="button--main" label=Msg::DoubtKeep press=keep disabled=busy
                    hidden=bool_signal(move || is_newer_page.get() || !are_here.get())/>
                <Button label=Msg::NewKeyStart press=move |()| dialog.open(Tool::Manage(Manage::NewKey)) disabled=busy
                    hidden=bool_signal(move || !is_headless.get())/>
                <Button label=Msg::DoubtAccept press=accept disabled=busy hidden=is_newer_page/>
            </div>
            <p class="hint" hidden=bool_signal(move || !are_here.get())>{tr(Msg::DoubtKeepHint)}</p>
            <p class="hint" hidden=bool_signal(move || !are_gone.get())>{tr(Msg::DoubtGoneHint)}</p>
            <p class="hint" hidden=is_newer_page>{tr(Msg::DoubtAcceptHint)}</p>
        </section>
    }
}

#[component]
fn DoubtLine(doubt: Doubt) -> impl IntoView {
    let Doubt { name, kind, .. } = doubt;
    let said = match kind {
        DoubtKind::Older => Msg::DoubtEntryOlder,
        DoubtKind::Missing => Msg::DoubtEntryMissing,
        DoubtKind::PutBack => Msg::DoubtEntryPutBack,
    };
    let sentence = move || match name.as_str() {
        "" => say::named(said, &text::get(Msg::DoubtUnnamed)),
        name => say::named(said, name),
    };
    view! { <li dir="auto">{text_signal(sentence)}</li> }
}
