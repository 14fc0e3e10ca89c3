//! Entries and drafts, as page and keyring hand them to each other.

use generator::kind::Rules;
use serde::{Deserialize, Serialize};
use shared::ids::EntryId;

use crate::secret::Secret;

/// What a person keeps in an entry.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Content {
    pub name: String,
    /// The name to log in with there.
    pub username: String,
    pub website: String,
    #[serde(serialize_with = "Secret::serialize_exposed")]
    pub password: Secret,
    /// Anything else; it may be secret too.
    #[serde(serialize_with = "Secret::serialize_exposed")]
    pub note: Secret,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The rules that the password was minted by.
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

/// An entry, whole. Times are in milliseconds since 1970 (UTC), by the clock of the browser that saved it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Entry {
    /// What a person keeps in it.
    pub content: Content,
    pub created_at: u64,
    /// When it was last changed.
    pub changed_at: u64,
    /// The passwords before this one, newest first.
    pub history: Vec<PreviousPassword>,
    /// When it was put into the bin, if it is there.
    pub binned_at: Option<u64>,
    /// When its password came out of another program's file, if it is still that one.
    pub imported_at: Option<u64>,
}

/// Something out of another program's file.
#[derive(Debug, Serialize, Deserialize)]
pub struct ImportItem {
    /// What a person keeps in it.
    pub content: Content,
    /// The passwords before this one, newest first.
    pub history: Vec<PreviousPassword>,
    /// When it was made, in milliseconds since 1970 (UTC), if the file tells.
    pub created_at: Option<u64>,
    /// When it was last changed, if the file tells.
    pub changed_at: Option<u64>,
}

/// What became of something out of a file.
#[derive(Debug, Serialize, Deserialize)]
pub enum ImportOutcome {
    /// It is a new entry, sealed: its id, and the body to put.
    Sealed(EntryId, String),
    /// An entry like it is there already.
    Duplicate,
    /// It is larger than the largest bucket.
    TooLarge,
}

/// What the page may know of every entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntrySummary {
    pub id: EntryId,
    pub version: u32,
    pub name: String,
    /// The name to log in with.
    pub username: String,
    pub website: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// When it was last changed, in milliseconds since 1970 (UTC), by the clock of the browser that changed it.
    pub changed_at: u64,
    /// When it was put into the bin, if it is there.
    pub binned_at: Option<u64>,
    /// Whether the server has it like this.
    pub state: EntryState,
}

/// Whether the server has an entry as it is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EntryState {
    Saved,
    Waiting,
    /// It was changed elsewhere too: a person has to say which is right.
    Conflict,
}

/// What came of taking entries in.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct EntryUpdate {
    pub entries: Vec<EntrySummary>,
    pub deleted: Vec<EntryId>,
    /// Those that did not open; what is known of them stays as it was.
    pub refused: Vec<EntryId>,
    /// The last change number, if any changes were listed.
    pub last_change: Option<u64>,
    /// Whether changes follow it that were not listed.
    pub more: bool,
    /// How the whole vault stands, once all changes are taken in.
    pub completeness: Option<Completeness>,
}

/// How a vault stands by the server's word, and whether it adds up.
///
/// Every change raises the account's change number by one and the version of one entry by one, and a deleted entry leaves
/// its version behind: the versions of all entries add up to the change number. A server that leaves entries out has to
/// lower the number too, and a browser that has seen a higher one notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completeness {
    pub latest: u64,
    /// How many changes are in no entry: none, if nothing is left out.
    pub missing: u64,
}

/// What was typed or copied and is in no entry yet.
#[derive(Debug, Serialize, Deserialize)]
pub struct Draft {
    pub content: Content,
    /// The entry that it would change; nothing for a new one.
    pub of: Option<EntryId>,
    /// When it was sealed, in milliseconds since 1970 (UTC), by the browser's clock.
    pub sealed_at: u64,
}

/// A draft as this browser keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedDraft {
    /// The number it is kept under.
    pub key: u32,
    pub sealed: String,
}

/// What the page may know of every draft.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DraftSummary {
    /// The number it is kept under.
    pub key: u32,
    /// The name it would have; empty if nobody has said.
    pub name: String,
    /// The entry that it would change; nothing for a new one.
    pub of: Option<EntryId>,
    pub sealed_at: u64,
}
