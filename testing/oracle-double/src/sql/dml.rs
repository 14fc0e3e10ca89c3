//! INSERT, UPDATE, DELETE.

use std::mem::take;

use super::{Dml, Parser, Plan, Tok, Verb, in_parentheses, quoted};
use crate::error::{Res, unmodelled};

impl Parser<'_> {
    /// INSERT INTO ... VALUES.
    pub fn insert(&mut self) -> Res<Plan> {
        self.at += 1;
        self.need("INTO", 925)?;
        let table = quoted(&self.name(903)?);
        let columns = if self.is_op("(") { in_parentheses(&self.names()?) } else { String::new() };
        if self.is("SELECT") {
            return Err(unmodelled("INSERT ... SELECT"));
        }
        self.need("VALUES", 926)?;
        let mut rows = vec![self.row()?];
        while self.is_op(",") {
            if self.world.major < 23 {
                return Err(self.refused(933));
            }
            self.at += 1;
            rows.push(self.row()?);
        }
        let sql = format!("INSERT INTO {table} {columns} VALUES {}", rows.join(", "));
        self.dml(Verb::Insert, sql)
    }

    fn row(&mut self) -> Res<String> {
        self.need_op("(", 906)?;
        let values = self.list(Self::stored)?;
        self.need_op(")", 917)?;
        Ok(format!("({})", values.join(", ")))
    }

    /// A value to be stored. A bind variable that is all of it may be of any size.
    fn stored(&mut self) -> Res<String> {
        let (begin, before) = (self.at, self.narrow.len());
        let value = self.value()?;
        if self.at == begin + 1 {
            self.narrow.truncate(before);
        }
        Ok(value)
    }

    pub fn update(&mut self) -> Res<Plan> {
        self.at += 1;
        let table = quoted(&self.name(903)?);
        self.need("SET", 971)?;
        let changes = self.list(|parser| {
            let name = quoted(&parser.name(904)?);
            parser.need_op("=", 927)?;
            Ok(format!("{name} = {}", parser.stored()?))
        })?;
        let filter = self.filter()?;
        self.dml(Verb::Update, format!("UPDATE {table} SET {}{filter}", changes.join(", ")))
    }

    /// DELETE FROM.
    pub fn delete(&mut self) -> Res<Plan> {
        self.at += 1;
        if !self.take("FROM") {
            return Err(unmodelled("DELETE without FROM"));
        }
        let table = quoted(&self.name(903)?);
        let filter = self.filter()?;
        self.dml(Verb::Delete, format!("DELETE FROM {table}{filter}"))
    }

    /// WHERE, if it is there.
    pub fn filter(&mut self) -> Res<String> {
        Ok(if self.take("WHERE") { format!(" WHERE {}", self.condition()?) } else { String::new() })
    }

    /// `RETURNING values INTO binds`, and the end of a statement.
    fn dml(&mut self, verb: Verb, mut sql: String) -> Res<Plan> {
        let mut into = Vec::new();
        if self.take("RETURNING") {
            if !self.in_block {
                return Err(unmodelled("RETURNING outside of a block"));
            }
            let values = self.list(Self::value)?;
            self.need("INTO", 6550)?;
            into = self.list(|parser| {
                let Some(Tok::Bind(slot)) = parser.tok() else { return Err(parser.refused(6550)) };
                parser.at += 1;
                Ok(*slot)
            })?;
            if into.len() != values.len() {
                return Err(self.refused(6550));
            }
            sql += &format!(" RETURNING {}", values.join(", "));
        }
        Ok(Plan::Dml(Dml { verb, sql, into, narrow: take(&mut self.narrow) }))
    }
}
