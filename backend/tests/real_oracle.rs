//! The store contract against a real Oracle server. The schema must belong to these tests alone and be empty; they
//! leave it empty. Not run where Passmint is built: there is no server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod contract;

use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use backend::store::oracle::{Descriptor, OracleSettings, OracleStore, PING_AFTER, REFUSAL_HOLDS};
use backend::store::{Accounts, Store};
use zeroize::Zeroizing;

/// The driver's tables. A table stands before those it refers to.
const TABLES: [&str; 8] =
    ["passwords", "passkeys", "sessions", "credential_changes", "invites", "accounts", "server", "schema_version"];

fn required(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run `cargo xtask test --oracle`"))
}

fn settings() -> OracleSettings {
    let config_folder = std::env::var_os("PASSMINT_TEST_ORACLE_CONFIG").map(Into::into);
    OracleSettings {
        descriptor: Descriptor::read(&required("PASSMINT_TEST_ORACLE_CONNECT"), config_folder.as_deref()).unwrap(),
        user: required("PASSMINT_TEST_ORACLE_USER"),
        password: Zeroizing::new(required("PASSMINT_TEST_ORACLE_PASSWORD")),
        config_folder,
        client_folder: std::env::var_os("PASSMINT_TEST_ORACLE_CLIENT").map(Into::into),
        connections: 4,
        time: Duration::from_secs(30),
        ping_after: PING_AFTER,
        refusal_holds: REFUSAL_HOLDS,
    }
}

fn open() -> OracleStore {
    OracleStore::new(settings()).unwrap()
}

/// The schema, which one case has at a time.
struct Schema(#[allow(dead_code, reason = "held, not read")] MutexGuard<'static, ()>);

fn schema() -> Schema {
    static ONE: Mutex<()> = Mutex::new(());
    static CHECK: Once = Once::new();
    let guard = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    // Existing vaults are never dropped: before the first case, the schema must be empty.
    CHECK.call_once(|| {
        let used = open().has_accounts().unwrap();
        assert!(!used, "this schema has vaults: use a database user for the tests only");
    });
    drop_tables();
    Schema(guard)
}

fn drop_tables() {
    // The driver loads the client library.
    drop(open());
    let OracleSettings { descriptor, user, password, .. } = settings();
    let connection = oracle::Connection::connect(user, password.as_str(), descriptor.to_string()).unwrap();
    for table in TABLES {
        match connection.execute(&format!("DROP TABLE {table} CASCADE CONSTRAINTS PURGE"), &[]) {
            Err(error) if error.oci_code() != Some(942) => panic!("cannot drop {table}: {:?}", error.oci_code()),
            _ => {}
        }
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        drop_tables();
    }
}

impl contract::Driver for Schema {
    fn open(&self) -> Box<dyn Store> {
        Box::new(open())
    }

    fn cut(&self) {
        // On Oracle, this needs a privilege that these tests do not ask for. The server of the wire tests cuts all
        // connections at a signal.
        if let Some(process) = std::env::var_os("PASSMINT_TEST_ORACLE_PROCESS") {
            let sent = std::process::Command::new("kill").arg("-USR2").arg(process).status().unwrap();
            assert!(sent.success());
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}

contract::suite!(schema);

/// Drops the vault that the browser's test leaves. `cargo xtask test --oracle` runs this by name, with the variable
/// set, after all cases.
#[test]
fn nothing_is_left_behind() {
    if std::env::var_os("PASSMINT_TEST_ORACLE_DROP").is_some() {
        drop_tables();
    }
}
