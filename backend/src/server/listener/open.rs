//! The listening socket: a TCP port with or without TLS, or a Unix socket.

use std::fmt;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream as Probe;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use clap::Args;
use clap::builder::FalseyValueParser;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::server::client_address::Peer;
use crate::server::listener::tls::{self, Tls};

/// Mode of the Unix socket: the server's own user and group may connect.
const SOCKET_MODE: u32 = 0o660;

/// A listening address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// On an address and port.
    Tcp(SocketAddr),
    /// On a Unix socket at a path.
    Unix(PathBuf),
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("unix:") {
            Some("") => Err("after unix: comes the path of the socket".into()),
            Some(path) => Ok(Self::Unix(path.into())),
            None => text
                .parse()
                .map(Self::Tcp)
                .map_err(|_| "it is neither ADDRESS:PORT, such as 127.0.0.1:8080, nor unix:PATH".into()),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Settings of HTTPS.
#[derive(Args, Debug, Clone, Default)]
#[command(next_help_heading = "HTTPS")]
pub struct TlsArgs {
    /// File with the certificate and its chain (PEM). If it is set, the server speaks HTTPS (TLS 1.3). The file is read
    /// again when it changes.
    #[arg(long, env = "PASSMINT_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// File with the certificate's private key (PEM; PKCS#8, SEC1 or RSA).
    #[arg(long, env = "PASSMINT_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Allow plain HTTP on an address that other machines can reach. Something else must protect the connection: anyone
    /// who can change the page in transit gets every passphrase.
    #[arg(long, env = "PASSMINT_ALLOW_PLAIN_HTTP", value_parser = FalseyValueParser::new())]
    pub allow_plain_http: bool,
}

/// An open listening socket.
pub struct Listener(Kind);

enum Kind {
    Tcp(TcpListener, Option<Arc<Tls>>),
    Unix(UnixListener, PathBuf),
}

impl From<TcpListener> for Listener {
    fn from(listener: TcpListener) -> Self {
        Self(Kind::Tcp(listener, None))
    }
}

impl Listener {
    /// Opens the socket, and replaces the file of a Unix socket on which nobody listens any more.
    ///
    /// # Errors
    /// States the obstacle and the remedy in one sentence.
    pub async fn open(listen: &Listen, tls: &TlsArgs) -> Result<Self> {
        let files = tls.tls_cert.clone().zip(tls.tls_key.clone());
        match listen {
            Listen::Tcp(address) => {
                ensure!(
                    address.ip().to_canonical().is_loopback() || files.is_some() || tls.allow_plain_http,
                    "plain HTTP on {address} is refused: anyone who can change the page in transit gets every \
                     passphrase, and browsers refuse to seal without HTTPS. Give --tls-cert and --tls-key; or listen on \
                     127.0.0.1 or unix:PATH behind a proxy that speaks HTTPS; or, if something else protects the \
                     connection, such as the network of a container, give --allow-plain-http"
                );
                let tls = files.map(|(cert, key)| Tls::load(cert, key)).transpose()?.map(Arc::new);
                if let Some(tls) = &tls {
                    tls::watch(tls)?;
                }
                Ok(Self(Kind::Tcp(bind_tcp(*address, "--listen").await?, tls)))
            }
            Listen::Unix(path) => {
                ensure!(
                    files.is_none(),
                    "--tls-cert does not work with --listen unix:PATH: give the certificate to the proxy"
                );
                let listener = bind(path).with_context(|| format!("cannot listen on {listen}"))?;
                Ok(Self(Kind::Unix(listener, path.clone())))
            }
        }
    }

    /// The address for the log. With port 0 it names the port that the system chose.
    pub fn address(&self) -> String {
        match &self.0 {
            Kind::Tcp(listener, _) => listener.local_addr().map_or_else(|_| "?".to_owned(), |it| it.to_string()),
            Kind::Unix(_, path) => Listen::Unix(path.clone()).to_string(),
        }
    }

    /// The page's URL as far as this process knows it; `None` behind a Unix socket.
    pub fn url(&self) -> Option<String> {
        let scheme = if self.tls().is_some() { "https" } else { "http" };
        match &self.0 {
            Kind::Tcp(listener, _) => Some(format!("{scheme}://{}", listener.local_addr().ok()?)),
            Kind::Unix(..) => None,
        }
    }

    pub(super) fn is_unix(&self) -> bool {
        matches!(self.0, Kind::Unix(..))
    }

    pub(super) fn tls(&self) -> Option<Arc<Tls>> {
        match &self.0 {
            Kind::Tcp(_, tls) => tls.clone(),
            Kind::Unix(..) => None,
        }
    }

    pub(super) async fn accept(&self) -> io::Result<(Stream, Peer)> {
        match &self.0 {
            Kind::Tcp(listener, _) => {
                let (stream, address) = listener.accept().await?;
                // Answers are small and complete: waiting to fill a packet would only delay them. If the client is
                // already gone, the first read reports it.
                let _ = stream.set_nodelay(true);
                Ok((Stream::Tcp(stream), Peer::new(address.ip())))
            }
            Kind::Unix(listener, _) => Ok((Stream::Unix(listener.accept().await?.0), Peer::Unix)),
        }
    }

    /// Stops accepting connections.
    pub(super) fn close(self) {
        if let Kind::Unix(_, path) = &self.0
            && let Err(error) = fs::remove_file(path)
        {
            tracing::warn!(%error, "the socket cannot be removed");
        }
    }
}

/// Listens on a TCP port. `flag` is the setting that named the address.
///
/// # Errors
/// States the obstacle and the remedy in one sentence for the operator.
pub(crate) async fn bind_tcp(address: SocketAddr, flag: &str) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| cannot_listen(address, flag, &error))
}

fn cannot_listen(address: SocketAddr, flag: &str, error: &io::Error) -> anyhow::Error {
    let (ip, port) = (address.ip(), address.port());
    let other_port = |port| SocketAddr::new(ip, port);
    match error.kind() {
        io::ErrorKind::AddrInUse => anyhow!(
            "cannot listen on {address}: another program uses this port, perhaps another Passmint; stop it, or choose \
             another port, such as {flag} {}",
            other_port(port.checked_add(1).unwrap_or(8080))
        ),
        io::ErrorKind::PermissionDenied => anyhow!(
            "cannot listen on {address}: this user may not use port {port} (most systems reserve ports below 1024); \
             choose a higher one, such as {flag} {}, or give the process CAP_NET_BIND_SERVICE",
            other_port(if port < 1024 { port + 8000 } else { 8080 })
        ),
        io::ErrorKind::AddrNotAvailable => anyhow!(
            "cannot listen on {address}: this machine does not have the address {ip}; choose one that it has, such as \
             {flag} {}",
            SocketAddr::new(if ip.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() }, port)
        ),
        _ => anyhow!("cannot listen on {address}: {error}; choose another address with {flag}"),
    }
}

/// Listens on a Unix socket. It is created under another name and renamed once it has its mode, so that nobody else can
/// connect in between.
fn bind(path: &Path) -> Result<UnixListener> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.file_type().is_socket() => bail!("the file exists and is not a socket"),
        Ok(_) => match Probe::connect(path) {
            Ok(_) => bail!("another process listens there"),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(error) => return Err(error).context("the socket exists, and may be in use"),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let mut name = path.file_name().context("the path names no file")?.to_owned();
    name.push(format!(".{}", std::process::id()));
    let new = path.with_file_name(name);
    let listener = UnixListener::bind(&new)?;
    fs::set_permissions(&new, fs::Permissions::from_mode(SOCKET_MODE))?;
    fs::rename(&new, path)?;
    Ok(listener)
}

/// A connection.
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_addresses_parse_and_print_back() {
        for text in ["127.0.0.1:8080", "[::1]:0", "unix:/run/passmint.sock", "unix:passmint.sock"] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
        for wrong in ["", "unix:", "8080", "localhost:8080", "/run/passmint.sock"] {
            assert!(wrong.parse::<Listen>().is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn plain_http_on_a_public_address_is_refused_unless_allowed() {
        let open = async |address: &str, allow_plain_http: bool| {
            let tls = TlsArgs { allow_plain_http, ..TlsArgs::default() };
            Listener::open(&address.parse().unwrap(), &tls).await.map(|listener| listener.url().unwrap())
        };
        for address in ["0.0.0.0:0", "[::]:0"] {
            let refused = open(address, false).await.unwrap_err().to_string();
            assert!(refused.contains("plain HTTP") && refused.contains("--allow-plain-http"), "{refused}");
        }
        for (address, allowed) in [("0.0.0.0:0", true), ("127.0.0.1:0", false), ("[::ffff:127.0.0.1]:0", false)] {
            assert!(open(address, allowed).await.unwrap().starts_with("http://"), "{address}");
        }
    }

    #[test]
    fn bind_error_names_the_obstacle_and_a_remedy() {
        let says = |address: &str, flag, kind| {
            cannot_listen(address.parse().unwrap(), flag, &io::Error::from(kind)).to_string()
        };
        for (address, kind, parts) in [
            ("127.0.0.1:8080", io::ErrorKind::AddrInUse, ["another Passmint", "--listen 127.0.0.1:8081"]),
            ("127.0.0.1:65535", io::ErrorKind::AddrInUse, ["another Passmint", "--listen 127.0.0.1:8080"]),
            ("[::]:443", io::ErrorKind::PermissionDenied, ["port 443", "--listen [::]:8443"]),
            (
                "192.0.2.1:80",
                io::ErrorKind::AddrNotAvailable,
                ["does not have the address 192.0.2.1", "--listen 127.0.0.1:80"],
            ),
            (
                "[2001:db8::1]:80",
                io::ErrorKind::AddrNotAvailable,
                ["does not have the address 2001:db8::1", "--listen [::1]:80"],
            ),
            ("127.0.0.1:80", io::ErrorKind::OutOfMemory, ["out of memory", "another address with --listen"]),
        ] {
            let said = says(address, "--listen", kind);
            assert!(said.starts_with(&format!("cannot listen on {address}: ")) && !said.contains('\n'), "{said}");
            assert!(parts.iter().all(|part| said.contains(part)), "{parts:?} in {said}");
        }
        let said = says("127.0.0.1:9464", "--metrics-listen", io::ErrorKind::AddrInUse);
        assert!(said.contains("--metrics-listen 127.0.0.1:9465"), "{said}");
    }

    #[tokio::test]
    async fn socket_file_is_replaced_only_if_nobody_listens_on_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passmint.sock");
        let open = async || Listener::open(&Listen::Unix(path.clone()), &TlsArgs::default()).await;
        let first = open().await.unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o660);
        let error = format!("{:#}", open().await.err().unwrap());
        assert!(error.contains("another process listens there"), "{error}");
        // A process that was killed leaves its socket file.
        drop(first);
        assert!(path.exists());
        let second = open().await.unwrap();
        assert!(Probe::connect(&path).is_ok());
        second.close();
        assert!(!path.exists());
        fs::write(&path, "a file of somebody's").unwrap();
        let error = format!("{:#}", open().await.err().unwrap());
        assert!(error.contains("is not a socket"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }
}
