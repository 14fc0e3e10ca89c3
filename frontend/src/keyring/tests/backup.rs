//! Backups, their files, and Argon2id at costs that a file names.

#[cfg(target_arch = "wasm32")]
use crate::browser_test::test;
use sha2::{Digest, Sha256};
use shared::kdf::Costs;

use super::*;
use crate::keyring::backup::{find, page, seal_at};

/// Costs that a test can pay many times.
const CHEAP: Costs = Costs { memory_kib: 64, passes: 1, lanes: 1 };
const PASSPHRASE: &str = "correct horse battery staple";
const TEXT: &str = r#"{"encrypted":false,"items":[{"name":"GitHub <é😀>","login":{"password":"kV9!mQ2#"}}]}"#;
const TEMPLATE: &str = "<!doctype html>\n<p>a</p><!-- texts -->\n<!-- backup -->\n<script>b {}</script>\n";

fn secret(text: &str) -> Secret {
    Secret::new(text.into())
}

fn cheap(text: &str) -> String {
    seal_at(CHEAP, &secret(PASSPHRASE), &secret(text), &mut Counter(0)).unwrap()
}

/// Opens a backup in a keyring without a vault.
fn open(passphrase: &str, backup: &str) -> Result<String, KeyringError> {
    let request = Request::OpenBackup { passphrase: secret(passphrase), backup: backup.into() };
    match Keyring::new(Counter(0), str::to_lowercase).handle(request)? {
        Response::BackupOpened { text } => Ok(text.expose().to_owned()),
        other => panic!("{other:?}"),
    }
}

/// The bytes of format 1 never change: an independent implementation made these of the same input.
#[test]
fn frozen_backup_is_made_and_opens() {
    let request = Request::SealBackup { passphrase: secret(PASSPHRASE), text: secret(TEXT) };
    let Ok(Response::Backup { backup }) = Keyring::new(Counter(0), str::to_lowercase).handle(request) else {
        panic!("not sealed")
    };
    let hash: String = Sha256::digest(&backup).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hash, include_str!("../../../vectors/backup-1-sha256.txt").trim());
    assert_eq!(open(PASSPHRASE, &backup).as_deref(), Ok(TEXT));
    assert_eq!(open("Correct horse battery staple", &backup), Err(KeyringError::WrongSecret));
}

/// It has other costs than ours, and less padding.
#[test]
fn backup_of_another_implementation_opens() {
    let backup = include_str!("../../../vectors/backup-1-lanes.json");
    assert_eq!(open("pässword 東京", backup).as_deref(), Ok(TEXT));
    assert_eq!(open("pässword 東京 ", backup), Err(KeyringError::WrongSecret));
}

#[test]
fn length_is_a_multiple_of_64_kib() {
    let length = |text: &str| cheap(text).len();
    assert_eq!(length(""), length(&"x".repeat(64 * 1024 - 4)));
    assert!(length(&"x".repeat(64 * 1024 - 3)) > length(""));
    let large = "a long vault ".repeat(20_000);
    assert_eq!(open(PASSPHRASE, &cheap(&large)).as_deref(), Ok(large.as_str()));
    assert_eq!(open(PASSPHRASE, &cheap("")).as_deref(), Ok(""));
}

/// Each is a good backup with one defect, which names it.
#[test]
fn defective_backups_are_refused() {
    let good = cheap(TEXT);
    assert_eq!(open(PASSPHRASE, &good).as_deref(), Ok(TEXT));
    let refused = |defect: &str, from: &str, to: &str, expected: KeyringError| {
        assert!(good.contains(from), "{defect}");
        assert_eq!(open(PASSPHRASE, &good.replacen(from, to, 1)), Err(expected), "{defect}");
    };
    let (wrong, none) = (KeyringError::WrongSecret, KeyringError::NotABackup);
    refused("other passes", r#""passes":1"#, r#""passes":2"#, wrong);
    refused("other memory", r#""memory_kib":64"#, r#""memory_kib":65"#, wrong);
    refused("other lanes", r#""lanes":1"#, r#""lanes":2"#, wrong);
    refused("other salt", r#""salt":"AAEC"#, r#""salt":"AAEB"#, wrong);
    refused("other nonce", r#""nonce":"EBES"#, r#""nonce":"EBET"#, wrong);
    for (defect, memory, passes, lanes) in [
        ("too much memory", "1048577", "1", "1"),
        ("too many passes", "64", "11", "1"),
        ("too many lanes", "1024", "1", "17"),
        ("no passes", "64", "0", "1"),
        ("no lanes", "64", "1", "0"),
        ("too little memory", "7", "1", "1"),
        ("too little memory for the lanes", "64", "1", "9"),
        ("the largest number", "4294967295", "4294967295", "4294967295"),
    ] {
        let costs = format!(r#""memory_kib":{memory},"passes":{passes},"lanes":{lanes}"#);
        refused(defect, r#""memory_kib":64,"passes":1,"lanes":1"#, &costs, KeyringError::TooCostly);
    }
    refused("a number too large", r#""passes":1"#, r#""passes":4294967296"#, none);
    refused("a later format", r#""passmint-backup":1"#, r#""passmint-backup":2"#, KeyringError::UnknownFormat);
    refused("another function", r#""argon2id""#, r#""argon2d""#, KeyringError::UnknownFormat);
    refused("no format", r#""passmint-backup":1"#, r#""passmint":1"#, none);
    refused("a shorter salt", r#""salt":"AAEC"#, r#""salt":""#, none);
    refused("a shorter nonce", r#""nonce":"EBES"#, r#""nonce":""#, none);
    refused("another alphabet", r#""salt":"AAEC"#, r#""salt":"AA+/"#, none);
    for (defect, backup) in [
        ("truncated", &good[..good.len() - 2]),
        ("trailing", &format!("{good}x")),
        ("empty", ""),
        ("another object", "{}"),
        ("not JSON", "<!doctype html>"),
    ] {
        assert_eq!(open(PASSPHRASE, backup), Err(none), "{defect}");
    }
}

#[test]
fn backup_with_a_changed_byte_does_not_open() {
    let good = cheap(TEXT);
    let (head, sealed) = good.split_once(r#""sealed":""#).unwrap();
    let bytes = Base64Url::decode(sealed.trim_end_matches("\"}")).unwrap().0;
    let opens = |bytes: &[u8]| open(PASSPHRASE, &format!(r#"{head}"sealed":"{}"}}"#, Base64Url::encode(bytes)));
    assert_eq!(opens(&bytes).as_deref(), Ok(TEXT));
    for left in [0, 15, 16, bytes.len() - 16, bytes.len() - 1] {
        assert_eq!(opens(&bytes[..left]), Err(KeyringError::WrongSecret), "{left} bytes");
    }
    for place in [0, 3, 4, 99, bytes.len() / 2, bytes.len() - 17, bytes.len() - 16, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert_eq!(opens(&changed), Err(KeyringError::WrongSecret), "byte {place}");
    }
}

#[test]
fn backup_is_found_in_its_file() {
    let backup = cheap(TEXT);
    let texts = r#"{"title":"</script><!-- backup --><b>","passmint":"{"}"#;
    let file = page(TEMPLATE, texts, &backup).unwrap();
    assert!(file.contains(
        r#"<script type="application/json" id="texts">{"title":"\u003c/script>\u003c!-- backup -->\u003cb>"#
    ));
    assert_eq!(find(&file), Some(backup.as_str()));
    // Saved again by a browser, written by another JSON writer, and without the page.
    let resaved =
        file.replace("<!doctype html>\n", "<html><head></head><body>\r\n").replace("}</script>", " }\n</script>");
    let spaced = backup.replace("\":", "\" : ").replace(",\"", ",\r\n  \"").replace("{\"", "\u{feff}{\n  \"");
    for text in [resaved.as_str(), &spaced, &backup, &format!("\u{feff}{backup}\n")] {
        let found = find(text).unwrap();
        assert_eq!(open(PASSPHRASE, found).as_deref(), Ok(TEXT));
    }
    // The members are in another order.
    let moved = backup.replacen(r#""passmint-backup":1,"#, "", 1).replace('}', r#","passmint-backup":1}"#);
    assert_eq!(find(&moved), Some(moved.as_str()));
}

#[test]
fn file_without_a_backup_gives_none() {
    for file in [
        "",
        "passmint-backup",
        "\"passmint-backup\"",
        "{\"passmint-backup\":1",
        "\"passmint-backup\":1}",
        "{}\"passmint-backup\":1}",
        "{\"passmint-backup\":{}",
        TEMPLATE,
    ] {
        assert_eq!(find(file), None, "{file}");
    }
    // The text before may name it.
    let file = format!("{{passmint-backup}} {{}} \"passmint-backup\" {{{}", cheap(""));
    assert_eq!(find(&file), Some(cheap("").as_str()));
    for template in ["", "<!-- texts -->", "<!-- backup -->", "<!-- backup --><!-- texts -->"] {
        assert_eq!(page(template, "{}", "{}"), None, "{template}");
    }
}

/// By argon2-cffi: `hash_secret_raw(b"password", b"somesalt-16-octs", 3, 256, 4, 32, Type.ID)`.
#[test]
fn derived_key_is_that_of_another_implementation() {
    let stretch = |salt: &[u8], costs| {
        let request = Request::DeriveKey { secret: secret("password"), salt: salt.into(), costs };
        match Keyring::new(Counter(0), str::to_lowercase).handle(request)? {
            Response::KeyDerived { key } => Ok(Base64Url::encode(key.expose())),
            other => panic!("{other:?}"),
        }
    };
    let costs = Costs { memory_kib: 256, passes: 3, lanes: 4 };
    assert_eq!(stretch(b"somesalt-16-octs", costs).as_deref(), Ok("zpdwNAgCTdkzHrgRYFuOlli2cOuBrVUBxXbNZ22abJ0"));
    assert_eq!(stretch(b"short", costs), Err(KeyringError::TooCostly));
    assert_eq!(stretch(b"somesalt-16-octs", Costs { passes: 11, ..costs }), Err(KeyringError::TooCostly));
    for largest in [Costs { passes: 10, ..costs }, Costs { lanes: 16, ..costs }] {
        assert!(stretch(b"somesalt-16-octs", largest).is_ok(), "{largest:?}");
    }
}

/// 1 GiB is too much for a browser in a test.
#[cfg(not(target_arch = "wasm32"))]
#[test]
fn largest_allowed_memory_is_used() {
    let costs = Costs { memory_kib: 1024 * 1024, passes: 1, lanes: 1 };
    let request = Request::DeriveKey { secret: secret("password"), salt: b"somesalt".to_vec(), costs };
    assert!(Keyring::new(Counter(0), str::to_lowercase).handle(request).is_ok());
}
