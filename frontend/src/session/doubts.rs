//! Doubts: the server's vault does not fit what this browser has seen. The keyring judges; a person decides.

use leptos::prelude::*;
use shared::ids::EntryId;

use super::{Fault, Session};
use crate::keyring::protocol::Request;
pub use crate::keyring::protocol::outbox::{Doubt, DoubtKind, Doubts, VaultDoubt};
use crate::platform::browser;

impl Session {
    pub(super) fn show_doubts(self, doubts: Doubts) {
        let Doubts { vault, entries } = doubts;
        if self.doubts.with_untracked(|shown| *shown != entries) {
            self.doubts.set(entries);
        }
        if self.vault_doubt.get_untracked() != vault {
            self.vault_doubt.set(vault);
        }
    }

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

    /// True if the server's state of the entry is in doubt. In a reactive scope this subscribes to the doubts.
    pub fn is_doubted(self, id: EntryId) -> bool {
        self.doubts.with(|doubts| doubts.iter().any(|doubt| doubt.id == id))
    }

    /// True if the server's state of an entry of this name is in doubt.
    pub fn is_doubted_name(self, name: &str) -> bool {
        self.doubts.with_untracked(|doubts| doubts.iter().any(|doubt| doubt.name == name))
    }

    /// Seals what this page has as newer versions, and sends it.
    pub async fn keep_newer(self) -> Result<(), Fault> {
        self.seal_and_send(Request::KeepNewer { now: browser::now() }).await
    }

    /// Takes what the server shows for the newest, on purpose: a backup was put back.
    pub async fn accept_server(self) -> Result<(), Fault> {
        self.seal_and_send(Request::AcceptServer { now: browser::now() }).await
    }
}
