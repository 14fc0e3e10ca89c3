//! Running PL/SQL blocks. An error that leaves a block rolls back the changes of the block, and nothing else.

use std::time::Instant;

use rusqlite::types::Value;

use crate::ddl;
use crate::error::{OraError, Res, ora, plain};
use crate::run;
use crate::session::DbGuard;
use crate::sql::block::{Block, Piece, uncompiled};
use crate::sql::{self, Plan, Query, World};

/// Runs a block; `values` are its bind variables, in and out. Answers which of them it has set.
pub fn run(db: &mut DbGuard<'_>, block: &Block, values: &mut Vec<Value>, deadline: Option<Instant>) -> Res<Vec<bool>> {
    understood(db, block)?;
    let set = vec![false; values.len()];
    let before = db.total_changes();
    let mut machine = Machine { db, values, set, rowcount: 0, deadline, mark: false, begun: false, locked: false };
    let done = machine.block(block, 0);
    let (set, begun, mark, locked) = (machine.set, machine.begun, machine.mark, machine.locked);
    let idle = db.total_changes() == before && !locked;
    match done {
        Ok(()) => {
            if mark {
                db.execute_batch("RELEASE block").map_err(|error| ora(600, error.to_string()))?;
            }
            if begun && idle {
                db.undo();
            }
            Ok(set)
        }
        Err(refusal) => {
            if begun {
                db.undo();
            } else if mark {
                db.execute_batch("ROLLBACK TO block; RELEASE block").map_err(|error| ora(600, error.to_string()))?;
            }
            Err(refusal)
        }
    }
}

/// PL/SQL compiles a whole block before it runs any of it.
fn understood(db: &DbGuard<'_>, block: &Block) -> Res<()> {
    let all = block.pieces.iter().chain(block.handlers.iter().flat_map(|handler| &handler.pieces));
    all.into_iter().try_for_each(|piece| piece_understood(db, piece))
}

fn piece_understood(db: &DbGuard<'_>, piece: &Piece) -> Res<()> {
    let check = |sql: &str| run::understood(db, &filled(sql, 0, 0)).map_err(uncompiled);
    match piece {
        Piece::Dml(dml) => check(&dml.sql),
        Piece::Into { sql, .. } => check(sql),
        Piece::Assign { sql, .. } => check(&format!("SELECT {sql}")),
        Piece::Nested(block) => understood(db, block),
        Piece::If { arms, otherwise } => {
            for (condition, pieces) in arms {
                check(&format!("SELECT {condition}"))?;
                pieces.iter().try_for_each(|piece| piece_understood(db, piece))?;
            }
            otherwise.iter().try_for_each(|piece| piece_understood(db, piece))
        }
        Piece::Commit | Piece::Rollback | Piece::Immediate(_) | Piece::Raise | Piece::Null => Ok(()),
    }
}

/// SQL with SQL%ROWCOUNT and SQLCODE filled in.
fn filled(sql: &str, rowcount: u64, code: i32) -> String {
    sql.replace("{ROWCOUNT}", &rowcount.to_string()).replace("{SQLCODE}", &format!("({code})"))
}

struct Machine<'a, 'db> {
    db: &'a mut DbGuard<'db>,
    values: &'a mut Vec<Value>,
    set: Vec<bool>,
    rowcount: u64,
    deadline: Option<Instant>,
    /// The savepoint `block` stands.
    mark: bool,
    /// The open transaction was opened by this block.
    begun: bool,
    /// A row was locked, so the transaction stays open though nothing has changed.
    locked: bool,
}

impl Machine<'_, '_> {
    /// Opens a transaction if need be, and marks where the block begins in it.
    fn write(&mut self) -> Res<()> {
        self.begun |= self.db.begin(self.deadline, 3136)?;
        if !self.mark {
            self.db.execute_batch("SAVEPOINT block").map_err(|error| ora(600, error.to_string()))?;
            self.mark = true;
        }
        Ok(())
    }

    fn put(&mut self, slots: &[usize], row: Vec<Value>) {
        for (slot, value) in slots.iter().zip(row) {
            self.values[*slot] = match value {
                Value::Text(text) if text.is_empty() => Value::Null,
                value => value,
            };
            self.set[*slot] = true;
        }
    }

    fn block(&mut self, block: &Block, code: i32) -> Res<()> {
        let failed = match self.pieces(&block.pieces, code) {
            Ok(()) => return Ok(()),
            Err(refusal) => refusal,
        };
        // A lost call or a time-out is not PL/SQL's to handle.
        let fatal = matches!(failed.code, 1013 | 3113 | 3114 | 3135 | 3136);
        let suits = |codes: &[i32]| codes.is_empty() || codes.contains(&failed.code);
        match block.handlers.iter().find(|handler| suits(&handler.codes) && !fatal) {
            None => Err(failed),
            Some(handler) => {
                let code = if failed.code == 1403 { 100 } else { -failed.code };
                self.pieces(&handler.pieces, code).map_err(|error| if error.code == RAISED { failed } else { error })
            }
        }
    }

    fn pieces(&mut self, pieces: &[Piece], code: i32) -> Res<()> {
        pieces.iter().try_for_each(|piece| self.piece(piece, code))
    }

    fn value(&mut self, sql: &str, code: i32) -> Res<Value> {
        run::value(self.db, &filled(sql, self.rowcount, code), self.values)
    }

    fn piece(&mut self, piece: &Piece, code: i32) -> Res<()> {
        match piece {
            Piece::Null => {}
            Piece::Raise => return Err(ora(RAISED, "RAISE outside of a handler")),
            Piece::Nested(block) => return self.block(block, code),
            Piece::Assign { slot, sql } => {
                let value = self.value(sql, code)?;
                self.put(&[*slot], vec![value]);
            }
            Piece::If { arms, otherwise } => {
                for (condition, pieces) in arms {
                    if self.value(condition, code)? == Value::Integer(1) {
                        return self.pieces(pieces, code);
                    }
                }
                return self.pieces(otherwise, code);
            }
            Piece::Dml(dml) => {
                self.write()?;
                let filled = sql::Dml { sql: filled(&dml.sql, self.rowcount, code), ..dml.clone() };
                let done = run::dml(self.db, &filled, self.values, self.deadline)?;
                self.rowcount = done.count;
                if done.returned.len() > 1 {
                    return Err(plain(1422));
                }
                for row in done.returned {
                    self.put(&dml.into, row);
                }
            }
            Piece::Into { sql, slots, lock } => self.select_into(sql, slots, *lock, code)?,
            Piece::Commit => {
                self.db.commit()?;
                (self.mark, self.begun, self.locked) = (false, false, false);
            }
            Piece::Rollback => {
                self.db.undo();
                (self.mark, self.begun, self.locked) = (false, false, false);
            }
            Piece::Immediate(text) => self.immediate(text)?,
        }
        Ok(())
    }

    fn select_into(&mut self, sql: &str, slots: &[usize], lock: Option<Option<u64>>, code: i32) -> Res<()> {
        if lock.is_some() {
            self.write()?;
        }
        let query = Query { sql: filled(sql, self.rowcount, code), lock, narrow: Vec::new() };
        let mut rows = run::query(self.db, &query, self.values, self.deadline)?.rows;
        self.rowcount = rows.len().min(1) as u64;
        if rows.len() > 1 {
            return Err(plain(1422));
        }
        let row = rows.pop().ok_or_else(|| plain(1403))?;
        self.locked |= lock.is_some();
        if row.len() != slots.len() {
            return Err(uncompiled(plain(if slots.len() < row.len() { 947 } else { 913 })));
        }
        self.put(slots, row);
        Ok(())
    }

    fn immediate(&mut self, text: &str) -> Res<()> {
        let (tokens, _) = sql::lex(text)?;
        let plan = {
            let kind_of = |column: &str| ddl::kind_of(self.db, column);
            sql::parse(&tokens, &World { major: self.db.session().service.major, kind_of: &kind_of })?
        };
        match plan {
            Plan::Ddl(change) => {
                (self.mark, self.begun, self.locked) = (false, false, false);
                ddl::run(self.db, &change, self.deadline)
            }
            Plan::Dml(dml) => self.piece(&Piece::Dml(dml), 0),
            Plan::Commit => self.piece(&Piece::Commit, 0),
            Plan::Rollback => self.piece(&Piece::Rollback, 0),
            _ => Ok(()),
        }
    }
}

/// Stands for the error that a handler is handling; never leaves this file.
const RAISED: i32 = i32::MIN;

/// An error as it looks outside of the block it came from.
pub fn outside(error: OraError) -> OraError {
    if error.code == RAISED { plain(6550) } else { error }
}
