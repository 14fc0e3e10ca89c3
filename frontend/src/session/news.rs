//! News of the account: changes of its credentials that somebody made elsewhere.
//!
//! A thief who holds a stolen secret can add a passkey or set a passphrase. The server writes such changes down, and the next
//! unlock tells those that this browser has not told before. The newest that was told is in the browser's memory; a
//! browser that has no memory of the vault yet tells nothing, and begins with the newest.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::credentials::{CredentialChange, CredentialChangeKind, CredentialChanges};

use super::Session;
use crate::keyring::protocol::{Request, Response};

impl Session {
    /// Tells the news of a vault that was just opened.
    pub(super) fn start_news(self) {
        self.own_changes.set_value(Vec::new());
        self.tell_news();
    }

    /// Asks the server for changes of credentials, in the background.
    fn tell_news(self) {
        spawn_local(async move {
            let Ok(answer) = self.read("credentials/changes").await else { return };
            let Ok(CredentialChanges { changes }) = serde_json::from_str(&answer) else { return };
            let newest = changes.iter().map(|change| change.number).max().unwrap_or_default();
            self.newest_change.set_value(newest);
            let news = match self.told.get_value() {
                Some(told) => self.own_changes.with_value(|own| foreign(changes, told, own)),
                None => Vec::new(),
            };
            match news.is_empty() {
                true => self.accept_news(),
                false => self.news.set(news),
            }
        });
    }

    /// Notes a change that this page has made: it is no news.
    pub(super) fn note_own_change(self, kind: CredentialChangeKind) {
        self.own_changes.update_value(|own| own.push(kind));
        self.tell_news();
    }

    /// Notes that a person was told the news.
    pub fn accept_news(self) {
        let number = self.newest_change.get_value();
        if self.told.get_value() != Some(number) {
            self.told.set_value(Some(number));
            spawn_local(async move {
                // If it fails, the next unlock tells the same again.
                if let Ok(Response::Updated(update)) = self.ask(Request::NoteNews { number }).await
                    && let Some(driver) = self.driver()
                {
                    self.store_update(&driver, update, &[], true).await;
                    self.run_in_background();
                }
            });
        }
        self.own_changes.set_value(Vec::new());
        self.news.set(Vec::new());
    }
}

/// The changes after `told` without this page's own. `changes` begins with the newest, `own` ends with it.
fn foreign(mut changes: Vec<CredentialChange>, told: u64, own: &[CredentialChangeKind]) -> Vec<CredentialChange> {
    changes.retain(|change| change.number > told);
    let mut own = own.to_vec();
    let mut times = Vec::new();
    changes.retain(|change| match own.iter().rposition(|kind| *kind == change.kind) {
        Some(place) => {
            own.remove(place);
            times.push(change.at);
            false
        }
        None => true,
    });
    // Passkeys that this page did not keep went in the same step.
    changes.retain(|change| change.kind != CredentialChangeKind::PasskeyRemoved || !times.contains(&change.at));
    changes
}

#[cfg(test)]
mod tests {
    use CredentialChangeKind::{PasskeyAdded, PasskeyRemoved, Passphrase, Recovery, VaultKey};

    use super::*;
    use crate::browser_test::test;

    fn changes(kinds: &[(CredentialChangeKind, u64)]) -> Vec<CredentialChange> {
        let change = |(place, (kind, at)): (usize, &(CredentialChangeKind, u64))| CredentialChange {
            number: place as u64 + 1,
            at: *at,
            kind: *kind,
            device: None,
            address: String::new(),
        };
        kinds.iter().enumerate().map(change).rev().collect()
    }

    fn kinds(changes: Vec<CredentialChange>) -> Vec<CredentialChangeKind> {
        changes.into_iter().map(|change| change.kind).collect()
    }

    #[test]
    fn changes_that_were_told_or_are_this_pages_own_are_no_news() {
        let all =
            || changes(&[(PasskeyAdded, 1), (Recovery, 2), (PasskeyRemoved, 3), (Passphrase, 3), (PasskeyAdded, 4)]);
        assert_eq!(kinds(foreign(all(), 0, &[])), [PasskeyAdded, Passphrase, PasskeyRemoved, Recovery, PasskeyAdded]);
        assert_eq!(kinds(foreign(all(), 2, &[])), [PasskeyAdded, Passphrase, PasskeyRemoved]);
        assert_eq!(kinds(foreign(all(), 2, &[Passphrase])), [PasskeyAdded], "with the passkey that was not kept");
        assert_eq!(kinds(foreign(all(), 0, &[Passphrase])), [PasskeyAdded, Recovery, PasskeyAdded]);
        assert_eq!(kinds(foreign(all(), 2, &[Passphrase, PasskeyAdded])), []);
        // Somebody else did the same before: only one of the two is this page's.
        let twice = changes(&[(Passphrase, 1), (Passphrase, 2)]);
        assert_eq!(foreign(twice, 0, &[Passphrase])[0].number, 1);
        assert_eq!(kinds(foreign(all(), 5, &[VaultKey])), []);
    }
}
