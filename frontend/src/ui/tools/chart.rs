//! The chart of how often each character was drawn: a bar for each, with a mark at the expected count.

use generator::trial::CharacterCount;
use leptos::prelude::*;

use crate::model::verdict::hundredths;
use crate::text::{self, Msg};
use crate::ui::fields::{text_signal, tr};

/// Width of a bar, distance between bars, and height of the chart, in units of its view box.
const BAR: usize = 8;
const STEP: usize = 10;
const HEIGHT: f64 = 100.0;

#[component]
pub(super) fn Chart(characters: Vec<CharacterCount>) -> impl IntoView {
    #[expect(clippy::cast_precision_loss, reason = "nobody draws 2^52 times")]
    let highest = characters.iter().map(|seen| seen.expected.max(seen.observed as f64)).fold(1.0, f64::max);
    let width = characters.len() * STEP;
    let bars = characters.into_iter().enumerate().map(move |(index, seen)| {
        let CharacterCount { character, observed, expected } = seen;
        #[expect(clippy::cast_precision_loss, reason = "nobody draws 2^52 times")]
        let height = observed as f64 / highest * HEIGHT;
        let mark = HEIGHT - expected / highest * HEIGHT;
        let x = (index * STEP).to_string();
        let title = text_signal(move || {
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
        <svg class="chart" role="img" aria-label=tr(Msg::TrustChart) preserveAspectRatio="none"
            viewBox=format!("0 0 {width} {HEIGHT}")>
            {bars.collect_view()}
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browser_test::test;
    use crate::text;
    use crate::ui::tests::{Page, world};

    #[test]
    async fn title_of_a_bar_follows_the_language() {
        let seen = |character, observed| CharacterCount { character, observed, expected: 10.5 };
        let page = Page::open(move || view! { <Chart characters=vec![seen('a', 21), seen('b', 0)]/> }).await;
        let chart = page.shown("svg[role=img]");
        assert_eq!(chart[0].get_attribute("aria-label"), Some(world::en(Msg::TrustChart)));
        let bars = || chart[0].query_selector_all("title").unwrap();
        let title = |place| bars().get(place).and_then(|title| title.text_content()).unwrap_or_default();
        assert_eq!([title(0), title(1)], ["a: 21, expected 10.50", "b: 0, expected 10.50"]);
        let bar = chart[0].query_selector(".chart-bar").unwrap().unwrap();
        assert_eq!(bar.get_attribute("height").as_deref(), Some("100.00"), "the highest is as high as the picture");
        text::speak(world::texts("de"));
        page.until("German", || title(0).contains("10,50")).await;
    }
}
