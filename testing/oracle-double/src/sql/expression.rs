//! Values and conditions. Oracle keeps them apart: a comparison is no value, and a value is no condition.

use super::{Parser, Tok, Token, UNMODELLED, listed, quoted};
use crate::error::{OraError, Res, ora, unmodelled};

impl Parser<'_> {
    pub fn condition(&mut self) -> Res<String> {
        let mut left = self.conjunction()?;
        while self.take("OR") {
            left = format!("({left} OR {})", self.conjunction()?);
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Res<String> {
        let mut left = self.comparison()?;
        while self.take("AND") {
            left = format!("({left} AND {})", self.comparison()?);
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Res<String> {
        let (begin, narrow) = (self.at, self.narrow.len());
        // A condition in parentheses, or the parentheses of a value.
        if self.take_op("(") {
            if let Ok(condition) = self.condition()
                && self.take_op(")")
            {
                return Ok(format!("({condition})"));
            }
            self.at = begin;
            self.narrow.truncate(narrow);
        }
        let left = self.value()?;
        if self.take("IS") {
            let not = if self.take("NOT") { "NOT " } else { "" };
            self.need("NULL", 908)?;
            return Ok(format!("({left} IS {not}NULL)"));
        }
        self.no_lob(begin)?;
        let op = match self.tok() {
            Some(Tok::Op(op @ ("=" | "<" | ">" | "<=" | ">=" | "<>" | "!="))) => *op,
            _ => return Err(self.refused(920)),
        };
        self.at += 1;
        Ok(format!("({left} {op} {})", self.scalar()?))
    }

    /// A value that is compared or sorted: no LOB.
    pub fn scalar(&mut self) -> Res<String> {
        let begin = self.at;
        let value = self.value()?;
        self.no_lob(begin)?;
        Ok(value)
    }

    /// Refuses a LOB column that was just read.
    fn no_lob(&self, begin: usize) -> Res<()> {
        let name = match &self.tokens[begin..self.at] {
            [Token { tok: Tok::Word(name), .. }] => name,
            [_, Token { tok: Tok::Op("."), .. }, Token { tok: Tok::Word(name), .. }] => name,
            _ => return Ok(()),
        };
        if !self.lobs.contains(name) && !(self.world.is_lob)(name) {
            return Ok(());
        }
        Err(OraError { offset: self.tokens[begin].at, ..ora(932, format!("inconsistent datatypes: {name} is a LOB")) })
    }

    pub fn value(&mut self) -> Res<String> {
        let mut left = self.primary()?;
        loop {
            left = if self.take_op("+") {
                format!("({left} + {})", self.primary()?)
            } else if self.take_op("-") {
                format!("({left} - {})", self.primary()?)
            } else {
                return Ok(left);
            };
        }
    }

    fn primary(&mut self) -> Res<String> {
        let Some(tok) = self.tok() else { return Err(self.refused(936)) };
        let sql = match tok {
            Tok::Num(text) => text.clone(),
            // Oracle's empty string is NULL.
            Tok::Str(text) if text.is_empty() => "NULL".to_owned(),
            Tok::Str(text) => format!("'{}'", text.replace('\'', "''")),
            Tok::Bind(slot) => {
                self.narrow.push(*slot);
                format!("?{}", slot + 1)
            }
            Tok::Op("-") => {
                self.at += 1;
                return Ok(format!("(-{})", self.primary()?));
            }
            Tok::Op("(") => {
                self.at += 1;
                let inner = self.value()?;
                self.need_op(")", 907)?;
                return Ok(format!("({inner})"));
            }
            Tok::Op(_) => return Err(self.refused(936)),
            Tok::Word(word) => return self.word_value(word),
        };
        self.at += 1;
        Ok(sql)
    }

    fn word_value(&mut self, word: &str) -> Res<String> {
        match (word, self.ahead(1)) {
            ("NULL", _) => {
                self.at += 1;
                Ok("NULL".to_owned())
            }
            ("TRUE" | "FALSE", _) if self.world.major >= 23 => Err(unmodelled("BOOLEAN")),
            ("SQL", Some(Tok::Op("%"))) if self.in_block => {
                self.at += 2;
                self.need("ROWCOUNT", 6550)?;
                Ok("{ROWCOUNT}".to_owned())
            }
            (_, Some(Tok::Op("("))) => self.call(word),
            _ if listed(UNMODELLED, word) => Err(self.refused(936)),
            _ => {
                let first = quoted(&self.name(936)?);
                if !self.take_op(".") {
                    return Ok(first);
                }
                Ok(format!("{first}.{}", quoted(&self.name(904)?)))
            }
        }
    }

    fn call(&mut self, name: &str) -> Res<String> {
        let aggregate = listed(" COUNT MAX MIN SUM ", name);
        if !aggregate && name != "SYS_CONTEXT" {
            return Err(self.refused(904));
        }
        self.at += 2;
        self.in_groups |= aggregate;
        if name == "COUNT" && self.take_op("*") {
            self.need_op(")", 907)?;
            return Ok("count(*)".to_owned());
        }
        let values = self.list(Self::value)?;
        self.need_op(")", 907)?;
        match values.as_slice() {
            [value] if aggregate => Ok(format!("{}({value})", name.to_lowercase())),
            [space, parameter] if !aggregate => Ok(format!("ora_context({space}, {parameter})")),
            _ => Err(ora(909, format!("{name}: wrong number of arguments"))),
        }
    }
}
