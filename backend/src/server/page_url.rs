//! The page's address. `passmint serve` records it in the data folder, and `passmint invite` puts it into its link.
//!
//! The file is a convenience: backups leave it out, and only the link depends on it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// Longest valid address, in bytes.
const LONGEST: u64 = 2000;

fn file(data: &Path) -> PathBuf {
    data.join("page-url")
}

/// Records the page's address. Only the file's owner can read it, like the server key beside it.
///
/// # Errors
/// If the file cannot be written; it stays unchanged then.
pub fn record(data: &Path, page_url: &str) -> io::Result<()> {
    // An unchanged address is not written again, so that a read-only data folder causes no warning.
    if recorded(data).is_ok_and(|recorded| recorded.as_deref() == Some(page_url)) {
        return Ok(());
    }
    // Written under another name first: another process may start with the same folder.
    let mut new = tempfile::NamedTempFile::with_prefix_in("page-url.", data)?;
    writeln!(new, "{page_url}")?;
    new.as_file().sync_all()?;
    new.persist(file(data))?;
    Ok(())
}

/// The address that was recorded last; `None` if none was.
///
/// # Errors
/// If the file cannot be read, or holds something that `record` does not write. The error does not quote the content:
/// it is printed on a terminal.
pub fn recorded(data: &Path) -> Result<Option<String>> {
    let file = file(data);
    let mut text = String::new();
    match File::open(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text)),
    }
    .with_context(|| format!("cannot read {}", file.display()))?;
    let page_url = text.strip_suffix('\n').unwrap_or(&text);
    ensure!(
        text.len() as u64 <= LONGEST && is_page_url(page_url),
        "{} holds no http:// or https:// address; the next start of `passmint serve` writes it again",
        file.display()
    );
    Ok(Some(page_url.to_owned()))
}

/// Returns true if the address is valid and a fragment can be appended to it.
fn is_page_url(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let odd = |c: char| c.is_control() || c.is_whitespace() || "#?\\\"<>".contains(c);
    rest.is_some_and(|rest| !rest.starts_with('/') && !rest.is_empty() && !rest.contains(odd))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn address_is_recorded_replaced_and_readable_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(recorded(folder.path()).unwrap(), None);
        for page_url in ["http://127.0.0.1:8080", "https://pässe.example.org/mint", "https://[::1]:8443/"] {
            record(folder.path(), page_url).unwrap();
            assert_eq!(recorded(folder.path()).unwrap().as_deref(), Some(page_url));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
        assert_eq!(fs::metadata(file(folder.path())).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn unchanged_address_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        record(folder.path(), "http://127.0.0.1:8080").unwrap();
        let written = fs::metadata(file(folder.path())).unwrap().modified().unwrap();
        record(folder.path(), "http://127.0.0.1:8080").unwrap();
        assert_eq!(fs::metadata(file(folder.path())).unwrap().modified().unwrap(), written);
        assert!(record(&folder.path().join("none"), "http://127.0.0.1:8080").is_err());
    }

    #[test]
    fn invalid_address_is_refused_and_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let long = format!("https://example.org/{}", "x".repeat(2000));
        for odd in [
            "",
            "\n",
            "evil.example.org",
            "javascript:alert(1)",
            "http://",
            "https:///evil",
            "https://evil.example.org/#x",
            "https://evil.example.org\nhttps://other.example.org",
            "https://evil.example.org/\u{1b}[2J",
            "https://evil .example.org",
            &long,
        ] {
            fs::write(file(folder.path()), odd).unwrap();
            let error = format!("{:#}", recorded(folder.path()).unwrap_err());
            assert!(error.contains("page-url") && !error.contains("evil") && !error.contains("xxx"), "{error}");
        }
        fs::write(file(folder.path()), b"https://\xff.example.org").unwrap();
        assert!(recorded(folder.path()).is_err());
        fs::remove_file(file(folder.path())).unwrap();
        fs::create_dir(file(folder.path())).unwrap();
        assert!(recorded(folder.path()).is_err());
        // The server can write it again.
        fs::remove_dir(file(folder.path())).unwrap();
        fs::write(file(folder.path()), "rubbish").unwrap();
        record(folder.path(), "http://127.0.0.1:8080").unwrap();
        assert_eq!(recorded(folder.path()).unwrap().as_deref(), Some("http://127.0.0.1:8080"));
    }
}
