//! Changes to entries of an open vault. A change is sealed, put into the local store, and sent in order until the
//! server has it. A sealed change survives a lock, a reload and a lost connection.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::{AccountId, EntryId};
use shared::problem::ProblemCode;

use super::{Fault, OpenVault, Report, Session};
use crate::keyring::protocol::entry::{Content, EntryState};
use crate::keyring::protocol::outbox::{ChangeRef, SealedChange};
use crate::keyring::protocol::{Request, Resolution, Response};
use crate::platform::api::{self, ApiFault};
use crate::platform::browser;
use crate::platform::local_store::{self, Item, StoredItem};
use crate::workers::client::KeyringFault;

/// The pause before unsent changes are tried again.
const RETRY: Duration = Duration::from_secs(4);

/// A sealed change that the server does not have yet.
#[derive(Clone, Debug)]
pub struct PendingChange {
    account: AccountId,
    /// The entry that it changes.
    pub id: EntryId,
    /// Its key in the local store. Without one, only the page's memory has it.
    key: Option<u32>,
    /// The reason why the server refused it. Without one, it is sent again automatically.
    pub refused: Option<ApiFault>,
    /// Saving it is not reported.
    quiet: bool,
    /// The request's body. It is the same at every attempt, so the server stores it once.
    body: String,
}

impl PendingChange {
    /// A new entry whose saving is not reported.
    pub(super) fn quiet(account: AccountId, id: EntryId, key: Option<u32>, body: String) -> Self {
        Self { account, id, key, refused: None, quiet: true, body }
    }

    pub(super) fn body(&self) -> &str {
        &self.body
    }

    fn into_item(self) -> SealedChange {
        SealedChange { change: ChangeRef { id: self.id, version: 0, mark: 0 }, body: self.body }
    }

    pub(super) fn key(&self) -> Option<u32> {
        self.key
    }

    /// Leaving the page would lose it.
    pub fn is_in_page_only(&self) -> bool {
        self.key.is_none()
    }

    pub(super) fn is_of(&self, account: AccountId) -> bool {
        self.account == account
    }
}

impl Session {
    /// Seals a new entry and puts it into the outbox, for [`Session::send_waiting`]. Removes `drafts` in the same step.
    pub async fn create(self, content: Content, drafts: &[u32]) -> Result<EntryId, Fault> {
        let sealed = self.seal(Request::Create { content, now: browser::now() }, drafts).await?;
        sealed.ok_or(Fault::Keyring(KeyringFault::Ended))
    }

    /// Seals a changed entry and puts it into the outbox. Removes `drafts` in the same step.
    pub async fn change(self, id: EntryId, content: Content, drafts: &[u32]) -> Result<(), Fault> {
        self.seal(Request::Change { id, content, now: browser::now() }, drafts).await.map(drop)
    }

    /// Moves an entry into the bin, or out of it.
    pub async fn bin(self, id: EntryId, binned: bool) -> Result<(), Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        let response = open.keyring.ask(Request::Bin { id, binned, now: browser::now() }).await?;
        self.store_sealed(&open, response, &[], true).await?;
        self.send_in_background();
        Ok(())
    }

    /// Resolves a conflict.
    pub async fn resolve(self, id: EntryId, resolution: Resolution) -> Result<(), Fault> {
        let before = self.keys_of(id);
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        let response = open.keyring.ask(Request::Resolve { id, resolution, now: browser::now() }).await?;
        // The resolved entry contains both sides, so the older changes go.
        self.waiting.update(|list| list.retain(|waiting| waiting.id != id));
        self.store_sealed(&open, response, &before, true).await?;
        self.send_in_background();
        Ok(())
    }

    async fn seal(self, request: Request, drafts: &[u32]) -> Result<Option<EntryId>, Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        let response = open.keyring.ask(request).await?;
        self.store_sealed(&open, response, drafts, false).await
    }

    /// Puts a sealed change into the local store and the outbox, in place of the items `replaced`.
    async fn store_sealed(
        self,
        open: &OpenVault,
        response: Response,
        replaced: &[u32],
        quiet: bool,
    ) -> Result<Option<EntryId>, Fault> {
        let (sealed, update) = match response {
            Response::EntrySealed { id, update } => (update.sealed.last().map(|it| (id, it.body.clone())), update),
            Response::Updated(update) => (None, update),
            _ => return Err(Fault::Keyring(KeyringFault::Ended)),
        };
        let change = sealed.clone().map(|(id, body)| Item::Change(id, body));
        let add = change.as_ref().map(|change| (open.account, change));
        // If the browser stores nothing, the page has the change and warns before it is left.
        let key = local_store::replace(replaced, add).await.ok().flatten();
        self.drafts.update(|drafts| drafts.retain(|draft| !replaced.contains(&draft.summary.key)));
        let id = sealed.map(|(id, body)| {
            let waiting = PendingChange { account: open.account, id, key, refused: None, quiet, body };
            self.waiting.update(|list| list.push(waiting));
            id
        });
        self.apply_update(update);
        Ok(id)
    }

    fn keys_of(self, id: EntryId) -> Vec<u32> {
        let of = |waiting: &&PendingChange| waiting.id == id;
        self.waiting.with_untracked(|list| list.iter().filter(of).filter_map(|waiting| waiting.key).collect())
    }

    /// Adds the account's changes in the local store to the outbox: those from before a lock or a reload (`opening`),
    /// and those of other tabs.
    pub(super) async fn restore_waiting(
        self,
        open: &OpenVault,
        stored: &[StoredItem],
        opening: bool,
    ) -> Result<(), Fault> {
        // A new keyring does not know the changes that the page has.
        let mine = self.waiting.with_untracked(|list| {
            list.iter().filter(|waiting| waiting.account == open.account).cloned().collect::<Vec<_>>()
        });
        let known: Vec<u32> = mine.iter().filter_map(|waiting| waiting.key).collect();
        let mut new = Vec::new();
        for stored in stored {
            if let Item::Change(id, body) = &stored.item
                && stored.account == open.account
                && !known.contains(&stored.key)
            {
                let (account, key, body) = (open.account, Some(stored.key), body.clone());
                new.push(PendingChange { account, id: *id, key, refused: None, quiet: false, body });
            }
        }
        let bodies: Vec<_> = mine.into_iter().filter(|_| opening).chain(new.iter().cloned()).collect();
        if bodies.is_empty() {
            return Ok(());
        }
        let items = bodies.into_iter().map(PendingChange::into_item).collect();
        let update = open.keyring.take(Request::RestoreWaiting { items }).await?;
        // A change that does not open was altered outside this page: do not send it.
        new.retain(|waiting| !update.refused.contains(&waiting.id));
        self.waiting.update(|list| list.extend(new));
        self.apply_update(update);
        Ok(())
    }

    pub fn is_waiting(self, id: EntryId) -> bool {
        self.waiting.with(|list| list.iter().any(|waiting| waiting.id == id))
    }

    /// The reason why the server refused a change of this entry.
    pub fn refusal(self, id: EntryId) -> Option<ApiFault> {
        let refused = |waiting: &PendingChange| waiting.refused.clone().filter(|_| waiting.id == id);
        self.waiting.with(|list| list.iter().find_map(refused))
    }

    /// Sends the outbox in order until the server cannot be reached. Returns whether this call sent `wanted`. The
    /// outcomes of all other entries go to [`Session::report`].
    ///
    /// # Errors
    /// The reason why `wanted` was not sent.
    pub async fn send_waiting(self, wanted: Option<EntryId>) -> Result<bool, Fault> {
        let Some(open) = self.open_vault() else { return Ok(false) };
        if self.sending.get_value() {
            // The call that is sending also sends changes added since.
            return Ok(false);
        }
        self.sending.set_value(true);
        let result = self.try_send_waiting(&open, wanted).await;
        self.sending.set_value(false);
        if self.next_to_send(&open).is_some() {
            set_timeout(move || self.send_in_background(), RETRY);
        }
        result
    }

    /// Sends the outbox in the background.
    pub fn send_in_background(self) {
        spawn_local(async move { drop(self.send_waiting(None).await) });
    }

    /// The oldest change that can be sent: neither it nor an earlier one of its entry is refused or in conflict.
    fn next_to_send(self, open: &OpenVault) -> Option<PendingChange> {
        self.waiting.with_untracked(|list| {
            let mut blocked = Vec::new();
            for waiting in list.iter().filter(|waiting| waiting.account == open.account) {
                if waiting.refused.is_some() || self.is_in_conflict(waiting.id) {
                    blocked.push(waiting.id);
                } else if !blocked.contains(&waiting.id) {
                    return Some(waiting.clone());
                }
            }
            None
        })
    }

    fn is_in_conflict(self, id: EntryId) -> bool {
        self.entries.with_untracked(|entries| entries.get(id).is_some_and(|it| it.state == EntryState::Conflict))
    }

    async fn try_send_waiting(self, open: &OpenVault, wanted: Option<EntryId>) -> Result<bool, Fault> {
        let mut result = Ok(false);
        while let Some(PendingChange { id, key, quiet, body, .. }) = self.next_to_send(open) {
            if let Some(key) = key
                && matches!(local_store::is_there(key).await, Ok(false))
            {
                // Another tab has sent it, and its outcome comes with the server's changes.
                self.drop_waiting(id, Some(key));
                self.refresh();
                continue;
            }
            match self.note_session_answer(open, api::put_password(&open.token, id, &body).await) {
                Ok(()) => {
                    let update = open.keyring.take(Request::ApplySaved { body, answer: String::new() }).await?;
                    self.drop_waiting(id, key);
                    self.apply_update(update);
                    self.remove_stored(key).await;
                    if wanted == Some(id) {
                        result = Ok(true);
                    } else if !quiet && let Some(name) = self.name_of(id) {
                        self.report.set(Some(Report::Saved { name }));
                    }
                }
                Err(fault) if fault.is_temporary() || fault.code() == Some(ProblemCode::SessionEnded) => {
                    return Err(fault.into());
                }
                Err(fault) => {
                    // Sending this one again is pointless; the others may succeed.
                    if wanted == Some(id) {
                        result = Err(fault.clone().into());
                    }
                    self.mark(id, Some(fault));
                }
            }
        }
        result
    }

    pub fn name_of(self, id: EntryId) -> Option<String> {
        self.entries.with_untracked(|entries| entries.get(id).map(|entry| entry.name.clone()))
    }

    fn drop_waiting(self, id: EntryId, key: Option<u32>) {
        self.waiting.update(|list| {
            if let Some(place) = list.iter().position(|waiting| waiting.id == id && waiting.key == key) {
                list.remove(place);
            }
        });
    }

    async fn remove_stored(self, key: Option<u32>) {
        if let Some(key) = key {
            // If it stays, it is sent once more, which changes nothing on the server.
            let _ = local_store::replace(&[key], None).await;
        }
    }

    fn mark(self, id: EntryId, refused: Option<ApiFault>) {
        self.waiting.update(|list| {
            if let Some(waiting) = list.iter_mut().find(|waiting| waiting.id == id) {
                waiting.refused = refused;
            }
        });
    }

    /// Sends an entry's refused change again, and the rest of the outbox.
    pub fn try_again(self, id: EntryId) {
        self.mark(id, None);
        self.send_in_background();
    }

    /// Discards the unsent changes of an entry.
    ///
    /// # Errors
    /// On a fault they stay.
    pub async fn discard(self, id: EntryId) -> Result<(), Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        let keys = self.keys_of(id);
        let update = open.keyring.take(Request::Discard { id }).await?;
        self.waiting.update(|list| list.retain(|waiting| waiting.id != id));
        self.apply_update(update);
        for key in keys {
            self.remove_stored(Some(key)).await;
        }
        Ok(())
    }
}
