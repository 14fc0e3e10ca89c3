//! Loads the page with an empty profile: the bytes fetched, and the time until the first password.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::recorder::{RecordedRequest, Recorder};
use crate::runs::Runs;
use crate::with_browser;
use e2e::TIMEOUT;
use e2e::page::{PASSPHRASE, Page};
use e2e::server::Server;

/// The moment of the first password, as `shown.js` reports it.
#[derive(Deserialize)]
struct FirstPassword {
    /// When it was in the document, in milliseconds since the navigation began.
    inserted: f64,
    /// When a frame with it had been painted, in the same unit.
    painted: f64,
    /// When the navigation began, in milliseconds since 1970.
    origin: f64,
}

impl FirstPassword {
    /// Opens the page and waits for the first password.
    async fn open(page: &Page, url: &str) -> Self {
        page.run_before_every_page(include_str!("shown.js")).await;
        Self::open_prepared(page, url).await
    }

    /// The same, in a browser that already runs `shown.js` before every page.
    async fn open_prepared(page: &Page, url: &str) -> Self {
        page.driver.goto(url).await.unwrap();
        let shown = page.driver.execute_async("globalThis.shown.then(arguments[0])", vec![]).await.unwrap();
        serde_json::from_value(shown).unwrap()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    /// Requested before the first password was shown, or needed by the generator all the same.
    Generator,
    /// Requested later, without any input.
    Afterwards,
    /// Requested when a person opens a vault.
    Keyring,
}

/// One file that was fetched.
#[derive(Serialize)]
pub(crate) struct File {
    pub(crate) phase: Phase,
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) encoding: String,
    /// Bytes of the body as transferred.
    pub(crate) bytes: usize,
    /// Bytes of the answer's head.
    pub(crate) head_bytes: usize,
    /// When it was requested and when it was complete, in milliseconds since the navigation began.
    pub(crate) asked_ms: f64,
    pub(crate) answered_ms: f64,
}

impl File {
    fn new(fetched: &RecordedRequest, phase: Phase, origin: f64) -> Self {
        Self {
            phase,
            path: fetched.path.clone(),
            status: fetched.status,
            encoding: fetched.encoding.clone(),
            bytes: fetched.body,
            head_bytes: fetched.head,
            asked_ms: fetched.asked - origin,
            answered_ms: fetched.answered - origin,
        }
    }
}

#[derive(Serialize)]
pub(crate) struct Bytes {
    /// The sum of the phase `generator`.
    pub(crate) generator: usize,
    /// The same, plus the two files of the keyring.
    pub(crate) with_keyring: usize,
    /// All that is fetched until a log-in begins, without a service worker.
    pub(crate) until_opening: usize,
    /// The generator still mints if every request of the phase `afterwards` is refused.
    pub(crate) generator_needs_no_more: bool,
    /// The files of a visit that only mints, including the requests of the service worker.
    pub(crate) visit: Vec<File>,
    /// The further files of another visit, without a service worker, that opens a vault.
    pub(crate) keyring: Vec<File>,
}

/// Records the bytes that the browser fetches.
pub(crate) fn bytes(server: &Server) -> Bytes {
    let mut visit = with_browser(async |page| {
        let recorder = Recorder::start(server.port, BTreeSet::new());
        let shown = FirstPassword::open(&page, &recorder.url()).await;
        recorder.wait_until_idle().await;
        let phase = |asked| if asked < shown.origin + shown.inserted { Phase::Generator } else { Phase::Afterwards };
        let seen = recorder.requests();
        seen.iter()
            .filter(|fetched| fetched.is_file())
            .map(|fetched| File::new(fetched, phase(fetched.asked), shown.origin))
            .collect::<Vec<_>>()
    });
    let paths = |visit: &[File], phase| -> BTreeSet<_> {
        visit.iter().filter(|file| file.phase == phase).map(|file| file.path.clone()).collect()
    };
    // The service worker requests all files once more.
    let later = paths(&visit, Phase::Afterwards).difference(&paths(&visit, Phase::Generator)).cloned().collect();
    let generator_needs_no_more = with_browser(async |page| mints_without(&page, server, later).await);
    if !generator_needs_no_more {
        visit.iter_mut().for_each(|file| file.phase = Phase::Generator);
    }
    let of_generator = paths(&visit, Phase::Generator);
    let keyring = with_browser(async |page| files_to_log_in(&page, server).await);
    let keyring: Vec<_> = keyring.into_iter().filter(|file| !of_generator.contains(&file.path)).collect();
    let generator = visit.iter().filter(|file| file.phase == Phase::Generator).map(|file| file.bytes).sum::<usize>();
    let is_keyring = |file: &&File| file.path.starts_with("/keyring-");
    let with_keyring = generator + keyring.iter().filter(is_keyring).map(|file| file.bytes).sum::<usize>();
    let until_opening = generator + keyring.iter().map(|file| file.bytes).sum::<usize>();
    Bytes { generator, with_keyring, until_opening, generator_needs_no_more, visit, keyring }
}

/// Returns true if the generator starts, and mints again on "Generate", although these paths are refused.
async fn mints_without(page: &Page, server: &Server, refused: BTreeSet<String>) -> bool {
    let recorder = Recorder::start(server.port, refused);
    let shown = tokio::time::timeout(TIMEOUT, FirstPassword::open(page, &recorder.url())).await;
    if shown.is_err() {
        return false;
    }
    recorder.wait_until_idle().await;
    let before = page.minted().await;
    page.press("Generate").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let after = page.minted().await;
    after.chars().count() == before.chars().count() && after != before
}

/// Opens the page and starts a log-in; returns the files fetched until the keyring has made its first request. Without
/// a service worker, whose requests would hide which files the keyring needs.
async fn files_to_log_in(page: &Page, server: &Server) -> Vec<File> {
    let recorder = Recorder::start(server.port, BTreeSet::new());
    page.run_before_every_page("delete Navigator.prototype.serviceWorker").await;
    let shown = FirstPassword::open(page, &recorder.url()).await;
    recorder.wait_until_idle().await;
    let without_input = recorder.requests().len();
    // The page knows by now that the server has no vault.
    page.press("I have a vault").await;
    page.unlock("nobody", PASSPHRASE).await;
    recorder.wait_until_idle().await;
    let seen = recorder.requests();
    assert!(seen.iter().any(|fetched| fetched.method == "POST"), "the keyring made no request");
    let phase = |place| if place < without_input { Phase::Afterwards } else { Phase::Keyring };
    let files = seen.iter().enumerate().filter(|(_, fetched)| fetched.is_file());
    files.map(|(place, fetched)| File::new(fetched, phase(place), shown.origin)).collect()
}

/// Milliseconds from the start of the navigation, one for each load.
#[derive(Serialize)]
pub(crate) struct Times {
    /// Until the first password was in the document.
    pub(crate) inserted: Runs,
    /// Until a frame with it had been painted.
    pub(crate) painted: Runs,
}

/// Limits for the processor and the network of the browser.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Throttle {
    pub(crate) cpu: f64,
    pub(crate) kilobits_per_second: f64,
    pub(crate) latency_ms: f64,
}

/// A slow phone on a slow network: docs/BENCHMARKS.md, "Time to a usable generator".
pub(crate) const SLOW: Throttle = Throttle { cpu: 4.0, kilobits_per_second: 1600.0, latency_ms: 150.0 };

/// Opens each URL `runs` times, in turns, so that other work on the machine affects all of them. The browser is already
/// running, as a person's is; its cache and storage are cleared before each visit.
pub(crate) fn times<const N: usize>(urls: [&str; N], runs: usize, throttle: Option<Throttle>) -> [Times; N] {
    let mut shown: [Vec<FirstPassword>; N] = std::array::from_fn(|_| Vec::new());
    with_browser(async |page| {
        page.run_before_every_page(include_str!("shown.js")).await;
        if let Some(throttle) = throttle {
            slow_down(&page, throttle).await;
        }
        // The first round includes the browser's own start, and does not count.
        for round in 0..=runs {
            for (url, shown) in urls.iter().zip(&mut shown) {
                page.driver.goto("about:blank").await.unwrap();
                page.cdp("Network.clearBrowserCache", json!({})).await;
                page.cdp("Storage.clearDataForOrigin", json!({ "origin": url, "storageTypes": "all" })).await;
                tokio::time::sleep(Duration::from_secs(1)).await;
                let now = FirstPassword::open_prepared(&page, url).await;
                if let Some(throttle) = throttle {
                    let waited = "const [navigation] = performance.getEntriesByType('navigation'); \
                                  return navigation.responseEnd - navigation.requestStart";
                    let waited = page.js(waited, vec![]).await.as_f64().unwrap();
                    assert!(
                        waited > throttle.latency_ms * 0.9,
                        "the network was not throttled: the answer took {waited} ms"
                    );
                }
                if round > 0 {
                    shown.push(now);
                }
            }
        }
    });
    shown.map(|shown| {
        let (inserted, painted) = shown.into_iter().map(|shown| (shown.inserted, shown.painted)).unzip();
        Times { inserted: Runs::new(inserted), painted: Runs::new(painted) }
    })
}

/// Serves a page of one word, as small as a page can be: it shows the browser's own share of the time.
pub(crate) fn serve_one_word() -> String {
    const PAGE: &str = "<!doctype html><title>One word</title><output class=secret><span>word</span></output>";
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut browser in listener.incoming().map_while(Result::ok) {
            // Errors are ignored: browsers open connections in advance and close them unused.
            std::thread::spawn(move || {
                let _ = browser.read(&mut [0; 8192]);
                write!(
                    browser,
                    "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{PAGE}",
                    PAGE.len()
                )
            });
        }
    });
    url
}

async fn slow_down(page: &Page, throttle: Throttle) {
    let bytes = throttle.kilobits_per_second * 1000.0 / 8.0;
    page.cdp("Network.enable", json!({})).await;
    let conditions = json!({
        "offline": false, "latency": throttle.latency_ms, "downloadThroughput": bytes, "uploadThroughput": bytes,
    });
    page.cdp("Network.emulateNetworkConditions", conditions).await;
    page.cdp("Emulation.setCPUThrottlingRate", json!({ "rate": throttle.cpu })).await;
}
