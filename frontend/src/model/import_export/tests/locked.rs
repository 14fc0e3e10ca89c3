//! Exports protected by a password, made with fixtures/protect.py.

use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;
use shared::kdf::{Costs, argon2id};

use super::products::check_bitwarden;
use super::*;

const PASSWORD: &str = "correct horse äöü 電池";
const PBKDF2: &str = include_str!("../fixtures/bitwarden-pbkdf2.json");
const ARGON2ID: &str = include_str!("../fixtures/bitwarden-argon2id.json");

fn locked(json: &str) -> Result<LockedExport, ImportFault> {
    match read(json.as_bytes().to_vec())? {
        ImportFile::Locked(locked) => Ok(locked),
        other => panic!("{other:?}"),
    }
}

/// Stretches the password like the page and the keyring's worker.
fn stretch(locked: &LockedExport, password: &str) -> [u8; 32] {
    let mut key = [0; 32];
    match locked.kdf() {
        Kdf::Pbkdf2 { iterations } => {
            pbkdf2_hmac::<Sha256>(password.as_bytes(), &locked.salt(), iterations, &mut key);
        }
        Kdf::Argon2id { iterations, memory_mib, parallelism } => {
            let costs = Costs { memory_kib: memory_mib * 1024, passes: iterations, lanes: parallelism };
            argon2id(password.as_bytes(), &locked.salt(), costs, &mut key).unwrap();
        }
    }
    key
}

#[test]
fn the_right_password_opens_an_export() {
    for (json, kdf) in [
        (PBKDF2, Kdf::Pbkdf2 { iterations: 5000 }),
        (ARGON2ID, Kdf::Argon2id { iterations: 2, memory_mib: 16, parallelism: 4 }),
    ] {
        let locked = locked(json).unwrap();
        assert_eq!(locked.kdf(), kdf);
        assert_eq!(format!("{locked:?}"), format!("Locked({kdf:?})"));
        let items = locked.open(&stretch(&locked, PASSWORD)).unwrap();
        assert_eq!(items.len(), 8);
        check_bitwarden(items.rows(|number| format!("Row {number}")).collect());
    }
}

#[test]
fn a_wrong_password_is_distinguished_from_damage() {
    let locked_as_is = locked(PBKDF2).unwrap();
    let wrong = stretch(&locked_as_is, "correct horse");
    assert_eq!(locked_as_is.open(&wrong).unwrap_err(), ImportFault::WrongPassword);
    let right = stretch(&locked_as_is, PASSWORD);
    assert!(locked_as_is.open(&right).is_ok(), "another try is free");

    // One changed letter of the Base64 changes a bit of each part.
    let file: serde_json::Value = serde_json::from_str(PBKDF2).unwrap();
    let [data, validation] = ["data", "encKeyValidation_DO_NOT_EDIT"].map(|name| file[name].as_str().unwrap());
    let flip = |text: &str, place: usize| {
        let letter = if text.as_bytes()[place] == b'B' { "C" } else { "B" };
        [&text[..place], letter, &text[place + 1..]].concat()
    };
    let bar = data.find('|').unwrap();
    for place in [4, bar + 1, data.rfind('|').unwrap() + 1] {
        let locked = locked(&PBKDF2.replace(data, &flip(data, place))).unwrap();
        assert_eq!(locked.open(&right).unwrap_err(), ImportFault::Damaged, "{place}");
    }
    let locked_else = locked(&PBKDF2.replace(validation, &flip(validation, 4))).unwrap();
    assert_eq!(locked_else.open(&right).unwrap_err(), ImportFault::WrongPassword);
    // The data is authentic, but no export.
    let other = locked(&PBKDF2.replace(data, validation)).unwrap();
    assert_eq!(other.open(&right).unwrap_err(), ImportFault::Damaged);
}

#[test]
fn malformed_parts_are_refused() {
    let file: serde_json::Value = serde_json::from_str(PBKDF2).unwrap();
    let data = file["data"].as_str().unwrap();
    for broken in
        ["", "2.", "2.AAAA|AAAA|AAAA", &data.replacen("2.", "0.", 1), &format!("{data}|AAAA"), &data[..data.len() - 1]]
    {
        assert_eq!(locked(&PBKDF2.replace(data, broken)).unwrap_err(), ImportFault::Damaged, "{broken}");
    }
    assert_eq!(locked(&PBKDF2.replace("\"salt\"", "\"pepper\"")).unwrap_err(), ImportFault::Damaged);
}

#[test]
fn costs_beyond_bitwardens_settings_are_refused() {
    let range = Err(ImportFault::KdfOutOfRange);
    let kdf = |json: String| locked(&json).map(|locked| locked.kdf());
    let iterations = |n: &str| kdf(PBKDF2.replace("\"kdfIterations\": 5000", &format!("\"kdfIterations\": {n}")));
    assert_eq!(iterations("2000000"), Ok(Kdf::Pbkdf2 { iterations: 2_000_000 }));
    assert_eq!((iterations("0"), iterations("2000001"), iterations("null")), (range, range, range));
    assert!(matches!(iterations("-1"), Err(ImportFault::UnexpectedJson { .. })));
    let argon2id = |name: &str, from: u32, to: &str| {
        kdf(ARGON2ID.replace(&format!("\"{name}\": {from}"), &format!("\"{name}\": {to}")))
    };
    assert!(argon2id("kdfMemory", 16, "1024").is_ok() && argon2id("kdfIterations", 2, "10").is_ok());
    for (name, from, to) in [
        ("kdfMemory", 16, "1025"),
        ("kdfMemory", 16, "0"),
        ("kdfMemory", 16, "null"),
        ("kdfIterations", 2, "11"),
        ("kdfParallelism", 4, "17"),
        ("kdfType", 1, "2"),
        ("kdfType", 1, "null"),
    ] {
        assert_eq!(argon2id(name, from, to), range, "{name} {to}");
    }
}
