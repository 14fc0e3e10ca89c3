//! Running PL/SQL blocks. An error undoes what a block has changed since its last COMMIT.

use std::time::Instant;

use rusqlite::types::Value;

use crate::error::{Res, plain, unmodelled};
use crate::run;
use crate::session::DbGuard;
use crate::sql::block::{Piece, uncompiled};
use crate::sql::{Dml, filled};

/// Runs a block; `values` are its bind variables, in and out. Answers which of them it has set.
pub fn run(
    db: &mut DbGuard<'_>,
    block: &[Piece],
    values: &mut Vec<Value>,
    deadline: Option<Instant>,
) -> Res<Vec<usize>> {
    if db.writing() {
        return Err(unmodelled("a block inside of an open transaction"));
    }
    understood(db, block)?;
    let mut machine = Machine { db, values, set: Vec::new(), row_count: 0, deadline };
    let done = machine.pieces(block);
    let set = machine.set;
    done.inspect_err(|_| db.undo()).map(|()| set)
}

/// PL/SQL compiles a whole block before it runs any of it.
fn understood(db: &DbGuard<'_>, pieces: &[Piece]) -> Res<()> {
    pieces.iter().try_for_each(|piece| match piece {
        Piece::Dml(dml) => run::understood(db, &filled(&dml.sql, 0)).map_err(uncompiled),
        Piece::If(condition, pieces) => {
            run::understood(db, &format!("SELECT {}", filled(condition, 0))).map_err(uncompiled)?;
            understood(db, pieces)
        }
        Piece::Commit => Ok(()),
    })
}

struct Machine<'a, 'db> {
    db: &'a mut DbGuard<'db>,
    values: &'a mut Vec<Value>,
    /// Slots that the block has set.
    set: Vec<usize>,
    row_count: u64,
    deadline: Option<Instant>,
}

impl Machine<'_, '_> {
    fn pieces(&mut self, pieces: &[Piece]) -> Res<()> {
        for piece in pieces {
            match piece {
                Piece::If(condition, pieces) => {
                    let condition = filled(condition, self.row_count);
                    if run::value(self.db, &condition, self.values)? == Value::Integer(1) {
                        self.pieces(pieces)?;
                    }
                }
                Piece::Dml(dml) => {
                    let dml = Dml { sql: filled(&dml.sql, self.row_count), ..dml.clone() };
                    let done = run::dml(self.db, &dml, self.values, self.deadline)?;
                    self.row_count = done.count;
                    if done.returned.len() > 1 {
                        return Err(plain(1422));
                    }
                    for (slot, value) in dml.into.iter().zip(done.returned.into_iter().flatten()) {
                        self.values[*slot] = value;
                        self.set.push(*slot);
                    }
                }
                Piece::Commit => self.db.commit()?,
            }
        }
        Ok(())
    }
}
