//! The command line and its twin, the environment: every setting, with its unit and default.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use shared::limits::ENTRIES_MAX;

use crate::store::{Lifetime, Millis};

/// Mints strong passwords in the browser and keeps them, sealed end to end, in a database of your own.
#[derive(Parser, Debug)]
#[command(name = "passmint", version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Serve the page and its interface.
    Serve(Serve),
    /// Print a link with which one more person can make a vault.
    Invite(Invite),
}

/// Where the data is.
#[derive(Args, Debug, Clone)]
pub struct Data {
    /// Folder for the database and the server key; made if it is missing.
    #[arg(long, env = "PASSMINT_DATA", default_value = "./data", value_name = "FOLDER")]
    pub data: PathBuf,
    /// Address under which people reach the page, for the links that are printed [default: http:// and the address
    /// that is listened on].
    #[arg(long, env = "PASSMINT_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
}

/// Settings of `passmint serve`. The server key is read from PASSMINT_SERVER_KEY if that is set.
#[derive(Args, Debug, Clone)]
#[command(after_help = "The server key is kept in the data folder as `server-key`, or given in the environment as \
PASSMINT_SERVER_KEY. Whoever loses it locks everyone out: keep a copy apart from the database's.")]
pub struct Serve {
    /// Where the data is.
    #[command(flatten)]
    pub data: Data,
    /// Address and port to listen on.
    #[arg(long, env = "PASSMINT_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Minutes after which a session without a request ends.
    #[arg(long, env = "PASSMINT_SESSION_IDLE", default_value_t = 30, value_name = "MINUTES",
          value_parser = clap::value_parser!(u64).range(1..=43_200))]
    pub session_idle: u64,
    /// Minutes after which a session ends in any case.
    #[arg(long, env = "PASSMINT_SESSION_MAX", default_value_t = 720, value_name = "MINUTES",
          value_parser = clap::value_parser!(u64).range(1..=43_200))]
    pub session_max: u64,
    /// Entries that one account may hold.
    #[arg(long, env = "PASSMINT_MAX_ENTRIES", default_value_t = ENTRIES_MAX, value_name = "NUMBER",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub max_entries: u64,
    /// Connections held at once; further ones wait.
    #[arg(long, env = "PASSMINT_MAX_CONNECTIONS", default_value_t = 10_240, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,
    /// Requests served at once; further ones are answered 503.
    #[arg(long, env = "PASSMINT_MAX_REQUESTS", default_value_t = 512, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_requests: u32,
    /// Seconds a request may take, its arrival included.
    #[arg(long, env = "PASSMINT_REQUEST_SECONDS", default_value_t = 30, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=600))]
    pub request_seconds: u64,
    /// Database calls at once.
    #[arg(long, env = "PASSMINT_DATABASE_CALLS", default_value_t = 32, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..=512))]
    pub database_calls: u32,
    /// Seconds a database call may take, waiting for its turn included.
    #[arg(long, env = "PASSMINT_DATABASE_SECONDS", default_value_t = 10, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=600))]
    pub database_seconds: u64,
    /// Form of the log.
    #[arg(long, env = "PASSMINT_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// What is logged: error, warn, info, debug or trace, also for single modules (backend::gate=debug).
    #[arg(long, env = "PASSMINT_LOG", default_value = "info", value_name = "FILTER")]
    pub log: String,
}

/// Settings of `passmint invite`.
#[derive(Args, Debug)]
pub struct Invite {
    /// Where the data is.
    #[command(flatten)]
    pub data: Data,
    /// Days for which the link is good.
    #[arg(long, default_value_t = 7, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(1..=365))]
    pub days: u64,
}

/// Forms of the log.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

impl Serve {
    /// How long sessions last.
    #[must_use]
    pub fn lifetime(&self) -> Lifetime {
        let minute: Millis = 60_000;
        Lifetime { idle: self.session_idle * minute, max: self.session_max * minute }
    }

    /// Bounds on connections.
    #[must_use]
    pub fn connections(&self) -> crate::listener::Bounds {
        crate::listener::Bounds {
            connections: self.max_connections as usize,
            head: Duration::from_secs(10),
            grace: Duration::from_secs(10),
        }
    }

    /// Bounds on requests.
    #[must_use]
    pub fn requests(&self) -> crate::app::Bounds {
        crate::app::Bounds { requests: self.max_requests as usize, time: Duration::from_secs(self.request_seconds) }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
