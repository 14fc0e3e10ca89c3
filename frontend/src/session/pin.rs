//! The pin: the newest state of a vault that this browser has seen. Shows when the server serves an older one, or
//! leaves entries out.

use leptos::prelude::*;
use shared::ids::AccountId;
use shared::passwords::FORMAT;

use super::{OpenVault, Session};
use crate::keyring::protocol::entry::Completeness;
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

fn seen(account: AccountId) -> Option<(u8, u64)> {
    let stored = browser::setting(&setting(account))?;
    let (format, number) = stored.split_once(' ')?;
    Some((format.parse().ok()?, number.parse().ok()?))
}

impl Session {
    /// Compares the vault with the pin, and advances the pin if they are consistent.
    pub(super) fn compare_with_pin(self, open: &OpenVault, completeness: Completeness) {
        let Completeness { latest, missing } = completeness;
        let found = match seen(open.account) {
            Some((format, _)) if format > FORMAT => Some(Inconsistency::Format),
            Some((_, seen)) if latest < seen => Some(Inconsistency::Older { latest, seen }),
            _ if missing > 0 => Some(Inconsistency::Missing { changes: missing }),
            _ => None,
        };
        if self.inconsistency.get_untracked() != found {
            self.inconsistency.set(found);
        }
        self.latest.set_value(latest);
        if found.is_none() {
            pin(open.account, latest);
        }
    }

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
