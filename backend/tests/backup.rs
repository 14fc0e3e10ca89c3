//! Backups: created while others write, restored and verified; damage is noticed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use backend::backup::{Passphrase, Source, create, restore, verify_archive, verify_folder};
use backend::database::{open_sqlite, sqlite_file};
use backend::server_key::ServerKey;
use backend::store::{Invite, NewAccount, Store};
use shared::accounts::{NewCredential, Username};
use shared::bytes::Base64Url;
use shared::changes::{Change, FORMAT, HEAD_LEN, OVERHEAD, SaveChanges, StoredVersion};
use shared::ids::{AccountId, EntryId};
use tempfile::TempDir;

const WORDS: &str = "correct horse battery staple";

/// A data folder with a server key and an account.
struct House {
    folder: TempDir,
    account: AccountId,
    key: ServerKey,
}

/// Bytes that look sealed under vault key 1, with a number in them.
fn under_key_1(len: usize, number: u32) -> Vec<u8> {
    let mut bytes = [&[FORMAT, 0, 0, 0, 1][..], &vec![7; len - 5]].concat();
    bytes[30..34].copy_from_slice(&number.to_be_bytes());
    bytes
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = ServerKey::generate();
        key.store(&folder.path().join("server-key")).unwrap();
        let house = Self { folder, account: AccountId::from_random([1; 16]), key };
        let store = house.store();
        store.bind_server_key(house.key.fingerprint()).unwrap();
        store.add_invite(&Invite { code_hash: [1; 32], expires_at: 2, setup: false }).unwrap();
        let secret = NewCredential { suite: 1, record: Base64Url(vec![1; 192]), wrapped_key: Base64Url(vec![1; 73]) };
        let username = Username::new("ada").unwrap();
        let head = under_key_1(HEAD_LEN, u32::MAX).try_into().unwrap();
        let account =
            NewAccount { id: house.account, username, passphrase: secret.clone(), recovery: secret, head: Some(head) };
        store.create_account(&account, &[1; 32], 1).unwrap();
        house
    }

    fn store(&self) -> std::sync::Arc<dyn Store> {
        open_sqlite(&sqlite_file(self.folder.path())).unwrap()
    }

    fn put(&self, store: &dyn Store, number: u32) {
        let replaces = store.list_changes(self.account, 0, 1).unwrap().head.unwrap().0.try_into().unwrap();
        let mut tail = [0; 10];
        tail[..4].copy_from_slice(&number.to_be_bytes());
        let sealed = under_key_1(1024 + OVERHEAD, number).try_into().unwrap();
        let change = Change { id: EntryId::from_time(1, tail), replaces: 0, version: 1, sealed };
        let head = under_key_1(HEAD_LEN, number).try_into().unwrap();
        let save = SaveChanges { replaces, changes: vec![change], head };
        store.save_changes(self.account, &save, 1_000_000, 1).unwrap();
    }

    fn file(&self) -> PathBuf {
        sqlite_file(self.folder.path())
    }

    fn backup(&self, target: &Path, words: Option<&str>) -> anyhow::Result<PathBuf> {
        create(&Source::File(&self.file()), Some(&self.key), target, words.map(passphrase)).map(|made| made.file)
    }
}

fn passphrase(words: &str) -> Passphrase {
    Passphrase::new(words.to_owned()).unwrap()
}

fn none() -> anyhow::Result<Passphrase> {
    panic!("no passphrase is needed")
}

/// The files of a folder with their content.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn backup_of_a_busy_database_restores_intact() {
    let house = House::new();
    let store = house.store();
    (0..200).for_each(|number| house.put(&*store, number));
    let out = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 1000;
            while !stop.load(Ordering::Relaxed) {
                house.put(&*store, number);
                number += 1;
            }
        });
        for (name, words) in [("plain.tar", None), ("sealed.tar", Some(WORDS))] {
            let target = out.path().join(name);
            house.backup(&target, words).unwrap();
            let again = house.backup(&target, words).unwrap_err();
            assert!(again.to_string().contains("exists already"), "{again}");
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(names(out.path()), ["plain.tar", "sealed.tar"], "nothing else is left");

    for (name, words) in [("plain.tar", None), ("sealed.tar", Some(WORDS))] {
        let archive = out.path().join(name);
        let ask = || words.map_or_else(none, |words| Ok(passphrase(words)));
        let verified = verify_archive(&archive, out.path(), ask).unwrap();
        assert_eq!((verified.summary.faults.as_slice(), verified.has_server_key), (&[][..], true), "{name}");
        assert!(verified.summary.entries >= 200, "{name}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&archive).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let new = out.path().join(format!("{name}.data"));
        restore(&archive, &new, ask).unwrap();
        assert_eq!(names(&new), ["passmint.db", "server-key"]);
        assert_eq!(verify_folder(&new).unwrap().summary, verified.summary, "{name}");
        let key = ServerKey::load(&new.join("server-key")).unwrap().unwrap();
        assert_eq!(key.fingerprint(), house.key.fingerprint());
        // The restored database can be served, and its change numbers continue.
        let restored = open_sqlite(&sqlite_file(&new)).unwrap();
        let original = store.list_changes(house.account, 0, 150).unwrap().entries;
        assert_eq!(restored.list_changes(house.account, 0, 150).unwrap().entries, original);
        house.put(&*restored, 999_999);
    }
}

#[test]
fn restore_of_an_invalid_archive_changes_nothing() {
    let house = House::new();
    let store = house.store();
    (0..100).for_each(|number| house.put(&*store, number));
    let out = tempfile::tempdir().unwrap();
    let archive = house.backup(&out.path().join("a.tar"), None).unwrap();
    let sealed = house.backup(&out.path().join("s.tar"), Some(WORDS)).unwrap();
    let whole = fs::read(&archive).unwrap();
    let refused = |bytes: &[u8], words: &str| {
        let file = out.path().join("changed");
        fs::write(&file, bytes).unwrap();
        let data = out.path().join("data");
        let error = restore(&file, &data, || Ok(passphrase(words))).expect_err("it was taken");
        assert!(!data.exists() || names(&data).is_empty(), "{error:#}");
        format!("{error:#}")
    };
    // A changed byte of an entry, of the key and of the manifest; half of the archive; files that are not archives.
    let entry = whole.windows(64).position(|window| window == [7; 64]).unwrap();
    let key = whole.windows(20).position(|window| window == b"passmint-server-key-").unwrap();
    for (place, told) in [(entry, "match its manifest"), (key + 60, ""), (600, "")] {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        let error = refused(&changed, WORDS);
        assert!(error.contains(told), "byte {place}: {error}");
    }
    refused(&whole[..whole.len() / 2], WORDS);
    refused(b"", WORDS);
    refused(b"Dear diary", WORDS);
    let sealed = fs::read(&sealed).unwrap();
    assert!(refused(&sealed, "incorrect horse battery staple").contains("the passphrase is wrong"));
    assert!(refused(&sealed[..sealed.len() - 1], WORDS).contains("was changed"));
    assert!(!sealed.windows(20).any(|window| window == b"passmint-server-key-"), "sealed is sealed");
}

#[test]
fn restore_into_a_folder_with_data_is_refused() {
    let house = House::new();
    let out = tempfile::tempdir().unwrap();
    let archive = house.backup(&out.path().join("a.tar"), None).unwrap();
    for name in ["passmint.db", "passmint.db-wal", "server-key"] {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join(name), "precious").unwrap();
        let error = restore(&archive, data.path(), none).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("empty folder"), "{error}");
        assert_eq!(names(data.path()), [name]);
        assert_eq!(fs::read_to_string(data.path().join(name)).unwrap(), "precious");
    }
}

#[test]
fn backup_of_a_damaged_database_or_with_a_foreign_key_is_refused() {
    let house = House::new();
    let out = tempfile::tempdir().unwrap();
    let other = create(&Source::File(&house.file()), Some(&ServerKey::generate()), &out.path().join("a.tar"), None);
    assert!(other.unwrap_err().to_string().contains("does not belong to this database"));
    let store = house.store();
    (0..100).for_each(|number| house.put(&*store, number));
    drop(store);
    let mut bytes = fs::read(house.file()).unwrap();
    let end = bytes.len();
    bytes[end - 6 * 4096..end - 4096].fill(0x55);
    fs::write(house.file(), bytes).unwrap();
    house.backup(&out.path().join("a.tar"), None).unwrap_err();
    assert!(names(out.path()).is_empty(), "nothing is left of it");
    let faults = verify_folder(house.folder.path()).unwrap().summary.faults;
    assert!(faults.iter().any(|fault| fault.starts_with("damaged")), "{faults:?}");
}

/// Runs the program. Returns true if it succeeded, and its whole output.
fn passmint(arguments: &[&str], environment: &[(&str, &str)]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passmint"));
    let Output { status, stdout, stderr } =
        command.args(arguments).envs(environment.iter().copied()).stdin(Stdio::null()).output().unwrap();
    (status.success(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

#[test]
fn commands_print_their_result_and_never_the_passphrase() {
    let house = House::new();
    house.put(&*house.store(), 1);
    let out = tempfile::tempdir().unwrap();
    let data = house.folder.path().to_str().unwrap();
    let archive = out.path().join("a.tar.sealed");
    let archive = archive.to_str().unwrap();
    let words = [("PASSMINT_BACKUP_PASSPHRASE", WORDS)];
    let (ok, said) = passmint(&["backup", archive, "--data", data], &words);
    assert!(ok && said.contains("1 accounts, 1 entries") && !said.contains(WORDS), "{said}");
    let (ok, said) = passmint(&["verify", archive], &words);
    assert!(ok && said.contains("\nintact\n") && said.contains("server key: present"), "{said}");
    let (ok, said) = passmint(&["verify", archive], &[]);
    assert!(!ok && said.contains("--passphrase-file"), "{said}");
    let file = out.path().join("words");
    fs::write(&file, "incorrect horse battery\n").unwrap();
    let (ok, said) = passmint(&["verify", archive, "--passphrase-file", file.to_str().unwrap()], &[]);
    assert!(!ok && said.contains("the passphrase is wrong") && !said.contains("incorrect"), "{said}");
    let new = out.path().join("new");
    let (ok, said) = passmint(&["restore", archive, "--data", new.to_str().unwrap()], &words);
    assert!(ok && said.contains("Everybody must log in again"), "{said}");
    let (ok, said) = passmint(&["verify", new.to_str().unwrap()], &[]);
    assert!(ok && said.contains("1 accounts, 1 entries"), "{said}");
    fs::remove_file(new.join("server-key")).unwrap();
    let (ok, said) = passmint(&["verify", new.to_str().unwrap()], &[]);
    assert!(!ok && said.contains("fault: there is no server key"), "{said}");
    let (ok, said) = passmint(&["backup", archive, "--data", new.to_str().unwrap()], &[]);
    assert!(!ok && said.contains("there is no server key in"), "{said}");
    let (ok, said) = passmint(&["backup", archive, "--data", data], &[("PASSMINT_BACKUP_PASSPHRASE", "short")]);
    assert!(!ok && said.contains("it needs 12") && !said.contains("short"), "{said}");
}

#[test]
fn entry_of_an_unknown_format_is_named_and_everything_else_is_intact() {
    let house = House::new();
    let store = house.store();
    (0..3).for_each(|number| house.put(&*store, number));
    let entry = EntryId::from_time(1, [9; 10]);
    let mut account = store.account_after(None).unwrap().unwrap();
    account.entries += 1;
    account.change_no += 1;
    store.upsert_account(&account).unwrap();
    let sealed = Some(Base64Url(vec![9; 1069]));
    let row = StoredVersion { id: entry, version: 1, change_no: 4, changed_at: 1, deleted: false, sealed };
    store.insert_entries(house.account, &[row]).unwrap();
    drop(store);
    let out = tempfile::tempdir().unwrap();
    let data = house.folder.path().to_str().unwrap().to_owned();
    let verify = |target: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_passmint"));
        let Output { status, stdout, .. } = command.args(["verify", target]).output().unwrap();
        (status.code(), String::from_utf8(stdout).unwrap())
    };
    let named = format!(
        "1 entry cannot be opened by any browser:\n  entry {entry} of account {}: unknown format 9\n",
        house.account
    );
    let (code, said) = verify(&data);
    assert!(code == Some(3) && said.contains(&named) && said.ends_with("everything else is intact\n"), "{said}");
    assert!(!said.contains("\nintact") && !said.contains("fault") && !said.contains("ada"), "{said}");

    // A backup and its restoration keep the row: a newer Passmint may open it.
    let archive = out.path().join("a.tar");
    let archive = archive.to_str().unwrap();
    let (ok, said) = passmint(&["backup", archive, "--data", &data], &[]);
    assert!(ok && said.contains(&named), "{said}");
    assert_eq!(verify(archive).0, Some(3));
    let new = out.path().join("new");
    let (ok, said) = passmint(&["restore", archive, "--data", new.to_str().unwrap()], &[]);
    assert!(ok && said.contains(&named), "{said}");
    assert_eq!(verify(new.to_str().unwrap()).0, Some(3));
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(30), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn scheduled_backups_are_created_and_pruned() {
    let house = House::new();
    let out = tempfile::tempdir().unwrap();
    // Two earlier backups. The older one is deleted once the new one is there; the other is too old to delay it.
    for name in ["passmint-20250101T000000Z.tar", "passmint-20250102T000000Z.tar"] {
        let file = fs::File::create(out.path().join(name)).unwrap();
        file.set_modified(std::time::SystemTime::now() - Duration::from_hours(48)).unwrap();
    }
    let port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (page, metrics) = (port(), port());
    let server = Command::new(env!("CARGO_BIN_EXE_passmint"))
        .args(["serve", "--listen", &format!("127.0.0.1:{page}"), "--backup-keep", "2"])
        .args(["--metrics-listen", &format!("127.0.0.1:{metrics}"), "--backup-folder"])
        .arg(out.path())
        .arg("--data")
        .arg(house.folder.path())
        .env("PASSMINT_BACKUP_PASSPHRASE", WORDS)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _server = Running(server);
    let ours = || names(out.path()).into_iter().filter(|name| name.ends_with(".tar.sealed")).collect::<Vec<_>>();
    wait_until("there is a backup", || !ours().is_empty());
    wait_until("the metrics tell", || {
        get(metrics, "/metrics").is_some_and(|text| text.contains("passmint_backup_made_timestamp_seconds "))
    });
    assert_eq!(names(out.path()).len(), 2, "{:?}", names(out.path()));
    assert!(!out.path().join("passmint-20250101T000000Z.tar").exists(), "the oldest goes");
    let verified = verify_archive(&out.path().join(&ours()[0]), out.path(), || Ok(passphrase(WORDS))).unwrap();
    assert!(verified.summary.faults.is_empty() && verified.has_server_key);
    let ready = get(page, "/readyz").unwrap();
    assert!(ready.contains(r#"{"part":"backup","state":"ok"}"#), "{ready}");
    assert!(get(page, "/metrics").unwrap().starts_with("HTTP/1.1 404"), "not where the page is");
}

#[test]
fn metrics_on_a_public_address_are_refused_unless_allowed() {
    let data = tempfile::tempdir().unwrap();
    let arguments =
        ["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "0.0.0.0:0", "--data", data.path().to_str().unwrap()];
    let (ok, said) = passmint(&arguments, &[]);
    assert!(!ok && said.contains("--metrics-exposed"), "{said}");
}
