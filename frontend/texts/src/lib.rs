//! The page's texts: one file per language beside this crate, in `frontend/texts`. The folder is the list of languages,
//! and `en.txt` is the list of keys. Used when the page is built (`frontend/build.rs`, `cargo xtask finish-page`) and
//! by tests, and no part of the page itself.
//!
//! A file has a line `KEY = text` for each text, and comments that begin with `#`. Lines in brackets part `en.txt` into
//! sections, which say when a text is fetched; in other languages sections and order mean nothing.

use std::fs;
use std::io;
use std::path::Path;

/// The language that lacks nothing, and stands in where another does.
pub const ENGLISH: &str = "en";

/// Sections of `en.txt`, each with what makes it: the texts that are fetched at once.
pub const FIRST: &str = "first";
/// Those that are fetched with the first lazy part of the page.
pub const LATER: &str = "later";
/// Those that the build writes into `index.html` and into a backup's file, and the language's own name.
pub const DOCUMENT: &str = "document";

/// One language.
#[derive(Debug)]
pub struct Language {
    /// The name of its file, and its language tag (RFC 5646) in lower case.
    pub tag: String,
    texts: Vec<Text>,
}

#[derive(Debug)]
struct Text {
    section: String,
    key: String,
    text: String,
}

impl Language {
    fn parse(tag: &str, file: &str) -> io::Result<Self> {
        let mut texts = Vec::new();
        let mut section = "";
        for (number, line) in (1..).zip(file.lines()) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = name;
                continue;
            }
            let (key, text) = line
                .split_once(" = ")
                .ok_or_else(|| invalid(format!("{tag}.txt:{number}: no `KEY = text`: {line}")))?;
            texts.push(Text { section: section.into(), key: key.into(), text: text.into() });
        }
        Ok(Self { tag: tag.into(), texts })
    }

    fn find(&self, key: &str) -> Option<&str> {
        self.texts.iter().find(|text| text.key == key).map(|text| text.text.as_str())
    }
}

/// All languages.
#[derive(Debug)]
pub struct Catalog {
    english: Language,
    others: Vec<Language>,
}

impl Catalog {
    /// Reads the files in a folder.
    ///
    /// # Errors
    /// If a file cannot be read, or is none of texts; and if there is no English one. A text that is missing is no
    /// error: [`Catalog::faults`] tells of it.
    pub fn read(folder: &Path) -> io::Result<Self> {
        let mut languages = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| about(folder, &error))? {
            let path = entry?.path();
            if path.extension().is_none_or(|kind| kind != "txt") {
                continue;
            }
            let tag = path.file_stem().unwrap_or_default().to_string_lossy();
            // The tag becomes a part of file names and URLs of the page.
            if !tag.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
                return Err(invalid(format!("{}: name it by a language tag in lower case", path.display())));
            }
            let file = fs::read_to_string(&path).map_err(|error| about(&path, &error))?;
            languages.push(Language::parse(&tag, &file)?);
        }
        Self::new(languages)
    }

    fn new(mut languages: Vec<Language>) -> io::Result<Self> {
        languages.sort_by(|a, b| a.tag.cmp(&b.tag));
        let english = languages
            .iter()
            .position(|language| language.tag == ENGLISH)
            .ok_or_else(|| invalid("there is no en.txt, which lists the keys".into()))?;
        Ok(Self { english: languages.remove(english), others: languages })
    }

    /// The languages: English, then the others by tag.
    pub fn languages(&self) -> impl Iterator<Item = &Language> {
        std::iter::once(&self.english).chain(&self.others)
    }

    /// The keys of a section, in the order of `en.txt`.
    pub fn keys(&self, section: &str) -> impl Iterator<Item = &str> {
        self.english.texts.iter().filter(move |text| text.section == section).map(|text| text.key.as_str())
    }

    /// A text in a language; in English where that language has none; empty if no language has.
    pub fn text<'a>(&'a self, language: &'a Language, key: &str) -> &'a str {
        language.find(key).or_else(|| self.english.find(key)).unwrap_or_default()
    }

    /// The texts of a section as the page fetches them: a line each, in the order of [`Catalog::keys`].
    pub fn lines(&self, language: &Language, section: &str) -> String {
        self.keys(section).map(|key| self.text(language, key)).collect::<Vec<_>>().join("\n")
    }

    /// All that is wrong with the files, a sentence each: texts that a language lacks, or has and English has not, or
    /// has twice, or that fill in something else than the English one.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for text in &self.english.texts {
            if ![FIRST, LATER, DOCUMENT].contains(&text.section.as_str()) {
                faults.push(format!("en.txt: {} stands in no known section: “{}”", text.key, text.section));
            }
        }
        for language in self.languages() {
            let tag = &language.tag;
            for (place, Text { key, text, .. }) in language.texts.iter().enumerate() {
                if language.texts[..place].iter().any(|before| before.key == *key) {
                    faults.push(format!("{tag}.txt: has {key} twice"));
                }
                if text.trim().is_empty() || text.trim() != text {
                    faults.push(format!("{tag}.txt: {key} is empty, or begins or ends with a space"));
                }
                let Some(english) = self.english.find(key) else {
                    faults.push(format!("{tag}.txt: has {key}, which en.txt does not have"));
                    continue;
                };
                let (expected, found) = (placeholders(english), placeholders(text));
                if expected != found {
                    faults.push(format!("{tag}.txt: {key} has to fill in {expected:?}, and fills in {found:?}"));
                }
            }
            let missing = self.english.texts.iter().filter(|text| language.find(&text.key).is_none());
            faults.extend(missing.map(|text| format!("{tag}.txt: lacks {} = {}", text.key, text.text)));
        }
        faults
    }
}

/// The names in braces, in alphabetical order.
fn placeholders(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> = text
        .split('{')
        .skip(1)
        .map(|rest| rest.split_once('}').map_or("a brace that is not closed", |it| it.0))
        .collect();
    names.sort_unstable();
    names
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

fn about(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog(files: &[(&str, &str)]) -> Catalog {
        Catalog::new(files.iter().map(|(tag, file)| Language::parse(tag, file).unwrap()).collect()).unwrap()
    }

    #[test]
    fn every_language_has_every_text() {
        // Cargo runs tests in the folder of their package. A path of the build would be another clone's, if the two share
        // their build output.
        let catalog = Catalog::read(Path::new(".")).unwrap();
        assert!(catalog.languages().count() > 1);
        let faults = catalog.faults();
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    }

    #[test]
    fn faults_name_the_file_the_key_and_what_is_expected() {
        let english = "[first]\nA = {n} of {all}\nB = b\n[later]\nC = c\n[document]\nD = d\n";
        let german = "# Deutsch\nC = c\nB =  b\nB = b\nA = {n} von {alle} {\nE = e\n";
        let faults = catalog(&[("de", german), ("en", english)]).faults();
        assert_eq!(
            faults,
            [
                "de.txt: B is empty, or begins or ends with a space",
                "de.txt: has B twice",
                "de.txt: A has to fill in [\"all\", \"n\"], and fills in [\"a brace that is not closed\", \"alle\", \"n\"]",
                "de.txt: has E, which en.txt does not have",
                "de.txt: lacks D = d",
            ]
        );
        assert_eq!(catalog(&[("en", english)]).faults(), [""; 0]);
        assert_eq!(catalog(&[("en", "A = a\n")]).faults(), ["en.txt: A stands in no known section: “”"]);
    }

    #[test]
    fn texts_are_found_by_key_and_english_stands_in() {
        let catalog = catalog(&[("de", "B = b, deutsch\n"), ("en", "[first]\nA = a\nB = b = b\n[later]\nC = c\n")]);
        let [english, german] = catalog.languages().collect::<Vec<_>>()[..] else { panic!("two languages") };
        assert_eq!((english.tag.as_str(), german.tag.as_str()), ("en", "de"));
        assert_eq!(catalog.lines(english, FIRST), "a\nb = b");
        assert_eq!(catalog.lines(german, FIRST), "a\nb, deutsch");
        assert_eq!(catalog.lines(german, LATER), "c");
        assert_eq!(catalog.text(german, "Z"), "");
    }

    #[test]
    fn files_that_hold_no_texts_are_refused() {
        let error = Language::parse("de", "A = a\nno text\n").unwrap_err();
        assert_eq!(error.to_string(), "de.txt:2: no `KEY = text`: no text");
        assert!(Catalog::new(vec![Language::parse("de", "A = a\n").unwrap()]).is_err());
    }
}
