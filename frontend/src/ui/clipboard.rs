//! Copies fields of an entry, and clears the clipboard after a while.

use std::time::Duration;

use leptos::task::spawn_local;

use super::notice::Notices;
use crate::platform::browser;
use crate::secret::Secret;
use crate::text::{self, Msg};

/// How long a copied secret stays on the clipboard, in seconds.
const SECONDS: u32 = 30;

/// The clipboard for the fields of one entry.
#[derive(Clone, Copy)]
pub(super) struct Clipboard {
    notices: Notices,
    is_saved: bool,
}

impl Clipboard {
    /// `is_saved` says whether the server has the entry. While it has not, the clipboard may hold the only copy and is
    /// not cleared.
    pub(super) fn new(notices: Notices, is_saved: bool) -> Self {
        Self { notices, is_saved }
    }

    /// Copies a secret of the entry called `name`, and says so.
    pub(super) async fn copy(self, name: &str, secret: Secret) {
        let Self { notices, is_saved } = self;
        if browser::copy(secret.expose()).await.is_err() {
            return notices.problem(Msg::CopyFailed);
        }
        let name = name.to_owned();
        notices.result(move || text::with(Msg::Copied, &[("name", &name), ("seconds", &SECONDS)]));
        if is_saved {
            browser::clear_clipboard_after(Duration::from_secs(SECONDS.into()), move || {
                notices.result(Msg::ClipboardCleared);
            });
        }
    }

    /// Like [`Clipboard::copy`], for text that the page shows.
    pub(super) fn copy_shown(self, name: &str, shown: &str) {
        let (name, secret) = (name.to_owned(), Secret::new(shown.to_owned()));
        spawn_local(async move { self.copy(&name, secret).await });
    }
}
