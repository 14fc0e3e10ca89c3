//! The subset of PL/SQL that the double supports: a block of DML, COMMIT, and IF around them.

use super::{Dml, Parser, Plan};
use crate::error::{OraError, Res, ora};

/// One statement of a block. SQL may hold `{ROWCOUNT}`, to be filled in when it is run.
#[derive(Clone, Debug)]
pub enum Piece {
    Dml(Dml),
    /// A condition, and what is done if it is true.
    If(String, Vec<Piece>),
    Commit,
}

/// The refusal of a block that does not compile: ORA-06550, whatever is wrong inside.
pub fn uncompiled(error: OraError) -> OraError {
    if error.code == 3001 {
        return error;
    }
    OraError { offset: error.offset, ..ora(6550, format!("line 1, column {}:\nPL/SQL: {error}", error.offset + 1)) }
}

impl Parser<'_> {
    /// From BEGIN to `END;`.
    pub fn whole_block(&mut self) -> Res<Plan> {
        self.in_block = true;
        self.block().map(Plan::Block).map_err(uncompiled)
    }

    fn block(&mut self) -> Res<Vec<Piece>> {
        self.need("BEGIN", 6550)?;
        let pieces = self.pieces()?;
        self.need("END", 6550)?;
        self.need_op(";", 6550)?;
        if self.tok().is_some() { Err(self.refused(6550)) } else { Ok(pieces) }
    }

    fn pieces(&mut self) -> Res<Vec<Piece>> {
        let mut pieces = Vec::new();
        while pieces.is_empty() || !self.is("END") {
            let piece = if self.take("COMMIT") {
                Piece::Commit
            } else if self.take("IF") {
                let condition = self.condition()?;
                self.need("THEN", 6550)?;
                let pieces = self.pieces()?;
                self.need("END IF", 6550)?;
                Piece::If(condition, pieces)
            } else {
                match self.statement()? {
                    Plan::Dml(dml) => Piece::Dml(dml),
                    _ => return Err(self.refused(6550)),
                }
            };
            self.need_op(";", 6550)?;
            pieces.push(piece);
        }
        Ok(pieces)
    }
}
