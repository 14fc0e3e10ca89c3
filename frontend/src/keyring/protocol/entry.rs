//! Entries and drafts in the messages between page and keyring.

use generator::kind::Rules;
use serde::{Deserialize, Serialize};
use shared::ids::EntryId;

use super::outbox::{ChangeRef, Doubts, SealedChange};
use crate::secret::Secret;

/// The fields of an entry that a person edits.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    pub name: String,
    /// The username at that website.
    pub username: String,
    pub website: String,
    #[serde(serialize_with = "Secret::serialize_exposed")]
    pub password: Secret,
    /// Free text, which may be secret too.
    #[serde(serialize_with = "Secret::serialize_exposed")]
    pub note: Secret,
    pub tags: Vec<String>,
    /// The rules of the generator that made the password.
    pub rules: Option<Rules>,
}

/// A password that was replaced.
#[derive(Debug, Serialize, Deserialize)]
pub struct PreviousPassword {
    #[serde(serialize_with = "Secret::serialize_exposed")]
    pub password: Secret,
    /// When it was replaced, in milliseconds since 1970 (UTC), by the clock of the browser that did it.
    pub until: u64,
}

/// A whole entry, as it is sealed. Times are in milliseconds since 1970 (UTC), by the clock of the browser that saved
/// it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Entry {
    pub content: Content,
    pub created_at: u64,
    /// When it was last changed.
    pub changed_at: u64,
    /// Previous passwords, newest first.
    pub history: Vec<PreviousPassword>,
    /// When it was put into the bin, if it is there.
    pub binned_at: Option<u64>,
    /// When its password was imported, as long as it is not replaced.
    pub imported_at: Option<u64>,
}

/// An item of another program's file.
#[derive(Debug, Serialize, Deserialize)]
pub struct ImportItem {
    pub content: Content,
    /// Previous passwords, newest first.
    pub history: Vec<PreviousPassword>,
    /// When it was made, in milliseconds since 1970 (UTC), if the file has it.
    pub created_at: Option<u64>,
    /// When it was last changed, likewise.
    pub changed_at: Option<u64>,
}

/// The outcome of an item of a file.
#[derive(Debug, Serialize, Deserialize)]
pub enum ImportOutcome {
    /// It is a new entry, sealed.
    Sealed(EntryId),
    /// An entry like it is there already.
    Duplicate,
    /// It is larger than the largest bucket.
    TooLarge,
}

/// An entry without its secrets, for the page's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntrySummary {
    pub id: EntryId,
    pub version: u32,
    pub name: String,
    /// The username at that website.
    pub username: String,
    pub website: String,
    pub tags: Vec<String>,
    /// When it was last changed, in milliseconds since 1970 (UTC), by the clock of the browser that changed it.
    pub changed_at: u64,
    /// When it was put into the bin, if it is there.
    pub binned_at: Option<u64>,
    pub state: EntryState,
}

/// An entry's state beside the server's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EntryState {
    Saved,
    Waiting,
    /// It was changed here and elsewhere: a person has to choose.
    Conflict,
}

/// The difference that a request has made to the vault: for the page's list, for the outbox and for the local store.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct EntryUpdate {
    pub entries: Vec<EntrySummary>,
    pub deleted: Vec<EntryId>,
    /// Entries that do not open. The state before stays.
    pub refused: Vec<EntryId>,
    /// Entries that are in conflict since this request.
    pub conflicts: Vec<EntryId>,
    /// Changes for the outbox: store them before anything else.
    pub sealed: Vec<SealedChange>,
    /// Changes that leave the outbox: the server has them, or others have taken their place.
    pub settled: Vec<ChangeRef>,
    /// List the changes since this number next: the list goes on, or is to be read once more from 0. None at its end.
    pub next: Option<u64>,
    /// All doubts, if they were judged.
    pub doubts: Option<Doubts>,
    /// The memory has something new: [`super::Request::Remember`] gives it.
    pub remember: bool,
    /// The number of the newest change of credentials that a person was told, from the memory.
    pub news: Option<u64>,
}

/// Content that was typed or copied, and is not saved in an entry yet.
#[derive(Debug, Serialize, Deserialize)]
pub struct Draft {
    pub content: Content,
    /// The entry that it would change; none for a new entry.
    pub of: Option<EntryId>,
    /// When it was sealed, in milliseconds since 1970 (UTC), by the browser's clock.
    pub sealed_at: u64,
}

/// A draft in this browser's local store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedDraft {
    /// Its key in the local store.
    pub key: u32,
    pub sealed: String,
}

/// A draft without its secrets, for the page's list.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DraftSummary {
    /// Its key in the local store.
    pub key: u32,
    /// The entry's name; may be empty.
    pub name: String,
    /// The entry that it would change; none for a new entry.
    pub of: Option<EntryId>,
    pub sealed_at: u64,
}
