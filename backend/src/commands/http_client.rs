//! The HTTP client of the commands that query a running server: `status` and `verify URL`. The server itself sends no
//! requests.
//!
//! The client follows no redirect and uses no proxy of the environment, so that the answer comes from the named server.
//! Certificates are checked against the system's authorities, or those of a file; there is no way around that.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::http::HeaderMap;
use clap::Args;
use rustls::crypto::ring;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// Time limit of a request.
const TIMEOUT: Duration = Duration::from_secs(20);

/// TLS certificate authorities.
#[derive(Args, Debug, Clone, Default)]
pub struct TrustArgs {
    /// File with the certificates (PEM) of the authorities to trust instead of the system's.
    #[arg(long, env = "PASSMINT_CA_FILE", value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

/// An HTTP client.
pub struct HttpClient(Agent);

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The body as it came: nothing is decompressed.
    pub body: Vec<u8>,
}

impl HttpClient {
    /// A client with the user agent `name`. Authorities are loaded only if `url` begins with https.
    ///
    /// # Errors
    /// If the authorities cannot be read.
    pub fn new(name: &str, url: &str, trust: &TrustArgs) -> Result<Self> {
        let mut tls = TlsConfig::builder().unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()));
        if url.starts_with("https:") {
            let authorities = trust.ca_file.as_deref().map_or_else(system_authorities, authorities_in)?;
            tls = tls.root_certs(RootCerts::new_with_certs(&authorities));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_global(Some(TIMEOUT))
            .user_agent(name)
            .tls_config(tls.build());
        Ok(Self(config.build().new_agent()))
    }

    /// Gets a URL whose body has at most `bytes_max` bytes.
    ///
    /// # Errors
    /// If no server answers, its certificate is not trusted, or the body is longer.
    pub fn get(&self, url: &str, encoding: &str, bytes_max: u64) -> Result<Reply> {
        let asked = self.0.get(url).header("accept-encoding", encoding).call();
        let mut answer = asked.with_context(|| format!("{url} does not answer"))?;
        let body = answer.body_mut().with_config().limit(bytes_max).read_to_vec();
        let body = body.with_context(|| format!("{url}: the answer cannot be read"))?;
        Ok(Reply { status: answer.status().as_u16(), headers: answer.headers().clone(), body })
    }
}

/// Appends a path to a URL.
#[must_use]
pub fn join_url(base: &str, path: &str) -> String {
    format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/'))
}

fn system_authorities() -> Result<Vec<Certificate<'static>>> {
    let found = rustls_native_certs::load_native_certs();
    ensure!(
        !found.certs.is_empty(),
        "this system has no certificate authorities (on Debian: apt install ca-certificates); --ca-file names others"
    );
    Ok(found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect())
}

fn authorities_in(file: &Path) -> Result<Vec<Certificate<'static>>> {
    let text = fs::read(file).with_context(|| format!("--ca-file names {}, which cannot be read", file.display()))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&text) {
        if let PemItem::Certificate(certificate) = item.with_context(|| file.display().to_string())? {
            certificates.push(certificate);
        }
    }
    ensure!(!certificates.is_empty(), "--ca-file names {}, which holds no certificate in PEM", file.display());
    Ok(certificates)
}
