//! Memory, open files and processor time of this process, on Linux. Other systems report nothing.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Ticks a second of the times in /proc: a constant of the kernel's interface on every machine that Passmint runs on.
const TICKS: f64 = 100.0;

/// Reads /proc for each scrape. The names are those that Prometheus' own clients use.
#[derive(Debug)]
pub(super) struct Process {
    /// Seconds since 1970.
    started: f64,
}

impl Process {
    pub(super) fn new() -> Self {
        Self { started: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() }
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let mut gauge = |name: &str, help: &str, value: Option<f64>| {
            let Some(value) = value else { return Ok(()) };
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, EncodeMetric::metric_type(&gauge))?)
        };
        gauge("process_start_time_seconds", "When the process started, in seconds since 1970", Some(self.started))?;
        gauge("process_resident_memory_bytes", "Memory in use", resident())?;
        gauge("process_open_fds", "Open files and connections", open_files())?;
        gauge("process_max_fds", "Most files and connections that may be open", open_files_max())?;
        let Some(seconds) = processor_time() else { return Ok(()) };
        let counter = ConstCounter::new(seconds);
        let kind = EncodeMetric::metric_type(&counter);
        counter.encode(encoder.encode_descriptor("process_cpu_seconds", "Processor time used", None, kind)?)
    }
}

/// Bytes.
fn resident() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024.0)
}

fn open_files() -> Option<f64> {
    // Minus one: reading the folder opens it.
    Some(fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1) as f64)
}

fn open_files_max() -> Option<f64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Seconds, in the kernel too.
fn processor_time() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in brackets, and may hold blanks.
    let fields = stat.rsplit_once(')')?.1;
    let ticks: f64 = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    Some(ticks / TICKS)
}
