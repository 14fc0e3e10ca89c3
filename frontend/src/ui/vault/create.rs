//! Making a vault: username and passphrase first, then the recovery code. Nothing reaches the server before the code is
//! confirmed.

use std::rc::Rc;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::progress::Progress;
use crate::keyring::protocol::KeyringError;
use crate::model::limits::PASSPHRASE_MIN;
use crate::platform::browser;
use crate::secret::Secret;
use crate::session::{Fault, NewVault, use_session};
use crate::text::{self, Msg};
use crate::ui::fields::{Button, Checkbox, FaultText, TextField, bool_signal, tr};
use crate::ui::notice::use_notices;
use crate::ui::recovery_code::RecoveryCodeForm;
use crate::ui::sentence::SentenceSignal;
use crate::ui::words as say;
use crate::workers::client::KeyringFault;

#[component]
pub(super) fn Create(
    /// Emptied once the invite is used.
    invite: RwSignal<String>,
    /// Cleared to switch to opening a vault.
    creating: RwSignal<bool>,
) -> impl IntoView {
    // The new vault's keys, between the two steps.
    let making = RwSignal::new_local(None::<Rc<NewVault>>);
    move || match making.get() {
        None => view! { <ChoosePassphrase invite making creating/> }.into_any(),
        Some(made) => view! { <WriteDownCode made making invite creating/> }.into_any(),
    }
}

#[component]
fn ChoosePassphrase(
    invite: RwSignal<String>,
    making: RwSignal<Option<Rc<NewVault>>, LocalStorage>,
    /// Cleared to switch to opening a vault.
    creating: RwSignal<bool>,
) -> impl IntoView {
    let session = use_session();
    let notices = use_notices();
    let [username, passphrase, again] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let [username_fault, passphrase_fault, again_fault, fault] = std::array::from_fn(|_| SentenceSignal::new());
    let shown = RwSignal::new(false);
    let busy = bool_signal(move || session.is_busy());
    let secret = bool_signal(move || !shown.get());

    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        for fault in [username_fault, passphrase_fault, again_fault, fault] {
            fault.clear();
        }
        let typed = browser::normalise(&passphrase.get_untracked());
        if typed.chars().count() < PASSPHRASE_MIN {
            passphrase_fault.set(|| text::with(Msg::PassphraseShort, &[("least", &PASSPHRASE_MIN)]));
            browser::focus_soon("passphrase");
            return;
        }
        if typed != browser::normalise(&again.get_untracked()) {
            again_fault.set(Msg::PassphrasesDiffer);
            browser::focus_soon("again");
            return;
        }
        notices.clear();
        let (invite, name) = (invite.get_untracked(), browser::normalise(&username.get_untracked()));
        spawn_local(async move {
            match session.start_creating(invite, name, Secret::new(typed)).await {
                Ok(made) => making.set(Some(Rc::new(made))),
                Err(Fault::Keyring(KeyringFault::Refused(KeyringError::Username(wrong)))) => {
                    username_fault.set(move || say::username_fault(wrong));
                    browser::focus_soon("username");
                }
                Err(wrong) => fault.set(move || say::fault(&wrong)),
            }
        });
    };

    view! {
        <form class="narrow" novalidate on:submit=submit>
            <h3 class="card-title">{tr(Msg::CreateTitle)}</h3>
            <p class="lead">{tr(Msg::CreateIntro)}</p>
            <TextField id="username" label=Msg::Username value=username fault=username_fault busy autocomplete="username"/>
            <TextField id="passphrase" label=Msg::Passphrase hint=Msg::PassphraseHint value=passphrase
                fault=passphrase_fault busy secret autocomplete="new-password"/>
            <TextField id="again" label=Msg::PassphraseAgain value=again fault=again_fault busy secret
                autocomplete="new-password"/>
            <Checkbox label=Msg::ShowPassphrase value=shown/>
            <div class="buttons">
                <Button class="button--main" label=Msg::Create disabled=busy/>
                <Button class="button--quiet" label=Msg::HaveVault press=move |()| creating.set(false) disabled=busy/>
            </div>
            <FaultText id="create" text=fault/>
            <Progress/>
        </form>
    }
}

#[component]
fn WriteDownCode(
    made: Rc<NewVault>,
    making: RwSignal<Option<Rc<NewVault>>, LocalStorage>,
    /// Emptied once the invite is used.
    invite: RwSignal<String>,
    /// Cleared once the vault is made.
    creating: RwSignal<bool>,
) -> impl IntoView {
    let session = use_session();
    let notices = use_notices();
    let fault = SentenceSignal::new();
    let busy = bool_signal(move || session.is_busy());
    let code = Secret::new(made.recovery_code.expose().to_owned());
    let made = StoredValue::new_local(made);
    let confirmed = move |()| {
        spawn_local(async move {
            match session.finish_creating(made.get_value()).await {
                Ok(()) => {
                    // The invite is used up: take it out of the address.
                    browser::clear_fragment();
                    notices.clear();
                    browser::focus_soon("name");
                    creating.set(false);
                    invite.set(String::new());
                }
                Err(wrong) => fault.set(move || say::fault(&wrong)),
            }
        });
    };
    view! {
        <RecoveryCodeForm code fault busy done=Msg::CodeDone confirmed abandon=move |()| making.set(None)>
            <Progress/>
        </RecoveryCodeForm>
    }
}
