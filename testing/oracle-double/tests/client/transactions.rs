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
fn autocommit_commits() {
    let mut db = connect("tx_auto");
    run(&db, &["CREATE TABLE t (id NUMBER(10))"]);
    db.set_autocommit(true);
    run(&db, &["INSERT INTO t VALUES (1)"]);
    db.rollback().unwrap();
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t"), 1);
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
    assert_eq!(ora(other.query("SELECT n FROM t FOR UPDATE NOWAIT", &[]).map(drop)), 54);
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
fn a_locked_table_keeps_writers_out() {
    let db = connect("tx_lock");
    let other = connect("tx_lock");
    run(&db, &["CREATE TABLE t (id NUMBER(10))", "LOCK TABLE t IN EXCLUSIVE MODE"]);
    assert_eq!(ora(other.execute("LOCK TABLE t IN EXCLUSIVE MODE NOWAIT", &[])), 54);
    assert_eq!(ora(other.execute("LOCK TABLE t IN EXCLUSIVE MODE WAIT 1", &[])), 30006);
    assert_eq!(ora(other.execute("LOCK TABLE nowhere IN EXCLUSIVE MODE", &[])), 942);
    db.rollback().unwrap();
    run(&other, &["LOCK TABLE t IN SHARE ROW EXCLUSIVE MODE"]);
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
    run(&db, &["CREATE TABLE t (id NUMBER(10) PRIMARY KEY)", "INSERT INTO t VALUES (1)"]);
    assert_eq!(ora(db.execute("INSERT INTO t SELECT id + 1 FROM t UNION ALL SELECT id FROM t", &[])), 1);
    run(&db, &["INSERT INTO t VALUES (5)"]);
    db.commit().unwrap();
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t"), 2);
}

#[test]
fn sixteen_connections_write_one_after_the_other() {
    let db = connect("tx_threads");
    run(&db, &["CREATE TABLE t (id NUMBER(10) PRIMARY KEY, n NUMBER(10))", "INSERT INTO t VALUES (1, 0)"]);
    db.commit().unwrap();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let db = connect("tx_threads");
                for _ in 0..20 {
                    let n = number(&db, "SELECT n FROM t WHERE id = 1 FOR UPDATE");
                    db.execute("UPDATE t SET n = :1 WHERE id = 1", &[&(n + 1)]).unwrap();
                    db.commit().unwrap();
                }
            });
        }
    });
    assert_eq!(number(&db, "SELECT n FROM t"), 320);
}
