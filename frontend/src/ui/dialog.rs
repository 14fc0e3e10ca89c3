//! The dialog that a tool is shown in: one at a time, over the page, which stays as it is.

use std::sync::Arc;

use leptos::prelude::*;
use shared::ids::EntryId;

use super::notice::use_notices;
use crate::parts::{Part, use_parts};
use crate::secret::Secret;
use crate::text::{self, Msg};

/// A tool.
#[derive(Clone)]
pub enum Tool {
    /// Language, theme, keys.
    Settings,
    /// A secret, to be read aloud and typed elsewhere.
    Read(Arc<Secret>),
    /// Many passwords at once.
    Bulk,
    /// Tests of the randomness.
    Trust,
    /// Something of the vault.
    Entry(Page),
}

/// What of the vault is shown in the dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// An entry.
    Show(EntryId),
    /// An entry, to be changed.
    Edit(EntryId),
    /// A new entry, like this one.
    Duplicate(EntryId),
    /// A new entry.
    New,
    /// A draft, to become an entry.
    Draft(u32),
    /// An entry that was changed here and elsewhere.
    Compare(EntryId),
}

/// The dialog: a handle that can be copied.
#[derive(Clone, Copy)]
pub struct Dialog(RwSignal<Option<Tool>>);

/// The dialog of this page.
#[must_use]
pub fn use_dialog() -> Dialog {
    expect_context()
}

impl Dialog {
    /// Makes the dialog known to all components below.
    pub(super) fn provide() -> Self {
        let dialog = Self(RwSignal::new(None));
        provide_context(dialog);
        dialog
    }

    /// Opens a tool in it.
    pub fn open(self, tool: Tool) {
        self.0.set(Some(tool));
    }

    /// Closes it. What it showed is dropped.
    pub fn close(self) {
        self.0.set(None);
    }

    /// Closes it if something of the vault is open in it.
    pub fn close_vault(self) {
        if self.0.with_untracked(|tool| matches!(tool, Some(Tool::Entry(_)))) {
            self.close();
        }
    }

    /// Whether a tool is open.
    #[must_use]
    pub fn is_open(self) -> bool {
        self.0.with_untracked(Option::is_some)
    }
}

/// Where the dialog stands.
#[component]
pub(super) fn DialogPlace() -> impl IntoView {
    let dialog: Dialog = use_dialog();
    let parts = use_parts();
    let notices = use_notices();
    // Tools are fetched when the first of them is wanted.
    Effect::new(move |_| {
        if dialog.0.with(Option::is_some) {
            parts.load_tools();
        }
    });
    Effect::new(move |_| {
        if matches!(parts.tools.get(), Part::Missing) && dialog.is_open() {
            dialog.close();
            notices.problem(text::get(Msg::NoPart));
        }
    });
    move || dialog.0.get().zip(parts.tools.get().here()).map(|(tool, show)| show(tool))
}
