//! The generator: name, password, kind and rules. It works before any other part has loaded, and does not move when one
//! appears.

use generator::characters::{Class, LENGTHS};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::dialog::{Tool, use_dialog};
use super::fields::{Button, Checkbox, Choices, FaultText, Slider, TextField, bool_signal, text_signal, tr};
use super::lazy_parts::{Lazy, LazyParts, use_lazy_parts};
use super::mint::{Mint, PasswordState, use_mint};
use super::notice::{Notices, use_notices};
use super::secret_text::secret_text;
use crate::model::form::FormField;
use crate::model::kind::PasswordKind;
use crate::model::name;
use crate::model::strength::effort;
use crate::platform::browser;
use crate::secret::Secret;
use crate::text::{self, Msg};

/// The kinds, in the order of [`PasswordKind::ALL`].
const KINDS: [Msg; 4] = [Msg::KindCharacters, Msg::KindWords, Msg::KindPin, Msg::KindSite];

#[component]
pub(super) fn Generator() -> impl IntoView {
    let mint = use_mint();
    let parts = use_lazy_parts();
    let notices = use_notices();
    let dialog = use_dialog();
    // A name that is being typed is for the next password: drop what was said about the last one.
    Effect::new(move |_| {
        if mint.name.with(|name| !name.is_empty()) {
            mint.name_fault.clear();
            mint.regenerate_if_used();
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        save(mint, parts, notices);
    };
    let read = move |()| {
        if let Some(password) = mint.password() {
            dialog.open(Tool::Read(Secret::new(password.expose().to_owned()).into()));
        }
    };
    view! {
        <section class="generator card" aria-labelledby="generator-title">
            <h2 id="generator-title" class="card-title">{tr(Msg::Generator)}</h2>
            <form novalidate on:submit=submit>
                <TextField id="name" label=Msg::Name hint=Msg::NameHint value=mint.name fault=mint.name_fault/>
                <GeneratedPassword/>
                <div class="buttons">
                    <Button class="button--main" label=Msg::Save/>
                    <Button label=Msg::Copy press=move |()| copy(mint, parts, notices)/>
                    <Button label=Msg::Generate press=move |()| mint.regenerate()/>
                </div>
                <Choices id="kind" label=Msg::Kind options=&KINDS value=mint.kind/>
                <RulesFields/>
            </form>
            <div class="tools">
                <Button class="button--quiet" label=Msg::ReadAloud press=read/>
                <Button class="button--quiet" label=Msg::Bulk press=move |()| dialog.open(Tool::Bulk)/>
                <Button class="button--quiet" label=Msg::Trust press=move |()| dialog.open(Tool::Trust)/>
            </div>
        </section>
    }
}

/// Copies the shown password, and says whether it is saved. Once the vault's part has loaded, a copied password becomes
/// a draft.
pub(super) fn copy(mint: Mint, parts: LazyParts, notices: Notices) {
    let Some(password) = mint.password() else { return };
    spawn_local(async move {
        if browser::copy(password.expose()).await.is_err() {
            notices.problem(Msg::CopyFailed);
        } else if mint.state.with_untracked(|state| *state != PasswordState::New) {
            notices.result(Msg::CopiedAgain);
        } else if let Lazy::Ready(vault) = parts.vault.get_untracked() {
            vault.copied.run(());
        } else {
            mint.copied_unsaved.set(true);
            notices.result(Msg::CopiedUnsaved);
        }
    });
}

/// Saves the password under the typed name and copies it. On failure, says why and keeps name and password.
fn save(mint: Mint, parts: LazyParts, notices: Notices) {
    let typed = mint.name.get_untracked();
    match (name::check(&typed), mint.password(), parts.vault.get_untracked()) {
        (Err(fault), ..) => {
            mint.name_fault.set(move || text::name_fault(fault));
            browser::focus_soon("name");
        }
        // The output says that there is no password; the fault stands beside its field.
        (_, None, _) => browser::focus_first_invalid(),
        (Ok(name), _, Lazy::Ready(vault)) => vault.save.run(name.to_owned()),
        (Ok(_), _, Lazy::Loading | Lazy::Failed) => {
            mint.save_once_open.set(true);
            notices.problem(Msg::LockedSave);
        }
    }
}

/// The password, its state, and its strength.
#[component]
fn GeneratedPassword() -> impl IntoView {
    let mint = use_mint();
    let password = move || match mint.minted.get() {
        Some(Ok(password)) => secret_text(password.expose()),
        Some(Err(_)) => tr(Msg::NoRandomness).into_any(),
        None => text_signal(move || {
            // A fault without text waits for a file or a part, and is reported there.
            mint.plan.with(|plan| match plan {
                Err(wrong) if wrong.text.is_empty() => String::new(),
                _ => text::get(Msg::NoPassword),
            })
        })
        .into_any(),
    };
    let strength = text_signal(move || {
        mint.plan.with(|plan| match plan {
            Ok(plan) => text::strength(plan.plan.bits(), effort(plan.plan.bits())),
            Err(_) => String::new(),
        })
    });
    let state = text_signal(move || match mint.state.get() {
        PasswordState::New => String::new(),
        PasswordState::Sealed(_, name, waits) if !waits.get() => text::with(Msg::StateSaved, &[("name", &name)]),
        PasswordState::Sealing(name) | PasswordState::Sealed(_, name, _) => {
            text::with(Msg::StateWaiting, &[("name", &name)])
        }
    });
    let waiting =
        bool_signal(move || mint.state.with(|state| matches!(state, PasswordState::Sealed(.., waits) if waits.get())));
    let none = bool_signal(move || mint.minted.with(|minted| !matches!(minted, Some(Ok(_)))));
    view! {
        <div class="shown" class:shown--none=none class:shown--waiting=waiting
            class:shown--words=bool_signal(move || PasswordKind::at(mint.kind.get()) == PasswordKind::Words)>
            <output class="secret" aria-label=tr(Msg::Password) for="length">{password}</output>
            <p class="shown-fate" dir="auto">{state}</p>
        </div>
        <p class="strength">{strength}</p>
    }
}

/// The rules, with faults beside their fields. Only the usual rules for characters are in the first part; all others
/// load with the part for rules.
#[component]
fn RulesFields() -> impl IntoView {
    let mint = use_mint();
    let parts = use_lazy_parts();
    let other = bool_signal(move || PasswordKind::at(mint.kind.get()) != PasswordKind::Characters);
    let opened = RwSignal::new(false);
    // Other kinds and rarer rules load when they are first opened.
    Effect::new(move |_| {
        if other.get() || opened.get() {
            parts.load_rules();
        }
    });
    let missing = text_signal(move || match parts.rules.get() {
        Lazy::Failed => text::get(Msg::NoPart),
        Lazy::Loading | Lazy::Ready(_) => String::new(),
    });
    view! {
        <div class="rules">
            <div prop:hidden=other>
                <Slider id="length" label=Msg::Length value=mint.characters.length limits=LENGTHS
                    fault=mint.fault(|field| field == FormField::Length)/>
                <fieldset class="kinds" aria-describedby="kinds-fault">
                    <legend>{tr(Msg::Classes)}</legend>
                    {mint.characters.classes.map(|(class, on, _)| {
                        let sample = class_sample(class);
                        view! { <Checkbox sample label=text::class(class) value=on/> }
                    }).into_iter().collect_view()}
                </fieldset>
                <FaultText id="kinds" text=mint.fault(|field| field == FormField::Classes)/>
            </div>
            {move || parts.rules.get().ready().map(|part| (part.fields)())}
            <details class="more" on:toggle=move |_| opened.set(true)>
                <summary>{tr(Msg::MoreRules)}</summary>
                {move || parts.rules.get().ready().filter(|_| opened.get()).map(|part| (part.more)())}
            </details>
            <FaultText id="rules" text=missing/>
            <Button class="button--small" label=Msg::TryAgain press=move |()| parts.load_rules()
                hidden=bool_signal(move || missing.with(String::is_empty))/>
        </div>
    }
}

/// Sample characters of a class.
fn class_sample(class: Class) -> &'static str {
    match class {
        Class::Lower => "abc",
        Class::Upper => "ABC",
        Class::Digits => "123",
        Class::Symbols => "#$&",
    }
}
