//! The generator: name, password, rules. It never waits for the vault and never moves when the vault does.

use generator::characters::LENGTHS;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::fields::{Button, Check, FaultText, TextField, flag, words};
use super::mint::{Fate, Mint, use_mint};
use super::notice::{Notices, use_notices};
use super::secret_text::secret_text;
use crate::browser;
use crate::model::form::{Field, RulesForm};
use crate::model::name;
use crate::model::strength::effort;
use crate::secret::Secret;
use crate::session::{Session, Stage, use_session};
use crate::text;

#[component]
pub(super) fn Generator() -> impl IntoView {
    let mint = use_mint();
    let session = use_session();
    let notices = use_notices();
    let name = RwSignal::new(String::new());
    let name_fault = RwSignal::new(String::new());
    let save = move || save(mint, session, notices, name, name_fault);
    // Typing a name for the next password: what was said of the last one is done with.
    Effect::new(move |_| {
        if name.with(|name| !name.is_empty()) {
            name_fault.set(String::new());
            mint.again_if_used();
        }
    });
    // What was to be saved while the vault was locked is saved when it opens.
    Effect::new(move |_| {
        if session.stage.get() == Stage::Open && mint.save_once_open.get_untracked() {
            save();
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        save();
    };
    let copy = move |()| {
        let Some(password) = mint.password() else { return };
        spawn_local(async move {
            if browser::copy(password.expose()).await.is_err() {
                notices.problem(text::COPY_FAILED.into());
            } else if mint.fate.with_untracked(|fate| *fate == Fate::New) {
                notices.result(text::COPIED_UNSAVED.into());
            } else {
                notices.result(text::COPY_AGAIN.into());
            }
        });
    };
    view! {
        <section class="generator card" aria-labelledby="generator-title">
            <h2 id="generator-title" class="card-title">{text::GENERATOR}</h2>
            <form novalidate on:submit=submit>
                <TextField id="name" label=text::NAME hint=text::NAME_HINT value=name fault=name_fault/>
                <Shown/>
                <div class="buttons">
                    <Button class="button--main" label=text::SAVE/>
                    <Button label=text::COPY press=copy/>
                    <Button label=text::GENERATE press=move |()| mint.again()/>
                </div>
                <RulesFields/>
            </form>
        </section>
    }
}

/// Saves and copies the password under the name typed; or says why not, and loses nothing.
fn save(mint: Mint, session: Session, notices: Notices, name: RwSignal<String>, name_fault: RwSignal<String>) {
    let typed = name.get_untracked();
    let checked = match name::check(&typed) {
        Ok(name) => name.to_owned(),
        Err(fault) => {
            name_fault.set(text::name_fault(fault));
            browser::focus_soon("name");
            return;
        }
    };
    let Some(password) = mint.password() else {
        notices.problem(text::NO_PASSWORD.into());
        return;
    };
    if session.stage.get_untracked() != Stage::Open {
        mint.save_once_open.set(true);
        notices.problem(text::LOCKED_SAVE.into());
        browser::focus_soon("secret");
        return;
    }
    mint.save_once_open.set(false);
    let rules = mint.plan.with_untracked(|plan| plan.as_ref().ok().map(|(rules, _)| rules.clone()));
    name.set(String::new());
    // Until it is known what becomes of it, it is not for another name.
    mint.fate.set(Fate::Sealing(checked.clone()));
    spawn_local(async move {
        // Browsers let a page copy only while a key press or click is fresh: copy first, then save.
        let copied = browser::copy(password.expose()).await.is_ok();
        let secret = Secret::new(password.expose().to_owned());
        match session.seal(checked.clone(), secret, rules).await {
            Ok(id) => {
                mint.fate.set(Fate::Sealed(id, checked.clone()));
                match session.send_waiting(Some(id)).await {
                    Ok(true) => notices.result(text::saved(&checked, copied)),
                    // What is sending now sends this one too, and says so.
                    Ok(false) => {}
                    Err(fault) => notices.problem(text::not_saved(&checked, &fault)),
                }
            }
            Err(fault) => {
                // Nothing was sealed: the password stays, and the name comes back, so that it is not typed again.
                notices.problem(text::not_sealed(&checked, &fault));
                mint.fate.set(Fate::New);
                if name.with_untracked(String::is_empty) {
                    name.set(checked);
                }
            }
        }
    });
}

/// The password that is shown, and how strong it is.
#[component]
fn Shown() -> impl IntoView {
    let mint = use_mint();
    let session = use_session();
    let password = move || match mint.minted.get() {
        Some(Ok(password)) => secret_text(password.expose()),
        Some(Err(_)) => text::NO_RANDOMNESS.into_any(),
        None => text::NO_PASSWORD.into_any(),
    };
    let strength = words(move || {
        mint.plan.with(|plan| match plan {
            Ok((_, plan)) => text::bits(plan.bits(), effort(plan.bits())),
            Err(_) => String::new(),
        })
    });
    let fate = words(move || match mint.fate.get() {
        Fate::New => String::new(),
        Fate::Sealed(id, name) if !session.is_waiting(id) => text::state_saved(&name),
        Fate::Sealing(name) | Fate::Sealed(_, name) => text::state_waiting(&name),
    });
    let waiting = flag(move || mint.fate.with(|fate| matches!(fate, Fate::Sealed(id, _) if session.is_waiting(*id))));
    let none = flag(move || mint.minted.with(|minted| !matches!(minted, Some(Ok(_)))));
    view! {
        <div class="shown" class:shown--none=none class:shown--waiting=waiting>
            <output class="secret" aria-label=text::PASSWORD for="length">{password}</output>
            <p class="shown-fate" dir="auto">{fate}</p>
        </div>
        <p class="strength">{strength}</p>
    }
}

/// The rules. What is wrong is said beside its field.
#[component]
fn RulesFields() -> impl IntoView {
    let mint = use_mint();
    let slid = move |event| mint.length.set(event_target_value(&event));
    let nearest = words(move || RulesForm::nearest_length(&mint.length.get()).to_string());
    view! {
        <div class="length">
            <TextField id="length" label=text::LENGTH value=mint.length class="length-number"
                fault=mint.fault(|field| field == Field::Length)/>
            <input class="length-slider" type="range" aria-label=text::LENGTH_SLIDER min=LENGTHS.start().to_string()
                max=LENGTHS.end().to_string() step="1" prop:value=nearest on:input=slid/>
        </div>
        <fieldset class="kinds" aria-describedby="kinds-fault">
            <legend>{text::KINDS}</legend>
            {mint.classes.map(|(class, on, _)| {
                let (sample, label) = text::class(class);
                view! { <Check sample label value=on/> }
            }).into_iter().collect_view()}
        </fieldset>
        <FaultText id="kinds" text=mint.fault(|field| field == Field::Classes)/>
        <details class="more">
            <summary>{text::MORE_RULES}</summary>
            <fieldset class="minimums">
                <legend>{text::MINIMUMS}</legend>
                {mint.classes.map(|(class, _, minimum)| view! {
                    <TextField id=text::minimum_id(class) label=text::class(class).1 value=minimum
                        fault=mint.fault(move |field| field == Field::Minimum(class))/>
                }).into_iter().collect_view()}
            </fieldset>
            <Check label=text::NO_LOOK_ALIKES value=mint.no_look_alikes/>
            <Check label=text::KEYBOARD_SAFE value=mint.keyboard_safe/>
            <TextField id="exclude" label=text::EXCLUDE value=mint.exclude class="input--secret"
                fault=mint.fault(|field| field == Field::Exclude)/>
            <TextField id="include" label=text::INCLUDE value=mint.include class="input--secret"
                fault=mint.fault(|field| field == Field::Include)/>
            <Button class="button--quiet" label=text::RESET_RULES press=move |()| mint.reset()/>
        </details>
    }
}
