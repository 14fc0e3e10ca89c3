//! Lost sessions, time-outs, hung calls.

use std::time::{Duration, Instant};

use oracle::{ConnStatus, Connection};

use crate::support::{connect, dpi, faults, number, ora, run, try_connect};

#[test]
fn a_session_lost_in_a_call_stays_lost() {
    for (code, op) in [(3113, "execute"), (3135, "execute"), (28, "execute"), (2396, "execute"), (3113, "fetch")] {
        let service = format!("faults_lost_{op}_{code}");
        let db = connect(&service);
        run(&db, &["CREATE TABLE t (id NUMBER(10))", "INSERT INTO t VALUES (1)"]);
        faults(&service, &format!("{op}|from t|0|1|drop-{code}\n"));
        let error = db.query_row("SELECT id FROM t", &[]).err().unwrap();
        assert_eq!((error.oci_code(), error.dpi_code()), (None, Some(1080)), "{error:?}");
        assert!(error.to_string().contains(&code.to_string()));
        assert_eq!(dpi(db.query_row("SELECT id FROM t", &[])), 1010);
        assert_eq!(dpi(db.ping()), 1010);
        assert_eq!(dpi(db.commit()), 1010);
        assert!(matches!(db.status().unwrap(), ConnStatus::Closed));
        db.close().unwrap();
        // Uncommitted changes are gone.
        assert_eq!(number(&connect(&service), "SELECT COUNT(*) FROM t"), 0);
    }
}

#[test]
fn a_session_lost_in_commit_has_not_committed() {
    let db = connect("faults_commit");
    run(&db, &["CREATE TABLE t (id NUMBER(10))", "INSERT INTO t VALUES (1)"]);
    faults("faults_commit", "commit||0|1|drop-3113\n");
    assert_eq!(dpi(db.commit()), 1080);
    let db = connect("faults_commit");
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t"), 0);
    faults("faults_commit", "commit||0|1|ORA-1536\n");
    run(&db, &["INSERT INTO t VALUES (1)"]);
    assert_eq!(ora(db.commit()), 1536);
    db.commit().unwrap();
    assert_eq!(number(&connect("faults_commit"), "SELECT COUNT(*) FROM t"), 1);
}

#[test]
fn an_answer_can_be_lost_after_the_work_was_done() {
    let db = connect("faults_after");
    run(&db, &["CREATE TABLE t (id NUMBER(10))", "INSERT INTO t VALUES (1)"]);
    faults("faults_after", "committed||0|1|drop-3113\n");
    assert_eq!(dpi(db.commit()), 1080);
    let db = connect("faults_after");
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t"), 1);
    faults("faults_after", "executed|begin|0|1|drop-3113\n");
    assert_eq!(dpi(db.execute("BEGIN INSERT INTO t VALUES (2); COMMIT; END;", &[])), 1080);
    assert_eq!(number(&connect("faults_after"), "SELECT COUNT(*) FROM t"), 2);
}

/// Calls that are held by that effect, each with a call time-out of 300 ms.
fn held(service: &str, effect: &str, check: impl Fn(&Connection, oracle::Result<()>, f64)) {
    type Call = fn(&Connection) -> oracle::Result<()>;
    let query: Call = |db| db.query_row("SELECT 1 FROM dual", &[]).map(drop);
    let calls: [(&str, Call); 4] =
        [("execute|dual", query), ("fetch|dual", query), ("ping|", Connection::ping), ("commit|", Connection::commit)];
    for (op, call) in calls {
        let db = connect(service);
        db.set_call_timeout(Some(Duration::from_millis(300))).unwrap();
        faults(service, &format!("{op}|0|1|{effect}\n"));
        let begun = Instant::now();
        let result = call(&db);
        check(&db, result, begun.elapsed().as_secs_f64());
    }
}

#[test]
fn a_call_timeout_ends_a_call_that_waits_and_the_session_lives() {
    held("faults_wait", "wait:5000", |db, result, time| {
        assert_eq!(dpi(result), 1067);
        assert!((0.3..4.0).contains(&time), "{time}");
        db.query_row("SELECT 1 FROM dual", &[]).unwrap();
    });
}

/// Measured with client 19.3 and a server that was stopped: 3.00 s with a call time-out of 1.5 s.
#[test]
fn a_call_timeout_ends_a_hung_call_after_twice_its_time_and_the_session() {
    held("faults_hang", "hang:5000", |db, result, time| {
        let error = result.unwrap_err();
        assert_eq!((error.oci_code(), error.dpi_code()), (None, Some(1080)), "{error:?}");
        assert!(error.to_string().contains("ORA-03156"), "{error}");
        assert!((0.6..4.0).contains(&time), "{time}");
        assert_eq!(dpi(db.query_row("SELECT 1 FROM dual", &[])), 1010);
        assert!(matches!(db.status().unwrap(), ConnStatus::Closed));
    });
}

#[test]
fn a_hang_shorter_than_the_timeout_and_a_slow_call_go_on() {
    let db = connect("faults_slow");
    db.set_call_timeout(Some(Duration::from_secs(2))).unwrap();
    faults("faults_slow", "execute|dual|0|1|hang:100\n");
    let begun = Instant::now();
    db.query_row("SELECT 1 FROM dual", &[]).unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(100));
    db.set_call_timeout(Some(Duration::from_millis(50))).unwrap();
    faults("faults_slow", "execute|dual|0|1|slow:200\n");
    let begun = Instant::now();
    db.query_row("SELECT 1 FROM dual", &[]).unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(200));
}

/// Measured with client 19.3: with RECV_TIMEOUT=3 in the descriptor, a call time-out of 3.5 s ended after 3.50 s if the
/// server was stopped, and after 3.3 s, with the connection whole, if the server went on at that time.
#[test]
fn a_break_because_of_silence_ends_a_hung_call_at_its_timeout() {
    let descriptor = "(description=(recv_timeout=1)(connect_data=(service_name=faults_silence)))";
    let call = |effect: &str| {
        let db = try_connect(descriptor).unwrap();
        db.set_call_timeout(Some(Duration::from_millis(1500))).unwrap();
        faults("faults_silence", &format!("execute|dual|0|1|{effect}:9000\n"));
        let begun = Instant::now();
        let error = db.query_row("SELECT 1 FROM dual", &[]).unwrap_err();
        assert!(begun.elapsed() < Duration::from_millis(2900), "{:?}", begun.elapsed());
        (error, db.query_row("SELECT 1 FROM dual", &[]).is_ok())
    };
    let (error, lives) = call("hang");
    assert_eq!((error.dpi_code(), lives), (Some(1080), false), "{error:?}");
    assert!(error.to_string().contains("ORA-03156"), "{error}");
    let (error, lives) = call("wait");
    assert_eq!((error.oci_code(), lives), (Some(12609), true), "{error:?}");
}
