//! Running plans on a session's SQLite connection, with Oracle's transactions around them.

use std::time::Instant;

use rusqlite::Statement;
use rusqlite::types::Value;

use crate::error::{OraError, Res, plain};
use crate::refusals;
use crate::session::DbGuard;
use crate::sql::{Dml, Query, TypeKind, Verb};

/// Rows, and the names of their columns with their types, if they are a table's.
#[derive(Default)]
pub struct Table {
    pub columns: Vec<(String, Option<TypeKind>)>,
    pub rows: Vec<Vec<Value>>,
}

/// Gives the values to as many of a statement's variables as it has.
fn bind(statement: &mut Statement<'_>, values: &[Value]) -> rusqlite::Result<()> {
    for index in 1..=statement.parameter_count() {
        statement.raw_bind_parameter(index, values.get(index - 1).unwrap_or(&Value::Null))?;
    }
    Ok(())
}

/// The rows of a statement, all of them: what they show is one moment.
fn rows(db: &DbGuard<'_>, sql: &str, values: &[Value]) -> rusqlite::Result<Table> {
    let mut statement = db.prepare(sql)?;
    let columns = statement.columns().map(|c| (c.name().to_owned(), c.decl_type().and_then(TypeKind::read))).collect();
    let width = statement.column_count();
    bind(&mut statement, values)?;
    let mut found = statement.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        rows.push((0..width).map(|at| row.get(at)).collect::<Result<_, _>>()?);
    }
    Ok(Table { columns, rows })
}

/// Oracle's refusal for an error of a statement that is no DML.
pub fn refused(error: &rusqlite::Error) -> OraError {
    refusals::map(error, None)
}

/// One value, or whether a condition is true.
pub fn value(db: &DbGuard<'_>, sql: &str, values: &[Value]) -> Res<Value> {
    let table = rows(db, &format!("SELECT {sql}"), values).map_err(|error| refused(&error))?;
    Ok(table.rows.into_iter().flatten().next().unwrap_or(Value::Null))
}

pub fn query(db: &mut DbGuard<'_>, query: &Query, values: &[Value], deadline: Option<Instant>) -> Res<Table> {
    let begun = query.lock && db.begin(deadline)?;
    let found = rows(db, &query.sql, values).map_err(|error| refused(&error));
    // No row, no lock.
    if begun && found.as_ref().map_or(true, |found| found.rows.is_empty()) {
        db.undo();
    }
    found
}

/// Checks that a statement can be prepared, which resolves its names too.
pub fn understood(db: &DbGuard<'_>, sql: &str) -> Res<()> {
    db.prepare(sql).map(drop).map_err(|error| refused(&error))
}

/// The result of a DML statement.
#[derive(Default)]
pub struct Done {
    pub count: u64,
    pub returned: Vec<Vec<Value>>,
}

/// An INSERT, UPDATE or DELETE, in the open transaction or in a new one.
pub fn dml(db: &mut DbGuard<'_>, dml: &Dml, values: &[Value], deadline: Option<Instant>) -> Res<Done> {
    // A statement that does not parse needs no lock.
    understood(db, &dml.sql)?;
    let begun = db.begin(deadline)?;
    let done = one(db, dml, values);
    if begun && done.as_ref().map_or(true, |done| done.count == 0) {
        db.undo();
    }
    done
}

fn one(db: &DbGuard<'_>, dml: &Dml, values: &[Value]) -> Res<Done> {
    if dml.verb == Verb::Insert && db.session().service.quota().is_none() {
        return Err(plain(1950));
    }
    let run = || -> rusqlite::Result<Done> {
        if dml.into.is_empty() {
            let mut statement = db.prepare(&dml.sql)?;
            bind(&mut statement, values)?;
            let count = statement.raw_execute()? as u64;
            return Ok(Done { count, returned: Vec::new() });
        }
        let returned = rows(db, &dml.sql, values)?.rows;
        Ok(Done { count: returned.len() as u64, returned })
    };
    run().map_err(|error| refusals::map(&error, Some(dml.verb)))
}
