//! A proxy between browser and server that records every request, whether of the page, a worker or the service worker.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One request and its answer.
#[derive(Clone)]
pub(crate) struct RecordedRequest {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
    /// The answer's `content-encoding`.
    pub(crate) encoding: String,
    /// Bytes of the answer's head.
    pub(crate) head: usize,
    /// Bytes of the answer's body, as transferred.
    pub(crate) body: usize,
    /// When the request arrived, in milliseconds since 1970.
    pub(crate) asked: f64,
    /// When the answer was complete, in milliseconds since 1970.
    pub(crate) answered: f64,
}

impl RecordedRequest {
    /// A request for a file of the page, not for the API.
    pub(crate) fn is_file(&self) -> bool {
        !self.path.starts_with("/api/")
    }
}

/// A recording proxy on a port of its own.
pub(crate) struct Recorder {
    port: u16,
    seen: Arc<Mutex<Vec<RecordedRequest>>>,
}

impl Recorder {
    /// Starts a proxy for the server on another port. It answers requests for a refused path with 404 itself.
    pub(crate) fn start(server: u16, refused: BTreeSet<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let recorder = Self { port: listener.local_addr().unwrap().port(), seen: Arc::default() };
        let seen = Arc::clone(&recorder.seen);
        let refused = Arc::new(refused);
        std::thread::spawn(move || {
            for browser in listener.incoming().map_while(Result::ok) {
                let (seen, refused) = (Arc::clone(&seen), Arc::clone(&refused));
                // Errors are ignored: browsers open connections in advance and close them unused.
                std::thread::spawn(move || forward(browser, server, &refused, &seen));
            }
        });
        recorder
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// The requests so far, in the order of their arrival.
    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        let mut seen = self.seen.lock().unwrap().clone();
        seen.sort_by(|a, b| a.asked.total_cmp(&b.asked));
        seen
    }

    /// Waits until there was no request for two seconds, but not longer than twenty.
    pub(crate) async fn wait_until_idle(&self) {
        let start = Instant::now();
        let (mut count, mut since) = (0, start);
        while since.elapsed() < Duration::from_secs(2) && start.elapsed() < Duration::from_secs(20) {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let now = self.seen.lock().unwrap().len();
            if now != count {
                (count, since) = (now, Instant::now());
            }
        }
    }
}

/// Milliseconds since 1970, as `performance.timeOrigin` counts them.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1e3
}

/// Forwards the one request of a connection, and records it.
fn forward(
    mut browser: TcpStream,
    server: u16,
    refused: &BTreeSet<String>,
    seen: &Mutex<Vec<RecordedRequest>>,
) -> std::io::Result<()> {
    let (head, mut body) = read_head(&mut browser)?;
    let asked = now();
    let length = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let rest = length - body.len().min(length);
    (&browser).take(rest as u64).read_to_end(&mut body)?;
    let mut words = head.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if refused.contains(&path) {
        return browser.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    }
    let kept = head.lines().filter(|line| !line.is_empty() && !line.to_ascii_lowercase().starts_with("connection:"));
    let request = kept.map(|line| format!("{line}\r\n")).collect::<String>() + "connection: close\r\n\r\n";
    let mut upstream = TcpStream::connect(("127.0.0.1", server))?;
    upstream.write_all(request.as_bytes())?;
    upstream.write_all(&body)?;
    let (head, mut body) = read_head(&mut upstream)?;
    upstream.read_to_end(&mut body)?;
    seen.lock().unwrap().push(RecordedRequest {
        method,
        path,
        status: head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0),
        encoding: header(&head, "content-encoding").unwrap_or_default(),
        head: head.len(),
        body: body.len(),
        asked,
        answered: now(),
    });
    browser.write_all(head.as_bytes())?;
    browser.write_all(&body)
}

/// Reads the head of a message, with the empty line at its end, and the part of its body that came with it.
fn read_head(stream: &mut TcpStream) -> std::io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut piece = [0; 8192];
    loop {
        let read = stream.read(&mut piece)?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend(&piece[..read]);
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            return Ok((String::from_utf8_lossy(&bytes).into_owned(), body));
        }
    }
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}
