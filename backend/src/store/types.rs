//! The values that go into a store and come out of it, and its errors.

use std::time::Duration;

use shared::accounts::{NewCredential, Username};
use shared::bytes::Base64Url;
use shared::changes::{SealedHead, StoredVersion};
use shared::credentials::{CredentialChange, PasskeySummary};
use shared::ids::{AccountId, PasskeyId};
use shared::sessions::{CredentialName, Device};

/// A point in time: milliseconds since 1970 (UTC). Times are passed in, so that tests can set the clock.
pub type Millis = u64;

/// The use of a session is recorded at most this often, in milliseconds: most requests then only read.
pub const TOUCH_INTERVAL: Millis = 60_000;

/// A SHA-512, cut to 256 bits, of a secret that the store must recognise but not know.
pub type Hash = [u8; 32];

/// An account with all its columns and passkeys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAccount {
    pub id: AccountId,
    pub username: Username,
    pub passphrase: NewCredential,
    /// The secret of the recovery code.
    pub recovery: NewCredential,
    /// Ordered by their ids.
    pub passkeys: Vec<StoredPasskey>,
    /// The newest changes of its credentials, by rising number.
    pub credential_changes: Vec<CredentialChange>,
    /// The number of changes of its credentials.
    pub epoch: u32,
    /// The number of its vault key; 0 for an account from before keys had numbers.
    pub key_no: u32,
    /// The vault keys before it, sealed under it.
    pub earlier_keys: Option<Base64Url>,
    /// Its sealed head; none for an account with vault key 0. The bytes are those that were saved.
    pub head: Option<Base64Url>,
    /// Hash of the code of the invite that made it; none for an account from before this was stored.
    pub invite_hash: Option<Hash>,
    /// The number of the last change of an entry.
    pub change_no: u64,
    /// The number of entries that are not deleted.
    pub entries: u64,
    pub created_at: Millis,
}

/// A passkey with all its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPasskey {
    pub id: PasskeyId,
    pub secret: NewCredential,
    /// None for a passkey from before assertions were verified.
    pub verifier: Option<PasskeyVerifier>,
    pub created_at: Millis,
    /// The time of the last log-in with it.
    pub used_at: Option<Millis>,
}

/// The data with which the server verifies a passkey's assertions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyVerifier {
    /// The public key, the signature counter and what else the server needs, as the server encodes them: 1 to
    /// [`shared::limits::PASSKEY_STATE_MAX`] bytes.
    pub state: Vec<u8>,
    /// The page's origin when it was registered, 1 to [`ORIGIN_MAX`] characters.
    pub origin: String,
}

/// Longest origin of a passkey, in characters.
pub const ORIGIN_MAX: usize = 512;

/// The passkeys as their owner sees them, the oldest first.
pub(crate) fn summaries(passkeys: Vec<StoredPasskey>) -> Vec<PasskeySummary> {
    let mut summaries: Vec<_> = passkeys
        .into_iter()
        .map(|StoredPasskey { id, verifier, created_at, used_at, .. }| PasskeySummary {
            id,
            created_at,
            used_at,
            outdated: verifier.is_none(),
        })
        .collect();
    summaries.sort_by_key(|passkey| passkey.created_at);
    summaries
}

/// An invite with all its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredInvite {
    pub code_hash: Hash,
    /// Expiry, ms since 1970 (exclusive).
    pub expires_at: Millis,
    /// The time at which an account was made with it.
    pub used_at: Option<Millis>,
    /// True if it is a set-up link.
    pub setup: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Invite {
    pub code_hash: Hash,
    /// Expiry, ms since 1970 (exclusive).
    pub expires_at: Millis,
    /// True if it is a set-up link: usable only while there is no account at all.
    pub setup: bool,
}

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub id: AccountId,
    pub username: Username,
    pub passphrase: NewCredential,
    /// The secret of the recovery code.
    pub recovery: NewCredential,
    /// The head of the empty vault. With one, the number of its vault key is 1, else 0.
    pub head: Option<SealedHead>,
}

/// One of the secrets of an account, as a log-in needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    pub account: AccountId,
    /// The number of changes of the account's credentials.
    pub epoch: u32,
    /// OPAQUE record and wrapped vault key.
    pub secret: NewCredential,
    /// None for a passphrase or recovery code, and for a passkey from before assertions were verified.
    pub verifier: Option<PasskeyVerifier>,
}

/// A secret of an account, to be set.
#[derive(Clone, Debug)]
pub struct NewSecret {
    pub account: AccountId,
    /// Hash of the token of the session that asks for it.
    pub token_hash: Hash,
    /// [`Credential::epoch`] at the start of the proof.
    pub epoch: u32,
    pub name: CredentialName,
    pub secret: NewCredential,
    /// For a passkey.
    pub verifier: Option<PasskeyVerifier>,
    /// The passkeys that stay when a passphrase or recovery code is set.
    pub keep_passkeys: Vec<PasskeyId>,
    /// The network address of the request's client, at most [`ADDRESS_MAX`] characters; empty if it is not known.
    pub address: String,
}

/// Longest network address of a client, in characters: IPv6 has up to 45.
pub const ADDRESS_MAX: usize = 64;

/// A passkey, to be removed.
#[derive(Clone, Debug)]
pub struct OldPasskey {
    pub account: AccountId,
    /// Hash of the token of the session that asks for it.
    pub token_hash: Hash,
    /// [`Credential::epoch`] at the start of the proof.
    pub epoch: u32,
    pub id: PasskeyId,
    /// As [`NewSecret::address`].
    pub address: String,
}

/// A new vault key for an account.
#[derive(Clone, Debug)]
pub struct NewVaultKey {
    pub account: AccountId,
    /// Hash of the token of the session that asks for it.
    pub token_hash: Hash,
    /// [`Credential::epoch`] at the start of the proof.
    pub epoch: u32,
    /// The number of the new key.
    pub key_no: u32,
    pub passphrase: NewCredential,
    pub recovery: NewCredential,
    /// The vault keys before it, sealed under it: at most [`shared::limits::EARLIER_KEYS_LEN_MAX`] bytes.
    pub earlier_keys: Base64Url,
    /// The head that the client knows.
    pub replaces: Option<SealedHead>,
    /// The head of the same state, sealed under the new key.
    pub head: SealedHead,
    /// As [`NewSecret::address`].
    pub address: String,
}

/// A session to be stored.
#[derive(Clone, Debug)]
pub struct NewSession {
    pub token_hash: Hash,
    pub account: AccountId,
    /// [`Credential::epoch`] at the start of the log-in.
    pub epoch: u32,
    /// The secret that the log-in used.
    pub credential: CredentialName,
    /// The client's name for its device.
    pub device: Option<Device>,
    /// The state of the passkey after the log-in, which counts its signatures: see [`PasskeyVerifier::state`].
    pub passkey_state: Option<Vec<u8>>,
}

/// The keys that a log-in gives out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The vault key, wrapped for the secret that the log-in used.
    pub wrapped_key: Base64Url,
    /// As [`StoredAccount::key_no`].
    pub key_no: u32,
    /// As [`StoredAccount::earlier_keys`].
    pub earlier_keys: Option<Base64Url>,
}

/// The hash of a session's token is stored for at least this long after the log-in, in milliseconds, even if the session
/// ends before: as long as the log-in's last step could be repeated, the token must be known as used.
pub const TOKEN_KEPT: Millis = 300_000;

/// A session that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveSession {
    pub account: AccountId,
    pub opened_at: Millis,
    /// The last recorded use: see [`TOUCH_INTERVAL`].
    pub used_at: Millis,
}

/// A session in the list of its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    pub token_hash: Hash,
    /// The client's name for its device.
    pub device: Option<Device>,
    pub created_at: Millis,
    /// The last recorded use: see [`TOUCH_INTERVAL`].
    pub used_at: Millis,
}

/// The lifetime of sessions, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Lifetime {
    /// Since the last use.
    pub idle: Millis,
    /// Since the log-in, however much it is used.
    pub max: Millis,
}

/// An account in the operator's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSummary {
    pub id: AccountId,
    pub username: Username,
    pub created_at: Millis,
    /// The number of entries that are not deleted.
    pub entries: u64,
    pub passkeys: u64,
    /// The time of the last change of an entry.
    pub changed_at: Option<Millis>,
}

/// The connections and writes of a store at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub connections: u64,
    pub in_use: u64,
    /// Writes that wait for the writer's lock.
    pub writes_waiting: u64,
    /// Commits since the start. One may contain several writes.
    pub commits: u64,
    /// Writes in those commits.
    pub commit_writes: u64,
    /// True if damage was found: writes are refused.
    pub damaged: bool,
    /// The cause, if the database refused the last log-in of this program.
    pub log_in_refused: Option<RefusalCause>,
    /// Log-ins of this program that the database has refused since the start.
    pub log_ins_refused: u64,
}

/// The database refuses the log-in of this program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogInRefusal {
    pub cause: RefusalCause,
    /// The code with its meaning and remedy, for the operator's log.
    pub text: String,
    /// Time until the next log-in; until then this error is the answer.
    pub pause: Duration,
}

/// Why a database refuses a log-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalCause {
    /// The user or the password is wrong.
    PasswordWrong,
    AccountLocked,
    PasswordExpired,
}

impl RefusalCause {
    pub const ALL: [Self; 3] = [Self::PasswordWrong, Self::AccountLocked, Self::PasswordExpired];

    /// The name in `/readyz`. It tells neither the user nor the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::PasswordWrong => "password-wrong",
            Self::AccountLocked => "account-locked",
            Self::PasswordExpired => "password-expired",
        }
    }

    /// The cause in words, for the operator.
    pub fn describe(self) -> &'static str {
        match self {
            Self::PasswordWrong => "the database does not accept the server's user and password",
            Self::AccountLocked => "the server's database user is locked",
            Self::PasswordExpired => "the password of the server's database user has expired",
        }
    }
}

/// A failed operation.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The thing does not exist, or belongs to another account.
    #[error("not found")]
    NotFound,
    /// The name, id or key belongs to something else.
    #[error("already taken")]
    Taken,
    /// The entry has another version by now. Contains the current entry.
    #[error("stale version")]
    Stale(Box<StoredVersion>),
    /// The account has another head by now.
    #[error("stale head")]
    StaleHead,
    /// The account has another vault key by now.
    #[error("stale key")]
    StaleKey,
    /// The account's credentials have changed since the proof was begun.
    #[error("stale proof")]
    StaleProof,
    /// The account holds as many of these as it may.
    #[error("full")]
    Full,
    /// The invite cannot be used.
    #[error("invite refused: {0:?}")]
    Invite(InviteFault),
    /// The database does not answer or is busy; trying again later may help. The text is for the operator's log and
    /// contains no user data.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The database refuses the user or the password of this program: a person must act.
    #[error("the database refuses the log-in: {}", .0.text)]
    Refused(LogInRefusal),
    /// The database can be read, but takes no writes.
    #[error("read-only because {0}")]
    ReadOnly(ReadOnly),
    /// The database contains an invalid value, or refuses a valid one: a bug. The text is for the operator's log.
    #[error("the database misbehaves: {0}")]
    Fault(String),
}

/// Why a database takes no writes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadOnly {
    /// A check found damage; the text is for the operator's log.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    #[error("the disk is full")]
    DiskFull,
    /// The file, or the disk it is on, may not be written.
    #[error("its file cannot be written")]
    File,
}

/// Why an invite cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteFault {
    /// The invite does not exist, or it is a set-up link and there is an account by now.
    Unknown,
    Used,
    Expired,
}
