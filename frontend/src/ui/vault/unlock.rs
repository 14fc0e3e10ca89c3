//! Opening a vault: by passphrase, or by recovery code.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::sessions::CredentialName;

use super::no_vault::NoVault;
use super::panel::Progress;
use crate::keyring::protocol::KeyringError;
use crate::platform::api;
use crate::platform::browser;
use crate::platform::passkey;
use crate::secret::Secret;
use crate::session::{Fault, Session, count_kept, use_session};
use crate::text::{self, Msg};
use crate::ui::dialog::{Manage, Tool, use_dialog};
use crate::ui::fields::{Button, Checkbox, TextField, bool_signal, text_signal, tr};
use crate::ui::notice::use_notices;
use crate::ui::sentence::SentenceSignal;
use crate::ui::words as say;
use crate::workers::client::KeyringFault;

#[component]
pub(super) fn Unlock(
    invite: RwSignal<String>,
    /// Set to go over to making a vault.
    creating: RwSignal<bool>,
) -> impl IntoView {
    let session = use_session();
    let notices = use_notices();
    let dialog = use_dialog();
    let username = RwSignal::new(Session::remembered_username().unwrap_or_default());
    let secret = RwSignal::new(String::new());
    let by_code = RwSignal::new(false);
    let shown = RwSignal::new(false);
    let [username_fault, fault] = std::array::from_fn(|_| SentenceSignal::new());
    let busy = bool_signal(move || session.is_busy());

    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        username_fault.clear();
        fault.clear();
        let typed = secret.get_untracked();
        if typed.trim().is_empty() {
            fault.set(if by_code.get_untracked() { Msg::RecoveryEmpty } else { Msg::PassphraseEmpty });
            browser::focus_soon("secret");
            return;
        }
        notices.clear();
        let with_code = by_code.get_untracked();
        let kind = if with_code { CredentialName::Recovery } else { CredentialName::Passphrase };
        let name = browser::normalise(&username.get_untracked());
        spawn_local(async move {
            // What was typed stays, to be corrected.
            match session.unlock(name, kind, Secret::new(browser::normalise(&typed))).await {
                Ok(()) => {
                    browser::focus_soon("name");
                    if with_code {
                        let set = Callback::new(move |()| dialog.open(Tool::Manage(Manage::Account)));
                        notices.offer(Msg::CodeUsed, (Msg::PassphraseChange, set), None);
                    }
                }
                Err(Fault::Keyring(KeyringFault::Refused(KeyringError::Username(wrong)))) => {
                    username_fault.set(move || say::username_fault(wrong));
                    browser::focus_soon("username");
                }
                Err(wrong) => {
                    fault.set(move || say::fault(&wrong));
                    browser::focus_soon("secret");
                }
            }
        });
    };
    // What an authenticator makes opens the vault like a passphrase.
    let by_passkey = move |()| {
        if busy.get_untracked() {
            return;
        }
        username_fault.clear();
        fault.clear();
        let name = browser::normalise(&username.get_untracked());
        if name.trim().is_empty() {
            username_fault.set(Msg::UsernameEmpty);
            return browser::focus_soon("username");
        }
        notices.clear();
        spawn_local(async move {
            match passkey::get(&[]).await {
                Err(declined) => fault.set(say::passkey_fault(declined)),
                Ok((id, secret)) => match session.unlock(name, CredentialName::Passkey(id), secret).await {
                    Ok(()) => browser::focus_soon("name"),
                    Err(Fault::Keyring(KeyringFault::Refused(KeyringError::WrongSecret))) => {
                        fault.set(Msg::PasskeyWrong);
                    }
                    Err(wrong) => fault.set(move || say::fault(&wrong)),
                },
            }
        });
    };
    let switch = move |()| {
        secret.set(String::new());
        fault.clear();
        by_code.update(|by_code| *by_code = !*by_code);
        browser::focus_soon("secret");
    };
    let either =
        move |code: Msg, passphrase: Msg| text_signal(move || text::get(if by_code.get() { code } else { passphrase }));
    let code_hint = text_signal(move || if by_code.get() { text::get(Msg::RecoveryHint) } else { String::new() });
    let ended =
        text_signal(move || if session.session_ended.get() { text::get(Msg::SessionEnded) } else { String::new() });
    // What waits in this browser, for whichever vault.
    let kept = RwSignal::new(0);
    let no_vault = RwSignal::new(false);
    let suggests_none = invite.with_untracked(String::is_empty) && username.with_untracked(String::is_empty);
    spawn_local(async move {
        let count = count_kept().await;
        let _ = kept.try_set(count);
        if count > 0 || !suggests_none || session.waiting.with_untracked(|waiting| !waiting.is_empty()) {
            return;
        }
        // Without an answer, it is the form.
        if matches!(api::has_vault().await, Ok(false)) && is_untouched(username, secret) {
            let _ = no_vault.try_set(true);
        }
    });
    let kept_here = text_signal(move || match kept.get() {
        0 => String::new(),
        count => text::with(Msg::KeptHere, &[("count", &count)]),
    });
    let has_invite = bool_signal(move || invite.with(|invite| !invite.is_empty()));

    view! {
        <NoVault shown=no_vault/>
        <form class="narrow" novalidate hidden=move || no_vault.get() on:submit=submit>
            <h3 class="card-title">{tr(Msg::UnlockTitle)}</h3>
            <p class="lead" role="status">{ended}</p>
            <p class="lead" role="status">{kept_here}</p>
            <TextField id="username" label=Msg::Username value=username fault=username_fault busy autocomplete="username"/>
            <TextField id="secret" label=either(Msg::Recovery, Msg::Passphrase) hint=code_hint
                value=secret fault busy secret=bool_signal(move || !by_code.get() && !shown.get())
                autocomplete="current-password"/>
            <div hidden=move || by_code.get()><Checkbox label=Msg::ShowPassphrase value=shown/></div>
            <div class="buttons">
                <Button class="button--main" label=Msg::Unlock disabled=busy/>
                <Button class="button--quiet" label=either(Msg::UsePassphrase, Msg::UseRecovery) press=switch
                    disabled=busy/>
                <Button class="button--quiet" label=Msg::UsePasskey press=by_passkey disabled=busy
                    hidden=bool_signal(|| !passkey::are_offered())/>
            </div>
            <Progress/>
            <p class="hint" hidden=move || has_invite.get()>{tr(Msg::NoVaultYet)}</p>
            <Button class="button--quiet" label=Msg::HaveInvite press=move |()| creating.set(true) disabled=busy
                hidden=bool_signal(move || !has_invite.get())/>
        </form>
    }
}

/// Whether nobody has begun with the form: nothing is typed, or filled in by the browser, and the focus is elsewhere.
fn is_untouched(username: RwSignal<String>, secret: RwSignal<String>) -> bool {
    let is_empty = |field: RwSignal<String>| field.try_with_untracked(String::is_empty).unwrap_or_default();
    let focused = browser::document().query_selector("#vault form :focus");
    is_empty(username) && is_empty(secret) && focused.is_ok_and(|focused| focused.is_none())
}
