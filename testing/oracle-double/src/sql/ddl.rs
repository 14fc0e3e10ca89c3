//! CREATE, ALTER, DROP.

use super::types::Kind;
use super::{Ddl, Parser, Plan, Tok, listed, quoted};
use crate::error::{Res, ora, unmodelled};

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
    pub not_null: bool,
    /// A UNIQUE constraint that could not stand in an added column.
    pub unique: Option<String>,
    /// Default, CHECK and REFERENCES, as SQLite takes them.
    rest: String,
}

impl Column {
    pub fn sql(&self, table: &str) -> String {
        let mut sql = format!("{} {}", quoted(&self.name), self.kind.declared());
        if self.not_null {
            sql += " NOT NULL";
        }
        sql += &self.rest;
        for (code, check) in self.kind.checks(&self.name) {
            sql += &format!(" CONSTRAINT [~{code}~{table}~{}] CHECK ({check})", self.name);
        }
        sql
    }
}

/// A constraint that has to be found again by what SQLite says of it.
#[derive(Clone, Debug)]
pub struct Constraint {
    pub name: String,
    /// `P`, `U`, `R`, `C`, as the dictionary has it.
    pub kind: char,
    pub columns: Vec<String>,
    /// The table that a foreign key refers to.
    pub parent: Option<String>,
    sql: String,
}

/// A table to be made.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    pub constraints: Vec<Constraint>,
    pub or_not: bool,
}

impl Table {
    pub fn sql(&self) -> String {
        let key = self.constraints.iter().find(|constraint| constraint.kind == 'P');
        let in_key = |name: &String| key.is_some_and(|key| key.columns.contains(name));
        let columns = self.columns.iter().map(|column| {
            // SQLite lets a primary key be NULL.
            Column { not_null: column.not_null || in_key(&column.name), ..column.clone() }.sql(&self.name)
        });
        // A foreign key that stands with its column has no text here: it is only in the list to be found again.
        let texts = self.constraints.iter().map(|constraint| constraint.sql.clone());
        let constraints = texts.filter(|text| !text.is_empty());
        format!("CREATE TABLE {} ({})", quoted(&self.name), columns.chain(constraints).collect::<Vec<_>>().join(", "))
    }
}

impl Parser<'_> {
    pub fn create(&mut self) -> Res<Plan> {
        self.at += 1;
        if self.take("TABLE") {
            return self.create_table();
        }
        let unique = self.take("UNIQUE");
        if self.take("INDEX") {
            return self.create_index(unique);
        }
        if self.is("SEQUENCE") || self.is("VIEW") || self.is("OR") || self.is("TRIGGER") || self.is("USER") {
            return unmodelled("this CREATE");
        }
        Err(self.refused(901))
    }

    fn create_table(&mut self) -> Res<Plan> {
        let or_not = self.or_not("IF NOT EXISTS")?;
        let mut table = Table { name: self.table_name(903)?, or_not, ..Table::default() };
        self.need_op("(", 922)?;
        loop {
            if self.is("CONSTRAINT")
                || self.is("PRIMARY")
                || self.is("UNIQUE")
                || self.is("CHECK")
                || self.is("FOREIGN")
            {
                let constraint = self.constraint(&table.name)?;
                table.constraints.push(constraint);
            } else {
                self.column_definition(&mut table)?;
            }
            if !self.take_op(",") {
                break;
            }
        }
        self.need_op(")", 907)?;
        self.table_options()?;
        let lob = |name: &String| {
            let kind = table.columns.iter().find(|column| column.name == *name).map(|column| &column.kind);
            matches!(kind, Some(Kind::Blob | Kind::Clob))
        };
        if table.constraints.iter().any(|key| "PU".contains(key.kind) && key.columns.iter().any(lob)) {
            return Err(ora(2329, "column of datatype LOB cannot be unique or a primary key"));
        }
        Ok(Plan::Ddl(Ddl::CreateTable(table)))
    }

    /// Skips clauses about the storage of a table, which the double ignores.
    fn table_options(&mut self) -> Res<()> {
        loop {
            if self.take("ORGANIZATION INDEX")
                || self.take("ORGANIZATION HEAP")
                || self.take("SEGMENT CREATION IMMEDIATE")
                || self.take("SEGMENT CREATION DEFERRED")
                || self.take("LOGGING")
                || self.take("NOLOGGING")
                || self.take("NOCOMPRESS")
                || self.take("COMPRESS")
                || self.take("CACHE")
                || self.take("NOCACHE")
            {
                continue;
            }
            if self.take("TABLESPACE") {
                self.name(922)?;
            } else if self.take("PCTFREE") {
                self.integer(922)?;
            } else if self.take("LOB") {
                self.names()?;
                self.need("STORE AS", 922)?;
                if !self.take("SECUREFILE") {
                    self.take("BASICFILE");
                }
                if self.take_op("(") {
                    while !self.take_op(")") {
                        if self.done() {
                            return Err(self.refused(907));
                        }
                        self.at += 1;
                    }
                }
            } else {
                return Ok(());
            }
        }
    }

    fn column_definition(&mut self, table: &mut Table) -> Res<()> {
        let name = self.name(904)?;
        let kind = self.data_type()?;
        self.defined.push((name.clone(), kind.clone()));
        let mut column = Column { name, kind, not_null: false, unique: None, rest: String::new() };
        if self.take("DEFAULT") {
            if self.take("ON NULL") {
                return unmodelled("DEFAULT ON NULL");
            }
            column.rest += &format!(" DEFAULT ({})", self.value()?);
        }
        loop {
            let named = if self.take("CONSTRAINT") { Some(self.name(904)?) } else { None };
            let name =
                |kind: &str| named.clone().unwrap_or_else(|| format!("SYS_{}_{}_{kind}", table.name, column.name));
            let columns = vec![column.name.clone()];
            if self.take("NOT NULL") {
                column.not_null = true;
            } else if self.take("NULL") {
            } else if self.take("PRIMARY KEY") {
                table.constraints.push(key(name("PK"), 'P', columns));
            } else if self.take("UNIQUE") {
                column.unique = Some(name("UK"));
                table.constraints.push(key(name("UK"), 'U', columns));
            } else if self.take("CHECK") {
                column.rest += &format!(" CONSTRAINT {} CHECK {}", quoted(&name("CK")), self.check()?);
            } else if self.is("REFERENCES") {
                let (sql, parent) = self.references()?;
                column.rest += &format!(" {sql}");
                let constraint =
                    Constraint { name: name("FK"), kind: 'R', columns, parent: Some(parent), sql: String::new() };
                table.constraints.push(constraint);
            } else if named.is_some() {
                return Err(self.refused(904));
            } else {
                break;
            }
            self.take("ENABLE");
        }
        table.columns.push(column);
        Ok(())
    }

    fn check(&mut self) -> Res<String> {
        self.need_op("(", 906)?;
        let condition = self.condition()?;
        self.need_op(")", 907)?;
        Ok(format!("({condition})"))
    }

    fn references(&mut self) -> Res<(String, String)> {
        self.need("REFERENCES", 905)?;
        let parent = self.table_name(903)?;
        let columns = if self.is_op("(") { format!(" ({})", listed(&self.names()?)) } else { String::new() };
        let action = if self.take("ON DELETE CASCADE") {
            " ON DELETE CASCADE"
        } else if self.take("ON DELETE SET NULL") {
            " ON DELETE SET NULL"
        } else {
            ""
        };
        if self.is("ON") {
            return Err(self.refused(905));
        }
        Ok((format!("REFERENCES {}{columns}{action}", quoted(&parent)), parent))
    }

    fn constraint(&mut self, table: &str) -> Res<Constraint> {
        let name = if self.take("CONSTRAINT") { self.name(904)? } else { format!("SYS_{table}_{}", self.at) };
        let made = if self.take("PRIMARY KEY") {
            key(name, 'P', self.names()?)
        } else if self.take("UNIQUE") {
            key(name, 'U', self.names()?)
        } else if self.take("CHECK") {
            let sql = format!("CONSTRAINT {} CHECK {}", quoted(&name), self.check()?);
            Constraint { name, kind: 'C', columns: Vec::new(), parent: None, sql }
        } else if self.take("FOREIGN KEY") {
            let columns = self.names()?;
            let (references, parent) = self.references()?;
            let sql = format!("CONSTRAINT {} FOREIGN KEY ({}) {references}", quoted(&name), listed(&columns));
            Constraint { name, kind: 'R', columns, parent: Some(parent), sql }
        } else {
            return Err(self.refused(904));
        };
        self.take("ENABLE");
        Ok(made)
    }

    fn create_index(&mut self, unique: bool) -> Res<Plan> {
        let or_not = self.or_not("IF NOT EXISTS")?;
        let name = self.table_name(953)?;
        self.need("ON", 969)?;
        let table = self.table_name(903)?;
        self.need_op("(", 906)?;
        let mut parts = Vec::new();
        let mut columns = Vec::new();
        loop {
            if let Some(Tok::Word(word)) = self.tok() {
                columns.push(word.clone());
            }
            let part = self.value()?;
            let down = self.take("DESC");
            self.take("ASC");
            parts.push(if down { format!("{part} DESC") } else { part });
            if !self.take_op(",") {
                break;
            }
        }
        self.need_op(")", 907)?;
        self.table_options()?;
        let kind = if unique { "UNIQUE " } else { "" };
        let sql = format!("CREATE {kind}INDEX {} ON {} ({})", quoted(&name), quoted(&table), parts.join(", "));
        Ok(Plan::Ddl(Ddl::CreateIndex { name, table, columns, unique, sql, or_not }))
    }

    /// ALTER TABLE ... ADD | DROP COLUMN; ALTER SESSION changes nothing here.
    pub fn alter(&mut self) -> Res<Plan> {
        self.at += 1;
        if self.take("SESSION") {
            self.at = self.tokens.len();
            return Ok(Plan::Nothing);
        }
        self.need("TABLE", 940)?;
        let name = self.table_name(903)?;
        if self.take("DROP COLUMN") {
            return Ok(Plan::Ddl(Ddl::DropColumn { table: name, column: self.name(904)? }));
        }
        if !self.take("ADD") {
            return unmodelled("this ALTER TABLE");
        }
        if self.is("CONSTRAINT") || self.is("UNIQUE") || self.is("CHECK") || self.is("FOREIGN") || self.is("PRIMARY") {
            let constraint = self.constraint(&name)?;
            return match constraint.kind {
                'U' => {
                    Ok(Plan::Ddl(Ddl::AddUnique { table: name, name: constraint.name, columns: constraint.columns }))
                }
                _ => unmodelled("ADD CONSTRAINT other than UNIQUE"),
            };
        }
        let mut table = Table { name, ..Table::default() };
        let many = self.take_op("(");
        loop {
            self.column_definition(&mut table)?;
            if !many || !self.take_op(",") {
                break;
            }
        }
        if many {
            self.need_op(")", 907)?;
        }
        Ok(Plan::Ddl(Ddl::AddColumns { table: table.name, columns: table.columns }))
    }

    pub fn drop(&mut self) -> Res<Plan> {
        self.at += 1;
        if self.take("INDEX") {
            let or_not = self.or_not("IF EXISTS")?;
            return Ok(Plan::Ddl(Ddl::DropIndex { name: self.table_name(953)?, or_not }));
        }
        if !self.take("TABLE") {
            return Err(self.refused(950));
        }
        let or_not = self.or_not("IF EXISTS")?;
        let name = self.table_name(903)?;
        let cascade = self.take("CASCADE CONSTRAINTS");
        self.take("PURGE");
        Ok(Plan::Ddl(Ddl::DropTable { name, cascade, or_not }))
    }

    /// COMMENT ON TABLE [schema.]table, or ON COLUMN [schema.]table.column, IS 'text'.
    pub fn comment(&mut self) -> Res<Plan> {
        self.at += 1;
        self.need("ON", 969)?;
        let on_column = self.take("COLUMN");
        if !on_column {
            self.need("TABLE", 905)?;
        }
        let mut names = vec![self.name(903)?];
        while self.take_op(".") {
            names.push(self.name(904)?);
        }
        let column = if on_column { names.pop() } else { None };
        let table = names.pop().ok_or_else(|| self.refused(904))?;
        self.need("IS", 905)?;
        let Some(Tok::Str(text)) = self.tok() else { return Err(self.refused(1780)) };
        self.at += 1;
        Ok(Plan::Ddl(Ddl::Comment { table, column, text: text.clone() }))
    }

    pub fn truncate(&mut self) -> Res<Plan> {
        self.at += 1;
        self.need("TABLE", 3290)?;
        Ok(Plan::Ddl(Ddl::Truncate { table: self.table_name(903)? }))
    }
}

/// A primary key or a unique constraint.
fn key(name: String, kind: char, columns: Vec<String>) -> Constraint {
    let what = if kind == 'P' { "PRIMARY KEY" } else { "UNIQUE" };
    let sql = format!("CONSTRAINT {} {what} ({})", quoted(&name), listed(&columns));
    Constraint { name, kind, columns, parent: None, sql }
}
