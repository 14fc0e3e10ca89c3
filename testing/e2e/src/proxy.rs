//! The page's files as the server sends them, and proxies: one that changes answers, one that balances over servers.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Changes the body of an answer, given the request's path with its query.
pub trait Tamper: Fn(&str, &mut Vec<u8>) + Send + Sync + 'static {}
impl<F: Fn(&str, &mut Vec<u8>) + Send + Sync + 'static> Tamper for F {}

/// The body of the answer to a GET, as text.
pub fn get(port: u16, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n");
    let (head, body) = send(port, request.as_bytes()).unwrap();
    assert!(head.starts_with(b"HTTP/1.1 200"), "{path}");
    String::from_utf8_lossy(&body).into_owned()
}

/// The paths of all files of the page: those in its HTML, and those that its loader names.
pub fn page_files(port: u16) -> BTreeSet<String> {
    let mut files = paths_with_hash(&get(port, "/"));
    // The loader names the lazy parts of the module, which lie beside it.
    let loader = only_file(&files, "/page-", "/__wasm_split.js");
    let folder = loader.trim_end_matches("__wasm_split.js");
    let script = get(port, &loader);
    let parts = script.split("fetchChecked(\"./").skip(1).filter_map(|rest| rest.split('"').next());
    files.extend(parts.map(|part| format!("{folder}{part}")));
    files
}

/// The one file whose path has this beginning and end.
pub fn only_file(files: &BTreeSet<String>, begin: &str, end: &str) -> String {
    let found: Vec<_> = files.iter().filter(|file| file.starts_with(begin) && file.ends_with(end)).collect();
    assert_eq!(found.len(), 1, "{begin}*{end} among {files:?}");
    found[0].clone()
}

/// The paths with a hash in them, in quotes or between spaces.
fn paths_with_hash(text: &str) -> BTreeSet<String> {
    // Trunk writes hashes without leading zeros.
    let is_hash = |part: &str| (8..=16).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_file = |path: &&str| {
        let end = path.strip_prefix('/').and_then(|name| name.rsplit_once('-'));
        end.and_then(|(_, end)| end.split_once(['.', '/'])).is_some_and(|(hash, _)| is_hash(hash))
    };
    text.split(['"', ' ', '\n']).filter(is_file).map(str::to_owned).collect()
}

/// Starts a proxy for the server on another port, which changes answers on the way. Returns its port.
pub fn tampering_proxy(server: u16, change: impl Tamper) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let change = Arc::new(change);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let change = Arc::clone(&change);
            // An error (the server is gone, the browser hangs up) ends the connection, as it should.
            std::thread::spawn(move || forward(&stream, server, &*change));
        }
    });
    port
}

/// Starts a proxy that sends each request to the next of several servers. A request that one does not answer, because
/// it has stopped, goes to the one after it. Returns the proxy's port.
pub fn round_robin_proxy(servers: Vec<u16>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let turn = Arc::new(AtomicUsize::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (servers, turn) = (servers.clone(), Arc::clone(&turn));
            std::thread::spawn(move || -> io::Result<()> {
                let (_, request) = read_request(&stream)?;
                let first = turn.fetch_add(1, Ordering::Relaxed);
                let mut choices = (0..servers.len()).map(|next| servers[(first + next) % servers.len()]);
                let answer = choices.find_map(|server| send(server, &request).ok());
                let (head, body) = answer.ok_or(io::ErrorKind::NotConnected)?;
                (&stream).write_all(&head)?;
                (&stream).write_all(&body)
            });
        }
    });
    port
}

/// Forwards one request and its answer.
fn forward(browser: &TcpStream, server: u16, change: &impl Tamper) -> io::Result<()> {
    let (path, request) = read_request(browser)?;
    let (head, mut body) = send(server, &request)?;
    let before = body.len();
    change(&path, &mut body);
    let head = if body.len() == before { head } else { with_length(&head, body.len()) };
    let mut browser = browser;
    browser.write_all(&head)?;
    browser.write_all(&body)
}

/// The head of an answer, for a body of another length.
fn with_length(head: &[u8], length: usize) -> Vec<u8> {
    let head = String::from_utf8_lossy(head);
    let line = |line: &str| match line.starts_with("content-length: ") {
        true => format!("content-length: {length}\r\n"),
        false => format!("{line}\r\n"),
    };
    head.trim_end_matches("\r\n")
        .split("\r\n")
        .map(line)
        .collect::<String>()
        .into_bytes()
        .into_iter()
        .chain(*b"\r\n")
        .collect()
}

/// Reads one request: its path, and the bytes to forward.
fn read_request(browser: &TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut reader = BufReader::new(browser);
    let mut request = Vec::new();
    let mut path = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        match name.to_ascii_lowercase().as_str() {
            "" => return Err(io::ErrorKind::UnexpectedEof.into()),
            "\r\n" => break,
            // The answer has to be complete and uncompressed.
            "accept-encoding" | "connection" | "if-none-match" => continue,
            "content-length" => length = value.trim().parse().unwrap_or(0),
            _ if path.is_empty() => path = line.split(' ').nth(1).unwrap_or_default().to_owned(),
            _ => {}
        }
        request.extend(line.as_bytes());
    }
    request.extend(b"connection: close\r\n\r\n");
    reader.take(length).read_to_end(&mut request)?;
    Ok((path, request))
}

/// Sends a request, and returns the answer's head, with the empty line at its end, and its body.
fn send(port: u16, request: &[u8]) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut server = TcpStream::connect(("127.0.0.1", port))?;
    server.write_all(request)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)? + 4;
    let body = answer.split_off(end);
    let head = String::from_utf8_lossy(&answer);
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    match length {
        Some(length) if body.len() < length => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok((answer, body)),
    }
}
