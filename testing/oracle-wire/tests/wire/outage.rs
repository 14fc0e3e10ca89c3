//! The database goes away and comes back under a running `passmint serve`.

use std::time::{Duration, Instant};

use e2e::http_connection::HttpConnection;
use e2e::server::Server;
use e2e::vault_client::{VaultClient, content};
use e2e::wait_until;
use oracle_wire::Stand;

#[test]
fn server_serves_again_after_database_was_stopped_and_started() {
    let mut stand = Stand::start();
    let server = stand.serve(&[("PASSMINT_DATABASE_SECONDS", "6")]);
    wait_for_readyz(&server, 200);
    let runtime = runtime();
    let mut vault = runtime.block_on(VaultClient::create_first_vault(&server, "ada"));
    runtime.block_on(vault.save(vec![content(1)]));

    stand.stop_server();
    wait_for_readyz(&server, 503);
    // Lines of the log arrive a moment after the answer.
    wait_until("the log names the cause", || server.log().contains("ORA-12541: nothing listens at that address"));

    stand.start_server();
    wait_for_readyz(&server, 200);
    runtime.block_on(vault.save(vec![content(2)]));
    assert_eq!(runtime.block_on(vault.latest()), 2, "both entries are there");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Asks `/readyz` until its answer has this status.
fn wait_for_readyz(server: &Server, status: u16) {
    let start = Instant::now();
    loop {
        let mut connection = HttpConnection::connect(server.port);
        let (found, body) = connection.send("GET", "/readyz", "", "");
        let body = String::from_utf8_lossy(body);
        if found == status {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "/readyz does not answer {status}, but {found}: {body}");
        std::thread::sleep(Duration::from_millis(200));
    }
}
