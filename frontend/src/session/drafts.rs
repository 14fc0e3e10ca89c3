//! Drafts: text that was copied or typed but is in no entry yet. They are sealed for the vault that was opened here
//! last, even while it is locked, and shown when it is open.

use std::rc::Rc;

use shared::ids::{AccountId, EntryId};

use leptos::prelude::*;

use super::{Fault, OpenVault, Session};
use crate::keyring::protocol::entry::{Content, Draft, DraftSummary, SealedDraft};
use crate::keyring::protocol::{Request, Response};
use crate::platform::browser;
use crate::platform::local_store::{self, Item, StoredItem};
use crate::workers::client::{KeyringClient, KeyringFault};

/// The setting with the vault's id and its public key.
pub(super) const DRAFT_KEY_SETTING: &str = "passmint.draft-key";

/// A sealed draft with its summary.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredDraft {
    pub(super) summary: DraftSummary,
    sealed: String,
}

impl StoredDraft {
    pub fn summary(&self) -> DraftSummary {
        self.summary.clone()
    }
}

/// The reason why a draft was not stored.
pub enum DraftError {
    /// No vault has been opened in this browser.
    NoVault,
    Fault(Fault),
    /// The browser stores nothing for this page.
    NotStored,
}

impl From<KeyringFault> for DraftError {
    fn from(fault: KeyringFault) -> Self {
        Self::Fault(fault.into())
    }
}

impl Session {
    /// Stores a draft in place of the older one `replaces`. Returns its key.
    ///
    /// # Errors
    /// On an error the older draft stays.
    pub async fn store_draft(
        self,
        content: Content,
        of: Option<EntryId>,
        replaces: Option<u32>,
    ) -> Result<u32, DraftError> {
        let (account, key) = known_vault().ok_or(DraftError::NoVault)?;
        let open = self.open_vault();
        let keyring = match &open {
            Some(open) => Rc::clone(&open.keyring),
            // This keyring holds no secret, and ends once the draft is sealed.
            None => Rc::new(KeyringClient::start().await?),
        };
        let summary = DraftSummary { key: 0, name: content.name.clone(), of, sealed_at: browser::now() };
        let draft = Draft { content, of, sealed_at: summary.sealed_at };
        let Response::SealedDraft { sealed } = keyring.ask(Request::SealDraft { key, draft }).await? else {
            return Err(KeyringFault::Ended.into());
        };
        let key = local_store::replace(replaces.as_slice(), Some((account, &sealed))).await;
        let key = key.ok().flatten().ok_or(DraftError::NotStored)?;
        self.drafts.update(|drafts| {
            drafts.retain(|draft| Some(draft.summary.key) != replaces);
            if open.is_some_and(|open| open.account == account) {
                drafts.push(StoredDraft { summary: DraftSummary { key, ..summary }, sealed });
            }
        });
        Ok(key)
    }

    pub async fn drop_draft(self, key: u32) {
        // If it stays, it is shown again, and can be discarded then.
        if local_store::replace(&[key], None).await.is_ok() {
            self.drafts.update(|drafts| drafts.retain(|draft| draft.summary.key != key));
        }
    }

    /// The newest draft of a change to an entry.
    pub fn draft_of(self, id: EntryId) -> Option<u32> {
        let newest = |drafts: &Vec<StoredDraft>| {
            drafts.iter().rev().find(|it| it.summary.of == Some(id)).map(|it| it.summary.key)
        };
        self.drafts.with_untracked(newest)
    }

    /// Opens a draft.
    pub async fn draft(self, key: u32) -> Result<Draft, Fault> {
        let ended = Fault::Keyring(KeyringFault::Ended);
        let of = |drafts: &Vec<StoredDraft>| drafts.iter().find(|it| it.summary.key == key).map(|it| it.sealed.clone());
        let Some(sealed) = self.drafts.with_untracked(of) else { return Err(ended) };
        match self.ask(Request::OpenDraft { sealed }).await? {
            Response::Draft(draft) => Ok(*draft),
            _ => Err(ended),
        }
    }

    /// Lists the open vault's drafts from the local store.
    pub(super) async fn restore_drafts(self, open: &OpenVault, stored: Vec<StoredItem>) -> Result<(), Fault> {
        let drafts =
            stored.into_iter().filter(|stored| stored.account == open.account).filter_map(|stored| match stored.item {
                Item::Draft(sealed) => Some(SealedDraft { key: stored.key, sealed }),
                Item::Change(..) => None,
            });
        let sealed: Vec<_> = drafts.collect();
        let Response::Drafts { drafts, refused } =
            open.keyring.ask(Request::ListDrafts { drafts: sealed.clone() }).await?
        else {
            return Err(Fault::Keyring(KeyringFault::Ended));
        };
        self.unopened_drafts.set(refused);
        let with_seal = |summary: DraftSummary| {
            let sealed = sealed.iter().find(|draft| draft.key == summary.key)?.sealed.clone();
            Some(StoredDraft { summary, sealed })
        };
        self.drafts.set(drafts.into_iter().filter_map(with_seal).collect());
        Ok(())
    }
}

/// The number of items in the local store, of all vaults.
pub async fn count_stored() -> usize {
    local_store::all().await.map_or(0, |stored| stored.len())
}

fn known_vault() -> Option<(AccountId, String)> {
    let setting = browser::setting(DRAFT_KEY_SETTING)?;
    let (account, key) = setting.split_once(' ')?;
    Some((account.parse().ok()?, key.to_owned()))
}

/// True if this browser remembers a key for drafts that is none of the vault's. Somebody has written it here, to read
/// the drafts that are sealed for it.
pub(super) fn is_foreign_key(account: AccountId, keys: &[String]) -> bool {
    known_vault().is_some_and(|(known, key)| known == account && !keys.contains(&key))
}

/// Remembers the vault and its public key, to seal drafts while it is locked.
pub(super) fn remember_vault(account: AccountId, key: &str) {
    browser::save_setting(DRAFT_KEY_SETTING, Some(&format!("{account} {key}")));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browser_test::test;

    #[test]
    fn key_that_is_none_of_the_vaults_is_foreign() {
        let [account, other] = [1, 2].map(|byte| AccountId::from_random([byte; 16]));
        let keys = ["current".to_owned(), "earlier".to_owned()];
        browser::save_setting(DRAFT_KEY_SETTING, None);
        assert!(!is_foreign_key(account, &keys), "no key is known");
        for (known, key, expected) in [
            (account, "current", false),
            (account, "earlier", false),
            (account, "planted", true),
            (other, "planted", false),
        ] {
            remember_vault(known, key);
            assert_eq!(is_foreign_key(account, &keys), expected, "{key}");
        }
        browser::save_setting(DRAFT_KEY_SETTING, None);
    }
}
