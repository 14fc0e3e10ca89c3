//! The dialog over the page. It shows one tool at a time; the page below stays as it is.

use std::sync::Arc;

use leptos::prelude::*;
use shared::ids::EntryId;

use crate::secret::Secret;

#[derive(Clone)]
pub enum Tool {
    Settings,
    /// Spells a secret, to read it aloud or type it elsewhere.
    Read(Arc<Secret>),
    Bulk,
    Trust,
    Entry(EntryTool),
    Manage(Manage),
}

/// Tools for a vault as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manage {
    /// The form that makes a vault with an invite. It is no dialog.
    Create,
    /// Credentials, sessions, locking, and deleting the account.
    Account,
    /// Replaces the vault's key.
    NewKey,
    /// Imports another program's file.
    Import,
    Export,
    /// Lists passwords that should be changed.
    Health,
}

/// Tools for one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryTool {
    Show(EntryId),
    Edit(EntryId),
    /// A new entry that begins as a copy of this one.
    Duplicate(EntryId),
    New,
    /// A new entry, or a change, that begins with this draft.
    Draft(u32),
    /// Both versions of an entry that was changed here and elsewhere.
    Compare(EntryId),
}

/// The page's dialog: a handle that can be copied.
#[derive(Clone, Copy)]
pub struct Dialog(RwSignal<Option<Tool>>);

pub fn use_dialog() -> Dialog {
    expect_context()
}

impl Dialog {
    /// Provides the dialog to all components below.
    pub(super) fn provide() -> Self {
        let dialog = Self(RwSignal::new(None));
        provide_context(dialog);
        dialog
    }

    pub fn open(self, tool: Tool) {
        self.0.set(Some(tool));
    }

    /// Closes the dialog and drops the tool with its state.
    pub fn close(self) {
        self.0.set(None);
    }

    /// Closes the dialog if its tool shows something of the vault.
    pub fn close_vault(self) {
        if self.0.with_untracked(|tool| matches!(tool, Some(Tool::Entry(_) | Tool::Manage(_)))) {
            self.close();
        }
    }

    /// The open tool. In a reactive scope this subscribes to it.
    pub(super) fn tool(self) -> Option<Tool> {
        self.0.get()
    }

    pub fn is_open(self) -> bool {
        self.0.with_untracked(Option::is_some)
    }
}
