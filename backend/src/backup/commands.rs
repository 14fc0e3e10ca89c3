//! `passmint backup`, `restore` and `verify`, as a person at a terminal sees them. Results go to standard output, advice to
//! standard error.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{Backup, Made, Passphrase, Restore, Source, Verified, make, restore, verify};
use crate::commands::command_line::DatabaseKind;
use crate::database::{self, server_key_of, sqlite_file};
use crate::store::sqlite::DatabaseSummary;

impl Backup {
    /// Makes the backup.
    ///
    /// # Errors
    /// Those of [`make`]; if there is no server key to go with it; if no passphrase is to be had and one is wanted.
    pub fn run(&self) -> Result<()> {
        let key = if self.without_server_key {
            None
        } else {
            Some(server_key_of(&self.data.data)?.with_context(|| {
                format!(
                    "there is no server key in {}, and none in PASSMINT_SERVER_KEY; --without-server-key makes a backup \
                     that opens no vault by itself",
                    self.data.data.display()
                )
            })?)
        };
        let passphrase = match Passphrase::find(self.passphrase_file.as_deref())? {
            None if self.sealed => Some(Passphrase::ask_for_new()?),
            found => found,
        };
        let is_sealed = passphrase.is_some();
        let Made { file, bytes, summary } = match self.data.database {
            DatabaseKind::Sqlite => {
                make(&Source::File(&sqlite_file(&self.data.data)), key.as_ref(), &self.archive, passphrase)?
            }
            DatabaseKind::Oracle => {
                let store = database::open_oracle(&self.data)?;
                make(&Source::Store(store.as_ref()), key.as_ref(), &self.archive, passphrase)?
            }
        };
        let (mut out, mut advice) = (io::stdout(), io::stderr());
        writeln!(out, "{}: {bytes} bytes, read back and found whole", file.display())?;
        told(&mut out, &summary)?;
        match (key.is_some(), is_sealed) {
            (true, false) => writeln!(
                advice,
                "It is not sealed: whoever has it has the server key too, and can guess at passphrases. Keep it safe."
            )?,
            (true, true) => writeln!(advice, "Without its passphrase nobody opens it, you included.")?,
            (false, _) => writeln!(advice, "The server key is not in it: without a copy of it no vault opens again.")?,
        }
        Ok(())
    }
}

impl Restore {
    /// Restores.
    ///
    /// # Errors
    /// Those of [`restore`].
    pub fn run(&self) -> Result<()> {
        let ask = || Passphrase::find_or_ask(self.passphrase_file.as_deref());
        let restored = restore(&self.archive, &self.data, ask)
            .with_context(|| format!("cannot restore {}", self.archive.display()))?;
        let (mut out, mut advice) = (io::stdout(), io::stderr());
        writeln!(out, "Restored into {}.", self.data.display())?;
        told(&mut out, &restored.summary)?;
        if restored.has_server_key {
            writeln!(advice, "Start the server with --data {}. Everybody logs in anew.", self.data.display())?;
        } else {
            writeln!(
                advice,
                "The archive holds no server key: put yours into {} before the server starts.",
                self.data.join("server-key").display()
            )?;
        }
        Ok(())
    }
}

/// Verifies an archive or a data folder, and prints what is there.
///
/// # Errors
/// If it cannot be read, or is not whole.
pub fn verify(what: &Path, passphrase_file: Option<&Path>) -> Result<()> {
    let verified = if what.is_dir() {
        verify::folder(what)?
    } else {
        // Unpacked where temporary files belong: the archive's own folder may be write-protected.
        let work = tempfile::tempdir().context("cannot unpack the archive")?;
        verify::archive(what, work.path(), || Passphrase::find_or_ask(passphrase_file))
            .with_context(|| what.display().to_string())?
    };
    let Verified { summary, manifest, has_server_key, is_sealed } = verified;
    let mut out = io::stdout();
    if let Some(manifest) = manifest {
        let sealed = if is_sealed { "sealed" } else { "not sealed" };
        let age = crate::now().saturating_sub(manifest.made_at) / 3_600_000;
        writeln!(out, "archive by Passmint {}, {age} hours old, {sealed}", manifest.passmint)?;
    }
    told(&mut out, &summary)?;
    writeln!(out, "server key: {}", if has_server_key { "there" } else { "not there" })?;
    if summary.faults.is_empty() {
        writeln!(out, "whole")?;
        return Ok(());
    }
    for fault in &summary.faults {
        writeln!(out, "fault: {fault}")?;
    }
    bail!("{} is not whole", what.display())
}

fn told(out: &mut dyn Write, summary: &DatabaseSummary) -> io::Result<()> {
    let DatabaseSummary { schema, accounts, entries, deleted, passkeys, invites, .. } = summary;
    writeln!(
        out,
        "schema {schema}: {accounts} accounts, {entries} entries, {deleted} deleted ones, {passkeys} passkeys, {invites} \
         invites"
    )
}
