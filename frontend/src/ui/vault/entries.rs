//! The open vault: search, drafts, entries (newest first), and the bin.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::EntryId;

use super::PanelState;
use super::doubts::Doubts;
use super::drafts::Drafts;
use super::list::List;
use super::news::News;
use crate::model::limits::BIN_DAYS;
use crate::model::list::EntryList;
use crate::session::use_session;
use crate::text::{self, Msg};
use crate::ui::dialog::{EntryTool, Tool, use_dialog};
use crate::ui::fields::{Button, TextField, bool_signal, text_signal};
use crate::ui::notice::use_notices;
use crate::ui::words as say;

#[component]
pub(super) fn Entries() -> impl IntoView {
    let session = use_session();
    let notices = use_notices();
    let dialog = use_dialog();
    let PanelState { in_bin, .. } = expect_context();
    let query = RwSignal::new(String::new());
    let found = Memo::new(move |_| {
        let ids = |query: &String| {
            session.entries.with(|list| list.search(query, in_bin.get()).map(|entry| entry.id).collect::<Vec<_>>())
        };
        query.with(ids)
    });
    // The number of entries that the search covers: those in the bin, or those outside.
    let binned = Memo::new(move |_| session.entries.with(EntryList::binned));
    let all = Memo::new(move |_| {
        let binned = binned.get();
        if in_bin.get() { binned } else { session.entries.with(EntryList::len) - binned }
    });
    let summary = text_signal(move || match (found.with(Vec::len), all.get()) {
        (_, 0) => text::get(if in_bin.get() { Msg::BinEmpty } else { Msg::EmptyVault }),
        (0, _) => query.with(|query| text::with(Msg::NoHit, &[("query", &query.trim())])),
        (shown, all) => say::count(shown, all),
    });
    let unreadable =
        text_signal(move || say::unopened(session.unopened.with(|ids| ids.len()), session.unopened_drafts.get()));
    let bin_label = text_signal(move || match (in_bin.get(), binned.get()) {
        (true, _) => text::get(Msg::BinLeave),
        (false, count) => text::with(Msg::Bin, &[("count", &count)]),
    });
    let empty_bin = move |()| {
        let ids: Vec<EntryId> =
            session.entries.with_untracked(|entries| entries.search("", true).map(|entry| entry.id).collect());
        spawn_local(async move {
            if let Err((id, fault)) = session.erase_all(ids).await {
                let name = session.name_of(id).unwrap_or_default();
                return notices.problem(move || say::named_why(Msg::NotErased, &name, &fault));
            }
            notices.result(Msg::BinEmptied);
        });
    };
    view! {
        <Doubts/>
        <News/>
        <TextField id="search" label=Msg::Search value=query fault=unreadable/>
        <p class="hint entries-summary" role="status" dir="auto">{summary}</p>
        <div class="buttons">
            <Button label=Msg::AddEntry press=move |()| dialog.open(Tool::Entry(EntryTool::New)) hidden=bool_signal(move || in_bin.get() || session.is_legacy.get())/>
            <Button class="button--quiet" label=bin_label press=move |()| in_bin.update(|bin| *bin = !*bin)
                hidden=bool_signal(move || !in_bin.get() && binned.get() == 0)/>
            <Button class="button--quiet" label=Msg::BinErase press=empty_bin
                hidden=bool_signal(move || !in_bin.get() || binned.get() == 0)/>
        </div>
        <p class="hint" hidden=move || !in_bin.get()>{text_signal(move || text::with(Msg::BinHint, &[("days", &BIN_DAYS)]))}</p>
        <Drafts/>
        <List found/>
    }
}
