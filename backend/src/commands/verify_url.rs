//! `passmint verify URL`: checks that a server serves the page that is embedded in this binary.
//!
//! It compares each answer with the one that this build would give, headers included, and reports each changed file and
//! each header that is missing or different. It cannot detect a server that serves something else to other callers.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;

use super::http_client::{HttpClient, TrustArgs, join_url};
use crate::server::headers::{self, BROWSER_HEADERS, BrowserHeader};
use crate::server::page::Page;

/// The user agent of a browser: a server should not recognise the check by its name.
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
/// An answer is read up to this many bytes beyond the expected length.
const MORE: u64 = 64 * 1024;
const ENCODINGS: [&str; 3] = ["br", "gzip", "identity"];

/// The result of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Number of files that were compared, each in every encoding.
    pub files: usize,
    /// Differences from this build, a sentence each.
    pub differences: Vec<String>,
}

/// Compares what a server serves with a page, file by file.
///
/// # Errors
/// If the page is empty, or the server does not answer.
pub fn compare(page: Page, url: &str, trust: &TrustArgs) -> Result<Comparison> {
    ensure!(url.starts_with("https://") || url.starts_with("http://"), "{url} is not an http or https URL");
    let names: BTreeSet<String> = page.names().map(str::to_owned).collect();
    ensure!(!names.is_empty(), "this Passmint was built without its page: there is nothing to compare with");
    let page = Arc::new(page);
    let ours = Router::new()
        .fallback(move |request: Request| {
            let answer = page.answer(request.uri().path(), request.headers());
            std::future::ready(answer.unwrap_or_else(|| axum::http::StatusCode::NOT_FOUND.into_response()))
        })
        .layer(from_fn(headers::add));
    let runtime = tokio::runtime::Builder::new_current_thread().build().context("cannot start")?;
    let client = HttpClient::new(BROWSER, url, trust)?;
    let mut compared = Comparison { files: names.len(), differences: Vec::new() };
    for name in names.iter().map(String::as_str).chain([""]) {
        // Once a file differs, its other encodings differ too.
        for encoding in ENCODINGS {
            let expected = runtime.block_on(expected(&ours, name, encoding))?;
            let theirs = client.get(&join_url(url, name), encoding, expected.1.len() as u64 + MORE)?;
            let differences = differences(&expected, &theirs);
            if !differences.is_empty() {
                let told = differences.into_iter().map(|what| format!("/{name} ({encoding}): {what}"));
                compared.differences.extend(told);
                break;
            }
        }
    }
    Ok(compared)
}

/// The answer that this build would give.
async fn expected(ours: &Router, name: &str, encoding: &str) -> Result<(Response<()>, Vec<u8>)> {
    let request = Request::get(format!("/{name}")).header(header::ACCEPT_ENCODING, encoding).body(Body::empty())?;
    let (head, body) = ours.clone().oneshot(request).await?.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await?;
    Ok((Response::from_parts(head, ()), body.to_vec()))
}

fn differences((ours, body): &(Response<()>, Vec<u8>), theirs: &super::http_client::Reply) -> Vec<String> {
    if theirs.status != ours.status().as_u16() {
        return vec![format!("answered {}", theirs.status)];
    }
    let mut differences = Vec::new();
    if theirs.body != *body {
        differences.push(format!("is another file: {} bytes, expected {}", theirs.body.len(), body.len()));
    }
    for BrowserHeader { name, .. } in BROWSER_HEADERS.iter().filter(|header| header.is_compared) {
        let values = |headers: &axum::http::HeaderMap| {
            headers.get_all(name).iter().map(|value| value.as_bytes().to_vec()).collect::<Vec<_>>()
        };
        let (ours, theirs) = (values(ours.headers()), values(&theirs.headers));
        match (ours.is_empty(), theirs.is_empty()) {
            _ if ours == theirs => {}
            (false, true) => differences.push(format!("has no header {name}")),
            (true, false) => differences.push(format!("has a header {name}, which Passmint does not send")),
            _ => differences.push(format!("has another header {name}")),
        }
    }
    differences
}

/// Compares with the page inside this binary, and prints what differs.
///
/// # Errors
/// Those of [`compare`]; if anything differs.
pub fn run(url: &str, trust: &TrustArgs) -> Result<ExitCode> {
    let Comparison { files, differences } = compare(Page::embedded(), url, trust)?;
    let mut out = io::stdout();
    for difference in &differences {
        writeln!(out, "{difference}")?;
    }
    if differences.is_empty() {
        writeln!(out, "{url} serves the page of Passmint {}: {files} files are the same", env!("CARGO_PKG_VERSION"))?;
        return Ok(ExitCode::SUCCESS);
    }
    bail!(
        "{url} does not serve the page of this Passmint ({}): it is another version, a proxy changes it, or somebody has \
         tampered with it",
        env!("CARGO_PKG_VERSION")
    )
}
