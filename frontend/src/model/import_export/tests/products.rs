//! A file of every product; fixtures/README.md names the sources of the formats.

use std::path::Path;

use super::super::products::{PRODUCTS, Product};
use super::*;

const TOTP: &str = "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP";

#[test]
fn bitwarden_json() {
    let (source, rows) = rows(include_bytes!("../fixtures/bitwarden.json"));
    assert_eq!(source, ImportSource::BitwardenJson);
    assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8]);
    check_bitwarden(rows);
}

/// Asserts the content of `bitwarden.json`, which other tests decrypt or import.
pub(super) fn check_bitwarden(rows: Vec<ImportRow>) {
    let nothing = RefusedRow { name: String::new(), why: Refusal::Nothing };
    assert_eq!(rows[6].result.as_ref().unwrap_err(), &nothing);
    let items: Vec<ConvertedEntry> = rows.into_iter().filter_map(|row| row.result.ok()).collect();
    let [login, note, card, identity, key, nameless, future] = items.as_slice() else { panic!("{items:?}") };

    let expected = "Line 1\r\nLine 2 😀\nWebsite: androidapp://com.github.android\n\
                    TOTP: otpauth://totp/GitHub:ada?secret=JBSWY3DPEHPK3PXP\nRecovery: abc-def\nConfirmed: true\n\
                    Field: nameless";
    assert_eq!(fields(login), ["GitHub ", "ada", "https://github.com/login", " kV9\"'= ", expected]);
    assert_eq!(login.content.tags, ["Work/Servers", "favorite"]);
    let history: Vec<_> = login.history.iter().map(|former| (former.password.expose(), former.until)).collect();
    assert_eq!(history, [("old", 1_706_550_936_150), ("older =1", 1_682_928_000_500)]);
    assert_eq!((login.created_at, login.changed_at), (Some(1_582_934_400_000), Some(1_706_637_336_150)));
    assert_eq!(login.binned_at, None);
    let mut remarks = in_note(&["Website", "TOTP", "Recovery", "Confirmed", "Field"]);
    remarks.insert(2, Remark::PasskeyLeftOut);
    assert_eq!(login.remarks, remarks);

    assert_eq!(fields(note), ["A note", "", "", "", "שלום"]);
    assert_eq!((note.binned_at, note.remarks.len()), (Some(1_706_745_600_000), 0));

    let expected = "Cardholder name: Ada Lovelace\nBrand: Visa\nCard number: 4111111111111111\nExpiry month: 1\n\
                    Expiry year: 2032\nSecurity code: 123";
    assert_eq!(fields(card), ["My card", "", "", "", expected]);
    assert_eq!(card.content.tags, ["Banking", "Insurance"], "an entry's tags hold no commas");

    let expected =
        "Title: Ms\nFirst name: Ada\nAddress1: 12 St James's Square\nSSN: 000-00-0000\nPassport number: P123";
    assert_eq!(fields(identity), ["Me", "alovelace", "", "", expected]);

    let expected = "Private key: -----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n\n\
                    Public key: ssh-ed25519 AAAA\nKey fingerprint: SHA256:abc";
    assert_eq!(fields(key), ["Key", "", "", "", expected]);

    assert_eq!(fields(nameless), ["Row 6", "", "", "only", ""]);
    assert_eq!(nameless.remarks, [Remark::NamedAfter(NamedAfter::Place)]);

    assert_eq!(fields(future), ["From the future", "", "", "", ""]);
    assert_eq!(future.remarks, [Remark::UnknownKind]);
}

#[test]
fn bitwarden_csv() {
    let (source, rows) = rows(include_bytes!("../fixtures/bitwarden.csv"));
    assert_eq!(source, ImportSource::BitwardenCsv);
    let items: Vec<ConvertedEntry> = rows.into_iter().map(|row| row.result.unwrap()).collect();
    assert_eq!(fields(&items[0]), ["Twitter", "me@example.com", "twitter.com", "password123", ""]);
    assert_eq!(
        (items[0].content.tags.as_slice(), items[0].remarks.len()),
        (&["Social".into(), "favorite".into()][..], 0)
    );
    let note = "Website: https://evga.example\nTOTP: TOTPSEED123";
    let site = "https://www.evga.com/support/login.asp";
    assert_eq!(fields(&items[1]), ["EVGA", "hello@bitwarden.com", site, "fakepassword", note]);
    let note = "Bank PIN is 1234\nPIN: 1234\nHint: first line\nsecond line\nEmpty: ";
    assert_eq!(fields(&items[2]), ["My Bank", "john.smith", "https://a.example/x,y", "password123456", note]);
    assert_eq!(items[2].content.tags, ["money", "home"]);
    assert_eq!(items[2].remarks, in_note(&["PIN", "Hint", "fields"]));
    assert_eq!(fields(&items[3]), ["My Note", "", "", "", "This is a secure note."]);
    assert_eq!(items.len(), 4);
}

#[test]
fn bitwarden_csv_of_an_organisation() {
    let (source, rows) = rows(include_bytes!("../fixtures/bitwarden-organisation.csv"));
    assert_eq!((source, rows.len()), (ImportSource::BitwardenCsv, 1));
    assert_eq!(rows[0].result.as_ref().unwrap().content.tags, ["Social", "Marketing"]);
}

#[test]
fn keepassxc() {
    let (source, rows) = rows(include_bytes!("../fixtures/keepassxc.csv"));
    assert_eq!(source, ImportSource::KeePassXc);
    let items: Vec<ConvertedEntry> = rows.into_iter().map(|row| row.result.unwrap()).collect();
    let note = format!("two\nlines\nTOTP: {TOTP}");
    assert_eq!(fields(&items[0]), ["Sample \"quoted\"", "user", "https://keepassxc.org/", "pa,ss", note.as_str()]);
    assert_eq!((items[0].created_at, items[0].changed_at), (Some(1_705_314_300_000), Some(1_705_314_600_000)));
    assert_eq!(items[0].content.tags, [""; 0], "the outermost group says nothing");
    assert_eq!(items[0].remarks, in_note(&["TOTP"]));
    // An invalid time goes to the note, so that nothing is lost.
    assert_eq!(fields(&items[1]), ["Mail", "", "", "=1+1", "Last Modified: Mo Jan 1 2024"]);
    assert_eq!(items[1].content.tags, ["Internet/Mail"]);
    assert_eq!((items[1].created_at, items[1].changed_at), (None, None));
}

#[test]
fn chrome() {
    let (source, rows) = rows(include_bytes!("../fixtures/chrome.csv"));
    assert_eq!(source, ImportSource::Chrome);
    let items: Vec<ConvertedEntry> = rows.into_iter().map(|row| row.result.unwrap()).collect();
    assert_eq!(fields(&items[0]), ["github.com", "ada", "https://github.com/login", "hunter2", ""]);
    assert_eq!(items[0].remarks, []);
    let site = "https://www.example.com:8443/a?b#c";
    assert_eq!(fields(&items[1]), ["example.com", "ada", site, "with \"quotes\", commas", "a note"]);
    assert_eq!(items[1].remarks, [Remark::NamedAfter(NamedAfter::Website)]);
    assert_eq!(fields(&items[2]), ["com.example.app", "", "android://hash@com.example.app/", "secret", ""]);
    // Older versions, Edge and Brave write no notes.
    assert_eq!(super::rows("name,url,username,password\na,b,c,d\n").0, ImportSource::Chrome);
    assert_eq!(super::rows("name,url,username,password,folder\na,b,c,d,e\n").0, ImportSource::Table);
}

#[test]
fn firefox() {
    let (source, rows) = rows(include_bytes!("../fixtures/firefox.csv"));
    assert_eq!(source, ImportSource::Firefox);
    let items: Vec<ConvertedEntry> = rows.into_iter().map(|row| row.result.unwrap()).collect();
    let note = "httpRealm: My realm";
    assert_eq!(fields(&items[0]), ["example.com", "joe@example.com", "https://example.com", "qwerty", note]);
    assert_eq!((items[0].created_at, items[0].changed_at), (Some(1_589_617_814_635), Some(1_589_617_846_802)));
    assert_eq!(fields(&items[1]), ["example.org", "", "https://example.org", "p2", ""]);
}

#[test]
fn apple() {
    let (source, rows) = rows(include_bytes!("../fixtures/apple.csv"));
    assert_eq!(source, ImportSource::Apple);
    let note = format!("TOTP: {TOTP}");
    let item = rows[0].result.as_ref().unwrap();
    assert_eq!(fields(item), ["example.com (ada)", "ada", "https://example.com/", "a\"b", note.as_str()]);
}

#[test]
fn onepassword() {
    let (source, rows) = rows(include_bytes!("../fixtures/onepassword.csv"));
    assert_eq!(source, ImportSource::OnePassword);
    let items: Vec<ConvertedEntry> = rows.into_iter().map(|row| row.result.unwrap()).collect();
    let note = "line one\nline two\nTOTP: otpauth://totp/bank?secret=JBSWY3DPEHPK3PXP";
    assert_eq!(fields(&items[0]), ["Bank", "alice", "https://bank.example", "s3cret", note]);
    assert_eq!(items[0].content.tags, ["favorite", "finance", "high priority"]);
    assert_eq!(fields(&items[1]), ["Old", "bob", "", "pw", ""]);
    assert_eq!(items[1].content.tags, ["archived"]);
}

#[test]
fn proton_pass() {
    let (source, rows) = rows(include_bytes!("../fixtures/protonpass.csv"));
    assert_eq!(source, ImportSource::ProtonPass);
    let items: Vec<ConvertedEntry> = rows.into_iter().map(|row| row.result.unwrap()).collect();
    let note = "Website: https://account.proton.me\nWebsite: https://exact.proton.me\n\
                TOTP: otpauth://totp/Proton?secret=GEZDGNBV\nemail: me@proton.me";
    assert_eq!(fields(&items[0]), ["Proton", "ada", "https://proton.me", "pw1", note]);
    assert_eq!((items[0].created_at, items[0].changed_at), (Some(1_700_000_000_000), Some(1_700_000_100_000)));
    assert_eq!(items[0].content.tags, ["Personal"]);
    assert_eq!(fields(&items[1]), ["Mail only", "me@proton.me", "https://a.example", "pw2", ""]);
    assert_eq!(fields(&items[2]), ["Shopping", "", "", "", "milk, eggs"]);
    assert_eq!(fields(&items[3])[4], r#"{"number":"378282246310005","note":""}"#);
}

#[test]
fn every_product_has_a_fixture_and_a_name_on_the_page() {
    let folder = Path::new(".");
    let files = |folder: &Path, kind: &str| -> Vec<Vec<u8>> {
        let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.extension().is_some_and(|it| it == kind))
            .map(|path| std::fs::read(path).unwrap())
            .collect()
    };
    let fixtures = files(&folder.join("src/model/import_export/fixtures"), "csv");
    let sources: Vec<ImportSource> = fixtures.iter().map(|file| table(file).source()).collect();
    let languages: Vec<String> =
        files(&folder.join("texts"), "txt").into_iter().map(|file| String::from_utf8(file).unwrap()).collect();
    assert!(!languages.is_empty());
    for Product { source, .. } in PRODUCTS {
        assert!(sources.contains(source), "no file in fixtures/ is of {source:?}");
        // Translations call Apple's product by a name of their own.
        let name = source.name().and_then(|name| name.split([' ', ',']).next()).unwrap();
        for language in &languages {
            let kinds = language.lines().find(|line| line.starts_with("ImportKinds = ")).unwrap();
            assert!(kinds.contains(name), "{name} is not in: {kinds}");
        }
    }
}
