//! Two fields for a new passphrase.

use leptos::prelude::*;

use crate::platform::browser;
use crate::text::{self, Msg};
use crate::ui::fields::{Checkbox, TextField, bool_signal};
use crate::ui::sentence::SentenceSignal;

/// The fields: a handle that can be copied.
#[derive(Clone, Copy)]
pub(super) struct NewPassphrase {
    new: RwSignal<String>,
    again: RwSignal<String>,
    new_fault: SentenceSignal,
    again_fault: SentenceSignal,
    new_id: &'static str,
    again_id: &'static str,
}

impl NewPassphrase {
    pub(super) fn new(new_id: &'static str, again_id: &'static str) -> Self {
        let [new, again] = std::array::from_fn(|_| RwSignal::new(String::new()));
        let [new_fault, again_fault] = std::array::from_fn(|_| SentenceSignal::new());
        Self { new, again, new_fault, again_fault, new_id, again_id }
    }

    /// The typed passphrase in normalisation form C. If it is shorter than `least` characters, or differs from its
    /// repetition, says so and gives `None`.
    pub(super) fn typed(self, least: usize) -> Option<String> {
        let Self { new, again, new_fault, again_fault, new_id, again_id } = self;
        new_fault.clear();
        again_fault.clear();
        let typed = browser::normalise(&new.get_untracked());
        if typed.chars().count() < least {
            new_fault.set(move || text::with(Msg::PassphraseShort, &[("least", &least)]));
            browser::focus_soon(new_id);
            return None;
        }
        if typed != browser::normalise(&again.get_untracked()) {
            again_fault.set(Msg::PassphrasesDiffer);
            browser::focus_soon(again_id);
            return None;
        }
        Some(typed)
    }

    pub(super) fn clear(self) {
        let _ = (self.new.try_set(String::new()), self.again.try_set(String::new()));
    }

    pub(super) fn fields(self, busy: Signal<bool>) -> impl IntoView {
        let Self { new, again, new_fault, again_fault, new_id, again_id } = self;
        let shown = RwSignal::new(false);
        let secret = bool_signal(move || !shown.get());
        view! {
            <TextField id=new_id label=Msg::PassphraseNew hint=Msg::PassphraseHint value=new fault=new_fault busy secret
                autocomplete="new-password"/>
            <TextField id=again_id label=Msg::PassphraseAgain value=again fault=again_fault busy secret
                autocomplete="new-password"/>
            <Checkbox label=Msg::ShowPassphrase value=shown/>
        }
    }
}
