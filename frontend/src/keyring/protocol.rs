//! What the page and the keyring say to each other, and nothing of it leaves the browser.
//!
//! The keyring makes every body that goes to the server and reads every answer, but it has no network: the page carries
//! them, as text that it neither makes nor reads.

pub mod entry;

use serde::{Deserialize, Serialize};
use shared::accounts::NotUsername;
use shared::ids::{AccountId, EntryId};
use shared::kdf::Costs;
use shared::sessions::CredentialName;

use self::entry::{Content, Draft, DraftSummary, Entry, EntryUpdate, ImportItem, ImportOutcome, SealedDraft};
use crate::secret::{Secret, SecretBytes};

/// What the page asks for. `answer` is always the text of the server's answer to the body that came before.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    /// Begin to make a vault. Gives [`Response::RegistrationStarted`].
    StartRegistration {
        invite: String,
        username: String,
        #[serde(serialize_with = "Secret::serialize_exposed")]
        passphrase: Secret,
    },
    /// Make the keys. Gives [`Response::Post`], for `accounts/finish`.
    ContinueRegistration {
        /// The answer of `accounts/start`.
        answer: String,
    },
    /// Begin to log in to the vault just made. Gives [`Response::Post`], for `sessions/start`.
    StartFirstLogin,
    /// Begin to log in. Gives [`Response::Post`], for `sessions/start`.
    StartLogin {
        username: String,
        credential: CredentialName,
        #[serde(serialize_with = "Secret::serialize_exposed")]
        secret: Secret,
    },
    /// Stretch the secret and find out whether it is right. Gives [`Response::Post`], for `sessions/finish`.
    ContinueLogin {
        /// The answer of `sessions/start`.
        answer: String,
        /// What this browser calls itself, for the account's list of sessions; empty if it does not say.
        device: String,
    },
    /// Open the vault. Gives [`Response::Unlocked`].
    FinishLogin {
        /// The answer of `sessions/finish`.
        answer: String,
    },
    /// Begin to set another secret for the open vault, or one more. Gives [`Response::Post`], for `credentials/start`.
    StartReplacement {
        /// Which secret: not the recovery code.
        credential: CredentialName,
        #[serde(serialize_with = "Secret::serialize_exposed")]
        secret: Secret,
    },
    /// Begin to set another recovery code. Gives [`Response::RegistrationStarted`], for `credentials/start`.
    StartRenewal,
    /// Wrap the vault key for the secret. Gives [`Response::Post`], for `credentials/finish`.
    FinishReplacement {
        /// The answer of `credentials/start`.
        answer: String,
    },
    /// Take in what changed. Gives [`Response::Updated`].
    ApplyChanges {
        /// The answer of listing changes.
        answer: String,
    },
    /// Take in the entry that a problem of code `stale-version` holds. Gives [`Response::Updated`].
    ApplyCurrent { problem: String },
    /// Seal a new entry. Gives [`Response::EntrySealed`].
    Create {
        content: Content,
        /// The time, in milliseconds since 1970 (UTC).
        now: u64,
    },
    /// Seal an entry anew. A password that is replaced goes into its history. Gives [`Response::EntrySealed`].
    Change {
        id: EntryId,
        /// What it holds from now on.
        content: Content,
        /// The time, in milliseconds since 1970 (UTC).
        now: u64,
    },
    /// Put an entry into the bin, or take it out. Gives [`Response::EntrySealed`].
    Bin {
        id: EntryId,
        /// Whether it belongs into the bin.
        binned: bool,
        /// The time, in milliseconds since 1970 (UTC).
        now: u64,
    },
    /// End a conflict. Gives [`Response::EntrySealed`], or [`Response::Updated`] if nothing has to be saved for it.
    Resolve {
        /// The entry that was changed here and elsewhere.
        id: EntryId,
        resolution: Resolution,
        /// The time, in milliseconds since 1970 (UTC).
        now: u64,
    },
    /// Take in an entry that was sealed here and that the server has now. Gives [`Response::Updated`].
    ApplySaved {
        id: EntryId,
        /// The body that was put.
        body: String,
    },
    /// Take in what was sealed here, in this order, and what the server does not have yet. Gives [`Response::Updated`].
    RestoreWaiting {
        /// Ids and the bodies to put.
        bodies: Vec<(EntryId, String)>,
    },
    /// Forget what was sealed here of an entry and the server does not have. Gives [`Response::Updated`].
    Discard { id: EntryId },
    /// Hand out a password, to be shown or copied. Gives [`Response::Revealed`].
    Reveal { id: EntryId },
    /// Hand out an entry whole, to be looked at and changed. Gives [`Response::Entry`].
    GetEntry { id: EntryId },
    /// Hand out entries whole, by rising id, but not those in the bin: to be exported or judged. Gives
    /// [`Response::Entries`].
    ListEntries {
        /// The last that was handed out, if any was.
        after: Option<EntryId>,
        limit: u32,
    },
    /// Seal what was in another program's file. Gives [`Response::Imported`].
    Import {
        items: Vec<ImportItem>,
        /// Whether this is the file's first part: what is in the vault is looked at anew.
        first: bool,
        /// Whether what is known already is sealed once more.
        again: bool,
        /// The time, in milliseconds since 1970 (UTC).
        now: u64,
    },
    /// Hand out what is to be put beside each other in a conflict. Gives [`Response::Comparison`].
    Compare {
        /// The entry that was changed here and elsewhere.
        id: EntryId,
    },
    /// Seal something for a vault that may be locked. Gives [`Response::SealedDraft`].
    SealDraft {
        /// The vault's public key, as [`Response::Unlocked`] gave it.
        key: String,
        draft: Draft,
    },
    /// Look at drafts of this vault. Gives [`Response::Drafts`].
    ListDrafts { drafts: Vec<SealedDraft> },
    /// Hand out a draft. Gives [`Response::Draft`].
    OpenDraft { sealed: String },
    /// Seal a backup with a passphrase of its own. Gives [`Response::Backup`]. Needs no open vault.
    SealBackup {
        /// The passphrase, in normalisation form C.
        #[serde(serialize_with = "Secret::serialize_exposed")]
        passphrase: Secret,
        #[serde(serialize_with = "Secret::serialize_exposed")]
        text: Secret,
    },
    /// Open a backup. Gives [`Response::BackupOpened`]. Needs no open vault.
    OpenBackup {
        /// The passphrase, in normalisation form C.
        #[serde(serialize_with = "Secret::serialize_exposed")]
        passphrase: Secret,
        /// The backup, as [`super::backup::find`] finds it in a file.
        backup: String,
    },
    /// Stretch a secret by Argon2id, for exports of other programs. Gives [`Response::KeyDerived`]. Needs no open vault.
    DeriveKey {
        #[serde(serialize_with = "Secret::serialize_exposed")]
        secret: Secret,
        /// At least 8 bytes.
        salt: Vec<u8>,
        costs: Costs,
    },
}

/// What becomes of an entry that was changed here and elsewhere. A password that loses stays in the history of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resolution {
    Mine,
    Theirs,
    /// Both: what was changed here becomes an entry of its own.
    Both,
}

#[derive(Debug, Serialize, Deserialize)]
pub enum Response {
    /// A registration is under way.
    RegistrationStarted {
        /// To be written down by the person, and shown never again.
        #[serde(serialize_with = "Secret::serialize_exposed")]
        recovery_code: Secret,
        /// The body for `accounts/start`.
        body: String,
    },
    /// A body for the server.
    Post {
        body: String,
    },
    Unlocked {
        account: AccountId,
        /// The username, as the server keeps it.
        username: String,
        /// The session's bearer token, for the page's memory only.
        #[serde(serialize_with = "Secret::serialize_exposed")]
        token: Secret,
        /// The vault's public key: what is sealed for it opens in this vault only.
        draft_key: String,
    },
    Updated(EntryUpdate),
    /// An entry is sealed, and waits for the server.
    EntrySealed {
        id: EntryId,
        body: String,
        /// What the page may know of all that has changed by it.
        update: EntryUpdate,
    },
    Revealed {
        #[serde(serialize_with = "Secret::serialize_exposed")]
        password: Secret,
    },
    Entry(Box<Entry>),
    /// Entries, and whether there are more.
    Entries {
        entries: Vec<(EntryId, Entry)>,
        more: bool,
    },
    /// What became of what was in a file.
    Imported {
        items: Vec<ImportOutcome>,
        /// What the page may know of the new entries.
        update: EntryUpdate,
    },
    /// Both sides of a conflict.
    Comparison {
        mine: Box<Entry>,
        /// As changed elsewhere; nothing if it was deleted there.
        theirs: Option<Box<Entry>>,
    },
    /// A draft, as it may be kept in this browser.
    SealedDraft {
        sealed: String,
    },
    Drafts {
        drafts: Vec<DraftSummary>,
        refused: u32,
    },
    Draft(Box<Draft>),
    /// A sealed backup: JSON, for [`super::backup::page`].
    Backup {
        backup: String,
    },
    BackupOpened {
        /// The text that was sealed.
        #[serde(serialize_with = "Secret::serialize_exposed")]
        text: Secret,
    },
    KeyDerived {
        #[serde(serialize_with = "SecretBytes::serialize_exposed")]
        key: SecretBytes,
    },
}

/// Why the keyring did not do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum KeyringError {
    /// What was typed cannot be a username.
    #[error("not a username")]
    Username(NotUsername),
    /// The passphrase or recovery code is wrong, or there is no such account: OPAQUE does not tell which.
    #[error("wrong secret")]
    WrongSecret,
    /// What was typed cannot be a recovery code.
    #[error("not a recovery code")]
    Recovery(RecoveryFault),
    /// The server's answer is none of this protocol.
    #[error("unexpected answer from the server")]
    ServerMessage,
    #[error("locked")]
    Locked,
    /// A step came without the one before it.
    #[error("out of turn")]
    OutOfTurn,
    /// What was sealed does not open: changed, moved, of another version, or under another key.
    #[error("does not open")]
    Broken,
    /// Sealed in a format that this version does not know.
    #[error("unknown format")]
    UnknownFormat,
    /// What was sealed opens and is no document.
    #[error("not a document")]
    NotADocument,
    /// The document is larger than the largest bucket.
    #[error("too large")]
    TooLarge,
    /// There is no such entry.
    #[error("no such entry")]
    NoSuchEntry,
    /// It was changed here and elsewhere: that comes first.
    #[error("in conflict")]
    Conflict,
    /// It is no backup, or not a whole one.
    #[error("not a backup")]
    NotABackup,
    /// Argon2id's costs or salt are outside their bounds, or this device does not have the memory.
    #[error("costs out of bounds")]
    TooCostly,
}

/// Why what was typed cannot be a recovery code. Places count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecoveryFault {
    /// It has another number of words than twelve.
    Count { found: u32 },
    /// The word at this place is on no list.
    UnknownWord { place: u32 },
    /// The word at this place does not fit its check digit.
    WrongWord { place: u32 },
    /// Each word is a word, but they do not belong together.
    SomeWordWrong,
}
