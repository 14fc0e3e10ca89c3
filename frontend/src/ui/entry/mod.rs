//! The dialogs for one entry: showing it, changing it, and choosing between two versions.

mod compare;
mod doubted;
mod draft_saver;
mod edit;
mod inputs;
mod show;

use leptos::prelude::*;

use super::clipboard::Clipboard;
use super::dialog::EntryTool;
use super::fields::{Button, bool_signal, text_signal, tr};
use super::frame::Frame;
use super::secret_text::secret_text;
use super::sentence::SentenceSignal;
use crate::platform::browser;
use crate::secret::Secret;
use crate::text::{self, Msg};

pub(super) fn show(tool: EntryTool) -> AnyView {
    match tool {
        EntryTool::Show(id) => view! { <show::Show id/> }.into_any(),
        EntryTool::Compare(id) => view! { <compare::Compare id/> }.into_any(),
        EntryTool::Edit(_) | EntryTool::Duplicate(_) | EntryTool::New | EntryTool::Draft(_) => {
            view! { <edit::Edit tool/> }.into_any()
        }
    }
}

/// A secret with buttons that show and copy it. It is hidden at first.
#[component]
fn Hidden(#[prop(into)] label: Signal<String>, secret: String, name: String, clipboard: Clipboard) -> impl IntoView {
    let shown = RwSignal::new(false);
    let secret = StoredValue::new(Secret::new(secret));
    let toggle = text_signal(move || text::get(if shown.get() { Msg::Hide } else { Msg::Show }));
    let named = move |verb: Signal<String>| {
        text_signal(move || text::with(Msg::Named, &[("verb", &verb.get()), ("name", &label.get())]))
    };
    let expose = move || secret.with_value(|secret| secret.expose().to_owned());
    view! {
        <div class="hidden-secret">
            <p class="row-secret secret">
                {move || if shown.get() { secret_text(&expose()) } else { "••••••••".into_any() }}
            </p>
            <Button class="button--small" label=toggle name=named(toggle) press=move |()| shown.update(|shown| *shown = !*shown)/>
            <Button class="button--small" label=Msg::Copy name=named(tr(Msg::Copy))
                press=move |()| clipboard.copy_shown(&name, &expose())/>
        </div>
    }
}

/// The date and time in the reader's language.
fn when(at: u64) -> Signal<String> {
    text_signal(move || browser::exact_time(at, &text::language()))
}

/// Says that the entry is being opened, or why it does not open.
#[component]
fn Pending(fault: SentenceSignal) -> impl IntoView {
    let waits = bool_signal(move || fault.is_none());
    view! {
        <p class="hint" role="status" hidden=move || !waits.get()>{tr(Msg::EntryOpening)}</p>
        <p class="fault" role="alert">{fault.text()}</p>
    }
}
