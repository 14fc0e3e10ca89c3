//! Why a file cannot be read.

use super::{BYTES_MAX, ROWS_MAX};

/// Why a file cannot be read at all. Lines and columns count from 1; columns are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportFault {
    /// Nothing is in it, or blanks only.
    #[error("the file is empty")]
    Empty,
    /// It is larger than [`BYTES_MAX`].
    #[error("the file has {bytes} bytes; at most {BYTES_MAX} are read")]
    TooLarge { bytes: usize },
    /// A KeePass database (.kdbx, .kdb). KeePassXC can export it as CSV.
    #[error("a KeePass database: export it as CSV, from KeePassXC")]
    KeePassDatabase,
    /// A ZIP archive: so are 1Password's .1pux, Proton Pass's export and Excel's .xlsx.
    #[error("a ZIP archive: export as CSV or JSON, or unpack it")]
    Zip,
    /// It holds NUL bytes: a picture, a program, or UTF-16 without a byte order mark.
    #[error("a binary file")]
    Binary,
    /// It is text in an encoding that is neither UTF-8 nor UTF-16 with a byte order mark. To guess would change passwords.
    #[error("the text is not UTF-8 (line {line})")]
    NotUnicode {
        /// The first line with such an byte.
        line: usize,
    },
    #[error("XML or HTML: export as CSV")]
    Markup,
    /// The JSON ends too soon.
    #[error("the JSON ends too soon, at line {line}, column {column}")]
    JsonCutOff { line: usize, column: usize },
    /// It begins like JSON and is none.
    #[error("no JSON from line {line}, column {column} on")]
    NotJson { line: usize, column: usize },
    /// Valid JSON, but no export of Bitwarden's.
    #[error("JSON of an unknown kind")]
    UnknownJson,
    /// A value is of another kind than in Bitwarden's exports.
    #[error("not as Bitwarden writes it, at line {line}, column {column}")]
    UnexpectedJson { line: usize, column: usize },
    /// Encrypted with the key of a Bitwarden account, which nobody else has. Export as "password protected" or bare.
    #[error("encrypted for one Bitwarden account: export it with a password of its own, or as plain JSON")]
    AccountEncrypted,
    /// The password is to be stretched in a way that is not known, or at a cost that no export of Bitwarden's has.
    #[error("the costs of the password's stretching are out of range")]
    KdfOutOfRange,
    #[error("wrong password")]
    WrongPassword,
    /// The password is right, but what it protects was changed or is not as Bitwarden writes it.
    #[error("the protected data is damaged")]
    Damaged,
    /// A quoted cell is never closed: the table was cut off, or holds a stray quote.
    #[error("a quote is opened in line {line} and never closed")]
    OpenQuote { line: usize },
    /// Text, but no table: one column, of no known name.
    #[error("no table")]
    NotATable,
    /// A table with a header only, or an export without items.
    #[error("nothing follows the header")]
    NoRows,
    /// There are more rows or items than [`ROWS_MAX`].
    #[error("{count} rows; at most {ROWS_MAX} are read")]
    TooMany { count: usize },
}
