//! The rules of a PIN.

use generator::kind::Rules;
use generator::pin;
use leptos::prelude::*;

use super::planned;
use crate::model::form::FormField;
use crate::model::kind;
use crate::text::{self, Msg};
use crate::ui::fields::{Slider, tr};
use crate::ui::mint::{PlanFault, PlannedRules, use_mint};

/// The length, as typed.
#[derive(Clone, Copy)]
pub(super) struct PinFields(RwSignal<String>);

impl PinFields {
    pub(super) fn new() -> Self {
        Self(RwSignal::new(pin::Rules::default().length.to_string()))
    }

    pub(super) fn fill(self, rules: &pin::Rules) {
        self.0.set(rules.length.to_string());
    }

    pub(super) fn plan(self) -> Result<PlannedRules, PlanFault> {
        let plan = kind::pin(&self.0.get()).map(|(rules, plan)| PlannedRules::new(Rules::Pin(rules), plan));
        planned(plan, |_| text::limits(Msg::PinLengthFault, &pin::LENGTHS))
    }
}

#[component]
pub(super) fn PinRules(fields: PinFields) -> impl IntoView {
    let mint = use_mint();
    view! {
        <Slider id="pin-length" label=Msg::PinLength value=fields.0 limits=pin::LENGTHS
            fault=mint.fault(|field| field == FormField::PinLength)/>
        <p class="hint">{tr(Msg::PinHint)}</p>
    }
}
