//! The subset of Oracle's SQL that the double supports: what the driver's statements are made of.
//!
//! A tokenizer and a recursive-descent parser that writes SQLite's SQL as it reads Oracle's. There is no syntax tree:
//! input that the parser does not know is refused with Oracle's number, so nothing that only SQLite understands gets
//! through. Words of Oracle's that it has no code for are refused with ORA-03001.

pub mod block;
mod ddl;
pub mod dictionary;
mod dml;
mod expression;
mod lex;
mod query;
mod types;

pub use lex::{Tok, Token, lex};
pub use types::Kind as TypeKind;

use crate::error::{OraError, Res, ora, unmodelled};

/// A statement, ready to be run on SQLite.
#[derive(Clone, Debug)]
pub enum Plan {
    Query(Query),
    Dml(Dml),
    /// A statement that changes the schema, or would in Oracle.
    Ddl(String),
    Block(Vec<block::Piece>),
}

#[derive(Clone, Debug)]
pub struct Query {
    pub sql: String,
    /// FOR UPDATE.
    pub lock: bool,
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
    pub sql: String,
    /// The bind slots that RETURNING fills.
    pub into: Vec<usize>,
    /// Bind slots that may not hold more than 4000 bytes: all but those that are stored as they are.
    pub narrow: Vec<usize>,
}

/// The kind of a statement by its first word, as OCI numbers it; 0 for every other one.
pub fn statement_type(sql: &str) -> u16 {
    let word = sql.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or_default();
    match word.to_uppercase().as_str() {
        "SELECT" => 1,
        "UPDATE" => 2,
        "DELETE" => 3,
        "INSERT" => 4,
        "CREATE" => 5,
        "DROP" => 6,
        "ALTER" => 7,
        "BEGIN" => 8,
        _ => 0,
    }
}

/// SQL of a block with SQL%ROWCOUNT filled in.
pub fn filled(sql: &str, row_count: u64) -> String {
    sql.replace("{ROWCOUNT}", &row_count.to_string())
}

/// The environment of the parser.
pub struct World<'a> {
    /// The server's version, 19 or 23.
    pub major: u8,
    /// Returns true if columns of that name are LOBs, which may be used in fewer places.
    pub is_lob: &'a dyn Fn(&str) -> bool,
}

pub fn parse(tokens: &[Token], world: &World<'_>) -> Res<Plan> {
    let mut parser =
        Parser { tokens, at: 0, world, narrow: Vec::new(), lobs: Vec::new(), in_block: false, in_groups: false };
    if parser.is("BEGIN") {
        return parser.whole_block();
    }
    let plan = parser.statement()?;
    match parser.tok() {
        None => Ok(plan),
        Some(Tok::Op(";")) => Err(parser.refused(911)),
        Some(_) => Err(parser.refused(if matches!(plan, Plan::Ddl(_)) { 922 } else { 933 })),
    }
}

/// Reads tokens, one after the other.
struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    world: &'a World<'a>,
    /// Bind slots that are part of an expression, not a value to be stored as it is.
    narrow: Vec<usize>,
    /// LOB columns of the table that is being made.
    lobs: Vec<String>,
    /// Inside a PL/SQL block, where SQL%ROWCOUNT and RETURNING mean something.
    in_block: bool,
    /// The query at hand has an aggregate.
    in_groups: bool,
}

/// Words that are no identifiers in Oracle.
const RESERVED: &str = " ACCESS ADD ALL ALTER AND ANY AS ASC AUDIT BETWEEN BY CHAR CHECK CLUSTER COLUMN COMMENT COMPRESS \
    CONNECT CREATE CURRENT DATE DECIMAL DEFAULT DELETE DESC DISTINCT DROP ELSE EXCLUSIVE EXISTS FILE FLOAT FOR FROM \
    GRANT GROUP HAVING IDENTIFIED IMMEDIATE IN INCREMENT INDEX INITIAL INSERT INTEGER INTERSECT INTO IS LEVEL LIKE LOCK \
    LONG MAXEXTENTS MINUS MODE MODIFY NOAUDIT NOCOMPRESS NOT NOWAIT NULL NUMBER OF OFFLINE ON ONLINE OPTION OR ORDER \
    PCTFREE PRIOR PUBLIC RAW RENAME RESOURCE REVOKE ROW ROWID ROWNUM ROWS SELECT SESSION SET SHARE SIZE SMALLINT START \
    SUCCESSFUL SYNONYM SYSDATE TABLE THEN TO TRIGGER UID UNION UNIQUE UPDATE USER VALIDATE VALUES VARCHAR VARCHAR2 VIEW \
    WHENEVER WHERE WITH ";

/// Words of Oracle's, where the parser has no code for them.
const UNMODELLED: &str = " ANY BETWEEN CALL CASE CAST CLOB CONNECT CROSS DECLARE DECODE DISTINCT EXCEPTION EXECUTE EXISTS EXPLAIN \
    FULL GRANT GROUP HAVING IN INNER INTERSECT JOIN LIKE LISTAGG LOCK LOOP MERGE MINUS NATURAL NOWAIT OFFSET PRIOR RAISE \
    REVOKE RIGHT ROLLBACK ROWNUM SAVEPOINT SEQUENCE SKIP SYSDATE SYSTIMESTAMP TIMESTAMP TRIGGER TRUNCATE UNION USER USING \
    VIEW WAIT WITH ";

/// Returns true if a list has the word.
fn listed(list: &str, word: &str) -> bool {
    list.contains(&format!(" {word} "))
}

impl<'a> Parser<'a> {
    /// A statement other than a PL/SQL block.
    fn statement(&mut self) -> Res<Plan> {
        let Some(word) = self.word() else { return Err(self.refused(900)) };
        match word {
            "SELECT" => Ok(Plan::Query(self.query()?)),
            "INSERT" => self.insert(),
            "UPDATE" => self.update(),
            "DELETE" => self.delete(),
            "CREATE" => self.create(),
            "ALTER" => self.alter(),
            "DROP" => self.drop_table(),
            "COMMENT" => self.comment(),
            _ => Err(self.refused(900)),
        }
    }

    fn tok(&self) -> Option<&'a Tok> {
        self.ahead(0)
    }

    fn ahead(&self, by: usize) -> Option<&'a Tok> {
        self.tokens.get(self.at + by).map(|token| &token.tok)
    }

    fn offset(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(0, |token| token.at)
    }

    /// The word at hand, in capitals.
    fn word(&self) -> Option<&'a str> {
        if let Some(Tok::Word(word)) = self.tok() { Some(word) } else { None }
    }

    fn is(&self, word: &str) -> bool {
        self.word() == Some(word)
    }

    fn is_op(&self, op: &str) -> bool {
        matches!(self.tok(), Some(Tok::Op(found)) if *found == op)
    }

    /// Takes the words if they are all there.
    fn take(&mut self, words: &str) -> bool {
        let mut all = words.split(' ').enumerate();
        let there = all.all(|(by, word)| matches!(self.ahead(by), Some(Tok::Word(w)) if w == word));
        self.at += if there { words.split(' ').count() } else { 0 };
        there
    }

    fn take_op(&mut self, op: &str) -> bool {
        let there = self.is_op(op);
        self.at += usize::from(there);
        there
    }

    /// A refusal of the token at hand.
    fn refused(&self, code: i32) -> OraError {
        let refusal = match self.tok() {
            Some(Tok::Word(word)) if listed(UNMODELLED, word) => unmodelled(word),
            Some(Tok::Op("*")) => unmodelled("*"),
            Some(tok) => ora(code, format!("the double's parser stops at {tok:?}")),
            None => ora(code, "the double's parser expects more"),
        };
        OraError { offset: self.offset(), ..refusal }
    }

    fn need(&mut self, words: &str, code: i32) -> Res<()> {
        if self.take(words) { Ok(()) } else { Err(self.refused(code)) }
    }

    fn need_op(&mut self, op: &str, code: i32) -> Res<()> {
        if self.take_op(op) { Ok(()) } else { Err(self.refused(code)) }
    }

    /// A name, in capitals.
    fn name(&mut self, code: i32) -> Res<String> {
        match self.tok() {
            Some(Tok::Word(word)) if !listed(RESERVED, word) => {
                self.at += 1;
                Ok(word.clone())
            }
            _ => Err(self.refused(code)),
        }
    }

    /// Things with commas between them.
    fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Res<T>) -> Res<Vec<T>> {
        let mut all = vec![one(self)?];
        while self.take_op(",") {
            all.push(one(self)?);
        }
        Ok(all)
    }

    /// `(name, name, ...)`.
    fn names(&mut self) -> Res<Vec<String>> {
        self.need_op("(", 906)?;
        let names = self.list(|parser| parser.name(904))?;
        self.need_op(")", 907)?;
        Ok(names)
    }

    fn integer(&mut self, code: i32) -> Res<u32> {
        let Some(Tok::Num(text)) = self.tok() else { return Err(self.refused(code)) };
        let number = text.parse().map_err(|_| self.refused(code))?;
        self.at += 1;
        Ok(number)
    }

    /// `IF NOT EXISTS` and `IF EXISTS`, which 19c does not know; for SQLite.
    fn if_exists(&mut self, words: &'static str) -> Res<&'static str> {
        if !self.is("IF") {
            return Ok("");
        }
        let code = if words == "IF EXISTS" { 933 } else { 922 };
        if self.world.major < 23 {
            return Err(self.refused(code));
        }
        self.need(words, code)?;
        Ok(words)
    }
}

/// A name as SQLite takes it: in brackets, which never mean a string.
fn quoted(name: &str) -> String {
    format!("[{name}]")
}

/// Names as SQLite takes them, in parentheses.
fn in_parentheses(names: &[String]) -> String {
    format!("({})", names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "))
}
