//! Opening the page with an empty profile: what is fetched, and when the first password is shown.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::recorder::{Fetched, Recorder};
use crate::report::Runs;
use crate::with_browser;
use e2e::TIMEOUT;
use e2e::page::{PASSPHRASE, Page};
use e2e::server::Server;

/// When the first password was shown.
#[derive(Deserialize)]
struct Shown {
    /// When it stood in the page, in milliseconds since the navigation began.
    inserted: f64,
    /// When a frame with it had been painted.
    painted: f64,
    /// When the navigation began, in milliseconds since 1970.
    origin: f64,
}

impl Shown {
    /// Opens the page and waits for the first password.
    async fn by(page: &Page, url: &str) -> Self {
        page.run_before_every_page(include_str!("shown.js")).await;
        Self::in_prepared(page, url).await
    }

    /// The same in a browser that runs `shown.js` before every page.
    async fn in_prepared(page: &Page, url: &str) -> Self {
        page.driver.goto(url).await.unwrap();
        let shown = page.driver.execute_async("globalThis.shown.then(arguments[0])", vec![]).await.unwrap();
        serde_json::from_value(shown).unwrap()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    /// Asked for before the first password was shown, or needed by the generator nonetheless.
    Generator,
    /// Asked for later, by nobody's doing.
    Afterwards,
    /// Asked for when a vault was to be opened.
    Keyring,
}

/// One file that was fetched.
#[derive(Serialize)]
pub(crate) struct File {
    pub(crate) phase: Phase,
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) encoding: String,
    /// Bytes of the body as they travelled.
    pub(crate) bytes: usize,
    /// Bytes of the answer's head.
    pub(crate) head_bytes: usize,
    /// When it was asked for and when it was there, in milliseconds since the navigation began.
    pub(crate) asked_ms: f64,
    pub(crate) answered_ms: f64,
}

impl File {
    fn new(fetched: &Fetched, phase: Phase, origin: f64) -> Self {
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
    /// Sum of the phase `generator`.
    pub(crate) generator: usize,
    /// That, and the files of the keyring.
    pub(crate) with_keyring: usize,
    /// Everything that was fetched until a vault is being opened; without what a service worker stores.
    pub(crate) until_opening: usize,
    /// Whether the generator mints when all that was asked for afterwards is refused.
    pub(crate) generator_needs_no_more: bool,
    /// One visit that only mints, with its service worker if there is one.
    pub(crate) visit: Vec<File>,
    /// What another visit, without a service worker, fetched beyond the generator to open a vault.
    pub(crate) keyring: Vec<File>,
}

/// Records what the browser fetches from the server.
pub(crate) fn bytes(server: &Server) -> Bytes {
    let mut visit = with_browser(async |page| {
        let recorder = Recorder::before(server.port, BTreeSet::new());
        let shown = Shown::by(&page, &recorder.url()).await;
        recorder.quiet().await;
        let phase = |asked| if asked < shown.origin + shown.inserted { Phase::Generator } else { Phase::Afterwards };
        let seen = recorder.seen();
        seen.iter()
            .filter(|fetched| fetched.is_file())
            .map(|fetched| File::new(fetched, phase(fetched.asked), shown.origin))
            .collect::<Vec<_>>()
    });
    let paths = |visit: &[File], phase| -> BTreeSet<_> {
        visit.iter().filter(|file| file.phase == phase).map(|file| file.path.clone()).collect()
    };
    // A service worker asks for all files once more.
    let later = paths(&visit, Phase::Afterwards).difference(&paths(&visit, Phase::Generator)).cloned().collect();
    let generator_needs_no_more = with_browser(async |page| mints_without(&page, server, later).await);
    if !generator_needs_no_more {
        visit.iter_mut().for_each(|file| file.phase = Phase::Generator);
    }
    let of_generator = paths(&visit, Phase::Generator);
    let keyring = with_browser(async |page| to_the_keyring(&page, server).await);
    let keyring: Vec<_> = keyring.into_iter().filter(|file| !of_generator.contains(&file.path)).collect();
    let generator = visit.iter().filter(|file| file.phase == Phase::Generator).map(|file| file.bytes).sum::<usize>();
    let is_keyring = |file: &&File| file.path.starts_with("/keyring-");
    let with_keyring = generator + keyring.iter().filter(is_keyring).map(|file| file.bytes).sum::<usize>();
    let until_opening = generator + keyring.iter().map(|file| file.bytes).sum::<usize>();
    Bytes { generator, with_keyring, until_opening, generator_needs_no_more, visit, keyring }
}

/// Whether the generator comes up, and mints again when asked to, although these are refused.
async fn mints_without(page: &Page, server: &Server, refused: BTreeSet<String>) -> bool {
    let recorder = Recorder::before(server.port, refused);
    let shown = tokio::time::timeout(TIMEOUT, Shown::by(page, &recorder.url())).await;
    if shown.is_err() {
        return false;
    }
    recorder.quiet().await;
    let before = page.minted().await;
    page.press("Generate").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let after = page.minted().await;
    after.chars().count() == before.chars().count() && after != before
}

/// Opens the page and asks for a vault; gives the files that were fetched until the keyring had spoken to the server.
/// Without a service worker: what that one stores for later would hide what the keyring needs.
async fn to_the_keyring(page: &Page, server: &Server) -> Vec<File> {
    let recorder = Recorder::before(server.port, BTreeSet::new());
    page.run_before_every_page("delete Navigator.prototype.serviceWorker").await;
    let shown = Shown::by(page, &recorder.url()).await;
    recorder.quiet().await;
    let unasked = recorder.seen().len();
    // There is none, and the page has found out.
    page.press("I have a vault").await;
    page.unlock("nobody", PASSPHRASE).await;
    recorder.quiet().await;
    let seen = recorder.seen();
    assert!(seen.iter().any(|fetched| fetched.method == "POST"), "the keyring did not speak to the server");
    let phase = |place| if place < unasked { Phase::Afterwards } else { Phase::Keyring };
    let files = seen.iter().enumerate().filter(|(_, fetched)| fetched.is_file());
    files.map(|(place, fetched)| File::new(fetched, phase(place), shown.origin)).collect()
}

/// Milliseconds from the start of the navigation, one run a load.
#[derive(Serialize)]
pub(crate) struct Times {
    /// Until the first password stood in the page.
    pub(crate) inserted: Runs,
    /// Until a frame with it had been painted.
    pub(crate) painted: Runs,
}

/// How slow a machine and its network are made.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Throttle {
    pub(crate) cpu: f64,
    pub(crate) kilobits_per_second: f64,
    pub(crate) latency_ms: f64,
}

/// What DESIGN names: a slow phone on a slow network.
pub(crate) const SLOW: Throttle = Throttle { cpu: 4.0, kilobits_per_second: 1600.0, latency_ms: 150.0 };

/// Opens addresses in turn, so many times each, so that what else the machine does falls on all of them. The browser runs
/// already, as a person's does, and knows nothing of them: what it kept is thrown away before each visit.
pub(crate) fn times<const N: usize>(urls: [&str; N], runs: usize, throttle: Option<Throttle>) -> [Times; N] {
    let mut shown: [Vec<Shown>; N] = std::array::from_fn(|_| Vec::new());
    with_browser(async |page| {
        page.run_before_every_page(include_str!("shown.js")).await;
        if let Some(throttle) = throttle {
            slow_down(&page, throttle).await;
        }
        // The first round is the browser's own start, and does not count.
        for round in 0..=runs {
            for (url, shown) in urls.iter().zip(&mut shown) {
                page.driver.goto("about:blank").await.unwrap();
                page.cdp("Network.clearBrowserCache", json!({})).await;
                page.cdp("Storage.clearDataForOrigin", json!({ "origin": url, "storageTypes": "all" })).await;
                tokio::time::sleep(Duration::from_secs(1)).await;
                let now = Shown::in_prepared(&page, url).await;
                if let Some(throttle) = throttle {
                    let waited = "const [navigation] = performance.getEntriesByType('navigation'); \
                                  return navigation.responseEnd - navigation.requestStart";
                    let waited = page.js(waited, vec![]).await.as_f64().unwrap();
                    assert!(waited > throttle.latency_ms * 0.9, "the network was not slowed down: {waited} ms");
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

/// Serves a page of one word, as short as pages get, in place of a password: what the browser itself takes.
pub(crate) fn serve_one_word() -> String {
    const PAGE: &str = "<!doctype html><title>One word</title><output class=secret><span>word</span></output>";
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut browser in listener.incoming().map_while(Result::ok) {
            // A connection that is opened ahead and not used is no failure.
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
