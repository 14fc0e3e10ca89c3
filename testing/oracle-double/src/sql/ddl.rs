//! CREATE, ALTER, DROP, COMMENT.

use super::types::Kind;
use super::{Parser, Plan, Tok, in_parentheses, quoted};
use crate::error::{Res, ora};

impl Parser<'_> {
    pub fn create(&mut self) -> Res<Plan> {
        self.at += 1;
        if self.take("TABLE") {
            return self.create_table();
        }
        if !self.take("INDEX") {
            return Err(self.refused(901));
        }
        let or_not = self.if_exists("IF NOT EXISTS")?;
        let name = quoted(&self.name(953)?);
        self.need("ON", 969)?;
        let table = quoted(&self.name(903)?);
        Ok(Plan::Ddl(format!("CREATE INDEX {or_not} {name} ON {table} {}", in_parentheses(&self.names()?))))
    }

    fn create_table(&mut self) -> Res<Plan> {
        let or_not = self.if_exists("IF NOT EXISTS")?;
        let name = quoted(&self.name(903)?);
        self.need_op("(", 922)?;
        let parts = self.list(|parser| if parser.is("CONSTRAINT") { parser.constraint() } else { parser.column() })?;
        self.need_op(")", 907)?;
        Ok(Plan::Ddl(format!("CREATE TABLE {or_not} {name} ({})", parts.join(", "))))
    }

    /// A column with its constraints.
    fn column(&mut self) -> Res<String> {
        let name = self.name(904)?;
        let kind = self.data_type()?;
        if kind == Kind::Blob {
            self.lobs.push(name.clone());
        }
        let mut sql = format!("{} {}", quoted(&name), kind.declared());
        if self.take("DEFAULT") {
            sql += &format!(" DEFAULT {}", self.integer(936)?);
        }
        loop {
            let named = self.take("CONSTRAINT");
            if named {
                sql += &format!(" CONSTRAINT {}", quoted(&self.name(904)?));
            }
            if self.take("NOT NULL") {
                sql += " NOT NULL";
            } else if self.take("PRIMARY KEY") {
                // SQLite lets a primary key be NULL.
                sql += " PRIMARY KEY NOT NULL";
                self.no_key(&name)?;
            } else if self.take("UNIQUE") {
                sql += " UNIQUE";
                self.no_key(&name)?;
            } else if self.take("CHECK") {
                sql += &self.check()?;
            } else if self.is("REFERENCES") {
                sql += &self.references()?;
            } else if named {
                return Err(self.refused(904));
            } else {
                return Ok(sql + &kind.checks(&name));
            }
        }
    }

    /// Refuses a column that cannot be part of a key.
    fn no_key(&self, column: &String) -> Res<()> {
        let lob = ora(2329, format!("{column} is a LOB: it cannot be unique or a primary key"));
        if self.lobs.contains(column) { Err(lob) } else { Ok(()) }
    }

    /// The columns of a key.
    fn key(&mut self) -> Res<Vec<String>> {
        let names = self.names()?;
        names.iter().try_for_each(|name| self.no_key(name))?;
        Ok(names)
    }

    fn check(&mut self) -> Res<String> {
        self.need_op("(", 906)?;
        let condition = self.condition()?;
        self.need_op(")", 907)?;
        Ok(format!(" CHECK ({condition})"))
    }

    fn references(&mut self) -> Res<String> {
        self.need("REFERENCES", 905)?;
        let parent = quoted(&self.name(903)?);
        let columns = in_parentheses(&self.names()?);
        let action = if self.take("ON DELETE CASCADE") { " ON DELETE CASCADE" } else { "" };
        if self.is("ON") {
            return Err(self.refused(905));
        }
        Ok(format!(" REFERENCES {parent} {columns}{action}"))
    }

    /// CONSTRAINT name ..., of a table.
    fn constraint(&mut self) -> Res<String> {
        self.at += 1;
        let name = quoted(&self.name(904)?);
        let sql = if self.take("PRIMARY KEY") {
            // SQLite lets a primary key be NULL.
            let names = self.key()?;
            let filled = |name: &String| format!(", CONSTRAINT [~1400~{name}] CHECK ({} IS NOT NULL)", quoted(name));
            format!(" PRIMARY KEY {}{}", in_parentheses(&names), names.iter().map(filled).collect::<String>())
        } else if self.take("UNIQUE") {
            format!(" UNIQUE {}", in_parentheses(&self.key()?))
        } else if self.take("CHECK") {
            self.check()?
        } else if self.take("FOREIGN KEY") {
            format!(" FOREIGN KEY {}{}", in_parentheses(&self.names()?), self.references()?)
        } else {
            return Err(self.refused(904));
        };
        Ok(format!("CONSTRAINT {name}{sql}"))
    }

    /// ALTER TABLE ... ADD | DROP COLUMN.
    pub fn alter(&mut self) -> Res<Plan> {
        self.at += 1;
        self.need("TABLE", 940)?;
        let table = quoted(&self.name(903)?);
        if self.take("DROP COLUMN") {
            return Ok(Plan::Ddl(format!("ALTER TABLE {table} DROP COLUMN {}", quoted(&self.name(904)?))));
        }
        self.need("ADD", 1735)?;
        Ok(Plan::Ddl(format!("ALTER TABLE {table} ADD COLUMN {}", self.column()?)))
    }

    pub fn drop_table(&mut self) -> Res<Plan> {
        self.at += 1;
        self.need("TABLE", 950)?;
        let or_not = self.if_exists("IF EXISTS")?;
        let name = quoted(&self.name(903)?);
        self.take("CASCADE CONSTRAINTS");
        self.take("PURGE");
        Ok(Plan::Ddl(format!("DROP TABLE {or_not} {name}")))
    }

    /// COMMENT ON TABLE table, or ON COLUMN table.column, IS 'text'. Table and column must exist.
    pub fn comment(&mut self) -> Res<Plan> {
        self.at += 1;
        self.need("ON", 969)?;
        let on_column = self.take("COLUMN");
        if !on_column {
            self.need("TABLE", 905)?;
        }
        let table = self.name(903)?;
        let mut column = String::new();
        if on_column {
            self.need_op(".", 904)?;
            column = self.name(904)?;
        }
        self.need("IS", 905)?;
        let Some(Tok::Str(text)) = self.tok() else { return Err(self.refused(1780)) };
        self.at += 1;
        let wanted = if on_column { quoted(&column) } else { "1".to_owned() };
        let text = text.replace('\'', "''");
        Ok(Plan::Ddl(format!(
            "SELECT {wanted} FROM {} WHERE 0; REPLACE INTO ora$comments VALUES ('{table}', '{column}', '{text}')",
            quoted(&table)
        )))
    }
}
