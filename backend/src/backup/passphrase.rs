//! The passphrase of an archive: from the environment, a file or the terminal, and never from the command line, which
//! other users of the machine can read.

use std::fs;
use std::io::IsTerminal;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use zeroize::Zeroizing;

/// Least characters of a passphrase: somebody who has the file can guess without limit.
const CHARACTERS_MIN: usize = 12;
const VARIABLE: &str = "PASSMINT_BACKUP_PASSPHRASE";

/// The passphrase of an archive. `Debug` hides it.
pub struct Passphrase(Zeroizing<String>);

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(hidden)")
    }
}

impl Passphrase {
    /// Makes a passphrase of a text.
    ///
    /// # Errors
    /// If it is shorter than 12 characters.
    pub fn new(text: String) -> Result<Self> {
        let text = Zeroizing::new(text);
        let characters = text.chars().count();
        ensure!(
            characters >= CHARACTERS_MIN,
            "the archive's passphrase has {characters} characters; it needs {CHARACTERS_MIN}"
        );
        Ok(Self(text))
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// Reads PASSMINT_BACKUP_PASSPHRASE or the first line of the file; `None` if neither is set.
    ///
    /// # Errors
    /// If the file or variable cannot be read, or the passphrase is too short.
    pub fn find(file: Option<&Path>) -> Result<Option<Self>> {
        if let Some(file) = file {
            let text = fs::read_to_string(file)
                .with_context(|| format!("the passphrase file {} cannot be read", file.display()))?;
            let text = Zeroizing::new(text);
            let line = text.lines().next().unwrap_or_default().to_owned();
            return Self::new(line).with_context(|| format!("the first line of {}", file.display())).map(Some);
        }
        let Some(text) = std::env::var_os(VARIABLE) else { return Ok(None) };
        let text = text.into_string().ok().with_context(|| format!("{VARIABLE} is not text"))?;
        Self::new(text).context(VARIABLE).map(Some)
    }

    /// Asks for a new passphrase at the terminal, twice.
    ///
    /// # Errors
    /// If there is no terminal, the two passphrases differ, or they are too short.
    pub fn ask_for_new() -> Result<Self> {
        let first = Self::new(ask("Passphrase for the archive: ")?)?;
        let second = Zeroizing::new(ask("The same once more: ")?);
        ensure!(*first.0 == *second, "the two passphrases differ");
        Ok(first)
    }

    /// As [`Passphrase::find`]; if neither is set, asks at the terminal.
    ///
    /// # Errors
    /// Those of [`Passphrase::find`], or if there is no terminal.
    pub fn find_or_ask(file: Option<&Path>) -> Result<Self> {
        match Self::find(file)? {
            Some(found) => Ok(found),
            None => Self::new(ask("Passphrase of the archive: ")?),
        }
    }
}

fn ask(prompt: &str) -> Result<String> {
    if !std::io::stdin().is_terminal() {
        bail!(
            "the archive needs a passphrase: set {VARIABLE} or --passphrase-file, or start at a terminal, which asks \
             for it"
        );
    }
    rpassword::prompt_password(prompt).context("cannot ask for the passphrase")
}
