//! The syntax tree of a descriptor: parenthesised names with a text or a list.

use std::fmt;

use super::NotConnectString;

/// `(name=text)` or `(name=(…)(…))`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    List(Vec<Node>),
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}=", self.name)?;
        match &self.value {
            Value::Text(text) => f.write_str(text)?,
            Value::List(nodes) => nodes.iter().try_for_each(|node| node.fmt(f))?,
        }
        f.write_str(")")
    }
}

impl Node {
    pub(super) fn text(name: &str, text: impl Into<String>) -> Self {
        Self { name: name.into(), value: Value::Text(text.into()) }
    }

    pub(super) fn list(name: &str, nodes: Vec<Self>) -> Self {
        Self { name: name.into(), value: Value::List(nodes) }
    }

    /// Names are compared without regard to case.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// True if the condition holds for this node, or for one inside it.
    pub(super) fn any(&self, holds: &dyn Fn(&Self) -> bool) -> bool {
        holds(self) || matches!(&self.value, Value::List(nodes) if nodes.iter().any(|node| node.any(holds)))
    }

    /// The first text of that name, in reading order.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        match &self.value {
            Value::Text(text) => self.is(name).then_some(text.as_str()),
            Value::List(nodes) => nodes.iter().find_map(|node| node.find(name)),
        }
    }

    pub(super) fn find_mut(&mut self, name: &str) -> Option<&mut Value> {
        if self.is(name) {
            return Some(&mut self.value);
        }
        match &mut self.value {
            Value::Text(_) => None,
            Value::List(nodes) => nodes.iter_mut().find_map(|node| node.find_mut(name)),
        }
    }
}

/// Parses a text that is one node.
pub(super) fn parse(text: &str) -> Result<Node, NotConnectString> {
    let mut parser = Parser { text, at: 0 };
    let node = parser.node()?;
    parser.spaces();
    if parser.at < text.len() { Err(parser.broken("something follows the last parenthesis")) } else { Ok(node) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn broken(&self, what: &'static str) -> NotConnectString {
        NotConnectString::Broken { at: self.text[..self.at].chars().count() + 1, what }
    }

    fn spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn expect(&mut self, expected: char, what: &'static str) -> Result<(), NotConnectString> {
        self.spaces();
        if !self.rest().starts_with(expected) {
            return Err(self.broken(what));
        }
        self.at += expected.len_utf8();
        Ok(())
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let mut quoted = false;
        let end = rest.find(|c| {
            quoted ^= c == '"';
            !quoted && matches!(c, '(' | ')' | '=')
        });
        let word = &rest[..end.unwrap_or(rest.len())];
        self.at += word.len();
        word.trim()
    }

    fn node(&mut self) -> Result<Node, NotConnectString> {
        self.expect('(', "an opening parenthesis is missing")?;
        let name = self.word();
        if name.is_empty() {
            return Err(self.broken("a name is missing"));
        }
        self.expect('=', "an equals sign is missing")?;
        self.spaces();
        let value = if self.rest().starts_with('(') {
            let mut nodes = Vec::new();
            while self.rest().starts_with('(') {
                nodes.push(self.node()?);
                self.spaces();
            }
            Value::List(nodes)
        } else {
            let mut text = self.word().to_owned();
            // A value may contain an equals sign, as a distinguished name does.
            while self.rest().starts_with('=') {
                self.at += 1;
                text = format!("{text}={}", self.word());
            }
            Value::Text(text)
        };
        self.expect(')', "a closing parenthesis is missing")?;
        Ok(Node { name: without_quotes(name).to_owned(), value })
    }
}

/// Oracle's client reads a name or a plain value in quotation marks as the same without them.
pub(super) fn without_quotes(text: &str) -> &str {
    let inside = ['"', '\''].iter().find_map(|mark| text.strip_prefix(*mark)?.strip_suffix(*mark)).map(str::trim);
    let is_plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "._-:[]%".contains(c));
    inside.filter(|text| is_plain(text)).unwrap_or(text)
}

/// The length of the parenthesised group at the start of `text`, if it is complete.
pub(super) fn balanced(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quoted = false;
    for (at, character) in text.char_indices() {
        quoted ^= character == '"';
        match character {
            _ if depth > 0 && quoted => continue,
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            _ if depth == 0 => return None,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}
