//! The vault's buttons in the header, and the warning that the server does not answer.

use leptos::prelude::*;

use super::lock;
use crate::session::{LockReason, Stage, use_session};
use crate::text::{self, Msg};
use crate::ui::fields::{Button, bool_signal, text_signal};
use crate::ui::notice::use_notices;

#[component]
pub(super) fn VaultHeader() -> impl IntoView {
    let session = use_session();
    let notices = use_notices();
    let closed = bool_signal(move || session.stage.get() != Stage::Open);
    let silent = text_signal(move || if session.silent.get() { text::get(Msg::ServerSilent) } else { String::new() });
    view! {
        <p class="header-silent" role="status">{silent}</p>
        <Button label=Msg::Lock hidden=closed press=move |()| lock(session, notices, LockReason::Asked)/>
        <Button class="button--quiet" label=Msg::LogOut hidden=closed
            press=move |()| lock(session, notices, LockReason::LoggedOut)/>
    }
}
