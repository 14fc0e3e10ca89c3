//! Copying what an entry holds, and taking it off the clipboard after a while.

use std::time::Duration;

use leptos::task::spawn_local;

use super::notice::Notices;
use crate::platform::browser;
use crate::secret::Secret;
use crate::text::{self, Msg};

/// How long a copied secret stays on the clipboard, in seconds.
const SECONDS: u32 = 30;

/// The clipboard, for what one entry holds.
#[derive(Clone, Copy)]
pub(super) struct Clipboard {
    notices: Notices,
    is_saved: bool,
}

impl Clipboard {
    /// For an entry that the server has (`is_saved`) or not: what is not saved yet is not taken off.
    pub(super) fn new(notices: Notices, is_saved: bool) -> Self {
        Self { notices, is_saved }
    }

    /// Copies something of the entry of this name, and says so.
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

    /// As [`Clipboard::copy`], of text that is on the page.
    pub(super) fn copy_shown(self, name: &str, shown: &str) {
        let (name, secret) = (name.to_owned(), Secret::new(shown.to_owned()));
        spawn_local(async move { self.copy(&name, secret).await });
    }
}
