//! The rarer rules for characters.

use generator::characters::Class;
use leptos::prelude::*;

use crate::model::form::FormField;
use crate::text::{self, Msg};
use crate::ui::fields::{Checkbox, TextField, tr};
use crate::ui::mint::use_mint;

#[component]
pub(super) fn RarerCharacterRules() -> impl IntoView {
    let mint = use_mint();
    let fields = mint.characters;
    view! {
            <fieldset class="minimums">
                <legend>{tr(Msg::Minimums)}</legend>
                {fields.classes.map(|(class, _, minimum)| view! {
                    <TextField id=minimum_id(class) label=text::class(class) value=minimum inputmode="numeric"
                        fault=mint.fault(move |field| field == FormField::Minimum(class))/>
                }).into_iter().collect_view()}
            </fieldset>
            <Checkbox label=Msg::NoLookAlikes value=fields.no_look_alikes/>
            <Checkbox label=Msg::KeyboardSafe value=fields.keyboard_safe/>
            <TextField id="exclude" label=Msg::Exclude value=fields.exclude class="input--secret"
                fault=mint.fault(|field| field == FormField::Exclude)/>
            <TextField id="include" label=Msg::Include value=fields.include class="input--secret"
                fault=mint.fault(|field| field == FormField::Include)/>
    }
}

/// The id of the field for a class's minimum.
fn minimum_id(class: Class) -> &'static str {
    match class {
        Class::Lower => "least-lower",
        Class::Upper => "least-upper",
        Class::Digits => "least-digits",
        Class::Symbols => "least-symbols",
    }
}
