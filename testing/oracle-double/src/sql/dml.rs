//! INSERT, UPDATE, DELETE.

use super::{Dml, Parser, Plan, Tok, Verb, listed, quoted};
use crate::error::{Res, ora, plain};

impl Parser<'_> {
    /// INSERT INTO ... VALUES | SELECT.
    pub fn insert(&mut self) -> Res<Plan> {
        self.at += 1;
        self.need("INTO", 925)?;
        let table = self.table_name(903)?;
        let alias = self.alias()?.map(|alias| format!(" AS {}", quoted(&alias))).unwrap_or_default();
        let columns = if self.is_op("(") { format!(" ({})", listed(&self.names()?)) } else { String::new() };
        let source = if self.take("VALUES") {
            let mut rows = vec![self.row()?];
            while self.is_op(",") {
                if self.world.major < 23 {
                    return Err(self.refused(933));
                }
                self.at += 1;
                rows.push(self.row()?);
            }
            format!("VALUES {}", rows.join(", "))
        } else if self.is("SELECT") || self.is("WITH") || self.is_op("(") {
            self.subquery()?
        } else {
            return Err(self.refused(926));
        };
        let (returning, into) = self.returning()?;
        let sql = format!("INSERT INTO {}{alias}{columns} {source}{returning}", quoted(&table));
        Ok(Plan::Dml(Dml {
            verb: Verb::Insert,
            table,
            set: Vec::new(),
            sql,
            into,
            narrow: std::mem::take(&mut self.narrow),
        }))
    }

    fn row(&mut self) -> Res<String> {
        self.need_op("(", 906)?;
        let mut values = vec![self.stored()?];
        while self.take_op(",") {
            values.push(self.stored()?);
        }
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
        let table = self.table_name(903)?;
        let alias = self.alias()?;
        self.need("SET", 971)?;
        let mut set = Vec::new();
        let mut changes = Vec::new();
        loop {
            let columns = if self.is_op("(") {
                let names = self.names()?;
                let sql = format!("({})", listed(&names));
                set.extend(names);
                sql
            } else {
                let mut name = self.name(904)?;
                if self.take_op(".") {
                    name = self.name(904)?;
                }
                let sql = quoted(&name);
                set.push(name);
                sql
            };
            self.need_op("=", 927)?;
            if columns.starts_with('(') && !matches!(self.ahead(1), Some(Tok::Word(word)) if word == "SELECT") {
                return Err(ora(1767, "UPDATE ... SET expression must be a subquery").at(self.offset()));
            }
            changes.push(format!("{columns} = {}", self.stored()?));
            if !self.take_op(",") {
                break;
            }
        }
        let (named, filter) = self.target(&table, alias)?;
        let (returning, into) = self.returning()?;
        let sql = format!("UPDATE {named} SET {}{filter}{returning}", changes.join(", "));
        Ok(Plan::Dml(Dml { verb: Verb::Update, table, set, sql, into, narrow: std::mem::take(&mut self.narrow) }))
    }

    /// DELETE [FROM].
    pub fn delete(&mut self) -> Res<Plan> {
        self.at += 1;
        self.take("FROM");
        let table = self.table_name(903)?;
        let alias = self.alias()?;
        let (named, filter) = self.target(&table, alias)?;
        let (returning, into) = self.returning()?;
        let sql = format!("DELETE FROM {named}{filter}{returning}");
        Ok(Plan::Dml(Dml {
            verb: Verb::Delete,
            table,
            set: Vec::new(),
            sql,
            into,
            narrow: std::mem::take(&mut self.narrow),
        }))
    }

    fn target(&mut self, table: &str, alias: Option<String>) -> Res<(String, String)> {
        let alias = alias.map(|alias| format!(" AS {}", quoted(&alias))).unwrap_or_default();
        let filter = if self.take("WHERE") { format!(" WHERE {}", self.condition()?) } else { String::new() };
        if self.is("FROM") || self.is("LIMIT") {
            return Err(plain(933).at(self.offset()));
        }
        Ok((format!("{}{alias}", quoted(table)), filter))
    }
}
