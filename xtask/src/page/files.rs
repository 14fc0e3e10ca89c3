//! The folder of finished files: names that are hashes, integrity, compression.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};

use crate::shell::root;

/// A file of the page: where it is served, and what vouches for it.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) url: String,
    /// As subresource integrity wants it.
    pub(super) integrity: String,
}

impl Named {
    /// As attributes of an element.
    pub(super) fn tied(&self, attribute: &str) -> String {
        format!(r#"{attribute}="{}" integrity="{}""#, self.url, self.integrity)
    }
}

/// The folder in which the page is put together.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Empties the folder.
    pub(super) fn empty(folder: PathBuf) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    /// Adds a file under a name that changes with its content.
    pub(super) fn add(&mut self, stem: &str, kind: &str, octets: &[u8]) -> Result<Named> {
        let name = format!("{stem}-{}.{kind}", &hex(&Sha256::digest(octets))[..16]);
        self.write(&name, octets)?;
        Ok(Named { url: format!("/{name}"), integrity: integrity(octets) })
    }

    /// All that was added so far, by name.
    pub(super) fn all(&self) -> Result<Vec<Named>> {
        let named = |file: PathBuf| {
            let name = file.file_name().context("no name")?.to_string_lossy();
            Ok(Named { url: format!("/{name}"), integrity: integrity(&fs::read(&file)?) })
        };
        files(&self.0)?.into_iter().map(named).collect()
    }

    /// Adds a file under a name that stays.
    pub(super) fn write(&mut self, name: &str, octets: &[u8]) -> Result<()> {
        fs::write(self.0.join(name), octets).with_context(|| name.to_owned())
    }

    /// Compresses every file, and gives the hash over all.
    pub(super) fn finish(self) -> Result<String> {
        let mut hash = Sha256::new();
        for file in files(&self.0)? {
            let octets = fs::read(&file)?;
            hash.update(file.file_name().context("no name")?.as_encoded_bytes());
            hash.update(&octets);
            compress(&file, &octets)?;
        }
        Ok(hex(&hash.finalize()))
    }
}

/// A name for these files as they are: changes when any of them does.
pub(super) fn version(files: &[Named]) -> String {
    let all: String = files.iter().flat_map(|file| [file.url.as_str(), &file.integrity]).collect();
    hex(&Sha256::digest(all))[..16].to_owned()
}

/// What vouches for these octets.
pub(super) fn integrity(octets: &[u8]) -> String {
    format!("sha256-{}", Base64::encode_string(&Sha256::digest(octets)))
}

/// A style sheet without its comments and indentation. It holds no text in which either could mean something.
pub(super) fn without_comments(css: &str) -> String {
    let mut parts = css.split("/*");
    let first = parts.next().unwrap_or_default().to_owned();
    let kept = parts.fold(first, |kept, part| kept + part.split_once("*/").map_or("", |(_, after)| after));
    kept.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// A script without its indentation and the comments that have lines of their own.
pub(super) fn lean_script(script: &str) -> Result<String> {
    let mut lean = String::with_capacity(script.len());
    for line in script.lines().map(str::trim) {
        // In a template that goes on on the next line, blanks would mean something.
        ensure!(line.matches('`').count() % 2 == 0, "a template goes over several lines: {line}");
        let is_comment = line.starts_with("//") || line.starts_with("/*") && line.find("*/") == Some(line.len() - 2);
        if !line.is_empty() && !is_comment {
            lean.push_str(line);
            lean.push('\n');
        }
    }
    Ok(lean)
}

/// Writes NAME.br and NAME.gz beside a file.
fn compress(file: &Path, octets: &[u8]) -> Result<()> {
    let beside = |suffix: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let mut brotli = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    brotli::BrotliCompress(&mut &octets[..], &mut brotli, &parameters)?;
    fs::write(beside(".br"), brotli)?;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(octets)?;
    fs::write(beside(".gz"), gzip.finish()?)?;
    Ok(())
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|file| file.is_file());
    files.sort();
    Ok(files)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Bytes that travel, compressed with brotli, before the generator can be used. What an open vault takes is measured by
/// `cargo xtask bench`.
pub(crate) fn transfer_size() -> Result<u64> {
    let mut sum = 0;
    for file in files(&root().join("dist/page"))? {
        let name = file.file_name().context("no name")?.to_string_lossy().into_owned();
        // One language is fetched, and they weigh about the same.
        let first = ["index.", "page-", "text-en-"].iter().any(|first| name.starts_with(first));
        if first && name.ends_with(".br") {
            sum += fs::metadata(&file)?.len();
        }
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_cut_out() {
        assert_eq!(
            without_comments("/* a */\n:root {\n  --x: 1; /* b */\n}\n/* c\n d */ p { }"),
            ":root {\n--x: 1;\n}\np { }"
        );
        let script = "// a\nif (b) {\n  c('// d'); // e\n  /* f */\n\n  `${g}`;\n}";
        assert_eq!(lean_script(script).unwrap(), "if (b) {\nc('// d'); // e\n`${g}`;\n}\n");
        assert!(lean_script("`a\n  b`").is_err());
    }
}
