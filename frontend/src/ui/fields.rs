//! Form fields and buttons. Their signals come in few types, so that each component is compiled once: a text is a
//! `Signal<String>`, empty when there is nothing to say. A [`Msg`] turns into one that follows the language.

use std::ops::RangeInclusive;

use leptos::prelude::*;

use crate::model::form::nearest;
use crate::text::{self, Msg};

impl From<Msg> for Signal<String> {
    fn from(text: Msg) -> Self {
        text_signal(move || text::get(text))
    }
}

/// The translation of a text, which follows the language. Needed only where the type is not known from a property.
pub(super) fn tr(text: Msg) -> Signal<String> {
    text.into()
}

/// A text that is computed anew whenever a signal that it reads changes.
pub(super) fn text_signal(text: impl Fn() -> String + Send + Sync + 'static) -> Signal<String> {
    Signal::derive(text)
}

/// A condition that is computed anew whenever a signal that it reads changes.
pub(super) fn bool_signal(condition: impl Fn() -> bool + Send + Sync + 'static) -> Signal<bool> {
    Signal::derive(condition)
}

/// A text field with label, hint and fault.
#[component]
pub(super) fn TextField(
    id: &'static str,
    #[prop(into)] label: Signal<String>,
    value: RwSignal<String>,
    #[prop(into)] fault: Signal<String>,
    #[prop(optional, into)] hint: Signal<String>,
    /// True if the text is hidden, as that of a password.
    #[prop(optional, into)]
    secret: Signal<bool>,
    /// True if the field is read-only now.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// The value of the attribute `autocomplete`, such as `username`; `off` if none is given.
    #[prop(optional)]
    autocomplete: Option<&'static str>,
    /// Chooses the keyboard that a phone shows.
    #[prop(optional)]
    inputmode: Option<&'static str>,
    /// CSS classes besides `input`.
    #[prop(optional)]
    class: Option<&'static str>,
) -> impl IntoView {
    let class = format!("input {}", class.unwrap_or_default());
    let described = format!("{id}-hint {id}-fault");
    let autocomplete = autocomplete.unwrap_or("off");
    let kind = text_signal(move || (if secret.get() { "password" } else { "text" }).to_owned());
    let invalid = text_signal(move || fault.with(|fault| !fault.is_empty()).to_string());
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input id=id class=class type=kind autocomplete=autocomplete inputmode=inputmode autocapitalize="off" spellcheck="false" dir="auto"
                aria-describedby=described aria-invalid=invalid prop:readOnly=busy prop:value=value
                on:input=move |event| value.set(event_target_value(&event))/>
            <p id=format!("{id}-hint") class="hint">{hint}</p>
            <FaultText id text=fault/>
        </div>
    }
}

#[component]
pub(super) fn TextArea(
    id: &'static str,
    #[prop(into)] label: Signal<String>,
    #[prop(into)] hint: Signal<String>,
    value: RwSignal<String>,
    #[prop(into)] fault: Signal<String>,
) -> impl IntoView {
    let invalid = text_signal(move || fault.with(|fault| !fault.is_empty()).to_string());
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <textarea id=id class="input input--secret" rows="3" autocapitalize="off" spellcheck="false"
                aria-describedby=format!("{id}-hint {id}-fault") aria-invalid=invalid prop:value=value
                on:input=move |event| value.set(event_target_value(&event))></textarea>
            <p id=format!("{id}-hint") class="hint">{hint}</p>
            <FaultText id text=fault/>
        </div>
    }
}

/// A number with its field and a slider beside it.
#[component]
pub(super) fn Slider(
    id: &'static str,
    #[prop(into)] label: Signal<String>,
    value: RwSignal<String>,
    limits: RangeInclusive<usize>,
    #[prop(into)] fault: Signal<String>,
) -> impl IntoView {
    let (least, most) = (limits.start().to_string(), limits.end().to_string());
    let nearest = text_signal(move || nearest(&value.get(), &limits).to_string());
    view! {
        <div class="length">
            <TextField id label value class="length-number" fault inputmode="numeric"/>
            <input class="length-slider" type="range" aria-label=tr(Msg::LengthSlider) min=least max=most step="1"
                prop:value=nearest on:input=move |event| value.set(event_target_value(&event))/>
        </div>
    }
}

/// The fault of a field. Screen readers speak it when it appears.
#[component]
pub(super) fn FaultText(
    /// The id of the field. The fault's id is this with `-fault`.
    id: &'static str,
    #[prop(into)] text: Signal<String>,
) -> impl IntoView {
    view! { <p id=format!("{id}-fault") class="fault" role="alert">{text}</p> }
}

#[component]
pub(super) fn Checkbox(
    #[prop(into)] label: Signal<String>,
    value: RwSignal<bool>,
    /// A sample shown before the label.
    #[prop(optional)]
    sample: Option<&'static str>,
) -> impl IntoView {
    let class = if sample.is_some() { "check check--framed" } else { "check" };
    view! {
        <label class=class>
            <input type="checkbox" prop:checked=value on:change=move |event| value.set(event_target_checked(&event))/>
            {sample.map(|sample| view! { <span class="check-sample" aria-hidden="true">{sample}</span> })}
            <span>{label}</span>
        </label>
    }
}

#[component]
pub(super) fn Button(
    #[prop(into)] label: Signal<String>,
    /// Runs on a click. A button without it submits its form.
    #[prop(optional, into)]
    press: Option<Callback<()>>,
    #[prop(optional)] class: Option<&'static str>,
    /// The accessible name, where the label alone does not say what the button is for.
    #[prop(optional, into)]
    name: Signal<String>,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] hidden: Signal<bool>,
) -> impl IntoView {
    let class = format!("button {}", class.unwrap_or_default());
    let kind = if press.is_some() { "button" } else { "submit" };
    let accessible = text_signal(move || {
        let name = name.get();
        if name.is_empty() { label.get() } else { name }
    });
    view! {
        <button type=kind class=class aria-label=accessible prop:disabled=disabled prop:hidden=hidden
            on:click=move |_| if let Some(press) = press { press.run(()) }>
            {label}
        </button>
    }
}

/// A row of radio buttons.
#[component]
pub(super) fn Choices(
    /// The name of the radio group, unique on the page.
    id: &'static str,
    #[prop(into)] label: Signal<String>,
    options: &'static [Msg],
    /// The index of the chosen option.
    value: RwSignal<usize>,
) -> impl IntoView {
    view! {
        <fieldset class="choices">
            <legend class="hidden">{label}</legend>
            {options.iter().enumerate().map(|(index, option)| view! {
                <label class="choice">
                    <input type="radio" name=id prop:checked=bool_signal(move || value.get() == index)
                        on:change=move |_| value.set(index)/>
                    <span>{tr(*option)}</span>
                </label>
            }).collect_view()}
        </fieldset>
    }
}

/// A drop-down list.
#[component]
pub(super) fn Select(
    id: &'static str,
    #[prop(into)] label: Signal<String>,
    #[prop(into)] options: Signal<Vec<String>>,
    /// The index of the chosen option.
    #[prop(into)]
    value: Signal<usize>,
    #[prop(into)] choose: Callback<usize>,
) -> impl IntoView {
    let chosen = move |event| choose.run(event_target_value(&event).parse().unwrap_or_default());
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select id=id class="select" on:change=chosen prop:value=text_signal(move || {
                // Options come first: a browser ignores a value that no option has.
                options.track();
                value.get().to_string()
            })>
                {move || options.get().into_iter().enumerate().map(|(index, option)| view! {
                    <option value=index.to_string() prop:selected=bool_signal(move || value.get() == index)>{option}</option>
                }).collect_view()}
            </select>
        </div>
    }
}
