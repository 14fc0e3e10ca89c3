//! `passmint move`: copies everything from one database into another, and compares both.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use crate::database::{self, DataArgs, DatabaseKind};
use crate::store::Store;
use crate::store::transfer::{Progress, TransferCounts, transfer};

/// Settings of `passmint move`.
#[derive(Args, Debug)]
#[command(
    after_help = "Stop the server first. An interrupted move continues when it is started again. The server key is not \
moved: use the same one with the new database."
)]
pub struct TransferArgs {
    /// Source database: sqlite:FILE, or oracle.
    #[arg(long, value_name = "DATABASE")]
    pub from: Endpoint,
    /// Target database: sqlite:FILE, or oracle.
    #[arg(long, value_name = "DATABASE")]
    pub to: Endpoint,
    /// Connection to an Oracle database.
    #[command(flatten)]
    pub data: DataArgs,
}

/// Source or target of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// The Oracle database of the settings.
    Oracle,
}

impl Endpoint {
    fn open(&self, data: &DataArgs) -> Result<Arc<dyn Store>> {
        match self {
            Self::Sqlite(file) => database::open_sqlite(file),
            Self::Oracle => database::open_oracle(data),
        }
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, file) = text.split_once(':').map_or((text, None), |(kind, file)| (kind, Some(file)));
        // By the kind, so that the compiler asks for a kind that is added.
        match (DatabaseKind::from_str(kind, false), file) {
            (Ok(DatabaseKind::Sqlite), Some(file)) if !file.is_empty() => Ok(Self::Sqlite(file.into())),
            (Ok(DatabaseKind::Oracle), None) => Ok(Self::Oracle),
            (Ok(DatabaseKind::Sqlite | DatabaseKind::Oracle) | Err(_), _) => {
                Err("it is neither sqlite:FILE nor oracle".into())
            }
        }
    }
}

/// # Errors
/// If a database cannot be opened, or the transfer stops before both hold the same.
pub fn run(args: &TransferArgs) -> Result<ExitCode> {
    ensure!(args.from != args.to, "--from and --to are the same database");
    if let Endpoint::Sqlite(file) = &args.from {
        ensure!(file.is_file(), "{} is not a file: --from must name the SQLite file itself", file.display());
    }
    let (from, to) = (args.from.open(&args.data)?, args.to.open(&args.data)?);
    // The bar draws itself on a terminal only.
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} entries {msg}").context("the bar's template")?;
    let bar = ProgressBar::new(0).with_style(style);
    let counts = transfer(from.as_ref(), to.as_ref(), &mut |progress| match progress {
        Progress::Copying { done, entries } => {
            bar.set_length(entries.max(done.entries));
            bar.set_position(done.entries);
        }
        Progress::Comparing => bar.set_message("copied; comparing both"),
    })?;
    bar.finish_and_clear();
    let TransferCounts { accounts, entries, invites } = counts;
    let mut out = io::stdout();
    writeln!(out, "Moved {accounts} accounts, {entries} entries and {invites} invites; both databases hold the same.")?;
    writeln!(out, "Start the server with the new database and the same server key.")?;
    Ok(ExitCode::SUCCESS)
}
