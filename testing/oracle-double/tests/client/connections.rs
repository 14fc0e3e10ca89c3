//! Addresses, log-ins, the password's expiry.

use std::fs;

use oracle::Connector;
use oracle::sql_type::{OracleType, Timestamp};

use crate::support::{address, connect, faults, folder, ora, try_connect};

#[test]
fn only_a_descriptor_leads_to_a_service() {
    connect("conn_form");
    for address in ["", "conn_form", "//localhost/conn_form", "(description=(connect_data=(service_name=../x)))"] {
        assert_eq!(ora(try_connect(address)), 12154, "{address}");
    }
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
    let rows = db.query("SELECT expiry_date FROM user_users", &[]).unwrap();
    assert_eq!(rows.column_info()[0].oracle_type(), &OracleType::Date);
    // A log-in of the days of grace succeeds with a warning.
    assert!(db.last_warning().is_none());
    assert_eq!(connect("conn_expiry").last_warning().unwrap().oci_code(), Some(28002));
}

#[test]
fn function_that_the_double_lacks_is_named() {
    let db = connect("conn_lacks");
    let error = db.server_version().err().unwrap();
    assert_eq!(error.dpi_code(), Some(1049), "{error:?}");
    assert!(error.to_string().contains("OCIServerRelease"), "{error}");
}
