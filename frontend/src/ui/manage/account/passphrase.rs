//! Changing the passphrase.

use leptos::prelude::*;

use super::{ConfirmedForm, prevent_submit};
use crate::model::limits::PASSPHRASE_MIN;
use crate::platform::browser;
use crate::secret::Secret;
use crate::session::use_session;
use crate::text::{self, Msg};
use crate::ui::fields::{Button, Checkbox, FaultText, TextField, bool_signal, tr};
use crate::ui::notice::use_notices;
use crate::ui::sentence::SentenceSignal;

#[component]
pub(super) fn PassphraseForm() -> impl IntoView {
    let session = use_session();
    let notices = use_notices();
    // A person who opened the vault by the recovery code may have no passphrase to give.
    let form = ConfirmedForm::new("passphrase-current", session.is_opened_by_code());
    let [new, again] = std::array::from_fn(|_| RwSignal::new(String::new()));
    let [new_fault, again_fault] = std::array::from_fn(|_| SentenceSignal::new());
    let shown = RwSignal::new(false);
    let secret = bool_signal(move || !shown.get());
    let submit = move |event| {
        prevent_submit(&event);
        new_fault.clear();
        again_fault.clear();
        let typed = browser::normalise(&new.get_untracked());
        if typed.chars().count() < PASSPHRASE_MIN {
            new_fault.set(|| text::with(Msg::PassphraseShort, &[("least", &PASSPHRASE_MIN)]));
            return browser::focus_soon("passphrase-new");
        }
        if typed != browser::normalise(&again.get_untracked()) {
            again_fault.set(Msg::PassphrasesDiffer);
            return browser::focus_soon("passphrase-again");
        }
        form.run(session, session.change_passphrase(Secret::new(typed)), move |()| {
            let _ = new.try_set(String::new());
            let _ = again.try_set(String::new());
            notices.result(Msg::PassphraseChanged);
        });
    };
    view! {
        <form class="narrow" novalidate on:submit=submit>
            <p class="hint">{tr(Msg::PassphraseChangeHint)}</p>
            {form.field()}
            <TextField id="passphrase-new" label=Msg::PassphraseNew hint=Msg::PassphraseHint value=new fault=new_fault
                busy=form.busy secret autocomplete="new-password"/>
            <TextField id="passphrase-again" label=Msg::PassphraseAgain value=again fault=again_fault busy=form.busy secret
                autocomplete="new-password"/>
            <Checkbox label=Msg::ShowPassphrase value=shown/>
            <div class="buttons"><Button class="button--main" label=Msg::PassphraseChange disabled=form.busy/></div>
            <FaultText id="passphrase-change" text=form.wrong/>
        </form>
    }
}
