//! `passmint status`: prints the state of a running server in a few lines.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::Value;

use super::http_client::{HttpClient, TrustArgs, join_url};
use crate::store::{Millis, PasswordExpiry, RefusalCause};

/// Most bytes of an answer.
const BYTES_MAX: u64 = 1024 * 1024;
/// Default metrics address of a server on this machine.
const METRICS: &str = "http://127.0.0.1:9464/metrics";

/// Settings of `passmint status`.
#[derive(Args, Debug)]
#[command(
    after_help = "Exit code: 0 if the server is ready, 1 if it answers but is not ready, 2 if it does not answer."
)]
pub struct StatusArgs {
    /// Address of the server.
    #[arg(long, env = "PASSMINT_STATUS_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    pub url: String,
    /// Address of the server's metrics [default: http://127.0.0.1:9464/metrics, if the server is on this machine].
    #[arg(long, env = "PASSMINT_METRICS_URL", value_name = "URL")]
    pub metrics_url: Option<String>,
    /// Certificate authorities.
    #[command(flatten)]
    pub trust: TrustArgs,
}

/// State of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerStatus {
    /// The server does all of its work.
    Ready,
    /// The server answers, but cannot do all of its work.
    NotReady,
    /// The server does not answer.
    Unreachable,
}

impl ServerStatus {
    /// The exit code of `passmint status`.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Ready => 0,
            Self::NotReady => 1,
            Self::Unreachable => 2,
        }
    }
}

/// # Errors
/// If standard output cannot be written.
pub fn run(args: &StatusArgs) -> Result<ExitCode> {
    Ok(ExitCode::from(args.report(&mut io::stdout())?.exit_code()))
}

impl StatusArgs {
    /// Asks the server and prints a line for each answer.
    ///
    /// # Errors
    /// If `out` cannot be written.
    pub fn report(&self, out: &mut dyn Write) -> io::Result<ServerStatus> {
        let mut line = |name: &str, value: &str| writeln!(out, "{name:<12} {value}");
        let ask = |url: &str| {
            let client = HttpClient::new(concat!("passmint/", env!("CARGO_PKG_VERSION")), url, &self.trust)?;
            client.get(url, "identity", BYTES_MAX)
        };
        match ask(&join_url(&self.url, "healthz")) {
            Ok(reply) if reply.status == 200 => line("server", "answers")?,
            Ok(reply) => line("server", &format!("answers {} to /healthz", reply.status))?,
            Err(error) => {
                line("server", &format!("{error:#}"))?;
                return Ok(ServerStatus::Unreachable);
            }
        }
        let found = match ask(&join_url(&self.url, "readyz")) {
            Ok(reply) => {
                let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
                // The status alone proves nothing: another program might answer 200 to every request.
                let ready = reply.status == 200 && body["status"] == "ok";
                line("ready", if ready { "yes" } else { "no" })?;
                for part in body["parts"].as_array().into_iter().flatten() {
                    let word = |name: &str| part[name].as_str().unwrap_or_default();
                    let mut value = word("state").to_owned();
                    if !word("cause").is_empty() {
                        write!(value, ", {}", word("cause")).map_err(io::Error::other)?;
                    }
                    if word("state") == "refused" {
                        value.push_str(": ");
                        value.push_str(refusal(word("cause")));
                    }
                    line(&format!("  {}", word("part")), &value)?;
                }
                if ready { ServerStatus::Ready } else { ServerStatus::NotReady }
            }
            Err(error) => {
                line("ready", &format!("{error:#}"))?;
                ServerStatus::NotReady
            }
        };
        let host = self.url.split("://").nth(1).unwrap_or_default();
        let is_here = ["127.0.0.1", "localhost", "[::1]"].iter().any(|here| host.starts_with(here));
        let asked = match (&self.metrics_url, is_here) {
            (Some(url), _) => Some(ask(url)),
            (None, true) => ask(METRICS).ok().map(Ok),
            (None, false) => None,
        };
        match asked {
            Some(Ok(reply)) if reply.status == 200 => {
                for (name, value) in summary(&String::from_utf8_lossy(&reply.body), crate::now() as f64 / 1000.0) {
                    line(name, &value)?;
                }
            }
            Some(Ok(reply)) => line("metrics", &format!("answered {}", reply.status))?,
            Some(Err(error)) => line("metrics", &format!("{error:#}"))?,
            None => {}
        }
        Ok(found)
    }
}

/// A refused log-in of the server at its database, in words for the operator.
fn refusal(cause: &str) -> &'static str {
    let known = RefusalCause::ALL.into_iter().find(|known| known.name() == cause);
    // A newer server may know more causes.
    known.map_or("the database does not let the server log in", RefusalCause::describe)
}

/// Picks the lines to print from the metrics. `now` is in seconds since 1970.
fn summary(metrics: &str, now: f64) -> Vec<(&'static str, String)> {
    let sum = |series: &str| {
        let values = metrics.lines().filter_map(|line| {
            let rest = line.strip_prefix(series)?;
            let is_whole = rest.starts_with(['{', ' ']);
            is_whole.then(|| rest.rsplit_once(' ')?.1.parse::<f64>().ok()).flatten()
        });
        values.fold(None, |sum: Option<f64>, value| Some(sum.unwrap_or_default() + value))
    };
    let hours = |since: f64| format!("{:.1} hours", (now - since).max(0.0) / 3600.0);
    let password = |expiry: f64| {
        let when = (expiry * 1000.0) as Millis;
        format!("password {}", PasswordExpiry::At { when, in_grace: false }.describe((now * 1000.0) as Millis))
    };
    let version = metrics.split("passmint_build_info{version=\"").nth(1).and_then(|rest| rest.split('"').next());
    let lines = [
        ("version", version.map(str::to_owned)),
        ("runs for", sum("process_start_time_seconds").map(hours)),
        ("memory", sum("process_resident_memory_bytes").map(|bytes| format!("{:.1} MiB", bytes / 1_048_576.0))),
        ("requests", sum("passmint_http_answers_total").map(|count| format!("{count}"))),
        ("log-ins", sum("passmint_log_ins_total{step=\"opened\"}").map(|count| format!("{count}"))),
        ("throttled", sum("passmint_throttled_total").map(|count| format!("{count}"))),
        ("database", sum("passmint_database_password_expiry_timestamp_seconds").map(password)),
        ("last backup", sum("passmint_backup_made_timestamp_seconds").map(|made| format!("{} ago", hours(made)))),
    ];
    lines.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_tells_the_expiry_of_the_database_password() {
        let metrics = "passmint_database_password_expiry_timestamp_seconds 1827144001.0\n";
        let told =
            |now| summary(metrics, now).iter().map(|(name, value)| format!("{name}: {value}")).collect::<String>();
        assert_eq!(told(1_796_040_000.0), "database: password good until 2027-11-25 (360 days)");
        assert!(told(1_827_000_000.0).contains("(1 day): change it before then"), "{}", told(1_827_000_000.0));
    }

    #[test]
    fn summary_picks_and_sums_metrics() {
        let metrics = "passmint_build_info{version=\"0.1.0\"} 1\nprocess_start_time_seconds 1000.0\n\
                       passmint_http_answers_total{route=\"a\"} 3\npassmint_http_answers_total{route=\"b\"} 4\n\
                       passmint_log_ins_total{step=\"begun\"} 5\npassmint_log_ins_total{step=\"opened\"} 2\n";
        let lines = [("version", "0.1.0"), ("runs for", "2.0 hours"), ("requests", "7"), ("log-ins", "2")];
        assert_eq!(summary(metrics, 8200.0), lines.map(|(name, value)| (name, value.to_owned())));
    }
}
