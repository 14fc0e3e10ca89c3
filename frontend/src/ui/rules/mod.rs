//! The part for rules: all kinds but characters, the rarer rules for characters, and presets.

mod characters;
mod phrase;
mod pin;
mod presets;
mod site;

use generator::kind::Rules;
use leptos::prelude::*;

use self::phrase::PhraseFields;
use self::pin::PinFields;
use self::site::SiteFields;
use super::fields::bool_signal;
use super::mint::{Mint, PlanFault, PlannedRules, use_mint};
use crate::model::kind::{KindFault, PasswordKind};
use crate::ui::lazy_parts::RulesPart;

/// The fields of all kinds but characters: a handle that can be copied. Changing the kind leaves every field as it is.
#[derive(Clone, Copy)]
struct Forms {
    phrase: PhraseFields,
    pin: PinFields,
    site: SiteFields,
}

/// Sets the part up.
pub fn part() -> RulesPart {
    let mint = use_mint();
    let forms = Forms { phrase: PhraseFields::new(), pin: PinFields::new(), site: SiteFields::new() };
    provide_context(forms);
    presets::PresetControls::provide(mint, forms);
    RulesPart {
        fields: || view! { <KindFields/> }.into_any(),
        more: || view! { <RarerRules/> }.into_any(),
        plan: Callback::new(move |mint: Mint| match PasswordKind::at(mint.kind.get()) {
            PasswordKind::Words => forms.phrase.plan(),
            PasswordKind::Pin => forms.pin.plan(),
            PasswordKind::Characters | PasswordKind::Site => forms.site.plan(),
        }),
    }
}

/// The fields of the chosen kind. Empty for characters, whose fields are in the first part.
#[component]
fn KindFields() -> impl IntoView {
    let mint = use_mint();
    let forms: Forms = expect_context();
    let kind = Memo::new(move |_| mint.kind.get());
    move || match PasswordKind::at(kind.get()) {
        PasswordKind::Characters => ().into_any(),
        PasswordKind::Words => view! { <phrase::PhraseRules fields=forms.phrase/> }.into_any(),
        PasswordKind::Pin => view! { <pin::PinRules fields=forms.pin/> }.into_any(),
        PasswordKind::Site => view! { <site::SiteRules fields=forms.site/> }.into_any(),
    }
}

#[component]
fn RarerRules() -> impl IntoView {
    let mint = use_mint();
    view! {
        <div prop:hidden=bool_signal(move || PasswordKind::at(mint.kind.get()) != PasswordKind::Characters)><characters::RarerCharacterRules/></div>
        <presets::PresetChoice/>
    }
}

impl Forms {
    /// The rules of the chosen kind, if they have no fault.
    fn rules(mint: Mint) -> Option<Rules> {
        mint.plan.with(|plan| plan.as_ref().ok().map(|plan| plan.rules.clone()))
    }

    /// Chooses the kind of these rules, and fills in its fields.
    fn fill(self, mint: Mint, rules: &Rules) {
        let kind = match rules {
            Rules::Characters(rules) => {
                mint.characters.fill(rules);
                PasswordKind::Characters
            }
            Rules::Phrase(rules) => {
                self.phrase.fill(rules);
                PasswordKind::Words
            }
            Rules::Pin(rules) => {
                self.pin.fill(rules);
                PasswordKind::Pin
            }
            Rules::Site(rules) => {
                self.site.fill(rules);
                PasswordKind::Site
            }
        };
        mint.kind.set(PasswordKind::ALL.iter().position(|known| *known == kind).unwrap_or_default());
    }
}

/// The plan that a form comes to, or its fault in words.
fn planned(
    result: Result<PlannedRules, KindFault>,
    say: impl Fn(KindFault) -> String,
) -> Result<PlannedRules, PlanFault> {
    result.map_err(|fault| PlanFault { field: fault.field(), text: say(fault) })
}
