//! Lists for the operator: tables for people, and the choice of a row by the beginning of its id.

use std::fmt::Write as _;
use std::io::{self, Write};

use anyhow::{Result, bail, ensure};
use clap::Args;
use serde_json::Value;
use time::OffsetDateTime;

use crate::store::Millis;

/// Digits of an id in a table. JSON has all of them.
const SHOWN_DIGITS: usize = 12;
/// Least digits by which an id can be chosen.
const LEAST_DIGITS: usize = 4;

/// The form of a list.
#[derive(Args, Debug, Clone, Copy)]
pub struct ListArgs {
    /// Print the list as JSON.
    #[arg(long)]
    pub json: bool,
}

impl ListArgs {
    /// Prints a list: `rows` with a heading for people, or `json` under `name`.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub(super) fn print<const N: usize>(
        self,
        name: &str,
        heading: [&str; N],
        rows: &[[String; N]],
        json: Vec<Value>,
    ) -> io::Result<()> {
        let mut out = io::stdout();
        if self.json {
            return writeln!(out, "{}", serde_json::json!({ name: json }));
        }
        if rows.is_empty() {
            return writeln!(out, "no {name}");
        }
        out.write_all(table(heading, rows).as_bytes())
    }
}

/// A table whose columns are as wide as their longest value, in characters.
fn table<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> String {
    let heading = heading.map(str::to_owned);
    let lines = || std::iter::once(&heading).chain(rows);
    let width = |column: usize| lines().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for line in lines() {
        let mut row = String::new();
        for (column, value) in line.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(row, "{value:<width$}  ", width = width(column));
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

/// All hexadecimal digits of an id.
pub(super) fn digits(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first digits of an id, for a table and for messages.
pub(super) fn short(id: &[u8]) -> String {
    digits(id).chars().take(SHOWN_DIGITS).collect()
}

/// The one of `rows` whose id begins with `text`.
///
/// # Errors
/// If there is none or more than one, or `text` is too short.
pub(super) fn find<'a, T>(kind: &str, rows: &'a [T], id: impl Fn(&T) -> &[u8], text: &str) -> Result<&'a T> {
    let text = text.to_lowercase();
    ensure!(
        text.len() >= LEAST_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{text:?} is not an id of this list: give at least {LEAST_DIGITS} of its digits"
    );
    let mut found = rows.iter().filter(|row| digits(id(row)).starts_with(&text));
    match (found.next(), found.next()) {
        (Some(row), None) => Ok(row),
        (Some(_), Some(_)) => bail!("more than one {kind} begins with {text}: give more digits"),
        (None, _) => bail!("there is no {kind} {text}"),
    }
}

/// A time to the minute, in UTC.
pub(super) fn time(when: Millis) -> String {
    let seconds = i64::try_from(when / 1000).unwrap_or(i64::MAX);
    match OffsetDateTime::from_unix_timestamp(seconds) {
        Ok(time) => format!("{} {:02}:{:02} UTC", time.date(), time.hour(), time.minute()),
        Err(_) => "never".to_owned(),
    }
}

/// A name that a person chose, without characters that would reorder or hide text on a terminal.
pub(super) fn printable(name: &str) -> String {
    let hides = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    name.chars().map(|c| if hides(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_is_found_by_any_beginning_that_only_it_has() {
        let ids = [[0x12, 0x34, 0x56], [0x12, 0x34, 0x57], [0xab, 0xcd, 0xef]];
        let found = |text| find("invite", &ids, |id| id, text).map_err(|error| error.to_string());
        assert_eq!(found("ABCD"), Ok(&ids[2]));
        assert_eq!(found("123457"), Ok(&ids[1]));
        assert_eq!(found("12345"), Err("more than one invite begins with 12345: give more digits".into()));
        assert_eq!(found("abce"), Err("there is no invite abce".into()));
        for text in ["", "abc", "--all", "ab cd"] {
            assert!(found(text).unwrap_err().contains("is not an id"), "{text}");
        }
    }

    #[test]
    fn table_aligns_columns_and_hides_no_text() {
        let rows = [["ä".to_owned(), "1".to_owned()], [printable("ada\u{202e}x\u{1b}"), "22".to_owned()]];
        assert_eq!(table(["name", "entries"], &rows), "name    entries\nä       1\nada\u{fffd}x\u{fffd}  22\n");
        assert_eq!(time(1_796_050_000_999), "2026-11-30 14:46 UTC");
        assert_eq!(time(u64::MAX), "never");
    }
}
