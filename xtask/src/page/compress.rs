//! Compresses the files of a release as Brotli and gzip. Results are cached per user under the hash of the content:
//! most files are the same from one build to the next.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Result;
use sha2::{Digest, Sha256};

use super::files::hex;
use crate::shell::cache;

/// Cached files that no build has used for this long are deleted.
const UNUSED_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

type Compress = fn(&[u8]) -> Result<Vec<u8>>;

/// Writes NAME.br and NAME.gz beside each of these files.
pub(super) fn all(files: &[PathBuf]) -> Result<()> {
    let cached = cache()?.join("compressed");
    fs::create_dir_all(&cached)?;
    for file in files {
        let bytes = fs::read(file)?;
        for (suffix, compress) in [("br", brotli as Compress), ("gz", gzip)] {
            let mut beside = file.clone().into_os_string();
            beside.push(format!(".{suffix}"));
            fs::write(beside, cached_or_compressed(&cached, &bytes, suffix, compress)?)?;
        }
    }
    prune(&cached)
}

/// The compressed bytes, from the cache, or compressed now and put there.
fn cached_or_compressed(folder: &Path, bytes: &[u8], suffix: &str, compress: Compress) -> Result<Vec<u8>> {
    let path = folder.join(format!("{}.{suffix}", hex(&Sha256::digest(bytes))));
    if let Ok(cached) = fs::read(&path) {
        fs::File::options().append(true).open(&path)?.set_modified(SystemTime::now())?;
        return Ok(cached);
    }
    let compressed = compress(bytes)?;
    // Renamed once it is complete: another build may look for it meanwhile.
    let new = folder.join(format!("{}.new", std::process::id()));
    fs::write(&new, &compressed)?;
    fs::rename(&new, &path)?;
    Ok(compressed)
}

/// Deletes the files that have not been used for a long time.
fn prune(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.metadata()?.modified()?.elapsed().is_ok_and(|age| age > UNUSED_MAX) {
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
    fn cached_result_is_used_until_the_content_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let first = cached_or_compressed(path, b"a", "br", |_| Ok(b"made".to_vec())).unwrap();
        assert_eq!(first, b"made");
        let fail: Compress = |_| anyhow::bail!("compressed again");
        assert_eq!(cached_or_compressed(path, b"a", "br", fail).unwrap(), b"made");
        assert!(cached_or_compressed(path, b"b", "br", fail).is_err());
        assert!(cached_or_compressed(path, b"a", "gz", fail).is_err());
    }

    #[test]
    fn results_unused_for_a_month_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        for (name, days) in [("old", 31), ("young", 29)] {
            let file = fs::File::create(folder.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60)).unwrap();
        }
        prune(folder.path()).unwrap();
        assert!(!folder.path().join("old").exists() && folder.path().join("young").exists());
    }
}
