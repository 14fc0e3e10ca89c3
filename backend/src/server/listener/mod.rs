//! Accepts connections and serves the application on them, within bounds, until told to stop.
//!
//! Every open connection holds a permit. A connection without one is answered 503 at once and never waits. A slow TLS
//! handshake, request head or reader of an answer is cut off; a request's body has its time limit in `app`.

mod connection_limit;
mod open;
pub mod tls;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use shared::problem::{PROBLEM_JSON, ProblemCode};
use std::pin::pin;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use self::connection_limit::{ConnectionLimit, ConnectionPermit};
pub use self::connection_limit::{connections_within, raise_open_files};
pub(crate) use self::open::bind_tcp;
pub use self::open::{Listen, Listener, TlsArgs};
use crate::server::client_address::{Connection, Peer, TrustedProxies};
use crate::server::error::{ApiError, RETRY_SECONDS};
use crate::server::listener::tls::Tls;

#[derive(Clone, Copy, Debug)]
pub struct ConnectionBounds {
    /// Connections held at once; further ones are answered 503 and closed.
    pub connections: usize,
    /// Connections of one client (an IPv4 address, or a /64 of IPv6); 0 for any number. Trusted proxies are not
    /// counted.
    pub per_client: usize,
    /// Time limit of a TLS handshake and of a request's head.
    pub head: Duration,
    /// Time for which a client may read nothing of its answer.
    pub send: Duration,
    /// Time for running requests to finish after the signal to stop.
    pub grace: Duration,
}

/// Pause after the system refused to accept a connection, for example for lack of file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Refused connections that are being answered at once. Further ones are closed without an answer.
const REFUSALS: usize = 64;
/// Time for a refused connection to read its answer.
const REFUSAL: Duration = Duration::from_secs(1);

#[derive(Clone)]
struct Serving {
    app: Router,
    http: http1::Builder,
    tls: Option<Arc<Tls>>,
    bounds: ConnectionBounds,
}

/// Serves until `stop` completes, then lets running requests finish.
pub async fn serve(
    listener: impl Into<Listener>,
    app: Router,
    bounds: ConnectionBounds,
    proxies: TrustedProxies,
    stop: impl Future<Output = ()>,
) {
    let listener = listener.into();
    if listener.is_unix() && !proxies.trusts(Peer::Unix) {
        tracing::warn!("everybody counts as one client: --trusted-proxies does not name unix");
    }
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(bounds.head);
    let serving = Serving { app, http, tls: listener.tls(), bounds };
    let limit = ConnectionLimit::new(bounds.connections, bounds.per_client);
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    let busy: Arc<[u8]> = busy().into();
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let counted = (!proxies.trusts(peer)).then_some(peer);
        if let Some(place) = limit.take(counted) {
            tokio::spawn(serve_connection(serving.clone(), stream, peer, place, graceful.watcher()));
        } else if serving.tls.is_none()
            && let Ok(permit) = Arc::clone(&refusals).try_acquire_owned()
        {
            let busy = Arc::clone(&busy);
            tokio::spawn(async move {
                let _ = tokio::time::timeout(REFUSAL, refuse(stream, &busy)).await;
                drop(permit);
            });
        }
    }
    listener.close();
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(bounds.grace) => tracing::warn!("stopped before every request was answered"),
    }
}

/// Serves one connection to its end.
async fn serve_connection(
    serving: Serving,
    stream: open::Stream,
    peer: Peer,
    place: ConnectionPermit,
    watcher: Watcher,
) {
    let Serving { app, http, tls, bounds } = serving;
    let mut stream = Box::pin(TimeoutStream::new(stream));
    stream.as_mut().set_write_timeout_pinned(Some(bounds.send));
    match tls {
        None => serve_http(stream, app, &http, Connection { peer, tls: false }, watcher).await,
        Some(tls) => match tokio::time::timeout(bounds.head, tls.acceptor().accept(stream)).await {
            Ok(Ok(stream)) => serve_http(stream, app, &http, Connection { peer, tls: true }, watcher).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        },
    }
    drop(place);
}

async fn serve_http<S>(stream: S, app: Router, http: &http1::Builder, connection: Connection, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(connection);
        let app = app.clone();
        async move { Ok::<_, Infallible>(app.oneshot(request.map(Body::new)).await.unwrap_or_else(never)) }
    });
    if let Err(error) = watcher.watch(http.serve_connection(TokioIo::new(stream), service)).await {
        tracing::debug!(%error, "a connection broke");
    }
}

/// Answers 503 and reads until the client closes: closing a socket with unread data resets it, and the answer is lost.
async fn refuse(mut stream: open::Stream, busy: &[u8]) -> std::io::Result<()> {
    stream.write_all(busy).await?;
    stream.shutdown().await?;
    let mut unread = [0; 1024];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

/// The answer of an overloaded server, written before any request is read.
fn busy() -> Vec<u8> {
    let problem = ApiError::from(ProblemCode::Overloaded).problem();
    let body = serde_json::to_string(&problem).unwrap_or_default();
    let length = body.len();
    format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: {PROBLEM_JSON}\r\ncontent-length: {length}\r\n\
         retry-after: {RETRY_SECONDS}\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n\
         connection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

fn never<T>(error: Infallible) -> T {
    match error {}
}
