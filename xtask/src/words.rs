//! The vocabulary rules of `cargo xtask tidy`: one word for one thing, and comments that say the thing first.

/// Words that the glossary in docs/ARCHITECTURE.md has replaced, in lower case, with the word to use.
const REPLACED: [(&str, &str); 2] = [("octet", "byte"), ("log-in name", "username")];

/// Names of others that contain a replaced word: a media type (RFC 2046), and a function of SQLite.
const FOREIGN: [&str; 2] = ["octet-stream", "octet_length"];

/// The first words of sentences that hide their subject.
const RIDDLES: [&str; 8] = ["What", "Who", "Whoever", "Whom", "Whose", "Of", "Whether", "So many"];

/// Checks a source or a document.
pub(crate) fn check(name: &str, text: &str, faults: &mut Vec<String>) {
    // Both list the words.
    if name == "xtask/src/words.rs" || name == "docs/ARCHITECTURE.md" {
        return;
    }
    for (number, line) in text.lines().enumerate() {
        let place = || format!("{name}:{}", number + 1);
        let lower = FOREIGN.iter().fold(line.to_lowercase(), |line, foreign| line.replace(foreign, ""));
        for (word, better) in REPLACED.iter().filter(|(word, _)| lower.contains(word)) {
            faults.push(format!("{}: says `{word}`: the glossary's word is `{better}`", place()));
        }
        if let Some(riddle) = RIDDLES.iter().find(|word| comment(line).is_some_and(|text| begins_with(text, word))) {
            faults.push(format!("{}: the comment begins with `{riddle}`: name the thing first", place()));
        }
    }
}

/// The text of a line that is a comment.
fn comment(line: &str) -> Option<&str> {
    let line = line.trim_start();
    ["/// ", "//! ", "// "].iter().find_map(|mark| line.strip_prefix(mark))
}

fn begins_with(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| rest.starts_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> usize {
        let mut faults = Vec::new();
        check("a.rs", text, &mut faults);
        faults.len()
    }

    #[test]
    fn replaced_words_are_found_in_code_and_comments() {
        assert_eq!(faults("let octets = 1;\n// Type a log-in name.\n"), 2);
        assert_eq!(faults("\"application/octet-stream\"; \"octet_length(x)\""), 0);
    }

    #[test]
    fn comments_that_hide_their_subject_are_found() {
        assert_eq!(faults("/// What a route expects.\n    // Of these, one.\n//! Whoever asks.\n"), 3);
        assert_eq!(faults("/// Whatever is sent.\n/// The office.\nlet what = \"What is it?\";\n"), 0);
    }
}
