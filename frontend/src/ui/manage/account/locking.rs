//! When the vault locks by itself.

use leptos::prelude::*;

use crate::platform::browser;
use crate::session::{LOCK_HIDDEN_SETTING, keep_lock_after, lock_after};
use crate::text::{self, Msg};
use crate::ui::fields::{Checkbox, Select, tr};

/// Minutes to choose from; 0 for never.
const MINUTES: [u64; 6] = [1, 5, 15, 60, 240, 0];

#[component]
pub(super) fn LockSettings() -> impl IntoView {
    let chosen = MINUTES.iter().position(|minutes| *minutes == lock_after()).unwrap_or(2);
    let value = RwSignal::new(chosen);
    let choose = move |index: usize| {
        value.set(index);
        keep_lock_after(MINUTES.get(index).copied().unwrap_or_default());
    };
    let options = Signal::derive(|| {
        let named = |minutes: u64| match minutes {
            0 => text::get(Msg::LockNever),
            minutes => text::with(Msg::LockMinutes, &[("minutes", &minutes)]),
        };
        MINUTES.map(named).to_vec()
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
