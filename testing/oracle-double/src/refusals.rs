//! Translates SQLite's errors into Oracle's.

use rusqlite::Error;

use crate::error::{OraError, ora};
use crate::sql::Verb;

/// Oracle's refusal for an error of SQLite's, whose words it keeps.
pub fn map(error: &Error, verb: Option<Verb>) -> OraError {
    let (message, offset) = match error {
        Error::SqlInputError { msg, offset, .. } => (msg.clone(), usize::try_from(*offset).unwrap_or(0)),
        Error::SqliteFailure(_, Some(message)) => (message.clone(), 0),
        other => (other.to_string(), 0),
    };
    let of = |this: Verb, code, other| if verb == Some(this) { code } else { other };
    let code = match message.as_str() {
        m if m.starts_with("UNIQUE constraint failed") => 1,
        // A check of a data type carries its number in its name: `~12899~`.
        m if m.starts_with("CHECK constraint failed") => {
            m.split('~').nth(1).and_then(|code| code.parse().ok()).unwrap_or(2290)
        }
        m if m.starts_with("NOT NULL constraint failed") => of(Verb::Update, 1407, 1400),
        // SQLite does not say on which side: only a DELETE can leave children behind, as no key is ever changed.
        m if m.starts_with("FOREIGN KEY constraint failed") => of(Verb::Delete, 2292, 2291),
        m if m.starts_with("no such column") || m.contains("has no column named") => 904,
        m if m.starts_with("no such table") => 942,
        m if m.starts_with("ambiguous column name") => 918,
        m if m.ends_with("already exists") => 955,
        m if m.starts_with("duplicate column name") => 1430,
        m => counted(m).unwrap_or(600),
    };
    OraError { offset, ..ora(code, format!("SQLite says: {message}")) }
}

/// `table T has 3 columns but 2 values were supplied`, `2 values for 3 columns`.
fn counted(message: &str) -> Option<i32> {
    let numbers: Vec<u32> = message.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [first, second] = numbers.as_slice() else { return None };
    let (columns, values) = if message.contains("values were supplied") { (first, second) } else { (second, first) };
    let known = message.contains("values were supplied") || message.contains(" values for ");
    known.then_some(if values < columns { 947 } else { 913 })
}
