//! Fetching changes made elsewhere: every few seconds while the page is in front and in use, and at once when it comes
//! to the front or the network returns.

use std::time::Duration;

use leptos::prelude::*;

use super::{Session, Stage};
use crate::platform::browser;

/// The interval of polling.
const EVERY: Duration = Duration::from_secs(10);
/// Polling stops this long after the last activity, in milliseconds.
const ACTIVE_MS: u64 = 5 * 60 * 1000;

impl Session {
    /// Polls as long as the page lives.
    pub(super) fn poll_changes(self) {
        let now = move || {
            if self.stage.get_untracked() == Stage::Open && !browser::document().hidden() {
                self.refresh();
            }
        };
        let handles = [
            window_event_listener(leptos::ev::online, move |_| now()),
            window_event_listener(leptos::ev::focus, move |_| {
                self.note_activity();
                now();
            }),
        ];
        let tick = move || {
            if browser::now().saturating_sub(self.last_active.get_value()) < ACTIVE_MS {
                now();
            }
        };
        let ticking = set_interval_with_handle(tick, EVERY);
        on_cleanup(move || {
            handles.into_iter().for_each(WindowListenerHandle::remove);
            if let Ok(ticking) = ticking {
                ticking.clear();
            }
        });
    }

    /// Fetches changes, and sends the outbox, in the background.
    pub fn refresh(self) {
        // The header shows a fault, and the next poll tries again.
        if let Some(driver) = self.driver() {
            driver.outbox.borrow_mut().wake(true);
            self.run_in_background();
        }
    }
}
