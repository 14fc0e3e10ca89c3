//! A server as an operator starts it, and its time and memory as Linux counts them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use e2e::http_connection::HttpConnection;
use e2e::{free_port, path_from_env};

/// A running `passmint serve` with default settings, except limits that stand in the way of the load.
pub(crate) struct MeasuredServer {
    child: Child,
    pub(crate) port: u16,
    /// From its start to its first answer.
    pub(crate) started: Duration,
    /// The set-up link, if it printed one.
    pub(crate) link: Option<String>,
}

impl MeasuredServer {
    /// Starts it with this data folder.
    pub(crate) fn start(data: &Path, environment: &[(&str, String)]) -> Self {
        let is_new = !data.join("server-key").exists();
        let port = free_port();
        let begun = Instant::now();
        let mut child = Command::new(path_from_env("PASSMINT_BIN"))
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"])
            .arg(data)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let started = loop {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                assert_eq!(HttpConnection::connect(port).send("GET", "/healthz", "", "").0, 200);
                break begun.elapsed();
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "the server does not start");
            std::thread::sleep(Duration::from_micros(200));
        };
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let link_in = |line: String| line.split_whitespace().find(|word| word.contains("#invite=")).map(str::to_owned);
        let link = if is_new { lines.find_map(link_in) } else { None };
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port, started, link }
    }

    /// A new invite link, by `passmint invite` with the server's data folder and settings.
    pub(crate) fn invite(&self, data: &Path, environment: &[(&str, String)]) -> String {
        let output = Command::new(path_from_env("PASSMINT_BIN"))
            .args(["invite", "--public-url", &self.url(), "--data"])
            .arg(data)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_whitespace().find(|word| word.contains("#invite=")).unwrap().to_owned()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Resident memory, in MiB.
    pub(crate) fn memory(&self) -> f64 {
        self.status("VmRSS:") / 1024.0
    }

    /// The highest resident memory so far, in MiB.
    pub(crate) fn peak(&self) -> f64 {
        self.status("VmHWM:") / 1024.0
    }

    fn status(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Processor time so far, which Linux counts in hundredths of a second.
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }
}

impl Drop for MeasuredServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
