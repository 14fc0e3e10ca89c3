//! SELECT.

use std::mem::take;

use super::{Parser, Query, Tok, dictionary, listed, quoted};
use crate::error::{OraError, Res, ora};

impl Parser<'_> {
    pub fn query(&mut self) -> Res<Query> {
        self.at += 1;
        self.in_groups = false;
        let mut plain = None;
        let items = self.list(|parser| {
            let (begin, before) = (parser.offset(), take(&mut parser.in_groups));
            let names = parser.word().is_some();
            let item = parser.item()?;
            plain = plain.or((names && !parser.in_groups).then_some(begin));
            parser.in_groups |= before;
            Ok(item)
        })?;
        let in_groups = self.in_groups;
        let mut sql = format!("SELECT {}", items.join(", "));
        if self.take("FROM") {
            sql += &format!(" FROM {}", self.sources()?);
        } else if self.world.major < 23 || self.tok().is_some() {
            return Err(self.refused(923));
        }
        sql += &self.filter()?;
        if let Some(offset) = plain.filter(|_| in_groups) {
            return Err(OraError { offset, ..ora(937, "not a single-group group function") });
        }
        if self.take("ORDER BY") {
            let keys = self.list(|parser| {
                let key = parser.scalar()?;
                let down = parser.take("DESC");
                // NULL is the largest value in Oracle, the smallest in SQLite.
                Ok(format!("{key} {}", if down { "DESC NULLS FIRST" } else { "ASC NULLS LAST" }))
            })?;
            sql += &format!(" ORDER BY {}", keys.join(", "));
        }
        let limited = self.take("FETCH FIRST");
        if limited {
            sql += &format!(" LIMIT {}", self.value()?);
            self.need("ROWS ONLY", 905)?;
        }
        let lock = self.is("FOR");
        if lock && (limited || in_groups) {
            return Err(self.refused(if limited { 2014 } else { 1786 }));
        }
        if lock {
            self.need("FOR UPDATE", 933)?;
        }
        Ok(Query { sql, lock, narrow: take(&mut self.narrow) })
    }

    /// A value with or without a name of its own.
    fn item(&mut self) -> Res<String> {
        let value = self.value()?;
        if self.take("AS") || self.has_alias() {
            return Ok(format!("{value} AS {}", quoted(&self.name(923)?)));
        }
        Ok(value)
    }

    /// Returns true if the word at hand can only be a name.
    fn has_alias(&self) -> bool {
        let clauses = " CROSS FETCH FULL INNER JOIN LEFT LIMIT NATURAL OFFSET RIGHT STRICT UNION USING ";
        matches!(self.tok(), Some(Tok::Word(word)) if !listed(super::RESERVED, word) && !listed(clauses, word))
    }

    fn sources(&mut self) -> Res<String> {
        let mut sql = self.list(Self::source)?.join(", ");
        while self.take("LEFT JOIN") {
            sql += &format!(" LEFT JOIN {}", self.source()?);
            self.need("ON", 905)?;
            sql += &format!(" ON {}", self.condition()?);
        }
        Ok(sql)
    }

    /// A table or a view, and its other name, which has no AS before it in Oracle.
    fn source(&mut self) -> Res<String> {
        let name = self.name(903)?;
        if self.is("AS") {
            return Err(self.refused(933));
        }
        let alias = if self.has_alias() { self.name(903)? } else { name.clone() };
        let source = dictionary::view(&name).map_or_else(|| quoted(&name), |view| format!("({view})"));
        Ok(format!("{source} AS {}", quoted(&alias)))
    }
}
