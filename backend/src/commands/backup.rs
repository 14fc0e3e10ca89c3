//! `passmint backup`: writes an archive of the database and the server key. Results go to standard output, advice to
//! standard error.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::backup::{NewArchive, Passphrase, Source, create};
use crate::database::{self, DataArgs, DatabaseKind, sqlite_file};
use crate::server_key::ServerKey;
use crate::store::UnreadableRows;
use crate::store::sqlite::DatabaseSummary;

/// Settings of `passmint backup`.
#[derive(Args, Debug)]
#[command(
    after_help = "The server may run meanwhile. Without a passphrase the archive is a plain tar: anyone who has it has \
the database and the server key, and can guess at passphrases. PASSMINT_BACKUP_PASSPHRASE or --passphrase-file seals \
it without a terminal."
)]
pub struct BackupArgs {
    /// New file, or a folder in which the file is named by the time.
    #[arg(value_name = "ARCHIVE")]
    pub archive: PathBuf,
    /// Seal the archive with a passphrase: PASSMINT_BACKUP_PASSPHRASE, that of --passphrase-file, or a prompt.
    #[arg(long)]
    pub sealed: bool,
    /// File whose first line is the passphrase that seals the archive.
    #[arg(long, env = "PASSMINT_BACKUP_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Leave the server key out. Keep a copy of it elsewhere: without it no vault opens.
    #[arg(long)]
    pub without_server_key: bool,
    /// Data folder and database.
    #[command(flatten)]
    pub data: DataArgs,
}

/// # Errors
/// Those of [`create`]; if there is no server key to include; if the archive is to be sealed and there is no
/// passphrase.
pub fn run(args: &BackupArgs) -> Result<ExitCode> {
    let key = if args.without_server_key {
        None
    } else {
        Some(ServerKey::find(&args.data.folder)?.with_context(|| {
            format!(
                "there is no server key in {} or in PASSMINT_SERVER_KEY; --without-server-key makes a backup that \
                 opens no vault by itself",
                args.data.folder.display()
            )
        })?)
    };
    let passphrase = match Passphrase::find(args.passphrase_file.as_deref())? {
        None if args.sealed => Some(Passphrase::ask_for_new()?),
        found => found,
    };
    let is_sealed = passphrase.is_some();
    let NewArchive { file, bytes, summary } = match args.data.database {
        DatabaseKind::Sqlite => {
            create(&Source::File(&sqlite_file(&args.data.folder)), key.as_ref(), &args.archive, passphrase)?
        }
        DatabaseKind::Oracle => {
            let store = database::open_oracle(&args.data)?;
            create(&Source::Store(store.as_ref()), key.as_ref(), &args.archive, passphrase)?
        }
    };
    let (mut out, mut advice) = (io::stdout(), io::stderr());
    writeln!(out, "{}: {bytes} bytes, read back and found intact", file.display())?;
    print_summary(&mut out, &summary)?;
    match (key.is_some(), is_sealed) {
        (true, false) => writeln!(
            advice,
            "The archive is not sealed: anyone who has it has the server key and can guess at passphrases. Keep it \
             safe."
        )?,
        (true, true) => writeln!(advice, "Nobody can open the archive without its passphrase, not even you.")?,
        (false, _) => writeln!(
            advice,
            "The archive does not contain the server key: keep a copy of the key, or no vault opens again."
        )?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the counts of a database in one line, and the entries that cannot be opened.
pub(super) fn print_summary(out: &mut dyn Write, summary: &DatabaseSummary) -> io::Result<()> {
    let DatabaseSummary { schema, accounts, entries, deleted, passkeys, invites, unreadable, .. } = summary;
    writeln!(
        out,
        "schema {schema}: {accounts} accounts, {entries} entries, {deleted} deleted entries, {passkeys} passkeys, \
         {invites} invites"
    )?;
    let UnreadableRows { count, named } = unreadable;
    if *count == 0 {
        return Ok(());
    }
    writeln!(out, "{count} {} be opened by any browser:", if *count == 1 { "entry cannot" } else { "entries cannot" })?;
    named.iter().try_for_each(|row| writeln!(out, "  {row}"))?;
    match count - named.len() as u64 {
        0 => Ok(()),
        more => writeln!(out, "  and {more} more"),
    }
}
