//! What goes into a store and comes out of it, and why it did not.

use shared::accounts::{NewCredential, Username};
use shared::ids::{AccountId, EntryId, PasskeyId};
use shared::passwords::{SealedEntry, StoredEntry};
use shared::sessions::{CredentialName, Device};

/// A point in time: milliseconds since 1970 (UTC). Times are passed in, so that tests can set the clock.
pub type Millis = u64;

/// A session's use is written down at most this often, in milliseconds: most requests then only read.
pub const USE_GRAIN: Millis = 60_000;

/// A SHA-512, cut to 256 bits, of something that the store must recognise but not know.
pub type Hash = [u8; 32];

/// An account as it is stored, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAccount {
    pub id: AccountId,
    pub username: Username,
    pub passphrase: NewCredential,
    /// What the recovery code opens.
    pub recovery: NewCredential,
    /// Its passkeys, by their ids.
    pub passkeys: Vec<StoredPasskey>,
    /// Counts the changes of its credentials.
    pub epoch: u32,
    /// The number of its last change.
    pub change_no: u64,
    /// Its entries that are not deleted.
    pub entries: u64,
    pub created_at: Millis,
}

/// A passkey as it is stored, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPasskey {
    pub id: PasskeyId,
    pub secret: NewCredential,
    pub created_at: Millis,
    /// When somebody last logged in with it, if anybody has.
    pub used_at: Option<Millis>,
}

/// An invite as it is stored, whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredInvite {
    pub code_hash: Hash,
    /// From when on it is too old.
    pub expires_at: Millis,
    /// When it was used, if it was.
    pub used_at: Option<Millis>,
    /// Whether it is a set-up link.
    pub setup: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Invite {
    pub code_hash: Hash,
    /// From when on it is too old.
    pub expires_at: Millis,
    /// Whether it is a set-up link: good only while there is no account at all.
    pub setup: bool,
}

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub id: AccountId,
    pub username: Username,
    pub passphrase: NewCredential,
    /// What the recovery code opens.
    pub recovery: NewCredential,
}

/// One of the secrets of an account, as a log-in needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    pub account: AccountId,
    /// Counts the changes of the account's credentials.
    pub epoch: u32,
    /// OPAQUE record and wrapped vault key.
    pub secret: NewCredential,
}

/// A secret of an account, to be set.
#[derive(Clone, Debug)]
pub struct NewSecret {
    pub account: AccountId,
    /// Hash of the token of the session that asks for it.
    pub token_hash: Hash,
    pub name: CredentialName,
    pub secret: NewCredential,
}

/// A session to be stored.
#[derive(Clone, Debug)]
pub struct NewSession {
    pub token_hash: Hash,
    pub account: AccountId,
    /// [`Credential::epoch`] at the start of the log-in.
    pub epoch: u32,
    /// Which secret the log-in used.
    pub credential: CredentialName,
    /// What the client calls its device.
    pub device: Option<Device>,
}

/// A session that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveSession {
    pub account: AccountId,
    pub opened_at: Millis,
    /// When its use was last written down.
    pub used_at: Millis,
}

/// A session in the list of an account's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    pub token_hash: Hash,
    /// What the client called its device.
    pub device: Option<Device>,
    pub created_at: Millis,
    /// When it was last used, to the minute.
    pub used_at: Millis,
}

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
    pub account: AccountId,
    pub id: EntryId,
    /// The version it replaces; 0 for a new entry.
    pub replaces: u32,
    /// Its bytes.
    pub sealed: SealedEntry,
}

/// How much of a store is in use at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub connections: u64,
    pub in_use: u64,
    /// Writes that wait for their turn.
    pub writes_waiting: u64,
    /// Commits since the start. One may hold several writes.
    pub commits: u64,
    pub commit_writes: u64,
    /// Whether damage was found: nothing is written any more.
    pub damaged: bool,
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
    /// The account holds as many of these as it may.
    #[error("full")]
    Full,
    /// The invite is not good.
    #[error("invite refused: {0:?}")]
    Invite(InviteFault),
    /// The database does not answer, is busy, or takes no writes; trying again later may help. The text is for the
    /// operator's log and holds no data.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The database can be read, but takes no writes.
    #[error("read-only because {0}")]
    ReadOnly(ReadOnly),
    /// The database holds what it should not, or refuses what it should take: a defect. The text is for the log.
    #[error("the database misbehaves: {0}")]
    Fault(String),
}

/// Why a database takes no writes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadOnly {
    /// It was found damaged; the text is for the operator's log.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// There is no room left for it.
    #[error("the disk is full")]
    DiskFull,
    /// The file, or the disk it is on, may not be written.
    #[error("its file cannot be written")]
    File,
}

/// Why an invite is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteFault {
    /// No such invite was made here, or it was a set-up link and there is an account by now.
    Unknown,
    Used,
    Expired,
}
