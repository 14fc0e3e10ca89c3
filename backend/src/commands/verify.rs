//! `passmint verify`: checks that an archive or a data folder is intact, or that a server serves this Passmint's page.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::backup::print_summary;
use super::http_client::TrustArgs;
use super::verify_url;
use crate::backup::{Passphrase, Verification, verify_archive, verify_folder};

/// The exit code if all that is wrong are entries that cannot be opened.
const UNREADABLE: u8 = 3;

/// Settings of `passmint verify`.
#[derive(Args, Debug)]
#[command(
    after_help = "Exit code: 0 if all is intact, 1 if it is damaged or cannot be read, 3 if only some entries have an \
unknown format or length, so that no browser can open them. The other entries open."
)]
pub struct VerifyArgs {
    /// An archive, a data folder, or the URL of a server.
    #[arg(value_name = "ARCHIVE|FOLDER|URL")]
    pub target: String,
    /// File whose first line is the archive's passphrase.
    #[arg(long, env = "PASSMINT_BACKUP_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Certificate authorities.
    #[command(flatten)]
    pub trust: TrustArgs,
}

/// # Errors
/// If the target cannot be read, is damaged, or serves another page.
pub fn run(args: &VerifyArgs) -> Result<ExitCode> {
    if ["http://", "https://"].iter().any(|scheme| args.target.starts_with(scheme)) {
        return verify_url::run(&args.target, &args.trust);
    }
    verify_path(Path::new(&args.target), args.passphrase_file.as_deref())
}

fn verify_path(path: &Path, passphrase_file: Option<&Path>) -> Result<ExitCode> {
    let verified = if path.is_dir() {
        verify_folder(path)?
    } else {
        // Unpacked where temporary files belong: the archive's own folder may be write-protected.
        let work = tempfile::tempdir().context("cannot unpack the archive")?;
        verify_archive(path, work.path(), || Passphrase::find_or_ask(passphrase_file))
            .with_context(|| path.display().to_string())?
    };
    let Verification { summary, manifest, has_server_key, is_sealed } = verified;
    let mut out = io::stdout();
    if let Some(manifest) = manifest {
        let sealed = if is_sealed { "sealed" } else { "not sealed" };
        let age = crate::now().saturating_sub(manifest.made_at) / 3_600_000;
        writeln!(out, "archive by Passmint {}, {age} hours old, {sealed}", manifest.passmint)?;
    }
    print_summary(&mut out, &summary)?;
    writeln!(out, "server key: {}", if has_server_key { "present" } else { "missing" })?;
    if summary.faults.is_empty() {
        if summary.unreadable.count == 0 {
            writeln!(out, "intact")?;
            return Ok(ExitCode::SUCCESS);
        }
        writeln!(out, "everything else is intact")?;
        return Ok(ExitCode::from(UNREADABLE));
    }
    for fault in &summary.faults {
        writeln!(out, "fault: {fault}")?;
    }
    bail!("{} is damaged", path.display())
}
