//! Standalone connections: addresses, log-ins, versions, the dictionary.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use oracle::{ConnStatus, Connector, Version};

use crate::support::{PASSWORD, address, connect, faults, folder, ora, try_connect};

#[test]
fn every_form_of_address_leads_to_its_service() {
    let descriptor = "(description=(retry_count=2)(connect_timeout=10)(transport_connect_timeout=5)
        (address=(protocol=tcps)(port=1521)(host=adb.example.com))
        (connect_data=(service_name=conn_forms))(security=(ssl_server_dn_match=yes)))";
    for address in [
        "//localhost/conn_forms",
        "localhost:1521/conn_forms",
        "tcps://adb.example.com:1522/conn_forms?wallet_location=/tmp/w&connect_timeout=5",
        "conn_forms",
        descriptor,
    ] {
        let db = try_connect(address).unwrap();
        let service: String = db.query_row_as("SELECT sys_context('USERENV', 'SERVICE_NAME') FROM dual", &[]).unwrap();
        assert_eq!(service, "conn_forms", "{address}");
    }
    assert_eq!(ora(try_connect("(description=(connect_data=(service_name=x))")), 12154);
    assert_eq!(ora(try_connect("")), 12162);
    assert_eq!(ora(try_connect("//localhost/..")), 12154);
}

#[test]
fn only_the_password_matters() {
    let address = address("conn_login");
    folder();
    assert_eq!(ora(Connector::new("passmint", "wrong", &address).connect()), 1017);
    let db = Connector::new("somebody", PASSWORD, &address).connect().unwrap();
    assert_eq!(db.query_row_as::<String>("SELECT user FROM dual", &[]).unwrap(), "SOMEBODY");
    assert_eq!(db.current_schema().unwrap(), "SOMEBODY");
    db.close().unwrap();
    assert!(matches!(db.status().unwrap(), ConnStatus::Closed));
}

#[test]
fn versions_follow_the_environment_and_the_service_name() {
    folder();
    assert_eq!(Version::client().unwrap(), Version::new(23, 9, 0, 0, 0));
    let (version, banner) = connect("conn_version").server_version().unwrap();
    assert_eq!((version.major(), version.minor()), (23, 9));
    assert!(banner.starts_with("Oracle double 23"), "{banner}");
    let (version, banner) = connect("v19_conn_version").server_version().unwrap();
    assert_eq!(version.major(), 19);
    assert!(banner.starts_with("Oracle double 19"), "{banner}");
    assert!(connect("conn_version").info().unwrap().service_name.contains("conn_version"));
}

/// One client for each process: older ones run a part of these tests in processes of their own.
#[test]
fn older_clients_work_too() {
    for version in ["19.24.0.0.0", "21.5.0.0.0"] {
        let run = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["values::", "blocks::", "transactions::", "pools::sessions", "faults::a_call"])
            .env("ORAFAKE_CLIENT_VERSION", version)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(run.status.success() && !said.contains("running 0 tests"), "{version}: {said}");
    }
}

#[test]
fn the_dictionary_answers_a_check() {
    let db = connect("conn_check");
    let row = db
        .query_row_as::<(String, String, String, String, String, String)>(
            "SELECT sys_context('USERENV','SERVICE_NAME'), sys_context('USERENV','CURRENT_SCHEMA'),
                    sys_context('USERENV','SESSION_USER'), sys_context('USERENV','DB_NAME'),
                    sys_context('USERENV','NETWORK_PROTOCOL'), sys_context('USERENV','CON_NAME') FROM dual",
            &[],
        )
        .unwrap();
    assert_eq!((row.0.as_str(), row.1.as_str(), row.2.as_str()), ("conn_check", "PASSMINT", "PASSMINT"));
    assert!(!row.3.is_empty() && !row.4.is_empty() && !row.5.is_empty());
    let privileges = || {
        let rows = db.query_as::<String>("SELECT privilege FROM session_privs ORDER BY privilege", &[]).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>()
    };
    assert_eq!(privileges(), ["CREATE SEQUENCE", "CREATE SESSION", "CREATE TABLE"]);
    fs::write(folder().join("conn_check.privs"), "CREATE SESSION\n").unwrap();
    assert_eq!(privileges(), ["CREATE SESSION"]);
    let quota = || {
        let rows =
            db.query_as::<(String, i64, i64)>("SELECT tablespace_name, bytes, max_bytes FROM user_ts_quotas", &[]);
        rows.unwrap().map(Result::unwrap).collect::<Vec<_>>()
    };
    assert_eq!(quota(), [("DATA".to_owned(), 0, 1 << 30)]);
    db.execute("CREATE TABLE probe (id NUMBER(1))", &[]).unwrap();
    fs::write(folder().join("conn_check.quota"), "").unwrap();
    assert_eq!(quota(), []);
    assert_eq!(ora(db.execute("INSERT INTO probe VALUES (1)", &[])), 1950);
    fs::write(folder().join("conn_check.quota"), "1048576").unwrap();
    assert_eq!(quota(), [("DATA".to_owned(), 0, 1 << 20)]);
    db.execute("INSERT INTO probe VALUES (1)", &[]).unwrap();
    let tables = db.query_as::<String>("SELECT table_name FROM user_tables", &[]).unwrap();
    assert_eq!(tables.map(Result::unwrap).collect::<Vec<_>>(), ["PROBE"]);
    let banner: String = db.query_row_as("SELECT banner FROM v$version", &[]).unwrap();
    assert!(banner.starts_with("Oracle double"));
    let guid: Vec<u8> = db.query_row_as("SELECT SYS_GUID() FROM dual", &[]).unwrap();
    assert_eq!(guid.len(), 16);
    let now: oracle::sql_type::Timestamp = db.query_row_as("SELECT SYSTIMESTAMP FROM dual", &[]).unwrap();
    assert!(now.year() >= 2024 && now.tz_hour_offset() == 0);
}

#[test]
fn a_service_that_is_down_refuses_and_drops() {
    let db = connect("conn_down");
    faults("conn_down", "down\n");
    assert_eq!(ora(try_connect(&address("conn_down"))), 12541);
    faults("conn_down", "");
    // A session from before is lost, even though the service is back.
    assert_eq!(crate::support::dpi(db.ping()), 1080);
    connect("conn_down").ping().unwrap();
}

#[test]
fn a_silent_listener_is_left_after_the_connect_timeout() {
    folder();
    faults("conn_silent", "silent\n");
    let begun = Instant::now();
    assert_eq!(ora(try_connect(&format!("{}?connect_timeout=1", address("conn_silent")))), 12170);
    let descriptor =
        "(description=(connect_timeout=1)(transport_connect_timeout=9)(connect_data=(service_name=conn_silent)))";
    assert_eq!(ora(try_connect(descriptor)), 12170);
    assert!((2.0..8.0).contains(&begun.elapsed().as_secs_f64()), "{:?}", begun.elapsed());
}

#[test]
fn a_connect_fails_as_it_is_told() {
    folder();
    faults("conn_fault", "connect||0|1|ORA-28000\nconnect||0|1|ORA-12514\n");
    assert_eq!(ora(try_connect(&address("conn_fault"))), 28000);
    assert_eq!(ora(try_connect(&address("conn_fault"))), 12514);
    try_connect(&address("conn_fault")).unwrap();
}

#[test]
fn a_hung_call_can_be_broken_off() {
    let db = connect("conn_break");
    faults("conn_break", "execute|dual|0|1|hang:5000\n");
    let begun = Instant::now();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Until it has ended: a break that comes before the call is none.
            while !ended.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(50));
                db.break_execution().unwrap();
            }
        });
        let result = db.query_row("SELECT 1 FROM dual", &[]);
        ended.store(true, Ordering::SeqCst);
        assert_eq!(ora(result), 1013);
    });
    assert!(begun.elapsed() < Duration::from_secs(3));
    db.query_row("SELECT 1 FROM dual", &[]).unwrap();
}

#[test]
fn every_log_in_is_noted() {
    let address = address("conn_log_ins");
    folder();
    faults("conn_log_ins", "connect||1|1|ORA-28000\n");
    assert_eq!(ora(Connector::new("passmint", "wrong", &address).connect()), 1017);
    assert_eq!(ora(try_connect(&address)), 28000);
    try_connect(&address).unwrap();
    // A connect that reaches no listener is no log-in.
    faults("conn_log_ins", "down\n");
    assert_eq!(ora(try_connect(&address)), 12541);
    let noted = fs::read_to_string(folder().join("conn_log_ins.log-ins")).unwrap();
    assert_eq!(noted, "ORA-01017\nORA-28000\naccepted\n");
}

#[test]
fn the_password_expires_when_it_is_told() {
    let db = connect("conn_expiry");
    let expiry = || {
        let sql = "SELECT account_status, ROUND((CAST(SYS_EXTRACT_UTC(FROM_TZ(CAST(expiry_date AS TIMESTAMP), 'UTC'))
                       AS DATE) - DATE '1970-01-01') * 86400), TRUNC(expiry_date - DATE '2026-01-01') FROM user_users";
        db.query_row_as::<(String, Option<i64>, Option<i64>)>(sql, &[]).unwrap()
    };
    assert_eq!(expiry(), ("OPEN".to_owned(), None, None));
    fs::write(folder().join("conn_expiry.expiry"), "2027-11-25 06:30:01\n").unwrap();
    fs::write(folder().join("conn_expiry.status"), "EXPIRED(GRACE)\n").unwrap();
    assert_eq!(expiry(), ("EXPIRED(GRACE)".to_owned(), Some(1_827_124_201), Some(693)));
}
