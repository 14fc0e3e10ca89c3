//! The messages between the page and the keyring. They never leave the browser.
//!
//! The keyring writes every body for the server and reads every answer, but it has no network: the page carries them as
//! text that it neither writes nor reads.

pub mod entry;
pub mod outbox;

use serde::{Deserialize, Serialize};
use shared::accounts::NotUsername;
use shared::ids::{AccountId, EntryId, PasskeyId};
use shared::kdf::Costs;
use shared::passkeys::{PasskeyAssertion, PasskeyRegistration};
use shared::sessions::CredentialName;

use self::entry::{Content, Draft, DraftSummary, Entry, EntryUpdate, ImportItem, ImportOutcome, SealedDraft};
use self::outbox::{Batch, ChangeRef, SealedChange};
use crate::secret::{Secret, SecretBytes};

/// A request of the page. `answer` is always the text of the server's answer to the body before.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    /// Start to make a vault. Gives [`Response::RegistrationStarted`].
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
    /// Start to log in to the vault that was just made. Gives [`Response::Post`], for `sessions/start`.
    StartFirstLogin,
    /// Start to log in. Gives [`Response::Post`], for `sessions/start`.
    StartLogin {
        username: String,
        credential: CredentialName,
        #[serde(serialize_with = "Secret::serialize_exposed")]
        secret: Secret,
    },
    /// Stretch the secret and check it. Gives [`Response::Post`], for `sessions/finish`.
    ContinueLogin {
        /// The answer of `sessions/start`.
        answer: String,
        /// The browser's name in the account's list of sessions; may be empty.
        device: String,
        /// For a passkey: the authenticator's answer.
        assertion: Option<PasskeyAssertion>,
    },
    /// Open the vault. Gives [`Response::Unlocked`].
    FinishLogin {
        /// The answer of `sessions/finish`.
        answer: String,
    },
    /// Start to prove a secret of the open vault. Gives [`Response::Post`], for `proofs/start`.
    StartProof {
        /// The passphrase or the recovery code.
        credential: CredentialName,
        #[serde(serialize_with = "Secret::serialize_exposed")]
        secret: Secret,
    },
    /// Stretch the secret, and check that it opens this vault. Gives [`Response::Proven`]. The proof is for one of the
    /// requests [`Request::FinishReplacement`], [`Request::FinishVaultKey`] and [`Request::UseProof`], which write no
    /// body without one ([`KeyringError::OutOfTurn`]). The server takes it for two minutes.
    ContinueProof {
        /// The answer of `proofs/start`.
        answer: String,
    },
    /// Write the body of an action that needs nothing but a proof. Gives [`Response::Post`].
    UseProof { action: ProvenAction },
    /// Start to replace a secret of the open vault, or to add one. Gives [`Response::Post`], for `credentials/start`.
    StartReplacement {
        /// Not the recovery code: see [`Request::StartRenewal`].
        credential: CredentialName,
        #[serde(serialize_with = "Secret::serialize_exposed")]
        secret: Secret,
    },
    /// Start to replace the recovery code. Gives [`Response::RegistrationStarted`], for `credentials/start`.
    StartRenewal,
    /// Start to raise the costs of the secret that opened the vault ([`Response::Unlocked`]). Gives
    /// [`Response::RaisingStarted`].
    StartRaising,
    /// Wrap the vault key for the secret. Needs a proof, and may be repeated with the same one. Gives
    /// [`Response::Post`], for `credentials/finish`.
    FinishReplacement {
        /// The body of `credentials/start`.
        start: String,
        /// The answer of `credentials/start`.
        answer: String,
        /// For a passphrase or recovery code: the passkeys that stay.
        keep_passkeys: Vec<PasskeyId>,
        /// For a passkey: the authenticator's answer.
        passkey: Option<PasskeyRegistration>,
    },
    /// Start to replace the vault key. Gives [`Response::RegistrationStarted`], for `vault-key/start`.
    StartVaultKey {
        /// The passphrase so far, or a new one.
        #[serde(serialize_with = "Secret::serialize_exposed")]
        passphrase: Secret,
    },
    /// Make and wrap the new vault key. Needs a proof, and may be repeated with the same one, for another head. Gives
    /// [`Response::Post`], for `vault-key/finish`.
    FinishVaultKey {
        /// The body of `vault-key/start`.
        start: String,
        /// The answer of `vault-key/start`.
        answer: String,
    },
    /// Use the new vault key from now on: the server has taken it. Gives [`Response::VaultKeyReplaced`].
    AdoptVaultKey,
    /// Read this browser's memory of the vault, before the first list. Gives [`Response::Updated`].
    Recall {
        /// The record in the local store.
        memory: Option<Vec<u8>>,
    },
    /// Seal the memory, merged with the record in the local store, which another tab may have written. Gives
    /// [`Response::Memory`].
    Remember { stored: Option<Vec<u8>> },
    /// Note that a person was told the changes of credentials up to this number. Gives [`Response::Updated`].
    NoteNews { number: u64 },
    /// Get the change number after which to list, in `next`. Gives [`Response::Updated`].
    ListPosition,
    /// Apply the changes that the server lists. Gives [`Response::Updated`]; doubts are judged at the list's end.
    ApplyChanges {
        /// The answer of `GET changes`.
        answer: String,
        /// The change number after which it lists.
        since: u64,
    },
    /// Seal a new entry. Gives [`Response::EntrySealed`].
    Create {
        content: Content,
        /// The time, in milliseconds since 1970 (UTC).
        now: u64,
    },
    /// Seal new content of an entry. A password that is replaced goes into its history. Gives
    /// [`Response::EntrySealed`].
    Change {
        id: EntryId,
        content: Content,
        /// The time, in milliseconds since 1970 (UTC).
        now: u64,
    },
    /// Put an entry into the bin, or take it out. Gives [`Response::EntrySealed`].
    Bin {
        id: EntryId,
        /// True puts it into the bin, false takes it out.
        binned: bool,
        /// The time, in milliseconds since 1970 (UTC).
        now: u64,
    },
    /// Seal the deletion of an entry, for good. Gives [`Response::EntrySealed`].
    Delete { id: EntryId },
    /// End a conflict. Gives [`Response::EntrySealed`]; there may be nothing to save.
    Resolve {
        id: EntryId,
        resolution: Resolution,
        /// The time, in milliseconds since 1970 (UTC).
        now: u64,
    },
    /// Keep what this browser has and the server does not list any more: seal it as newer versions. Gives
    /// [`Response::Updated`].
    KeepNewer {
        /// The time, in milliseconds since 1970 (UTC).
        now: u64,
    },
    /// Accept what the server lists, for example a restored backup: the memory is lowered to it. Passwords that are only
    /// here go into the histories of the server's entries. Gives [`Response::Updated`].
    AcceptServer {
        /// The time, in milliseconds since 1970 (UTC).
        now: u64,
    },
    /// Put changes into a request. Gives [`Response::Batch`].
    BuildBatch {
        /// Changes that the server refused. What builds on them stays out too.
        without: Vec<ChangeRef>,
        /// Most changes in the request.
        count: u32,
        /// Greatest length of the request's body, in bytes. One change is always in it.
        bytes: u32,
        /// Seal entries again that are sealed under an earlier key, if nothing waits.
        reseal: bool,
    },
    /// Note that the server has saved a batch. Gives [`Response::Updated`].
    ApplySaved {
        /// The body that was sent.
        body: String,
        /// The answer of `POST changes`.
        answer: String,
    },
    /// Restore changes of the outbox, in this order, after a lock or a reload. Known ones change nothing. Gives
    /// [`Response::Updated`].
    RestoreWaiting { items: Vec<SealedChange> },
    /// Drop changes that another tab has removed from the local store. Gives [`Response::Updated`].
    Release { changes: Vec<ChangeRef> },
    /// Drop the changes of an entry that the server never had. Gives [`Response::Updated`].
    Discard { id: EntryId },
    /// Get a password, to show or copy it. Gives [`Response::Revealed`].
    Reveal { id: EntryId },
    /// Get a whole entry, to show or edit it. Gives [`Response::Entry`].
    GetEntry { id: EntryId },
    /// Get whole entries by rising id, without those in the bin, to export or check them. Gives
    /// [`Response::Entries`].
    ListEntries {
        /// The last id of the page before.
        after: Option<EntryId>,
        limit: u32,
    },
    /// Seal items of another program's file. Gives [`Response::Imported`].
    Import {
        items: Vec<ImportItem>,
        /// True for the first items of a file: the vault's entries are digested again, to find duplicates.
        first: bool,
        /// True seals duplicates too.
        again: bool,
        /// The time, in milliseconds since 1970 (UTC).
        now: u64,
    },
    /// Get both sides of a conflict. Gives [`Response::Comparison`].
    Compare { id: EntryId },
    /// Seal a draft for a vault that may be locked. Gives [`Response::SealedDraft`].
    SealDraft {
        /// The vault's public key, as [`Response::Unlocked`] gave it.
        key: String,
        draft: Draft,
    },
    /// Open drafts of this vault for a list. Gives [`Response::Drafts`].
    ListDrafts { drafts: Vec<SealedDraft> },
    /// Get a draft. Gives [`Response::Draft`].
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
    /// Derive a key by Argon2id, for exports of other programs. Gives [`Response::KeyDerived`]. Needs no open vault.
    DeriveKey {
        #[serde(serialize_with = "Secret::serialize_exposed")]
        secret: Secret,
        /// At least 8 bytes.
        salt: Vec<u8>,
        costs: Costs,
    },
}

/// An action that needs nothing but a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProvenAction {
    /// For `passkeys/remove`.
    RemovePasskey(PasskeyId),
    /// For `accounts/delete`.
    DeleteAccount,
}

/// The side of a conflict that stays. A password of the other side goes into its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resolution {
    Mine,
    Theirs,
    /// The change made here becomes an entry of its own.
    Both,
}

#[derive(Debug, Serialize, Deserialize)]
pub enum Response {
    /// A registration is in progress.
    RegistrationStarted {
        /// For the person to write down; it is never shown again.
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
        /// The username as the server stores it.
        username: String,
        /// The session's bearer token, for the page's memory only.
        #[serde(serialize_with = "Secret::serialize_exposed")]
        token: Secret,
        /// The vault's public keys for drafts: the current one, then earlier ones.
        draft_keys: Vec<String>,
        /// True for an account from before vault keys had numbers: the vault opens for reading only, until it gets a new
        /// vault key.
        is_legacy: bool,
        /// True if the record of this secret has an older suite: see [`Request::StartRaising`].
        is_outdated: bool,
    },
    /// A proof is ready for one request.
    Proven,
    /// Bodies for `proofs/start` and `credentials/start`.
    RaisingStarted {
        proof: String,
        replacement: String,
    },
    /// The vault has a new key.
    VaultKeyReplaced {
        /// The vault's public key, for drafts.
        draft_key: String,
        update: EntryUpdate,
    },
    Updated(EntryUpdate),
    /// A change of this entry is sealed.
    EntrySealed {
        id: EntryId,
        update: EntryUpdate,
    },
    Memory {
        /// The record to store; none if the stored one is the same.
        sealed: Option<Vec<u8>>,
    },
    Batch {
        /// None if nothing can be sent.
        batch: Option<Batch>,
        /// Entries that are still to be sealed again under the current key after this batch.
        left: u32,
    },
    Revealed {
        #[serde(serialize_with = "Secret::serialize_exposed")]
        password: Secret,
    },
    Entry(Box<Entry>),
    /// A page of entries.
    Entries {
        entries: Vec<(EntryId, Entry)>,
        more: bool,
    },
    /// The outcome of each item, in order.
    Imported {
        items: Vec<ImportOutcome>,
        update: EntryUpdate,
    },
    /// Both sides of a conflict.
    Comparison {
        mine: Box<Entry>,
        /// The server's version; none if the entry was deleted there.
        theirs: Option<Box<Entry>>,
    },
    /// A draft for this browser's local store.
    SealedDraft {
        sealed: String,
    },
    Drafts {
        drafts: Vec<DraftSummary>,
        refused: u32,
    },
    Draft(Box<Draft>),
    /// A sealed backup in JSON, for [`super::backup::page`].
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

/// The reason why a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum KeyringError {
    /// The text cannot be a username.
    #[error("not a username")]
    Username(NotUsername),
    /// The secret is wrong, or there is no such account: OPAQUE does not tell which.
    #[error("wrong secret")]
    WrongSecret,
    /// The text cannot be a recovery code.
    #[error("not a recovery code")]
    Recovery(RecoveryFault),
    /// The server's answer does not belong to this protocol.
    #[error("unexpected answer from the server")]
    ServerMessage,
    /// The record of this secret has a suite that this version does not know.
    #[error("unknown suite")]
    UnknownSuite,
    /// The log-in is to another vault than the one that is open.
    #[error("another vault")]
    OtherVault,
    #[error("locked")]
    Locked,
    /// The step before this one is missing.
    #[error("out of turn")]
    OutOfTurn,
    /// The seal does not open: the bytes were changed, moved, are of another version, or under another key.
    #[error("does not open")]
    Broken,
    /// Sealed in a format that this version does not know.
    #[error("unknown format")]
    UnknownFormat,
    /// The seal opens, but the content is not a document.
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
    /// The vault is from before keys had numbers: it needs a new vault key before it can be changed.
    #[error("read-only vault")]
    Legacy,
    /// It is no backup, or not a whole one.
    #[error("not a backup")]
    NotABackup,
    /// Argon2id's costs or salt are outside their bounds, or this device does not have the memory.
    #[error("costs out of bounds")]
    TooCostly,
}

/// The reason why a text cannot be a recovery code. Places count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecoveryFault {
    /// It does not have twelve words.
    Count { found: u32 },
    /// The word at this place is not on the list.
    UnknownWord { place: u32 },
    /// The word at this place does not fit its check digit.
    WrongWord { place: u32 },
    /// Every word is on the list, but the checksum is wrong.
    SomeWordWrong,
}
