//! The database freezes under a running `passmint serve`: it accepts connections and answers nothing.

use std::thread;
use std::time::{Duration, Instant};

use e2e::http_connection::HttpConnection;
use e2e::server::Server;
use e2e::vault_client::{VaultClient, content};
use oracle_wire::Stand;

/// The deadline of a database call, by default. The client's own bound is half a second less.
const DEADLINE: Duration = Duration::from_secs(10);
/// Time for a busy machine.
const SLACK: Duration = Duration::from_secs(5);

#[test]
fn frozen_database_is_answered_in_time_and_loses_and_doubles_no_entry() {
    let stand = Stand::start();
    let server = stand.serve(&[]);
    wait_until("it is ready", || readyz(&server) == 200);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut vault = runtime.block_on(VaultClient::create_first_vault(&server, "ada"));
    runtime.block_on(vault.save(vec![content(1)]));
    let entry = vault.seal_new(content(2));

    stand.freeze();
    let frozen = Instant::now();
    thread::scope(|scope| {
        let server = &server;
        let probes: Vec<_> = (0..20).map(|_| scope.spawn(move || (readyz(server), frozen.elapsed()))).collect();
        let status = runtime.block_on(vault.send(&entry));
        assert_eq!(status.as_u16(), 503);
        assert!(frozen.elapsed() < DEADLINE + SLACK, "the save: {:?}", frozen.elapsed());
        for probe in probes {
            let (status, time) = probe.join().unwrap();
            assert_eq!(status, 503);
            assert!(time < Duration::from_secs(5) + SLACK, "/readyz: {time:?}");
        }
    });
    // The calls themselves have ended too, and not after twice the deadline.
    wait_until("a call has ended", || server.log().contains("ORA-03156: the database did not answer in time"));
    assert!(frozen.elapsed() < DEADLINE + SLACK, "{:?}", frozen.elapsed());

    stand.thaw();
    wait_until("it is ready again", || readyz(&server) == 200);
    // The page sends the same bytes until they are accepted. The first sending may have arrived after the thaw.
    wait_until("it is saved", || runtime.block_on(vault.send(&entry)).as_u16() == 200);
    assert_eq!(runtime.block_on(vault.latest()), 2);
    let mut connection = HttpConnection::connect(server.port);
    let (status, body) = connection.send("GET", "/api/v1/changes", vault.token(), "");
    let body = String::from_utf8_lossy(body);
    assert_eq!((status, body.matches(r#""sealed":""#).count()), (200, 2), "{body}");
}

fn readyz(server: &Server) -> u16 {
    HttpConnection::connect(server.port).send("GET", "/readyz", "", "").0
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(60), "not within a minute: {what}");
        thread::sleep(Duration::from_millis(200));
    }
}
