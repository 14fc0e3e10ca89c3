//! The archive: a tar of the database, the server key and a manifest that describes them. With a passphrase the tar is
//! sealed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};
use tempfile::NamedTempFile;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::Passphrase;
use super::seal::{MAGIC, Opener, Sealer};
use crate::server_key::ServerKey;
use crate::store::Millis;
use crate::store::sqlite::DatabaseSummary;

/// The format's version that is written, and the newest that can be read.
const FORMAT: u32 = 1;
pub(super) const DATABASE: &str = "passmint.db";
pub(super) const SERVER_KEY: &str = "server-key";
const MANIFEST: &str = "manifest.json";
/// Most bytes of a part that is read into memory.
const SMALL_MAX: u64 = 64 * 1024;

/// The archive's description of its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// The version of the Passmint that made it.
    pub passmint: String,
    /// Time of creation, ms since 1970.
    pub made_at: Millis,
    /// The version of the database's schema.
    pub schema: u32,
    pub accounts: u64,
    /// Entries in it that are not deleted.
    pub entries: u64,
    /// SHA-256 of each file, in hexadecimal digits.
    pub files: BTreeMap<String, String>,
}

pub(super) struct OpenedArchive {
    pub(super) manifest: Manifest,
    pub(super) database: NamedTempFile,
    pub(super) server_key: Option<ServerKey>,
    pub(super) is_sealed: bool,
}

/// The file name of an archive. Names sort by time.
#[must_use]
pub fn archive_name(when: Millis, is_sealed: bool) -> String {
    let seconds = i64::try_from(when / 1000).unwrap_or(i64::MAX);
    let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second) = time.to_hms();
    let month = u8::from(month);
    let end = if is_sealed { ".sealed" } else { "" };
    format!("passmint-{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z.tar{end}")
}

/// Returns true if [`archive_name`] could have made this file name.
pub(super) fn is_archive_name(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("passmint-") else { return false };
    let rest = rest.strip_suffix(".sealed").unwrap_or(rest);
    let Some(time) = rest.strip_suffix("Z.tar") else { return false };
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    time.split_once('T').is_some_and(|(date, time)| digits(date, 8) && digits(time, 6))
}

/// Writes an archive of these to a file.
pub(super) fn write(
    to: &File,
    database: &Path,
    summary: &DatabaseSummary,
    key: Option<&ServerKey>,
    passphrase: Option<&Passphrase>,
) -> Result<()> {
    let mut bytes = File::open(database).context("the copy of the database")?;
    let key = key.map(ServerKey::expose_as_text);
    let mut files = BTreeMap::from([(DATABASE.to_owned(), hash(&mut bytes)?)]);
    if let Some(key) = &key {
        files.insert(SERVER_KEY.to_owned(), hash(&mut key.as_bytes())?);
    }
    let manifest = Manifest {
        format: FORMAT,
        passmint: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: crate::now(),
        schema: summary.schema,
        accounts: summary.accounts,
        entries: summary.entries,
        files,
    };
    bytes.rewind()?;
    let mut pack = |to: &mut dyn Write| {
        let mut tar = Builder::new(to);
        let mut add = |name: &str, size: u64, from: &mut dyn Read| {
            let mut header = Header::new_ustar();
            header.set_entry_type(EntryType::Regular);
            header.set_mode(0o600);
            header.set_mtime(manifest.made_at / 1000);
            header.set_size(size);
            tar.append_data(&mut header, name, from)
        };
        let text = serde_json::to_vec_pretty(&manifest)?;
        add(MANIFEST, text.len() as u64, &mut text.as_slice())?;
        if let Some(key) = &key {
            add(SERVER_KEY, key.len() as u64, &mut key.as_bytes())?;
        }
        add(DATABASE, bytes.metadata()?.len(), &mut bytes)?;
        tar.finish()?;
        Ok::<_, anyhow::Error>(())
    };
    let mut to = BufWriter::new(to);
    match passphrase {
        None => {
            pack(&mut to)?;
            to.flush()?;
        }
        Some(passphrase) => {
            let mut sealer = Sealer::new(to, passphrase)?;
            pack(&mut sealer)?;
            sealer.finish()?.flush()?;
        }
    }
    Ok(())
}

/// Reads an archive. Its database goes into a temporary file in `folder`, which is deleted on drop unless it is
/// persisted. `passphrase` is called if the archive is sealed.
///
/// # Errors
/// If it is not an archive, has a newer format, is sealed with another passphrase, or does not match its manifest.
pub(super) fn read(
    archive: &Path,
    folder: &Path,
    passphrase: impl FnOnce() -> Result<Passphrase>,
) -> Result<OpenedArchive> {
    let mut file = BufReader::new(File::open(archive).with_context(|| format!("cannot open {}", archive.display()))?);
    let mut start = Vec::new();
    file.by_ref().take(MAGIC.len() as u64 - 1).read_to_end(&mut start)?;
    file.rewind()?;
    let is_sealed = MAGIC.starts_with(&start) && !start.is_empty();
    let unpacked = if is_sealed {
        let mut opener = Opener::new(file, &passphrase()?)?;
        let unpacked = unpack(&mut opener, folder)?;
        // Read to the end, so that truncated or appended bytes are noticed.
        io::copy(&mut opener, &mut io::sink())?;
        unpacked
    } else {
        unpack(&mut file, folder)?
    };
    Ok(OpenedArchive { is_sealed, ..unpacked })
}

fn unpack(from: &mut dyn Read, folder: &Path) -> Result<OpenedArchive> {
    let (mut manifest, mut server_key, mut database) = (None, None, None);
    let mut hashes = BTreeMap::new();
    let mut tar = tar::Archive::new(from);
    // Raw, because the iterator would otherwise read the bodies of long names and extended headers into memory, however
    // long they are. Archives of Passmint have neither.
    for entry in tar.entries().context("it is not a Passmint archive")?.raw(true) {
        let mut entry = entry.context("it is not a Passmint archive, or was changed")?;
        let name = entry.path().context("it is not a Passmint archive")?.to_string_lossy().into_owned();
        ensure!(entry.header().entry_type() == EntryType::Regular, "{name:?} in it is not a regular file");
        match name.as_str() {
            MANIFEST if manifest.is_none() => {
                let read: Manifest =
                    serde_json::from_slice(&read_small(&mut entry)?).context("its manifest cannot be read")?;
                ensure!(read.format <= FORMAT, "its format {} is too new: use a newer Passmint", read.format);
                manifest = Some(read);
            }
            SERVER_KEY if server_key.is_none() => {
                let bytes = read_small(&mut entry)?;
                hashes.insert(name, hash(&mut bytes.as_slice())?);
                let text = str::from_utf8(&bytes).ok().context("the server key in it is not text")?;
                server_key = Some(ServerKey::from_text(text).context("the server key in it")?);
            }
            DATABASE if database.is_none() => {
                let mut file = tempfile::Builder::new()
                    .prefix(".passmint-")
                    .tempfile_in(folder)
                    .with_context(|| format!("cannot write into {}", folder.display()))?;
                io::copy(&mut entry, file.as_file_mut()).context("cannot extract its database")?;
                file.as_file().sync_all()?;
                file.as_file_mut().rewind()?;
                hashes.insert(name, hash(file.as_file_mut())?);
                database = Some(file);
            }
            _ => bail!("{name:?} is in it, which is not a file of a Passmint archive"),
        }
    }
    let manifest = manifest.context("it has no manifest: it is not a Passmint archive, or was cut off")?;
    ensure!(manifest.files == hashes, "its files do not match its manifest: it was damaged or changed");
    let database = database.context("it holds no database")?;
    Ok(OpenedArchive { manifest, database, server_key, is_sealed: false })
}

fn read_small(from: &mut dyn Read) -> Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    from.take(SMALL_MAX + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() as u64 <= SMALL_MAX, "a part of it is too large");
    Ok(bytes)
}

fn hash(from: &mut dyn Read) -> Result<String> {
    let mut hash = Sha256::new();
    let mut bytes = vec![0; 64 * 1024];
    loop {
        match from.read(&mut bytes)? {
            0 => return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            count => hash.update(&bytes[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archive_names_sort_by_time_and_are_recognised() {
        // By GNU date: date -u -d @1790000000 +%Y%m%dT%H%M%SZ
        assert_eq!(archive_name(1_790_000_000_999, false), "passmint-20260921T141320Z.tar");
        assert_eq!(archive_name(1_790_000_000_000, true), "passmint-20260921T141320Z.tar.sealed");
        assert!(
            is_archive_name("passmint-20260921T141320Z.tar") && is_archive_name("passmint-20260921T141320Z.tar.sealed")
        );
        for other in ["passmint.tar", "passmint-2026-09-21.tar", "passmint-20260921T141320Z.tar.gz", "passmint-x.tar"] {
            assert!(!is_archive_name(other), "{other}");
        }
    }
}
