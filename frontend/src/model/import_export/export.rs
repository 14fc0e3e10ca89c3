//! Entries for other password managers, in Bitwarden's formats (bitwarden.com/help/condition-bitwarden-import).
//!
//! JSON keeps everything but the rules that a password was minted by. CSV also loses previous passwords, times and the
//! bin. An entry's first tag becomes its folder. If that loses a tag or their order, the custom field "Tags" has all of
//! them, and an import here restores them in order.

use std::borrow::Cow;

use serde::Serialize;
use shared::ids::EntryId;

use super::bitwarden_json::{Field, Folder, Item, Login, PasswordHistory, SecureNote, TAGS, Uri, kind};
use super::date;
use crate::keyring::protocol::entry::{Content, Entry};
use crate::secret::Secret;

/// The tag that stands for Bitwarden's star.
const FAVORITE: &str = "favorite";

const HEADER: &str =
    "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\r\n";

/// The format of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    Json,
    Csv {
        /// True if the file is for a spreadsheet: cells that would be formulas get a leading apostrophe, except
        /// passwords, which would be wrong with it. Other password managers and this one would import the apostrophes.
        for_spreadsheets: bool,
    },
}

impl ExportFormat {
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Json => "passmint.json",
            Self::Csv { .. } => "passmint.csv",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv { .. } => "text/csv;charset=utf-8",
        }
    }
}

/// An entry cannot be written. No such entry is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the entry cannot be written")]
pub struct NotWritten;

/// A file that grows entry by entry, so that a page can draw between them.
pub struct ExportFile {
    format: ExportFormat,
    /// JSON: the items, with commas between them. CSV: the rows.
    text: Vec<u8>,
    /// JSON: the folders, in the order of their first use.
    folders: Vec<String>,
}

impl ExportFile {
    pub fn new(format: ExportFormat) -> Self {
        let head = if format == ExportFormat::Json { "" } else { HEADER };
        Self { format, text: head.into(), folders: Vec::new() }
    }

    /// Adds an entry. In CSV an entry in the bin looks like any other, so the caller leaves it out.
    ///
    /// # Errors
    /// [`NotWritten`] if the entry does not serialize.
    pub fn push(&mut self, id: EntryId, entry: &Entry) -> Result<(), NotWritten> {
        match self.format {
            ExportFormat::Json => self.push_item(id, entry).map_err(|_| NotWritten),
            ExportFormat::Csv { for_spreadsheets } => {
                self.push_row(&entry.content, for_spreadsheets);
                Ok(())
            }
        }
    }

    /// Completes the file.
    ///
    /// # Errors
    /// [`NotWritten`] if the folders do not serialize.
    pub fn finish(mut self) -> Result<Secret, NotWritten> {
        let file = match self.format {
            ExportFormat::Json => {
                let mut file = br#"{"encrypted":false,"folders":"#.to_vec();
                let ids: Vec<String> = (0..self.folders.len()).map(folder_id).collect();
                let folders: Vec<Folder<&str>> = ids
                    .iter()
                    .zip(&self.folders)
                    .map(|(id, name)| Folder { id: Some(id.as_str()), name: Some(name.as_str()) })
                    .collect();
                serde_json::to_writer(&mut file, &folders).map_err(|_| NotWritten)?;
                file.reserve_exact(self.text.len() + 16);
                file.extend(br#","items":["#);
                file.append(&mut self.text);
                file.extend(b"]}");
                file
            }
            ExportFormat::Csv { .. } => self.text,
        };
        String::from_utf8(file).map(Secret::new).map_err(|_| NotWritten)
    }

    fn push_item(&mut self, id: EntryId, entry: &Entry) -> serde_json::Result<()> {
        let Entry { content, created_at, changed_at, history, binned_at, imported_at: _ } = entry;
        // Bitwarden has no place for rules. The opener draws a backup from these items: no compiler error leads to
        // `opener/entry.rs` when there is a new field.
        let Content { name, username, website, password, note, tags, rules: _ } = content;
        let BitwardenTags { folder, is_favorite, list } = BitwardenTags::of(tags);
        let id = id.to_string();
        let folder_id = folder.map(|name| folder_id(self.folder(name)));
        let [created, changed] = [created_at, changed_at].map(|at| date::write(*at));
        let deleted = binned_at.and_then(date::write);
        let times: Vec<String> =
            history.iter().map(|previous| date::write(previous.until).unwrap_or_default()).collect();
        let previous_passwords = history.iter().zip(&times).map(|(previous, time)| PasswordHistory {
            last_used_date: some(time),
            password: Some(previous.password.expose()),
        });
        let is_note = is_note(content) && history.is_empty();
        let login = Login {
            uris: Some(some(website).map(|uri| Uri { how: (), uri: Some(uri) }).into_iter().collect()),
            username: some(username),
            password: some(password.expose()),
            ..Login::default()
        };
        let item = Item {
            password_history: (!history.is_empty()).then(|| previous_passwords.collect()),
            revision_date: changed.as_deref(),
            creation_date: created.as_deref(),
            deleted_date: deleted.as_deref(),
            id: Some(id.as_str()),
            folder_id: folder_id.as_deref(),
            kind: Some(if is_note { kind::SECURE_NOTE } else { kind::LOGIN }),
            name: Some(name.as_str()),
            notes: some(note.expose()),
            favorite: Some(is_favorite),
            fields: list.as_deref().map(|list| vec![Field { name: Some(TAGS), value: Some(list), ..Field::default() }]),
            login: (!is_note).then_some(login),
            secure_note: is_note.then(SecureNote::default),
            ..Item::default()
        };
        if !self.text.is_empty() {
            self.text.push(b',');
        }
        item.serialize(&mut serde_json::Serializer::new(&mut self.text))
    }

    /// The index of a folder, which is added if it is new.
    fn folder(&mut self, name: &str) -> usize {
        self.folders.iter().position(|known| known == name).unwrap_or_else(|| {
            self.folders.push(name.to_owned());
            self.folders.len() - 1
        })
    }

    fn push_row(&mut self, content: &Content, for_spreadsheets: bool) {
        let Content { name, username, website, password, note, tags, rules: _ } = content;
        let BitwardenTags { folder, is_favorite, list } = BitwardenTags::of(tags);
        // Bitwarden reads the cell as a row of addresses.
        let address = quoted(website);
        let texts = [folder.unwrap_or_default(), name, note.expose(), &address, username];
        let apostrophe = |text: &str| if for_spreadsheets && is_formula(text) { "'" } else { "" };
        let [folder, name, note, address, username] = texts.map(|text| [apostrophe(text), text].concat());
        let fields = list.map(|list| format!("{TAGS}: {list}")).unwrap_or_default();
        let cells = [
            folder.as_str(),
            if is_favorite { "1" } else { "" },
            if is_note(content) { "note" } else { "login" },
            &name,
            &note,
            &fields,
            "0",
            &address,
            &username,
            password.expose(),
            "",
        ];
        for (place, cell) in cells.into_iter().enumerate() {
            if place > 0 {
                self.text.push(b',');
            }
            self.text.extend(quoted(cell).as_bytes());
        }
        self.text.extend(b"\r\n");
    }
}

/// Quotes a cell of CSV, or an address in a cell, if necessary (RFC 4180). The csv crate's writer would add a parser of
/// decimal fractions, 18 kB, to tell numbers from texts.
fn quoted(text: &str) -> Cow<'_, str> {
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\"")).into()
    } else {
        text.into()
    }
}

/// An id for a folder, by its index in the file.
fn folder_id(place: usize) -> String {
    format!("00000000-0000-4000-8000-{:012x}", place + 1)
}

fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// True if Bitwarden calls the entry a secure note.
fn is_note(content: &Content) -> bool {
    let Content { name: _, username, website, password, note: _, tags: _, rules: _ } = content;
    username.is_empty() && website.is_empty() && password.is_empty()
}

/// Tags in the form that Bitwarden can store.
struct BitwardenTags<'a> {
    folder: Option<&'a str>,
    is_favorite: bool,
    /// All tags, if folder and star lose any or their order.
    list: Option<String>,
}

impl<'a> BitwardenTags<'a> {
    fn of(tags: &'a [String]) -> Self {
        let folder = tags.iter().map(String::as_str).find(|tag| *tag != FAVORITE);
        let is_favorite = tags.iter().any(|tag| tag == FAVORITE);
        let restored = folder.into_iter().chain(is_favorite.then_some(FAVORITE));
        let list = (!restored.eq(tags.iter().map(String::as_str))).then(|| tags.join(", "));
        Self { folder, is_favorite, list }
    }
}

/// The number of cells that a spreadsheet would take for formulas, and might run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Formulas {
    /// Names, usernames, websites, notes and folders.
    pub texts: usize,
    /// Passwords. They are never changed.
    pub passwords: usize,
}

impl Formulas {
    /// Adds the cells of an entry.
    pub fn count(&mut self, content: &Content) {
        let Content { name, username, website, password, note, tags, rules: _ } = content;
        let folder = BitwardenTags::of(tags).folder.unwrap_or_default();
        let texts = [name, username, website, note.expose(), folder];
        self.texts += texts.into_iter().filter(|text| is_formula(text)).count();
        self.passwords += usize::from(is_formula(password.expose()));
    }
}

/// True if a spreadsheet takes the text for a formula (OWASP, "CSV injection").
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}
