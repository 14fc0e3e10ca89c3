//! Tests of every product's file, bad files, protected files, and export with import.

mod bad;
mod export;
mod locked;
mod products;
mod properties;
mod tables;

use super::*;

/// Reads a file that is a table.
fn table(bytes: impl AsRef<[u8]>) -> Table {
    match read(bytes.as_ref().to_vec()).unwrap() {
        ImportFile::Table(table) => table,
        other => panic!("{other:?}"),
    }
}

/// All rows of an unprotected file, with its known or guessed mapping.
fn rows(bytes: impl AsRef<[u8]>) -> (ImportSource, Vec<ImportRow>) {
    let fallback = |number| format!("Row {number}");
    match read(bytes.as_ref().to_vec()).unwrap() {
        ImportFile::Items(items) => (items.source(), items.rows(fallback).collect()),
        ImportFile::Table(table) => (table.source(), table.rows(table.mapping(), fallback).collect()),
        ImportFile::Locked(locked) => panic!("{locked:?}"),
    }
}

/// All items of a file without refused rows.
fn items(bytes: impl AsRef<[u8]>) -> Vec<ConvertedEntry> {
    let (_, rows) = rows(bytes);
    rows.into_iter().map(|row| row.result.unwrap()).collect()
}

/// Name, username, website, password and note.
fn fields(item: &ConvertedEntry) -> [&str; 5] {
    let content = &item.content;
    [&content.name, &content.username, &content.website, content.password.expose(), content.note.expose()]
}

fn in_note(labels: &[&str]) -> Vec<Remark> {
    labels.iter().map(|label| Remark::InNote((*label).to_owned())).collect()
}

#[test]
fn debug_hides_the_content_of_a_file() {
    let shown = format!("{:?}", rows("name,password\nhunter1,hunter2\nhunter2,\n").1.first().unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_eq!(format!("{:?}", table("hunter2,password\nhunter2,a\n")), "Table(2 rows of Table)");
    let opened = read(br#"{"items":[{"type":1,"name":"hunter2"}]}"#.to_vec()).unwrap();
    assert_eq!(format!("{opened:?}"), "Items(Items(1))");
}
