//! The parts that forms are made of. Signals come in few types, so that each part is compiled once: texts are
//! `Signal<String>`, empty when there is nothing to say; a [`Msg`] is one that follows the language.

use std::ops::RangeInclusive;

use leptos::prelude::*;

use crate::model::form::nearest;
use crate::text::{self, Msg};

impl From<Msg> for Signal<String> {
    fn from(text: Msg) -> Self {
        text_signal(move || text::get(text))
    }
}

/// A text of the page where no signal is asked for: it follows the language.
pub(super) fn tr(text: Msg) -> Signal<String> {
    text.into()
}

/// A text that follows what it is made from.
pub(super) fn text_signal(text: impl Fn() -> String + Send + Sync + 'static) -> Signal<String> {
    Signal::derive(text)
}

/// A condition that follows what it is made from.
pub(super) fn bool_signal(condition: impl Fn() -> bool + Send + Sync + 'static) -> Signal<bool> {
    Signal::derive(condition)
}

/// A field for text, with its label, its hint, and what is wrong with it.
#[component]
pub(super) fn TextField(
    id: &'static str,
    #[prop(into)] label: Signal<String>,
    value: RwSignal<String>,
    /// What is wrong with it.
    #[prop(into)]
    fault: Signal<String>,
    /// What to know about it.
    #[prop(optional, into)]
    hint: Signal<String>,
    /// Whether what is typed is hidden.
    #[prop(optional, into)]
    secret: Signal<bool>,
    /// Whether it cannot be changed now.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// The kind of value, for the browser: `username` and so on.
    #[prop(optional)]
    autocomplete: Option<&'static str>,
    /// The kind of keyboard that a phone shows.
    #[prop(optional)]
    inputmode: Option<&'static str>,
    /// More classes for the input.
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

/// A field for text of several lines.
#[component]
pub(super) fn TextArea(
    id: &'static str,
    #[prop(into)] label: Signal<String>,
    /// What to know about it.
    #[prop(into)]
    hint: Signal<String>,
    value: RwSignal<String>,
    /// What is wrong with it.
    #[prop(into)]
    fault: Signal<String>,
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
    /// The numbers that are allowed.
    limits: RangeInclusive<usize>,
    /// What is wrong with it.
    #[prop(into)]
    fault: Signal<String>,
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

/// What is wrong with a field; spoken when it appears.
#[component]
pub(super) fn FaultText(
    /// The field's id; the text's is the same with `-fault`.
    id: &'static str,
    /// What is wrong, if anything.
    #[prop(into)]
    text: Signal<String>,
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
    /// What it does, in a word or two.
    #[prop(into)]
    label: Signal<String>,
    /// Does it. Without, the button sends its form.
    #[prop(optional, into)]
    press: Option<Callback<()>>,
    #[prop(optional)] class: Option<&'static str>,
    /// What it is for, where the label alone would not say.
    #[prop(optional, into)]
    name: Signal<String>,
    /// Whether it cannot be pressed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Whether it is not there now.
    #[prop(optional, into)]
    hidden: Signal<bool>,
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

/// One of a few, as a row of radio buttons.
#[component]
pub(super) fn Choices(
    /// The group's name among the page's groups.
    id: &'static str,
    #[prop(into)] label: Signal<String>,
    /// What there is to choose from.
    options: &'static [Msg],
    /// The index of the one chosen.
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

/// One of several, as a list to open.
#[component]
pub(super) fn Select(
    id: &'static str,
    #[prop(into)] label: Signal<String>,
    /// What there is to choose from.
    #[prop(into)]
    options: Signal<Vec<String>>,
    /// The index of the one chosen.
    #[prop(into)]
    value: Signal<usize>,
    #[prop(into)] choose: Callback<usize>,
) -> impl IntoView {
    let chosen = move |event| choose.run(event_target_value(&event).parse().unwrap_or_default());
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select id=id class="select" on:change=chosen prop:value=text_signal(move || {
                // The options are there before one of them is chosen.
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
