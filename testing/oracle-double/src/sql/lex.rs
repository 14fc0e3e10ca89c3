//! The tokenizer.

use crate::error::{OraError, Res, plain};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tok {
    /// A word, in capitals.
    Word(String),
    /// A whole number.
    Num(String),
    /// A string, without its quotes.
    Str(String),
    /// A bind variable's slot.
    Bind(usize),
    Op(&'static str),
}

/// A token and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub tok: Tok,
    pub at: usize,
}

const OPS: &[&str] = &["<=", ">=", "<>", "!=", "(", ")", ",", ".", ";", "=", "<", ">", "+", "-", "*", "%"];

/// Cuts SQL into tokens and names its bind slots. In SQL each mention of a bind variable is a slot of its own; in
/// PL/SQL each name is one.
pub fn lex(sql: &str) -> Res<(Vec<Token>, Vec<String>)> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut slots: Vec<String> = Vec::new();
    let mut at = 0;
    while at < sql.len() {
        let rest = &sql[at..];
        let len = |more: fn(char) -> bool| rest.find(|c| !more(c)).unwrap_or(rest.len());
        let c = rest.chars().next().unwrap_or_default();
        let begin = at;
        let refused = |code| OraError { offset: begin, ..plain(code) };
        let tok = if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        } else if c.is_ascii_alphabetic() {
            at += len(word_char);
            Tok::Word(sql[begin..at].to_uppercase())
        } else if c.is_ascii_digit() {
            at += len(|c| c.is_ascii_digit());
            Tok::Num(sql[begin..at].to_owned())
        } else if c == '\'' {
            let mut text = String::new();
            at += 1;
            loop {
                let end = sql[at..].find('\'').ok_or_else(|| refused(1756))?;
                text.push_str(&sql[at..at + end]);
                at += end + 1;
                if !sql[at..].starts_with('\'') {
                    break;
                }
                text.push('\'');
                at += 1;
            }
            Tok::Str(text)
        } else if c == ':' && rest[1..].starts_with(|c: char| c.is_ascii_alphanumeric()) {
            at += 1 + rest[1..].find(|c| !word_char(c)).unwrap_or(rest.len() - 1);
            let name = sql[begin + 1..at].to_uppercase();
            let in_block = tokens.first().is_some_and(|token| token.tok == Tok::Word("BEGIN".to_owned()));
            let known = slots.iter().position(|slot| in_block && *slot == name);
            Tok::Bind(known.unwrap_or_else(|| {
                slots.push(name);
                slots.len() - 1
            }))
        } else if let Some(op) = OPS.iter().find(|op| rest.starts_with(**op)) {
            at += op.len();
            Tok::Op(op)
        } else {
            return Err(refused(911));
        };
        tokens.push(Token { tok, at: begin });
    }
    Ok((tokens, slots))
}

fn word_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '#')
}
