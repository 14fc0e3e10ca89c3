//! Import of another program's items. Duplicates of entries are not sealed again, unless the person asks for it.

use std::collections::BTreeSet;

use rand_core_06::{CryptoRng, RngCore};
use sha2::{Digest, Sha512};
use shared::ids::EntryId;

use super::protocol::entry::{Content, Entry, EntryUpdate, ImportItem, ImportOutcome};
use super::protocol::{KeyringError, Response};
use super::vault::{HISTORY_MAX, Vault};

/// Digests of the vault's entries, to find duplicates.
pub(super) struct KnownDigests(BTreeSet<[u8; 32]>);

impl KnownDigests {
    /// Digests all entries except those in the bin, with previous passwords too: after a password was changed,
    /// importing the old file again must not bring the old one back as a new entry.
    pub(super) fn of(vault: &Vault) -> Self {
        let mut known = Self(BTreeSet::new());
        let ids: Vec<EntryId> = vault.records.keys().copied().collect();
        for entry in ids.into_iter().filter_map(|id| vault.entry(id).ok()).filter(|entry| entry.binned_at.is_none()) {
            known.0.insert(digest(&entry.content, entry.content.password.expose()));
            known.0.extend(entry.history.iter().map(|previous| digest(&entry.content, previous.password.expose())));
        }
        known
    }
}

/// A digest of an entry's content with this password, which may be a previous one.
fn digest(content: &Content, password: &str) -> [u8; 32] {
    // Every field by name: a new one does not compile until it is hashed or left out for a reason. Rules are left out:
    // no other program's file has any.
    let Content { name, username, website, password: _, note, tags, rules: _ } = content;
    let mut hasher = Sha512::new();
    let fields = [name.as_str(), username, website, note.expose(), password].into_iter();
    for text in fields.chain(tags.iter().map(String::as_str)) {
        // The length goes first, so that no two lists of fields hash the same bytes.
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    }
    let mut digest = [0; 32];
    digest.copy_from_slice(&hasher.finalize()[..32]);
    digest
}

/// Seals items that are not in the vault, or all of them if `again`.
pub(super) fn seal_new(
    vault: &mut Vault,
    known: &mut KnownDigests,
    items: Vec<ImportItem>,
    again: bool,
    now: u64,
    random: &mut (impl RngCore + CryptoRng),
) -> Result<Response, KeyringError> {
    let mut all = EntryUpdate::default();
    let mut seal = |item: ImportItem| {
        let ImportItem { content, mut history, created_at, changed_at } = item;
        let is_new = known.0.insert(digest(&content, content.password.expose()));
        if !is_new && !again {
            return Ok(ImportOutcome::Duplicate);
        }
        history.truncate(HISTORY_MAX);
        // A time in the future would pin the entry to the top of the list.
        let changed_at = changed_at.filter(|at| *at <= now).unwrap_or(now);
        let created_at = created_at.filter(|at| *at <= changed_at).unwrap_or(changed_at);
        let entry = Entry { content, created_at, changed_at, history, binned_at: None, imported_at: Some(now) };
        match vault.add(entry, now, &mut all, random) {
            Ok(id) => Ok(ImportOutcome::Sealed(id)),
            Err(KeyringError::TooLarge) => Ok(ImportOutcome::TooLarge),
            Err(error) => Err(error),
        }
    };
    let items = items.into_iter().map(&mut seal).collect::<Result<_, _>>()?;
    Ok(Response::Imported { items, update: all })
}
