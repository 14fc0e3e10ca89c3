//! Import and export: reads the files of other password managers into entries, and writes entries into files for them.
//!
//! [`read`] detects the kind of a file. Its rows are iterators, so that a page can draw between them. Values are
//! imported unchanged. A value without a field in an entry goes to the note, under its name, with a remark. A row that
//! cannot become an entry is refused as a whole, with the reason.
//!
//! [`export`] writes Bitwarden's formats, which other programs read too.
//!
//! The parsers' buffers are not wiped: a file of bare passwords is not a secret of this page alone. The results are:
//! texts, passwords and notes are wiped when they are dropped.

mod bitwarden;
mod bitwarden_json;
mod columns;
mod date;
pub mod export;
mod fault;
mod item;
mod locked;
mod products;
mod table;
mod text;

pub use bitwarden::Items;
pub use columns::{ColumnMapping, ColumnRole, TimeFormat};
pub use fault::ImportFault;
pub use item::{ConvertedEntry, EntryField, ImportRow, NamedAfter, Refusal, RefusedRow, Remark};
pub use locked::{Kdf, LockedExport};
pub use products::ImportSource;
pub use table::Table;

use shared::limits::ENTRIES_MAX;

/// Largest file that is read, in bytes: it suffices for the entries of a full account, with a kilobyte each.
pub const BYTES_MAX: usize = 100 * 1024 * 1024;

/// Most rows or items of a file: as many as an account may hold.
#[expect(clippy::cast_possible_truncation, reason = "it is 100,000")]
pub const ROWS_MAX: usize = ENTRIES_MAX as usize;

/// A file whose kind was detected.
#[derive(Debug)]
pub enum ImportFile {
    /// The items of an unencrypted export, in JSON.
    Items(Items),
    /// An export protected by its own password.
    Locked(LockedExport),
    /// A table. If its [`Table::source`] is known, so are its columns; otherwise a person assigns them.
    Table(Table),
}

/// Detects the kind of a file by its content, not by its name.
///
/// # Errors
/// [`ImportFault`] tells what cannot be read, and where.
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
