//! Stands between browser and server, passes everything on, and notes what went by: whoever in the browser asked for
//! it, the page, a worker or a service worker.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One request and its answer.
#[derive(Clone)]
pub(crate) struct Fetched {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
    /// The answer's `content-encoding`.
    pub(crate) encoding: String,
    /// Bytes of the answer's head.
    pub(crate) head: usize,
    /// Bytes of the answer's body, as they travelled.
    pub(crate) body: usize,
    /// When it was asked for, in milliseconds since 1970.
    pub(crate) asked: f64,
    /// When the answer was whole.
    pub(crate) answered: f64,
}

impl Fetched {
    /// A file of the page, and not a call of its interface.
    pub(crate) fn is_file(&self) -> bool {
        !self.path.starts_with("/api/")
    }
}

/// A recording proxy on a port of its own.
pub(crate) struct Recorder {
    port: u16,
    seen: Arc<Mutex<Vec<Fetched>>>,
}

impl Recorder {
    /// Before the server on that port. What is asked for by one of the refused paths is answered 404.
    pub(crate) fn before(server: u16, refused: BTreeSet<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let recorder = Self { port: listener.local_addr().unwrap().port(), seen: Arc::default() };
        let seen = Arc::clone(&recorder.seen);
        let refused = Arc::new(refused);
        std::thread::spawn(move || {
            for browser in listener.incoming().map_while(Result::ok) {
                let (seen, refused) = (Arc::clone(&seen), Arc::clone(&refused));
                // A browser opens connections ahead, and closes them unused: that is no failure.
                std::thread::spawn(move || pass_on(browser, server, &refused, &seen));
            }
        });
        recorder
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// What went by, in the order in which it was asked for.
    pub(crate) fn seen(&self) -> Vec<Fetched> {
        let mut seen = self.seen.lock().unwrap().clone();
        seen.sort_by(|a, b| a.asked.total_cmp(&b.asked));
        seen
    }

    /// Waits until nothing has gone by for two seconds, or for twenty at most.
    pub(crate) async fn quiet(&self) {
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

/// Answers the one request of a connection.
fn pass_on(
    mut browser: TcpStream,
    server: u16,
    refused: &BTreeSet<String>,
    seen: &Mutex<Vec<Fetched>>,
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
    seen.lock().unwrap().push(Fetched {
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

/// The head of a message, with the empty line that ends it, and what of its body came along.
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
