//! Changing the passphrase.

use leptos::prelude::*;

use super::keeping::KeptPasskeys;
use super::{NewKeyOffer, prevent_submit};
use crate::model::limits::PASSPHRASE_MIN;
use crate::secret::Secret;
use crate::session::use_session;
use crate::text::Msg;
use crate::ui::fields::{Button, FaultText, tr};
use crate::ui::manage::new_passphrase::NewPassphrase;
use crate::ui::manage::proof::ProofForm;
use crate::ui::notice::use_notices;

#[component]
pub(super) fn PassphraseForm() -> impl IntoView {
    let session = use_session();
    let notices = use_notices();
    let form = ProofForm::new("passphrase-current");
    let kept = KeptPasskeys::new();
    let new = NewPassphrase::new("passphrase-new", "passphrase-again");
    let is_changed = RwSignal::new(false);
    let submit = move |event| {
        prevent_submit(&event);
        let Some(typed) = new.typed(PASSPHRASE_MIN) else { return };
        if form.typed().is_none() {
            return;
        }
        let Some(keep) = kept.ticked() else { return form.wrong.set(Msg::KeepPasskeysUnknown) };
        form.run(async move { session.change_passphrase(Secret::new(typed), keep).await }, move |()| {
            new.clear();
            kept.load();
            let _ = is_changed.try_set(true);
            notices.result(Msg::PassphraseChanged);
        });
    };
    view! {
        <form class="narrow" novalidate on:submit=submit>
            <p class="hint">{tr(Msg::PassphraseChangeHint)}</p>
            {form.field()}
            {new.fields(form.busy.into())}
            {kept.view()}
            <div class="buttons"><Button class="button--main" label=Msg::PassphraseChange disabled=form.busy/></div>
            <FaultText id="passphrase-change" text=form.wrong/>
        </form>
        <NewKeyOffer shown=is_changed/>
    }
}
