//! Unreadable files and refused rows, each with its reason.

use super::*;
use crate::model::entry::{FIELD_MAX, NOTE_MAX};

fn fault(bytes: impl AsRef<[u8]>) -> ImportFault {
    read(bytes.as_ref().to_vec()).unwrap_err()
}

#[test]
fn files_other_than_text_are_refused() {
    for (bytes, expected) in [
        (&b""[..], ImportFault::Empty),
        (b" \r\n\t", ImportFault::Empty),
        (b"\xef\xbb\xbf", ImportFault::Empty),
        (b"\xff\xfe", ImportFault::Empty),
        (b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5\0\0", ImportFault::KeePassDatabase),
        (b"\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5", ImportFault::KeePassDatabase),
        (b"PK\x03\x04rest", ImportFault::Zip),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ImportFault::Binary),
        (b"n\0a\0m\0e\0,\0b\0", ImportFault::Binary),
        (b"\xff\xfea\0\0\0", ImportFault::Binary),
        (b"name,password\na,b\nM\xfcller,c\n", ImportFault::NotUnicode { line: 3 }),
        (b"\xff\xfea\0\n\0\0\xd8", ImportFault::NotUnicode { line: 2 }),
        (b"\xff\xfea\0b", ImportFault::NotUnicode { line: 1 }),
        (b"<?xml version=\"1.0\"?><KeePassFile/>", ImportFault::Markup),
    ] {
        assert_eq!(fault(bytes), expected, "{bytes:?}");
    }
    assert_eq!(fault(vec![b'a'; BYTES_MAX + 1]), ImportFault::TooLarge { bytes: BYTES_MAX + 1 });
}

#[test]
fn json_of_other_programs_is_refused() {
    for (text, expected) in [
        (r#"{"encrypted": false, "items": [{"type": 1, "na"#, ImportFault::JsonCutOff { line: 1, column: 46 }),
        ("{\n  \"items\": [,]}", ImportFault::NotJson { line: 2, column: 13 }),
        (r#"{"items": [{"type": 1}]} and more"#, ImportFault::NotJson { line: 1, column: 26 }),
        ("[]", ImportFault::UnknownJson),
        (r#"[{"name": "a"}]"#, ImportFault::UnknownJson),
        ("{}", ImportFault::UnknownJson),
        (r#"{"version": "1.2", "vaults": {"a": []}}"#, ImportFault::UnknownJson),
        // Enpass.
        (r#"{"folders": [], "items": [{"title": "a", "category": "login"}]}"#, ImportFault::UnknownJson),
        ("{\"items\":\n[{\"type\": 1, \"name\": []}]}", ImportFault::UnexpectedJson { line: 2, column: 23 }),
        (r#"{"encrypted": false, "folders": [], "items": []}"#, ImportFault::NoRows),
        (r#"{"encrypted": true, "encKeyValidation_DO_NOT_EDIT": "2.a", "items": []}"#, ImportFault::AccountEncrypted),
        (r#"{"encrypted": true, "passwordProtected": false, "data": ""}"#, ImportFault::AccountEncrypted),
    ] {
        assert_eq!(fault(text), expected, "{text}");
    }
    let deep = [r#"{"a":"#.repeat(100_000), "1".into(), "}".repeat(100_000)].concat();
    assert_eq!(fault(deep), ImportFault::UnknownJson);
    let deep = format!(r#"{{"items":{}"#, "[".repeat(100_000));
    assert!(matches!(fault(deep), ImportFault::UnexpectedJson { .. } | ImportFault::NotJson { .. }));
}

#[test]
fn text_other_than_a_table_is_refused() {
    for (text, expected) in [
        ("Dear Ada\nhow are you", ImportFault::NotATable),
        ("name,password\n", ImportFault::NoRows),
        ("name,password\n\n\n", ImportFault::NoRows),
        ("name,password\na,b\n\"c,d\ne,f\n", ImportFault::OpenQuote { line: 3 }),
        ("name;password\na;\"b", ImportFault::OpenQuote { line: 2 }),
    ] {
        assert_eq!(fault(text), expected, "{text}");
    }
}

#[test]
fn a_file_with_too_many_rows_is_refused_as_a_whole() {
    let most = ["password\n".to_owned(), "a\n".repeat(ROWS_MAX)].concat();
    assert_eq!(rows(&most).1.len(), ROWS_MAX);
    assert_eq!(fault([&most, "a\n"].concat()), ImportFault::TooMany { count: ROWS_MAX + 1 });
    let items = vec![r#"{"type":1}"#; ROWS_MAX + 1].join(",");
    assert_eq!(fault(format!(r#"{{"items":[{items}]}}"#)), ImportFault::TooMany { count: ROWS_MAX + 1 });
}

/// The refusal of a row in Chrome's format, if it is refused.
fn refused(name: &str, site: &str, login: &str, password: &str, note: &str) -> Option<RefusedRow> {
    let (_, rows) = rows(format!("name,url,username,password,note\n{name},{site},{login},{password},{note}\n"));
    rows.into_iter().next().unwrap().result.err()
}

#[test]
fn fields_that_are_too_long_are_refused() {
    let long = |n: usize| "é".repeat(n);
    assert_eq!(refused(&long(255), &long(FIELD_MAX), &long(FIELD_MAX), &long(FIELD_MAX), &long(NOTE_MAX)), None);
    let too_long = |field, max| Some(Refusal::TooLong { field, length: max + 1, max });
    for (refused, expected) in [
        (refused(&long(256), "", "", "", ""), too_long(EntryField::Name, 255)),
        (refused("a", &long(FIELD_MAX + 1), "", "", ""), too_long(EntryField::Website, FIELD_MAX)),
        (refused("a", "", &long(FIELD_MAX + 1), "", ""), too_long(EntryField::Username, FIELD_MAX)),
        (refused("a", "", "", &long(FIELD_MAX + 1), ""), too_long(EntryField::Password, FIELD_MAX)),
        (refused("a", "", "", "", &long(NOTE_MAX + 1)), too_long(EntryField::Note, NOTE_MAX)),
        (refused("", "", "", "", ""), Some(Refusal::Nothing)),
        (refused(" ", " ", "", "", "\t"), Some(Refusal::Nothing)),
    ] {
        assert_eq!(refused.map(|refused| refused.why), expected);
    }
    assert_eq!(refused(&long(256), "", "", "", "").unwrap().name, long(255), "to be found by it");
    // The lines added to a note may make it too long.
    let note = |more: usize| {
        let (_, rows) = rows(format!("name,note,pin\na,{},{}\n", long(NOTE_MAX - 10), long(more)));
        rows.into_iter().next().unwrap().result.map(|item| item.content.note.expose().chars().count())
    };
    assert_eq!(note(4), Ok(NOTE_MAX));
    let why = Refusal::TooLong { field: EntryField::Note, length: NOTE_MAX + 1, max: NOTE_MAX };
    assert_eq!(note(5).unwrap_err().why, why);
    // All tags count together, as in the form.
    let tags = |each: usize| rows(format!("name,tags\na,\"{},b\"\n", long(each))).1.remove(0).result.err();
    assert_eq!(tags(FIELD_MAX - 3), None);
    assert_eq!(tags(FIELD_MAX - 2).map(|refused| refused.why), too_long(EntryField::Tags, FIELD_MAX));
}

/// Control characters are escaped and take six bytes each: the first entry only just fits.
#[test]
fn an_entry_larger_than_the_largest_bucket_is_refused() {
    let item = |controls: usize, history: &str| {
        let note = r"\u0001".repeat(controls);
        let json = format!(
            r#"{{"items":[{{"type":1,"name":"a","notes":"{note}","passwordHistory":[{history}],
                "login":{{"username":"{}"}}}}]}}"#,
            "😀".repeat(1000)
        );
        rows(json).1.remove(0).result
    };
    assert!(item(NOTE_MAX, "").is_ok());
    let former = |n: usize| {
        let password = "😀".repeat(1000);
        vec![format!(r#"{{"lastUsedDate":"2024-01-30T11:25:25.466Z","password":"{password}"}}"#); n].join(",")
    };
    // The note and the username leave no room for all previous passwords; the newest ones stay.
    for (controls, count, kept) in [(NOTE_MAX, 1, 0), (5_000, 9, 7), (0, 15, 15), (0, 16, 15)] {
        let item = item(controls, &former(count)).unwrap();
        assert_eq!((item.history.len(), controls), (kept, controls));
        let cut = Remark::HistoryCut { left_out: count - kept };
        assert_eq!(item.remarks.contains(&cut), count > kept);
    }
    let short = vec![r#"{"password":"a"}"#; 150].join(",");
    let item = item(0, &short).unwrap();
    assert_eq!((item.history.len(), &item.remarks[..]), (100, &[Remark::HistoryCut { left_out: 50 }][..]));
    let all = format!(
        r#"{{"items":[{{"type":1,"name":"a","notes":"{}","login":{{"username":"{}"}}}}]}}"#,
        r"\u0001".repeat(NOTE_MAX),
        r"\u0001".repeat(FIELD_MAX)
    );
    assert_eq!(rows(all).1.remove(0).result.unwrap_err(), RefusedRow { name: "a".into(), why: Refusal::TooLarge });
}
