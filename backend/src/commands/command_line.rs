//! The command line and its twin, the environment: every setting, with its unit and default.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use shared::limits::ENTRIES_MAX;

use crate::backup::{Backup, Clock, Restore, verify_and_tell};
use crate::commands::generate::Generate;
use crate::commands::http_client::Trust;
use crate::commands::rotate_key::RotateKey;
use crate::commands::status::Status;
use crate::commands::verify_url;
use crate::logging::Logging;
use crate::server::client_address::TrustedProxy;
use crate::server::listener::{Listen, Secure, files_for, room};
use crate::server::metrics_endpoint::MetricsListener;
use crate::server::rate_limits::Limits;
use crate::store::oracle::LEVELS;
use crate::store::{Lifetime, Millis};

/// Where `passmint serve` listens unless it is told otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

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
    Serve(Box<Serve>),
    /// Print a link with which one more person can make a vault.
    Invite(Invite),
    /// Test the way to an Oracle database step by step, and say what to do where it ends.
    Check(Check),
    /// Mint passwords, passphrases or PINs here, as the page does.
    Generate(Generate),
    /// Take everything from one database over into another, and prove that both hold the same.
    Move(Move),
    /// Make a backup of database and server key, while the server goes on.
    Backup(Backup),
    /// Put a backup back into an empty data folder.
    Restore(Restore),
    /// Prove that an archive or a data folder is whole, or that a server serves the page of this Passmint.
    Verify(Verify),
    /// Ask a running server how it is.
    Status(Status),
    /// Change the half of the server key that can be changed, when somebody else may know it.
    RotateKey(RotateKey),
}

impl Cli {
    /// Reads the command line and the environment. Ends the process with an explanation if they make no sense.
    #[must_use]
    pub fn read() -> Self {
        let matches = Self::command().get_matches();
        let mut cli = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let data = match &mut cli.command {
            Command::Generate(_)
            | Command::Restore(_)
            | Command::Verify(_)
            | Command::Status(_)
            | Command::RotateKey(_) => return cli,
            Command::Backup(backup) => &mut backup.data,
            Command::Serve(serve) => &mut serve.data,
            Command::Invite(invite) => &mut invite.data,
            Command::Check(check) => &mut check.data,
            Command::Move(settings) => &mut settings.data,
        };
        if let Some((_, matches)) = matches.subcommand() {
            let from_environment = |id: &&str| matches.value_source(id) == Some(ValueSource::EnvVariable);
            let ids = matches.ids().map(clap::Id::as_str);
            data.oracle.from_environment = ids.filter(from_environment).map(str::to_owned).collect();
        }
        cli
    }
}

/// Settings of `passmint move`.
#[derive(Args, Debug)]
#[command(
    after_help = "Stop the server first. A move that was interrupted goes on where it was when it is started again. \
The server key stays where it is: the server needs the same one with the new database."
)]
pub struct Move {
    /// Where the data is now: sqlite:FILE, or oracle.
    #[arg(long, value_name = "DATABASE")]
    pub from: Place,
    /// Where it is to be: sqlite:FILE, or oracle.
    #[arg(long, value_name = "DATABASE")]
    pub to: Place,
    /// Where an Oracle database is.
    #[command(flatten)]
    pub data: Data,
}

/// A database to move out of or into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// The Oracle database of the settings.
    Oracle,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("sqlite", file)) if !file.is_empty() => Ok(Self::Sqlite(file.into())),
            None if text == "oracle" => Ok(Self::Oracle),
            _ => Err("it is neither sqlite:FILE nor oracle".into()),
        }
    }
}

/// Settings of `passmint check`.
#[derive(Args, Debug)]
pub struct Check {
    /// Where the data is.
    #[command(flatten)]
    pub data: Data,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Where the data is.
#[derive(Args, Debug, Clone)]
pub struct Data {
    /// Folder for the server key and the SQLite file; made if it is missing.
    #[arg(long, env = "PASSMINT_DATA", default_value = "./data", value_name = "FOLDER")]
    pub data: PathBuf,
    /// Address under which people reach the page, for the links that are printed [default: the address that is listened
    /// on; for `invite`, the one that the server was last started with].
    #[arg(long, env = "PASSMINT_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// The database that holds sealed entries.
    #[arg(long, env = "PASSMINT_DATABASE", default_value = "sqlite", value_name = "KIND")]
    pub database: DatabaseKind,
    /// Seconds a database call may take, waiting for its turn included.
    #[arg(long, env = "PASSMINT_DATABASE_SECONDS", default_value_t = 10, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=600))]
    pub database_seconds: u64,
    /// Where an Oracle database is.
    #[command(flatten)]
    pub oracle: Oracle,
}

/// The kinds of database.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// One file in the data folder.
    Sqlite,
    /// An Oracle database, such as Autonomous Database (docs/ORACLE.md).
    Oracle,
}

/// Where an Oracle database is, and how to log in there. The password is none of the flags: it is read from
/// PASSMINT_ORACLE_PASSWORD, or from a file, or asked for at the terminal.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "With --database oracle")]
pub struct Oracle {
    /// Connect string: as the console shows it, or [tcps://]host[:port]/service, or an alias of tnsnames.ora.
    #[arg(long, env = "PASSMINT_ORACLE_CONNECT", value_name = "STRING", hide_env_values = true)]
    pub oracle_connect: Option<String>,
    /// Database user.
    #[arg(long, env = "PASSMINT_ORACLE_USER", value_name = "USER")]
    pub oracle_user: Option<String>,
    /// File whose first line is the database password; else PASSMINT_ORACLE_PASSWORD is taken, or the terminal asks.
    #[arg(long, env = "PASSMINT_ORACLE_PASSWORD_FILE", value_name = "FILE")]
    pub oracle_password_file: Option<PathBuf>,
    /// Folder of tnsnames.ora, sqlnet.ora and the unzipped wallet.
    #[arg(long, env = "PASSMINT_ORACLE_CONFIG", value_name = "FOLDER")]
    pub oracle_config: Option<PathBuf>,
    /// Folder of Oracle Instant Client, if the system does not find it by itself.
    #[arg(long, env = "PASSMINT_ORACLE_CLIENT", value_name = "FOLDER")]
    pub oracle_client: Option<PathBuf>,
    /// Service level to use in place of the one in the connect string; tp is for this kind of work.
    #[arg(long, env = "PASSMINT_ORACLE_SERVICE", value_name = "LEVEL", value_parser = PossibleValuesParser::new(LEVELS))]
    pub oracle_service: Option<String>,
    /// Most connections to the database (an Always Free one has 30 for all its users).
    #[arg(long, env = "PASSMINT_ORACLE_POOL", default_value_t = 5, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..=100))]
    pub oracle_pool: u32,
    /// Hours after which the database is asked for a sign of life, so that an Always Free one is not stopped for being
    /// idle; 0 for never.
    #[arg(long, env = "PASSMINT_ORACLE_WAKE_HOURS", default_value_t = 24, value_name = "HOURS",
          value_parser = clap::value_parser!(u64).range(0..=144))]
    pub oracle_wake_hours: u64,
    /// Which of these came from the environment.
    #[arg(skip)]
    from_environment: Vec<String>,
}

impl Oracle {
    /// A setting as the person who set it knows it: the flag, or the variable if it came from there.
    #[must_use]
    pub fn name_of(&self, flag: &str) -> String {
        let id = flag.replace('-', "_");
        if self.from_environment.contains(&id) {
            format!("PASSMINT_{}", id.to_uppercase())
        } else {
            format!("--{flag}")
        }
    }
}

/// Settings of `passmint serve`. The server key is read from PASSMINT_SERVER_KEY if that is set.
#[derive(Args, Debug, Clone)]
#[command(after_help = "The server key is kept in the data folder as `server-key`, or given in the environment as \
PASSMINT_SERVER_KEY. Whoever loses it locks everyone out: keep a copy apart from the database's.")]
pub struct Serve {
    /// Where the data is.
    #[command(flatten)]
    pub data: Data,
    /// Where to listen: ADDRESS:PORT, or unix:PATH for a proxy on this machine.
    #[arg(long, env = "PASSMINT_LISTEN", default_value = DEFAULT_LISTEN, value_name = "ADDRESS")]
    pub listen: Listen,
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
    /// Connections held at once; further ones are answered 503. It is less if the system lets the process open fewer
    /// files.
    #[arg(long, env = "PASSMINT_MAX_CONNECTIONS", default_value_t = 10_240, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,
    /// Connections of one address (of IPv6, one /64) at once, trusted proxies aside; 0 for any number.
    #[arg(long, env = "PASSMINT_CONNECTIONS_PER_ADDRESS", default_value_t = 512, value_name = "NUMBER")]
    pub connections_per_address: u32,
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
    /// Proxies whose word for a client's address and for HTTPS is taken (X-Forwarded-For, X-Forwarded-Proto): addresses
    /// or networks such as 10.0.0.0/8, and unix for whoever connects to a Unix socket; with commas between them. No
    /// network that people are in.
    #[arg(long, env = "PASSMINT_TRUSTED_PROXIES", value_delimiter = ',', value_name = "NETWORKS")]
    pub trusted_proxies: Vec<TrustedProxy>,
    /// How often secrets may be tried.
    #[command(flatten)]
    pub limits: Limits,
    /// How the way to the server is protected.
    #[command(flatten)]
    pub secure: Secure,
    /// Backups and checks by the clock.
    #[command(flatten)]
    pub clock: Clock,
    /// The log.
    #[command(flatten)]
    pub logging: Logging,
    /// Where the metrics are served.
    #[command(flatten)]
    pub metrics: MetricsListener,
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

/// Settings of `passmint verify`.
#[derive(Args, Debug)]
pub struct Verify {
    /// An archive, a data folder, or the URL of a server.
    #[arg(value_name = "WHAT")]
    pub what: String,
    /// File whose first line is the archive's passphrase.
    #[arg(long, env = "PASSMINT_BACKUP_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Whom to trust.
    #[command(flatten)]
    pub trust: Trust,
}

impl Verify {
    /// Verifies, and prints what is there.
    ///
    /// # Errors
    /// If it cannot be read, is not whole, or serves another page.
    pub fn run(&self) -> anyhow::Result<()> {
        if ["http://", "https://"].iter().any(|scheme| self.what.starts_with(scheme)) {
            return verify_url::verify_and_tell(&self.what, &self.trust);
        }
        verify_and_tell(Path::new(&self.what), self.passphrase_file.as_deref())
    }
}

impl Serve {
    /// How long sessions last.
    #[must_use]
    pub fn lifetime(&self) -> Lifetime {
        let minute: Millis = 60_000;
        Lifetime { idle: self.session_idle * minute, max: self.session_max * minute }
    }

    /// Bounds on connections. Raises the process's limit of open files, as far as they need it and the system lets it.
    #[must_use]
    pub fn connections(&self) -> crate::server::listener::Bounds {
        let wanted = self.max_connections as usize;
        let connections = room(wanted, files_for(wanted));
        if connections < wanted {
            tracing::warn!(
                connections,
                wanted,
                "fewer connections than wanted: the system's limit of open files is in the way (ulimit -n, LimitNOFILE)"
            );
        }
        crate::server::listener::Bounds {
            connections,
            per_client: self.connections_per_address as usize,
            head: Duration::from_secs(10),
            send: Duration::from_secs(20),
            grace: Duration::from_secs(10),
        }
    }

    /// Bounds on requests.
    #[must_use]
    pub fn requests(&self) -> crate::server::app::Bounds {
        crate::server::app::Bounds {
            requests: self.max_requests as usize,
            time: Duration::from_secs(self.request_seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
