//! Answered saves survive a killed server, a full disk and a read-only file. Without a browser.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use rand_core_06::{OsRng, RngCore};
use serde_json::Value;
use shared::bytes::Base64Url;
use shared::ids::EntryId;
use shared::limits::{BUCKETS, SEALED_OVERHEAD};
use shared::passwords::FORMAT;

use e2e::http_connection::HttpConnection;
use e2e::server::Server;
use e2e::vault_client::VaultClient;
use e2e::{is_root, path_from_env, wait_until};

const CONNECTIONS: usize = 32;
const KILLS: usize = 50;

/// The versions sent of an entry, from 1 on, and the number of them that were answered.
#[derive(Default)]
struct Sent {
    sealed: Vec<String>,
    answered: usize,
}

/// All entries sent, by id.
type Ledger = Mutex<HashMap<String, Sent>>;

/// Creates a vault, and returns the token of a session.
fn vault(server: &Server) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(VaultClient::create_first_vault(server, "ada")).token().to_owned()
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

fn entry_id() -> String {
    EntryId::from_time(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64, random()).to_string()
}

/// Random bytes that look like a sealed entry; some have the size of the next bucket.
fn sealed() -> String {
    let bucket = BUCKETS[usize::from(random::<1>()[0].is_multiple_of(8))];
    let mut bytes = vec![0; bucket + SEALED_OVERHEAD];
    OsRng.fill_bytes(&mut bytes);
    bytes[0] = FORMAT;
    Base64Url::encode(&bytes)
}

/// Sends the next version of an entry; returns the status, if there was an answer.
fn put(connection: &mut HttpConnection, token: &str, ledger: &Ledger, id: &str) -> Option<u16> {
    let sealed = sealed();
    let replaces = {
        let mut ledger = ledger.lock().unwrap();
        let sent = ledger.entry(id.to_owned()).or_default();
        sent.sealed.truncate(sent.answered);
        sent.sealed.push(sealed.clone());
        sent.answered
    };
    let body = format!(r#"{{"replaces":{replaces},"sealed":"{sealed}"}}"#);
    let (status, _) = connection.try_send("PUT", &format!("/api/v1/passwords/{id}"), token, &body).ok()?;
    if status == 200 {
        ledger.lock().unwrap().get_mut(id).unwrap().answered += 1;
    }
    Some(status)
}

/// Saves on many connections until the server has stopped or `enough` is true of a status.
fn save(port: u16, token: &str, ledger: &Ledger, enough: impl Fn(u16) -> bool + Sync) {
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let Ok(mut connection) = HttpConnection::try_connect(port) else { return };
                // Each entry is written, and every second one overwritten.
                let mut ids = std::iter::from_fn(|| Some(entry_id())).flat_map(|id| {
                    let versions = 1 + usize::from(random::<1>()[0] % 2);
                    std::iter::repeat_n(id, versions)
                });
                while let Some(status) = put(&mut connection, token, ledger, &ids.next().unwrap()) {
                    if enough(status) {
                        break;
                    }
                }
            });
        }
    });
}

/// Reads the changes since a change number, and compares them with the versions sent. Returns the newest change number.
fn compare(port: u16, token: &str, ledger: &Ledger, mut since: u64, found: &mut HashMap<String, u64>) -> u64 {
    let mut connection = HttpConnection::connect(port);
    let ledger = ledger.lock().unwrap();
    loop {
        let (status, answer) = connection.send("GET", &format!("/api/v1/passwords?since={since}"), token, "");
        assert_eq!(status, 200);
        let changes: Value = serde_json::from_slice(answer).unwrap();
        for entry in changes["entries"].as_array().unwrap() {
            let (id, version) = (entry["id"].as_str().unwrap(), entry["version"].as_u64().unwrap());
            let sent = &ledger[id];
            assert_eq!(entry["sealed"], sent.sealed[version as usize - 1].as_str(), "what was sent, whole");
            found.insert(id.to_owned(), version);
        }
        since = changes["latest"].as_u64().unwrap();
        match changes["entries"].as_array().unwrap().last() {
            Some(last) if changes["more"] == true => since = last["change_no"].as_u64().unwrap(),
            _ => break,
        }
    }
    for (id, sent) in ledger.iter().filter(|(_, sent)| sent.answered > 0) {
        let version = found.get(id).copied().unwrap_or_default();
        assert!(version >= sent.answered as u64, "{id}: version {} was answered, {version} is there", sent.answered);
    }
    since
}

/// Checks the integrity of the database, and the account's count of its entries.
fn assert_sound(server: &Server) {
    let database = server.database();
    let check: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    let (counted, there): (i64, i64) = database
        .query_row("SELECT entries, (SELECT count(*) FROM passwords) FROM accounts", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!(counted, there);
}

#[test]
fn answered_saves_survive_a_killed_server() {
    let mut server = Server::start_with(&[("PASSMINT_MAX_ENTRIES", "10000000")]);
    let token = vault(&server);
    let (ledger, mut found, mut since) = (Ledger::default(), HashMap::new(), 0);
    for _ in 0..KILLS {
        let port = server.port;
        let moment = Duration::from_millis(20 + u64::from(random::<1>()[0]) / 2);
        std::thread::scope(|scope| {
            let saving = scope.spawn(|| {
                save(port, &token, &ledger, |status| {
                    assert_eq!(status, 200);
                    false
                })
            });
            std::thread::sleep(moment);
            server.kill();
            saving.join().unwrap();
        });
        server.start_again();
        since = compare(port, &token, &ledger, since, &mut found);
    }
    assert_sound(&server);
    let answered = ledger.lock().unwrap().values().map(|sent| sent.answered).sum::<usize>();
    eprintln!("{answered} answered saves survived {KILLS} kills");
    assert!(answered > KILLS * CONNECTIONS, "too few to tell anything");
}

/// Saves until no save succeeds, checks the operations that only read, calls `cure`, and saves again.
fn refuses_and_recovers(server: &Server, token: &str, ledger: &Ledger, cure: impl FnOnce()) {
    let port = server.port;
    save(port, token, ledger, |status| {
        assert!([200, 503].contains(&status), "{status}");
        status == 503
    });
    let mut connection = HttpConnection::connect(port);
    let body = format!(r#"{{"replaces":0,"sealed":"{}"}}"#, sealed());
    let (status, answer) = connection.send("PUT", &format!("/api/v1/passwords/{}", entry_id()), token, &body);
    let problem: Value = serde_json::from_slice(answer).unwrap();
    assert_eq!((status, &problem["code"]), (503, &"store-unavailable".into()));
    assert_eq!(connection.send("GET", "/healthz", "", "").0, 200);
    assert_eq!(connection.send("GET", "/readyz", "", "").0, 503);
    // Every answered save can be read.
    compare(port, token, ledger, 0, &mut HashMap::new());
    let process = server.process_id();
    cure();
    wait_until("it is ready again", || HttpConnection::connect(port).send("GET", "/readyz", "", "").0 == 200);
    // Refused saves are sent again, as the page does.
    let refused = |sent: &Sent| sent.sealed.len() > sent.answered;
    let ids: Vec<_> =
        ledger.lock().unwrap().iter().filter(|(_, sent)| refused(sent)).map(|(id, _)| id.clone()).collect();
    assert!(ids.len() >= CONNECTIONS);
    for id in ids.iter().chain([&entry_id()]) {
        assert_eq!(put(&mut HttpConnection::connect(port), token, ledger, id), Some(200));
    }
    compare(port, token, ledger, 0, &mut HashMap::new());
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
    let token = vault(&server);
    // The disk is mounted in the server's namespace only; this path leads into it.
    let filler =
        Path::new("/proc").join(server.process_id().to_string()).join("root").join(folder.strip_prefix("/").unwrap());
    let filler = filler.join("filler");
    let fill = || {
        let full = std::fs::write(&filler, vec![1; 16 << 20]);
        assert!(full.is_err(), "the disk is full");
    };
    let ledger = Ledger::default();
    fill();
    refuses_and_recovers(&server, &token, &ledger, || std::fs::remove_file(&filler).unwrap());
    // A second time, in case the first left something behind.
    fill();
    refuses_and_recovers(&server, &token, &ledger, || std::fs::remove_file(&filler).unwrap());
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
    let token = vault(&server);
    let protect = |mode| {
        let file = folder.join("passmint.db");
        std::fs::set_permissions(file, PermissionsExt::from_mode(mode)).unwrap();
    };
    let ledger = Ledger::default();
    assert_eq!(put(&mut HttpConnection::connect(server.port), &token, &ledger, &entry_id()), Some(200));
    server.kill();
    protect(0o400);
    server.start_again();
    refuses_and_recovers(&server, &token, &ledger, || protect(0o600));
}

/// A disk that becomes read-only under a running server, as one with errors does. Needs a file system with attributes.
#[test]
fn database_that_becomes_immutable_refuses_saves_serves_reads_and_recovers() {
    let server = Server::start();
    let token = vault(&server);
    let files = ["passmint.db", "passmint.db-wal"].map(|name| server.data().join(name));
    let set =
        |flag: &str| Command::new("chattr").arg(flag).args(&files).output().is_ok_and(|done| done.status.success());
    if !set("+i") {
        return eprintln!("NOT RUN: this file system or user does not allow chattr +i");
    }
    refuses_and_recovers(&server, &token, &Ledger::default(), || assert!(set("-i")));
}
