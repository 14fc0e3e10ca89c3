//! References to documents and files: every Markdown link, every mention of `docs/NAME.md`, and every path in backticks
//! in a document has to exist, headings included. `cargo xtask tidy` checks them.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// The files of the repository, by their paths from its top with `/`, as references see them.
pub(crate) struct Repository<'a> {
    /// Returns true if there is a file or folder at a path.
    pub(crate) exists: &'a dyn Fn(&str) -> bool,
    /// The text of a document.
    pub(crate) read: &'a dyn Fn(&str) -> Option<String>,
}

impl Repository<'_> {
    /// Lists the references of a file that lead nowhere. `folders` are those at the top of the repository.
    pub(crate) fn check(&self, name: &str, text: &str, folders: &[&str], faults: &mut Vec<String>) {
        let is_document = name.ends_with(".md");
        let mut in_code = false;
        for (number, line) in text.lines().enumerate() {
            let mut fault = |target: &str| {
                faults.push(format!("{name}:{}: refers to `{target}`, which is not there", number + 1));
            };
            for target in mentions(line).map(str::to_owned).chain(sections(line)) {
                if !self.resolves(&target) {
                    fault(&target);
                }
            }
            if !is_document {
                continue;
            }
            in_code ^= line.trim_start().starts_with("```");
            if in_code {
                continue;
            }
            for target in links(line) {
                if !target.contains(':') && !self.resolves(&joined(name, target)) {
                    fault(target);
                }
            }
            for path in line.split('`').skip(1).step_by(2) {
                if is_path(path, folders) && !self.resolves(path) {
                    fault(path);
                }
            }
        }
    }

    /// Returns true if there is such a file, with the heading after `#` if one is named.
    fn resolves(&self, target: &str) -> bool {
        let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
        let has_anchor = |anchor| (self.read)(path).is_some_and(|text| anchors(&text).contains(anchor));
        (self.exists)(path) && anchor.is_none_or(has_anchor)
    }
}

/// `docs/NAME.md` and `docs/NAME.md#heading` in a line of any file.
fn mentions(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("docs/").filter_map(|(start, _)| {
        let is_inside = line[..start].ends_with(|before: char| before.is_alphanumeric() || "/_-.".contains(before));
        let is_of_target = |character: char| character.is_alphanumeric() || "/_-.#".contains(character);
        let end = line[start..].find(|character| !is_of_target(character)).map_or(line.len(), |end| start + end);
        let target = line[start..end].trim_end_matches(['.', '#']);
        (!is_inside && target.split('#').next().is_some_and(|path| path.ends_with(".md"))).then_some(target)
    })
}

/// The document in "NAME section 8", which is written in capitals.
fn sections(line: &str) -> impl Iterator<Item = String> {
    let before = line.match_indices(" section ").filter_map(|(place, _)| line[..place].split_whitespace().last());
    let names = before.map(|word| word.trim_end_matches(',').trim_start_matches(['(', '`', '"']));
    let is_name = |word: &&str| word.len() > 4 && word.bytes().all(|byte| byte.is_ascii_uppercase());
    names.filter(is_name).map(|name| format!("docs/{name}.md"))
}

/// The targets of links, `[text](target)`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next()).filter(|target| !target.is_empty())
}

/// Returns true if text in backticks is the path of one file or folder from the top of the repository.
fn is_path(text: &str, folders: &[&str]) -> bool {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "/._-".contains(character);
    text.chars().all(is_plain) && text.split_once('/').is_some_and(|(folder, _)| folders.contains(&folder))
}

/// The target of a link in a document, from the top of the repository.
fn joined(document: &str, target: &str) -> String {
    if target.starts_with('#') {
        return format!("{document}{target}");
    }
    let mut path = PathBuf::new();
    for part in Path::new(document).parent().into_iter().chain([Path::new(target)]).flat_map(Path::components) {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    path.to_string_lossy().replace('\\', "/")
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut in_code = false;
    for line in text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        let title = line.trim_start_matches('#');
        if in_code || title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let kept = title.trim().to_lowercase().replace(' ', "-");
        let anchor: String = kept.chars().filter(|it| it.is_alphanumeric() || "-_".contains(*it)).collect();
        let free = (1..).map(|number| format!("{anchor}-{number}")).find(|name| !anchors.contains(name));
        match free {
            Some(numbered) if anchors.contains(&anchor) => anchors.insert(numbered),
            _ => anchors.insert(anchor),
        };
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUIDE: &str = "# Guide\n## How `a` works, in 2 steps\n```sh\n# no heading\n```\n## Limits\n## Limits\n";

    fn faults(name: &str, text: &str) -> Vec<String> {
        let repository = Repository {
            exists: &|path| ["docs", "docs/GUIDE.md", "README.md", "backend", "backend/src/a.rs"].contains(&path),
            read: &|path| (path == "docs/GUIDE.md").then(|| GUIDE.to_owned()),
        };
        let mut faults = Vec::new();
        repository.check(name, text, &["docs", "backend"], &mut faults);
        faults
    }

    #[test]
    fn mentions_of_missing_documents_are_found_in_any_file() {
        assert_eq!(
            faults("a.rs", "// See docs/GUIDE.md. And docs/GUIDE.md#limits, docs/ and mydocs/OTHER.md."),
            [""; 0]
        );
        assert_eq!(faults("a.rs", "\n// docs/DESIGN.md").len(), 1);
        assert!(faults("a.rs", "\n// docs/DESIGN.md")[0].starts_with("a.rs:2: refers to `docs/DESIGN.md`"));
        assert_eq!(faults("a.rs", "// docs/GUIDE.md#steps").len(), 1);
        assert_eq!(faults("a.rs", "//! DESIGN section 8; GUIDE section 2; RFC 9807, section 3").len(), 1);
    }

    #[test]
    fn links_of_documents_are_followed_from_their_folder() {
        let good = "[a](GUIDE.md) [b](../README.md), [c](#limits) [d](GUIDE.md#limits-1) [e](https://a.example/b.md)";
        assert_eq!(faults("docs/GUIDE.md", good), [""; 0]);
        assert_eq!(faults("docs/GUIDE.md", "[a](README.md) [b](#limits-2) [c](GUIDE.md#no-heading)").len(), 3);
        assert_eq!(faults("docs/GUIDE.md", "[a](#how-a-works-in-2-steps)"), [""; 0]);
        assert_eq!(faults("docs/GUIDE.md", "```\n[a](b.md)\n```\n"), [""; 0]);
        assert_eq!(faults("a.rs", "//! [a](b.md)"), [""; 0]);
    }

    #[test]
    fn paths_in_backticks_exist() {
        assert_eq!(
            faults("README.md", "`backend/src/a.rs`, `backend/src/*.rs`, `other/a.rs` and `backend run`"),
            [""; 0]
        );
        assert_eq!(faults("README.md", "`backend/src/b.rs`").len(), 1);
    }
}
