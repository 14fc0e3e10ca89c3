//! The question before the password of an entry is handed out that may be old.

use leptos::prelude::*;
use shared::ids::EntryId;

use crate::platform::browser;
use crate::session::{Doubt, DoubtKind, use_session};
use crate::text::Msg;
use crate::ui::dialog::use_dialog;
use crate::ui::fields::{Button, text_signal};
use crate::ui::words as say;

#[component]
pub(super) fn Question(
    id: EntryId,
    kind: DoubtKind,
    /// Set once the person wants to see the entry all the same.
    answered: RwSignal<bool>,
) -> impl IntoView {
    let session = use_session();
    let dialog = use_dialog();
    // The name as this browser has seen it last: the server's may be an older one.
    let seen = |all: &Vec<Doubt>| all.iter().find(|doubt| doubt.id == id).map(|doubt| doubt.name.clone());
    let name = session.doubts.with_untracked(seen).unwrap_or_default();
    let show = move |()| {
        answered.set(true);
        // The button is gone: the focus goes on to the entry.
        browser::focus_soon("entry-details");
    };
    let text = match kind {
        DoubtKind::PutBack => Msg::DoubtAskPutBack,
        DoubtKind::Older | DoubtKind::Missing => Msg::DoubtAskOlder,
    };
    view! {
        <p class="lead" role="alert">{text_signal(move || say::named(text, &name))}</p>
        <div class="buttons">
            <Button class="button--main" label=Msg::DoubtLeave press=move |()| dialog.close()/>
            <Button label=Msg::DoubtShow press=show/>
        </div>
    }
}
