//! The machine, the browser and the commit that the figures belong to.

use std::fmt;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::json;

use crate::with_browser;

#[derive(Serialize)]
pub(crate) struct Machine {
    /// Seconds since 1970.
    pub(crate) measured: u64,
    pub(crate) commit: String,
    /// The working tree differed from that commit.
    pub(crate) changed: bool,
    pub(crate) cores: usize,
    pub(crate) processor: String,
    /// The load average over the minute before. If it is high, the machine was busy with something else.
    pub(crate) load: Option<f64>,
    pub(crate) browser: String,
}

impl Machine {
    pub(crate) fn here() -> Self {
        let browser = with_browser(async |page| page.cdp("Browser.getVersion", json!({})).await);
        let processor = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|info| {
            let (_, model) = info.lines().find(|line| line.starts_with("model name"))?.split_once(": ")?;
            Some(model.to_owned())
        });
        let load = std::fs::read_to_string("/proc/loadavg").ok();
        Self {
            measured: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            commit: git(&["rev-parse", "--short=12", "HEAD"]),
            changed: !git(&["status", "--porcelain"]).is_empty(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            processor: processor.unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
            load: load.and_then(|load| load.split(' ').next()?.parse().ok()),
            browser: browser["product"].as_str().unwrap_or("unknown").to_owned(),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changed = if self.changed { " and changes" } else { "" };
        writeln!(f, "commit {}{changed}; {}", self.commit, self.browser)?;
        let load = self.load.map_or_else(String::new, |load| format!(", load {load} before"));
        writeln!(f, "{} cores, {}{load}\n", self.cores, self.processor)
    }
}

/// The output of git; empty outside of a clone.
fn git(arguments: &[&str]) -> String {
    let answer = Command::new("git").args(arguments).output();
    answer.map(|answer| String::from_utf8_lossy(&answer.stdout).trim().to_owned()).unwrap_or_default()
}
