//! The OCI session pool.

use std::thread;
use std::time::{Duration, Instant};

use oracle::pool::{CloseMode, GetMode, Pool, PoolBuilder};

use crate::support::{PASSWORD, address, connect, dpi, faults, folder, number, ora, run};

fn builder(service: &str, max: u32) -> PoolBuilder {
    folder();
    let mut builder = PoolBuilder::new("passmint", PASSWORD, address(service));
    builder.min_connections(0).max_connections(max).connection_increment(1);
    builder
}

fn pool(service: &str, max: u32) -> Pool {
    builder(service, max).get_mode(GetMode::TimedWait(Duration::from_secs(10))).build().unwrap()
}

#[test]
fn sessions_are_kept_and_counted() {
    let pool = pool("pool_count", 3);
    assert_eq!((pool.open_count().unwrap(), pool.busy_count().unwrap()), (0, 0));
    let first = pool.get().unwrap();
    let second = pool.get().unwrap();
    first.ping().unwrap();
    assert_eq!((pool.open_count().unwrap(), pool.busy_count().unwrap()), (2, 2));
    drop(second);
    first.close().unwrap();
    assert_eq!((pool.open_count().unwrap(), pool.busy_count().unwrap()), (2, 0));
    pool.get().unwrap();
    assert_eq!(pool.open_count().unwrap(), 2);
    pool.close(&CloseMode::Default).unwrap();
    assert_eq!(dpi(pool.get()), 1010);
}

#[test]
fn an_exhausted_pool_refuses_by_its_get_mode() {
    let pool = builder("pool_full", 1).get_mode(GetMode::NoWait).build().unwrap();
    let held = pool.get().unwrap();
    assert_eq!(ora(pool.get()), 24418);
    drop(held);
    let pool = builder("pool_full", 1).get_mode(GetMode::TimedWait(Duration::from_millis(400))).build().unwrap();
    let held = pool.get().unwrap();
    let begun = Instant::now();
    assert_eq!(ora(pool.get()), 24457);
    assert!((0.4..4.0).contains(&begun.elapsed().as_secs_f64()), "{:?}", begun.elapsed());
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(100));
            held.close().unwrap();
        });
        pool.get().unwrap();
    });
    let pool = builder("pool_full", 1).get_mode(GetMode::ForceGet).build().unwrap();
    let _held = pool.get().unwrap();
    pool.get().unwrap();
}

#[test]
fn uncommitted_changes_are_rolled_back_when_a_session_is_released() {
    let pool = pool("pool_undo", 1);
    let db = pool.get().unwrap();
    run(&db, &["CREATE TABLE t (id NUMBER(10))", "INSERT INTO t VALUES (1)"]);
    drop(db);
    let db = pool.get().unwrap();
    assert_eq!(number(&db, "SELECT COUNT(*) FROM t"), 0);
    run(&db, &["INSERT INTO t VALUES (1)"]);
    db.commit().unwrap();
    drop(db);
    assert_eq!(number(&connect("pool_undo"), "SELECT COUNT(*) FROM t"), 1);
}

#[test]
fn a_session_lost_in_use_leaves_the_pool() {
    let pool = pool("pool_lost", 2);
    let db = pool.get().unwrap();
    faults("pool_lost", "execute||0|1|drop-3113\n");
    assert_eq!(dpi(db.query_row("SELECT 1 FROM dual", &[])), 1080);
    assert_eq!(pool.open_count().unwrap(), 1);
    drop(db);
    assert_eq!(pool.open_count().unwrap(), 0);
    pool.get().unwrap().ping().unwrap();
}

#[test]
fn lost_and_hung_idle_sessions_are_pinged_away() {
    let pool = builder("pool_ping", 2)
        .get_mode(GetMode::NoWait)
        .ping_interval(Some(Duration::ZERO))
        .unwrap()
        .ping_timeout(Duration::from_millis(200))
        .unwrap()
        .build()
        .unwrap();
    let both = [pool.get().unwrap(), pool.get().unwrap()];
    drop(both);
    faults("pool_ping", "ping||0|2|drop-3113\n");
    pool.get().unwrap().query_row("SELECT 1 FROM dual", &[]).unwrap();
    assert_eq!(pool.open_count().unwrap(), 1);
    faults("pool_ping", "ping||0|1|hang:5000\n");
    let begun = Instant::now();
    pool.get().unwrap().query_row("SELECT 1 FROM dual", &[]).unwrap();
    assert!((0.2..4.0).contains(&begun.elapsed().as_secs_f64()), "{:?}", begun.elapsed());
    assert_eq!(pool.open_count().unwrap(), 1);
}

#[test]
fn a_pool_without_sessions_starts_while_the_service_is_down() {
    folder();
    faults("pool_down", "down\n");
    let offline = pool("pool_down", 4);
    assert_eq!(ora(offline.get()), 12541);
    assert_eq!(ora(builder("pool_down", 1).min_connections(1).build()), 12541);
    faults("pool_down", "get||0|1|ORA-24459\n");
    assert_eq!(ora(offline.get()), 24459);
    let db = offline.get().unwrap();
    offline.close(&CloseMode::Force).unwrap();
    assert_eq!(dpi(db.ping()), 1010);
}

#[test]
fn opening_a_session_is_bounded_by_no_get_mode_and_one_at_a_time() {
    folder();
    faults("pool_silent", "silent\n");
    let address = format!("{}?connect_timeout=1", address("pool_silent"));
    let mut builder = PoolBuilder::new("passmint", PASSWORD, &address);
    builder.min_connections(0).max_connections(4).get_mode(GetMode::NoWait);
    let pool = builder.build().unwrap();
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(ora(pool.get()), 12170));
        }
    });
    assert!((2.0..8.0).contains(&begun.elapsed().as_secs_f64()), "{:?}", begun.elapsed());
}

#[test]
fn sixteen_threads_share_three_sessions() {
    let pool = pool("pool_threads", 3);
    run(&pool.get().unwrap(), &["CREATE TABLE t (thread NUMBER(10), turn NUMBER(10), PRIMARY KEY (thread, turn))"]);
    thread::scope(|scope| {
        for id in 0..16 {
            let pool = &pool;
            scope.spawn(move || {
                for turn in 0..20 {
                    let db = pool.get().unwrap();
                    db.execute("INSERT INTO t VALUES (:1, :2)", &[&id, &turn]).unwrap();
                    db.commit().unwrap();
                }
            });
        }
    });
    assert_eq!(number(&pool.get().unwrap(), "SELECT COUNT(*) FROM t"), 320);
    assert!(pool.open_count().unwrap() <= 3);
}
