//! Changes of the outbox, and doubts about what the server lists, in the messages between page and keyring.

use serde::{Deserialize, Serialize};
use shared::ids::EntryId;

/// Identifies a sealed change. Two tabs may seal the same version of an entry: `mark` tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChangeRef {
    pub id: EntryId,
    pub version: u32,
    /// The first 8 bytes of the seal's nonce.
    pub mark: u64,
}

/// A sealed change for the outbox and the local store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedChange {
    pub change: ChangeRef,
    /// The text to store. Only the keyring reads it.
    pub body: String,
}

/// The body of one request that saves changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// The body for `POST changes`.
    pub body: String,
    /// The changes of the outbox that are in it, in order. Empty for a batch that only seals entries again.
    pub changes: Vec<ChangeRef>,
}

/// A contradiction between what the server lists of an entry and what this browser has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    pub id: EntryId,
    /// The name that it had here last.
    pub name: String,
    pub kind: DoubtKind,
    /// True if the version that this browser has seen is still here, as a side of a conflict or as a deletion.
    pub is_here: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DoubtKind {
    /// The server lists another version than the newest one seen here, and not a newer one.
    Older,
    /// The server does not list it, and no newer deletion was sealed.
    Missing,
    /// It was deleted, and is listed again.
    PutBack,
}

/// A contradiction within the server's list as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum VaultDoubt {
    /// The whole vault is older than this browser has seen it.
    Older,
    /// The server has no head for it.
    HeadMissing,
    /// Its head does not fit the list: entries were left out or put back.
    HeadWrong,
    /// The list does not end, or its change numbers do not rise.
    ListWrong,
    /// It was sealed in a newer format than this page knows.
    NewerFormat,
}

/// All doubts about a vault, as judged at the end of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubts {
    pub vault: Option<VaultDoubt>,
    pub entries: Vec<Doubt>,
}
