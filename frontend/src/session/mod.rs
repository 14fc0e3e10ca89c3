//! The state of the vault (locked, opening, open), its entries, and the changes that wait to be sent.
//!
//! The session's token and the keyring live here, in the page's memory, and nowhere else. Locking drops both.
//! [`opening`] creates and opens vaults, [`account`] changes credentials, [`idle`] locks the vault, [`entries`] reads
//! entries, [`outbox`] changes them, [`import`] adds many, [`driver`] sends changes and fetches those made elsewhere, [`live`]
//! says when, [`drafts`] stores unsaved text, [`news`] tells what has changed in the account, and [`doubts`] what the server
//! should not have listed.
//!
//! The session reports facts ([`Fault`], [`Report`], [`Doubt`]); the page puts them into words.

mod account;
mod doubts;
mod drafts;
mod driver;
mod entries;
mod idle;
mod import;
mod live;
mod news;
mod opening;
mod outbox;

use std::collections::BTreeSet;
use std::rc::Rc;

use futures_util::future::AbortHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::credentials::{CredentialChange, CredentialChangeKind};
use shared::ids::{AccountId, EntryId};
use shared::problem::ProblemCode;
use shared::sessions::CredentialName;

use self::driver::Driver;
use crate::keyring::protocol::entry::EntryUpdate;
use crate::model::list::EntryList;
use crate::outbox::Item;
use crate::platform::api::{self, ApiFault};
use crate::platform::browser;
use crate::platform::lowercase::lower_case;
use crate::secret::Secret;
use crate::workers::client::{KeyringClient, KeyringFault};

pub use account::{NewVaultKey, RecoveryRenewal};
pub use doubts::{Doubt, DoubtKind, VaultDoubt};
pub use drafts::{DraftError, StoredDraft, count_stored};
pub use idle::{LOCK_AFTER_CHOICES, LOCK_HIDDEN_SETTING, lock_after, set_lock_after};
pub use import::ItemOutcome;
pub use opening::NewVault;
pub use outbox::PendingChange;

/// The setting that remembers the username.
const LOGIN_SETTING: &str = "passmint.login";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    Api(ApiFault),
    Keyring(KeyringFault),
    Cancelled,
}

impl From<ApiFault> for Fault {
    fn from(fault: ApiFault) -> Self {
        Self::Api(fault)
    }
}

impl From<KeyringFault> for Fault {
    fn from(fault: KeyringFault) -> Self {
        Self::Keyring(fault)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Locked,
    /// The vault is being created or opened.
    Busy(OpeningStep),
    Open,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpeningStep {
    Starting,
    Asking,
    /// Argon2id.
    Stretching,
    /// Argon2id, twice.
    Creating,
    Loading {
        done: usize,
    },
}

/// Why the vault was locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockReason {
    Asked,
    /// The person logged out, which also forgets the username.
    LoggedOut,
    /// The server no longer knows the session.
    SessionEnded,
    /// The page was idle or hidden.
    Idle,
    Deleted,
}

/// The outcome of work in the background.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// The server has stored this entry.
    Saved { name: String },
    /// This entry was changed elsewhere too.
    Conflict { name: String },
    /// The vault was locked after this many minutes without activity.
    LockedIdle { minutes: u64 },
    /// The vault was locked because the page was hidden.
    LockedHidden,
}

struct OpenVault {
    account: AccountId,
    /// The username as the server stores it.
    username: String,
    /// The credential that opened it.
    by: CredentialName,
    token: Secret,
    keyring: Rc<KeyringClient>,
}

/// A copyable handle of the session.
#[derive(Clone, Copy)]
pub struct Session {
    pub stage: RwSignal<Stage>,
    pub entries: RwSignal<EntryList>,
    /// The outbox: changes that the server does not have yet.
    pub waiting: RwSignal<Vec<PendingChange>>,
    pub drafts: RwSignal<Vec<StoredDraft>>,
    /// The last request got no answer.
    pub silent: RwSignal<bool>,
    /// The vault was locked because the server ended the session.
    pub session_ended: RwSignal<bool>,
    pub report: RwSignal<Option<Report>>,
    /// Entries that the keyring could not open.
    pub unopened: RwSignal<BTreeSet<EntryId>>,
    /// The number of drafts that the keyring could not open.
    pub unopened_drafts: RwSignal<u32>,
    pub doubts: RwSignal<Vec<Doubt>>,
    pub vault_doubt: RwSignal<Option<VaultDoubt>>,
    /// Entries that are sealed under the new vault key so far, and all that have to be.
    pub resealing: RwSignal<Option<(usize, usize)>>,
    /// True for an account from before vault keys had numbers: it is read-only.
    pub is_legacy: RwSignal<bool>,
    /// Changes of credentials that nobody was told of in this browser, the newest first.
    pub news: RwSignal<Vec<CredentialChange>>,
    /// True if a key for drafts was remembered in this browser that is none of this vault's: somebody wrote it there, to
    /// read the drafts that are sealed for it.
    pub planted_draft_key: RwSignal<bool>,
    open: StoredValue<Option<Rc<OpenVault>>, LocalStorage>,
    /// The changes of credentials that this page has made, and that are not among its news.
    own_changes: StoredValue<Vec<CredentialChangeKind>>,
    /// The number of the newest change of credentials that was told; none if this browser has no memory of the vault.
    told: StoredValue<Option<u64>>,
    /// The number of the newest change of credentials.
    newest_change: StoredValue<u64>,
    /// Aborts the creating or opening that is under way.
    working: StoredValue<Option<AbortHandle>>,
    driver: StoredValue<Option<Rc<Driver>>, LocalStorage>,
    /// Changes of locked vaults that only the page has.
    in_page: StoredValue<Vec<(AccountId, Item<ApiFault>)>>,
    /// The time of the last activity, in ms since 1970: input, or work that runs unattended.
    last_active: StoredValue<u64>,
}

pub fn use_session() -> Session {
    expect_context()
}

impl Session {
    /// Creates the session and provides it as context.
    pub fn provide() -> Self {
        let session = Self {
            stage: RwSignal::new(Stage::Locked),
            entries: RwSignal::new(EntryList::new(lower_case)),
            waiting: RwSignal::new(Vec::new()),
            drafts: RwSignal::new(Vec::new()),
            silent: RwSignal::new(false),
            session_ended: RwSignal::new(false),
            report: RwSignal::new(None),
            unopened: RwSignal::new(BTreeSet::new()),
            unopened_drafts: RwSignal::new(0),
            doubts: RwSignal::new(Vec::new()),
            vault_doubt: RwSignal::new(None),
            resealing: RwSignal::new(None),
            is_legacy: RwSignal::new(false),
            news: RwSignal::new(Vec::new()),
            planted_draft_key: RwSignal::new(false),
            own_changes: StoredValue::new(Vec::new()),
            told: StoredValue::new(None),
            newest_change: StoredValue::new(0),
            open: StoredValue::new_local(None),
            working: StoredValue::new(None),
            driver: StoredValue::new_local(None),
            in_page: StoredValue::new(Vec::new()),
            last_active: StoredValue::new(browser::now()),
        };
        provide_context(session);
        session.poll_changes();
        session.lock_when_idle();
        session
    }

    /// The last username used in this browser.
    pub fn remembered_username() -> Option<String> {
        browser::setting(LOGIN_SETTING)
    }

    pub fn is_busy(self) -> bool {
        matches!(self.stage.get(), Stage::Busy(_))
    }

    fn open_vault(self) -> Option<Rc<OpenVault>> {
        self.open.get_value()
    }

    fn apply_update(self, mut opened: EntryUpdate) {
        if !opened.refused.is_empty() {
            self.unopened.update(|ids| ids.extend(&opened.refused));
        }
        if let Some(doubts) = opened.doubts.take() {
            self.show_doubts(doubts);
        }
        self.entries.update(|entries| entries.apply(opened));
    }

    /// Notes whether the server answered, for [`Session::silent`].
    fn note_answer<T>(self, result: Result<T, ApiFault>) -> Result<T, ApiFault> {
        let silent = matches!(result, Err(ApiFault::Silent));
        if self.silent.get_untracked() != silent {
            self.silent.set(silent);
        }
        result
    }

    /// Like [`Session::note_answer`], for requests within a session: locks the vault if the session has ended. A late
    /// answer to an earlier session locks nothing.
    fn note_session_answer<T>(self, open: &OpenVault, result: Result<T, ApiFault>) -> Result<T, ApiFault> {
        let result = self.note_answer(result);
        if result.as_ref().is_err_and(|fault| fault.code() == Some(ProblemCode::SessionEnded))
            && self.open_vault().is_none_or(|now| now.token.expose() == open.token.expose())
        {
            self.lock(LockReason::SessionEnded);
        }
        result
    }

    /// Locks the vault: ends the keyring, which drops every key, then the session. Changes that wait to be sent stay.
    pub fn lock(self, reason: LockReason) {
        let Some(open) = self.open.try_update_value(Option::take).flatten() else { return };
        open.keyring.end();
        self.entries.update(EntryList::clear);
        self.drafts.set(Vec::new());
        self.doubts.set(Vec::new());
        self.vault_doubt.set(None);
        self.resealing.set(None);
        // Changes in the local store are restored when the vault is opened.
        self.end_outbox();
        self.session_ended.set(reason == LockReason::SessionEnded);
        self.news.set(Vec::new());
        self.own_changes.set_value(Vec::new());
        self.stage.set(Stage::Locked);
        if matches!(reason, LockReason::LoggedOut | LockReason::Deleted) {
            browser::save_setting(LOGIN_SETTING, None);
            browser::save_setting(drafts::DRAFT_KEY_SETTING, None);
        }
        if !matches!(reason, LockReason::SessionEnded | LockReason::Deleted) {
            spawn_local(async move {
                // If this request fails, the server ends the idle session by itself.
                let _ = api::end_session(&open.token).await;
            });
        }
    }
}

#[cfg(test)]
impl Session {
    /// Opens a vault as a finished log-in does. The vault is already open in `keyring`, which reported `opened`.
    pub(crate) fn open_with(
        self,
        account: AccountId,
        by: CredentialName,
        draft_key: &str,
        keyring: KeyringClient,
        opened: EntryUpdate,
    ) {
        let (username, token) = ("ada".to_owned(), Secret::new("token".to_owned()));
        drafts::remember_vault(account, draft_key);
        self.apply_update(opened);
        let driver = Driver::new(account, Vec::new());
        driver.outbox.borrow_mut().opened();
        self.driver.set_value(Some(driver));
        self.open.set_value(Some(Rc::new(OpenVault { account, username, by, token, keyring: Rc::new(keyring) })));
        self.stage.set(Stage::Open);
    }
}
