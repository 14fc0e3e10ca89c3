//! Transactions: isolation, locks and rollback.

use std::thread;
use std::time::{Duration, Instant};

use crate::support::{connect, dpi, number, ora, run};

#[test]
fn nothing_is_seen_before_commit() {
    let db = connect("tx_commit");
    let other = connect("tx_commit");
    run(&db, &["CREATE TABLE t (id NUMBER(10))", "INSERT INTO t VALUES (1)"]);
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t"), 1);
    assert_eq!(number(&other, "SELECT COUNT(*) FROM t"), 0);
    db.commit().unwrap();
    assert_eq!(number(&other, "SELECT COUNT(*) FROM t"), 1);
    run(&db, &["DELETE FROM t"]);
    db.rollback().unwrap();
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t"), 1);
    run(&db, &["INSERT INTO t VALUES (2)"]);
    db.close().unwrap();
    assert_eq!(number(&other, "SELECT COUNT(*) FROM t"), 1);
}

#[test]
fn ddl_commits_what_is_open() {
    let db = connect("tx_ddl");
    run(&db, &["CREATE TABLE t (id NUMBER(10))", "INSERT INTO t VALUES (1)", "CREATE TABLE u (id NUMBER(10))"]);
    db.rollback().unwrap();
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t"), 1);
}

#[test]
fn writers_wait_for_each_other_as_long_as_their_call_may_take() {
    let db = connect("tx_wait");
    let other = connect("tx_wait");
    run(&db, &["CREATE TABLE t (id NUMBER(10) PRIMARY KEY, n NUMBER(10))", "INSERT INTO t VALUES (1, 0)"]);
    db.commit().unwrap();
    assert_eq!(number(&db, "SELECT n FROM t WHERE id = 1 FOR UPDATE"), 0);
    other.set_call_timeout(Some(Duration::from_millis(200))).unwrap();
    let begun = Instant::now();
    assert_eq!(dpi(other.execute("UPDATE t SET n = n + 1", &[])), 1067);
    assert!((0.2..4.0).contains(&begun.elapsed().as_secs_f64()), "{:?}", begun.elapsed());
    // Readers do not wait.
    assert_eq!(number(&other, "SELECT n FROM t"), 0);
    other.set_call_timeout(None).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(100));
            run(&db, &["UPDATE t SET n = 10"]);
            db.commit().unwrap();
        });
        run(&other, &["UPDATE t SET n = n + 1"]);
    });
    other.commit().unwrap();
    assert_eq!(number(&db, "SELECT n FROM t"), 11);
}

#[test]
fn statement_that_locks_no_row_blocks_nobody() {
    let db = connect("tx_free");
    let other = connect("tx_free");
    run(&db, &["CREATE TABLE t (id NUMBER(10) PRIMARY KEY)", "INSERT INTO t VALUES (1)"]);
    db.commit().unwrap();
    other.set_call_timeout(Some(Duration::from_secs(5))).unwrap();
    run(&db, &["UPDATE t SET id = 2 WHERE id = 99", "DELETE FROM t WHERE id = 99"]);
    db.query("SELECT id FROM t WHERE id = 99 FOR UPDATE", &[]).unwrap();
    assert_eq!(ora(db.execute("INSERT INTO t VALUES (1)", &[])), 1);
    assert_eq!(ora(db.execute("INSERT INTO nowhere VALUES (1)", &[])), 942);
    run(&db, &["BEGIN UPDATE t SET id = 2 WHERE id = 99; END;"]);
    run(&other, &["INSERT INTO t VALUES (3)"]);
}

#[test]
fn a_failed_statement_is_undone_and_the_transaction_goes_on() {
    let db = connect("tx_failed");
    run(&db, &["CREATE TABLE t (id NUMBER(10) PRIMARY KEY)", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"]);
    assert_eq!(ora(db.execute("UPDATE t SET id = 7", &[])), 1);
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t WHERE id = 7"), 0);
    run(&db, &["INSERT INTO t VALUES (5)"]);
    db.commit().unwrap();
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t"), 3);
}
