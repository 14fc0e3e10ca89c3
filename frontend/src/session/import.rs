//! Import of another program's file: items are sealed in portions, put into the local store, and sent in few requests.
//! Those that cannot be sent now wait in the outbox.

use std::collections::BTreeSet;

use shared::kdf::Costs;

use super::{Fault, Session};
use crate::keyring::protocol::entry::{ImportItem, ImportOutcome};
use crate::keyring::protocol::{Request, Response};
use crate::platform::api::ApiFault;
use crate::platform::browser;
use crate::platform::lock::{self, Lock};
use crate::secret::{Secret, SecretBytes};
use crate::workers::client::KeyringFault;

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

/// An import under way. As long as it lives, no other tab imports into this vault.
pub struct Importing {
    _lock: Option<Lock>,
    is_first: bool,
}

impl Session {
    /// Begins an import, once no other tab imports into this vault, and fetches what others have saved: duplicates are
    /// found among all of it.
    ///
    /// # Errors
    /// The vault is locked, or the server does not list its changes.
    pub async fn begin_import(self) -> Result<Importing, Fault> {
        let (open, driver) = self.open_outbox_now()?;
        let lock = lock::acquire(&format!("passmint.import.{}", open.account)).await;
        driver.outbox.borrow_mut().wake(true);
        self.run_until_rest(&open, &driver).await;
        if let Some(fault) = self.ended_by(&driver).or_else(|| driver.fault()) {
            return Err(fault);
        }
        Ok(Importing { _lock: lock, is_first: true })
    }

    /// Imports items of a file, in its order. `again` also imports items that the vault already has.
    ///
    /// # Errors
    /// A keyring fault; none of these items is an entry then.
    pub async fn import(
        self,
        importing: &mut Importing,
        items: Vec<ImportItem>,
        again: bool,
    ) -> Result<Vec<ItemOutcome>, Fault> {
        let (open, driver) = self.open_outbox_now()?;
        // The import may run unattended: it counts as activity.
        self.note_activity();
        let request = Request::Import { items, first: importing.is_first, again, now: browser::now() };
        let response = open.keyring.ask(request).await?;
        importing.is_first = false;
        let Response::Imported { items, update } = response else {
            return Err(Fault::Keyring(KeyringFault::Ended));
        };
        self.store_update(&driver, update, &[], true).await;
        let sealed = |item: &ImportOutcome| match item {
            ImportOutcome::Sealed(id) => Some(*id),
            ImportOutcome::Duplicate | ImportOutcome::TooLarge => None,
        };
        let ids: BTreeSet<_> = items.iter().filter_map(sealed).collect();
        driver.outbox.borrow_mut().wake(false);
        self.run_for(&open, &driver, ids).await;
        if let Some(fault) = self.ended_by(&driver) {
            return Err(fault);
        }
        let mut outcomes = Vec::new();
        for item in &items {
            outcomes.push(match item {
                ImportOutcome::Duplicate => ItemOutcome::Duplicate,
                ImportOutcome::TooLarge => ItemOutcome::TooLarge,
                ImportOutcome::Sealed(id) => match driver.state_of(&BTreeSet::from([*id])) {
                    (Some(why), _) => {
                        // The file still has the item.
                        self.discard(*id).await?;
                        ItemOutcome::Refused(why)
                    }
                    (None, true) => ItemOutcome::Waits,
                    (None, false) => ItemOutcome::Saved,
                },
            });
        }
        Ok(outcomes)
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
}
