//! Passmint's own log-in at its Oracle database: refusals, which the database counts, and the expiry of the password. The
//! real `oracle` crate with a double of Oracle's client library.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

mod oracle_double;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Output, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use backend::store::oracle::{OracleSettings, OracleStore};
use backend::store::{Accounts, Database, LogInRefusal, PasswordExpiry, RefusalCause, StoreError};
use oracle_double::server::{LIST, Server, passmint};
use oracle_double::{faults, folder, refused_log_ins, settings, store};

fn refused<T: std::fmt::Debug>(result: Result<T, StoreError>) -> LogInRefusal {
    match result {
        Err(StoreError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// The database counts refused log-ins, and locks the user after some.
#[test]
fn refused_log_in_is_tried_again_only_after_its_pause() {
    let pause = Duration::from_secs(2);
    let store = OracleStore::new(OracleSettings { refusal_holds: pause, ..settings("refused") }).unwrap();
    faults("refused", "connect||0|*|ORA-1017\n");
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| assert_eq!(refused(store.has_accounts()).cause, RefusalCause::PasswordWrong));
        }
    });
    let usage = store.usage();
    assert_eq!((usage.log_in_refused, usage.log_ins_refused), (Some(RefusalCause::PasswordWrong), 1));
    // A person sets the password right in the database.
    faults("refused", "");
    while let Err(error) = store.has_accounts() {
        refused::<()>(Err(error));
        assert!(start.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(50));
    }
    assert!(start.elapsed() >= pause, "{:?}", start.elapsed());
    assert_eq!((refused_log_ins("refused"), store.usage().log_in_refused), (1, None));
}

#[test]
fn refusals_of_the_user_are_told_from_other_failures_to_log_in() {
    for (number, cause) in [
        (1005, Some(RefusalCause::PasswordWrong)),
        (1017, Some(RefusalCause::PasswordWrong)),
        (28000, Some(RefusalCause::AccountLocked)),
        (28001, Some(RefusalCause::PasswordExpired)),
        (18, None),
        (1045, None),
        (12541, None),
    ] {
        let service = format!("refused_{number}");
        faults(&service, &format!("connect||0|*|ORA-{number}\n"));
        let found = match store(&service).has_accounts() {
            Err(StoreError::Refused(refusal)) => Some(refusal.cause),
            Err(StoreError::Unavailable(_)) => None,
            other => panic!("{number}: {other:?}"),
        };
        assert_eq!(found, cause, "{number}");
    }
}

#[test]
fn expiry_of_the_password_is_what_the_database_says() {
    let store = store("expiry");
    let write = |kind: &str, text: &str| {
        std::fs::write(oracle_double::folder().join(format!("expiry.{kind}")), text).unwrap();
    };
    assert_eq!(store.password_expiry().unwrap(), PasswordExpiry::Never);
    write("expiry", "2027-11-25 12:00:01");
    let when = 1_827_144_001_000;
    assert_eq!(store.password_expiry().unwrap(), PasswordExpiry::At { when, in_grace: false });
    write("status", "EXPIRED(GRACE)");
    assert_eq!(store.password_expiry().unwrap(), PasswordExpiry::At { when, in_grace: true });
    // No such view, or no right to read it.
    for code in ["ORA-942", "ORA-1031"] {
        faults("expiry", &format!("execute|user_users|0|*|{code}\n"));
        assert_eq!(store.password_expiry().unwrap(), PasswordExpiry::Unknown, "{code}");
    }
}

/// Oracle's default profile locks a user after ten refused log-ins.
#[test]
fn wrong_password_at_the_start_is_tried_once_and_named() {
    let data = tempfile::tempdir().unwrap();
    Server::start("wrong", &data).wait_for("/#invite=");
    faults("wrong", "connect||0|*|ORA-1017\n");
    let server = Server::start("wrong", &data);
    // Longer than the pause after a failure of the network.
    for _ in 0..9 {
        assert_eq!(server.status(LIST), "503");
        let said = server.get("/readyz").0;
        assert!(said.contains(r#"{"part":"server-key","state":"refused","cause":"password-wrong"}"#), "{said}");
        thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(refused_log_ins("wrong"), 1);
    let output = server.wait_for("There is no further log-in for 60 s");
    assert!(output.contains("ORA-01017: the user or the password is wrong"), "{output}");
    // A restart tries at once.
    drop(server);
    faults("wrong", "");
    Server::start("wrong", &data).wait_for("/#invite=");
}

#[test]
fn locked_user_of_a_running_server_is_tried_once_and_named() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start("locked", &data);
    server.wait_for("/#invite=");
    // From now on a log-in goes alone: the last one that succeeded is too long ago.
    thread::sleep(Duration::from_millis(2100));
    faults("locked", "connect||0|*|ORA-28000\nany||0|*|drop-3113\n");
    for _ in 0..4 {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
                    write!(stream, "GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
                    let mut said = String::new();
                    stream.read_to_string(&mut said).unwrap();
                    let parts = r#"{"part":"reads","state":"refused","cause":"account-locked"},{"part":"writes","state":"unknown"}"#;
                    assert!(said.starts_with("HTTP/1.1 503") && said.contains(parts), "{said}");
                });
            }
        });
        thread::sleep(Duration::from_millis(600));
    }
    assert_eq!(refused_log_ins("locked"), 1);
    server.wait_for("ORA-28000: the database user is locked");
}

/// A service manager starts a server that ends again and again, and each start would be a log-in.
#[test]
fn first_start_waits_while_its_log_in_is_refused() {
    faults("waiting", "connect||0|*|ORA-1017\n");
    let data = tempfile::tempdir().unwrap();
    let mut child = passmint("waiting", &data)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let said: Vec<String> = lines.take(2).collect();
    let said = said.join("\n");
    thread::sleep(Duration::from_millis(500));
    let ended = child.try_wait().unwrap();
    let _ = child.kill();
    child.wait().unwrap();
    assert!(ended.is_none() && said.contains("ORA-01017") && said.contains("there is no server key yet"), "{said}");
    assert_eq!(refused_log_ins("waiting"), 1);
    assert!(!data.path().join("server-key").exists());
}

#[test]
fn each_command_tries_a_refused_log_in_once() {
    let data = tempfile::tempdir().unwrap();
    Server::start("once", &data).wait_for("/#invite=");
    faults("once", "connect||0|*|ORA-1017\n");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connect = format!("127.0.0.1:{}/once", listener.local_addr().unwrap().port());
    let archive = data.path().join("a.tar");
    let file = format!("sqlite:{}", data.path().join("moved.db").display());
    let commands: [&[&str]; 4] =
        [&["invite"], &["backup", archive.to_str().unwrap()], &["move", "--from", "oracle", "--to", &file], &["check"]];
    for (number, arguments) in commands.into_iter().enumerate() {
        let mut command = passmint("once", &data);
        let Output { status, stdout, stderr } =
            command.env("PASSMINT_ORACLE_CONNECT", &connect).args(arguments).output().unwrap();
        let said = String::from_utf8([stdout, stderr].concat()).unwrap();
        assert!(!status.success() && said.contains("ORA-01017"), "{arguments:?}: {said}");
        assert_eq!(refused_log_ins("once"), number + 1, "{arguments:?}");
    }
}

#[test]
fn expiry_of_the_password_is_in_log_and_metrics_and_check() {
    let data = tempfile::tempdir().unwrap();
    let metrics = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connect = format!("127.0.0.1:{}/expiring", listener.local_addr().unwrap().port());
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() + 12 * 86_400;
    let soon = time::OffsetDateTime::from_unix_timestamp(seconds as i64).unwrap().date().to_string();
    let scrape = || {
        let mut stream = TcpStream::connect(metrics).unwrap();
        write!(stream, "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        said
    };
    // The date, the status, and the words of log and check.
    for (expiry, status, said) in [
        ("", "OPEN", "does not expire".to_owned()),
        ("2999-11-25", "OPEN", "good until 2999-11-25 (".to_owned()),
        (&soon, "OPEN", format!("good until {soon} (11 days): change it before then")),
        (&soon, "EXPIRED(GRACE)", format!("in its days of grace, good until {soon} (11 days): change it now")),
    ] {
        std::fs::write(folder().join("expiring.expiry"), expiry).unwrap();
        std::fs::write(folder().join("expiring.status"), status).unwrap();
        let server = Server::start_with("expiring", &data, &[("PASSMINT_METRICS_LISTEN", &metrics.to_string())]);
        let output = server.wait_for("the database user's password: ");
        let line = output.lines().find(|line| line.contains("the database user's password: ")).unwrap();
        assert!(line.contains(&said) && line.contains(" WARN ") == said.contains("change it"), "{line}");
        if status != "OPEN" {
            server.wait_for("ORA-28002: the database user's password expires soon");
        }
        let gauge = scrape();
        let has = gauge.contains("\npassmint_database_password_expiry_timestamp_seconds ");
        assert_eq!(has, !expiry.is_empty(), "{gauge}");
        let checked = passmint("expiring", &data).args(["check", "--oracle-connect", &connect]).output().unwrap();
        let checked = String::from_utf8(checked.stdout).unwrap();
        let line = checked.lines().find(|line| line.starts_with("✓ password ")).unwrap();
        assert!(line.contains(&said), "{line}");
    }
}
