//! The double of Oracle's client library. It is loaded once for the process; each database is a service of it.

#![allow(dead_code, reason = "shared between test programs")]

pub mod server;

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use backend::store::oracle::{Descriptor, OracleSettings, OracleStore, PING_AFTER, REFUSAL_HOLDS};
use oracle::sql_type::ToSql;
use shared::ids::AccountId;
use zeroize::Zeroizing;

/// The password that the double accepts.
pub const PASSWORD: &str = "Orafake-Password-1";

/// The folder of the library and of the services' files.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        // A static is never dropped, so the folder stays in the build output. It is small.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap().keep();
        let tests = std::env::current_exe().unwrap().parent().unwrap().to_owned();
        // Cargo puts it beside the tests, or one folder up.
        let name = format!("{DLL_PREFIX}orafake{DLL_SUFFIX}");
        let library = [tests.join(&name), tests.join("..").join(&name)].into_iter().find(|it| it.exists());
        let library = library.expect("the double is not built: cargo build --package oracle-double");
        // The name under which the oracle crate looks for it, in a folder where no other program does.
        let alias = folder.join(format!("libclntsh{DLL_SUFFIX}"));
        fs::hard_link(&library, &alias).or_else(|_| fs::copy(&library, &alias).map(drop)).unwrap();
        folder
    })
}

pub fn settings(service: &str) -> OracleSettings {
    OracleSettings {
        descriptor: Descriptor::read(&format!("localhost/{service}"), None).unwrap(),
        user: "passmint".into(),
        password: Zeroizing::new(PASSWORD.into()),
        config_folder: None,
        client_folder: Some(folder().to_owned()),
        connections: 4,
        time: Duration::from_secs(8),
        ping_after: PING_AFTER,
        refusal_holds: REFUSAL_HOLDS,
    }
}

pub fn store(service: &str) -> OracleStore {
    OracleStore::new(settings(service)).unwrap()
}

/// Sets the faults of a service: lines of `op|text|skip|times|effect`.
pub fn faults(service: &str, lines: &str) {
    fs::write(folder().join(format!("{service}.faults")), lines).unwrap();
}

/// The number of log-ins at a service that the double has refused.
pub fn refused_log_ins(service: &str) -> usize {
    let log_ins = fs::read_to_string(folder().join(format!("{service}.log-ins"))).unwrap_or_default();
    log_ins.lines().filter(|line| line.starts_with("ORA-")).count()
}

/// Runs a statement in a service that a store has opened before, past the driver.
pub fn execute(service: &str, statement: &str) {
    execute_with(service, statement, &[]);
}

/// As [`execute`], with values for `:1`, `:2` …
pub fn execute_with(service: &str, statement: &str, values: &[&dyn ToSql]) {
    let OracleSettings { user, password, descriptor, .. } = settings(service);
    let connection = oracle::Connection::connect(user, password.as_str(), descriptor.to_string()).unwrap();
    connection.execute(statement, values).unwrap();
    connection.commit().unwrap();
}

/// The number that a query returns, in a service that a store has opened before.
pub fn number(service: &str, query: &str) -> u64 {
    let OracleSettings { user, password, descriptor, .. } = settings(service);
    let connection = oracle::Connection::connect(user, password.as_str(), descriptor.to_string()).unwrap();
    connection.query_row_as(query, &[]).unwrap()
}

/// The number of rows of an account, in each table that has a column `account_id` and in `accounts`.
pub fn rows_of(service: &str, account: AccountId) -> Vec<(String, u64)> {
    let OracleSettings { user, password, descriptor, .. } = settings(service);
    let connection = oracle::Connection::connect(user, password.as_str(), descriptor.to_string()).unwrap();
    let id = account.as_bytes();
    let tables = "SELECT table_name FROM user_tab_columns WHERE column_name = 'ACCOUNT_ID' ORDER BY table_name";
    let tables: Vec<String> = connection.query_as(tables, &[]).unwrap().map(Result::unwrap).collect();
    let mut rows = Vec::new();
    for (table, column) in tables.iter().map(|table| (table.as_str(), "account_id")).chain([("ACCOUNTS", "id")]) {
        let count = format!("SELECT COUNT(*) FROM {table} WHERE {column} = :1");
        rows.push((table.to_owned(), connection.query_row_as(&count, &[&id]).unwrap()));
    }
    rows
}
