//! The faults that make a file unreadable.

use super::{BYTES_MAX, ROWS_MAX};

/// The fault that makes a file unreadable. Lines and columns count from 1; columns are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportFault {
    /// The file has only blanks, or nothing.
    #[error("the file is empty")]
    Empty,
    /// The file is larger than [`BYTES_MAX`].
    #[error("the file has {bytes} bytes; at most {BYTES_MAX} are read")]
    TooLarge { bytes: usize },
    /// A KeePass database (.kdbx, .kdb). KeePassXC can export it as CSV.
    #[error("a KeePass database: export it as CSV, from KeePassXC")]
    KeePassDatabase,
    /// A ZIP archive, as are 1Password's .1pux, Proton Pass's export and Excel's .xlsx.
    #[error("a ZIP archive: export as CSV or JSON, or unpack it")]
    Zip,
    /// The file has NUL bytes: it is a picture, a program, or UTF-16 without a byte order mark.
    #[error("a binary file")]
    Binary,
    /// The text is neither UTF-8 nor UTF-16 with a byte order mark. Guessing its encoding could change passwords.
    #[error("the text is not UTF-8 (line {line})")]
    NotUnicode {
        /// The first line with an invalid byte.
        line: usize,
    },
    #[error("XML or HTML: export as CSV")]
    Markup,
    /// The JSON ends too soon.
    #[error("the JSON ends too soon, at line {line}, column {column}")]
    JsonCutOff { line: usize, column: usize },
    /// The file begins like JSON, but is not JSON.
    #[error("the JSON is invalid at line {line}, column {column}")]
    NotJson { line: usize, column: usize },
    /// The JSON is valid, but no export of Bitwarden.
    #[error("JSON of an unknown kind")]
    UnknownJson,
    /// A value has another type than in Bitwarden's exports.
    #[error("a value differs from Bitwarden's format at line {line}, column {column}")]
    UnexpectedJson { line: usize, column: usize },
    /// The export is encrypted with the key of a Bitwarden account, which nobody else has.
    #[error("encrypted for one Bitwarden account: export it with its own password, or as plain JSON")]
    AccountEncrypted,
    /// The key derivation is unknown, or its cost is one that Bitwarden does not offer.
    #[error("the cost of the key derivation is out of range")]
    KdfOutOfRange,
    #[error("wrong password")]
    WrongPassword,
    /// The password is right, but the protected data was changed, or differs from Bitwarden's format.
    #[error("the protected data is damaged")]
    Damaged,
    /// A quoted cell is never closed: the table was cut off, or has a stray quote.
    #[error("the quote opened in line {line} is never closed")]
    OpenQuote { line: usize },
    /// The text has one column without a known name.
    #[error("the text is not a table")]
    NotATable,
    /// The table has only a header, or the export has no items.
    #[error("nothing follows the header")]
    NoRows,
    /// There are more rows or items than [`ROWS_MAX`].
    #[error("{count} rows; at most {ROWS_MAX} are read")]
    TooMany { count: usize },
}
