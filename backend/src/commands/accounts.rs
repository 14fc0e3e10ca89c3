//! `passmint accounts`: lists accounts, and deletes one.

use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Subcommand};
use serde_json::json;
use shared::accounts::Username;

use super::listing::{ListArgs, printable, time};
use crate::database::{self, DataArgs};
use crate::store::{AccountSummary, StoreError};

/// The commands of `passmint accounts`.
#[derive(Subcommand, Debug)]
pub enum AccountsCommand {
    /// List the accounts. Names, numbers and times are all that the server knows of them.
    List(ListAccountsArgs),
    /// Delete an account with its entries, passkeys and sessions. Only a backup has them then.
    Delete(DeleteAccountArgs),
}

/// Settings of `passmint accounts list`.
#[derive(Args, Debug)]
pub struct ListAccountsArgs {
    /// The list.
    #[command(flatten)]
    pub list: ListArgs,
    /// Data folder and database.
    #[command(flatten)]
    pub data: DataArgs,
}

/// Settings of `passmint accounts delete`.
#[derive(Args, Debug)]
pub struct DeleteAccountArgs {
    /// The account: its username, or its id in the list.
    #[arg(value_name = "USERNAME")]
    pub account: String,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
    /// Data folder and database.
    #[command(flatten)]
    pub data: DataArgs,
}

/// # Errors
/// If the database cannot be opened, read or written, there is no such account, or its deletion is not confirmed.
pub fn run(command: &AccountsCommand) -> Result<ExitCode> {
    match command {
        AccountsCommand::List(args) => list(args),
        AccountsCommand::Delete(args) => delete(args),
    }
}

/// The account of a username or an id.
///
/// # Errors
/// If there is none.
pub(super) fn find(accounts: Vec<AccountSummary>, text: &str) -> Result<AccountSummary> {
    // A username may look like an id, and then means the account of that name.
    let username = Username::new(text).ok();
    let by_name = accounts.iter().position(|account| Some(&account.username) == username.as_ref());
    let by_id = || accounts.iter().position(|account| account.id.to_string() == text.to_lowercase());
    let index = by_name.or_else(by_id).with_context(|| format!("there is no account {:?}", printable(text)))?;
    accounts.into_iter().nth(index).context("the list ends")
}

fn list(args: &ListAccountsArgs) -> Result<ExitCode> {
    let store = database::open(&args.data)?;
    let accounts = store.accounts().context("cannot read the accounts")?;
    let row = |account: &AccountSummary| {
        [
            printable(account.username.as_str()),
            account.entries.to_string(),
            account.passkeys.to_string(),
            time(account.created_at),
            account.changed_at.map_or("never".to_owned(), time),
            account.id.to_string(),
        ]
    };
    let json = |account: &AccountSummary| {
        json!({
            "id": account.id.to_string(),
            "username": account.username.as_str(),
            "entries": account.entries,
            "passkeys": account.passkeys,
            "created_at": account.created_at,
            "changed_at": account.changed_at,
        })
    };
    let rows: Vec<_> = accounts.iter().map(row).collect();
    let heading = ["USERNAME", "ENTRIES", "PASSKEYS", "CREATED", "LAST CHANGE", "ID"];
    args.list.print("accounts", heading, &rows, accounts.iter().map(json).collect())?;
    Ok(ExitCode::SUCCESS)
}

fn delete(args: &DeleteAccountArgs) -> Result<ExitCode> {
    let store = database::open(&args.data)?;
    let account = find(store.accounts().context("cannot read the accounts")?, &args.account)?;
    let name = printable(account.username.as_str());
    if !args.yes {
        confirm(&account, &name)?;
    }
    store.delete_account(account.id, None).context("cannot delete the account")?;
    // The account must be gone: nothing else shows that the right row was meant.
    match store.username(account.id) {
        Err(StoreError::NotFound) => {}
        Ok(_) => bail!("the account {name:?} is still there"),
        Err(error) => return Err(error).context("cannot see whether the account is deleted"),
    }
    writeln!(io::stdout(), "The account {name:?} is deleted, with its {} entries.", account.entries)?;
    Ok(ExitCode::SUCCESS)
}

/// Asks for the username at the terminal.
fn confirm(account: &AccountSummary, name: &str) -> Result<()> {
    let input = io::stdin();
    ensure!(input.is_terminal(), "this deletes the account {name:?} for good: --yes confirms it without a terminal");
    confirm_with(account, name, &mut input.lock(), &mut io::stderr())
}

fn confirm_with(account: &AccountSummary, name: &str, input: &mut dyn BufRead, ask: &mut dyn Write) -> Result<()> {
    let (entries, passkeys) = (account.entries, account.passkeys);
    writeln!(ask, "The account {name:?} has {entries} entries and {passkeys} passkeys. Nobody can bring them back.")?;
    write!(ask, "Type the username to delete it: ")?;
    ask.flush()?;
    let mut typed = String::new();
    input.read_line(&mut typed)?;
    let is_same = Username::new(&typed).is_ok_and(|typed| typed == account.username);
    ensure!(is_same, "nothing is deleted: that is not the username");
    Ok(())
}

#[cfg(test)]
mod tests {
    use shared::accounts::NewCredential;
    use shared::bytes::Base64Url;
    use shared::ids::AccountId;

    use super::*;
    use crate::store::sqlite::SqliteStore;
    use crate::store::{Accounts, Invite, NewAccount, Operator};

    #[test]
    fn deletion_needs_the_username() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("a.db"), 1).unwrap();
        for (tag, name) in [(1, "ada"), (2, "01010101-0101-4101-8101-010101010101")] {
            let secret =
                NewCredential { suite: 1, record: Base64Url(vec![tag; 192]), wrapped_key: Base64Url(vec![tag; 73]) };
            let (id, username) = (AccountId::from_random([tag; 16]), Username::new(name).unwrap());
            let account = NewAccount { id, username, passphrase: secret.clone(), recovery: secret, head: None };
            store.add_invite(&Invite { code_hash: [tag; 32], expires_at: 2, setup: false }).unwrap();
            store.create_account(&account, &[tag; 32], 1).unwrap();
        }
        let accounts = store.accounts().unwrap();
        let ada = find(accounts.clone(), " ADA ").unwrap();
        assert_eq!(ada.username.as_str(), "ada");
        assert_eq!(find(accounts.clone(), &accounts[0].id.to_string().to_uppercase()).unwrap(), accounts[0]);
        assert_eq!(find(accounts.clone(), &ada.id.to_string()).unwrap(), accounts[0], "a name that is another's id");
        assert!(find(accounts, "ad").unwrap_err().to_string().contains("there is no account"));
        for (typed, is_confirmed) in
            [("ada\n", true), (" Ada\r\n", true), ("", false), ("yes\n", false), ("ad\n", false)]
        {
            let mut asked = Vec::new();
            assert_eq!(confirm_with(&ada, "ada", &mut typed.as_bytes(), &mut asked).is_ok(), is_confirmed, "{typed:?}");
            assert!(String::from_utf8(asked).unwrap().contains("0 entries"));
        }
    }
}
