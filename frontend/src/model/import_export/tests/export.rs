//! Exported files, and their import.

use proptest::prelude::*;
use shared::ids::EntryId;

use super::super::export::{ExportFile, ExportFormat, Formulas};
use super::*;
use crate::keyring::protocol::entry::{Content, Entry, PreviousPassword};
use crate::secret::Secret;

const CSV: ExportFormat = ExportFormat::Csv { for_spreadsheets: false };

fn id() -> EntryId {
    EntryId::from_time(1_700_000_000_000, [7; 10])
}

fn whole(fields: [&str; 5], tags: &[&str], history: &[(&str, u64)]) -> Entry {
    let [name, username, website, password, note] = fields.map(str::to_owned);
    let former = |(password, until): &(&str, u64)| PreviousPassword {
        password: Secret::new((*password).to_owned()),
        until: *until,
    };
    let content = Content {
        name,
        username,
        website,
        password: Secret::new(password),
        note: Secret::new(note),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        rules: None,
    };
    let history = history.iter().map(former).collect();
    Entry {
        content,
        created_at: 1_582_934_400_000,
        changed_at: 1_706_637_336_150,
        history,
        binned_at: None,
        imported_at: None,
    }
}

fn export(format: ExportFormat, entries: &[&Entry]) -> String {
    let mut export = ExportFile::new(format);
    entries.iter().for_each(|entry| export.push(id(), entry).unwrap());
    export.finish().unwrap().expose().to_owned()
}

#[test]
fn exported_json_has_bitwardens_format() {
    let mut binned = whole(["b", "", "", "", "only a note"], &["x", "y"], &[]);
    binned.binned_at = Some(1_706_745_600_000);
    let first = whole(["a", "ada", "https://a.example", "p", ""], &["x", "favorite"], &[("old", 1_000)]);
    let json = export(ExportFormat::Json, &[&first, &binned]);
    let expected = serde_json::json!({
        "encrypted": false,
        "folders": [{ "id": "00000000-0000-4000-8000-000000000001", "name": "x" }],
        "items": [
            {
                "passwordHistory": [{ "lastUsedDate": "1970-01-01T00:00:01.000Z", "password": "old" }],
                "revisionDate": "2024-01-30T17:55:36.150Z",
                "creationDate": "2020-02-29T00:00:00.000Z",
                "deletedDate": null,
                "id": "018bcfe5-6800-7707-8707-070707070707",
                "organizationId": null,
                "folderId": "00000000-0000-4000-8000-000000000001",
                "type": 1,
                "reprompt": 0,
                "name": "a",
                "notes": null,
                "favorite": true,
                "login": {
                    "uris": [{ "match": null, "uri": "https://a.example" }],
                    "username": "ada",
                    "password": "p",
                    "totp": null,
                    "fido2Credentials": []
                },
                "collectionIds": null
            },
            {
                "passwordHistory": null,
                "revisionDate": "2024-01-30T17:55:36.150Z",
                "creationDate": "2020-02-29T00:00:00.000Z",
                "deletedDate": "2024-02-01T00:00:00.000Z",
                "id": "018bcfe5-6800-7707-8707-070707070707",
                "organizationId": null,
                "folderId": "00000000-0000-4000-8000-000000000001",
                "type": 2,
                "reprompt": 0,
                "name": "b",
                "notes": "only a note",
                "favorite": false,
                "fields": [{ "name": "Tags", "value": "x, y", "type": 0, "linkedId": null }],
                "secureNote": { "type": 0 },
                "collectionIds": null
            }
        ]
    });
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), expected);
    let items = items(&json);
    assert_eq!(items[1].binned_at, Some(1_706_745_600_000));
    assert_eq!((items[0].remarks.len(), items[1].remarks.len()), (0, 0));
    assert_eq!(export(ExportFormat::Json, &[]), r#"{"encrypted":false,"folders":[],"items":[]}"#);
}

const HEADER: &str =
    "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\r\n";

#[test]
fn exported_csv_has_bitwardens_format() {
    let first = whole(["a", "ada", "https://a.example/x,y", "p,\"q\"", "1\n2"], &["x", "favorite"], &[("old", 1)]);
    let second = whole(["b", "", "", "", "only a note"], &["x", "y"], &[]);
    let csv = export(CSV, &[&first, &second]);
    let rows = "x,1,login,a,\"1\n2\",,0,\"\"\"https://a.example/x,y\"\"\",ada,\"p,\"\"q\"\"\",\r\n\
                x,,note,b,only a note,\"Tags: x, y\",0,,,,\r\n";
    assert_eq!(csv, [HEADER, rows].concat());
    assert_eq!(export(CSV, &[]), HEADER);
}

#[test]
fn formulas_are_counted_and_neutralised_on_request() {
    let entry = whole(["=1+1", "+49 1", "@x", "-p", "\t=2"], &["favorite", "=t"], &[]);
    let plain = whole(["a=1", "b@c", " =x", "p=", "'=1"], &["t"], &[]);
    let mut formulas = Formulas::default();
    [&entry, &plain].into_iter().for_each(|entry| formulas.count(&entry.content));
    assert_eq!(formulas, Formulas { texts: 5, passwords: 1 });
    let csv = export(ExportFormat::Csv { for_spreadsheets: true }, &[&entry, &plain]);
    let rows = "'=t,1,login,'=1+1,'\t=2,\"Tags: favorite, =t\",0,'@x,'+49 1,-p,\r\nt,,login,a=1,'=1,,0, =x,b@c,p=,\r\n";
    assert_eq!(csv, [HEADER, rows].concat());
    assert!(export(CSV, &[&entry]).contains(",=1+1,\t=2,"), "password managers read a file as it is");
}

fn texts() -> impl Strategy<Value = String> {
    // Characters special to CSV, JSON, spreadsheets and the readers here are frequent.
    let special = proptest::sample::select(
        [
            "\"",
            ",",
            ";",
            "\t",
            "\r",
            "\n",
            "\r\n",
            "'",
            "=",
            " ",
            "Tags: ",
            ": ",
            "\u{feff}",
            "😀",
            "\u{202e}א",
            "\u{1}",
            "é",
        ]
        .map(str::to_owned)
        .to_vec(),
    );
    proptest::collection::vec(prop_oneof![special, any::<String>()], 0..6).prop_map(|parts| {
        let text: String = parts.concat();
        text.replace('\0', "").chars().take(250).collect()
    })
}

prop_compose! {
    fn entries()(
        name in "[^\\x00\\s]{1,5}",
        more in texts(),
        username in texts(),
        website in texts(),
        password in texts(),
        note in texts(),
        tags in proptest::collection::hash_set("(favorite|a|b|[^,\\x00\\s]{1,9}|x y)", 0..4),
        mut history in proptest::collection::vec((texts(), 0..253_402_300_800_000_u64), 0..3),
        created_at in 0..253_402_300_800_000_u64,
        changed_at in 0..253_402_300_800_000_u64,
        binned_at in proptest::option::of(0..253_402_300_800_000_u64),
    ) -> Entry {
        history.sort_by_key(|(_, until)| std::cmp::Reverse(*until));
        history.retain(|(password, _)| !password.is_empty());
        let history: Vec<_> = history.iter().map(|(password, until)| (password.as_str(), *until)).collect();
        let tags: Vec<_> = tags.iter().map(String::as_str).collect();
        let name: String = [name, more].concat().chars().take(255).collect();
        Entry { created_at, changed_at, binned_at, ..whole([&name, &username, &website, &password, &note], &tags, &history) }
    }
}

/// Everything of an entry that Bitwarden's JSON stores: all but the rules.
fn all(content: &Content, history: &[PreviousPassword]) -> ([String; 5], Vec<String>, Vec<(String, u64)>) {
    let Content { name, username, website, password, note, tags, rules: _ } = content;
    let texts = [name, username, website, password.expose(), note.expose()].map(str::to_owned);
    let history = history.iter().map(|former| (former.password.expose().to_owned(), former.until)).collect();
    (texts, tags.clone(), history)
}

proptest! {
    #[test]
    fn exported_json_imports_unchanged(entries in proptest::collection::vec(entries(), 1..4)) {
        let items = items(export(ExportFormat::Json, &entries.iter().collect::<Vec<_>>()));
        prop_assert_eq!(items.len(), entries.len());
        for (item, entry) in items.iter().zip(&entries) {
            prop_assert_eq!(all(&item.content, &item.history), all(&entry.content, &entry.history));
            let times = (item.created_at, item.changed_at, item.binned_at);
            prop_assert_eq!(times, (Some(entry.created_at), Some(entry.changed_at), entry.binned_at));
        }
    }

    #[test]
    fn exported_csv_imports_unchanged_but_for_history_and_times(entries in proptest::collection::vec(entries(), 1..4)) {
        let items = items(export(CSV, &entries.iter().collect::<Vec<_>>()));
        prop_assert_eq!(items.len(), entries.len());
        for (item, entry) in items.iter().zip(&entries) {
            prop_assert_eq!(all(&item.content, &[]), all(&entry.content, &[]));
        }
    }
}
