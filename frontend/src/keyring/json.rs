//! JSON: the bodies and answers that the page carries, and the documents that are sealed.
//!
//! serde_json writes it, serde-json-core reads it: reading with serde_json makes the worker 12 kB larger, for error
//! texts that nobody sees and for fractions that no document has.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::protocol::KeyringError;

/// Writes a body for the server.
pub(super) fn write_body(body: &impl Serialize) -> Result<String, KeyringError> {
    write(body).ok_or(KeyringError::ServerMessage)
}

/// Reads an answer of the server.
pub(super) fn read_answer<T: DeserializeOwned>(answer: &str) -> Result<T, KeyringError> {
    read(answer).ok_or(KeyringError::ServerMessage)
}

/// Writes JSON; `None` if the value cannot be written.
pub(super) fn write(value: &impl Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}

/// Reads JSON; `None` if it is not the JSON of a `T`.
pub(super) fn read<T: DeserializeOwned>(json: &str) -> Option<T> {
    let escaped = json.contains('\\').then(|| join_surrogates(json));
    let json = escaped.as_ref().map_or(json, |joined| joined.as_str());
    // Scratch memory to unescape strings in.
    let mut scratch = Zeroizing::new(vec![0; escaped.as_ref().map_or(0, |joined| joined.len())]);
    serde_json_core::from_slice_escaped(json.as_bytes(), &mut scratch).ok().map(|(value, _)| value)
}

/// Replaces pairs of escapes that stand for one character above U+FFFF (RFC 8259, section 7) by the character:
/// serde-json-core takes each escape for a character. An escaped backslash before a pair does no harm: the text would
/// contain half a character, and is refused either way.
fn join_surrogates(json: &str) -> Zeroizing<String> {
    let mut joined = Zeroizing::new(String::with_capacity(json.len()));
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        let (character, length) = surrogates(escape).map_or(('\\', 1), |character| (character, 2 * UNIT_LEN));
        joined.push_str(before);
        joined.push(character);
        rest = &escape[length..];
    }
    joined.push_str(rest);
    joined
}

/// Length of an escaped UTF-16 code unit, in bytes.
const UNIT_LEN: usize = r"\u0000".len();

/// The character above U+FFFF that a pair of escapes at the start of the text stands for.
fn surrogates(text: &str) -> Option<char> {
    let unit = |at| u16::from_str_radix(text.get(at..at + UNIT_LEN)?.strip_prefix(r"\u")?, 16).ok();
    let character = char::decode_utf16([unit(0)?, unit(UNIT_LEN)?]).next()?.ok()?;
    (character > '\u{ffff}').then_some(character)
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use crate::browser_test::test;
    #[cfg(not(target_arch = "wasm32"))]
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Text {
        text: String,
        number: Option<u64>,
    }

    fn texts(json: &str) -> Option<String> {
        read::<Text>(&format!(r#"{{"later": [{{"a": [1.5e3, null]}}, "]"], "text": "{json}"}}"#)).map(|read| read.text)
    }

    #[test]
    fn escapes_are_read() {
        for (json, text) in [
            (r#"\" \\ \/ \b \f \n \r \t"#, "\" \\ / \u{8} \u{c} \n \r \t"),
            (r"\u00e9\u20ac", "é€"),
            (r"\uffff\u0041", "\u{ffff}A"),
            (r"a\ud83d\ude00\uD83D\uDE00b", "a😀😀b"),
            (r"\\ud83d\\ude00", r"\ud83d\ude00"),
            (r"\\\ud83d\ude00😀", r"\😀😀"),
        ] {
            assert_eq!(texts(json).as_deref(), Some(text), "{json}");
        }
        for broken in [
            r"\",
            r"\ud83d",
            r"\ud83d\u0041",
            r"\\ud83d\ude00",
            r"\ude00\ud83d",
            r"\ud83d\n",
            r"\u00g0",
            r"\é",
            r"\ud83dé",
        ] {
            assert_eq!(texts(broken), None, "{broken}");
        }
    }

    #[test]
    fn other_json_than_expected_is_refused() {
        let read = read::<Text>;
        let expected = Text { text: "a".into(), number: Some(u64::MAX) };
        assert_eq!(read(r#" {"number":18446744073709551615, "text":"a"} "#), Some(expected));
        assert_eq!(read(r#"{"text":"a","number":null}"#), Some(Text { text: "a".into(), number: None }));
        for json in [
            "",
            "null",
            r#"{"text":"a""#,
            r#"{"text":"a"} {"#,
            r#"{"text":1}"#,
            r#"{"number":1}"#,
            r#"{"text":"a","text":"b"}"#,
            r#"{"text":"a","number":-1}"#,
            r#"{"text":"a","number":1.5}"#,
            r#"{"text":"a","number":18446744073709551616}"#,
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest! {
        /// Written by serde_json, and in ASCII only as other writers do.
        #[test]
        fn any_text_survives_writing_and_reading(text: String, number: Option<u64>) {
            let json = serde_json::json!({ "text": text, "number": number }).to_string();
            let mut ascii = String::new();
            for unit in json.encode_utf16() {
                match u8::try_from(unit) {
                    Ok(byte) if byte.is_ascii() => ascii.push(char::from(byte)),
                    _ => ascii += &format!("\\u{unit:04x}"),
                }
            }
            prop_assert_eq!(read(&json), Some(Text { text: text.clone(), number }));
            prop_assert_eq!(read(&ascii), Some(Text { text, number }));
        }

        #[test]
        fn serde_json_reads_what_we_read(json in r#"(\{"text":)?"?[^\x00-\x1f]{0,40}(\\[^\x00-\x1f]{0,12}){0,3}"?\}?"#) {
            if let Some(ours) = read::<Text>(&json) {
                prop_assert_eq!(serde_json::from_str::<Text>(&json).ok(), Some(ours));
            }
        }
    }
}
