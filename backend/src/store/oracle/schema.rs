//! Runs the migrations. Oracle commits DDL by itself, so a migration can be interrupted half-way: each of its statements
//! may be done again.

use super::connect::TimedConnection;
use super::remedy::Code;
use super::{OpError, sql};
use crate::store::StoreError;

/// Runs the missing migrations.
pub(super) fn migrate(connection: &TimedConnection<'_>) -> Result<(), OpError> {
    make(connection, sql::SCHEMA_TABLE)?;
    let version: Option<u32> = connection.query_row_as(sql::SCHEMA_VERSION, &[])?;
    let version = version.unwrap_or_default() as usize;
    if version > sql::MIGRATIONS.len() {
        return Err(StoreError::Unavailable(format!(
            "the database has schema version {version}, this Passmint knows up to {}: run the newer Passmint",
            sql::MIGRATIONS.len()
        ))
        .into());
    }
    for (number, statements) in (1_u32..).zip(sql::MIGRATIONS).skip(version) {
        for statement in *statements {
            make(connection, statement)?;
        }
        match connection.execute_named(sql::MIGRATION_DONE, &[("version", &number)]) {
            Ok(_) => connection.commit()?,
            // Another process has run it meanwhile.
            Err(error) if Code::of(&error) == Some(Code::Ora(1)) => connection.rollback()?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Makes a table, an index or a column, unless it exists: 19c knows no `IF NOT EXISTS`.
fn make(connection: &TimedConnection<'_>, statement: &str) -> Result<(), OpError> {
    match connection.execute(statement, &[]) {
        Err(error) if !matches!(Code::of(&error), Some(Code::Ora(955 | 1430))) => Err(error.into()),
        _ => Ok(()),
    }
}
