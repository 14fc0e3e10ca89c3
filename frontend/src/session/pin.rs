//! Notices when the server serves an older vault than this browser has seen, or leaves entries out.

use leptos::prelude::*;
use shared::ids::AccountId;
use shared::passwords::FORMAT;

use super::{OpenVault, Session};
use crate::keyring::protocol::entry::Completeness;
use crate::platform::browser;

/// A sign that the server serves an old vault or leaves something out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inconsistency {
    /// The vault is older than this browser has seen it.
    Older {
        /// The change number that the server has.
        latest: u64,
        /// The highest that was seen here.
        seen: u64,
    },
    /// The server counts changes of entries that it does not serve.
    Missing { changes: u64 },
    /// This browser has seen a newer format of this vault than this page knows.
    Format,
}

/// The setting that keeps the newest format and the highest change number of an account that were seen here.
fn setting(account: AccountId) -> String {
    format!("passmint.seen.{account}")
}

fn seen(account: AccountId) -> Option<(u8, u64)> {
    let stored = browser::setting(&setting(account))?;
    let (format, number) = stored.split_once(' ')?;
    Some((format.parse().ok()?, number.parse().ok()?))
}

impl Session {
    /// Compares how the vault stands with what was seen before, and remembers it if nothing is wrong.
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

    /// Takes the vault as the server serves it: the person knows why, a backup that was restored, say.
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

/// Forgets what was seen of an account that is no more.
pub(super) fn forget(account: AccountId) {
    browser::save_setting(&setting(account), None);
}
