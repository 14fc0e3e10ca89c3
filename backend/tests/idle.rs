//! Ten thousand idle connections, held by the program while it serves others.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test may")]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const WANTED: u64 = 10_000;
/// Files that this process needs besides its connections.
const OTHERS: u64 = 200;
const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

async fn get_health(stream: &mut TcpStream) -> bool {
    let mut answer = [0; 2048];
    if stream.write_all(REQUEST).await.is_err() {
        return false;
    }
    let length = stream.read(&mut answer).await.unwrap_or(0);
    answer[..length].starts_with(b"HTTP/1.1 200")
}

/// The resident memory of a process, in KiB.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn ten_thousand_idle_connections_are_held_while_others_are_served() {
    let files = rlimit::increase_nofile_limit(WANTED + OTHERS).unwrap();
    let count = WANTED.min(files - OTHERS);
    if count < WANTED {
        println!("only {count} connections: this process may open no more than {files} files");
    }
    let data = tempfile::tempdir().unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_passmint"))
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--connections-per-address",
            "0",
            "--log",
            "backend=warn,backend::commands=info",
        ])
        .arg("--data")
        .arg(data.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stderr.take().unwrap()).lines().map_while(Result::ok);
    let address = lines.inspect(|line| println!("{line}")).find_map(|line| {
        let (_, rest) = line.split_once("address=")?;
        Some(rest.split_whitespace().next()?.trim_matches('"').to_owned())
    });
    let address = address.expect("it serves");
    let mut other = TcpStream::connect(&address).await.unwrap();
    assert!(get_health(&mut other).await);
    let before = memory(server.id());

    let start = Instant::now();
    let mut held = Vec::new();
    for number in 0..count {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        assert!(get_health(&mut stream).await, "connection {number}");
        held.push(stream);
    }
    let opened = start.elapsed();
    let grown = memory(server.id()) - before;
    let mut slowest = Duration::ZERO;
    for _ in 0..50 {
        let start = Instant::now();
        let mut other = TcpStream::connect(&address).await.unwrap();
        assert!(get_health(&mut other).await);
        slowest = slowest.max(start.elapsed());
    }
    let mut alive = 0;
    for stream in &mut held {
        alive += u64::from(get_health(stream).await);
    }
    server.kill().unwrap();
    server.wait().unwrap();
    println!(
        "{count} idle connections, opened in {opened:?}: the server grew by {grown} KiB, {} bytes for each; \
         the slowest of 50 other requests took {slowest:?}",
        grown * 1024 / count
    );
    assert_eq!(alive, count, "some connections were closed");
}
