//! The server's figures: saves, log-ins, first sync, start-up, memory. The load comes from the same machine.

mod measured;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use shared::changes::{Change, FORMAT, HEAD_LEN, HEADER_LEN, OVERHEAD, SaveChanges, SealedHead};
use shared::ids::EntryId;
use shared::limits::BUCKETS;

use crate::report::{at_least, at_most};
use crate::runs::Runs;
use e2e::http_connection::HttpConnection;
use e2e::vault_client::VaultClient;
use measured::MeasuredServer;

/// Connections that save at the same time.
const CONNECTIONS: [usize; 3] = [1, 8, 32];
/// Duration and number of the measurements of each number of connections.
const TIME: Duration = Duration::from_secs(4);
const ROUNDS: usize = 3;
/// Entries of the vault that is synced.
const ENTRIES: usize = 10_000;
const SYNCS: usize = 20;
/// Log-ins of each kind that are started to compare known with unknown usernames.
const STARTS: usize = 2000;

/// Times are in milliseconds, memory in MiB.
#[derive(Serialize)]
pub(crate) struct ServerFigures {
    binary_megabytes: f64,
    saves: Vec<Saves>,
    sync: Sync,
    start: StartUp,
    log_ins: LogIns,
}

/// Saves by a number of connections.
#[derive(Serialize)]
struct Saves {
    store: &'static str,
    connections: usize,
    per_second: Runs,
    median: Runs,
    /// The time within which 99 of 100 saves are done.
    p99: Runs,
    longest: f64,
    /// The server's memory afterwards.
    memory: f64,
}

/// The first sync of a vault with [`ENTRIES`].
#[derive(Serialize)]
struct Sync {
    first_page: Runs,
    all: Runs,
    bytes: usize,
    memory_before: f64,
    memory_after_one: f64,
    memory_after_all: f64,
    peak: f64,
}

#[derive(Serialize)]
struct StartUp {
    /// From the start of the process to its first answer, with an empty data folder.
    fresh: Runs,
    again: Runs,
    /// Memory of a server that has answered once.
    idle: Runs,
}

#[derive(Serialize)]
struct LogIns {
    /// Log-ins started a second, by 8 connections.
    starts_per_second: f64,
    /// The server's processor time for a complete log-in.
    processor_ms: f64,
    /// The time of the first request of a log-in, for a username that has an account.
    known: Runs,
    /// The same for a username that has none.
    unknown: Runs,
    /// The mean of `known` minus that of `unknown`, and half the width of its 95 % confidence interval, in
    /// microseconds.
    difference_us: (f64, f64),
}

/// Measures a server with SQLite, and saves also with the double of Oracle's client library.
pub(crate) fn measure() -> ServerFigures {
    let binary = std::fs::metadata(e2e::path_from_env("PASSMINT_BIN")).unwrap().len();
    println!("measuring the server: start-up …");
    let start = start();
    println!("measuring the server: saves …");
    let mut saves = saves("SQLite", vec![]);
    if let Some((_folder, environment)) = oracle_double() {
        saves.extend(self::saves("Oracle's double", environment));
    }
    println!("measuring the server: first sync …");
    let sync = sync();
    println!("measuring the server: log-ins …");
    let log_ins = log_ins();
    ServerFigures { binary_megabytes: binary as f64 / 1e6, saves, sync, start, log_ins }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Creates the first vault of a server.
fn create_vault(server: &MeasuredServer) -> VaultClient {
    block_on(VaultClient::create_vault(&server.url(), server.link.as_deref().unwrap(), "ada"))
}

/// Settings for a database of Oracle's double, and the folder with its files.
fn oracle_double() -> Option<(tempfile::TempDir, Vec<(&'static str, String)>)> {
    let double = std::env::var_os("PASSMINT_ORACLE_DOUBLE")?;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap().to_owned();
    std::fs::copy(double, folder.path().join(format!("libclntsh{}", std::env::consts::DLL_SUFFIX))).unwrap();
    let environment = vec![
        ("PASSMINT_DATABASE", "oracle".into()),
        ("PASSMINT_ORACLE_CONNECT", "localhost/bench".into()),
        ("PASSMINT_ORACLE_USER", "passmint".into()),
        ("PASSMINT_ORACLE_PASSWORD", "Orafake-Password-1".into()),
        ("PASSMINT_ORACLE_CLIENT", path),
    ];
    Some((folder, environment))
}

fn saves(store: &'static str, mut environment: Vec<(&'static str, String)>) -> Vec<Saves> {
    let folder = tempfile::tempdir().unwrap();
    // No vault must become full.
    environment.push(("PASSMINT_MAX_ENTRIES", "100000000".into()));
    environment.extend(without_rate_limits());
    let server = MeasuredServer::start(folder.path(), &environment);
    // Saves into one vault follow each other, because each replaces the head of the one before: every connection has a
    // vault of its own.
    let mut tokens = vec![create_vault(&server).token().to_owned()];
    for number in 1..CONNECTIONS.into_iter().max().unwrap_or(1) {
        let link = server.invite(folder.path(), &environment);
        let client = block_on(VaultClient::create_vault(&server.url(), &link, &format!("ada{number}")));
        tokens.push(client.token().to_owned());
    }
    let count = |connections| {
        let (mut per_second, mut median, mut p99, mut longest) = (vec![], vec![], vec![], 0.0_f64);
        for _ in 0..ROUNDS {
            let (times, time) = load(server.port, connections, TIME, |number| saver(server.port, &tokens[number]));
            per_second.push(times.len() as f64 / time.as_secs_f64());
            median.push(times[times.len() / 2]);
            p99.push(times[times.len() * 99 / 100]);
            longest = longest.max(times[times.len() - 1]);
        }
        let memory = server.memory();
        let (per_second, median, p99) = (Runs::new(per_second), Runs::new(median), Runs::new(p99));
        Saves { store, connections, per_second, median, p99, longest, memory }
    };
    CONNECTIONS.map(count).into()
}

/// Saves a new entry at each call, with a new head over the one before.
fn saver(port: u16, token: &str) -> impl FnMut(&mut HttpConnection) + use<> {
    let mut connection = HttpConnection::connect(port);
    let (status, answer) = connection.send("GET", "/api/v1/changes?limit=1", token, "");
    assert_eq!(status, 200);
    let changes: shared::changes::Changes = serde_json::from_slice(answer).unwrap();
    let mut head: SealedHead = changes.head.unwrap().0.try_into().unwrap();
    let token = token.to_owned();
    move |connection| {
        let mut random = [0; 10];
        getrandom(&mut random);
        let sealed = random_bytes(BUCKETS[0] + OVERHEAD).try_into().unwrap();
        let change = Change { id: EntryId::from_time(now(), random), replaces: 0, version: 1, sealed };
        let next: SealedHead = random_bytes(HEAD_LEN).try_into().unwrap();
        let body = SaveChanges { replaces: head.clone(), changes: vec![change], head: next.clone() };
        let body = serde_json::to_string(&body).unwrap();
        let (status, answer) = connection.send("POST", "/api/v1/changes", &token, &body);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(answer));
        head = next;
    }
}

/// Random bytes with the header of sealed bytes under vault key 1.
fn random_bytes(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    getrandom(&mut bytes);
    bytes[..HEADER_LEN].copy_from_slice(&[FORMAT, 0, 0, 0, 1]);
    bytes
}

/// Runs work on several connections for some time; returns the milliseconds of each call, sorted, and the total time.
/// `work` makes the work of the connection with this number.
fn load<W: FnMut(&mut HttpConnection) + Send>(
    port: u16,
    connections: usize,
    time: Duration,
    work: impl Fn(usize) -> W,
) -> (Vec<f64>, Duration) {
    let over = AtomicBool::new(false);
    let begun = Instant::now();
    let mut times: Vec<f64> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..connections)
            .map(|number| {
                let (over, mut work, mut connection) = (&over, work(number), HttpConnection::connect(port));
                scope.spawn(move || {
                    let mut times = Vec::new();
                    while !over.load(Ordering::Relaxed) {
                        let begun = Instant::now();
                        work(&mut connection);
                        times.push(begun.elapsed().as_secs_f64() * 1e3);
                    }
                    times
                })
            })
            .collect();
        std::thread::sleep(time);
        over.store(true, Ordering::Relaxed);
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    times.sort_by(f64::total_cmp);
    (times, begun.elapsed())
}

fn sync() -> Sync {
    let folder = tempfile::tempdir().unwrap();
    let server = MeasuredServer::start(folder.path(), &[]);
    let mut client = create_vault(&server);
    block_on(client.save((0..ENTRIES).map(e2e::vault_client::content).collect()));
    let token = client.token().to_owned();
    // A new process, without the memory that saving took.
    drop(server);
    let server = MeasuredServer::start(folder.path(), &[]);
    let mut connection = HttpConnection::connect(server.port);
    let (mut first_page, mut all, mut bytes) = (vec![], vec![], 0);
    let memory_before = server.memory();
    let mut memory_after_one = 0.0;
    for round in 0..SYNCS {
        let begun = Instant::now();
        let (mut since, mut pages) = (0, 0);
        bytes = 0;
        loop {
            let (status, answer) = connection.send("GET", &format!("/api/v1/changes?since={since}"), &token, "");
            assert_eq!(status, 200);
            bytes += answer.len();
            pages += 1;
            if pages == 1 {
                first_page.push(begun.elapsed().as_secs_f64() * 1e3);
            }
            let changes: ChangesPage = serde_json::from_slice(answer).unwrap();
            since = changes.entries.last().unwrap().change_no;
            if !changes.more {
                break;
            }
        }
        all.push(begun.elapsed().as_secs_f64() * 1e3);
        if round == 0 {
            memory_after_one = server.memory();
        }
    }
    Sync {
        first_page: Runs::new(first_page),
        all: Runs::new(all),
        bytes,
        memory_before,
        memory_after_one,
        memory_after_all: server.memory(),
        peak: server.peak(),
    }
}

/// The part of an answer that leads to the next request.
#[derive(serde::Deserialize)]
struct ChangesPage {
    entries: Vec<ListedChange>,
    more: bool,
}

#[derive(serde::Deserialize)]
struct ListedChange {
    change_no: u64,
}

fn start() -> StartUp {
    let (mut fresh, mut again, mut idle) = (vec![], vec![], vec![]);
    let milliseconds = |server: &MeasuredServer| server.started.as_secs_f64() * 1e3;
    for _ in 0..7 {
        let folder = tempfile::tempdir().unwrap();
        fresh.push(milliseconds(&MeasuredServer::start(folder.path(), &[])));
        let server = MeasuredServer::start(folder.path(), &[]);
        again.push(milliseconds(&server));
        std::thread::sleep(Duration::from_millis(300));
        idle.push(server.memory());
    }
    StartUp { fresh: Runs::new(fresh), again: Runs::new(again), idle: Runs::new(idle) }
}

fn log_ins() -> LogIns {
    let folder = tempfile::tempdir().unwrap();
    let server = MeasuredServer::start(folder.path(), &without_rate_limits());
    let client = create_vault(&server);
    let (known, unknown) = (VaultClient::start_login("ada").1, VaultClient::start_login("eve").1);
    let post = |connection: &mut HttpConnection, body: &str| {
        let begun = Instant::now();
        let (status, _) = connection.send("POST", "/api/v1/sessions/start", "", body);
        assert_eq!(status, 200);
        begun.elapsed().as_secs_f64() * 1e3
    };
    let mut connection = HttpConnection::connect(server.port);
    let (mut of_known, mut of_unknown) = (vec![], vec![]);
    for round in 0..STARTS {
        // In turns, and neither kind always comes first.
        if round % 2 == 0 {
            of_known.push(post(&mut connection, &known));
            of_unknown.push(post(&mut connection, &unknown));
        } else {
            of_unknown.push(post(&mut connection, &unknown));
            of_known.push(post(&mut connection, &known));
        }
    }
    let difference_us = difference(&of_known, &of_unknown);
    let known = known.as_str();
    let (times, time) = load(server.port, 8, TIME, |_| {
        move |connection: &mut HttpConnection| {
            post(connection, known);
        }
    });
    let before = server.processor_time();
    let count = 40;
    block_on(async {
        for _ in 0..count {
            client.log_in("ada").await;
        }
    });
    let processor_ms = (server.processor_time() - before).as_secs_f64() * 1e3 / f64::from(count);
    LogIns {
        starts_per_second: times.len() as f64 / time.as_secs_f64(),
        processor_ms,
        known: Runs::new(of_known),
        unknown: Runs::new(of_unknown),
        difference_us,
    }
}

/// Settings without rate limits.
fn without_rate_limits() -> Vec<(&'static str, String)> {
    ["PASSMINT_LOGINS_PER_ADDRESS", "PASSMINT_LOGINS_PER_ACCOUNT", "PASSMINT_SIGN_UPS_PER_ADDRESS"]
        .map(|limit| (limit, "0".to_owned()))
        .into()
}

/// The difference of two means, and half the width of its 95 % confidence interval, in microseconds. The slowest tenth
/// of both, when the machine did something else, is left out.
fn difference(one: &[f64], other: &[f64]) -> (f64, f64) {
    let moments = |times: &[f64]| {
        let mut times = times.to_vec();
        times.sort_by(f64::total_cmp);
        times.truncate(times.len() * 9 / 10);
        let count = times.len() as f64;
        let mean = times.iter().sum::<f64>() / count;
        (mean, times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0) / count)
    };
    let ((one, one_error), (other, other_error)) = (moments(one), moments(other));
    ((one - other) * 1e3, 1.96 * (one_error + other_error).sqrt() * 1e3)
}

fn now() -> u64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64
}

fn getrandom(bytes: &mut [u8]) {
    use rand_core_06::RngCore;
    rand_core_06::OsRng.fill_bytes(bytes);
}

impl fmt::Display for ServerFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        at_most(f, "MB, the binary with the page inside", self.binary_megabytes, 15.0)?;
        let StartUp { fresh, again, idle } = &self.start;
        at_most(f, "ms from start to first answer, new data", fresh.median(), 100.0)?;
        at_most(f, "ms the same, data there", again.median(), 100.0)?;
        at_most(f, "MiB of a server that is idle", idle.median(), 20.0)?;
        if let Some(saves) = self.saves.iter().find(|saves| saves.store == "SQLite" && saves.connections == 32) {
            at_least(f, "saves a second, 32 connections, SQLite", saves.per_second.median(), 6000.0)?;
            at_most(f, "ms p99 of these", saves.p99.median(), 25.0)?;
        }
        let Sync { first_page, all, bytes, memory_before, memory_after_one, memory_after_all, peak } = &self.sync;
        at_most(f, "ms first page of 10,000 entries", first_page.median(), 150.0)?;
        at_most(f, "ms all of 10,000 entries", all.median(), 1000.0)?;
        at_most(f, "MiB more memory after twenty such syncs", memory_after_all - memory_before, 16.0)?;
        writeln!(
            f,
            "{:10}  bytes a sync; memory {memory_before:.1} MiB before, {memory_after_one:.1} after one, \
             {memory_after_all:.1} after {SYNCS}, {peak:.1} at most",
            bytes
        )?;
        let LogIns { starts_per_second, processor_ms, known, unknown, difference_us: (difference, error) } =
            &self.log_ins;
        writeln!(f, "{starts_per_second:10.0}  log-ins started a second, 8 connections")?;
        writeln!(f, "{processor_ms:10.2}  ms of the server's processor time for a complete log-in")?;
        writeln!(
            f,
            "{:10.3}  ms to start a log-in with a known username, {:.3} with an unknown one (medians of {STARTS})",
            known.median(),
            unknown.median()
        )?;
        writeln!(
            f,
            "{difference:10.1}  µs longer with a known username, on average; ±{error:.1} with 95 % confidence"
        )?;
        writeln!(
            f,
            "\nsaves                   connections   a second (lowest, highest)   median ms   p99 ms   longest   MiB"
        )?;
        for Saves { store, connections, per_second, median, p99, longest, memory } in &self.saves {
            let (lowest, highest) = per_second.range();
            writeln!(
                f,
                "  {store:20} {connections:12} {:10.0} ({lowest:6.0}, {highest:6.0}) {:13.2} {:8.2} {longest:9.1} {memory:5.1}",
                per_second.median(),
                median.median(),
                p99.median()
            )?;
        }
        Ok(())
    }
}
