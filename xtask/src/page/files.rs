//! The folder of the page's files: hashes in their names, their integrity, and the size of the first load.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};

use crate::shell::root;

/// A file of the page: its URL, and its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) url: String,
    /// For the attribute `integrity` (subresource integrity).
    pub(super) integrity: String,
}

/// The folder in which the page is assembled.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Removes a file from the folder and returns its bytes.
    pub(super) fn remove(&self, name: &str) -> Result<Vec<u8>> {
        let path = self.0.join(name);
        let bytes = fs::read(&path).with_context(|| format!("Trunk did not bring {name}"))?;
        fs::remove_file(&path)?;
        Ok(bytes)
    }

    /// Removes a text file from the folder and returns its text.
    pub(super) fn remove_text(&self, name: &str) -> Result<String> {
        String::from_utf8(self.remove(name)?).with_context(|| format!("{name} is not UTF-8"))
    }

    /// The names of the files that begin with this, in order.
    pub(super) fn names(&self, begin: &str) -> Result<Vec<String>> {
        let mut names = self.paths()?.iter().map(|path| self.name_of(path)).collect::<Result<Vec<_>>>()?;
        names.retain(|name| name.starts_with(begin));
        Ok(names)
    }

    /// The name of the one file that begins and ends with these: Trunk puts a hash between them.
    pub(super) fn find(&self, begin: &str, end: &str) -> Result<String> {
        let mut found = self.names(begin)?;
        found.retain(|name| name.ends_with(end));
        ensure!(found.len() == 1, "Trunk brought not one {begin}…{end}: {found:?}");
        found.pop().context("counted above")
    }

    /// Adds a file under a name that changes with its content.
    pub(super) fn add(&self, stem: &str, kind: &str, bytes: &[u8]) -> Result<File> {
        let name = format!("{stem}-{}.{kind}", short_hash([bytes]));
        self.write(&name, bytes)?;
        Ok(File { url: format!("/{name}"), integrity: integrity(bytes) })
    }

    /// Adds files that refer to one another, under their own names, in a folder whose name changes with any of them.
    pub(super) fn add_group(&self, stem: &str, files: &[(String, Vec<u8>)]) -> Result<Vec<File>> {
        let parts = files.iter().flat_map(|(name, bytes)| [name.as_bytes(), bytes]);
        let group = format!("{stem}-{}", short_hash(parts));
        fs::create_dir(self.0.join(&group))?;
        let add = |(name, bytes): &(String, Vec<u8>)| {
            let name = format!("{group}/{name}");
            self.write(&name, bytes)?;
            Ok(File { url: format!("/{name}"), integrity: integrity(bytes) })
        };
        files.iter().map(add).collect()
    }

    /// Adds a file under a name that does not change.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        fs::write(self.0.join(name), bytes).with_context(|| name.to_owned())
    }

    /// The paths of all files, including those in subfolders, in order.
    pub(super) fn paths(&self) -> Result<Vec<PathBuf>> {
        all_files(&self.0)
    }

    pub(super) fn all(&self) -> Result<Vec<File>> {
        let file = |path: PathBuf| {
            Ok(File { url: format!("/{}", self.name_of(&path)?), integrity: integrity(&fs::read(&path)?) })
        };
        self.paths()?.into_iter().map(file).collect()
    }

    /// The path of a file within the folder, with slashes.
    fn name_of(&self, path: &Path) -> Result<String> {
        Ok(path.strip_prefix(&self.0)?.to_str().context("a name is not UTF-8")?.replace('\\', "/"))
    }
}

/// The files of a folder and of its subfolders, in order.
pub(crate) fn all_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(all_files(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A hash over all files of the finished page.
pub(crate) fn hash_of(folder: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    for path in all_files(folder)? {
        hash.update(path.strip_prefix(folder)?.as_os_str().as_encoded_bytes());
        hash.update(fs::read(&path)?);
    }
    Ok(hex(&hash.finalize()))
}

/// A version name for these files: changes with any of them.
pub(super) fn version(files: &[File]) -> String {
    short_hash(files.iter().flat_map(|file| [file.url.as_bytes(), file.integrity.as_bytes()]))
}

/// Subresource integrity of these bytes.
pub(super) fn integrity(bytes: &[u8]) -> String {
    format!("sha256-{}", Base64::encode_string(&Sha256::digest(bytes)))
}

/// The first 64 bits of SHA-256 over these parts, in hexadecimal digits.
fn short_hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let hash = parts.into_iter().fold(Sha256::new(), Sha256::chain_update);
    hex(&hash.finalize()[..8])
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The size of the first load, in bytes of Brotli: all that is fetched before the generator can be used. `cargo xtask
/// bench` measures what an open vault takes.
pub(crate) fn transfer_size() -> Result<u64> {
    let page = root().join("dist/page");
    let mut sum = 0;
    for file in all_files(&page)? {
        let name = file.strip_prefix(&page)?.to_string_lossy();
        // The parts in the page's folder load later. The page fetches one language; English stands for all of them.
        let is_first = ["index.", "page-", "text-en-"].iter().any(|begin| name.starts_with(begin))
            && !["/split_", "/chunk_"].iter().any(|part| name.contains(part));
        if is_first && name.ends_with(".br") {
            sum += fs::metadata(&file)?.len();
        }
    }
    Ok(sum)
}
