//! The preview of an import, with the rows that will be imported and those that will not; and the report after it.

use std::rc::Rc;

use leptos::prelude::*;

use super::run::{self, RunningImport};
use super::{ImportState, ParsedFile, words as say};
use crate::model::import_export::{ConvertedEntry, ImportRow};
use crate::platform::browser;
use crate::text::{self, Msg};
use crate::ui::fields::{Button, Checkbox, bool_signal, text_signal, tr};
use crate::ui::notice::use_notices;

/// Rows that each of the two lists shows at most.
const ROWS: usize = 100;

#[component]
pub(super) fn Preview(import: ImportState, read: Rc<ParsedFile>) -> impl IntoView {
    let notices = use_notices();
    let good = read.rows.iter().filter(|row| run::is_wanted(row)).count();
    let all = read.rows.len();
    let source = read.source.name();
    let summary = text_signal(move || {
        let source = source.map_or_else(|| text::get(Msg::ImportTable), str::to_owned);
        text::with(Msg::ImportFound, &[("source", &source), ("good", &good), ("all", &all)])
    });
    let again = RwSignal::new(false);
    let running = RunningImport::new();
    let refused_more = (all - good).saturating_sub(ROWS);
    let taken_more = good.saturating_sub(ROWS);
    let read = StoredValue::new_local(read);
    let refused =
        move || read.with_value(|read| read.rows.iter().filter_map(say::refused).take(ROWS).collect::<Vec<_>>());
    let taken = move || read.with_value(|read| read.rows.iter().filter_map(shown).take(ROWS).collect::<Vec<_>>());
    let start = move |()| run::start(import.session, read.get_value(), again.get_untracked(), running, notices);
    let save = move |()| {
        let list = read.with_value(|read| say::list(&read.rows));
        let done = running.report.with_untracked(|report| report.as_ref().map(|report| report.lines()));
        let list = list + &done.unwrap_or_default();
        if browser::download(&list, "passmint-import.txt", "text/plain;charset=utf-8").is_err() {
            notices.problem(Msg::NoPart);
        }
    };
    let idle = bool_signal(move || !running.is_going());
    let fresh = bool_signal(move || running.report.with(Option::is_none) && !running.is_going());
    let has_list = bool_signal(move || {
        good < all || running.report.with(|report| report.as_ref().is_some_and(|report| report.has_refused()))
    });
    view! {
        <p class="lead" role="status">{summary}</p>
        <div hidden=move || !fresh.get()>
            <Checkbox label=Msg::ImportAgain value=again/>
            <div class="buttons">
                <Button class="button--main" press=start label=text_signal(move || text::with(Msg::ImportStart, &[("count", &good)]))
                    disabled=bool_signal(move || good == 0)/>
                <Button class="button--quiet" label=Msg::ImportOther press=move |()| import.start_over()/>
            </div>
        </div>
        <run::ImportProgress running/>
        <div class="buttons" hidden=move || !idle.get()>
            <Button class="button--small" label=Msg::ImportSaveList press=save hidden=bool_signal(move || !has_list.get())/>
        </div>
        {(good < all).then(|| view! {
            <h3 class="dialog-part">{tr(Msg::ImportNot)}</h3>
            <ul class="list import-refused">
                {move || refused().into_iter().map(|(number, name, why)| view! {
                    <li class="import-row"><span class="import-number">{number}</span>
                        <span class="import-name" dir="auto">{name}</span><span class="fault">{why}</span></li>
                }).collect_view()}
            </ul>
            <More count=refused_more/>
        })}
        {(good > 0).then(|| view! {
            <h3 class="dialog-part">{tr(Msg::ImportWill)}</h3>
            <ul class="list">
                {move || taken().into_iter().map(|(number, name, username, remarks)| view! {
                    <li class="import-row"><span class="import-number">{number}</span>
                        <span class="import-name" dir="auto">{name}</span><span class="hint" dir="auto">{username}</span>
                        <span class="hint import-remarks">{remarks}</span></li>
                }).collect_view()}
            </ul>
            <More count=taken_more/>
        })}
    }
}

/// Says how many more rows there are than are shown.
#[component]
fn More(count: usize) -> impl IntoView {
    (count > 0)
        .then(|| view! { <p class="hint">{text_signal(move || text::with(Msg::ImportMore, &[("count", &count)]))}</p> })
}

fn shown(row: &ImportRow) -> Option<(usize, String, String, String)> {
    let ConvertedEntry { content, remarks, .. } = row.result.as_ref().ok().filter(|_| run::is_wanted(row))?;
    Some((row.number, content.name.clone(), content.username.clone(), say::remarks(remarks)))
}
