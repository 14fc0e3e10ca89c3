//! Making a vault: name and passphrase, then the recovery code, which must be confirmed before anything is made.

use std::rc::Rc;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::fields::{Button, Check, FaultText, TextField, flag};
use super::notice::use_notices;
use super::vault::Progress;
use crate::browser;
use crate::client::KeyringFault;
use crate::keyring::protocol::KeyringError;
use crate::random;
use crate::secret::Secret;
use crate::session::{Fault, Making, use_session};
use crate::text;

/// The shortest passphrase, in characters.
const PASSPHRASE_MIN: usize = 12;
/// Words of the recovery code that are asked for, and the ids of their fields.
const ASKED: [&str; 3] = ["word-a", "word-b", "word-c"];

#[component]
pub(super) fn Create(
    /// The invite; emptied once it is used.
    invite: RwSignal<String>,
    /// Cleared to go over to opening a vault.
    creating: RwSignal<bool>,
) -> impl IntoView {
    // The vault in the making, once its keys are there.
    let making = RwSignal::new_local(None::<Rc<Making>>);
    move || match making.get() {
        None => view! { <Choose invite making creating/> }.into_any(),
        Some(made) => view! { <WriteDown made making invite creating/> }.into_any(),
    }
}

/// The first step: the log-in name and the passphrase.
#[component]
fn Choose(
    /// The invite.
    invite: RwSignal<String>,
    /// Where the vault in the making goes.
    making: RwSignal<Option<Rc<Making>>, LocalStorage>,
    /// Cleared to go over to opening a vault.
    creating: RwSignal<bool>,
) -> impl IntoView {
    let session = use_session();
    let notices = use_notices();
    let [login, passphrase, again, login_fault, passphrase_fault, again_fault, fault] =
        std::array::from_fn(|_| RwSignal::new(String::new()));
    let shown = RwSignal::new(false);
    let busy = flag(move || session.is_busy());
    let secret = flag(move || !shown.get());

    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        for fault in [login_fault, passphrase_fault, again_fault, fault] {
            fault.set(String::new());
        }
        let typed = browser::normalise(&passphrase.get_untracked());
        if typed.chars().count() < PASSPHRASE_MIN {
            passphrase_fault.set(text::passphrase_short(PASSPHRASE_MIN));
            browser::focus_soon("passphrase");
            return;
        }
        if typed != browser::normalise(&again.get_untracked()) {
            again_fault.set(text::PASSPHRASES_DIFFER.into());
            browser::focus_soon("again");
            return;
        }
        notices.clear();
        let (invite, name) = (invite.get_untracked(), browser::normalise(&login.get_untracked()));
        spawn_local(async move {
            match session.start_creating(invite, name, Secret::new(typed)).await {
                Ok(made) => making.set(Some(Rc::new(made))),
                Err(Fault::Keyring(KeyringFault::Refused(KeyringError::Login(wrong)))) => {
                    login_fault.set(text::login_fault(wrong));
                    browser::focus_soon("login");
                }
                Err(wrong) => fault.set(text::fault(&wrong)),
            }
        });
    };

    view! {
        <form class="narrow" novalidate on:submit=submit>
            <h3 class="card-title">{text::CREATE_TITLE}</h3>
            <p class="lead">{text::CREATE_INTRO}</p>
            <TextField id="login" label=text::LOGIN value=login fault=login_fault busy autocomplete="username"/>
            <TextField id="passphrase" label=text::PASSPHRASE hint=text::PASSPHRASE_HINT value=passphrase
                fault=passphrase_fault busy secret autocomplete="new-password"/>
            <TextField id="again" label=text::PASSPHRASE_AGAIN value=again fault=again_fault busy secret
                autocomplete="new-password"/>
            <Check label=text::SHOW_PASSPHRASE value=shown/>
            <div class="buttons">
                <Button class="button--main" label=text::CREATE disabled=busy/>
                <Button class="button--quiet" label=text::HAVE_VAULT press=move |()| creating.set(false) disabled=busy/>
            </div>
            <FaultText id="create" text=fault/>
            <Progress/>
        </form>
    }
}

/// The second step: the recovery code, shown this once.
#[component]
fn WriteDown(
    /// The vault in the making.
    made: Rc<Making>,
    /// Emptied to start over.
    making: RwSignal<Option<Rc<Making>>, LocalStorage>,
    /// Emptied once it is used.
    invite: RwSignal<String>,
    /// Cleared once the vault is made.
    creating: RwSignal<bool>,
) -> impl IntoView {
    let session = use_session();
    let notices = use_notices();
    let words: Vec<String> = made.recovery_code.expose().split(' ').map(str::to_owned).collect();
    // If there is no randomness for it, the first words are as good to ask for.
    let asked = random::pick(ASKED.len(), words.len()).unwrap_or_else(|_| (0..ASKED.len()).collect());
    let typed: Vec<_> = asked.into_iter().map(|place| (place, RwSignal::new(String::new()))).collect();
    let fault = RwSignal::new(String::new());
    let busy = flag(move || session.is_busy());
    browser::focus_soon("code-title");

    let copy = move |()| {
        let Some(made) = making.get_untracked() else { return };
        spawn_local(async move {
            match browser::copy(made.recovery_code.expose()).await {
                Ok(()) => notices.result(text::CODE_COPIED.into()),
                Err(_) => notices.problem(text::COPY_FAILED.into()),
            }
        });
    };
    let submit = {
        let (words, typed) = (words.clone(), typed.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            if busy.get_untracked() {
                return;
            }
            // The digit of a word need not be typed.
            let letters = |text: &str| text.trim().trim_end_matches(|c: char| c.is_ascii_digit()).to_lowercase();
            let is_wrong =
                |(place, word): &&(usize, RwSignal<String>)| letters(&word.get_untracked()) != letters(&words[*place]);
            if let Some((wrong, _)) = typed.iter().find(is_wrong) {
                fault.set(text::word_wrong(wrong + 1));
                return;
            }
            fault.set(String::new());
            let made = Rc::clone(&made);
            spawn_local(async move {
                match session.finish_creating(made).await {
                    Ok(()) => {
                        // The invite is used up: nothing of it stays in the address.
                        browser::forget_fragment();
                        notices.clear();
                        browser::focus_soon("name");
                        creating.set(false);
                        invite.set(String::new());
                    }
                    Err(wrong) => fault.set(text::fault(&wrong)),
                }
            });
        }
    };

    view! {
        <form class="narrow" novalidate on:submit=submit>
            <h3 id="code-title" class="card-title" tabindex="-1">{text::CODE_TITLE}</h3>
            <p class="lead">{text::CODE_INTRO}</p>
            <p class="print-only">{text::CODE_OF}</p>
            <ol class="code-words">{words.into_iter().map(|word| view! { <li>{word}</li> }).collect_view()}</ol>
            <div class="buttons">
                <Button label=text::CODE_PRINT press=move |()| browser::print()/>
                <Button label=text::CODE_COPY press=copy/>
            </div>
            <fieldset class="code-confirm">
                <legend>{text::CODE_CONFIRM}</legend>
                {typed.into_iter().zip(ASKED).map(|((place, word), id)| view! {
                    <TextField id label=text::word(place + 1) value=word fault="" busy/>
                }).collect_view()}
            </fieldset>
            <FaultText id="code" text=fault/>
            <div class="buttons">
                <Button class="button--main" label=text::CODE_DONE disabled=busy/>
                <Button class="button--quiet" label=text::CODE_ABANDON press=move |()| making.set(None) disabled=busy/>
            </div>
            <Progress/>
        </form>
    }
}
