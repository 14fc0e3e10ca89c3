//! `passmint move` from SQLite to the database and back.

use std::path::Path;

use e2e::server::Server;
use e2e::vault_client::{VaultClient, content};
use frontend::keyring::protocol::entry::Content;
use frontend::secret::Secret;
use oracle_wire::{Output, Stand};
use rusqlite::Connection;
use rusqlite::types::Value;

#[test]
fn data_moved_to_oracle_and_back_is_the_same() {
    let stand = Stand::start();
    let mut server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut vault = runtime.block_on(VaultClient::create_first_vault(&server, "ada"));
    // One entry is in the largest bucket, whose bytes are a BLOB; one has been changed.
    let large = Content { note: Secret::new("𝔞".repeat(4_000)), ..content(3) };
    let ids = runtime.block_on(vault.save(vec![content(1), content(2), large]));
    runtime.block_on(vault.change(ids[0], content(4)));
    server.invite();
    server.stop();

    let (from, to) = (server.data().join("passmint.db"), stand.folder().join("back.db"));
    let data = server.data().to_str().unwrap();
    let sqlite = |file: &Path| format!("sqlite:{}", file.display());
    let moved = stand.passmint(&["move", "--data", data, "--from", &sqlite(&from), "--to", "oracle"]);
    assert_moved(&moved, "Moved 1 accounts, 3 entries and 2 invites; both databases hold the same.");
    let back = stand.passmint(&["move", "--data", data, "--from", "oracle", "--to", &sqlite(&to)]);
    assert_moved(&back, "Moved 1 accounts, 3 entries and 2 invites; both databases hold the same.");

    let (from, to) = (Connection::open(from).unwrap(), Connection::open(to).unwrap());
    for table in ["accounts", "passwords", "passkeys", "credential_changes", "invites"] {
        let rows = rows(&from, table);
        assert_eq!(rows.is_empty(), ["passkeys", "credential_changes"].contains(&table), "{table}");
        assert!(rows == self::rows(&to, table), "{table} differs");
    }
}

fn assert_moved(output: &Output, sentence: &str) {
    assert_eq!(output.code, Some(0), "{}", output.text());
    assert!(output.text().contains(sentence), "{}", output.text());
}

/// All rows of a table, in the order of its first two columns.
fn rows(database: &Connection, table: &str) -> Vec<Vec<Value>> {
    let mut query = database.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2")).unwrap();
    let columns = query.column_count();
    let rows = query.query_map([], |row| (0..columns).map(|column| row.get(column)).collect());
    rows.unwrap().map(Result::unwrap).collect()
}
