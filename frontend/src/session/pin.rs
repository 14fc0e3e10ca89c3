//! The pin: the newest state of a vault that this browser has seen. Shows when the server serves an older one, or
//! leaves entries out.

use leptos::prelude::*;
use shared::ids::AccountId;
use shared::passwords::FORMAT;

use super::Session;
use crate::platform::browser;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inconsistency {
    /// The vault is older than this browser's pin.
    Older {
        /// The server's newest change number.
        latest: u64,
        /// The highest change number seen in this browser.
        seen: u64,
    },
    /// The server has assigned change numbers to entries that it does not serve.
    Missing { changes: u64 },
    /// This browser has seen a newer format of the vault than this page supports.
    Format,
}

/// The setting with an account's newest format and highest change number seen here.
fn setting(account: AccountId) -> String {
    format!("passmint.seen.{account}")
}

impl Session {
    /// Pins the vault as the server serves it. The person knows the reason, such as a restored backup.
    pub fn accept_inconsistency(self) {
        let Some(open) = self.open_vault() else { return };
        if !matches!(self.inconsistency.get_untracked(), Some(Inconsistency::Format)) {
            pin(open.account, self.latest.get_value());
            self.inconsistency.set(None);
        }
    }
}

fn pin(account: AccountId, latest: u64) {
    browser::save_setting(&setting(account), Some(&format!("{FORMAT} {latest}")));
}

/// Removes the pin of a deleted account.
pub(super) fn forget(account: AccountId) {
    browser::save_setting(&setting(account), None);
}
