//! One client library for the whole process; each test has a service of its own.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use oracle::{Connection, Connector, Error, InitParams};

pub const PASSWORD: &str = "Orafake-Password-1";

/// The folder of the services; the double is loaded on the first call.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap().keep();
        let name = format!("{DLL_PREFIX}orafake{DLL_SUFFIX}");
        // Cargo puts the cdylib beside the folder of the test executables.
        let library = std::env::current_exe().unwrap().parent().unwrap().join(&name);
        let library = if library.exists() { library } else { library.parent().unwrap().with_file_name(&name) };
        let alias = folder.join(format!("libclntsh{DLL_SUFFIX}"));
        fs::hard_link(&library, &alias).or_else(|_| fs::copy(&library, &alias).map(drop)).unwrap();
        InitParams::new().oracle_client_lib_dir(&folder).unwrap().init().unwrap();
        folder
    })
}

pub fn address(service: &str) -> String {
    folder();
    format!("(description=(connect_timeout=1)(connect_data=(service_name={service})))")
}

pub fn connect(service: &str) -> Connection {
    try_connect(&address(service)).unwrap()
}

pub fn try_connect(address: &str) -> oracle::Result<Connection> {
    folder();
    Connector::new("passmint", PASSWORD, address).connect()
}

/// Writes the faults of a service.
pub fn faults(service: &str, lines: &str) {
    fs::write(folder().join(format!("{service}.faults")), lines).unwrap();
}

/// The ORA number that a call is refused with.
#[track_caller]
pub fn ora<T>(result: oracle::Result<T>) -> i32 {
    let error = result.err().expect("refused");
    error.oci_code().unwrap_or_else(|| panic!("no ORA number: {error:?}"))
}

/// The DPI number that a call is refused with.
#[track_caller]
pub fn dpi<T>(result: oracle::Result<T>) -> i32 {
    let error: Error = result.err().expect("refused");
    assert_eq!(error.oci_code(), None, "{error:?}");
    error.dpi_code().unwrap_or_else(|| panic!("no DPI number: {error:?}"))
}

#[track_caller]
pub fn run(connection: &Connection, statements: &[&str]) {
    for sql in statements {
        connection.execute(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

/// The number that one statement is refused with.
#[track_caller]
pub fn refusal(connection: &Connection, sql: &str) -> i32 {
    let is_query = sql.trim_start().to_uppercase().starts_with("SELECT");
    let result = if is_query { connection.query(sql, &[]).map(drop) } else { connection.execute(sql, &[]).map(drop) };
    match result {
        Ok(()) => panic!("accepted: {sql}"),
        Err(error) => error.oci_code().unwrap_or_else(|| panic!("{sql}: {error:?}")),
    }
}

/// One number that a query answers.
#[track_caller]
pub fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row_as::<i64>(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error}"))
}
