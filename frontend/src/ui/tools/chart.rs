//! A picture of how often each character came: a bar each, with a mark where it should end.

use generator::trial::Seen;
use leptos::prelude::*;

use crate::model::verdict::hundredths;
use crate::text::{self, Msg};
use crate::ui::fields::{live, words};

/// Width of a bar and of the gap after it, and height of the picture, in its own units.
const BAR: usize = 8;
const STEP: usize = 10;
const HEIGHT: f64 = 100.0;

#[component]
pub(super) fn Chart(
    /// What was seen of each character.
    characters: Vec<Seen>,
) -> impl IntoView {
    #[expect(clippy::cast_precision_loss, reason = "nobody draws 2^52 times")]
    let highest = characters.iter().map(|seen| seen.expected.max(seen.observed as f64)).fold(1.0, f64::max);
    let width = characters.len() * STEP;
    let bars = characters.into_iter().enumerate().map(move |(index, seen)| {
        let Seen { character, observed, expected } = seen;
        #[expect(clippy::cast_precision_loss, reason = "nobody draws 2^52 times")]
        let height = observed as f64 / highest * HEIGHT;
        let mark = HEIGHT - expected / highest * HEIGHT;
        let x = (index * STEP).to_string();
        let title = words(move || {
            let expected = hundredths(expected).replace('.', &text::get(Msg::Decimal));
            text::with(Msg::TrustBar, &[("character", &character), ("n", &observed), ("expected", &expected)])
        });
        view! {
            <g>
                <title>{title}</title>
                <rect class="chart-bar" x=x.clone() y=hundredths(HEIGHT - height) width=BAR.to_string()
                    height=hundredths(height)/>
                <rect class="chart-mark" x=x y=hundredths(mark) width=BAR.to_string() height="1"/>
            </g>
        }
    });
    view! {
        <svg class="chart" role="img" aria-label=live(Msg::TrustChart) preserveAspectRatio="none"
            viewBox=format!("0 0 {width} {HEIGHT}")>
            {bars.collect_view()}
        </svg>
    }
}
