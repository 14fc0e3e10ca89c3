//! Running DDL.

use std::time::Instant;

use crate::error::{Res, internal};
use crate::run;
use crate::session::DbGuard;

/// Commits what is open, changes the schema, commits.
pub fn run(db: &mut DbGuard<'_>, sql: &str, deadline: Option<Instant>) -> Res<()> {
    db.commit()?;
    // SQLite would delete a dropped table's rows first, and their children with them.
    let keys = |db: &DbGuard<'_>, on: bool| db.pragma_update(None, "foreign_keys", on).map_err(internal);
    keys(db, false)?;
    let done = db.begin(deadline).and_then(|_| db.execute_batch(sql).map_err(|error| run::refused(&error)));
    let done = match done {
        Ok(()) => db.commit(),
        Err(refusal) => {
            db.undo();
            Err(refusal)
        }
    };
    keys(db, true)?;
    done
}

/// Returns true if columns of that name are LOBs.
pub fn is_lob(db: &DbGuard<'_>, column: &str) -> bool {
    let sql = "SELECT 1 FROM sqlite_schema t, pragma_table_info(t.name) c WHERE c.name = ?1 AND c.type = 'BLOB'";
    db.prepare_cached(sql).and_then(|mut statement| statement.exists([column])).unwrap_or_default()
}
