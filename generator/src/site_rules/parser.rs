//! Reads the `passwordrules` attribute, by which a site publishes its demands on passwords.
//!
//! The grammar is Apple's (<https://developer.apple.com/password-rules/>, proposed as whatwg/html#3518): rules end in
//! `;`, classes are separated by `,`, a set of characters stands in brackets, with `-` only as its first character and
//! `]` only as its last one. Rules and classes may be written in small letters or capitals. A rule without a value has
//! no effect. The strictest of repeated lengths counts. Characters of a set that are not printable ASCII are skipped,
//! as in Apple's own parser; a set of nothing else is an error, because ignoring it would disobey the site.
//!
//! If Apple's parser would stop silently or guess, this one names the column, because a person pasted the text.

use super::set::AsciiSet;

/// A site's demands on passwords.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    pub minlength: Option<usize>,
    /// At least 1.
    pub maxlength: Option<usize>,
    /// The longest run of one character; at least 1.
    pub max_consecutive: Option<usize>,
    /// Characters that may be used besides the required ones.
    pub allowed: AsciiSet,
    /// The requirements in the order of the text. A password contains at least one character of each set. No set is
    /// empty.
    pub required: Vec<AsciiSet>,
}

/// The place where a text breaks the grammar of password rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {expected}")]
pub struct ParseError {
    /// Counted in characters, from 1. One past the last where the text ends too early.
    pub column: usize,
    pub expected: Expected,
}

/// The text that the grammar allows at the place of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Expected {
    /// The name of a rule.
    #[error("expected minlength, maxlength, required, allowed or max-consecutive")]
    Rule,
    /// The colon after the name of a rule.
    #[error("expected a colon")]
    Colon,
    #[error("expected a number")]
    Number,
    #[error("expected a number of at least 1")]
    PositiveNumber,
    /// The name of a class, or a set.
    #[error("expected upper, lower, digit, special, ascii-printable, unicode or a set like [-!#]")]
    Class,
    #[error("expected a comma, a semicolon or the end")]
    CommaOrSemicolon,
    #[error("expected a semicolon or the end")]
    Semicolon,
    /// The end of a set.
    #[error("expected ] at the end of the set")]
    SetEnd,
    /// The hyphen as the first character of a set: sets have no ranges.
    #[error("expected - only as the first character of a set: there are no ranges")]
    HyphenFirst,
    /// A set with at least one printable ASCII character.
    #[error("expected a set with at least one printable ASCII character")]
    Ascii,
}

impl Demands {
    /// Reads password rules. A text without rules demands nothing.
    ///
    /// # Errors
    /// [`ParseError`] at the first character that the grammar does not allow.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut parser = Parser { rest: text, column: 1 };
        let mut demands = Self::default();
        parser.skip_space();
        while !parser.rest.is_empty() {
            parser.rule(&mut demands)?;
            parser.skip_space();
        }
        Ok(demands)
    }
}

struct Parser<'t> {
    rest: &'t str,
    column: usize,
}

impl<'t> Parser<'t> {
    fn rule(&mut self, demands: &mut Demands) -> Result<(), ParseError> {
        let column = self.column;
        let name = self.name();
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        let known = ["minlength", "maxlength", "max-consecutive", "allowed", "required"].into_iter().any(is);
        if !known {
            return Err(ParseError { column, expected: Expected::Rule });
        }
        self.skip_space();
        if !self.take(':') {
            return self.expected(Expected::Colon);
        }
        self.skip_space();
        let mut after = Expected::Semicolon;
        if !matches!(self.peek(), None | Some(';')) {
            if is("minlength") {
                demands.minlength = demands.minlength.max(Some(self.number(0)?));
            } else if is("maxlength") {
                demands.maxlength = least(demands.maxlength, self.number(1)?);
            } else if is("max-consecutive") {
                demands.max_consecutive = least(demands.max_consecutive, self.number(1)?);
            } else {
                let set = self.classes()?;
                after = Expected::CommaOrSemicolon;
                if is("allowed") {
                    demands.allowed = demands.allowed | set;
                } else if !set.is_empty() {
                    demands.required.push(set);
                }
            }
        }
        self.skip_space();
        if self.rest.is_empty() || self.take(';') { Ok(()) } else { self.expected(after) }
    }

    /// The characters of all classes, which are separated by commas.
    fn classes(&mut self) -> Result<AsciiSet, ParseError> {
        let mut all = AsciiSet::default();
        loop {
            all = all | self.class()?;
            self.skip_space();
            if !self.take(',') {
                return Ok(all);
            }
            self.skip_space();
        }
    }

    fn class(&mut self) -> Result<AsciiSet, ParseError> {
        let column = self.column;
        if self.take('[') {
            return self.set(column);
        }
        let name = self.name();
        AsciiSet::named(name).ok_or(ParseError { column, expected: Expected::Class })
    }

    /// The characters between brackets; `start` is the column of the opening bracket.
    fn set(&mut self, start: usize) -> Result<AsciiSet, ParseError> {
        let mut set = AsciiSet::default();
        let mut skipped = false;
        loop {
            let column = self.column;
            match self.next() {
                None => return Err(ParseError { column, expected: Expected::SetEnd }),
                Some(']') => {
                    // The first of two is a character, and the second ends the set.
                    if self.take(']') {
                        set.add(']');
                    }
                    break;
                }
                Some('-') if column > start + 1 => return Err(ParseError { column, expected: Expected::HyphenFirst }),
                Some(character) => skipped |= !set.add(character),
            }
        }
        if skipped && set.is_empty() {
            return Err(ParseError { column: start, expected: Expected::Ascii });
        }
        Ok(set)
    }

    /// A number of at least `least`. Numbers that do not fit count as the largest one that does.
    fn number(&mut self, least: usize) -> Result<usize, ParseError> {
        let column = self.column;
        let mut number = None;
        while let Some(digit) = self.peek().and_then(|next| next.to_digit(10)) {
            self.next();
            number = Some(number.unwrap_or(0_usize).saturating_mul(10).saturating_add(digit as usize));
        }
        match number {
            None => Err(ParseError { column, expected: Expected::Number }),
            Some(number) if number < least => Err(ParseError { column, expected: Expected::PositiveNumber }),
            Some(number) => Ok(number),
        }
    }

    /// The letters and hyphens at this place, if any.
    fn name(&mut self) -> &'t str {
        let end = self.rest.find(|next: char| !next.is_ascii_alphabetic() && next != '-').unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        self.column += end;
        self.rest = rest;
        name
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|next| next.is_ascii_whitespace()) {
            self.next();
        }
    }

    fn take(&mut self, wanted: char) -> bool {
        let here = self.peek() == Some(wanted);
        if here {
            self.next();
        }
        here
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let mut rest = self.rest.chars();
        let next = rest.next()?;
        self.rest = rest.as_str();
        self.column += 1;
        Some(next)
    }

    fn expected<T>(&self, expected: Expected) -> Result<T, ParseError> {
        Err(ParseError { column: self.column, expected })
    }
}

/// The smaller one of two limits.
fn least(limit: Option<usize>, number: usize) -> Option<usize> {
    Some(limit.map_or(number, |limit| limit.min(number)))
}

#[cfg(test)]
mod tests;
