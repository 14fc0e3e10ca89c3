//! The actions of the outbox, their outcomes, and what they carry.

use std::collections::BTreeSet;

use shared::ids::EntryId;

use crate::keyring::protocol::entry::EntryUpdate;
use crate::keyring::protocol::outbox::{ChangeRef, SealedChange};

/// An action that the driver carries out. Each has its own [`Outcome`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Wait for the lock of the account's outbox. [`Outcome::Done`].
    Lock,
    /// Release the lock. [`Outcome::Done`].
    Unlock,
    /// Read the local store's keys of the account, and the changes that are not `known`. [`Outcome::Read`].
    Read { known: BTreeSet<u32> },
    /// Hand the stored memory to a new keyring. [`Outcome::Facts`]; without any, if it does not open.
    Recall { memory: Option<Vec<u8>> },
    /// Hand changes from the local store to the keyring. [`Outcome::Facts`].
    Restore { items: Vec<SealedChange> },
    /// Ask the keyring where the list goes on. [`Outcome::Facts`].
    Position,
    /// List the server's changes after this number. [`Outcome::Answer`].
    List { since: u64 },
    /// Hand the server's list to the keyring. [`Outcome::Facts`].
    Apply { since: u64, answer: String },
    /// Tell the keyring that another tab has settled these changes. [`Outcome::Facts`].
    Release { changes: Vec<ChangeRef> },
    /// Have the keyring build a request of at most `count` changes. `without` are changes that cannot be sent; with
    /// `reseal`, entries under an earlier key are sealed again if nothing else is to be sent. [`Outcome::Built`].
    Build { without: Vec<ChangeRef>, count: usize, reseal: bool },
    /// Send a request. [`Outcome::Answer`].
    Send { body: String },
    /// Hand the server's answer to the request to the keyring. [`Outcome::Facts`].
    ApplySaved { body: String, answer: String },
    /// Have the keyring merge the stored memory with its own. [`Outcome::Merged`].
    Remember { stored: Option<Vec<u8>> },
    /// Change the local store, in one transaction. Report it by [`super::Outbox::written`].
    Write(Write),
    /// Wait this many milliseconds, give or take half. [`Outcome::Done`].
    Pause { ms: u64 },
    /// Nothing is due until [`super::Outbox::wake`] or [`super::Outbox::take`]. It has no outcome.
    Rest(Rest),
}

/// The reason why nothing is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Nothing can be sent.
    Done,
    /// The server did not answer, or other devices write at the same time: try again later.
    Later,
    /// The session is over, or the keyring has failed.
    Over,
}

/// One transaction in the local store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Write {
    /// Changes to add.
    pub add: Vec<SealedChange>,
    /// Keys to remove.
    pub remove: Vec<u32>,
    /// Replaces the account's memory, but only if it still is as expected; else the transaction does nothing.
    pub memory: Option<Memory>,
}

impl Write {
    pub fn is_empty(&self) -> bool {
        self.add.is_empty() && self.remove.is_empty() && self.memory.is_none()
    }
}

/// The stored memory, and the one that replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    pub expected: Option<Vec<u8>>,
    pub new: Vec<u8>,
}

/// The result of a [`Write`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// The keys of the added changes, in order.
    Done(Vec<u32>),
    /// Nothing was written: the memory is another one by now.
    MemoryMoved(Option<Vec<u8>>),
    /// Nothing was written: the browser stores nothing, or its space is used up.
    Refused,
}

/// The result of an [`Action`]. `F` is the server's reason to refuse a change.
#[derive(Clone, Debug)]
pub enum Outcome<F> {
    Done,
    Read(Found),
    Facts(Facts),
    /// The answer of the server.
    Answer(Answer<F>),
    /// The request that the keyring built, if there is anything to send; the changes of the outbox in it; and the
    /// number of entries that are still to be sealed again after it.
    Built {
        body: Option<String>,
        changes: Vec<ChangeRef>,
        left: u32,
    },
    /// The memory to write; none if the stored one has everything.
    Merged(Option<Vec<u8>>),
    /// The local store cannot be read, or the keyring cannot use the server's answer.
    Nothing,
    /// The keyring has ended.
    Failed,
}

/// The account's part of the local store.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The keys of all changes.
    pub keys: BTreeSet<u32>,
    /// The changes that were not known, by rising key.
    pub new: Vec<(u32, SealedChange)>,
    /// The memory.
    pub memory: Option<Vec<u8>>,
    /// A random number that the store got when it was made: a store that was cleared has another one.
    pub birth: Option<u64>,
}

/// The facts of a keyring's answer that concern the outbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// New changes.
    pub sealed: Vec<SealedChange>,
    /// Changes that need not be sent any more.
    pub settled: Vec<ChangeRef>,
    /// Entries of restored changes that do not open.
    pub refused: Vec<EntryId>,
    /// The server's changes after this number are to be listed at once.
    pub next: Option<u64>,
    /// The memory has something new.
    pub remember: bool,
}

impl Facts {
    /// Takes the facts out of an update. The rest of it is for the list of entries.
    pub fn of(update: &mut EntryUpdate) -> Self {
        Self {
            sealed: std::mem::take(&mut update.sealed),
            settled: std::mem::take(&mut update.settled),
            refused: update.refused.clone(),
            next: update.next,
            remember: update.remember,
        }
    }
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub enum Answer<F> {
    Ok(String),
    /// The account has another head: list, and build again.
    Stale,
    /// The account has this head, and yet another version of an entry: list everything, and judge it.
    Contradiction,
    /// There was no answer, or a fault that may pass.
    Silent,
    /// The session is over.
    Ended,
    Refused(F),
}

/// A change that has left the outbox, or was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<F> {
    /// The server has the change. `quiet` as in [`super::Item`].
    Settled {
        change: ChangeRef,
        quiet: bool,
    },
    Refused {
        change: ChangeRef,
        why: F,
    },
}
