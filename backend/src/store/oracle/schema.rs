//! The tables, and the numbered steps that lead to them. DDL commits by itself in Oracle, so that a step can be
//! interrupted half-way: each statement of it may then be done again.

use oracle::Connection;

use super::remedy::Code;
use super::{OpError, sql};
use crate::store::StoreError;

/// Takes the steps that are missing.
pub(super) fn make_tables(connection: &Connection) -> Result<(), OpError> {
    make(connection, sql::SCHEMA_TABLE)?;
    let version: Option<u32> = connection.query_row_as(sql::SCHEMA_VERSION, &[])?;
    let taken = version.unwrap_or_default() as usize;
    if taken > sql::STEPS.len() {
        return Err(StoreError::Unavailable(format!(
            "the database has schema version {taken}, this Passmint knows up to {}: run the newer Passmint",
            sql::STEPS.len()
        ))
        .into());
    }
    for (step, statements) in (1_u32..).zip(sql::STEPS).skip(taken) {
        for statement in *statements {
            make(connection, statement)?;
        }
        match connection.execute_named(sql::STEP_TAKEN, &[("version", &step)]) {
            Ok(_) => connection.commit()?,
            // Another process has taken it in the meantime.
            Err(error) if Code::of(&error) == Some(Code::Ora(1)) => connection.rollback()?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Makes a table, an index or a column, unless it is there: 19c knows no `IF NOT EXISTS`.
fn make(connection: &Connection, statement: &str) -> Result<(), OpError> {
    match connection.execute(statement, &[]) {
        Err(error) if !matches!(Code::of(&error), Some(Code::Ora(955 | 1430))) => Err(error.into()),
        _ => Ok(()),
    }
}
