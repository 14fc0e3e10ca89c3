//! Changes to entries of an open vault. A change is sealed, put into the local store, and sent in order until the
//! server has it. A sealed change survives a lock, a reload and a lost connection. [`crate::outbox`] has the rules.

use std::collections::BTreeSet;
use std::rc::Rc;

use leptos::prelude::*;
use shared::ids::EntryId;

use super::driver::Driver;
use super::{Fault, OpenVault, Session};
use crate::keyring::protocol::entry::{Content, EntryUpdate};
use crate::keyring::protocol::{Request, Resolution, Response};
use crate::outbox::{Facts, Item};
use crate::platform::api::ApiFault;
use crate::platform::browser;
use crate::platform::local_store;
use crate::workers::client::KeyringFault;

/// A sealed change that the server does not have yet, as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingChange {
    /// The entry that it changes.
    pub id: EntryId,
    /// The reason why the server refused it. Without one, it is sent again automatically.
    pub refused: Option<ApiFault>,
    is_in_page_only: bool,
}

impl PendingChange {
    pub(super) fn new(item: &Item<ApiFault>) -> Self {
        Self { id: item.change.change.id, refused: item.refused.clone(), is_in_page_only: item.is_in_page_only() }
    }

    /// Leaving the page would lose it.
    pub fn is_in_page_only(&self) -> bool {
        self.is_in_page_only
    }
}

impl Session {
    /// Seals a new entry and puts it into the outbox, for [`Session::send_waiting`]. Removes `drafts` in the same step.
    pub async fn create(self, content: Content, drafts: &[u32]) -> Result<EntryId, Fault> {
        let sealed = self.seal(Request::Create { content, now: browser::now() }, drafts, false).await?;
        sealed.ok_or(Fault::Keyring(KeyringFault::Ended))
    }

    /// Seals a changed entry and puts it into the outbox. Removes `drafts` in the same step.
    pub async fn change(self, id: EntryId, content: Content, drafts: &[u32]) -> Result<(), Fault> {
        self.seal(Request::Change { id, content, now: browser::now() }, drafts, false).await.map(drop)
    }

    /// Moves an entry into the bin, or out of it.
    pub async fn bin(self, id: EntryId, binned: bool) -> Result<(), Fault> {
        self.seal_and_send(Request::Bin { id, binned, now: browser::now() }).await
    }

    /// Resolves a conflict. The resolved entry contains both sides.
    pub async fn resolve(self, id: EntryId, resolution: Resolution) -> Result<(), Fault> {
        self.seal_and_send(Request::Resolve { id, resolution, now: browser::now() }).await
    }

    /// Discards the unsent changes of an entry.
    ///
    /// # Errors
    /// On a fault they stay.
    pub async fn discard(self, id: EntryId) -> Result<(), Fault> {
        self.seal(Request::Discard { id }, &[], true).await.map(drop)
    }

    pub(super) async fn seal_and_send(self, request: Request) -> Result<(), Fault> {
        self.seal(request, &[], true).await?;
        self.send_in_background();
        Ok(())
    }

    /// Has the keyring seal changes, and puts them into the local store and the outbox. Removes `drafts` in the same
    /// step. Returns the entry.
    pub(super) async fn seal(self, request: Request, drafts: &[u32], quiet: bool) -> Result<Option<EntryId>, Fault> {
        let (open, driver) = self.open_outbox_now()?;
        let (id, update) = match open.keyring.ask(request).await? {
            Response::EntrySealed { id, update } => (Some(id), update),
            Response::Updated(update) => (None, update),
            _ => return Err(Fault::Keyring(KeyringFault::Ended)),
        };
        self.store_update(&driver, update, drafts, quiet).await;
        Ok(id)
    }

    pub(super) fn open_outbox_now(self) -> Result<(Rc<OpenVault>, Rc<Driver>), Fault> {
        self.open_vault().zip(self.driver()).ok_or(Fault::Keyring(KeyringFault::Ended))
    }

    /// Puts the sealed changes of an update into the local store and the outbox, and shows the rest of it.
    pub(super) async fn store_update(self, driver: &Driver, mut update: EntryUpdate, drafts: &[u32], quiet: bool) {
        let mut write = driver.outbox.borrow_mut().take(Facts::of(&mut update), quiet);
        write.remove.extend(drafts);
        if !write.is_empty() {
            // If the browser stores nothing, the page has the changes and warns before it is left.
            let written = local_store::write(driver.account, &write).await;
            driver.outbox.borrow_mut().written(write, written);
        }
        self.drafts.update(|list| list.retain(|draft| !drafts.contains(&draft.summary.key)));
        self.show_waiting(driver);
        self.apply_update(update);
    }

    /// Shows the outbox as it is now, together with the changes that other vaults left in the page's memory.
    pub(super) fn show_waiting(self, driver: &Driver) {
        let mut list: Vec<_> = driver.outbox.borrow().items().iter().map(PendingChange::new).collect();
        self.in_page.with_value(|all| list.extend(all.iter().map(|(_, item)| PendingChange::new(item))));
        if self.waiting.with_untracked(|shown| *shown != list) {
            self.waiting.set(list);
        }
    }

    pub fn is_waiting(self, id: EntryId) -> bool {
        self.waiting.with(|list| list.iter().any(|waiting| waiting.id == id))
    }

    /// The reason why the server refused a change of this entry.
    pub fn refusal(self, id: EntryId) -> Option<ApiFault> {
        let refused = |waiting: &PendingChange| waiting.refused.clone().filter(|_| waiting.id == id);
        self.waiting.with(|list| list.iter().find_map(refused))
    }

    /// Sends the outbox in order until `wanted` is saved or cannot be. Returns whether it is; the outcomes of all other
    /// entries go to [`Session::report`].
    ///
    /// # Errors
    /// The reason why `wanted` was not sent.
    pub async fn send_waiting(self, wanted: Option<EntryId>) -> Result<bool, Fault> {
        let Ok((open, driver)) = self.open_outbox_now() else { return Ok(false) };
        let ids = BTreeSet::from_iter(wanted);
        driver.outbox.borrow_mut().wake(false);
        self.run_for(&open, &driver, ids.clone()).await;
        if let Some(fault) = self.ended_by(&driver) {
            return Err(fault);
        }
        match driver.state_of(&ids) {
            (Some(refused), _) => Err(refused.into()),
            (None, true) => driver.fault().map_or(Ok(false), Err),
            (None, false) => Ok(wanted.is_some()),
        }
    }

    /// Sends the outbox in the background.
    pub fn send_in_background(self) {
        if let Some(driver) = self.driver() {
            driver.outbox.borrow_mut().wake(false);
            self.run_in_background();
        }
    }

    pub fn name_of(self, id: EntryId) -> Option<String> {
        self.entries.with_untracked(|entries| entries.get(id).map(|entry| entry.name.clone()))
    }

    /// Sends an entry's refused change again, and the rest of the outbox.
    pub fn try_again(self, id: EntryId) {
        if let Some(driver) = self.driver() {
            driver.outbox.borrow_mut().try_again(id);
            self.show_waiting(&driver);
            self.run_in_background();
        }
    }
}
