//! Opening a vault: by passphrase, by recovery code, or by passkey.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::problem::ProblemCode;
use shared::sessions::CredentialName;

use super::no_vault::NoVault;
use super::progress::Progress;
use crate::keyring::protocol::KeyringError;
use crate::platform::api;
use crate::platform::browser;
use crate::platform::passkey;
use crate::secret::Secret;
use crate::session::{Fault, Session, count_stored, use_session};
use crate::text::{self, Msg};
use crate::ui::dialog::{Dialog, Manage, Tool, use_dialog};
use crate::ui::fields::{Button, Checkbox, TextField, bool_signal, text_signal, tr};
use crate::ui::notice::{Notices, use_notices};
use crate::ui::sentence::SentenceSignal;
use crate::ui::words as say;
use crate::workers::client::KeyringFault;

/// The form's state: a handle that can be copied.
#[derive(Clone, Copy)]
struct UnlockForm {
    session: Session,
    notices: Notices,
    dialog: Dialog,
    username: RwSignal<String>,
    username_fault: SentenceSignal,
    /// The passphrase, or the recovery code.
    secret: RwSignal<String>,
    /// The fault of the secret, or the reason why the vault does not open.
    fault: SentenceSignal,
    /// True if the secret is the recovery code.
    by_code: RwSignal<bool>,
    /// True if a vault is being opened.
    busy: Signal<bool>,
}

impl UnlockForm {
    fn new() -> Self {
        let session = use_session();
        Self {
            session,
            notices: use_notices(),
            dialog: use_dialog(),
            username: RwSignal::new(Session::remembered_username().unwrap_or_default()),
            username_fault: SentenceSignal::new(),
            secret: RwSignal::new(String::new()),
            fault: SentenceSignal::new(),
            by_code: RwSignal::new(false),
            busy: bool_signal(move || session.is_busy()),
        }
    }

    fn submit(self) {
        let Self { session, username, secret, fault, by_code, busy, .. } = self;
        if busy.get_untracked() {
            return;
        }
        self.clear_faults();
        let typed = secret.get_untracked();
        let with_code = by_code.get_untracked();
        if typed.trim().is_empty() {
            fault.set(if with_code { Msg::RecoveryEmpty } else { Msg::PassphraseEmpty });
            return browser::focus_soon("secret");
        }
        self.notices.clear();
        let kind = if with_code { CredentialName::Recovery } else { CredentialName::Passphrase };
        let name = browser::normalise(&username.get_untracked());
        spawn_local(async move {
            match session.unlock(name, kind, Secret::new(browser::normalise(&typed))).await {
                Ok(()) => self.opened(with_code),
                // The secret stays in its field, to be corrected.
                Err(wrong) => self.refused(wrong),
            }
        });
    }

    fn opened(self, with_code: bool) {
        let Self { notices, dialog, .. } = self;
        browser::focus_soon("name");
        if with_code {
            let set = Callback::new(move |()| dialog.open(Tool::Manage(Manage::Account)));
            notices.offer(Msg::CodeUsed, (Msg::PassphraseChange, set), None);
        }
    }

    fn refused(self, fault: Fault) {
        if let Fault::Keyring(KeyringFault::Refused(KeyringError::Username(wrong))) = fault {
            self.username_fault.set(move || say::username_fault(wrong));
            browser::focus_soon("username");
        } else {
            self.fault.set(move || say::fault(&fault));
            browser::focus_soon("secret");
        }
    }

    /// Opens the vault with a passkey's secret in place of a passphrase.
    fn unlock_by_passkey(self) {
        let Self { session, username, username_fault, fault, busy, .. } = self;
        if busy.get_untracked() {
            return;
        }
        self.clear_faults();
        let name = browser::normalise(&username.get_untracked());
        if name.trim().is_empty() {
            username_fault.set(Msg::UsernameEmpty);
            return browser::focus_soon("username");
        }
        self.notices.clear();
        spawn_local(async move {
            let opened = async {
                match session.use_passkey(&name).await? {
                    Ok(used) => session.unlock_by_passkey(name, used).await.map(Ok),
                    Err(declined) => Ok(Err(declined)),
                }
            };
            match opened.await {
                Ok(Ok(())) => browser::focus_soon("name"),
                Ok(Err(declined)) => fault.set(say::passkey_fault(declined)),
                Err(Fault::Keyring(KeyringFault::Refused(KeyringError::WrongSecret))) => fault.set(Msg::PasskeyWrong),
                // The server does not say more about an assertion that it refuses.
                Err(Fault::Api(wrong)) if wrong.code() == Some(ProblemCode::LoginFailed) => {
                    fault.set(Msg::PasskeyWrong);
                }
                Err(wrong) => fault.set(move || say::fault(&wrong)),
            }
        });
    }

    /// Switches between passphrase and recovery code.
    fn switch_secret(self) {
        self.secret.set(String::new());
        self.fault.clear();
        self.by_code.update(|by_code| *by_code = !*by_code);
        browser::focus_soon("secret");
    }

    fn clear_faults(self) {
        self.username_fault.clear();
        self.fault.clear();
    }

    /// True if nobody has begun with the form: nothing is typed, or filled in by the browser, and the focus is
    /// elsewhere.
    fn is_untouched(self) -> bool {
        let is_empty = |field: RwSignal<String>| field.try_with_untracked(String::is_empty).unwrap_or_default();
        let focused = browser::document().query_selector("#vault form :focus");
        is_empty(self.username) && is_empty(self.secret) && focused.is_ok_and(|focused| focused.is_none())
    }
}

#[component]
pub(super) fn Unlock(
    invite: RwSignal<String>,
    /// Set to switch to making a vault.
    creating: RwSignal<bool>,
) -> impl IntoView {
    let form = UnlockForm::new();
    let UnlockForm { session, username, username_fault, secret, fault, by_code, busy, .. } = form;
    let waiting_here = RwSignal::new(0);
    let no_vault = RwSignal::new(false);
    look_around(form, invite, waiting_here, no_vault);

    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        form.submit();
    };
    let shown = RwSignal::new(false);
    let either =
        move |code: Msg, passphrase: Msg| text_signal(move || text::get(if by_code.get() { code } else { passphrase }));
    let ended =
        text_signal(move || if session.session_ended.get() { text::get(Msg::SessionEnded) } else { String::new() });
    let kept_here = text_signal(move || match waiting_here.get() {
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
            // Each secret has an input of its own: a browser that offers to save passwords must not save the code.
            {move || if by_code.get() {
                view! { <TextField id="secret" label=Msg::Recovery hint=Msg::RecoveryHint value=secret fault busy/> }.into_any()
            } else {
                view! {
                    <TextField id="secret" label=Msg::Passphrase value=secret fault busy
                        secret=bool_signal(move || !shown.get()) autocomplete="current-password"/>
                    <Checkbox label=Msg::ShowPassphrase value=shown/>
                }
                .into_any()
            }}
            <div class="buttons">
                <Button class="button--main" label=Msg::Unlock disabled=busy/>
                <Button class="button--quiet" label=either(Msg::UsePassphrase, Msg::UseRecovery)
                    press=move |()| form.switch_secret() disabled=busy/>
                <Button class="button--quiet" label=Msg::UsePasskey press=move |()| form.unlock_by_passkey()
                    disabled=busy hidden=bool_signal(|| !passkey::are_offered())/>
            </div>
            <Progress/>
            <p class="hint" hidden=move || has_invite.get()>{tr(Msg::NoVaultYet)}</p>
            <Button class="button--quiet" label=Msg::HaveInvite press=move |()| creating.set(true) disabled=busy
                hidden=bool_signal(move || !has_invite.get())/>
        </form>
    }
}

/// Counts the changes and drafts that this browser stores for any vault. If there are none, and nothing else says that
/// somebody has a vault, asks the server whether there is one at all.
fn look_around(form: UnlockForm, invite: RwSignal<String>, waiting_here: RwSignal<usize>, no_vault: RwSignal<bool>) {
    let UnlockForm { session, username, .. } = form;
    let may_be_first = invite.with_untracked(String::is_empty) && username.with_untracked(String::is_empty);
    spawn_local(async move {
        let count = count_stored().await;
        let _ = waiting_here.try_set(count);
        if count > 0 || !may_be_first || session.waiting.with_untracked(|waiting| !waiting.is_empty()) {
            return;
        }
        // Without an answer, the form stays.
        if matches!(api::has_vault().await, Ok(false)) && form.is_untouched() {
            let _ = no_vault.try_set(true);
        }
    });
}
