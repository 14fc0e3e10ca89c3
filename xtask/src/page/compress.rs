//! Compresses the files of a release ahead, as Brotli and gzip. What was compressed once is kept in the per-user cache
//! under the hash of its content: most files are the same from one build to the next.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Result;
use sha2::{Digest, Sha256};

use super::files::hex;
use crate::shell::cache;

/// How long a compressed file is kept that no build has asked for.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

type Compress = fn(&[u8]) -> Result<Vec<u8>>;

/// Writes NAME.br and NAME.gz beside each of these files.
pub(super) fn all(files: &[PathBuf]) -> Result<()> {
    let kept = cache()?.join("compressed");
    fs::create_dir_all(&kept)?;
    for file in files {
        let bytes = fs::read(file)?;
        for (suffix, compress) in [("br", brotli as Compress), ("gz", gzip)] {
            let mut beside = file.clone().into_os_string();
            beside.push(format!(".{suffix}"));
            fs::write(beside, kept_or_made(&kept, &bytes, suffix, compress)?)?;
        }
    }
    forget(&kept)
}

/// The compressed bytes: those that were kept, or made now and kept.
fn kept_or_made(folder: &Path, bytes: &[u8], suffix: &str, compress: Compress) -> Result<Vec<u8>> {
    let path = folder.join(format!("{}.{suffix}", hex(&Sha256::digest(bytes))));
    if let Ok(kept) = fs::read(&path) {
        fs::File::options().append(true).open(&path)?.set_modified(SystemTime::now())?;
        return Ok(kept);
    }
    let made = compress(bytes)?;
    // Under its name only once it is whole: another build may look for it meanwhile.
    let new = folder.join(format!("{}.new", std::process::id()));
    fs::write(&new, &made)?;
    fs::rename(&new, &path)?;
    Ok(made)
}

/// Deletes what was not asked for in a long time.
fn forget(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.metadata()?.modified()?.elapsed().is_ok_and(|age| age > KEPT) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut &*bytes, &mut compressed, &parameters)?;
    Ok(compressed)
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(bytes)?;
    Ok(gzip.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_result_is_used_again_until_the_content_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let first = kept_or_made(path, b"a", "br", |_| Ok(b"made".to_vec())).unwrap();
        assert_eq!(first, b"made");
        let fail: Compress = |_| anyhow::bail!("compressed again");
        assert_eq!(kept_or_made(path, b"a", "br", fail).unwrap(), b"made");
        assert!(kept_or_made(path, b"b", "br", fail).is_err());
        assert!(kept_or_made(path, b"a", "gz", fail).is_err());
    }

    #[test]
    fn results_not_asked_for_in_a_month_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        for (name, days) in [("old", 31), ("young", 29)] {
            let file = fs::File::create(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60)).unwrap();
        }
        forget(folder.path()).unwrap();
        assert!(!folder.path().join("old").exists() && folder.path().join("young").exists());
    }
}
