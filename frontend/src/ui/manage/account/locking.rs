//! The time without activity after which the vault locks, and whether it locks when the page is hidden.

use leptos::prelude::*;

use crate::platform::browser;
use crate::session::{LOCK_AFTER_CHOICES, LOCK_HIDDEN_SETTING, lock_after, set_lock_after};
use crate::text::{self, Msg};
use crate::ui::fields::{Checkbox, Select, tr};

#[component]
pub(super) fn LockSettings() -> impl IntoView {
    let minutes = RwSignal::new(lock_after());
    let value = Signal::derive(move || {
        LOCK_AFTER_CHOICES.iter().position(|choice| *choice == minutes.get()).unwrap_or_default()
    });
    let choose = move |index: usize| {
        if let Some(choice) = LOCK_AFTER_CHOICES.get(index).copied() {
            minutes.set(choice);
            set_lock_after(choice);
        }
    };
    let options = Signal::derive(|| {
        let named = |minutes: u64| match minutes {
            0 => text::get(Msg::LockNever),
            minutes => text::with(Msg::LockMinutes, &[("minutes", &minutes)]),
        };
        LOCK_AFTER_CHOICES.map(named).to_vec()
    });
    let hidden = RwSignal::new(browser::setting(LOCK_HIDDEN_SETTING).is_some());
    Effect::new(move |_| browser::save_setting(LOCK_HIDDEN_SETTING, hidden.get().then_some("on")));
    view! {
        <div class="narrow">
            <p class="hint">{tr(Msg::LockHint)}</p>
            <Select id="lock-after" label=Msg::LockAfter options value choose/>
            <Checkbox label=Msg::LockHidden value=hidden/>
        </div>
    }
}
