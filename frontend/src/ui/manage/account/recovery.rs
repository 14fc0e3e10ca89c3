//! Replacing the recovery code.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::keeping::KeptPasskeys;
use super::{NewKeyOffer, prevent_submit};
use crate::secret::Secret;
use crate::session::{RecoveryRenewal, use_session};
use crate::text::Msg;
use crate::ui::fields::{Button, FaultText, tr};
use crate::ui::manage::proof::ProofForm;
use crate::ui::notice::use_notices;
use crate::ui::recovery_code::RecoveryCodeForm;
use crate::ui::sentence::SentenceSignal;
use crate::ui::words as say;

#[component]
pub(super) fn RecoveryForm() -> impl IntoView {
    let session = use_session();
    let notices = use_notices();
    let form = ProofForm::new("recovery-current");
    let kept = KeptPasskeys::new();
    // The new code, which counts only after it is confirmed.
    let renewing = RwSignal::new_local(None::<RecoveryRenewal>);
    let fault = SentenceSignal::new();
    let busy = RwSignal::new(false);
    let is_changed = RwSignal::new(false);
    let confirmed = Callback::new(move |()| {
        let Some(keep) = kept.ticked() else { return fault.set(Msg::KeepPasskeysUnknown) };
        let Some(made) = renewing.try_update(Option::take).flatten() else { return };
        busy.set(true);
        spawn_local(async move {
            let result = async {
                form.prove_again().await?;
                session.finish_renewing(&made, keep).await
            };
            let result = result.await;
            let _ = busy.try_set(false);
            match result {
                Ok(()) => {
                    kept.load();
                    let _ = is_changed.try_set(true);
                    notices.result(Msg::RecoveryRenewed);
                }
                Err(why) => {
                    // Show the code still, so that it can be confirmed again.
                    fault.set(move || say::fault(&why));
                    let _ = renewing.try_set(Some(made));
                }
            }
        });
    });
    move || {
        let code = renewing.with(|made| made.as_ref().map(|made| Secret::new(made.recovery_code.expose().to_owned())));
        match code {
            None => view! {
                <form class="narrow" novalidate on:submit=move |event| {
                    prevent_submit(&event);
                    if form.typed().is_some() && kept.ticked().is_none() {
                        return form.wrong.set(Msg::KeepPasskeysUnknown);
                    }
                    form.run(session.start_renewing(), move |made| drop(renewing.try_set(Some(made))));
                }>
                    <p class="hint">{tr(Msg::RecoveryRenewHint)}</p>
                    {form.field()}
                    {kept.view()}
                    <div class="buttons"><Button class="button--main" label=Msg::RecoveryRenew disabled=form.busy/></div>
                    <FaultText id="recovery-renew" text=form.wrong/>
                </form>
                <NewKeyOffer shown=is_changed/>
            }
            .into_any(),
            Some(code) => view! {
                <RecoveryCodeForm code fault busy=busy.into() done=Msg::RecoveryDone confirmed
                    abandon=move |()| renewing.set(None)/>
            }
            .into_any(),
        }
    }
}
