//! Connect strings as people paste them: in quotation marks, as a line of tnsnames.ora, of a file of variables or of a
//! program, with a comment behind. No error of this module quotes the text: it may hold a password.

use super::NotConnectString;
use super::node::{balanced, parse};

/// A name, quotation marks and their like around one string; nobody pastes more of them.
const LAYERS: usize = 6;
/// A descriptor whose first parenthesis was not copied begins with one of these.
const INNER_NAMES: [&str; 5] = ["DESCRIPTION", "DESCRIPTION_LIST", "ADDRESS", "ADDRESS_LIST", "CONNECT_DATA"];

/// The descriptor, short form or alias inside a pasted text.
pub(super) fn connect_string(text: &str) -> Result<String, NotConnectString> {
    // Word processors and chat programs change the marks; no part of a connect string contains these.
    let text = text
        .replace(['“', '”', '„', '‟', '«', '»', '″'], "\"")
        .replace(['‘', '’', '‚', '‛', '‹', '›', '`', '′'], "'")
        .replace(['\u{feff}', '\u{200b}'], "");
    let mut rest = text.trim();
    for _ in 0..LAYERS {
        while rest.starts_with('#') {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
        }
        if rest.to_lowercase().starts_with("jdbc:") {
            return Err(NotConnectString::Jdbc);
        }
        match rest.chars().next() {
            Some('(') => return descriptor(rest).map(str::to_owned),
            Some(mark @ ('"' | '\'')) => rest = quoted(&rest[1..], mark)?,
            _ => match named(rest)? {
                Some(value) => rest = value,
                None => return short(rest).map(str::to_owned),
            },
        }
        rest = rest.trim();
    }
    Err(NotConnectString::NoForm)
}

/// The parenthesised group, if only a separator or a comment follows it.
fn descriptor(text: &str) -> Result<&str, NotConnectString> {
    // A group that does not end is parsed for the place of its fault.
    let end = balanced(text).unwrap_or(text.len());
    match text[end..].trim_start().chars().next() {
        Some('"' | '\'') => Err(NotConnectString::Quotes),
        _ if is_end(&text[end..]) => Ok(&text[..end]),
        _ => Err(parse(text).err().unwrap_or(NotConnectString::NoForm)),
    }
}

/// The text before the closing mark, if only a separator or a comment follows that.
fn quoted(text: &str, mark: char) -> Result<&str, NotConnectString> {
    let text = text.trim_start();
    // A descriptor may contain the same mark, around a distinguished name.
    let inside = if text.starts_with('(') { balanced(text).unwrap_or(text.len()) } else { 0 };
    let end = text[inside..].find(mark).ok_or(NotConnectString::Quotes)? + inside;
    if is_end(&text[end + 1..]) { Ok(&text[..end]) } else { Err(NotConnectString::AfterQuotes) }
}

/// The part after `name =`, `export NAME=` or `name:`, if the text begins so.
fn named(text: &str) -> Result<Option<&str>, NotConnectString> {
    let is_name =
        |name: &str| !name.trim().is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_.-,$ \t".contains(c));
    let Some((name, value)) =
        [text.split_once('='), text.split_once(": ")].into_iter().flatten().find(|pair| is_name(pair.0))
    else {
        return Ok(None);
    };
    if INNER_NAMES.iter().any(|inner| inner.eq_ignore_ascii_case(name.trim())) {
        return Err(NotConnectString::Broken { at: 1, what: "an opening parenthesis is missing" });
    }
    if value.trim().is_empty() { Err(NotConnectString::Empty) } else { Ok(Some(value)) }
}

/// A short form or an alias, without what follows it.
fn short(text: &str) -> Result<&str, NotConnectString> {
    let end = text.match_indices('#').map(|(at, _)| at).find(|at| text[..*at].ends_with(char::is_whitespace));
    let text = text[..end.unwrap_or(text.len())].trim_end().trim_end_matches([';', ',']).trim_end();
    if text.is_empty() {
        return Err(NotConnectString::Empty);
    }
    // A distinguished name is the one value in quotation marks.
    let marks = if text.to_lowercase().contains("_server_cert_dn=") {
        text.matches('"').count() % 2
    } else {
        usize::from(text.contains(['"', '\'']))
    };
    if marks > 0 { Err(NotConnectString::Quotes) } else { Ok(text) }
}

/// True if nothing but a separator or a comment follows.
fn is_end(text: &str) -> bool {
    let text = text.trim_start().trim_start_matches([';', ',']).trim_start();
    text.is_empty() || ["#", "--", "//"].iter().any(|comment| text.starts_with(comment))
}
