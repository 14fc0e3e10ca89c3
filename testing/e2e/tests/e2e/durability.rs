//! Answered saves survive a killed server, a full disk and a read-only file. Without a browser.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand_core_06::{OsRng, RngCore};
use serde_json::{Value, json};
use shared::bytes::Base64Url;
use shared::changes::{FORMAT, HEAD_LEN, HEADER_LEN, OVERHEAD};
use shared::ids::{AccountId, EntryId};
use shared::limits::BUCKETS;
use shared::login::SessionToken;

use e2e::http_connection::HttpConnection;
use e2e::server::Server;
use e2e::vault_client::VaultClient;
use e2e::{is_root, path_from_env, wait_until};

const WRITERS: usize = 32;
const KILLS: usize = 50;

/// The versions sent of an entry, from 1 on, and the number of them that were answered.
#[derive(Default)]
struct Sent {
    sealed: Vec<String>,
    answered: usize,
}

/// A client with an account of its own: changes of one account are saved one after the other, each on a head.
struct Writer {
    token: String,
    /// The account's head.
    head: String,
    /// All entries sent, by id.
    sent: HashMap<String, Sent>,
    /// The versions that the server has listed, by id.
    found: HashMap<String, u64>,
    since: u64,
}

/// Creates a vault; the writer is its owner.
fn owner(server: &Server) -> Writer {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let token = runtime.block_on(VaultClient::create_first_vault(server, "ada")).token().to_owned();
    let mut owner = Writer { token, head: String::new(), sent: HashMap::new(), found: HashMap::new(), since: 0 };
    owner.compare(server.port);
    owner
}

/// Creates a vault and copies its account, so that each writer has one. Nobody could open the copies.
fn writers(server: &Server) -> Vec<Writer> {
    let owner = owner(server);
    let database = server.database();
    let columns: String = database
        .query_row(
            "SELECT group_concat(name) FROM pragma_table_info('accounts') WHERE name NOT IN ('id', 'login')",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let copy = |number: usize| {
        let account = AccountId::from_random(random());
        let token = Base64Url::encode(&random::<32>());
        let hash = SessionToken::from_bearer(&token).unwrap().hash();
        database
            .execute(
                &format!("INSERT INTO accounts (id, login, {columns}) SELECT ?1, ?2, {columns} FROM accounts WHERE login = 'ada'"),
                rusqlite::params![account.as_bytes(), format!("writer {number}")],
            )
            .unwrap();
        database
            .execute(
                "INSERT INTO sessions (token_hash, account_id, created_at, used_at)
                 SELECT ?1, ?2, created_at, used_at FROM sessions LIMIT 1",
                rusqlite::params![hash, account.as_bytes()],
            )
            .unwrap();
        Writer { token, head: owner.head.clone(), sent: HashMap::new(), found: HashMap::new(), since: 0 }
    };
    (0..WRITERS).map(copy).collect()
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

fn entry_id() -> String {
    EntryId::from_time(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64, random()).to_string()
}

/// Random bytes of this length that look sealed under vault key 1.
fn sealed(len: usize) -> String {
    let mut bytes = vec![0; len];
    OsRng.fill_bytes(&mut bytes);
    bytes[..HEADER_LEN].copy_from_slice(&[FORMAT, 0, 0, 0, 1]);
    Base64Url::encode(&bytes)
}

impl Writer {
    /// Sends the next version of an entry; returns the status, if there was an answer.
    fn save(&mut self, connection: &mut HttpConnection, id: &str) -> Option<u16> {
        // Some have the size of the next bucket.
        let bucket = BUCKETS[usize::from(random::<1>()[0].is_multiple_of(8))];
        let (sealed, head) = (sealed(bucket + OVERHEAD), sealed(HEAD_LEN));
        let sent = self.sent.entry(id.to_owned()).or_default();
        sent.sealed.truncate(sent.answered);
        sent.sealed.push(sealed.clone());
        let (replaces, version) = (sent.answered, sent.answered + 1);
        let change = json!({ "id": id, "replaces": replaces, "version": version, "sealed": sealed });
        let body = json!({ "replaces": self.head, "changes": [change], "head": head }).to_string();
        let (status, _) = connection.try_send("POST", "/api/v1/changes", &self.token, &body).ok()?;
        if status == 200 {
            sent.answered = version;
            self.head = head;
        }
        Some(status)
    }

    /// Saves until the server has stopped or `enough` is true of a status. Returns the number of answered saves.
    fn save_many(&mut self, port: u16, enough: impl Fn(u16) -> bool) -> usize {
        let Ok(mut connection) = HttpConnection::try_connect(port) else { return 0 };
        // Each entry is written, and every second one overwritten.
        let ids = std::iter::from_fn(|| Some(entry_id())).flat_map(|id| {
            let versions = 1 + usize::from(random::<1>()[0] % 2);
            std::iter::repeat_n(id, versions)
        });
        let mut answered = 0;
        for id in ids {
            match self.save(&mut connection, &id) {
                Some(status) if !enough(status) => answered += usize::from(status == 200),
                _ => break,
            }
        }
        answered
    }

    /// Reads the changes since the last time, compares them with the versions sent, and takes over the head.
    fn compare(&mut self, port: u16) {
        let mut connection = HttpConnection::connect(port);
        loop {
            let path = format!("/api/v1/changes?since={}", self.since);
            let (status, answer) = connection.send("GET", &path, &self.token, "");
            assert_eq!(status, 200);
            let changes: Value = serde_json::from_slice(answer).unwrap();
            for entry in changes["entries"].as_array().unwrap() {
                let (id, version) = (entry["id"].as_str().unwrap(), entry["version"].as_u64().unwrap());
                assert_eq!(
                    entry["sealed"],
                    self.sent[id].sealed[version as usize - 1].as_str(),
                    "what was sent, whole"
                );
                self.found.insert(id.to_owned(), version);
                self.since = entry["change_no"].as_u64().unwrap();
            }
            if changes["more"] == false {
                self.head = changes["head"].as_str().unwrap().to_owned();
                break;
            }
        }
        for (id, sent) in self.sent.iter().filter(|(_, sent)| sent.answered > 0) {
            let version = self.found.get(id).copied().unwrap_or_default();
            assert!(version >= sent.answered as u64, "{id}: {} was answered, {version} is there", sent.answered);
        }
    }
}

/// Saves as all writers at once. Returns the number of answered saves.
fn save(port: u16, writers: &mut [Writer], enough: impl Fn(u16) -> bool + Sync) -> usize {
    let answered = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for writer in writers {
            scope.spawn(|| answered.fetch_add(writer.save_many(port, &enough), Ordering::Relaxed));
        }
    });
    answered.into_inner()
}

/// Checks the integrity of the database, and the accounts' counts of their entries.
fn assert_sound(server: &Server) {
    let database = server.database();
    let check: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    let (counted, there): (i64, i64) = database
        .query_row("SELECT sum(entries), (SELECT count(*) FROM passwords) FROM accounts", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(counted, there);
}

#[test]
fn answered_saves_survive_a_killed_server() {
    let mut server = Server::start_with(&[("PASSMINT_MAX_ENTRIES", "10000000")]);
    let mut writers = writers(&server);
    let mut answered = 0;
    for _ in 0..KILLS {
        let port = server.port;
        let moment = Duration::from_millis(20 + u64::from(random::<1>()[0]) / 2);
        answered += std::thread::scope(|scope| {
            let saving = scope.spawn(|| {
                save(port, &mut writers, |status| {
                    assert_eq!(status, 200);
                    false
                })
            });
            std::thread::sleep(moment);
            server.kill();
            saving.join().unwrap()
        });
        server.start_again();
        writers.iter_mut().for_each(|writer| writer.compare(server.port));
    }
    assert_sound(&server);
    eprintln!("{answered} answered saves survived {KILLS} kills");
    assert!(answered > KILLS * WRITERS, "too few to tell anything");
}

/// Saves until no save succeeds, checks the operations that only read, calls `cure`, and saves again.
fn refuses_and_recovers(server: &Server, writers: &mut [Writer], cure: impl FnOnce()) {
    let port = server.port;
    save(port, writers, |status| {
        assert!([200, 503].contains(&status), "{status}");
        status == 503
    });
    let mut connection = HttpConnection::connect(port);
    let change = json!({ "id": entry_id(), "replaces": 0, "version": 1, "sealed": sealed(OVERHEAD + BUCKETS[0]) });
    let body = json!({ "replaces": writers[0].head, "changes": [change], "head": sealed(HEAD_LEN) }).to_string();
    let (status, answer) = connection.send("POST", "/api/v1/changes", &writers[0].token, &body);
    let problem: Value = serde_json::from_slice(answer).unwrap();
    assert_eq!((status, &problem["code"]), (503, &"store-unavailable".into()));
    assert_eq!(connection.send("GET", "/healthz", "", "").0, 200);
    assert_eq!(connection.send("GET", "/readyz", "", "").0, 503);
    // Every answered save can be read.
    writers.iter_mut().for_each(|writer| writer.compare(port));
    let process = server.process_id();
    cure();
    wait_until("it is ready again", || HttpConnection::connect(port).send("GET", "/readyz", "", "").0 == 200);
    for writer in &mut *writers {
        // Refused saves are sent again, as the page does.
        let refused = |sent: &Sent| sent.sealed.len() > sent.answered;
        let ids: Vec<_> = writer.sent.iter().filter(|(_, sent)| refused(sent)).map(|(id, _)| id.clone()).collect();
        assert!(!ids.is_empty(), "each was refused once");
        for id in ids.iter().chain([&entry_id()]) {
            assert_eq!(writer.save(&mut HttpConnection::connect(port), id), Some(200));
        }
        writer.compare(port);
    }
    assert_eq!(server.process_id(), process, "without a restart");
}

#[test]
fn full_disk_refuses_saves_serves_reads_and_recovers() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_owned();
    let small = format!("mount -t tmpfs -o size=8m none {} && exec \"$@\"", folder.display());
    let launcher = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", &small, "sh"];
    let allowed = Command::new(launcher[0]).args(&launcher[1..]).arg("true").status();
    if !allowed.is_ok_and(|status| status.success()) {
        return eprintln!(
            "NOT RUN: a small disk needs unshare(1) and user namespaces, which this system does not allow"
        );
    }
    let server = Server::start_under(&launcher, data);
    // The disk is mounted in the server's namespace only; this path leads into it.
    let disk =
        Path::new("/proc").join(server.process_id().to_string()).join("root").join(folder.strip_prefix("/").unwrap());
    // SQLite follows the link out of the namespace, so no accounts can be added here.
    let mut writers = [owner(&server)];
    let filler = disk.join("filler");
    let fill = || {
        let full = std::fs::write(&filler, vec![1; 16 << 20]);
        assert!(full.is_err(), "the disk is full");
    };
    fill();
    refuses_and_recovers(&server, &mut writers, || std::fs::remove_file(&filler).unwrap());
    // A second time, in case the first left something behind.
    fill();
    refuses_and_recovers(&server, &mut writers, || std::fs::remove_file(&filler).unwrap());
}

#[test]
fn write_protected_database_serves_reads_until_it_becomes_writable() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_owned();
    // Permissions do not stop root, so the server runs as another user, who needs a copy of the binary that he can
    // reach.
    let program = tempfile::tempdir().unwrap();
    let copy = program.path().join("passmint");
    std::fs::copy(path_from_env("PASSMINT_BIN"), &copy).unwrap();
    std::fs::set_permissions(program.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let instead = format!("shift; exec {} \"$@\"", copy.display());
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", instead.as_str(), "sh"];
    let launcher: &[&str] = if is_root() {
        std::os::unix::fs::chown(&folder, Some(65534), Some(65534)).unwrap();
        &nobody
    } else {
        &[]
    };
    let mut server = Server::start_under(launcher, data);
    let mut writers = writers(&server);
    let protect = |mode| {
        let file = folder.join("passmint.db");
        std::fs::set_permissions(file, PermissionsExt::from_mode(mode)).unwrap();
    };
    assert_eq!(writers[0].save(&mut HttpConnection::connect(server.port), &entry_id()), Some(200));
    server.kill();
    protect(0o400);
    server.start_again();
    refuses_and_recovers(&server, &mut writers, || protect(0o600));
}

/// A disk that becomes read-only under a running server, as one with errors does. Needs a file system with attributes.
#[test]
fn database_that_becomes_immutable_refuses_saves_serves_reads_and_recovers() {
    let server = Server::start();
    let mut writers = writers(&server);
    let files = ["passmint.db", "passmint.db-wal"].map(|name| server.data().join(name));
    let set =
        |flag: &str| Command::new("chattr").arg(flag).args(&files).output().is_ok_and(|done| done.status.success());
    if !set("+i") {
        return eprintln!("NOT RUN: this file system or user does not allow chattr +i");
    }
    refuses_and_recovers(&server, &mut writers, || assert!(set("-i")));
}
