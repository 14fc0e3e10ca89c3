//! The dialog that a tool is shown in: one at a time, over the page, which stays as it is.

use std::sync::Arc;

use leptos::prelude::*;
use shared::ids::EntryId;

use super::lazy::{Lazy, use_lazy_parts};
use super::notice::use_notices;
use crate::secret::Secret;
use crate::text::Msg;

#[derive(Clone)]
pub enum Tool {
    Settings,
    /// A secret, to be read aloud and typed elsewhere.
    Read(Arc<Secret>),
    Bulk,
    Trust,
    Entry(EntryTool),
    /// The vault as a whole.
    Manage(Manage),
}

/// What is done with a vault as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manage {
    /// Making one, by an invite: a form, and no dialog.
    Create,
    /// Its secrets, its sessions, locking, and its end.
    Account,
    /// Taking over what is in another program's file.
    Import,
    Export,
    /// Which of its passwords want to be changed.
    Health,
}

/// What of the vault is shown in the dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryTool {
    Show(EntryId),
    /// An entry, to be changed.
    Edit(EntryId),
    /// A new entry, like this one.
    Duplicate(EntryId),
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
        if self.0.with_untracked(|tool| matches!(tool, Some(Tool::Entry(_) | Tool::Manage(_)))) {
            self.close();
        }
    }

    /// Whether a tool is open.
    #[must_use]
    pub fn is_open(self) -> bool {
        self.0.with_untracked(Option::is_some)
    }
}

#[component]
pub(super) fn DialogView() -> impl IntoView {
    let dialog: Dialog = use_dialog();
    let parts = use_lazy_parts();
    let notices = use_notices();
    let place = move |tool: &Tool| if matches!(tool, Tool::Manage(_)) { parts.manage } else { parts.tools };
    // A part is fetched when the first of its tools is wanted.
    Effect::new(move |_| match dialog.0.get() {
        Some(Tool::Manage(_)) => parts.load_manage(),
        Some(_) => parts.load_tools(),
        None => {}
    });
    Effect::new(move |_| {
        if dialog.0.get().is_some_and(|tool| matches!(place(&tool).get(), Lazy::Failed)) {
            dialog.close();
            notices.problem(Msg::NoPart);
        }
    });
    move || dialog.0.get().and_then(|tool| Some(place(&tool).get().ready()?(tool)))
}
