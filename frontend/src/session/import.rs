//! Import of another program's file: items are sealed in portions, put into the local store, and sent several at a
//! time. Those that cannot be sent now wait in the outbox.

use futures_util::StreamExt;
use futures_util::stream;
use leptos::prelude::*;
use shared::ids::EntryId;
use shared::kdf::Costs;
use shared::problem::ProblemCode;

use super::outbox::PendingChange;
use super::{Fault, OpenVault, Session};
use crate::keyring::protocol::entry::{EntryUpdate, ImportItem, ImportOutcome};
use crate::keyring::protocol::{Request, Response};
use crate::platform::api::{self, ApiFault};
use crate::platform::browser;
use crate::platform::local_store::{self, Item};
use crate::secret::{Secret, SecretBytes};
use crate::workers::client::KeyringFault;

/// Concurrent requests. Browsers open six HTTP/1.1 connections to a server.
const AT_ONCE: usize = 6;

/// The outcome of one item of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemOutcome {
    /// The item is a new entry, and the server has it.
    Saved,
    /// The item is a new entry in the outbox.
    Waits,
    /// The vault already has this item.
    Duplicate,
    /// The item is larger than an entry can be.
    TooLarge,
    /// The server refused the item.
    Refused(ApiFault),
}

impl Session {
    /// Imports items of a file, in its order. `first` begins a file; `again` also imports items that the vault already
    /// has.
    ///
    /// # Errors
    /// A keyring fault; none of these items is an entry then.
    pub async fn import(self, items: Vec<ImportItem>, first: bool, again: bool) -> Result<Vec<ItemOutcome>, Fault> {
        let open = self.open_vault().ok_or(Fault::Keyring(KeyringFault::Ended))?;
        // The import may run unattended: it counts as activity.
        self.note_activity();
        let request = Request::Import { items, first, again, now: browser::now() };
        let Response::Imported { items, update } = open.keyring.ask(request).await? else {
            return Err(Fault::Keyring(KeyringFault::Ended));
        };
        let sealed = items.iter().filter_map(|item| match item {
            ImportOutcome::Sealed(id) => {
                update.sealed.iter().find(|it| it.change.id == *id).map(|it| (*id, it.body.clone()))
            }
            ImportOutcome::Duplicate | ImportOutcome::TooLarge => None,
        });
        let waiting = self.store_changes(&open, sealed.collect()).await;
        self.apply_update(update);
        // The outbox must not send these too.
        self.sending.set_value(true);
        let refused = self.send_all(&open, &waiting).await;
        self.sending.set_value(false);
        let refused = refused?;
        for (id, _) in &refused {
            // The file still has the item.
            self.discard(*id).await?;
        }
        let outcome = |item: &ImportOutcome| match item {
            ImportOutcome::Duplicate => ItemOutcome::Duplicate,
            ImportOutcome::TooLarge => ItemOutcome::TooLarge,
            ImportOutcome::Sealed(id) => match refused.iter().find(|(refused, _)| refused == id) {
                Some((_, why)) => ItemOutcome::Refused(why.clone()),
                None if self.waiting.with_untracked(|list| list.iter().any(|waiting| waiting.id == *id)) => {
                    ItemOutcome::Waits
                }
                None => ItemOutcome::Saved,
            },
        };
        Ok(items.iter().map(outcome).collect())
    }

    /// Opens a backup, which takes as long as a log-in.
    pub async fn open_backup(self, passphrase: Secret, backup: String) -> Result<Secret, Fault> {
        match self.ask(Request::OpenBackup { passphrase, backup }).await? {
            Response::BackupOpened { text } => Ok(text),
            _ => Err(Fault::Keyring(KeyringFault::Ended)),
        }
    }

    /// Seals a backup, which takes as long as a log-in.
    pub async fn seal_backup(self, passphrase: Secret, text: Secret) -> Result<String, Fault> {
        match self.ask(Request::SealBackup { passphrase, text }).await? {
            Response::Backup { backup } => Ok(backup),
            _ => Err(Fault::Keyring(KeyringFault::Ended)),
        }
    }

    /// Derives the key of another program's file from its password, by Argon2id.
    pub async fn stretch(self, secret: Secret, salt: Vec<u8>, costs: Costs) -> Result<SecretBytes, Fault> {
        match self.ask(Request::DeriveKey { secret, salt, costs }).await? {
            Response::KeyDerived { key } => Ok(key),
            _ => Err(Fault::Keyring(KeyringFault::Ended)),
        }
    }

    /// Puts new entries into the local store and the outbox, all in one transaction.
    async fn store_changes(self, open: &OpenVault, sealed: Vec<(EntryId, String)>) -> Vec<PendingChange> {
        let changes: Vec<Item> = sealed.iter().map(|(id, body)| Item::Change(*id, body.clone())).collect();
        // If the browser stores nothing, the page has them and warns before it is left.
        let keys = local_store::add(open.account, &changes).await.unwrap_or_default();
        let mut keys = keys.into_iter();
        let waiting: Vec<PendingChange> =
            sealed.into_iter().map(|(id, body)| PendingChange::quiet(open.account, id, keys.next(), body)).collect();
        self.waiting.update(|list| list.extend(waiting.iter().cloned()));
        waiting
    }

    /// Sends these changes. Returns those that the server refused for good, with the reason; unsent ones stay in the
    /// outbox.
    async fn send_all(self, open: &OpenVault, waiting: &[PendingChange]) -> Result<Vec<(EntryId, ApiFault)>, Fault> {
        let sends = waiting.iter().map(|waiting| async move {
            (waiting, self.note_session_answer(open, api::put_password(&open.token, waiting.id, waiting.body()).await))
        });
        let mut answers = stream::iter(sends).buffer_unordered(AT_ONCE);
        let (mut saved, mut refused, mut update) = (Vec::new(), Vec::new(), EntryUpdate::default());
        while let Some((waiting, answer)) = answers.next().await {
            match answer {
                Ok(()) => {
                    let own = Request::ApplySaved { body: waiting.body().to_owned(), answer: String::new() };
                    update.entries.extend(open.keyring.take(own).await?.entries);
                    saved.push(waiting);
                }
                Err(fault) if fault.is_temporary() || fault.code() == Some(ProblemCode::SessionEnded) => {}
                Err(fault) => refused.push((waiting.id, fault)),
            }
        }
        self.apply_update(update);
        let keys: Vec<u32> = saved.iter().filter_map(|waiting| waiting.key()).collect();
        self.waiting.update(|list| list.retain(|waiting| !saved.iter().any(|saved| saved.id == waiting.id)));
        // An item that stays is sent once more, which changes nothing.
        let _ = local_store::replace(&keys, None).await;
        Ok(refused)
    }
}
