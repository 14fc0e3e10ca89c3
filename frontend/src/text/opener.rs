//! The texts that go into a backup's file, which so speaks the language of the person who made it. Pure, and tested
//! natively.

use std::collections::BTreeMap;

use super::table::{Msg, Texts};

/// The names by which the file's script and elements ask for texts.
const WORDS: [(&str, Msg); 30] = [
    ("title", Msg::BackupTitle),
    ("intro", Msg::BackupIntro),
    ("passphrase", Msg::Passphrase),
    ("open", Msg::BackupOpen),
    ("opening", Msg::StepStretching),
    ("empty", Msg::PassphraseEmpty),
    ("wrong", Msg::BackupWrong),
    ("damaged", Msg::BackupDamaged),
    ("memory", Msg::BackupMemory),
    ("search", Msg::Search),
    ("lock", Msg::Lock),
    ("more", Msg::HealthMore),
    ("none", Msg::NoHit),
    ("countOne", Msg::CountOne),
    ("count", Msg::Count),
    ("countSome", Msg::CountSome),
    ("named", Msg::Named),
    ("username", Msg::EntryUsername),
    ("website", Msg::Website),
    ("show", Msg::Show),
    ("hide", Msg::Hide),
    ("copy", Msg::Copy),
    ("note", Msg::Note),
    ("history", Msg::History),
    ("until", Msg::HistoryUntil),
    ("copied", Msg::Copied),
    ("cleared", Msg::ClipboardCleared),
    ("copyFailed", Msg::CopyFailed),
    ("save", Msg::BackupSave),
    ("saveHint", Msg::BackupSaveHint),
];

/// The texts by these names as JSON, for [`crate::keyring::backup::page`]. The texts of all parts must have been
/// fetched.
pub fn opener(texts: &Texts) -> String {
    let words = WORDS.iter().map(|(name, text)| (*name, texts.get(*text)));
    let words: BTreeMap<&str, &str> = words.chain([("lang", texts.language())]).collect();
    // A map of strings always serializes.
    serde_json::to_string(&words).unwrap_or_default()
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::super::table::FILES;
    use super::*;

    #[test]
    fn file_gets_every_text_that_it_asks_for_and_no_other() {
        let (html, rust) = (include_str!("../../../assets/opener.html"), include_str!("../opener/mod.rs"));
        let entry = include_str!("../opener/entry.rs");
        let asked = |text: &'static str, before: &'static str| {
            text.split(before).skip(1).filter_map(|rest| rest.split_once('"').map(|(name, _)| name))
        };
        let mut all: Vec<&str> =
            asked(html, "data-text=\"").chain(asked(rust, "say(\"")).chain(asked(entry, "say(\"")).collect();
        // Asked for by a computed name.
        all.extend(["wrong", "damaged", "memory", "show", "hide"]);
        all.sort_unstable();
        all.dedup();
        for (language, first, later) in FILES {
            let texts = Texts::new(language, first).and(later);
            let words: BTreeMap<String, String> = serde_json::from_str(&opener(&texts)).unwrap();
            assert_eq!(words.keys().map(String::as_str).collect::<Vec<_>>(), all);
            assert!(words.values().all(|text| !text.is_empty()));
            assert_eq!(words["lang"], language);
        }
    }
}
