//! Connections: their limits, the answer to refused ones, and clients that read nothing.

use std::time::{Duration, Instant};

use backend::server::client_address::TrustedProxies;
use backend::server::listener::{self, ConnectionBounds, Listen, Listener, TlsArgs};
use backend::server::rate_limits::RateLimitArgs;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::harness::{App, page};

pub const BOUNDS: ConnectionBounds = ConnectionBounds {
    connections: 8,
    per_client: 0,
    head: Duration::from_millis(300),
    send: Duration::from_millis(300),
    grace: Duration::from_secs(5),
};
const ASK: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

pub struct Served {
    pub address: std::net::SocketAddr,
    pub stop: tokio::sync::oneshot::Sender<()>,
    pub done: tokio::task::JoinHandle<()>,
}

pub async fn serve(app: &App, bounds: ConnectionBounds, trusted: &[&str]) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, done) = serve_on(listener.into(), app, bounds, trusted);
    Served { address, stop, done }
}

pub fn serve_on(
    listener: Listener,
    app: &App,
    bounds: ConnectionBounds,
    trusted: &[&str],
) -> (tokio::sync::oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let trusted: Vec<_> = trusted.iter().map(|proxy| proxy.parse().unwrap()).collect();
    let done =
        tokio::spawn(listener::serve(listener, app.router.clone(), bounds, TrustedProxies::new(&trusted), async {
            let _ = stopped.await;
        }));
    (stop, done)
}

pub async fn read_all(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8_lossy(&text).into_owned()
}

/// Sends a request and reads the start of the answer. The connection stays open.
async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    let _ = stream.write_all(ASK).await;
    let mut piece = [0; 4096];
    let length = stream.read(&mut piece).await.unwrap_or(0);
    String::from_utf8_lossy(&piece[..length]).into_owned()
}

#[tokio::test]
async fn connection_beyond_the_limit_is_answered_503_at_once() {
    let served = serve(&App::new(), ConnectionBounds { head: Duration::from_secs(60), ..BOUNDS }, &[]).await;
    let mut held = Vec::new();
    for _ in 0..BOUNDS.connections {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        assert!(ask(&mut stream).await.starts_with("HTTP/1.1 200"));
        held.push(stream);
    }
    let before = Instant::now();
    for request in [ASK, b"POST /api/v1/sessions/start HTTP/1.1\r\ncontent-length: 9\r\n\r\n{", b""] {
        let mut extra = TcpStream::connect(served.address).await.unwrap();
        let _ = extra.write_all(request).await;
        let told = tokio::time::timeout(Duration::from_secs(5), read_all(&mut extra)).await.expect("closed");
        assert!(told.starts_with("HTTP/1.1 503"), "{told}");
        assert!(told.contains("retry-after: 2\r\n") && told.contains("\"code\":\"overloaded\""), "{told}");
        let (head, body) = told.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{told}");
    }
    assert!(before.elapsed() < Duration::from_secs(1), "{:?}", before.elapsed());
    // A refused client that sends its request late still gets the answer: the server reads until the client closes.
    let mut late = TcpStream::connect(served.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (first, second) = ASK.split_at(10);
    late.write_all(first).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    late.write_all(second).await.expect("the server still reads");
    let mut told = Vec::new();
    late.read_to_end(&mut told).await.expect("the connection ends in order");
    assert!(told.starts_with(b"HTTP/1.1 503"));
    assert!(ask(&mut held[0]).await.starts_with("HTTP/1.1 200"), "those inside are served");
    drop(held.pop());
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut next = TcpStream::connect(served.address).await.unwrap();
    assert!(ask(&mut next).await.starts_with("HTTP/1.1 200"), "a free permit is used again");
}

#[tokio::test]
async fn connections_of_one_client_are_limited_unless_it_is_a_trusted_proxy() {
    let bounds = ConnectionBounds { per_client: 2, head: Duration::from_secs(60), ..BOUNDS };
    for (trusted, expected) in [(&[][..], 2), (&["127.0.0.0/8"][..], 5)] {
        let served = serve(&App::new(), bounds, trusted).await;
        let (mut held, mut good) = (Vec::new(), 0);
        for _ in 0..5 {
            let mut stream = TcpStream::connect(served.address).await.unwrap();
            good += usize::from(ask(&mut stream).await.starts_with("HTTP/1.1 200"));
            held.push(stream);
        }
        assert_eq!(good, expected, "{trusted:?}");
    }
}

#[tokio::test]
async fn client_that_reads_nothing_is_cut_off() {
    // More than the system buffers for a connection.
    let large: &'static str = Box::leak("x".repeat(64 << 20).into_boxed_str());
    let app = App::with_page(page(&[("large.txt", large)]));
    let served = serve(&app, BOUNDS, &[]).await;
    let mut slow = TcpStream::connect(served.address).await.unwrap();
    let request = b"GET /large.txt HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    slow.write_all(request).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let rest = tokio::time::timeout(Duration::from_secs(5), read_all(&mut slow)).await.expect("cut off");
    assert!(rest.len() < large.len(), "it was not cut off");
    // A client that reads gets the whole answer.
    let mut quick = TcpStream::connect(served.address).await.unwrap();
    quick.write_all(request).await.unwrap();
    assert!(read_all(&mut quick).await.len() > large.len());
}

#[tokio::test]
async fn unix_socket_serves_and_its_proxy_counts_only_if_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-forwarded-proto: https\r\nconnection: close\r\n\r\n";
    for (name, trusted, hsts) in [("a.sock", &["unix"][..], true), ("b.sock", &["127.0.0.1"][..], false)] {
        let path = folder.path().join(name);
        let listener = Listener::open(&Listen::Unix(path.clone()), &TlsArgs::default()).await.unwrap();
        assert_eq!((listener.url(), listener.address()), (None, format!("unix:{}", path.display())));
        let (stop, done) = serve_on(listener, &App::throttled(&RateLimitArgs::NONE, trusted), BOUNDS, trusted);
        let mut stream = UnixStream::connect(&path).await.unwrap();
        stream.write_all(request).await.unwrap();
        let answer = read_all(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(answer.contains("strict-transport-security: max-age=31536000\r\n"), hsts, "{answer}");
        stop.send(()).unwrap();
        done.await.unwrap();
        assert!(!path.exists(), "the server deletes its socket");
    }
}
