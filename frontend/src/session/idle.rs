//! The automatic lock: after minutes without input, and, if the person chose so, when the page is hidden.

use std::time::Duration;

use leptos::prelude::*;

use super::{LockReason, Report, Session, Stage};
use crate::platform::browser;

/// The setting with the minutes of [`lock_after`].
const LOCK_AFTER_SETTING: &str = "passmint.lock-after";
/// Minutes without activity after which the vault locks, unless the person chose another number.
const LOCK_AFTER: u64 = 15;
/// The minutes that a person can choose from; 0 for never.
pub const LOCK_AFTER_CHOICES: [u64; 6] = [1, 5, 15, 60, 240, 0];
const _: () = assert!(is_choice(LOCK_AFTER), "the form shows the default as one of the choices");
/// The setting that exists if the vault shall lock when the page is hidden.
pub const LOCK_HIDDEN_SETTING: &str = "passmint.lock-hidden";
/// The interval between checks of the idle time.
const EVERY: Duration = Duration::from_secs(5);

/// Minutes without activity after which the vault locks; 0 for never. A stored number that nobody can choose is ignored,
/// so that the form shows the number that applies.
pub fn lock_after() -> u64 {
    let chosen = browser::setting(LOCK_AFTER_SETTING).and_then(|minutes| minutes.parse().ok());
    chosen.filter(|minutes| is_choice(*minutes)).unwrap_or(LOCK_AFTER)
}

const fn is_choice(minutes: u64) -> bool {
    let mut choices = LOCK_AFTER_CHOICES.as_slice();
    while let [choice, rest @ ..] = choices {
        if *choice == minutes {
            return true;
        }
        choices = rest;
    }
    false
}

/// Stores the minutes. The default is stored as no setting.
pub fn set_lock_after(minutes: u64) {
    browser::save_setting(LOCK_AFTER_SETTING, (minutes != LOCK_AFTER).then(|| minutes.to_string()).as_deref());
}

impl Session {
    /// Watches for input and locks the vault when it is idle, as long as the page lives.
    pub(super) fn lock_when_idle(self) {
        let attend = move || self.note_activity();
        let handles = [
            window_event_listener(leptos::ev::pointerdown, move |_| attend()),
            window_event_listener(leptos::ev::pointermove, move |_| attend()),
            window_event_listener(leptos::ev::wheel, move |_| attend()),
            window_event_listener(leptos::ev::keydown, move |_| attend()),
            window_event_listener(leptos::ev::visibilitychange, move |_| {
                if !browser::document().hidden() {
                    // Timers stand still while the machine sleeps, so the lock may be overdue.
                    self.lock_if_idle();
                } else if browser::setting(LOCK_HIDDEN_SETTING).is_some() {
                    self.lock_and_report(Report::LockedHidden);
                }
            }),
        ];
        let look = move || {
            self.lock_if_idle();
        };
        let ticking = set_interval_with_handle(look, EVERY);
        on_cleanup(move || {
            handles.into_iter().for_each(WindowListenerHandle::remove);
            if let Ok(ticking) = ticking {
                ticking.clear();
            }
        });
    }

    /// Notes activity: input, or work that runs unattended. Overdue, the vault locks instead.
    pub fn note_activity(self) {
        if !self.lock_if_idle() {
            self.last_active.set_value(browser::now());
        }
    }

    /// Locks the vault if it has been idle for too long. Returns whether it did.
    fn lock_if_idle(self) -> bool {
        let minutes = lock_after();
        let gone = browser::now().saturating_sub(self.last_active.get_value());
        let is_due = minutes > 0 && gone >= minutes * 60_000 && self.stage.get_untracked() == Stage::Open;
        if is_due {
            self.lock_and_report(Report::LockedIdle { minutes });
        }
        is_due
    }

    fn lock_and_report(self, why: Report) {
        if self.stage.get_untracked() == Stage::Open {
            self.lock(LockReason::Idle);
            self.report.set(Some(why));
        }
    }
}
