//! Tests of the randomness, in the person's own browser, of the code that mints: all choices on two small alphabets,
//! and a million draws by the generator's rules.

use generator::characters::{Plan, Rules as CharacterRules};
use generator::kind::Rules;
use generator::random::RandomnessError;
use generator::trial::{Example, Trial, TrialResult};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Frame;
use super::chart::Chart;
use crate::model::verdict::{Verdict, hundredths, verdict};
use crate::platform::{browser, random};
use crate::text::{self, Msg};
use crate::ui::fields::{Button, bool_signal, text_signal, tr};
use crate::ui::mint::use_mint;
use crate::ui::sentence::SentenceSignal;

const DRAWS: u64 = 1_000_000;
/// Draws before the page may be drawn again: some milliseconds of work.
const SLICE: u32 = 10_000;

#[derive(Clone)]
struct TestResults {
    /// Strings that are allowed and that were reached on the small alphabets, and whether all were equally likely.
    every: (usize, usize, bool),
    outcome: TrialResult,
    /// True if the default rules stood in for those of another kind.
    usual: bool,
}

#[component]
pub(super) fn Trust() -> impl IntoView {
    let mint = use_mint();
    let running = RwSignal::new(None::<u64>);
    let found = RwSignal::new(None::<TestResults>);
    let fault = SentenceSignal::new();
    let idle = bool_signal(move || running.with(Option::is_none));

    let run = move |()| {
        found.set(None);
        fault.clear();
        running.set(Some(0));
        // Only passwords of characters have the same alphabet at every place.
        let shown = mint.plan.with_untracked(|plan| plan.as_ref().ok().map(|plan| plan.rules.clone()));
        let (rules, usual) = match shown {
            Some(Rules::Characters(rules)) => (rules, false),
            _ => (CharacterRules::default(), true),
        };
        spawn_local(async move {
            let result = tests(&rules, |draws| {
                // Cancelling, or closing the dialog, clears the number.
                let wanted = running.try_get_untracked().flatten().is_some();
                if wanted {
                    running.set(Some(draws));
                }
                wanted
            });
            let result = result.await;
            let _ = running.try_set(None);
            match result {
                Ok(Some((every, outcome))) => {
                    let _ = found.try_set(Some(TestResults { every, outcome, usual }));
                }
                Ok(None) => {}
                Err(RandomnessError) => fault.set(Msg::NoRandomness),
            }
        });
    };
    let progress = text_signal(move || {
        let n = running.get();
        n.map_or_else(String::new, |n| text::with(Msg::TrustRunning, &[("n", &n), ("all", &DRAWS)]))
    });
    let value = text_signal(move || running.get().unwrap_or_default().to_string());
    view! {
        <Frame title=Msg::TrustTitle>
            <p class="lead">{tr(Msg::TrustIntro)}</p>
            <div class="buttons">
                <Button class="button--main" label=Msg::TrustRun press=run disabled=bool_signal(move || !idle.get())/>
                <Button label=Msg::Cancel press=move |()| running.set(None) hidden=idle/>
            </div>
            <progress class="trust-progress" aria-label=tr(Msg::TrustTitle) value=value max=DRAWS.to_string()
                class:progress--idle=idle></progress>
            <p class="hint" aria-live="off">{progress}</p>
            <p class="fault" role="alert">{fault.text()}</p>
            <div role="status">{move || found.get().map(|found| view! { <Results found/> })}</div>
        </Frame>
    }
}

/// Runs the tests. Between slices, `go_on` gets the number of draws; if it gives `false`, there is no result.
async fn tests(
    rules: &CharacterRules,
    go_on: impl Fn(u64) -> bool,
) -> Result<Option<((usize, usize, bool), TrialResult)>, RandomnessError> {
    let walks = [Example::LOOSE, Example::TIGHT].map(|example| example.walk());
    let mut every = (0, 0, true);
    for walk in walks {
        // Both examples are small enough for a complete walk.
        let walk = walk.ok_or(RandomnessError)?;
        every = (every.0 + walk.allowed, every.1 + walk.reached, every.2 && walk.is_uniform());
    }
    let plan = Plan::new(rules).map_err(|_| RandomnessError)?;
    let mut trial = Trial::new(plan, 0);
    let mut draws = 0;
    while draws < DRAWS {
        random::with_source(|source| trial.step(source, SLICE))?;
        draws += u64::from(SLICE);
        if !go_on(draws) {
            return Ok(None);
        }
        browser::pause().await;
    }
    Ok(Some((every, trial.result())))
}

/// The results, in words and as a chart.
#[component]
fn Results(found: TestResults) -> impl IntoView {
    let TestResults { every: (allowed, reached, even), outcome, usual } = found;
    let (chi, freedom, p, draws) = (outcome.chi_square, outcome.degrees, outcome.p, outcome.draws);
    let point = |number: f64| hundredths(number).replace('.', &text::get(Msg::Decimal));
    let result = text_signal(move || {
        let (chi, percent) = (point(chi), point(p * 100.0));
        text::with(Msg::TrustResult, &[("chi", &chi), ("freedom", &freedom), ("percent", &percent)])
    });
    let judged = tr(match verdict(p) {
        Verdict::Fine => Msg::TrustFine,
        Verdict::Odd => Msg::TrustOdd,
        Verdict::Wrong => Msg::TrustWrong,
    });
    view! {
        <h3 class="dialog-part">{tr(Msg::TrustExhaustive)}</h3>
        <p>{text_signal(move || text::with(Msg::TrustExhaustiveText, &[("reached", &reached), ("allowed", &allowed)]))}</p>
        <p><strong>{tr(if even { Msg::TrustExhaustiveEven } else { Msg::TrustExhaustiveUneven })}</strong></p>
        <h3 class="dialog-part">{tr(Msg::TrustSample)}</h3>
        <p>{text_signal(move || text::with(Msg::TrustSampleText, &[("draws", &draws)]))}</p>
        {usual.then(|| view! { <p class="hint">{tr(Msg::TrustNeedsCharacters)}</p> })}
        <Chart characters=outcome.characters/>
        <p>{result}</p>
        <p><strong>{judged}</strong></p>
    }
}

#[cfg(test)]
mod tests {
    use generator::trial::CharacterCount;

    use super::*;
    use crate::browser_test::test;
    use crate::ui::tests::{Page, world};

    #[test]
    async fn results_are_judged_in_words() {
        for (p, even, judged) in [
            (0.5, true, [Msg::TrustExhaustiveEven, Msg::TrustFine]),
            (1e-4, true, [Msg::TrustExhaustiveEven, Msg::TrustOdd]),
            (1e-12, false, [Msg::TrustExhaustiveUneven, Msg::TrustWrong]),
        ] {
            let characters = vec![CharacterCount { character: 'a', observed: 9, expected: 10.0 }];
            let outcome = TrialResult { draws: 10, characters, chi_square: 1.5, degrees: 1, p };
            let found = TestResults { every: (6, 6, even), outcome, usual: true };
            let page = Page::open(move || view! { <Results found/> }).await;
            for text in judged.into_iter().chain([Msg::TrustNeedsCharacters]) {
                page.sees(&world::en(text)).await;
            }
            page.sees("6 of 6").await;
        }
    }
}
