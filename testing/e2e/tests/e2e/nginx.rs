//! The server behind a real nginx with the example of `packaging/`: forwarding, client addresses, limits, HSTS.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring, version::TLS13};

use e2e::server::Server;
use e2e::{free_port, repository, wait_until};

/// The rate limit of log-ins for one address.
const ATTEMPTS: usize = 3;
/// A valid element of ristretto255: the base point (RFC 9496, appendix A.1).
const POINT: &str = "4vKuCmq8TnGohKlhxQBRX1jjC2qlgt2NtqZZReCNLXY";

fn certificate(name: &str) -> PathBuf {
    repository().join("backend/tests/certificates").join(name)
}

/// A running nginx. Stopped when dropped.
struct Nginx {
    process: Child,
    http: u16,
    https: u16,
    _folder: TempDir,
}

impl Nginx {
    /// Starts it with the example as shipped, except for paths, ports and the certificate.
    fn start(program: &Path, upstream: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (http, https) = (free_port(), free_port());
        let mut site = fs::read_to_string(repository().join("packaging/nginx.conf")).unwrap();
        let https_listens = format!("listen 127.0.0.1:{https} ssl http2;");
        let live = "/etc/letsencrypt/live/passwords.example.org";
        for (shipped, here) in [
            ("server unix:/run/passmint/passmint.sock;", &*format!("server {upstream};")),
            ("listen 80;", &*format!("listen 127.0.0.1:{http};")),
            ("listen 443 ssl http2;", &*https_listens),
            // Without IPv6 on this machine, nginx would not start.
            ("listen [::]:80;", ""),
            ("listen [::]:443 ssl http2;", ""),
            (&*format!("{live}/fullchain.pem"), certificate("ec.pem").to_str().unwrap()),
            (&*format!("{live}/privkey.pem"), certificate("ec.key").to_str().unwrap()),
        ] {
            assert_eq!(site.matches(shipped).count(), 1, "{shipped} in packaging/nginx.conf");
            site = site.replace(shipped, here);
        }
        fs::write(folder.path().join("site.conf"), site).unwrap();
        let root = Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0";
        let main = format!(
            "daemon off; pid nginx.pid; {} worker_processes 1; events {{}}\nhttp {{ access_log off; \
             client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; \
             scgi_temp_path scgi; include site.conf; }}\n",
            if root { "user root;" } else { "" }
        );
        fs::write(folder.path().join("main.conf"), main).unwrap();
        let process = Command::new(program)
            .arg("-p")
            .arg(folder.path())
            .args(["-c", "main.conf", "-e", "stderr"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let nginx = Self { process, http, https, _folder: folder };
        wait_until("nginx listens", || std::net::TcpStream::connect(("127.0.0.1", https)).is_ok());
        nginx
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM, because a killed nginx leaves its worker behind.
        let _ = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
    }
}

/// An answer, with its head in lower case.
struct Answer {
    head: String,
    body: String,
}

impl Answer {
    fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.head.lines().filter_map(move |line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> Answer {
    // A server that refuses a body may close before all of it has arrived; its answer is there all the same.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    Answer { head: head.to_lowercase(), body: body.to_owned() }
}

/// Connects from one of this machine's loopback addresses.
async fn connect(from: &str, port: u16) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
    socket.connect(SocketAddr::from(([127, 0, 0, 1], port))).await.unwrap()
}

/// Sends a request by HTTPS from one of this machine's loopback addresses.
async fn ask(from: &str, port: u16, request: &str) -> Answer {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate("ec.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = connect(from, port).await;
    let stream = TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream).await.unwrap();
    converse(stream, request).await
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: passwords.example.org\r\nconnection: close\r\n\r\n")
}

fn post(path: &str, more: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: passwords.example.org\r\nconnection: close\r\n{more}\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// The first request of a log-in, with a valid message of OPAQUE.
fn first_step(username: &str) -> String {
    let point = Base64UrlUnpadded::decode_vec(POINT).unwrap();
    let request = Base64UrlUnpadded::encode_string(&[&point[..], &[7; 32], &point].concat());
    json!({ "username": username, "credential": "passphrase", "request": request }).to_string()
}

/// Runs a test with a server behind nginx; skips it if nginx is not installed.
fn behind_nginx(test: impl AsyncFn(&Server, &Nginx)) {
    let Some(program) = std::env::var_os("PASSMINT_NGINX").map(PathBuf::from) else {
        eprintln!("NOT TESTED: packaging/nginx.conf, for there is no nginx here");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("passmint.sock");
    let port = free_port();
    let tcp = format!("127.0.0.1:{port}");
    for (listen, trusted, upstream) in [
        (tcp.clone(), "127.0.0.1", tcp),
        (format!("unix:{}", socket.display()), "unix", format!("unix:{}", socket.display())),
    ] {
        let settings = [
            ("PASSMINT_PUBLIC_URL", "https://passwords.example.org"),
            ("PASSMINT_TRUSTED_PROXIES", trusted),
            ("PASSMINT_LOGINS_PER_ADDRESS", &*ATTEMPTS.to_string()),
        ];
        let server = Server::start_on(&listen, &settings);
        let nginx = Nginx::start(&program, &upstream);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(test(&server, &nginx));
    }
}

#[test]
fn nginx_forwards_page_and_api_and_terminates_tls() {
    behind_nginx(async |server, nginx| {
        assert!(server.setup_link().starts_with("https://passwords.example.org/#invite="));
        let page = ask("127.0.0.2", nginx.https, &get("/")).await;
        assert_eq!(page.status(), "200", "{}", page.head);
        assert_eq!(page.headers("content-type").collect::<Vec<_>>(), ["text/html; charset=utf-8"]);
        let ready = ask("127.0.0.2", nginx.https, &get("/readyz")).await;
        assert_eq!(ready.status(), "200", "{}", ready.head);
        for answer in [&page, &ready] {
            let once = |name| answer.headers(name).map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(once("strict-transport-security"), ["max-age=31536000"], "{}", answer.head);
            assert_eq!(once("x-content-type-options"), ["nosniff"]);
            let id = once("x-request-id");
            assert!(id.len() == 1 && id[0].len() == 36, "{}", answer.head);
        }
        let id = ready.headers("x-request-id").next().unwrap();
        wait_until("the request's id is in the log", || server.log().contains(id));

        let plain = converse(connect("127.0.0.2", nginx.http).await, &get("/?a=b")).await;
        assert_eq!(plain.status(), "301");
        assert_eq!(plain.headers("location").collect::<Vec<_>>(), ["https://passwords.example.org/?a=b"]);
        assert_eq!(plain.headers("strict-transport-security").count(), 0);
    });
}

#[test]
fn behind_nginx_rate_limits_are_per_client_and_bodies_are_limited() {
    behind_nginx(async |_, nginx| {
        let attempt = async |from: &str, number: usize, more: &str| {
            let body = first_step(&format!("{from} {number}"));
            ask(from, nginx.https, &post("/api/v1/sessions/start", more, &body)).await.status().to_owned()
        };
        for number in 0..ATTEMPTS {
            assert_eq!(attempt("127.0.0.2", number, "").await, "200");
        }
        assert_eq!(attempt("127.0.0.2", ATTEMPTS, "").await, "429");
        let forged = "x-forwarded-for: 203.0.113.9\r\nforwarded: for=203.0.113.9\r\n";
        assert_eq!(attempt("127.0.0.2", ATTEMPTS, forged).await, "429", "an address that a client made up");
        assert_eq!(attempt("127.0.0.3", 0, "").await, "200", "another client");

        let large = |kib: usize| post("/api/v1/sessions/start", "", &"x".repeat(kib * 1024));
        let refused = ask("127.0.0.3", nginx.https, &large(200)).await;
        assert_eq!(refused.status(), "413", "{}", refused.head);
        assert!(refused.body.contains("body-too-large"), "in Passmint's words: {}", refused.body);
        let refused = ask("127.0.0.3", nginx.https, &large(300)).await;
        assert_eq!(refused.status(), "413", "{}", refused.head);
        assert!(refused.body.contains("nginx"), "not passed on: {}", refused.body);
    });
}
