//! `passmint invites`: lists invites, and revokes those that were not used.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::json;
use shared::accounts::InviteCode;

use super::listing::{ListArgs, digits, find, short, time};
use crate::database::{self, DataArgs};
use crate::now;
use crate::server::invites;
use crate::store::{Millis, StoredInvite};

/// The commands of `passmint invites`.
#[derive(Subcommand, Debug)]
pub enum InvitesCommand {
    /// List the invites that can still be used.
    List(ListInvitesArgs),
    /// Revoke invites that were not used: their links create no vault any more.
    Revoke(RevokeInvitesArgs),
}

/// Settings of `passmint invites list`.
#[derive(Args, Debug)]
pub struct ListInvitesArgs {
    /// List used and expired invites too.
    #[arg(long)]
    pub all: bool,
    /// The list.
    #[command(flatten)]
    pub list: ListArgs,
    /// Data folder and database.
    #[command(flatten)]
    pub data: DataArgs,
}

/// Settings of `passmint invites revoke`.
#[derive(Args, Debug)]
pub struct RevokeInvitesArgs {
    /// The invites: their ids in the list (the first digits are enough), or their links.
    #[arg(value_name = "INVITE", required_unless_present = "all", conflicts_with = "all")]
    pub invites: Vec<String>,
    /// Revoke all invites that were not used.
    #[arg(long)]
    pub all: bool,
    /// Data folder and database.
    #[command(flatten)]
    pub data: DataArgs,
}

/// # Errors
/// If the database cannot be opened, read or written, or an invite is not there or was used.
pub fn run(command: &InvitesCommand) -> Result<ExitCode> {
    match command {
        InvitesCommand::List(args) => list(args),
        InvitesCommand::Revoke(args) => revoke(args),
    }
}

fn list(args: &ListInvitesArgs) -> Result<ExitCode> {
    let store = database::open(&args.data)?;
    let now = now();
    let mut invites = store.invites().context("cannot read the invites")?;
    invites.retain(|invite| args.all || State::of(invite, now) == State::Open);
    invites.sort_by_key(|invite| invite.expires_at);
    let row = |invite: &StoredInvite| {
        let kind = if invite.setup { "first vault" } else { "one vault" };
        [short(&invite.code_hash), kind.to_owned(), State::of(invite, now).describe(invite)]
    };
    let json = |invite: &StoredInvite| {
        json!({
            "id": digits(&invite.code_hash),
            "setup": invite.setup,
            "state": State::of(invite, now).name(),
            "expires_at": invite.expires_at,
            "used_at": invite.used_at,
        })
    };
    let rows: Vec<_> = invites.iter().map(row).collect();
    args.list.print("invites", ["ID", "FOR", "STATE"], &rows, invites.iter().map(json).collect())?;
    Ok(ExitCode::SUCCESS)
}

fn revoke(args: &RevokeInvitesArgs) -> Result<ExitCode> {
    let store = database::open(&args.data)?;
    let invites = store.invites().context("cannot read the invites")?;
    let chosen = if args.all {
        invites.iter().filter(|invite| invite.used_at.is_none()).collect()
    } else {
        // All are found before the first one is revoked.
        args.invites.iter().map(|text| choose(&invites, text)).collect::<Result<Vec<_>>>()?
    };
    let (mut revoked, mut is_used) = (0, false);
    for invite in chosen {
        if store.revoke_invite(&invite.code_hash).context("cannot revoke an invite")? {
            revoked += 1;
        } else {
            writeln!(io::stderr(), "The invite {} was used meanwhile.", short(&invite.code_hash))?;
            is_used = true;
        }
    }
    writeln!(io::stdout(), "{revoked} {} revoked", if revoked == 1 { "invite is" } else { "invites are" })?;
    Ok(if is_used { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The unused invite of an id or a link.
fn choose<'a>(invites: &'a [StoredInvite], text: &str) -> Result<&'a StoredInvite> {
    let found = match text.split_once("#invite=") {
        Some((_, code)) => {
            let hash = invites::hash(&InviteCode(code.to_owned())).context("the link is not that of an invite")?;
            let found = invites.iter().find(|invite| invite.code_hash == hash);
            found.context("there is no invite of this link (any more)")?
        }
        None => find("invite", invites, |invite| &invite.code_hash, text)?,
    };
    if let Some(used_at) = found.used_at {
        bail!(
            "the invite {} was used, {}: see `passmint accounts list` for the account that it made",
            short(&found.code_hash),
            time(used_at)
        );
    }
    Ok(found)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Used,
    Expired,
}

impl State {
    fn of(invite: &StoredInvite, now: Millis) -> Self {
        match invite.used_at {
            Some(_) => Self::Used,
            None if invite.expires_at <= now => Self::Expired,
            None => Self::Open,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Used => "used",
            Self::Expired => "expired",
        }
    }

    fn describe(self, invite: &StoredInvite) -> String {
        match self {
            Self::Open => format!("open until {}", time(invite.expires_at)),
            Self::Used => format!("used {}", time(invite.used_at.unwrap_or_default())),
            Self::Expired => format!("expired {}", time(invite.expires_at)),
        }
    }
}
