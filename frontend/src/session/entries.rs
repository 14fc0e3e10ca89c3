//! Reading the entries of an open vault, and deleting them for good.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::EntryId;
use shared::problem::ProblemCode;

use super::{Fault, Session};
use crate::keyring::protocol::entry::{Entry, EntryState, EntrySummary, EntryUpdate};
use crate::keyring::protocol::{Request, Response};
use crate::platform::api::{self, ApiFault};
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

    ///
    /// # Errors
    /// On a fault the entry stays.
    pub async fn erase(self, id: EntryId) -> Result<(), Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        let version = self.entries.with_untracked(|entries| entries.get(id).map(|entry| entry.version));
        let Some(version) = version else { return Ok(()) };
        match self.note_session_answer(&open, api::delete_password(&open.token, id, version).await) {
            Ok(()) | Err(ApiFault::Refused(ProblemCode::NotFound, _)) => {
                self.apply_update(EntryUpdate { deleted: vec![id], ..EntryUpdate::default() });
                Ok(())
            }
            Err(fault) => Err(fault.into()),
        }
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
            for id in due {
                // The rest stays due and is deleted after the next log-in.
                if self.erase(id).await.is_err() {
                    return;
                }
            }
        });
    }
}
