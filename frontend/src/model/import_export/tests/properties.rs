//! Property tests: any file gets an answer, and any table is read as it was written.

use proptest::prelude::*;

use super::*;

fn exhaust(bytes: Vec<u8>) {
    let fallback = |number: usize| number.to_string();
    match read(bytes) {
        Ok(ImportFile::Items(items)) => items.rows(fallback).for_each(drop),
        Ok(ImportFile::Table(table)) => {
            assert_eq!(table.rows(table.mapping(), fallback).count(), table.len(table.mapping()));
            drop(table.samples(table.mapping(), 3));
        }
        Ok(ImportFile::Locked(locked)) => drop(locked.open(&[0; 32])),
        Err(_) => {}
    }
}

/// A nearly valid file: a fixture with a piece replaced.
fn nearly_valid() -> impl Strategy<Value = Vec<u8>> {
    let fixtures: [&[u8]; 6] = [
        include_bytes!("../fixtures/bitwarden.json"),
        include_bytes!("../fixtures/bitwarden-pbkdf2.json"),
        include_bytes!("../fixtures/bitwarden.csv"),
        include_bytes!("../fixtures/keepassxc.csv"),
        include_bytes!("../fixtures/firefox.csv"),
        include_bytes!("../fixtures/protonpass.csv"),
    ];
    let piece = prop_oneof![any::<Vec<u8>>(), "[\\[\\]{}\",:;0-9a-z\n]{0,9}".prop_map(String::into_bytes)];
    (proptest::sample::select(fixtures.to_vec()), any::<proptest::sample::Index>(), 0..40_usize, piece).prop_map(
        |(file, place, length, piece)| {
            let start = place.index(file.len());
            let end = file.len().min(start + length);
            [&file[..start], &piece, &file[end..]].concat()
        },
    )
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[\"',;=\t\r\n a😀א]{0,12}"].prop_map(|text| text.replace('\0', ""))
}

proptest! {
    #[test]
    fn any_bytes_get_an_answer(bytes in any::<Vec<u8>>()) {
        exhaust(bytes);
    }

    #[test]
    fn any_text_gets_an_answer(text in "(\\{|sep=;\n|name,password\n|)[^\\x00]{0,60}") {
        exhaust(text.into_bytes());
    }

    #[test]
    fn nearly_valid_files_get_an_answer(bytes in nearly_valid()) {
        exhaust(bytes);
    }

    #[test]
    fn any_table_is_read_as_it_was_written(
        rows in proptest::collection::vec([cell(), cell(), cell()], 1..8),
        separator in proptest::sample::select(b",;\t".to_vec()),
        always in any::<bool>(),
    ) {
        let quotes = if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
        let mut writer = csv::WriterBuilder::new().delimiter(separator).quote_style(quotes).from_writer(Vec::new());
        writer.write_record(["Name", "Password", "Note"]).unwrap();
        rows.iter().for_each(|row| writer.write_record(row).unwrap());
        let file = writer.into_inner().unwrap();

        let table = table(&file);
        let samples = table.samples(table.mapping(), usize::MAX);
        let read: Vec<Vec<&str>> = samples.iter().map(|row| row.iter().map(|cell| cell.expose()).collect()).collect();
        prop_assert_eq!(&read, &rows);
        let rows_read: Vec<ImportRow> = table.rows(table.mapping(), |number| number.to_string()).collect();
        prop_assert_eq!(rows_read.len(), rows.len());
        for (row, [name, password, note]) in rows_read.iter().zip(&rows) {
            let Ok(item) = &row.result else { continue };
            let [read_name, .., read_password, read_note] = fields(item);
            prop_assert_eq!((read_password, read_note), (password.as_str(), note.as_str()));
            prop_assert!(read_name == name || name.trim().is_empty());
        }
    }
}
