//! Reading the entries of an open vault, and deleting them for good.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::EntryId;

use super::{Fault, Session};
use crate::keyring::protocol::entry::{Entry, EntryState, EntrySummary};
use crate::keyring::protocol::{Request, Response};
use crate::platform::browser;
use crate::secret::Secret;
use crate::workers::client::KeyringFault;

impl Session {
    /// Gets an entry's password.
    pub async fn reveal(self, id: EntryId) -> Result<Secret, Fault> {
        match self.ask(Request::Reveal { id }).await? {
            Response::Revealed { password } => Ok(password),
            _ => Err(Fault::Keyring(KeyringFault::Ended)),
        }
    }

    /// Gets a whole entry.
    pub async fn entry(self, id: EntryId) -> Result<Entry, Fault> {
        match self.ask(Request::GetEntry { id }).await? {
            Response::Entry(whole) => Ok(*whole),
            _ => Err(Fault::Keyring(KeyringFault::Ended)),
        }
    }

    /// Gets both sides of a conflict: the entry as changed here, and as on the server, unless it was deleted there.
    pub async fn compare(self, id: EntryId) -> Result<(Entry, Option<Entry>), Fault> {
        match self.ask(Request::Compare { id }).await? {
            Response::Comparison { mine, theirs } => Ok((*mine, theirs.map(|theirs| *theirs))),
            _ => Err(Fault::Keyring(KeyringFault::Ended)),
        }
    }

    /// Gets up to `limit` whole entries with ids above `after`, ascending, without the bin; and whether there are more.
    pub async fn list(self, after: Option<EntryId>, limit: u32) -> Result<(Vec<(EntryId, Entry)>, bool), Fault> {
        match self.ask(Request::ListEntries { after, limit }).await? {
            Response::Entries { entries, more } => Ok((entries, more)),
            _ => Err(Fault::Keyring(KeyringFault::Ended)),
        }
    }

    pub(super) async fn ask(self, request: Request) -> Result<Response, Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        Ok(open.keyring.ask(request).await?)
    }

    /// Deletes an entry for good: seals its deletion, and sends it.
    ///
    /// # Errors
    /// If the server refuses the deletion, the entry stays.
    pub async fn erase(self, id: EntryId) -> Result<(), Fault> {
        self.erase_all(vec![id]).await.map_err(|(_, fault)| fault)
    }

    /// Deletes entries for good, with as few requests as possible. Deletions that cannot be sent now wait in the outbox.
    ///
    /// # Errors
    /// The first entry that the keyring or the server refused to delete, and why. It stays, as do those after it.
    pub async fn erase_all(self, ids: Vec<EntryId>) -> Result<(), (EntryId, Fault)> {
        for id in &ids {
            self.seal(Request::Delete { id: *id }, &[], true).await.map_err(|fault| (*id, fault))?;
        }
        for id in ids {
            // After the first of them, the others have been sent too.
            if let Err(Fault::Api(fault)) = self.send_waiting(Some(id)).await
                && self.refusal(id).is_some()
            {
                // The list shows the entry again.
                let _ = self.discard(id).await;
                return Err((id, fault.into()));
            }
        }
        Ok(())
    }

    /// Deletes entries that have been in the bin for longer than `days`, for good.
    pub(super) fn purge(self, days: u64) {
        let before = browser::now().saturating_sub(days * 24 * 60 * 60 * 1000);
        let is_due = move |entry: &&EntrySummary| {
            entry.state == EntryState::Saved && entry.binned_at.is_some_and(|binned_at| binned_at < before)
        };
        spawn_local(async move {
            // The list is drawn before this slow work begins.
            browser::pause().await;
            let due: Vec<EntryId> = self
                .entries
                .with_untracked(|entries| entries.search("", true).filter(is_due).map(|it| it.id).collect());
            // Those that stay are due after the next log-in.
            let _ = self.erase_all(due).await;
        });
    }
}
