//! Minting many passwords into a file. It works in slices, so that the page stays smooth and the person can cancel.

use generator::random::RandomnessError;
use leptos::prelude::*;
use leptos::task::spawn_local;
use zeroize::Zeroizing;

use super::Frame;
use crate::model::bulk::{BULK_MAX, BulkFormat, count};
use crate::platform::browser;
use crate::platform::random;
use crate::text::{self, Msg};
use crate::ui::fields::{Button, Choices, TextField, bool_signal, text_signal, tr};
use crate::ui::mint::{PlannedRules, use_mint};
use crate::ui::sentence::{Sentence, SentenceSignal};

/// Milliseconds of work in a slice: half a frame.
const SLICE: f64 = 8.0;
/// Passwords that are minted before the clock is read again.
const BETWEEN_LOOKS: usize = 32;

#[component]
pub(super) fn Bulk() -> impl IntoView {
    let mint = use_mint();
    let typed = RwSignal::new(String::from("10"));
    let format = RwSignal::new(0);
    let [fault, said] = std::array::from_fn(|_| SentenceSignal::new());
    // The number of passwords minted and of all, while it is running.
    let running = RwSignal::new(None::<(usize, usize)>);
    let idle = bool_signal(move || running.with(Option::is_none));
    // Closing the dialog cancels the work.
    on_cleanup(move || running.set(None));

    let make = move |()| {
        said.clear();
        fault.clear();
        let Some(all) = count(&typed.get_untracked()) else {
            fault.set(|| text::with(Msg::BulkCountFault, &[("max", &BULK_MAX)]));
            return browser::focus_soon("bulk-count");
        };
        let Ok(plan) = mint.plan.get_untracked() else {
            return fault.set(Msg::NoPassword);
        };
        let format = BulkFormat::at(format.get_untracked());
        running.set(Some((0, all)));
        spawn_local(async move {
            let made = fill(&plan, format, all, |done| {
                // Cancelling clears the numbers.
                let wanted = running.try_get_untracked().flatten().is_some();
                if wanted {
                    running.set(Some((done, all)));
                }
                wanted
            });
            let sentence: Sentence = match made.await {
                Ok(Some(file)) => match browser::download(&file, format.name(), format.kind()) {
                    Ok(()) => (move || text::with(Msg::BulkDone, &[("n", &all), ("file", &format.name())])).into(),
                    Err(_) => Msg::NoPart.into(),
                },
                Ok(None) => Msg::BulkCancelled.into(),
                Err(RandomnessError) => Msg::NoRandomness.into(),
            };
            // The dialog may be closed by now.
            let _ = running.try_set(None);
            said.set(sentence);
        });
    };
    let progress = text_signal(move || {
        running.get().map_or_else(String::new, |(n, all)| text::with(Msg::BulkProgress, &[("n", &n), ("all", &all)]))
    });
    let value = text_signal(move || running.get().map_or(0, |(done, _)| done).to_string());
    let max = text_signal(move || running.get().map_or(1, |(_, all)| all).to_string());
    view! {
        <Frame title=Msg::BulkTitle>
            <p class="lead">{tr(Msg::BulkIntro)}</p>
            <TextField id="bulk-count" label=Msg::BulkCount value=typed fault class="length-number" inputmode="numeric"
                busy=bool_signal(move || !idle.get())/>
            <Choices id="bulk-format" label=Msg::BulkFormat options=&[Msg::BulkText, Msg::BulkCsv] value=format/>
            <p class="hint" prop:hidden=bool_signal(move || BulkFormat::at(format.get()) != BulkFormat::Csv)>{tr(Msg::BulkCsvHint)}</p>
            <div class="buttons">
                <Button class="button--main" label=Msg::BulkMake press=make disabled=bool_signal(move || !idle.get())/>
                <Button label=Msg::Cancel press=move |()| running.set(None) hidden=idle/>
            </div>
            <progress class="bulk-progress" aria-label=tr(Msg::BulkTitle) value=value max=max
                class:progress--idle=idle></progress>
            <p class="hint" aria-live="off">{progress}</p>
            <p class="bulk-said" role="status">{said.text()}</p>
        </Frame>
    }
}

/// Mints `all` passwords into a file. Between slices, `go_on` gets the number minted; if it gives `false`, there is no
/// file.
async fn fill(
    plan: &PlannedRules,
    format: BulkFormat,
    all: usize,
    go_on: impl Fn(usize) -> bool,
) -> Result<Option<Zeroizing<String>>, RandomnessError> {
    let mut source = random::bulk_source();
    let mut file = Zeroizing::new(String::from(format.head()));
    let mut done = 0;
    while done < all {
        let start = browser::clock();
        while done < all && browser::clock() - start < SLICE {
            for _ in 0..BETWEEN_LOOKS.min(all - done) {
                format.open(&mut file);
                let start = file.len();
                plan.plan.mint_into(&mut source, &mut file)?;
                format.close(start, &mut file);
                done += 1;
            }
        }
        if !go_on(done) {
            return Ok(None);
        }
        browser::pause().await;
    }
    Ok(Some(file))
}
