//! Running DDL: SQLite's statement, and the entry in the double's own dictionary.

use std::mem::discriminant;
use std::time::Instant;

use rusqlite::{OptionalExtension, params};

use crate::error::{Res, ora, refuse};
use crate::run;
use crate::session::DbGuard;
use crate::sql::{ColumnDef, Ddl, Table, TypeKind, listed, quoted};

/// Commits what is open, changes the schema, commits.
pub fn run(db: &mut DbGuard<'_>, ddl: &Ddl, deadline: Option<Instant>) -> Res<()> {
    db.commit()?;
    // SQLite would delete a dropped table's rows first, and their children with them.
    let loosely = matches!(ddl, Ddl::DropTable { .. });
    let keys = |on: bool| db.pragma_update(None, "foreign_keys", on);
    if loosely {
        keys(false).map_err(|error| ora(600, error.to_string()))?;
    }
    let done = db.begin(deadline, 3136).and_then(|_| change(db, ddl));
    let done = match done {
        Ok(()) => db.commit(),
        Err(refusal) => {
            db.undo();
            Err(refusal)
        }
    };
    if loosely {
        db.pragma_update(None, "foreign_keys", true).map_err(|error| ora(600, error.to_string()))?;
    }
    done
}

fn tell(db: &DbGuard<'_>, sql: &str) -> Res<()> {
    db.execute_batch(sql).map_err(|error| run::refused(db, &error, None))
}

fn note(db: &DbGuard<'_>, sql: &str, params: impl rusqlite::Params) -> Res<usize> {
    db.execute(sql, params).map_err(|error| ora(600, error.to_string()))
}

fn exists(db: &DbGuard<'_>, kind: &str, name: &str) -> bool {
    let sql = "SELECT 1 FROM sqlite_schema WHERE name = ?2 AND (?1 = '' OR type = ?1)";
    db.query_row(sql, [kind, name], |_| Ok(())).optional().is_ok_and(|found| found.is_some())
}

fn change(db: &DbGuard<'_>, ddl: &Ddl) -> Res<()> {
    match ddl {
        Ddl::CreateTable(table) => create(db, table),
        Ddl::CreateIndex { name, table, columns, unique, sql, or_not } => {
            if exists(db, "index", name) || exists(db, "table", name) {
                return if *or_not { Ok(()) } else { refuse(955) };
            }
            let same = "SELECT 1 FROM ora$constraints WHERE table_name = ?1 AND columns = ?2 AND kind IN ('P', 'U')";
            if db.query_row(same, [table, &columns.join(", ")], |_| Ok(())).is_ok() {
                return Err(ora(1408, "such column list already indexed"));
            }
            tell(db, sql).map_err(|error| {
                let doubled = error.code == 1;
                if doubled { ora(1452, "cannot CREATE UNIQUE INDEX; duplicate keys found") } else { error }
            })?;
            let uniqueness = if *unique { "UNIQUE" } else { "NONUNIQUE" };
            note(db, "INSERT INTO ora$indexes VALUES (?1, ?2, ?3)", params![name, table, uniqueness])?;
            if *unique {
                let sql = "INSERT INTO ora$constraints VALUES (?1, ?2, 'U', ?3, NULL)";
                note(db, sql, params![name, table, columns.join(", ")])?;
            }
            Ok(())
        }
        Ddl::AddColumns { table, columns } => columns.iter().try_for_each(|column| add(db, table, column)),
        Ddl::AddUnique { table, name, columns } => {
            tell(db, &format!("CREATE UNIQUE INDEX {} ON {} ({})", quoted(name), quoted(table), listed(columns)))?;
            let sql = "INSERT INTO ora$constraints VALUES (?1, ?2, 'U', ?3, NULL)";
            note(db, sql, params![name, table, columns.join(", ")]).map(drop)
        }
        Ddl::DropColumn { table, column } => {
            tell(db, &format!("ALTER TABLE {} DROP COLUMN {}", quoted(table), quoted(column)))?;
            let sql = "DELETE FROM ora$columns WHERE table_name = ?1 AND column_name = ?2";
            note(db, sql, [table, column]).map(drop)
        }
        Ddl::DropTable { name, cascade, or_not } => {
            if !exists(db, "table", name) {
                return if *or_not { Ok(()) } else { refuse(942) };
            }
            let child = "SELECT 1 FROM ora$constraints WHERE kind = 'R' AND parent = ?1 AND table_name <> ?1";
            if !cascade && db.query_row(child, [name], |_| Ok(())).is_ok() {
                return refuse(2449);
            }
            tell(db, &format!("DROP TABLE {}", quoted(name)))?;
            for dictionary in ["ora$columns", "ora$constraints", "ora$indexes", "ora$comments"] {
                note(db, &format!("DELETE FROM {dictionary} WHERE table_name = ?1"), [name])?;
            }
            Ok(())
        }
        Ddl::DropIndex { name, or_not } => {
            if !exists(db, "index", name) {
                return if *or_not { Ok(()) } else { refuse(1418) };
            }
            tell(db, &format!("DROP INDEX {}", quoted(name)))?;
            note(db, "DELETE FROM ora$indexes WHERE name = ?1", [name])?;
            note(db, "DELETE FROM ora$constraints WHERE name = ?1", [name]).map(drop)
        }
        Ddl::Comment { table, column, text } => comment(db, table, column.as_deref().unwrap_or_default(), text),
        Ddl::Truncate { table } => tell(db, &format!("DELETE FROM {}", quoted(table))),
    }
}

fn create(db: &DbGuard<'_>, table: &Table) -> Res<()> {
    if exists(db, "", &table.name) {
        return if table.or_not { Ok(()) } else { refuse(955) };
    }
    for constraint in &table.constraints {
        let taken = "SELECT 1 FROM ora$constraints WHERE name = ?1";
        if db.query_row(taken, [&constraint.name], |_| Ok(())).is_ok() {
            return Err(ora(2264, "name already used by an existing constraint"));
        }
        if let Some(parent) = constraint.parent.as_ref().filter(|parent| **parent != table.name)
            && !exists(db, "table", parent)
        {
            return refuse(942);
        }
    }
    tell(db, &table.sql())?;
    for column in &table.columns {
        remember(db, &table.name, column)?;
    }
    for constraint in &table.constraints {
        let (kind, columns) = (constraint.kind.to_string(), constraint.columns.join(", "));
        let sql = "INSERT INTO ora$constraints VALUES (?1, ?2, ?3, ?4, ?5)";
        note(db, sql, params![constraint.name, table.name, kind, columns, constraint.parent])?;
    }
    Ok(())
}

fn remember(db: &DbGuard<'_>, table: &str, column: &ColumnDef) -> Res<()> {
    let sql = "INSERT INTO ora$columns SELECT ?1, ?2, ?3, ?4, count(*) + 1 FROM ora$columns WHERE table_name = ?1";
    let nullable = if column.not_null { "N" } else { "Y" };
    note(db, sql, params![table, column.name, column.kind.declared(), nullable]).map(drop)
}

fn add(db: &DbGuard<'_>, table: &str, column: &ColumnDef) -> Res<()> {
    if !exists(db, "table", table) {
        return refuse(942);
    }
    if db.prepare(&format!("SELECT {} FROM {}", quoted(&column.name), quoted(table))).is_ok() {
        return Err(ora(1430, "column being added already exists in table"));
    }
    db.execute_batch(&format!("ALTER TABLE {} ADD COLUMN {}", quoted(table), column.sql(table))).map_err(|error| {
        let text = error.to_string();
        if text.contains("NOT NULL") || text.contains("non-constant default") {
            ora(1758, "table must be empty to add mandatory (NOT NULL) column")
        } else {
            run::refused(db, &error, None)
        }
    })?;
    if let Some(name) = &column.unique {
        let sql = format!("CREATE UNIQUE INDEX {} ON {} ({})", quoted(name), quoted(table), quoted(&column.name));
        tell(db, &sql)?;
        let sql = "INSERT INTO ora$constraints VALUES (?1, ?2, 'U', ?3, NULL)";
        note(db, sql, params![name, table, column.name])?;
    }
    remember(db, table, column)
}

/// Notes a comment, in place of the one before; a column without a name is the table.
fn comment(db: &DbGuard<'_>, table: &str, column: &str, text: &str) -> Res<()> {
    if !exists(db, "table", table) {
        return refuse(942);
    }
    let known = "SELECT 1 FROM ora$columns WHERE table_name = ?1 AND column_name = ?2";
    if !column.is_empty() && db.query_row(known, [table, column], |_| Ok(())).is_err() {
        return Err(ora(904, format!("\"{column}\": invalid identifier")));
    }
    note(db, "DELETE FROM ora$comments WHERE table_name = ?1 AND column_name = ?2", [table, column])?;
    note(db, "INSERT INTO ora$comments VALUES (?1, ?2, ?3)", [table, column, text]).map(drop)
}

/// The type of the columns of a name, if all tables that have one agree.
pub fn kind_of(db: &DbGuard<'_>, column: &str) -> Option<TypeKind> {
    let mut statement = db.prepare_cached("SELECT declared FROM ora$columns WHERE column_name = ?1").ok()?;
    let declared = statement.query_map([column], |row| row.get::<_, String>(0)).ok()?;
    let mut kinds = declared.flatten().map(|declared| TypeKind::read(&declared));
    let first = kinds.next()??;
    kinds.all(|kind| kind.is_some_and(|kind| discriminant(&kind) == discriminant(&first))).then_some(first)
}
