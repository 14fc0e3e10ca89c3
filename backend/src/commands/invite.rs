//! `passmint invite`: prints a link with which one more person can create a vault.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use super::listing::short;
use super::serve::DEFAULT_LISTEN;
use crate::database::{self, DataArgs};
use crate::now;
use crate::server::{invites, page_url};
use crate::store::Millis;

const DAY: Millis = 24 * 3_600_000;

/// Settings of `passmint invite`.
#[derive(Args, Debug)]
pub struct InviteArgs {
    /// Days for which the link is valid.
    #[arg(long, default_value_t = 7, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(1..=365))]
    pub days: u64,
    /// Data folder and database.
    #[command(flatten)]
    pub data: DataArgs,
}

/// # Errors
/// If the database cannot be opened or written.
pub fn run(args: &InviteArgs) -> Result<ExitCode> {
    let store = database::open(&args.data)?;
    let code = invites::create(store.as_ref(), args.days * DAY, false, now()).context("cannot make an invite")?;
    let page_url = args.data.public_url.clone().unwrap_or_else(|| recorded_page_url(&args.data.folder));
    writeln!(io::stdout(), "{}", invites::link(&page_url, &code))?;
    let mut advice = io::stderr();
    writeln!(advice, "Valid for {} days, once. Anyone who has the link can create a vault here.", args.days)?;
    if let Some(hash) = invites::hash(&code) {
        writeln!(advice, "To take it back: passmint invites revoke {}", short(&hash))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The address of the server's last start with this data folder; otherwise the default address, with a warning that it
/// is a guess.
fn recorded_page_url(folder: &Path) -> String {
    let why = match page_url::recorded(folder) {
        Ok(Some(page_url)) => return page_url,
        Ok(None) => "this data folder was never served".to_owned(),
        Err(error) => format!("the page's address cannot be read: {error:#}"),
    };
    let guess = format!("http://{DEFAULT_LISTEN}");
    // If the warning cannot be written, the link is still valid.
    let _ = writeln!(
        io::stderr(),
        "passmint: {why}. The link's address, {guess}, is a guess: --public-url gives the right one."
    );
    guess
}
