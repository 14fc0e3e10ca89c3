//! Standalone connections: addresses, log-ins, versions, the dictionary.

use std::fs;
use std::time::Instant;

use oracle::sql_type::Timestamp;
use oracle::{ConnStatus, Connector};

use crate::support::{PASSWORD, address, connect, faults, folder, ora, try_connect};

#[test]
fn only_a_descriptor_leads_to_a_service() {
    connect("conn_form");
    for address in ["", "conn_form", "//localhost/conn_form", "(description=(connect_data=(service_name=../x)))"] {
        assert_eq!(ora(try_connect(address)), 12154, "{address}");
    }
}

#[test]
fn only_the_password_matters() {
    let address = address("conn_login");
    folder();
    assert_eq!(ora(Connector::new("passmint", "wrong", &address).connect()), 1017);
    let db = Connector::new("somebody", PASSWORD, &address).connect().unwrap();
    assert_eq!(db.query_row_as::<String>("SELECT username FROM user_users", &[]).unwrap(), "SOMEBODY");
    db.close().unwrap();
    assert!(matches!(db.status().unwrap(), ConnStatus::Closed));
}

#[test]
fn the_dictionary_answers_a_check() {
    let db = connect("conn_check");
    let context = "SELECT sys_context('USERENV', 'SERVICE_NAME'), sys_context('USERENV', 'NETWORK_PROTOCOL') FROM dual";
    let row: (String, String) = db.query_row_as(context, &[]).unwrap();
    assert_eq!((row.0.as_str(), row.1.as_str()), ("conn_check", "tcps"));
    let privileges = || {
        let rows = db.query_as::<String>("SELECT privilege FROM session_privs ORDER BY privilege", &[]).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>()
    };
    assert_eq!(privileges(), ["CREATE SESSION", "CREATE TABLE"]);
    fs::write(folder().join("conn_check.privs"), "CREATE SESSION\n").unwrap();
    assert_eq!(privileges(), ["CREATE SESSION"]);
    let quota = || {
        let sql = "SELECT tablespace_name, bytes, max_bytes FROM user_ts_quotas";
        let rows = db.query_as::<(String, i64, i64)>(sql, &[]).unwrap();
        rows.map(Result::unwrap).collect::<Vec<_>>()
    };
    assert_eq!(quota(), [("DATA".to_owned(), 0, 1 << 30)]);
    db.execute("CREATE TABLE probe (id NUMBER(1))", &[]).unwrap();
    fs::write(folder().join("conn_check.quota"), "").unwrap();
    assert_eq!(quota(), []);
    assert_eq!(ora(db.execute("INSERT INTO probe VALUES (1)", &[])), 1950);
    fs::write(folder().join("conn_check.quota"), "1048576").unwrap();
    assert_eq!(quota(), [("DATA".to_owned(), 0, 1 << 20)]);
    db.execute("INSERT INTO probe VALUES (1)", &[]).unwrap();
    let columns = db.query_as::<(String, String)>("SELECT table_name, column_name FROM user_tab_columns", &[]).unwrap();
    assert_eq!(columns.map(Result::unwrap).collect::<Vec<_>>(), [("PROBE".to_owned(), "ID".to_owned())]);
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
    assert_eq!(ora(try_connect(&address("conn_silent"))), 12170);
    let longer =
        "(description=(transport_connect_timeout=9)(connect_timeout=1)(connect_data=(service_name=conn_silent)))";
    assert_eq!(ora(try_connect(longer)), 12170);
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
        let sql = "SELECT account_status, expiry_date FROM user_users";
        db.query_row_as::<(String, Option<Timestamp>)>(sql, &[]).unwrap()
    };
    assert_eq!(expiry(), ("OPEN".to_owned(), None));
    fs::write(folder().join("conn_expiry.expiry"), "2027-11-25 06:30:01\n").unwrap();
    fs::write(folder().join("conn_expiry.status"), "EXPIRED(GRACE)\n").unwrap();
    assert_eq!(expiry(), ("EXPIRED(GRACE)".to_owned(), Some(Timestamp::new(2027, 11, 25, 6, 30, 1, 0).unwrap())));
    // A log-in of the days of grace succeeds with a warning.
    assert!(db.last_warning().is_none());
    assert_eq!(connect("conn_expiry").last_warning().unwrap().oci_code(), Some(28002));
}
