//! The log: its form, its filter, and its line for a panic.
//!
//! It goes to standard error, one line for each event, and never contains a name, a path with an id, a query, a header
//! or a body (docs/SECURITY.md).

use std::io::IsTerminal;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

/// Settings of the log.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Log")]
pub struct LoggingArgs {
    /// Format of the log.
    #[arg(long, env = "PASSMINT_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// Level of the log: error, warn, info, debug or trace. A module can have another level:
    /// info,backend::server::gate=debug.
    #[arg(long, env = "PASSMINT_LOG", default_value = "info", value_name = "FILTER")]
    pub log: String,
}

/// Forms of the log.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// Starts the log, once for the process.
///
/// # Errors
/// If the filter is invalid.
pub fn start(settings: &LoggingArgs) -> Result<()> {
    let filter = EnvFilter::try_new(&settings.log).context("--log is no filter such as `info` or `backend=debug`")?;
    let colours = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    match settings.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    // Logs the place only: a panic's message may quote a secret.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        tracing::error!(place, "panicked: this is a defect of Passmint");
    }));
    Ok(())
}
