//! The tokenizer.

use crate::error::{Res, plain};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tok {
    /// An unquoted word, in capitals.
    Word(String),
    Quoted(String),
    Num(String),
    /// A string, without its quotes.
    Str(String),
    /// A bind variable: its name in capitals.
    Bind(String, usize),
    Op(&'static str),
}

/// A token and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub tok: Tok,
    pub at: usize,
}

const OPS: &[&str] = &[
    ":=", "||", "<=", ">=", "<>", "!=", "^=", "=>", "..", "(", ")", ",", ".", ";", "=", "<", ">", "+", "-", "*", "/",
    "%", "@",
];

/// Cuts SQL into tokens and names its bind slots. In SQL each mention of a bind variable is a slot of its own; in
/// PL/SQL each name is one.
pub fn lex(sql: &str) -> Res<(Vec<Token>, Vec<String>)> {
    let bytes = sql.as_bytes();
    let mut tokens: Vec<Token> = Vec::new();
    let mut slots: Vec<String> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &sql[at..];
        let len = |more: fn(char) -> bool| rest.find(|c| !more(c)).unwrap_or(rest.len());
        let c = rest.chars().next().unwrap_or_default();
        let begin = at;
        let tok = if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        } else if rest.starts_with("--") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        } else if rest.starts_with("/*") {
            at += rest.find("*/").map_or(rest.len(), |end| end + 2);
            continue;
        } else if c.is_alphabetic() {
            at += len(word_char);
            Tok::Word(sql[begin..at].to_uppercase())
        } else if c.is_ascii_digit() || c == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
            at += len(|c| c.is_ascii_digit() || c == '.');
            let exponent = sql[at..].strip_prefix(['e', 'E']);
            if let Some(exponent) = exponent {
                let sign = usize::from(exponent.starts_with(['+', '-']));
                let digits = exponent[sign..].find(|c: char| !c.is_ascii_digit()).unwrap_or(exponent.len() - sign);
                at += if digits > 0 { 1 + sign + digits } else { 0 };
            }
            Tok::Num(sql[begin..at].to_owned())
        } else if c == '\'' || c == '"' {
            let mut text = String::new();
            at += 1;
            loop {
                let end = sql[at..].find(c).ok_or_else(|| plain(if c == '"' { 1740 } else { 1756 }).at(begin))?;
                text.push_str(&sql[at..at + end]);
                at += end + 1;
                if !sql[at..].starts_with(c) {
                    break;
                }
                text.push(c);
                at += 1;
            }
            if c == '"' { Tok::Quoted(text) } else { Tok::Str(text) }
        } else if c == ':' && rest[1..].starts_with(|c: char| c.is_alphanumeric()) {
            at += 1 + rest[1..].find(|c| !word_char(c)).unwrap_or(rest.len() - 1);
            let name = sql[begin + 1..at].to_uppercase();
            let plsql = matches!(tokens.first(), Some(Token { tok: Tok::Word(word), .. }) if word == "BEGIN" || word == "DECLARE");
            let known = slots.iter().position(|slot| plsql && *slot == name);
            let slot = known.unwrap_or_else(|| {
                slots.push(name.clone());
                slots.len() - 1
            });
            Tok::Bind(name, slot)
        } else if let Some(op) = OPS.iter().find(|op| rest.starts_with(**op)) {
            at += op.len();
            Tok::Op(op)
        } else {
            return Err(plain(911).at(begin));
        };
        tokens.push(Token { tok, at: begin });
    }
    Ok((tokens, slots))
}

fn word_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '#')
}
