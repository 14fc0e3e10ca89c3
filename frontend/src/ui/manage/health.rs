//! The health check: passwords that should be changed, as a chart and a list. Everything is computed in the browser.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::model::health::{Concern, Finding, Health, HealthCheck};
use crate::platform::browser;
use crate::session::{Fault, Session, use_session};
use crate::text::{self, Msg};
use crate::ui::dialog::{EntryTool, Tool, use_dialog};
use crate::ui::fields::{Button, bool_signal, text_signal, tr};
use crate::ui::frame::Frame;
use crate::ui::sentence::SentenceSignal;
use crate::ui::words as say;
use crate::workers::client::{KeyringFault, WorkerClient};
use crate::workers::judge::ForeignPasswords;

/// Entries that are checked before the page is drawn again.
const AT_ONCE: u32 = 50;
/// Rows that are drawn at first, and that each press of the button adds.
const ROWS: usize = 50;

#[component]
pub(super) fn HealthDialog() -> impl IntoView {
    let session = use_session();
    let done = RwSignal::new(0_usize);
    let found = RwSignal::new(None::<Health>);
    let fault = SentenceSignal::new();
    spawn_local(async move {
        // The check, and the judge's worker with it, ends when the dialog is closed.
        let result = look(session, |looked_at| done.try_set(looked_at).is_some()).await;
        match result {
            Ok(health) => drop(found.try_set(health)),
            Err(why) => fault.set(move || say::fault(&why)),
        }
    });
    let waits = bool_signal(move || found.with(Option::is_none) && fault.is_none());
    let progress = text_signal(move || {
        text::with(
            Msg::HealthRunning,
            &[("done", &done.get()), ("all", &session.entries.with(|entries| entries.len()))],
        )
    });
    view! {
        <Frame title=Msg::Health>
            <p class="hint">{tr(Msg::HealthHint)}</p>
            <div hidden=move || !waits.get()>
                <progress class="bulk-progress" max=move || session.entries.with(|entries| entries.len().max(1).to_string())
                    prop:value=move || done.get().to_string() aria-label=tr(Msg::Health)></progress>
                <p class="hint" role="status">{progress}</p>
            </div>
            <p class="fault" role="alert">{fault.text()}</p>
            {move || found.get().map(|found| view! { <HealthReport found/> })}
        </Frame>
    }
}

/// Checks every entry. `progress` gets the number of entries checked; if it gives `true`, nobody waits for the result.
async fn look(session: Session, progress: impl Fn(usize) -> bool) -> Result<Option<Health>, Fault> {
    let judge = WorkerClient::<ForeignPasswords, Vec<f32>>::start_named("judge").await.map_err(KeyringFault::from)?;
    let mut check = HealthCheck::new(browser::now());
    let (mut after, mut looked_at) = (None, 0);
    loop {
        let (entries, more) = session.list(after, AT_ONCE).await?;
        after = entries.last().map(|(id, _)| *id);
        looked_at += entries.len();
        let (places, foreign) = check.look_at(entries);
        if !places.is_empty() {
            check.judged(&places, &judge.call(ForeignPasswords::new(foreign)).await.map_err(KeyringFault::from)?);
        }
        if progress(looked_at) {
            return Ok(None);
        }
        if !more {
            return Ok(Some(check.finish()));
        }
    }
}

#[component]
fn HealthReport(found: Health) -> impl IntoView {
    let chosen = RwSignal::new(None::<Concern>);
    let rows = RwSignal::new(ROWS);
    let all = found.all;
    let some = found.findings.len();
    let summary = text_signal(move || match (all, some) {
        (0, _) => text::get(Msg::HealthNothing),
        (all, 0) => text::with(Msg::HealthFine, &[("all", &all)]),
        (all, some) => text::with(Msg::HealthSome, &[("all", &all), ("some", &some)]),
    });
    let bars: Vec<_> = Concern::ALL.into_iter().map(|concern| (concern, found.count(concern))).collect();
    let fine = found.fine();
    let findings = StoredValue::new(found.findings);
    let wanted = move |finding: &&Finding| chosen.get().is_none_or(|concern| finding.concerns.contains(&concern));
    let listed =
        move || findings.with_value(|all| all.iter().filter(wanted).take(rows.get()).cloned().collect::<Vec<_>>());
    let is_all = bool_signal(move || findings.with_value(|all| all.iter().filter(wanted).count()) <= rows.get());
    view! {
        <p role="status">{summary}</p>
        <ul class="health-bars" hidden=all == 0>
            {bars.into_iter().map(|(concern, count)| view! { <Bar label=name(concern) hint=hint(concern) count all
                pressed=bool_signal(move || chosen.get() == Some(concern))
                press=move |()| {
                    rows.set(ROWS);
                    chosen.update(|chosen| *chosen = (*chosen != Some(concern)).then_some(concern));
                }/> }).collect_view()}
            <li class="health-bar"><span>{tr(Msg::HealthNone)}</span><Share count=fine all/><span>{fine}</span></li>
        </ul>
        <ul class="list">
            <For each=listed key=|finding| finding.id let(finding)><FindingRow finding/></For>
        </ul>
        <Button label=Msg::HealthMore press=move |()| rows.update(|rows| *rows += ROWS) hidden=is_all/>
    }
}

/// One line of the chart. Pressing it filters the list.
#[component]
fn Bar(
    label: Msg,
    hint: Msg,
    count: usize,
    all: usize,
    /// True if the list shows only these entries.
    pressed: Signal<bool>,
    /// Switches the filter on or off.
    #[prop(into)]
    press: Callback<()>,
) -> impl IntoView {
    view! {
        <li>
            <button type="button" class="health-bar" title=tr(hint) aria-pressed=text_signal(move || pressed.get().to_string())
                prop:disabled=count == 0 on:click=move |_| press.run(())>
                <span>{tr(label)}</span><Share count all/><span>{count}</span>
            </button>
        </li>
    }
}

/// A bar that is as long as the share is large.
#[component]
fn Share(count: usize, all: usize) -> impl IntoView {
    // A single entry must be visible among thousands.
    let width = if count == 0 { 0 } else { (count * 100 / all.max(1)).max(1) };
    view! {
        <svg class="health-share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect class="chart-bar" width=width.to_string() height="8"/>
        </svg>
    }
}

#[component]
fn FindingRow(finding: Finding) -> impl IntoView {
    let dialog = use_dialog();
    let Finding { id, name: called, username, concerns, others } = finding;
    let why = text_signal(move || {
        let say = |concern: &Concern| match concern {
            Concern::Reused => text::with(Msg::HealthShared, &[("others", &others)]),
            other => text::get(name(*other)),
        };
        concerns.iter().map(say).collect::<Vec<_>>().join(" · ")
    });
    view! {
        <li class="health-row">
            <button type="button" class="row-name" dir="auto" on:click=move |_| dialog.open(Tool::Entry(EntryTool::Show(id)))>
                {called}
            </button>
            <p class="row-login" dir="auto">{username}</p>
            <p class="hint">{why}</p>
        </li>
    }
}

fn name(concern: Concern) -> Msg {
    match concern {
        Concern::Reused => Msg::HealthReused,
        Concern::Weak => Msg::HealthWeak,
        Concern::Imported => Msg::HealthImported,
        Concern::Old => Msg::HealthOld,
    }
}

fn hint(concern: Concern) -> Msg {
    match concern {
        Concern::Reused => Msg::HealthReusedHint,
        Concern::Weak => Msg::HealthWeakHint,
        Concern::Imported => Msg::HealthImportedHint,
        Concern::Old => Msg::HealthOldHint,
    }
}
