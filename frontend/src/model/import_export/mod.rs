//! Moving in and out: what other password managers have written comes to entries, and entries to what they can read.
//!
//! [`read`] finds out what a file is. What comes of it is read row by row, so that a page can draw in between: the rows
//! are iterators. Values come through unchanged; what an entry has no field for goes to its note, by its name, and is
//! remarked. What cannot become an entry is refused with the reason, and nothing of it is kept.
//!
//! [`export`] writes Bitwarden's formats, which others read too.
//!
//! What is parsed passes through buffers of the parsers, which are not wiped: a file of bare passwords is no secret of
//! this page's alone. What stays is: texts, passwords and notes are wiped when they are dropped.

mod bitwarden;
mod bitwarden_json;
mod date;
pub mod export;
mod fault;
mod item;
mod locked;
mod products;
mod table;
mod text;

pub use bitwarden::Items;
pub use fault::ImportFault;
pub use item::{EntryField, ImportItem, ImportRow, NamedAfter, Refusal, RefusedRow, Remark};
pub use locked::{Kdf, LockedExport};
pub use products::ImportSource;
pub use table::{ColumnMapping, ColumnRole, Table, TimeFormat};

use shared::limits::ENTRIES_MAX;

/// Largest file that is read, in bytes: room for as many entries as an account may hold, each with a kilobyte.
pub const BYTES_MAX: usize = 100 * 1024 * 1024;

/// Most rows or items that are read of a file: as many as an account may hold.
#[expect(clippy::cast_possible_truncation, reason = "it is 100,000")]
pub const ROWS_MAX: usize = ENTRIES_MAX as usize;

#[derive(Debug)]
pub enum ImportFile {
    /// The items of an unencrypted export, in JSON.
    Items(Items),
    /// An export under a password of its own.
    Locked(LockedExport),
    /// A table. If its [`Table::source`] is known, so are its columns; otherwise a person says which is which.
    Table(Table),
}

/// Finds out what a file is, by what is in it and not by its name.
///
/// # Errors
/// [`ImportFault`] says what it is that cannot be read, and where.
pub fn read(bytes: Vec<u8>) -> Result<ImportFile, ImportFault> {
    if bytes.len() > BYTES_MAX {
        return Err(ImportFault::TooLarge { bytes: bytes.len() });
    }
    let text = text::decode(bytes)?;
    match text.trim_start().as_bytes().first() {
        None => Err(ImportFault::Empty),
        Some(b'{' | b'[') => bitwarden::read(&text),
        Some(b'<') => Err(ImportFault::Markup),
        Some(_) => Table::read(text).map(ImportFile::Table),
    }
}

#[cfg(test)]
#[cfg(not(target_arch = "wasm32"))]
mod tests;
