//! Passwords by a site's own rules, in the syntax of the attribute `passwordrules`.

use generator::Plan as _;
use generator::characters::{self, LENGTHS};
use generator::kind::Rules;
use generator::site_rules::{self, Expected, RulesError};
use leptos::prelude::*;

use super::planned;
use crate::model::form::FormField;
use crate::model::kind::{KindFault, PasswordKind, SiteForm};
use crate::text::{self, Msg};
use crate::ui::fields::{Slider, TextArea, TextField, text_signal};
use crate::ui::mint::{PlanFault, PlannedRules, use_mint};

/// The fields, as typed: a handle that can be copied.
#[derive(Clone, Copy)]
pub(super) struct SiteFields {
    text: RwSignal<String>,
    length: RwSignal<String>,
    exclude: RwSignal<String>,
}

impl SiteFields {
    pub(super) fn new() -> Self {
        let usual = SiteForm::from(&site_rules::Rules::default());
        Self {
            text: RwSignal::new(usual.text),
            length: RwSignal::new(usual.length),
            exclude: RwSignal::new(usual.exclude),
        }
    }

    pub(super) fn fill(self, rules: &site_rules::Rules) {
        let form = SiteForm::from(rules);
        self.text.set(form.text);
        self.length.set(form.length);
        self.exclude.set(form.exclude);
    }

    pub(super) fn plan(self) -> Result<PlannedRules, PlanFault> {
        let form = SiteForm { text: self.text.get(), length: self.length.get(), exclude: self.exclude.get() };
        let plan = form.plan().map(|(rules, plan)| PlannedRules::new(Rules::Site(rules), plan));
        planned(plan, |fault| match fault {
            KindFault::Site(error) => fault_text(&error),
            _ => text::limits(Msg::LengthFault, &LENGTHS),
        })
    }
}

#[component]
pub(super) fn SiteRules(fields: SiteFields) -> impl IntoView {
    let mint = use_mint();
    let cost = text_signal(move || {
        if PasswordKind::at(mint.kind.get()) != PasswordKind::Site {
            return String::new();
        }
        let bits = mint.plan.with(|plan| plan.as_ref().ok().map(|plan| plan.plan.bits()));
        let usual = characters::Plan::new(&characters::Rules::default()).map(|plan| plan.bits());
        match bits.zip(usual.ok()) {
            Some((bits, usual)) if bits < usual => {
                text::with(Msg::SiteCost, &[("bits", &text::decimal(usual - bits)), ("length", LENGTHS.end())])
            }
            Some(_) => text::get(Msg::SiteFree),
            None => String::new(),
        }
    });
    view! {
        <TextArea id="site-text" label=Msg::SiteText hint=Msg::SiteHint value=fields.text
            fault=mint.fault(|field| field == FormField::SiteText)/>
        <p class="hint site-cost" role="status">{cost}</p>
        <Slider id="site-length" label=Msg::SiteLength value=fields.length limits=LENGTHS
            fault=mint.fault(|field| field == FormField::SiteLength)/>
        <TextField id="site-exclude" label=Msg::Exclude value=fields.exclude class="input--secret"
            fault=mint.fault(|field| field == FormField::SiteExclude)/>
    }
}

fn fault_text(error: &RulesError) -> String {
    let (least, most) = (LENGTHS.start(), LENGTHS.end());
    match error {
        RulesError::Text(error) => text::with(
            Msg::SiteColumn,
            &[("column", &error.column), ("expected", &text::get(expected(error.expected)))],
        ),
        RulesError::Lengths { minlength, maxlength } => {
            text::with(Msg::SiteLengths, &[("min", minlength), ("max", maxlength)])
        }
        RulesError::TooShort { maxlength } => text::with(Msg::SiteTooShort, &[("max", maxlength), ("least", least)]),
        RulesError::TooLong { minlength } => text::with(Msg::SiteTooLong, &[("min", minlength), ("most", most)]),
        RulesError::RequirementEmptied { number } => text::with(Msg::SiteRequirementEmptied, &[("number", number)]),
        RulesError::NothingLeft => text::get(Msg::SiteNothingLeft),
        RulesError::TooManyRequirements => text::get(Msg::SiteTooMany),
        RulesError::Contradiction { length } => text::with(Msg::SiteContradiction, &[("length", length)]),
    }
}

fn expected(expected: Expected) -> Msg {
    match expected {
        Expected::Rule => Msg::ExpectedRule,
        Expected::Colon => Msg::ExpectedColon,
        Expected::Number => Msg::ExpectedNumber,
        Expected::PositiveNumber => Msg::ExpectedPositive,
        Expected::Class => Msg::ExpectedClass,
        Expected::CommaOrSemicolon => Msg::ExpectedCommaOrSemicolon,
        Expected::Semicolon => Msg::ExpectedSemicolon,
        Expected::SetEnd => Msg::ExpectedSetEnd,
        Expected::HyphenFirst => Msg::ExpectedHyphenFirst,
        Expected::Ascii => Msg::ExpectedAscii,
    }
}
