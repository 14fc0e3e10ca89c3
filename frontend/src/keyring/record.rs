//! One entry of an open vault: the server's version, and the changes that wait for the server.

use serde::{Deserialize, Serialize};
use shared::bytes::Base64Url;

use super::head::{Listed, ListedKind};
use super::json;
use super::protocol::KeyringError;
use super::protocol::entry::EntryState;
use super::protocol::outbox::{ChangeRef, SealedChange};

/// [`Base::content`] if the server has no version.
pub(super) const NOTHING: u64 = 0;
/// [`Base::content`] of a deletion.
pub(super) const DELETION: u64 = 1;
/// [`Base::content`] of a version that does not open.
pub(super) const UNREADABLE: u64 = 2;

#[derive(Debug, Default)]
pub(super) struct Record {
    /// The server's version; none if it does not list the entry.
    pub(super) listed: Option<Listed>,
    /// The newest of the server's versions that opens, sealed, unless it is a deletion.
    pub(super) stored: Option<(u32, Vec<u8>)>,
    /// Changes that the server does not have.
    pub(super) waiting: Vec<Waiting>,
    /// The conflict was reported.
    pub(super) is_reported: bool,
}

/// A sealed change that the server does not have, or does not have any more.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) change: ChangeRef,
    /// The version that it was made from. Its own if the server had this change once, and served another one later: it
    /// is never sent as it is, and a person has to choose.
    pub(super) replaces: u32,
    pub(super) bytes: Vec<u8>,
    /// The content that it was made from; none for a change of an older page.
    pub(super) after: Option<u64>,
    /// Its own content, as [`Base::content`].
    pub(super) content: u64,
}

/// A version to build on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Base {
    /// 0 for none.
    pub(super) version: u32,
    /// [`super::keys::VaultKeys::content_mark`] of the document, [`NOTHING`], [`DELETION`] or [`UNREADABLE`].
    pub(super) content: u64,
}

/// The order of an entry's waiting changes, as places in [`Record::waiting`].
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Changes that build on the server's version, one on the other.
    pub(super) chain: Vec<usize>,
    /// The newest of the changes that do not: this browser's side of a conflict.
    pub(super) mine: Option<usize>,
}

impl Order {
    pub(super) fn state(&self) -> EntryState {
        match (self.mine, self.chain.is_empty()) {
            (Some(_), _) => EntryState::Conflict,
            (None, false) => EntryState::Waiting,
            (None, true) => EntryState::Saved,
        }
    }
}

impl Record {
    /// The server's version; 0 if it lists none.
    pub(super) fn version(&self) -> u32 {
        self.listed.map_or(0, |listed| listed.version)
    }

    /// The order of the waiting changes upon the server's version.
    pub(super) fn order(&self, base: Base) -> Order {
        let mut order = Order::default();
        let mut at = base;
        while let Some(next) = self.waiting.iter().enumerate().position(|(place, waiting)| {
            let fits = waiting.after.map_or(waiting.replaces == at.version, |after| after == at.content);
            fits && !waiting.is_held() && !order.chain.contains(&place)
        }) {
            order.chain.push(next);
            at = self.waiting[next].as_base();
        }
        let strays = (0..self.waiting.len()).filter(|place| !order.chain.contains(place));
        order.mine = strays.max_by_key(|place| self.waiting[*place].change.version);
        order
    }

    /// Takes a change and those that it builds on out, except the places in `but`.
    pub(super) fn take_line(&mut self, last: usize, but: &[usize]) -> Vec<Waiting> {
        let mut line = vec![last];
        let mut after = self.waiting[last].after;
        while let Some(before) = (0..self.waiting.len())
            .find(|place| Some(self.waiting[*place].content) == after && !line.contains(place) && !but.contains(place))
        {
            line.push(before);
            after = self.waiting[before].after;
        }
        line.sort_unstable();
        line.into_iter().rev().map(|place| self.waiting.remove(place)).collect()
    }

    pub(super) fn is_deletion(&self) -> bool {
        self.listed.is_some_and(|listed| listed.kind == ListedKind::Deletion)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.listed.is_none() && self.waiting.is_empty()
    }
}

impl Waiting {
    /// True if the server had it once.
    pub(super) fn is_held(&self) -> bool {
        self.replaces == self.change.version
    }

    pub(super) fn is_deletion(&self) -> bool {
        self.content == DELETION
    }

    pub(super) fn as_base(&self) -> Base {
        Base { version: self.change.version, content: self.content }
    }

    /// The text for the local store.
    pub(super) fn to_item(&self) -> Result<SealedChange, KeyringError> {
        let &Self { change, replaces, after, .. } = self;
        let item = Item { replaces, version: Some(change.version), sealed: Base64Url(self.bytes.clone()), after };
        Ok(SealedChange { change, body: json::write_body(&item)? })
    }
}

/// A change in the local store. It says what it was made from: after a lock, the server may list another version.
#[derive(Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) replaces: u32,
    /// Items from before version numbers had gaps do not have it.
    #[serde(default)]
    pub(super) version: Option<u32>,
    pub(super) sealed: Base64Url,
    #[serde(default)]
    pub(super) after: Option<u64>,
}

/// The identity of sealed bytes of this version.
pub(super) fn mark_of_nonce(bytes: &[u8]) -> u64 {
    let from = if bytes.first() == Some(&shared::changes::FORMAT_1) { 1 } else { shared::changes::HEADER_LEN };
    bytes.get(from..from + 8).and_then(|nonce| nonce.try_into().ok()).map(u64::from_be_bytes).unwrap_or_default()
}
