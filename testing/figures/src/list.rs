//! A vault with many entries: the time to open it, to search, to scroll, and to show a change made elsewhere.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::recorder::Recorder;
use crate::report::at_most;
use crate::runs::Runs;
use crate::with_profile;
use e2e::page::{PASSPHRASE, Page};
use e2e::server::Server;
use e2e::vault_client::{VaultClient, content};

/// Entries of the vaults.
const SIZES: [usize; 2] = [1000, 10_000];
/// Number of times each vault is opened.
const UNLOCKS: usize = 5;
/// Queries that are typed into the search, key by key, and deleted again.
const QUERIES: [&str; 4] = ["entry 004711", "ada99@example", "mail home", "zzz"];

/// Events of the mouse wheel.
const WHEEL_EVENTS: usize = 60;

/// The figures of vaults of every size.
#[derive(Serialize)]
pub(crate) struct ListFigures {
    vaults: Vec<VaultFigures>,
}

/// The figures of one vault. Times are in milliseconds.
#[derive(Serialize)]
struct VaultFigures {
    entries: usize,
    /// From "Unlock" until rows are painted.
    unlock: Runs,
    /// The longest time between two frames during that.
    unlock_gap: Runs,
    /// From a key pressed in the search to the frame that shows the result.
    keys: Runs,
    scroll: Frames,
    /// The longest time from a jump of the scroll bar to the frame that shows rows.
    jump: f64,
    /// Rows, and all elements, in the list.
    drawn: (usize, usize),
    /// Memory before the vault was opened, and at the end.
    memory: (Memory, Memory),
    /// Answers of the first sync, and the bytes of their bodies.
    first: (usize, usize),
    /// The same for the sync after one entry was changed elsewhere.
    later: (usize, usize),
    /// From the moment when the page was visible again until the list showed a change made elsewhere.
    heard: f64,
}

#[derive(Deserialize, Serialize)]
struct Frames {
    longest: f64,
    /// Frames without any row in view.
    empty: u32,
    count: u32,
}

/// Bytes.
#[derive(Clone, Copy, Serialize)]
struct Memory {
    /// The page's JavaScript heap.
    heap: u64,
    /// The page's buffers, including the memory of its WebAssembly.
    buffers: u64,
    /// Private resident memory of the renderer process, which runs the page and the keyring. None outside of Linux.
    process: Option<u64>,
}

/// Measures vaults of every size.
pub(crate) fn measure() -> ListFigures {
    let vaults = SIZES.map(|entries| {
        println!("measuring a vault of {entries} entries …");
        measure_vault(entries)
    });
    ListFigures { vaults: vaults.into() }
}

fn measure_vault(entries: usize) -> VaultFigures {
    let server = Server::start();
    let profile = tempfile::tempdir().unwrap();
    with_profile(profile.path(), async |page| {
        let mut client = VaultClient::create_first_vault(&server, "ada").await;
        let ids = client.save((0..entries).map(content).collect()).await;
        let (mut unlock, mut unlock_gap) = (Vec::new(), Vec::new());
        let mut before = None;
        for _ in 0..UNLOCKS {
            open_page(&page, &server.url()).await;
            before = before.or(Some(memory(&page, profile.path()).await));
            let (time, gap) = unlock_vault(&page).await;
            unlock.push(time);
            unlock_gap.push(gap);
        }
        let keys = Runs::new(type_queries(&page).await);
        let (scroll, jump) = scroll(&page).await;
        let drawn = serde_json::from_value(page.js("return list.drawn()", vec![]).await).unwrap();
        let memory = (before.unwrap(), memory(&page, profile.path()).await);

        let recorder = Recorder::start(server.port, BTreeSet::new());
        open_page(&page, &recorder.url()).await;
        unlock_vault(&page).await;
        let lists =
            || recorder.requests().into_iter().filter(|it| it.path.starts_with("/api/v1/changes?")).collect::<Vec<_>>();
        let first: Vec<usize> = lists().iter().map(|fetched| fetched.body).collect();
        let changed = content(entries);
        let name = changed.name.clone();
        client.change(ids[entries / 2], changed).await;
        let heard =
            page.driver.execute_async("list.hear(arguments[0]).then(arguments[1])", vec![json!(name)]).await.unwrap();
        let later: Vec<usize> = lists().iter().skip(first.len()).map(|fetched| fetched.body).collect();
        let sum = |bodies: Vec<usize>| (bodies.len(), bodies.iter().sum());
        VaultFigures {
            entries,
            unlock: Runs::new(unlock),
            unlock_gap: Runs::new(unlock_gap),
            keys,
            scroll,
            jump,
            drawn,
            memory,
            first: sum(first),
            later: sum(later),
            heard: heard.as_f64().unwrap(),
        }
    })
}

/// Opens the page and fills in the form "Unlock".
async fn open_page(page: &Page, url: &str) {
    page.open(url).await;
    page.js(include_str!("list.js"), vec![]).await;
    page.fill("Username", "ada").await;
    page.fill("Passphrase", PASSPHRASE).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    page.cdp("HeapProfiler.collectGarbage", json!({})).await;
}

/// Unlocks the vault; returns how long it took, and the longest time between two frames.
async fn unlock_vault(page: &Page) -> (f64, f64) {
    let button = serde_json::to_value(page.button("Unlock").await).unwrap();
    let script = "list.unlock(arguments[0]).then(arguments[1])";
    let opened = page.driver.execute_async(script, vec![button]).await.unwrap();
    (opened["time"].as_f64().unwrap(), opened["longest"].as_f64().unwrap())
}

/// Types the queries into the search; returns the time for each key.
async fn type_queries(page: &Page) -> Vec<f64> {
    page.js("list.listen()", vec![]).await;
    page.field("Search").await.click().await.unwrap();
    for query in QUERIES {
        let back = std::iter::repeat_n(char::from(fantoccini::key::Key::Backspace), query.len());
        for key in query.chars().chain(back) {
            page.press_keys(&[key]).await;
        }
    }
    let keys: Vec<f64> = serde_json::from_value(page.js("return list.heard()", vec![]).await).unwrap();
    assert_eq!(keys.len(), QUERIES.iter().map(|query| 2 * query.len()).sum::<usize>(), "a key was not heard");
    keys
}

/// Scrolls by wheel events as fast as the browser takes them, then jumps with the scroll bar.
async fn scroll(page: &Page) -> (Frames, f64) {
    page.js("document.querySelector('.row').scrollIntoView({ block: 'center' })", vec![]).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    page.js("list.record()", vec![]).await;
    for _ in 0..WHEEL_EVENTS {
        let wheel = json!({ "type": "mouseWheel", "x": 900, "y": 600, "deltaX": 0, "deltaY": 350 });
        page.cdp("Input.dispatchMouseEvent", wheel).await;
    }
    let frames = serde_json::from_value(page.js("return list.recorded()", vec![]).await).unwrap();
    let jump = page.driver.execute_async("list.jump(30).then(arguments[0])", vec![]).await.unwrap();
    (frames, jump.as_f64().unwrap())
}

async fn memory(page: &Page, profile: &Path) -> Memory {
    page.cdp("HeapProfiler.collectGarbage", json!({})).await;
    let usage: Value = page.cdp("Runtime.getHeapUsage", json!({})).await;
    let bytes = |name: &str| usage[name].as_f64().unwrap_or_default() as u64;
    Memory { heap: bytes("usedSize"), buffers: bytes("backingStorageSize"), process: renderer_memory(profile) }
}

/// Private resident memory of the renderer processes of a profile, from `/proc`.
fn renderer_memory(profile: &Path) -> Option<u64> {
    let profile = profile.to_str()?.to_owned();
    let read = |process: u32, file: &str| std::fs::read_to_string(format!("/proc/{process}/{file}")).ok();
    let status = |process: u32, name: &str| -> Option<u64> {
        read(process, "status")?
            .lines()
            .find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
    };
    let is_of_profile = |mut process: u32| {
        while process > 1 {
            if read(process, "cmdline").is_some_and(|line| line.contains(&profile)) {
                return true;
            }
            process = status(process, "PPid:").unwrap_or_default() as u32;
        }
        false
    };
    let processes = std::fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_renderer = |process: &u32| {
        read(*process, "cmdline").is_some_and(|line| line.contains("--type=renderer")) && is_of_profile(*process)
    };
    let kilobytes: u64 = processes.filter(is_renderer).filter_map(|process: u32| status(process, "RssAnon:")).sum();
    (kilobytes > 0).then_some(kilobytes * 1024)
}

impl fmt::Display for ListFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for vault in &self.vaults {
            write!(f, "{vault}")?;
        }
        Ok(())
    }
}

impl fmt::Display for VaultFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} entries", self.entries)?;
        let within = if self.entries > 1000 { 2000.0 } else { 1000.0 };
        at_most(f, "ms from Unlock to the list", self.unlock.median(), within)?;
        let (lowest, highest) = self.unlock.range();
        writeln!(f, "{:10}  of {UNLOCKS}: {lowest:.0} to {highest:.0}", "")?;
        at_most(f, "ms longest frame gap meanwhile", self.unlock_gap.median(), 50.0)?;
        let (lowest, highest) = self.unlock_gap.range();
        writeln!(f, "{:10}  of {UNLOCKS}: {lowest:.0} to {highest:.0}", "")?;
        writeln!(f, "{:10.2}  ms a key in the search, median", self.keys.median())?;
        at_most(f, "ms a key in the search, longest", self.keys.range().1, 50.0)?;
        at_most(f, "ms longest frame gap, turning the wheel", self.scroll.longest, 50.0)?;
        writeln!(f, "{:10}  of {} frames had no row in the middle", self.scroll.empty, self.scroll.count)?;
        writeln!(f, "{:10.2}  ms longest from a jump to its frame", self.jump)?;
        writeln!(f, "{:10}  rows drawn, {} elements", self.drawn.0, self.drawn.1)?;
        let mega = |bytes: u64| bytes as f64 / 1e6;
        let (before, after) = &self.memory;
        for (name, of) in [
            ("JavaScript heap of the page", (|memory| Some(memory.heap)) as fn(&Memory) -> Option<u64>),
            ("buffers of the page", |memory| Some(memory.buffers)),
            ("the process, with the keyring", |memory| memory.process),
        ] {
            if let (Some(before), Some(after)) = (of(before), of(after)) {
                writeln!(f, "{:10.2}  MB {name}; {:.2} before", mega(after), mega(before))?;
            }
        }
        writeln!(f, "{:10}  bytes of the first sync, in {} answers", self.first.1, self.first.0)?;
        writeln!(f, "{:10}  bytes after one change elsewhere, in {} answers", self.later.1, self.later.0)?;
        writeln!(f, "{:10.2}  ms until that change is in the list\n", self.heard)
    }
}
