//! Deleting the account.

use leptos::prelude::*;

use super::prevent_submit;
use crate::platform::browser;
use crate::session::use_session;
use crate::text::{self, Msg};
use crate::ui::fields::{Button, FaultText, TextField, text_signal, tr};
use crate::ui::manage::proof::ProofForm;
use crate::ui::notice::use_notices;
use crate::ui::sentence::SentenceSignal;

#[component]
pub(super) fn EndAccount() -> impl IntoView {
    let session = use_session();
    let notices = use_notices();
    let form = ProofForm::new("end-current");
    let username = StoredValue::new(session.username());
    let typed = RwSignal::new(String::new());
    let fault = SentenceSignal::new();
    let submit = move |event| {
        prevent_submit(&event);
        fault.clear();
        let is_same = username
            .with_value(|username| browser::normalise(typed.get_untracked().trim()).to_lowercase() == *username);
        if !is_same {
            fault.set(Msg::EndNotNamed);
            return browser::focus_soon("end-username");
        }
        form.run(session.delete_account(), move |()| notices.result(Msg::EndDone));
    };
    let hint =
        text_signal(move || text::with(Msg::EndHint, &[("count", &session.entries.with(|entries| entries.len()))]));
    view! {
        <form class="narrow" novalidate on:submit=submit>
            <p class="fault">{hint}</p>
            <TextField id="end-username" label=text_signal(move || text::with(Msg::EndType, &[("username", &username.get_value())])) value=typed
                fault busy=form.busy/>
            {form.field()}
            <div class="buttons"><Button class="button--main" label=Msg::EndNow disabled=form.busy/></div>
            <FaultText id="end" text=form.wrong/>
            <p class="hint">{tr(Msg::EndBackups)}</p>
        </form>
    }
}
