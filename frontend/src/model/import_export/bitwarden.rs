//! Reads the items of Bitwarden's JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::error::Category;

use super::bitwarden_json::{BitwardenExport, Folder, Item, LooseText, NamedTexts, TAGS, kind};
use super::item::{ImportDraft, ImportRow, Remark, SeenRows};
use super::{ImportFault, ImportFile, ImportSource, LockedExport, ROWS_MAX, date};
use crate::keyring::protocol::entry::PreviousPassword;

/// Reads an export, unencrypted or protected.
pub(super) fn read(text: &str) -> Result<ImportFile, ImportFault> {
    let vault: BitwardenExport = serde_json::from_str(text).map_err(|error| fault(&error, text))?;
    match (vault.encrypted, vault.password_protected) {
        (Some(true), Some(true)) => LockedExport::new(vault).map(ImportFile::Locked),
        (Some(true), _) => Err(ImportFault::AccountEncrypted),
        _ => Items::new(vault).map(ImportFile::Items),
    }
}

fn fault(error: &serde_json::Error, text: &str) -> ImportFault {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        Category::Eof => ImportFault::JsonCutOff { line, column },
        Category::Syntax | Category::Io => ImportFault::NotJson { line, column },
        Category::Data if text.trim_start().starts_with('{') => ImportFault::UnexpectedJson { line, column },
        Category::Data => ImportFault::UnknownJson,
    }
}

/// The items of an export, not converted yet.
pub struct Items {
    items: Vec<Item<LooseText>>,
    /// The names of folders and collections, by their ids.
    folders: BTreeMap<String, LooseText>,
}

/// Hides the secrets in the items.
impl fmt::Debug for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Items({})", self.items.len())
    }
}

impl Items {
    pub(super) fn new(vault: BitwardenExport) -> Result<Self, ImportFault> {
        let items = vault.items.ok_or(ImportFault::UnknownJson)?;
        match items.len() {
            0 => Err(ImportFault::NoRows),
            // Items of other products have no type.
            _ if items.iter().all(|item| item.kind.is_none()) => Err(ImportFault::UnknownJson),
            1..=ROWS_MAX => {
                let folders = [vault.folders, vault.collections].into_iter().flatten().flatten();
                let named = |folder: Folder<LooseText>| Some((text(&folder.id).to_owned(), folder.name?));
                Ok(Self { items, folders: folders.filter_map(named).collect() })
            }
            count => Err(ImportFault::TooMany { count }),
        }
    }

    pub fn source(&self) -> ImportSource {
        ImportSource::BitwardenJson
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Converts the items one by one. `fallback` names an item without name, website and username by its number.
    pub fn rows(self, fallback: impl Fn(usize) -> String) -> impl Iterator<Item = ImportRow> {
        let Self { items, folders } = self;
        let mut seen = SeenRows::default();
        (1..).zip(items).map(move |(number, item)| draft(item, &folders).finish(number, &fallback, &mut seen))
    }
}

fn draft(item: Item<LooseText>, folders: &BTreeMap<String, LooseText>) -> ImportDraft {
    let mut draft = ImportDraft::default();
    text(&item.name).clone_into(&mut draft.name);
    draft.created_at = at(&item.creation_date);
    draft.changed_at = at(&item.revision_date);
    draft.binned_at = at(&item.deleted_date);
    draft.note.push_str(text(&item.notes));
    for id in item.folder_id.iter().chain(item.collection_ids.iter().flatten()) {
        if let Some(folder) = folders.get(id.0.expose()) {
            draft.add_tags(folder.0.expose(), &[',']);
        }
    }
    if item.favorite == Some(true) {
        draft.add_tags("favorite", &[]);
    }
    if !text(&item.archived_date).is_empty() {
        draft.add_tags("archived", &[]);
    }
    if let Some(login) = item.login {
        text(&login.username).clone_into(&mut draft.username);
        draft.password = login.password.map(|password| password.0).unwrap_or_default();
        let uris = login.uris.into_iter().flatten().filter_map(|uri| uri.uri);
        uris.filter(|uri| !uri.0.is_empty()).for_each(|uri| draft.add_website(uri.0.expose()));
        draft.add_to_note("TOTP", text(&login.totp));
        if login.passkeys.is_some_and(|passkeys| !passkeys.is_empty()) {
            draft.remark(Remark::PasskeyLeftOut);
        }
    }
    let records = [item.card, item.identity, item.ssh_key, item.bank_account, item.drivers_license, item.passport];
    records.into_iter().flatten().for_each(|record| lines(record, &mut draft));
    for field in item.fields.into_iter().flatten() {
        match (text(&field.name), text(&field.value)) {
            (TAGS, tags) => draft.set_tag_order(tags),
            ("", value) => draft.add_to_note("Field", value),
            (name, value) => draft.add_to_note(name, value),
        }
    }
    let changed_at = draft.changed_at.unwrap_or_default();
    let previous = |previous: super::bitwarden_json::PasswordHistory<LooseText>| {
        let until = at(&previous.last_used_date).unwrap_or(changed_at);
        previous
            .password
            .filter(|password| !password.0.is_empty())
            .map(|password| PreviousPassword { password: password.0, until })
    };
    draft.history = item.password_history.into_iter().flatten().filter_map(previous).collect();
    draft.history.sort_by_key(|previous| std::cmp::Reverse(previous.until));
    if item.kind.is_none_or(|number| !(kind::LOGIN..=kind::LAST).contains(&number)) {
        draft.remark(Remark::UnknownKind);
    }
    draft
}

/// The fields of a card, an identity and so on go to the note, except for a username.
fn lines(record: NamedTexts<LooseText>, draft: &mut ImportDraft) {
    for (key, value) in record.0 {
        match (key.as_str(), text(&value)) {
            ("username", value) if draft.username.is_empty() => value.clone_into(&mut draft.username),
            (key, value) => draft.add_to_note(&label(key), value),
        }
    }
}

/// The label of a key: "cardholderName" becomes "Cardholder name".
fn label(key: &str) -> String {
    match key {
        "number" => return "Card number".to_owned(),
        "code" => return "Security code".to_owned(),
        "expMonth" => return "Expiry month".to_owned(),
        "expYear" => return "Expiry year".to_owned(),
        "ssn" | "iban" | "pin" => return key.to_ascii_uppercase(),
        _ => {}
    }
    let mut label = String::with_capacity(key.len() + 4);
    for (place, character) in key.chars().enumerate() {
        match character {
            _ if place == 0 => label.push(character.to_ascii_uppercase()),
            'A'..='Z' => label.extend([' ', character.to_ascii_lowercase()]),
            _ => label.push(character),
        }
    }
    label
}

fn text(value: &Option<LooseText>) -> &str {
    value.as_ref().map_or("", |text| text.0.expose())
}

fn at(value: &Option<LooseText>) -> Option<u64> {
    date::read(text(value))
}

/// Reads the items of a decrypted export.
pub(super) fn read_unlocked(json: &[u8]) -> Result<Items, ImportFault> {
    // Text and not bytes, so that the page has one JSON reader of items and not two: each takes 50 kB.
    let text = str::from_utf8(json).map_err(|_| ImportFault::Damaged)?;
    let vault: BitwardenExport = serde_json::from_str(text).map_err(|_| ImportFault::Damaged)?;
    Items::new(vault).map_err(|fault| if fault == ImportFault::UnknownJson { ImportFault::Damaged } else { fault })
}
