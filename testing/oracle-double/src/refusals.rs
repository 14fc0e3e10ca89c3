//! Translates SQLite's errors into Oracle's.

use rusqlite::{Connection, Error, OptionalExtension};

use crate::error::{OraError, ora, plain};
use crate::sql::Verb;

#[derive(Clone, Copy)]
pub struct Failed<'a> {
    pub user: &'a str,
    pub verb: Option<Verb>,
    pub table: &'a str,
    /// Columns that an UPDATE sets.
    pub set: &'a [String],
}

/// Oracle's refusal for an error of SQLite's.
pub fn map(db: &Connection, error: &Error, failed: Failed<'_>) -> OraError {
    let (message, offset) = match error {
        Error::SqlInputError { msg, offset, .. } => (msg.clone(), usize::try_from(*offset).unwrap_or(0)),
        Error::SqliteFailure(_, Some(message)) => (message.clone(), 0),
        other => (other.to_string(), 0),
    };
    let after = |prefix: &str| message.strip_prefix(prefix).map(str::to_owned);
    if let Some(columns) = after("UNIQUE constraint failed: ") {
        return unique(db, &columns, failed.user);
    }
    if let Some(name) = after("CHECK constraint failed: ") {
        return check(&name, failed.user);
    }
    if let Some(column) = after("NOT NULL constraint failed: ") {
        let column = column.replace('.', "\".\"");
        let user = failed.user.to_uppercase();
        return if failed.verb == Some(Verb::Update) {
            ora(1407, format!("cannot update (\"{user}\".\"{column}\") to NULL"))
        } else {
            ora(1400, format!("cannot insert NULL into (\"{user}\".\"{column}\")"))
        };
    }
    if message == "FOREIGN KEY constraint failed" {
        return foreign(db, failed);
    }
    if let Some(name) = after("no such column: ").or_else(|| after("no such function: ")) {
        return ora(904, format!("{}: invalid identifier", quote(&name))).at(offset);
    }
    if let Some((_, name)) = message.split_once(" has no column named ") {
        return ora(904, format!("{}: invalid identifier", quote(name))).at(offset);
    }
    if let Some(code) = counted(&message) {
        return plain(code);
    }
    let code = match message.as_str() {
        m if m.starts_with("no such table") || m.starts_with("no such view") => 942,
        m if m.starts_with("ambiguous column name") => 918,
        m if m.starts_with("no such index") => 1418,
        m if m.contains("same number of") || m.contains("row value misused") || m.starts_with("sub-select returns") => {
            947
        }
        m if m.starts_with("misuse of aggregate") => 934,
        m if m.contains("integer overflow") => 1426,
        m if m.starts_with("duplicate column name") => 957,
        m if m.starts_with("foreign key mismatch") => 2270,
        m if m.contains("database is locked") => 3136,
        _ => return ora(600, format!("internal error code: SQLite says: {message}")),
    };
    plain(code).at(offset)
}

fn quote(name: &str) -> String {
    let parts: Vec<_> = name.split('.').map(|part| format!("\"{part}\"")).collect();
    parts.join(".")
}

/// `table T has 3 columns but 2 values were supplied`, `2 values for 3 columns`.
fn counted(message: &str) -> Option<i32> {
    let numbers: Vec<u32> = message.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [first, second] = numbers.as_slice() else { return None };
    if message.contains("values were supplied") {
        Some(if second < first { 947 } else { 913 })
    } else if message.contains(" values for ") || message.contains("columns assigned") {
        let enough = if message.contains("columns assigned") { second < first } else { first >= second };
        Some(if enough { 913 } else { 947 })
    } else {
        None
    }
}

fn unique(db: &Connection, columns: &str, user: &str) -> OraError {
    let user = user.to_uppercase();
    let text = |name: &str| ora(1, format!("unique constraint ({user}.{name}) violated"));
    if let Some(index) = columns.strip_prefix("index '") {
        return text(index.trim_end_matches('\''));
    }
    let table = columns.split('.').next().unwrap_or_default();
    let names: Vec<_> = columns.split(", ").filter_map(|column| column.split('.').nth(1)).collect();
    let found: Option<String> = db
        .query_row(
            "SELECT name FROM ora$constraints WHERE table_name = ?1 AND columns = ?2 AND kind IN ('P', 'U')",
            [table, &names.join(", ")],
            |row| row.get(0),
        )
        .optional()
        .unwrap_or_default();
    text(&found.unwrap_or_else(|| format!("SYS_{table}")))
}

fn check(name: &str, user: &str) -> OraError {
    let mut parts = name.split('~');
    let code = parts.nth(1).and_then(|code| code.parse().ok());
    let (Some(code), Some(table), Some(column)) = (code, parts.next(), parts.next()) else {
        return ora(2290, format!("check constraint ({}.{name}) violated", user.to_uppercase()));
    };
    match code {
        12899 => ora(code, format!("value too large for column \"{}\".\"{table}\".\"{column}\"", user.to_uppercase())),
        _ => plain(code),
    }
}

/// SQLite does not say which foreign key failed, nor on which side.
fn foreign(db: &Connection, failed: Failed<'_>) -> OraError {
    let own = "SELECT name, columns FROM ora$constraints WHERE kind = 'R' AND table_name = ?1";
    let others = "SELECT name, columns FROM ora$constraints WHERE kind = 'R' AND parent = ?1";
    let first = |sql: &str| {
        let row = db.query_row(sql, [failed.table], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
        row.unwrap_or_else(|_| ("?".to_owned(), String::new()))
    };
    let child = match failed.verb {
        Some(Verb::Insert) => true,
        Some(Verb::Update) => first(own).1.split(", ").any(|column| failed.set.iter().any(|set| set == column)),
        _ => false,
    };
    let (code, name) = if child { (2291, first(own).0) } else { (2292, first(others).0) };
    let what = if child { "parent key not found" } else { "child record found" };
    ora(code, format!("integrity constraint ({}.{name}) violated - {what}", failed.user.to_uppercase()))
}
