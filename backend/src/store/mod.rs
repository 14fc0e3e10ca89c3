//! Where sealed entries rest: the [`Store`] trait, its types and its errors.
//!
//! The store knows no HTTP and no keys. A driver lives in a folder of its own and is the only place that names its
//! database crate; drivers never import each other.

mod decide;
pub mod oracle;
pub mod sqlite;

use shared::accounts::{Login, NewCredential};
use shared::bytes::Base64Url;
use shared::ids::{AccountId, EntryId};
use shared::passwords::{Changes, Sealed, StoredEntry, Written};
use shared::sessions::CredentialKind;

/// A point in time: milliseconds since 1970 (UTC). Times are passed in, so that tests can set the clock.
pub type Millis = u64;

/// A session's use is written down at most this often, in milliseconds: most requests then only read.
const USE_GRAIN: Millis = 60_000;

/// A SHA-512, cut to 256 bits, of something that the store must recognise but not know.
pub type Hash = [u8; 32];

/// What can be asked of a database.
///
/// # Contract
/// - Every method is one whole operation in one transaction: after an error nothing of it has happened, and after
///   `Ok` it survives the death of the process and of the machine.
/// - Every statement about entries is scoped by the account. What is another's looks like what is not there.
/// - Methods block. The server calls them through [`crate::gate`] only.
/// - Several processes may have the same database open.
/// - No method has a default body: convenient for drivers, but error-prone.
///
/// `tests/contract` holds every driver to this.
pub trait Store: Send + Sync {
    /// Succeeds if the database answers and takes writes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] otherwise.
    fn check(&self) -> Result<(), StoreError>;

    /// Ties the database to a server key by the key's fingerprint: the first call stores it, later ones compare.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if the database is tied to another key.
    fn bind_server_key(&self, fingerprint: &Hash) -> Result<(), StoreError>;

    /// Whether there is any account.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn has_accounts(&self) -> Result<bool, StoreError>;

    /// Stores an invite.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if an invite with the same code exists.
    fn add_invite(&self, invite: &Invite) -> Result<(), StoreError>;

    /// Succeeds if the invite would let an account be made now.
    ///
    /// # Errors
    /// [`StoreError::Invite`] says why not.
    fn check_invite(&self, code_hash: &Hash, now: Millis) -> Result<(), StoreError>;

    /// Makes an account and uses the invite up. The same account made again by the same request is done once only.
    ///
    /// # Errors
    /// [`StoreError::Invite`] as [`Store::check_invite`]; [`StoreError::Taken`] if the log-in name or the id is in
    /// use. The invite is not used up then.
    fn create_account(&self, account: &NewAccount, invite_hash: &Hash, now: Millis) -> Result<(), StoreError>;

    /// Looks up one of the two secrets of an account; nothing if there is no such account.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn credential(&self, login: &Login, kind: CredentialKind) -> Result<Option<Credential>, StoreError>;

    /// Stores a session, and forgets those that have ended by `lifetime`. Answers the vault key, wrapped for the
    /// secret that the log-in used.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the account is gone or its credentials have changed since `epoch`;
    /// [`StoreError::Taken`] if the token was stored before.
    fn open_session(&self, session: &NewSession, lifetime: &Lifetime, now: Millis) -> Result<Base64Url, StoreError>;

    /// Whose session it is, if it has not ended; this counts as its use (to the minute).
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such session or it has ended.
    fn use_session(&self, token_hash: &Hash, lifetime: &Lifetime, now: Millis) -> Result<AccountId, StoreError>;

    /// Ends a session. Ending one that is not there is no error.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn end_session(&self, token_hash: &Hash) -> Result<(), StoreError>;

    /// Entries that changed after change number `since`, by rising change number, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn changes(&self, account: AccountId, since: u64, limit: u32) -> Result<Changes, StoreError>;

    /// Writes an entry. A put that was done before (same version replaced, same bytes) is done once only and answers
    /// as it did. An entry that was deleted may be put again by replacing the version of its deletion.
    ///
    /// # Errors
    /// [`StoreError::Stale`] with the current entry if `replaces` is not its version; [`StoreError::NotFound`] if a
    /// version is to be replaced and there is no entry; [`StoreError::Full`] if the account holds `entries_max`.
    fn put(&self, put: &Put, entries_max: u64, now: Millis) -> Result<Written, StoreError>;

    /// Deletes an entry: its bytes are gone, its id, version and change number stay. Deleting twice is no error.
    ///
    /// # Errors
    /// [`StoreError::Stale`] with the current entry if `replaces` is not its version; [`StoreError::NotFound`].
    fn delete(&self, account: AccountId, id: EntryId, replaces: u32, now: Millis) -> Result<Written, StoreError>;

    /// The fingerprint that [`Store::bind_server_key`] stored, if any.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn server_key(&self) -> Result<Option<Hash>, StoreError>;

    /// The account whose id follows `after`, whole: for moving house, account by account.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn account_after(&self, after: Option<AccountId>) -> Result<Option<WholeAccount>, StoreError>;

    /// All invites, by their hash.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn invites(&self) -> Result<Vec<WholeInvite>, StoreError>;

    /// Takes an account over from another store, as it is there. Taking it over again brings it up to date.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if its log-in name or its id belongs to something else here.
    fn take_account(&self, account: &WholeAccount) -> Result<(), StoreError>;

    /// Takes entries of one account over, as they are there: version, change number, time, deletion. `entries` are by
    /// rising change number, and all there are between the first and the last. What is here already is passed over.
    ///
    /// # Errors
    /// [`StoreError::Taken`] if an entry or a change number is here with something else.
    fn take_entries(&self, account: AccountId, entries: &[StoredEntry]) -> Result<(), StoreError>;

    /// Takes an invite over. Taking it over again brings it up to date.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    fn take_invite(&self, invite: &WholeInvite) -> Result<(), StoreError>;
}

/// An account as it is stored, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeAccount {
    /// Its id.
    pub id: AccountId,
    /// Its log-in name.
    pub login: Login,
    /// What the passphrase opens.
    pub passphrase: NewCredential,
    /// What the recovery code opens.
    pub recovery: NewCredential,
    /// Counts the changes of its credentials.
    pub epoch: u32,
    /// The number of its last change.
    pub change_no: u64,
    /// Its entries that are not deleted.
    pub entries: u64,
    /// When it was made.
    pub created_at: Millis,
}

/// An invite as it is stored, whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WholeInvite {
    /// Hash of the code.
    pub code_hash: Hash,
    /// From when on it is too old.
    pub expires_at: Millis,
    /// When it was used, if it was.
    pub used_at: Option<Millis>,
    /// Whether it is a set-up link.
    pub setup: bool,
}

/// An invite, as stored.
#[derive(Clone, Copy, Debug)]
pub struct Invite {
    /// Hash of the code.
    pub code_hash: Hash,
    /// From when on it is too old.
    pub expires_at: Millis,
    /// Whether it is a set-up link: good only while there is no account at all.
    pub setup: bool,
}

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its id.
    pub id: AccountId,
    /// Its log-in name.
    pub login: Login,
    /// What the passphrase opens.
    pub passphrase: NewCredential,
    /// What the recovery code opens.
    pub recovery: NewCredential,
}

/// One of the two secrets of an account, as a log-in needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Whose it is.
    pub account: AccountId,
    /// Counts the changes of the account's credentials.
    pub epoch: u32,
    /// OPAQUE record and wrapped vault key.
    pub secret: NewCredential,
}

/// A session to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewSession {
    /// Hash of its token.
    pub token_hash: Hash,
    /// Whose it is.
    pub account: AccountId,
    /// [`Credential::epoch`] at the start of the log-in.
    pub epoch: u32,
    /// Which secret the log-in used.
    pub credential: CredentialKind,
}

/// How long sessions last.
#[derive(Clone, Copy, Debug)]
pub struct Lifetime {
    /// Milliseconds without a use.
    pub idle: Millis,
    /// Milliseconds in any case.
    pub max: Millis,
}

/// An entry to be written.
#[derive(Clone, Debug)]
pub struct Put {
    /// Whose it is.
    pub account: AccountId,
    /// Which it is.
    pub id: EntryId,
    /// The version it replaces; 0 for a new entry.
    pub replaces: u32,
    /// Its bytes.
    pub sealed: Sealed,
}

/// Why a store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such thing, or it is another account's.
    #[error("not found")]
    NotFound,
    /// Something of that name exists.
    #[error("already taken")]
    Taken,
    /// The entry has another version by now: this one.
    #[error("stale version")]
    Stale(Box<StoredEntry>),
    /// The account holds as many entries as it may.
    #[error("vault full")]
    Full,
    /// The invite is not good.
    #[error("invite refused: {0:?}")]
    Invite(InviteFault),
    /// The database does not answer, is busy, or takes no writes; trying again later may help. The text is for the
    /// operator's log and holds no data.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The database holds what it should not, or refuses what it should take: a defect. The text is for the log.
    #[error("the database misbehaves: {0}")]
    Fault(String),
}

/// Why an invite is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteFault {
    /// No such invite was made here, or it was a set-up link and there is an account by now.
    Unknown,
    /// It has been used.
    Used,
    /// It is too old.
    Expired,
}
