//! Changing what is in an open vault. A change is sealed, kept in this browser, and waits until the server has it: in
//! order, each sent until it is answered. Nothing that was sealed is lost, whatever ends meanwhile.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::{AccountId, EntryId};
use shared::problem::ProblemCode;

use super::{Fault, OpenVault, Report, Session};
use crate::keyring::protocol::entry::{Content, EntryState};
use crate::keyring::protocol::{Request, Resolution, Response};
use crate::platform::api::{self, ApiFault};
use crate::platform::browser;
use crate::platform::local_store::{self, Item, StoredItem};
use crate::workers::client::KeyringFault;

/// How long before what waits is sent again.
const RETRY: Duration = Duration::from_secs(4);

/// A sealed change that the server does not have yet.
#[derive(Clone, Debug)]
pub struct PendingChange {
    account: AccountId,
    /// The entry that it changes.
    pub id: EntryId,
    /// The number that this browser keeps it under; nothing if the browser keeps nothing, and only the page has it.
    key: Option<u32>,
    /// Why the server refused it; nothing if it will be sent again by itself.
    pub refused: Option<ApiFault>,
    /// Whether nobody needs to hear that it is saved.
    quiet: bool,
    /// What is sent, the same each time: what did arrive before is not saved twice.
    body: String,
}

impl PendingChange {
    /// A new entry of which nobody needs to hear.
    pub(super) fn quiet(account: AccountId, id: EntryId, key: Option<u32>, body: String) -> Self {
        Self { account, id, key, refused: None, quiet: true, body }
    }

    pub(super) fn body(&self) -> &str {
        &self.body
    }

    /// The number that this browser keeps it under, if it keeps it.
    pub(super) fn key(&self) -> Option<u32> {
        self.key
    }

    /// Whether it is lost if the page is left.
    #[must_use]
    pub fn is_in_page_only(&self) -> bool {
        self.key.is_none()
    }

    /// Whether it is of this account.
    pub(super) fn is_of(&self, account: AccountId) -> bool {
        self.account == account
    }
}

impl Session {
    /// Seals a new entry. It waits then, until [`Session::send_waiting`] has sent it. Drafts that became it are
    /// forgotten in the same moment.
    ///
    /// # Errors
    /// [`Fault`], of the keyring's only.
    pub async fn create(self, content: Content, drafts: &[u32]) -> Result<EntryId, Fault> {
        let sealed = self.seal(Request::Create { content, now: browser::now() }, drafts).await?;
        sealed.ok_or(Fault::Keyring(KeyringFault::Ended))
    }

    /// Seals an entry anew. It waits like a new one.
    ///
    /// # Errors
    /// As [`Session::create`].
    pub async fn change(self, id: EntryId, content: Content, drafts: &[u32]) -> Result<(), Fault> {
        self.seal(Request::Change { id, content, now: browser::now() }, drafts).await.map(drop)
    }

    /// Puts an entry into the bin, or takes it out.
    ///
    /// # Errors
    /// As [`Session::create`].
    pub async fn bin(self, id: EntryId, binned: bool) -> Result<(), Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        let response = open.keyring.ask(Request::Bin { id, binned, now: browser::now() }).await?;
        self.store_sealed(&open, response, &[], true).await?;
        self.send_in_background();
        Ok(())
    }

    /// Ends a conflict.
    ///
    /// # Errors
    /// As [`Session::create`].
    pub async fn resolve(self, id: EntryId, resolution: Resolution) -> Result<(), Fault> {
        let before = self.keys_of(id);
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        let response = open.keyring.ask(Request::Resolve { id, resolution, now: browser::now() }).await?;
        // What lost is part of what is sealed now.
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

    /// Keeps what was sealed, in place of what it came from.
    async fn store_sealed(
        self,
        open: &OpenVault,
        response: Response,
        replaced: &[u32],
        quiet: bool,
    ) -> Result<Option<EntryId>, Fault> {
        let (sealed, update) = match response {
            Response::EntrySealed { id, body, update } => (Some((id, body)), update),
            Response::Updated(update) => (None, update),
            _ => return Err(Fault::Keyring(KeyringFault::Ended)),
        };
        let change = sealed.clone().map(|(id, body)| Item::Change(id, body));
        let add = change.as_ref().map(|change| (open.account, change));
        // A browser that keeps nothing: the page has it, and warns before it is left.
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

    /// Takes up what this browser keeps of an account's changes: from before a lock or a reload (`opening`), or from
    /// another tab.
    pub(super) async fn restore_waiting(
        self,
        open: &OpenVault,
        stored: &[StoredItem],
        opening: bool,
    ) -> Result<(), Fault> {
        // A keyring that has just been started knows nothing of what the page has.
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
        let bodies = bodies.into_iter().map(|waiting| (waiting.id, waiting.body)).collect();
        let update = open.keyring.take(Request::RestoreWaiting { bodies }).await?;
        // What does not open was changed outside this page, and is not for the server.
        new.retain(|waiting| !update.refused.contains(&waiting.id));
        self.waiting.update(|list| list.extend(new));
        self.apply_update(update);
        Ok(())
    }

    /// Whether an entry waits to be saved.
    #[must_use]
    pub fn is_waiting(self, id: EntryId) -> bool {
        self.waiting.with(|list| list.iter().any(|waiting| waiting.id == id))
    }

    /// Why the server refused an entry, if it did.
    #[must_use]
    pub fn refusal(self, id: EntryId) -> Option<ApiFault> {
        let refused = |waiting: &PendingChange| waiting.refused.clone().filter(|_| waiting.id == id);
        self.waiting.with(|list| list.iter().find_map(refused))
    }

    /// Sends what waits, in order, until one cannot be sent. `wanted` is the entry whose result the caller wants to hear;
    /// what becomes of the others is told in [`Session::report`]. Gives whether `wanted` was sent now; if not, it is
    /// among the others.
    ///
    /// # Errors
    /// Why `wanted` was not sent.
    pub async fn send_waiting(self, wanted: Option<EntryId>) -> Result<bool, Fault> {
        let Some(open) = self.open_vault() else { return Ok(false) };
        if self.sending.get_value() {
            // Whoever sends now also sends what was added since.
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

    /// Sends what waits, with nobody waiting to hear of it.
    pub fn send_in_background(self) {
        spawn_local(async move { drop(self.send_waiting(None).await) });
    }

    /// The oldest change that can be sent: not refused, not in conflict, and after none of its entry that is.
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
                // Another tab has sent it. What became of it comes with the changes.
                self.drop_waiting(id, Some(key));
                self.refresh();
                continue;
            }
            match self.note_session_answer(open, api::put_password(&open.token, id, &body).await) {
                Ok(()) => {
                    let update = open.keyring.take(Request::ApplySaved { id, body }).await?;
                    self.drop_waiting(id, key);
                    self.apply_update(update);
                    self.remove_stored(key).await;
                    if wanted == Some(id) {
                        result = Ok(true);
                    } else if !quiet && let Some(name) = self.name_of(id) {
                        self.report.set(Some(Report::Saved { name }));
                    }
                }
                Err(ApiFault::Refused(ProblemCode::StaleVersion, problem)) => {
                    let update = open.keyring.take(Request::ApplyCurrent { problem }).await?;
                    self.apply_update(update);
                    if !self.is_in_conflict(id) {
                        // What the server has is what was sealed here: the answer was lost, that is all.
                        self.drop_waiting(id, key);
                        self.remove_stored(key).await;
                    } else if let Some(name) = self.name_of(id) {
                        self.report.set(Some(Report::Conflict { name }));
                    }
                }
                Err(fault) if fault.is_temporary() || fault.code() == Some(ProblemCode::SessionEnded) => {
                    return Err(fault.into());
                }
                Err(fault) => {
                    // This one will not go through by being sent again; the others may.
                    if wanted == Some(id) {
                        result = Err(fault.clone().into());
                    }
                    self.mark(id, Some(fault));
                }
            }
        }
        result
    }

    /// The name of an entry.
    #[must_use]
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
            // If it stays, it is sent once more, which changes nothing.
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

    /// Sends now what waits or was refused.
    pub fn try_again(self, id: EntryId) {
        self.mark(id, None);
        self.send_in_background();
    }

    /// Throws away what the server does not have of an entry.
    ///
    /// # Errors
    /// [`Fault`]; it is still there then.
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
