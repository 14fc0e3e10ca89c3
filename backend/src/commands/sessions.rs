//! `passmint sessions`: lists sessions, and ends them.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde_json::json;
use shared::ids::SessionId;
use shared::sessions::Device;

use super::accounts;
use super::listing::{ListArgs, digits, find, printable, short, time};
use super::serve::SessionArgs;
use crate::database::{self, DataArgs};
use crate::now;
use crate::store::{AccountSummary, Lifetime, Millis, Store, StoredSession};

/// The commands of `passmint sessions`.
#[derive(Subcommand, Debug)]
pub enum SessionsCommand {
    /// List the sessions that have not ended.
    List(ListSessionsArgs),
    /// End sessions: whoever has them must log in again.
    End(EndSessionsArgs),
}

/// Settings of `passmint sessions list`.
#[derive(Args, Debug)]
pub struct ListSessionsArgs {
    /// List those of one account only: its username, or its id.
    #[arg(value_name = "USERNAME")]
    pub account: Option<String>,
    /// The lifetime of sessions: as the server has it.
    #[command(flatten)]
    pub lifetime: SessionArgs,
    /// The list.
    #[command(flatten)]
    pub list: ListArgs,
    /// Data folder and database.
    #[command(flatten)]
    pub data: DataArgs,
}

/// Settings of `passmint sessions end`.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("which").required(true))]
pub struct EndSessionsArgs {
    /// The sessions: their ids in the list (the first digits are enough).
    #[arg(value_name = "SESSION", group = "which")]
    pub sessions: Vec<String>,
    /// End all sessions of an account: its username, or its id.
    #[arg(long, value_name = "USERNAME", group = "which")]
    pub account: Option<String>,
    /// End all sessions of all accounts.
    #[arg(long, group = "which")]
    pub all: bool,
    /// Data folder and database.
    #[command(flatten)]
    pub data: DataArgs,
}

/// # Errors
/// If the database cannot be opened, read or written, or an account or a session is not there.
pub fn run(command: &SessionsCommand) -> Result<ExitCode> {
    match command {
        SessionsCommand::List(args) => list(args),
        SessionsCommand::End(args) => end(args),
    }
}

/// A session with its account.
struct Row {
    account: AccountSummary,
    session: StoredSession,
}

impl Row {
    fn id(&self) -> &[u8] {
        &self.session.token_hash[..16]
    }
}

/// The sessions of one account or of all, the one used last first.
fn rows(store: &dyn Store, account: Option<&str>, lifetime: &Lifetime, now: Millis) -> Result<Vec<Row>> {
    let mut accounts = store.accounts().context("cannot read the accounts")?;
    if let Some(account) = account {
        accounts = vec![accounts::find(accounts, account)?];
    }
    let accounts: BTreeMap<_, _> = accounts.into_iter().map(|account| (account.id, account)).collect();
    let sessions = store.all_sessions(lifetime, now).context("cannot read the sessions")?;
    let row = |(account, session)| Some(Row { account: accounts.get(&account)?.clone(), session });
    Ok(sessions.into_iter().filter_map(row).collect())
}

fn list(args: &ListSessionsArgs) -> Result<ExitCode> {
    let store = database::open(&args.data)?;
    let sessions = rows(store.as_ref(), args.account.as_deref(), &args.lifetime.lifetime(), now())?;
    let row = |row: &Row| {
        let device = row.session.device.as_ref().map_or("unknown", Device::as_str);
        [
            short(row.id()),
            printable(row.account.username.as_str()),
            printable(device),
            time(row.session.created_at),
            time(row.session.used_at),
        ]
    };
    let json = |row: &Row| {
        json!({
            "id": digits(row.id()),
            "account_id": row.account.id.to_string(),
            "username": row.account.username.as_str(),
            "device": row.session.device.as_ref().map(Device::as_str),
            "created_at": row.session.created_at,
            "used_at": row.session.used_at,
        })
    };
    let shown: Vec<_> = sessions.iter().map(row).collect();
    let heading = ["ID", "USERNAME", "DEVICE", "OPENED", "LAST USED"];
    args.list.print("sessions", heading, &shown, sessions.iter().map(json).collect())?;
    Ok(ExitCode::SUCCESS)
}

fn end(args: &EndSessionsArgs) -> Result<ExitCode> {
    let store = database::open(&args.data)?;
    let now = now();
    let ended = if args.sessions.is_empty() {
        let mut accounts = store.accounts().context("cannot read the accounts")?;
        if let Some(account) = &args.account {
            accounts = vec![accounts::find(accounts, account)?];
        }
        let end = |account: &AccountSummary| store.end_sessions(account.id, now).context("cannot end the sessions");
        accounts.iter().map(end).sum::<Result<u64>>()?
    } else {
        // Every session that is stored, however long the server lets it live.
        let sessions = rows(store.as_ref(), None, &Lifetime { idle: now, max: now }, now)?;
        // All are found before the first one is ended.
        let chosen = args.sessions.iter().map(|text| find("session", &sessions, Row::id, text));
        let chosen = chosen.collect::<Result<Vec<_>>>()?;
        for Row { account, session } in &chosen {
            let id = SessionId::of_hash(&session.token_hash);
            store.end_listed_session(account.id, id, now).context("cannot end a session")?;
        }
        chosen.len() as u64
    };
    writeln!(io::stdout(), "{ended} {} ended", if ended == 1 { "session has" } else { "sessions have" })?;
    Ok(ExitCode::SUCCESS)
}
