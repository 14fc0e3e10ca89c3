//! An independent decryptor (`testing/decryptor`, in Python, after docs/SECURITY.md) opens what a real page and
//! server have stored: entries, head and keys by passphrase and by recovery code, a sealed archive, an encrypted export.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::backup;
use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::{PASSPHRASE, create_first_vault};
use e2e::server::Server;
use e2e::{path_from_env, repository};

struct Decryptor {
    python: PathBuf,
    folder: tempfile::TempDir,
}

impl Decryptor {
    /// `None` if there is no Python for it here.
    fn new() -> Option<Self> {
        let Some(python) = std::env::var_os("PASSMINT_DECRYPTOR_PYTHON") else {
            eprintln!("NOT TESTED: the independent decryptor, for its Python packages could not be had");
            return None;
        };
        Some(Self { python: python.into(), folder: tempfile::tempdir().unwrap() })
    }

    /// Writes a secret into a file, as a person would: with a line's end.
    fn secret(&self, secret: &str) -> PathBuf {
        let path = self.folder.path().join("secret");
        std::fs::write(&path, format!("{secret}\n")).unwrap();
        path
    }

    /// Runs it. The error is its one line.
    fn run(&self, command: &str, arguments: &[&Path]) -> Result<Value, String> {
        let answer = Command::new(&self.python)
            .arg(repository().join("testing/decryptor/decrypt.py"))
            .arg(command)
            .args(arguments)
            .output()
            .unwrap();
        let error = String::from_utf8(answer.stderr).unwrap();
        if answer.status.success() { Ok(serde_json::from_slice(&answer.stdout).unwrap()) } else { Err(error) }
    }

    fn entries(&self, data: &Path, kind: &str, secret: &str) -> Result<Value, String> {
        let (secret, words) = (self.secret(secret), repository().join("frontend/words/bip39-english.txt"));
        let name = |text: &'static str| Path::new(text);
        self.run(
            "entries",
            &[
                name("--data"),
                data,
                name("--username"),
                name("ada"),
                name("--kind"),
                Path::new(kind),
                name("--secret-file"),
                &secret,
                name("--words"),
                &words,
            ],
        )
    }
}

/// The current and previous passwords of an entry by its name.
fn passwords(opened: &Value, name: &str) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let entry = &opened["entries"].as_array().unwrap().iter().find(|it| it["entry"]["name"] == name).unwrap()["entry"];
    let history = entry["history"].as_array().cloned().unwrap_or_default();
    std::iter::once(text(&entry["password"])).chain(history.iter().map(|it| text(&it["password"]))).collect()
}

#[test]
fn decryptor_agrees_with_the_published_vectors() {
    let Some(decryptor) = Decryptor::new() else { return };
    let vectors = repository().join("shared/vectors/rfc9807-ristretto255.json");
    assert_eq!(decryptor.run("vectors", &[&vectors]), Ok(json!({ "vectors": 2 })));
}

#[test]
fn decryptor_opens_a_sealed_archive_and_its_entries_by_passphrase_and_code() {
    let Some(decryptor) = Decryptor::new() else { return };
    let server = Server::start();
    in_browser(BrowserOptions::default(), |page| async move {
        let code = create_first_vault(&page, &server).await;
        let github = page.save("GitHub").await;
        let bank = page.save("Bank ✓").await;
        let archive = decryptor.folder.path().join("archive.tar.sealed");
        let passphrase = "archive pass phräse";
        let made = Command::new(path_from_env("PASSMINT_BIN"))
            .args(["backup", "--sealed", "--data"])
            .arg(server.data())
            .arg(&archive)
            .env("PASSMINT_BACKUP_PASSPHRASE", passphrase)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let unpacked = decryptor.folder.path().join("unpacked");
        std::fs::create_dir(&unpacked).unwrap();
        let open = |passphrase: &str| {
            let secret = decryptor.secret(passphrase);
            let name = |text: &'static str| Path::new(text);
            decryptor.run("archive", &[&archive, name("--passphrase-file"), &secret, name("--into"), &unpacked])
        };
        assert!(open("another pass phrase").unwrap_err().starts_with("refused: wrong passphrase"));
        open(passphrase).unwrap();

        for (kind, secret) in [("passphrase", PASSPHRASE), ("recovery", code.as_str())] {
            let opened = decryptor.entries(&unpacked, kind, secret).unwrap();
            assert_eq!(passwords(&opened, "GitHub"), [github.as_str()], "by {kind}");
            assert_eq!(passwords(&opened, "Bank ✓"), [bank.as_str()], "by {kind}");
        }
        assert!(decryptor.entries(&unpacked, "passphrase", "wrong").unwrap_err().starts_with("refused: wrong secret"));

        // A row that is left out does not fit the head.
        let database = rusqlite::Connection::open(unpacked.join("passmint.db")).unwrap();
        database.execute("DELETE FROM passwords WHERE change_no = 1", []).unwrap();
        let refused = decryptor.entries(&unpacked, "passphrase", PASSPHRASE).unwrap_err();
        assert!(refused.contains("the head does not fit"), "{refused}");
    });
}

#[test]
fn decryptor_opens_an_encrypted_export() {
    let Some(decryptor) = Decryptor::new() else { return };
    let path = decryptor.folder.path().join("export.html");
    std::fs::write(&path, backup::file("en")).unwrap();
    let secret = decryptor.secret(PASSPHRASE);
    let opened = decryptor.run("backup", &[&path, Path::new("--passphrase-file"), &secret]).unwrap();
    assert_eq!(opened, serde_json::from_str::<Value>(&backup::vault()).unwrap());
    let wrong = decryptor.secret("wrong");
    assert!(decryptor.run("backup", &[&path, Path::new("--passphrase-file"), &wrong]).is_err());
}
