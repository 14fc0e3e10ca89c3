//! A new vault key: the secret that is proven, a new passphrase if wanted, and the new recovery code.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::new_passphrase::NewPassphrase;
use super::proof::ProofForm;
use crate::model::limits::PASSPHRASE_MIN;
use crate::secret::Secret;
use crate::session::{Fault, NewVaultKey, use_session};
use crate::text::{self, Msg};
use crate::ui::dialog::use_dialog;
use crate::ui::fields::{Button, Checkbox, FaultText, text_signal, tr};
use crate::ui::frame::Frame;
use crate::ui::notice::use_notices;
use crate::ui::recovery_code::RecoveryCodeForm;
use crate::ui::sentence::SentenceSignal;
use crate::ui::words as say;
use crate::workers::client::KeyringFault;

#[component]
pub(super) fn NewKeyDialog() -> impl IntoView {
    let session = use_session();
    let notices = use_notices();
    let dialog = use_dialog();
    let form = ProofForm::new("new-key-current");
    let new = NewPassphrase::new("new-key-passphrase", "new-key-again");
    let with_passphrase = RwSignal::new(session.is_opened_by_code());
    // The new key and its recovery code, which count only after the code is confirmed.
    let made = RwSignal::new_local(None::<NewVaultKey>);
    let fault = SentenceSignal::new();
    let busy = RwSignal::new(false);

    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        // A proof by the recovery code gives no passphrase to keep.
        if form.is_by_code() {
            with_passphrase.set(true);
        }
        let typed = match with_passphrase.get_untracked() {
            true => match new.typed(PASSPHRASE_MIN) {
                None => return,
                typed => typed.map(Secret::new),
            },
            false => None,
        };
        let work = async move {
            let passphrase = typed.or_else(|| form.proven_passphrase());
            session.start_vault_key(passphrase.ok_or(Fault::Keyring(KeyringFault::Ended))?).await
        };
        form.run(work, move |key| {
            new.clear();
            drop(made.try_set(Some(key)));
        });
    };
    let confirmed = Callback::new(move |()| {
        let Some(key) = made.try_update(Option::take).flatten() else { return };
        busy.set(true);
        spawn_local(async move {
            let result = async {
                form.prove_again().await?;
                session.finish_vault_key(&key).await
            };
            let result = result.await;
            let _ = busy.try_set(false);
            match result {
                Ok(()) => {
                    dialog.close();
                    notices.result(Msg::NewKeyMade);
                }
                Err(why) => {
                    // Show the code still, so that it can be confirmed again.
                    fault.set(move || say::fault(&why));
                    let _ = made.try_set(Some(key));
                }
            }
        });
    });
    let body = move || {
        let code = made.with(|made| made.as_ref().map(|made| Secret::new(made.recovery_code.expose().to_owned())));
        match code {
            None => view! {
                <form class="narrow" novalidate on:submit=submit>
                    <p class="lead">{text_signal(move || text::get(why(session.is_legacy.get())))}</p>
                    <p class="hint">{tr(Msg::NewKeyHint)}</p>
                    {form.field()}
                    <Checkbox label=Msg::NewKeyPassphrase value=with_passphrase/>
                    {move || with_passphrase.get().then(|| new.fields(form.busy.into()))}
                    <div class="buttons"><Button class="button--main" label=Msg::NewKeyStart disabled=form.busy/></div>
                    <FaultText id="new-key" text=form.wrong/>
                </form>
            }
            .into_any(),
            Some(code) => view! {
                <RecoveryCodeForm code fault busy=busy.into() done=Msg::NewKeyDone confirmed
                    abandon=move |()| made.set(None)/>
            }
            .into_any(),
        }
    };
    view! { <Frame title=Msg::NewKey>{body}</Frame> }
}

/// The reason for a new key.
fn why(is_legacy: bool) -> Msg {
    if is_legacy { Msg::Legacy } else { Msg::NewKeyIntro }
}
