//! Refused log-ins: the database counts them, and locks its user after ten. The mirror does as Oracle's default profile
//! does, for ever. Times are of the wall clock: the pause after the first refusal is a minute.

use std::time::{Duration, Instant};

use e2e::http_connection::HttpConnection;
use e2e::server::Server;
use oracle_wire::{ALIAS, Stand, Wallet};

/// The most refused log-ins in the time of [`ask_for`].
const REFUSED_MAX: usize = 3;

fn ready(server: &Server) -> (u16, String) {
    let mut connection = HttpConnection::connect(server.port);
    let (status, said) = connection.send("GET", "/readyz", "", "");
    (status, String::from_utf8_lossy(said).into_owned())
}

/// Asks for readiness once a second, as an orchestrator does.
fn ask_for(server: &Server, time: Duration) -> String {
    let start = Instant::now();
    loop {
        let (status, said) = ready(server);
        assert_eq!(status, 503, "{said}");
        if start.elapsed() >= time {
            return said;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn wait_until_ready(server: &Server, time: Duration) {
    let start = Instant::now();
    while ready(server).0 != 200 {
        assert!(start.elapsed() < time, "{}", ready(server).1);
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn password_changed_under_a_running_server_is_tried_few_times_and_again_after_the_pause() {
    let mut stand = Stand::start();
    let server = stand.serve(&[]);
    wait_until_ready(&server, Duration::from_secs(30));
    stand.change_password("Changed_1");
    let said = ask_for(&server, Duration::from_secs(20));
    let refused = stand.rejected_log_ins(stand.user());
    eprintln!("changed under a running server: {refused} refused log-ins in 20 s");
    assert!((1..=REFUSED_MAX).contains(&refused), "{refused}");
    assert!(said.contains(r#"{"part":"reads","state":"refused","cause":"password-wrong"}"#), "{said}");
    // The administrator sets the old password again. Nobody touches Passmint.
    let old = stand.password().to_owned();
    stand.change_password(&old);
    wait_until_ready(&server, Duration::from_secs(100));
}

#[test]
fn password_wrong_at_the_start_is_tried_few_times() {
    let stand = Stand::start();
    let mut server = stand.serve(&[]);
    wait_until_ready(&server, Duration::from_secs(30));
    server.stop();
    server.set(&[("PASSMINT_ORACLE_PASSWORD", "Wrong_1")]);
    server.start_again();
    let said = ask_for(&server, Duration::from_secs(20));
    let refused = stand.rejected_log_ins(stand.user());
    eprintln!("wrong at the start: {refused} refused log-ins in 20 s");
    assert!((1..=REFUSED_MAX).contains(&refused), "{refused}");
    assert!(said.contains(r#"{"part":"server-key","state":"refused","cause":"password-wrong"}"#), "{said}");
}

/// Over TLS too, where the check looks once more into codes that may hide a fault of TLS.
#[test]
fn check_tries_a_wrong_password_once() {
    let stand = Stand::start();
    let wallet = stand.wallet(Wallet::Mtls);
    let over_tls = ["check", "--oracle-connect", ALIAS, "--oracle-config", wallet.to_str().unwrap()];
    for (number, arguments) in [&["check"][..], &over_tls].into_iter().enumerate() {
        let output = stand.command(arguments).env("PASSMINT_ORACLE_PASSWORD", "Wrong_1").output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("✗ log-in") && said.contains("ORA-01017"), "{said}");
        assert_eq!(stand.rejected_log_ins(stand.user()), number + 1, "{said}");
    }
}

#[test]
fn locked_user_is_named() {
    let stand = Stand::start();
    let wrong = |_| {
        let mut command = stand.command(&["check"]);
        command.env("PASSMINT_ORACLE_PASSWORD", "Wrong_1").output().unwrap()
    };
    let last = (0..10).map(wrong).last().unwrap();
    assert!(String::from_utf8_lossy(&last.stdout).contains("ORA-01017"), "{last:?}");
    // The right password does not help any more.
    let output = stand.check(&[]);
    assert!(output.stdout.contains("ORA-28000: the database user is locked"), "{}", output.text());
}

#[test]
fn check_tells_the_expiry_of_the_password_as_the_client_fetches_it() {
    let stand = Stand::start();
    let view = |expiry: &str, status: &str| {
        stand.run_sql(&format!(
            "create or replace view sys.user_users as
             select '{status}'::varchar(32) as account_status, {expiry}::timestamp(0) as expiry_date"
        ));
        let text = stand.check(&[]).text();
        text.lines().find(|line| line.contains("✓ password")).unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    assert!(view("'2999-11-25 12:00:00'", "OPEN").contains("good until 2999-11-25 ("));
    assert!(view("null", "OPEN").contains("does not expire"));
    assert!(view("(localtimestamp + interval '3 days 1 hour')", "EXPIRED(GRACE)").contains("(3 days): change it now"));
    stand.run_sql("drop view sys.user_users");
    let text = stand.check(&[]).text();
    assert!(text.contains("the database does not say when it expires") && !text.contains('✗'), "{text}");
}
