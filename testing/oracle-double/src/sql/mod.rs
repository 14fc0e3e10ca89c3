//! The subset of Oracle's SQL that the double supports.
//!
//! A tokenizer and a recursive-descent parser that writes SQLite's SQL as it reads Oracle's. There is no syntax tree:
//! input that the parser does not know is refused with Oracle's number, so nothing that only SQLite understands gets
//! through.

pub mod block;
mod ddl;
pub mod dictionary;
mod dml;
mod expression;
mod lex;
mod query;
mod types;

pub use lex::{Tok, Token, lex};

use crate::error::{OraError, Res, ora, plain, refuse, unmodelled};

/// A statement, ready to be run on SQLite.
#[derive(Clone, Debug)]
pub enum Plan {
    Query(Query),
    Dml(Dml),
    Ddl(Ddl),
    Block(block::Block),
    /// LOCK TABLE, and how many seconds it waits, if not for ever.
    Lock(String, Option<u64>),
    Commit,
    Rollback,
    /// A statement without effect here: ALTER SESSION, GRANT and so on.
    Nothing,
}

#[derive(Clone, Debug)]
pub struct Query {
    pub sql: String,
    /// FOR UPDATE, and how many seconds it waits for the lock, if not for ever.
    pub lock: Option<Option<u64>>,
    /// Bind slots that may not hold more than 4000 bytes.
    pub narrow: Vec<usize>,
}

/// The kind of a DML statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Insert,
    Update,
    Delete,
}

/// An INSERT, UPDATE or DELETE.
#[derive(Clone, Debug)]
pub struct Dml {
    pub verb: Verb,
    pub table: String,
    /// Columns that an UPDATE sets.
    pub set: Vec<String>,
    pub sql: String,
    /// The bind slots that RETURNING fills.
    pub into: Vec<usize>,
    /// Bind slots that may not hold more than 4000 bytes: all but those that are stored as they are.
    pub narrow: Vec<usize>,
}

/// A statement that changes the schema.
#[derive(Clone, Debug)]
pub enum Ddl {
    CreateTable(ddl::Table),
    CreateIndex {
        name: String,
        table: String,
        columns: Vec<String>,
        unique: bool,
        sql: String,
        or_not: bool,
    },
    AddColumns {
        table: String,
        columns: Vec<ddl::Column>,
    },
    AddUnique {
        table: String,
        name: String,
        columns: Vec<String>,
    },
    DropColumn {
        table: String,
        column: String,
    },
    DropTable {
        name: String,
        cascade: bool,
        or_not: bool,
    },
    DropIndex {
        name: String,
        or_not: bool,
    },
    Truncate {
        table: String,
    },
    /// COMMENT ON TABLE, or ON COLUMN.
    Comment {
        table: String,
        column: Option<String>,
        text: String,
    },
}

pub use ddl::{Column as ColumnDef, Table};
pub use types::Kind as TypeKind;

/// The kind of a statement, as OCI numbers it; 0 if it is none.
pub fn statement_type(tokens: &[Token]) -> u16 {
    let word = tokens.iter().find_map(|token| match &token.tok {
        Tok::Op("(") => None,
        Tok::Word(word) => Some(word.as_str()),
        _ => Some(""),
    });
    match word.unwrap_or_default() {
        "SELECT" | "WITH" => 1,
        "UPDATE" => 2,
        "DELETE" => 3,
        "INSERT" => 4,
        "CREATE" => 5,
        "DROP" => 6,
        "ALTER" => 7,
        "BEGIN" => 8,
        "DECLARE" => 9,
        "CALL" => 10,
        "EXPLAIN" => 15,
        "MERGE" => 16,
        "ROLLBACK" => 17,
        "COMMIT" => 21,
        _ => 0,
    }
}

/// The environment of the parser.
pub struct World<'a> {
    /// The server's version, 19 or 23.
    pub major: u8,
    /// The type of a column of that name, if all tables that have one agree: some types may be used in fewer places.
    pub kind_of: &'a dyn Fn(&str) -> Option<TypeKind>,
}

pub fn parse(tokens: &[Token], world: &World<'_>) -> Res<Plan> {
    let mut parser = Parser::new(tokens, world);
    let plan = match parser.word() {
        Some("BEGIN" | "DECLARE") => return block::parse(tokens, world),
        _ => parser.statement()?,
    };
    if parser.is_op(";") {
        return Err(plain(911).at(parser.offset()));
    }
    if !parser.done() {
        let code = if matches!(plan, Plan::Ddl(_)) { 922 } else { 933 };
        return Err(plain(code).at(parser.offset()));
    }
    Ok(plan)
}

/// Reads tokens, one after the other.
pub struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    world: &'a World<'a>,
    /// Columns of a table that is being defined.
    defined: Vec<(String, TypeKind)>,
    /// Bind slots that are part of an expression, not a value to be stored as it is.
    narrow: Vec<usize>,
    /// Inside a PL/SQL block, where SQL%ROWCOUNT and SQLCODE mean something.
    in_block: bool,
    /// The targets of PL/SQL's SELECT ... INTO.
    into: Option<Vec<usize>>,
}

/// Words that are no identifiers in Oracle.
const RESERVED: &[&str] = &[
    "ACCESS",
    "ADD",
    "ALL",
    "ALTER",
    "AND",
    "ANY",
    "AS",
    "ASC",
    "AUDIT",
    "BETWEEN",
    "BY",
    "CHAR",
    "CHECK",
    "CLUSTER",
    "COLUMN",
    "COMMENT",
    "COMPRESS",
    "CONNECT",
    "CREATE",
    "CURRENT",
    "DATE",
    "DECIMAL",
    "DEFAULT",
    "DELETE",
    "DESC",
    "DISTINCT",
    "DROP",
    "ELSE",
    "EXCLUSIVE",
    "EXISTS",
    "FILE",
    "FLOAT",
    "FOR",
    "FROM",
    "GRANT",
    "GROUP",
    "HAVING",
    "IDENTIFIED",
    "IMMEDIATE",
    "IN",
    "INCREMENT",
    "INDEX",
    "INITIAL",
    "INSERT",
    "INTEGER",
    "INTERSECT",
    "INTO",
    "IS",
    "LEVEL",
    "LIKE",
    "LOCK",
    "LONG",
    "MAXEXTENTS",
    "MINUS",
    "MODE",
    "MODIFY",
    "NOAUDIT",
    "NOCOMPRESS",
    "NOT",
    "NOWAIT",
    "NULL",
    "NUMBER",
    "OF",
    "OFFLINE",
    "ON",
    "ONLINE",
    "OPTION",
    "OR",
    "ORDER",
    "PCTFREE",
    "PRIOR",
    "PUBLIC",
    "RAW",
    "RENAME",
    "RESOURCE",
    "REVOKE",
    "ROW",
    "ROWID",
    "ROWNUM",
    "ROWS",
    "SELECT",
    "SESSION",
    "SET",
    "SHARE",
    "SIZE",
    "SMALLINT",
    "START",
    "SUCCESSFUL",
    "SYNONYM",
    "SYSDATE",
    "TABLE",
    "THEN",
    "TO",
    "TRIGGER",
    "UID",
    "UNION",
    "UNIQUE",
    "UPDATE",
    "USER",
    "VALIDATE",
    "VALUES",
    "VARCHAR",
    "VARCHAR2",
    "VIEW",
    "WHENEVER",
    "WHERE",
    "WITH",
];

impl<'a> Parser<'a> {
    /// A parser at the first token.
    pub fn new(tokens: &'a [Token], world: &'a World<'a>) -> Self {
        Self { tokens, at: 0, world, defined: Vec::new(), narrow: Vec::new(), in_block: false, into: None }
    }

    /// A statement other than a PL/SQL block.
    pub fn statement(&mut self) -> Res<Plan> {
        match self.word() {
            Some("SELECT" | "WITH") => Ok(Plan::Query(self.query()?)),
            None if self.is_op("(") => Ok(Plan::Query(self.query()?)),
            Some("INSERT") => self.insert(),
            Some("UPDATE") => self.update(),
            Some("DELETE") => self.delete(),
            Some("CREATE") => self.create(),
            Some("ALTER") => self.alter(),
            Some("DROP") => self.drop(),
            Some("TRUNCATE") => self.truncate(),
            Some("COMMENT") => self.comment(),
            Some("COMMIT") => {
                self.at += 1;
                self.take("WORK");
                Ok(Plan::Commit)
            }
            Some("ROLLBACK") => {
                self.at += 1;
                self.take("WORK");
                Ok(Plan::Rollback)
            }
            Some("LOCK") => self.lock_table(),
            Some("MERGE") => unmodelled("MERGE"),
            Some("CALL" | "EXPLAIN" | "SAVEPOINT" | "SET" | "GRANT" | "REVOKE") => unmodelled("this statement"),
            _ => refuse(900),
        }
    }

    fn tok(&self) -> Option<&'a Tok> {
        self.tokens.get(self.at).map(|token| &token.tok)
    }

    fn ahead(&self, by: usize) -> Option<&'a Tok> {
        self.tokens.get(self.at + by).map(|token| &token.tok)
    }

    fn done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    fn offset(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(0, |token| token.at)
    }

    /// The word at hand, in capitals.
    fn word(&self) -> Option<&'a str> {
        match self.tok() {
            Some(Tok::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn is(&self, word: &str) -> bool {
        self.word() == Some(word)
    }

    fn is_op(&self, op: &str) -> bool {
        matches!(self.tok(), Some(Tok::Op(found)) if *found == op)
    }

    /// Takes the words if they are all there.
    fn take(&mut self, words: &str) -> bool {
        let all =
            words.split(' ').enumerate().all(|(by, word)| matches!(self.ahead(by), Some(Tok::Word(w)) if w == word));
        if all {
            self.at += words.split(' ').count();
        }
        all
    }

    fn take_op(&mut self, op: &str) -> bool {
        let there = self.is_op(op);
        self.at += usize::from(there);
        there
    }

    fn refused(&self, code: i32) -> OraError {
        plain(code).at(self.offset())
    }

    fn need(&mut self, words: &str, code: i32) -> Res<()> {
        if self.take(words) { Ok(()) } else { Err(self.refused(code)) }
    }

    fn need_op(&mut self, op: &str, code: i32) -> Res<()> {
        if self.take_op(op) { Ok(()) } else { Err(self.refused(code)) }
    }

    /// A name, in capitals unless it was quoted.
    fn name(&mut self, code: i32) -> Res<String> {
        let name = match self.tok() {
            Some(Tok::Word(word)) if RESERVED.contains(&word.as_str()) => {
                return Err(ora(code, format!("{word}: {}", plain(code).text)).at(self.offset()));
            }
            Some(Tok::Word(word)) => word.clone(),
            Some(Tok::Quoted(name)) => name.clone(),
            _ => return Err(self.refused(code)),
        };
        if name.len() > 128 {
            return Err(self.refused(972));
        }
        self.at += 1;
        Ok(name)
    }

    /// The name of a table, without its schema.
    fn table_name(&mut self, code: i32) -> Res<String> {
        let mut name = self.name(code)?;
        if self.take_op(".") {
            name = self.name(code)?;
        }
        Ok(name)
    }

    /// `(name, name, ...)`.
    fn names(&mut self) -> Res<Vec<String>> {
        self.need_op("(", 906)?;
        let mut names = vec![self.name(904)?];
        while self.take_op(",") {
            names.push(self.name(904)?);
        }
        self.need_op(")", 907)?;
        Ok(names)
    }

    fn integer(&mut self, code: i32) -> Res<u64> {
        let number = match self.tok() {
            Some(Tok::Num(text)) => text.parse().ok(),
            _ => None,
        };
        self.at += 1;
        number.ok_or_else(|| self.refused(code))
    }

    /// `IF NOT EXISTS` and `IF EXISTS`, which 19c does not know.
    fn or_not(&mut self, words: &str) -> Res<bool> {
        if !self.is("IF") {
            return Ok(false);
        }
        if self.world.major < 23 {
            return Err(self.refused(if words == "IF EXISTS" { 933 } else { 922 }));
        }
        self.need(words, 922)?;
        Ok(true)
    }
}

/// A name as SQLite takes it: in brackets, which never mean a string.
pub fn quoted(name: &str) -> String {
    format!("[{}]", name.replace(']', "_"))
}

/// Names in brackets, with commas.
pub fn listed(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}
