//! HTTPS with certificates from files. The files in `tests/certificates` were made with openssl, for these tests only.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use backend::server::listener::tls::{Tls, TlsError};
use backend::server::listener::{ConnectionBounds, Listener, TlsArgs};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, ProtocolVersion, RootCertStore, crypto::ring, version::TLS13};

use crate::connections::{BOUNDS, read_all, serve_on};
use crate::harness::App;

fn file(name: &str) -> PathBuf {
    Path::new("tests/certificates").join(name)
}

/// Connects as a client that trusts only this certificate.
async fn connect(address: &str, trusted: &str) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file(trusted)).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream).await
}

fn secure(cert: PathBuf, key: PathBuf) -> TlsArgs {
    TlsArgs { tls_cert: Some(cert), tls_key: Some(key), allow_plain_http: false }
}

#[tokio::test]
async fn every_form_of_key_serves_https_with_hsts() {
    let app = App::new();
    for kind in ["ec", "ed25519", "rsa"] {
        let (cert, key) = (file(&format!("{kind}.pem")), file(&format!("{kind}.key")));
        let listener = Listener::open(&"127.0.0.1:0".parse().unwrap(), &secure(cert, key)).await.unwrap();
        let address = listener.address();
        assert_eq!(listener.url(), Some(format!("https://{address}")), "the links that are printed");
        let (_stop, _) = serve_on(listener, &app, BOUNDS, &[]);
        let mut stream = connect(&address, &format!("{kind}.pem")).await.unwrap();
        let (_, connection) = stream.get_ref();
        assert_eq!(connection.protocol_version(), Some(ProtocolVersion::TLSv1_3));
        assert_eq!(connection.alpn_protocol(), Some(&b"http/1.1"[..]));
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let answer = read_all(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("strict-transport-security: max-age=31536000\r\n"), "{answer}");
        assert!(connect(&address, if kind == "ec" { "rsa.pem" } else { "ec.pem" }).await.is_err());
    }
    let plain = app.get("/healthz", None).await;
    assert!(!plain.headers.contains_key("strict-transport-security"), "never without HTTPS");
}

#[tokio::test]
async fn stalled_handshake_is_cut_off_and_does_not_delay_shutdown() {
    let tls = secure(file("ec.pem"), file("ec.key"));
    let listener = Listener::open(&"127.0.0.1:0".parse().unwrap(), &tls).await.unwrap();
    let address = listener.address();
    let (_stop, _) = serve_on(listener, &App::new(), ConnectionBounds { connections: 1, ..BOUNDS }, &[]);
    let mut slow = TcpStream::connect(&address).await.unwrap();
    slow.write_all(b"\x16\x03\x01").await.unwrap();
    let cut = tokio::time::timeout(Duration::from_secs(3), read_all(&mut slow)).await.expect("cut off");
    assert_eq!(cut, "");
    assert!(connect(&address, "ec.pem").await.is_ok(), "its permit is free again");
    let mut plain = TcpStream::connect(&address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let cut = tokio::time::timeout(Duration::from_secs(3), read_all(&mut plain)).await.expect("cut off");
    assert!(!cut.contains("HTTP/1.1 200"), "no plain HTTP where HTTPS is");
}

#[tokio::test]
async fn changed_certificate_is_loaded_unless_it_is_invalid() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let put = |kind: &str, what: &str, to: &Path| fs::copy(file(&format!("{kind}.{what}")), to).map(drop).unwrap();
    put("ec", "pem", &cert);
    put("ec", "key", &key);
    let tls = Tls::load(cert.clone(), key.clone()).unwrap();
    // The certificate that a browser would get.
    let server = async || match (shows(&tls, "ec").await, shows(&tls, "rsa").await) {
        (true, false) => Some("ec"),
        (false, true) => Some("rsa"),
        _ => None,
    };
    assert_eq!(server().await, Some("ec"));
    assert!(!tls.reload_if_changed().unwrap(), "nothing has changed");
    // Only the new certificate is there, and not its key.
    put("rsa", "pem", &cert);
    assert!(matches!(tls.reload_if_changed(), Err(TlsError::Mismatch { .. })));
    assert!(!tls.reload_if_changed().unwrap(), "said once");
    assert_eq!(server().await, Some("ec"), "the previous certificate is in use");
    put("rsa", "key", &key);
    assert!(tls.reload_if_changed().unwrap());
    assert_eq!(server().await, Some("rsa"));
    for broken in [
        &b""[..],
        b"-----BEGIN CERTIFICATE-----\nAAAA",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        fs::write(&cert, broken).unwrap();
        assert!(tls.reload_if_changed().is_err());
        assert_eq!(server().await, Some("rsa"));
    }
    fs::remove_file(&cert).unwrap();
    assert!(matches!(tls.reload_if_changed(), Err(TlsError::Unread { .. })));
    put("rsa", "pem", &cert);
    assert!(tls.reload_if_changed().unwrap());
}

/// Returns true if a handshake succeeds with a client that trusts only this certificate.
async fn shows(tls: &Tls, kind: &str) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(file(&format!("{kind}.pem"))).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (client, server) = tokio::io::duplex(16_384);
    let acceptor = tls.acceptor();
    tokio::spawn(async move { acceptor.accept(server).await.map(drop) });
    TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), client).await.is_ok()
}

#[test]
fn certificate_errors_name_the_file() {
    // In the form in which `main` prints errors.
    let error =
        |cert: &str, key: &str| format!("{:#}", anyhow::Error::from(Tls::load(file(cert), file(key)).unwrap_err()));
    let missing = error("missing.pem", "ec.key");
    assert_eq!(missing.matches("missing.pem: No such file").count(), 1, "{missing}");
    assert_eq!(missing.matches("No such file").count(), 1, "{missing}");
    let missing = error("ec.pem", "missing.key");
    assert!(missing.contains("missing.key: No such file"), "{missing}");
    let mismatch = error("ec.pem", "rsa.key");
    assert!(mismatch.contains("rsa.key is not the key of the certificate in") && mismatch.contains("ec.pem"));
    let swapped = error("ec.key", "ec.pem");
    assert!(swapped.contains("ec.key holds no certificate"), "{swapped}");
    let no_key = error("ec.pem", "ec.pem");
    assert!(no_key.contains("ec.pem holds no private key"), "{no_key}");
}
