//! The server's files as they are, and a detour to the server on which they can be changed.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Changes the body of an answer, given the path that was asked for. Its length stays.
pub trait Change: Fn(&str, &mut [u8]) + Send + Sync + 'static {}
impl<F: Fn(&str, &mut [u8]) + Send + Sync + 'static> Change for F {}

/// The body of what a server gives for a path, as text.
pub fn get(port: u16, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n");
    let (head, body) = ask(port, request.as_bytes()).unwrap();
    assert!(head.starts_with(b"HTTP/1.1 200"), "{path}");
    String::from_utf8_lossy(&body).into_owned()
}

/// The paths of all files that the page is made of, as its HTML and the files that it names say.
pub fn files(port: u16) -> BTreeSet<String> {
    let mut files = named(&get(port, "/"));
    // A script names the parts that load later, beside itself.
    let loader = one(&files, "/page-", "/__wasm_split.js");
    let folder = loader.trim_end_matches("__wasm_split.js");
    let script = get(port, &loader);
    let parts = script.split("fetchChecked(\"./").skip(1).filter_map(|rest| rest.split('"').next());
    files.extend(parts.map(|part| format!("{folder}{part}")));
    files
}

/// The one of these files that has such a name.
pub fn one(files: &BTreeSet<String>, begin: &str, end: &str) -> String {
    let found: Vec<_> = files.iter().filter(|file| file.starts_with(begin) && file.ends_with(end)).collect();
    assert_eq!(found.len(), 1, "{begin}*{end} among {files:?}");
    found[0].clone()
}

/// What stands in quotes or between blanks and is a path with a hash in it.
fn named(text: &str) -> BTreeSet<String> {
    // Trunk writes hashes without leading zeros.
    let is_hash = |part: &str| (8..=16).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_file = |path: &&str| {
        let end = path.strip_prefix('/').and_then(|name| name.rsplit_once('-'));
        end.and_then(|(_, end)| end.split_once(['.', '/'])).is_some_and(|(hash, _)| is_hash(hash))
    };
    text.split(['"', ' ', '\n']).filter(is_file).map(str::to_owned).collect()
}

/// A port that serves what the server at another one does, but for what is changed on the way.
pub fn detour(server: u16, change: impl Change) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let change = Arc::new(change);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let change = Arc::clone(&change);
            // A server that is gone, or a browser that hangs up, ends the connection.
            std::thread::spawn(move || pass_on(&stream, server, &*change));
        }
    });
    port
}

/// A port behind which several servers take turns, request by request, as behind a proxy. What one of them does not answer,
/// because it is gone or goes meanwhile, is asked of the next.
pub fn in_turn(servers: Vec<u16>) -> u16 {
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
                let answer = choices.find_map(|server| ask(server, &request).ok());
                let (head, body) = answer.ok_or(io::ErrorKind::NotConnected)?;
                (&stream).write_all(&head)?;
                (&stream).write_all(&body)
            });
        }
    });
    port
}

/// Passes one request on, and its answer back.
fn pass_on(browser: &TcpStream, server: u16, change: &impl Change) -> io::Result<()> {
    let (path, request) = read_request(browser)?;
    let (head, mut body) = ask(server, &request)?;
    change(&path, &mut body);
    let mut browser = browser;
    browser.write_all(&head)?;
    browser.write_all(&body)
}

/// Reads one request, to be passed on: its path, and its bytes. A browser that hangs up without one is no failure.
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
            // What comes back is whole and plain.
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

/// Sends a request; gives the answer's head, with the empty line at its end, and its body.
fn ask(port: u16, request: &[u8]) -> io::Result<(Vec<u8>, Vec<u8>)> {
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
