//! Fetching changes made elsewhere: every few seconds while the page is in front and in use, and at once when it comes
//! to the front or the network returns.

use std::time::Duration;

use futures_util::future::join;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{Fault, OpenVault, Session, Stage};
use crate::keyring::protocol::Request;
use crate::model::changes;
use crate::model::list::EntryList;
use crate::platform::{api, browser, local_store};

/// The interval of polling.
const EVERY: Duration = Duration::from_secs(10);
/// Polling stops this long after the last activity, in milliseconds.
const ACTIVE_MS: u64 = 5 * 60 * 1000;
/// Entries in one request.
const PAGE: u32 = 500;

impl Session {
    /// Polls as long as the page lives.
    pub(super) fn poll_changes(self) {
        let now = move || {
            if self.stage.get_untracked() == Stage::Open && !browser::document().hidden() {
                self.refresh();
                self.send_in_background();
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

    /// Fetches changes in the background.
    pub fn refresh(self) {
        let Some(open) = self.open_vault() else { return };
        if self.refreshing.get_value() {
            return;
        }
        self.refreshing.set_value(true);
        spawn_local(async move {
            // The header shows the fault, and the next poll tries again.
            let _ = self.fetch_changes(&open, |_| {}).await;
            let stored = local_store::all().await.unwrap_or_default();
            let _ = self.restore_waiting(&open, &stored, false).await;
            self.refreshing.set_value(false);
        });
    }

    /// Fetches the changes since the last fetch, page by page, for the keyring to open. The next page is fetched while
    /// the keyring opens one; at most two are in memory.
    pub(super) async fn fetch_changes(self, open: &OpenVault, progress: impl Fn(usize)) -> Result<(), Fault> {
        let list = async |since| self.note_session_answer(open, api::list_changes(&open.token, since, PAGE).await);
        let mut answer = list(self.synced.get_value()).await?;
        loop {
            progress(self.entries.with_untracked(EntryList::len));
            let next = changes::next(&answer);
            let ahead = async {
                match next {
                    Some(next) => Some(list(next).await),
                    None => None,
                }
            };
            let since = self.synced.get_value();
            let (update, ahead) = join(open.keyring.take(Request::ApplyChanges { answer, since }), ahead).await;
            let update = update?;
            let then = update.next;
            self.apply_update(update);
            let Some(then) = then else { return Ok(()) };
            self.synced.set_value(then);
            let is_next = Some(then) == next;
            answer = match ahead {
                Some(ahead) if is_next => ahead?,
                _ => list(self.synced.get_value()).await?,
            };
        }
    }
}
