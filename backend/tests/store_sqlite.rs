//! The store contract for the SQLite driver.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod contract;

use backend::store::Store;
use backend::store::sqlite::SqliteStore;
use tempfile::TempDir;

struct Sqlite(TempDir);

impl contract::Driver for Sqlite {
    fn open(&self) -> Box<dyn Store> {
        Box::new(SqliteStore::open(&self.0.path().join("passmint.db"), 2).unwrap())
    }

    fn cut(&self) {
        // SQLite reads a file: no connection can be cut.
    }
}

fn sqlite() -> Sqlite {
    Sqlite(tempfile::tempdir().unwrap())
}

contract::suite!(sqlite);
