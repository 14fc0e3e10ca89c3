//! The subset of PL/SQL that the double supports: blocks that are plain lists of statements, IF, and exception
//! handlers.

use super::{Dml, Parser, Plan, Tok, Token, World};
use crate::error::{OraError, Res, ora};

/// BEGIN ... [EXCEPTION ...] END.
#[derive(Clone, Debug, Default)]
pub struct Block {
    pub pieces: Vec<Piece>,
    pub handlers: Vec<Handler>,
}

#[derive(Clone, Debug)]
pub struct Handler {
    /// The errors it is for; empty for OTHERS.
    pub codes: Vec<i32>,
    pub pieces: Vec<Piece>,
}

/// One statement of a block. SQL may hold `{ROWCOUNT}` and `{SQLCODE}`, to be filled in when it is run.
#[derive(Clone, Debug)]
pub enum Piece {
    Dml(Dml),
    /// SELECT ... INTO; whether it is FOR UPDATE, and how long it waits.
    Into {
        sql: String,
        slots: Vec<usize>,
        lock: Option<Option<u64>>,
    },
    /// `:slot := value`.
    Assign {
        slot: usize,
        sql: String,
    },
    If {
        arms: Vec<(String, Vec<Piece>)>,
        otherwise: Vec<Piece>,
    },
    Commit,
    Rollback,
    /// EXECUTE IMMEDIATE of a literal.
    Immediate(String),
    Nested(Block),
    Raise,
    Null,
}

/// Reads a block. What does not compile is ORA-06550, whatever is wrong inside.
pub fn parse(tokens: &[Token], world: &World<'_>) -> Res<Plan> {
    let mut parser = Parser::new(tokens, world);
    parser.in_block = true;
    let parsed = parser.block().and_then(|block| if parser.done() { Ok(block) } else { Err(parser.refused(6550)) });
    parsed.map(Plan::Block).map_err(uncompiled)
}

/// The refusal of a block that does not compile.
pub fn uncompiled(error: OraError) -> OraError {
    let place = format!("line 1, column {}:\nPL/SQL: {error}", error.offset + 1);
    ora(6550, place).at(error.offset)
}

impl Parser<'_> {
    /// From BEGIN to `END;`.
    fn block(&mut self) -> Res<Block> {
        self.need("BEGIN", 6550)?;
        let pieces = self.pieces()?;
        let mut handlers = Vec::new();
        if self.take("EXCEPTION") {
            while self.take("WHEN") {
                let mut codes = vec![self.exception()?];
                while self.take("OR") {
                    codes.push(self.exception()?);
                }
                self.need("THEN", 6550)?;
                codes.retain(|code| *code != 0);
                handlers.push(Handler { codes, pieces: self.pieces()? });
            }
        }
        self.need("END", 6550)?;
        self.need_op(";", 6550)?;
        Ok(Block { pieces, handlers })
    }

    fn exception(&mut self) -> Res<i32> {
        let code = match self.word() {
            Some("OTHERS") => 0,
            Some("DUP_VAL_ON_INDEX") => 1,
            Some("NO_DATA_FOUND") => 1403,
            Some("TOO_MANY_ROWS") => 1422,
            _ => return Err(self.refused(6550)),
        };
        self.at += 1;
        Ok(code)
    }

    fn pieces(&mut self) -> Res<Vec<Piece>> {
        let mut pieces = Vec::new();
        loop {
            match self.word() {
                Some("END" | "EXCEPTION" | "WHEN" | "ELSE" | "ELSIF") if !pieces.is_empty() => return Ok(pieces),
                Some("BEGIN") => pieces.push(Piece::Nested(self.block()?)),
                Some("IF") => pieces.push(self.branch()?),
                _ => {
                    pieces.push(self.piece()?);
                    self.need_op(";", 6550)?;
                }
            }
        }
    }

    fn branch(&mut self) -> Res<Piece> {
        self.at += 1;
        let mut arms = Vec::new();
        let mut otherwise = Vec::new();
        loop {
            let condition = self.condition()?;
            self.need("THEN", 6550)?;
            arms.push((condition, self.pieces()?));
            if !self.take("ELSIF") {
                break;
            }
        }
        if self.take("ELSE") {
            otherwise = self.pieces()?;
        }
        self.need("END IF", 6550)?;
        self.need_op(";", 6550)?;
        Ok(Piece::If { arms, otherwise })
    }

    fn piece(&mut self) -> Res<Piece> {
        if let Some(Tok::Bind(_, slot)) = self.tok() {
            self.at += 1;
            self.need_op(":=", 6550)?;
            return Ok(Piece::Assign { slot: *slot, sql: self.value()? });
        }
        if self.take("NULL") {
            return Ok(Piece::Null);
        }
        if self.take("RAISE") {
            return Ok(Piece::Raise);
        }
        if self.take("EXECUTE IMMEDIATE") {
            let Some(Tok::Str(text)) = self.tok() else { return Err(self.refused(6550)) };
            self.at += 1;
            return Ok(Piece::Immediate(text.clone()));
        }
        self.into = None;
        let begin = self.offset();
        match self.statement()? {
            Plan::Dml(dml) => Ok(Piece::Dml(dml)),
            Plan::Commit => Ok(Piece::Commit),
            Plan::Rollback => Ok(Piece::Rollback),
            Plan::Query(query) => match self.into.take() {
                Some(slots) => Ok(Piece::Into { sql: query.sql, slots, lock: query.lock }),
                None => Err(ora(428, "an INTO clause is expected in this SELECT statement").at(begin)),
            },
            _ => Err(self.refused(6550)),
        }
    }
}
