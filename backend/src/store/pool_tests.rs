use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;

use super::*;

/// Opens numbered connections, unless it is down.
#[derive(Default)]
struct Numbers {
    opened: AtomicUsize,
    is_down: AtomicBool,
    refuses: AtomicBool,
    /// Calls of `connect`, and the most at a time.
    calls: AtomicUsize,
    running: AtomicUsize,
    most: AtomicUsize,
    /// Milliseconds that each call takes.
    time: AtomicU64,
    /// Milliseconds that the check of an unusable connection takes.
    check_time: AtomicU64,
}

impl Connect for Numbers {
    type Connection = usize;

    fn connect(&self, _: Instant) -> Result<usize, ConnectFailure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.most.fetch_max(self.running.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(self.time.load(Ordering::Relaxed)));
        self.running.fetch_sub(1, Ordering::Relaxed);
        if self.is_down.load(Ordering::Relaxed) {
            return Err(ConnectFailure::Unreachable("it is down".into()));
        }
        if self.refuses.load(Ordering::Relaxed) {
            return Err(ConnectFailure::Refused(RefusalCause::PasswordWrong, "it is wrong".into()));
        }
        Ok(self.opened.fetch_add(1, Ordering::Relaxed))
    }

    fn close(&self, _: Vec<usize>) {}

    /// Every odd connection is lost while it is idle.
    fn is_usable(&self, connection: &usize, _: Duration) -> bool {
        let usable = connection.is_multiple_of(2);
        if !usable {
            thread::sleep(Duration::from_millis(self.check_time.load(Ordering::Relaxed)));
        }
        usable
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(50)
}

fn usage(pool: &Pool<Numbers>) -> (u64, u64) {
    let PoolUsage { connections, in_use, .. } = pool.usage();
    (connections, in_use)
}

fn failure(pool: &Pool<Numbers>) -> String {
    match pool.get(soon()) {
        Ok(pooled) => panic!("connection {}", pooled.connection),
        Err(error) => error.to_string(),
    }
}

#[test]
fn returned_connection_is_reused_and_dropped_or_unusable_one_is_replaced() {
    let pool = Pool::new(Numbers::default(), 2);
    pool.get(soon()).unwrap().give_back();
    let first = pool.get(soon()).unwrap();
    assert_eq!((first.connection, usage(&pool)), (0, (1, 1)));
    let second = pool.get(soon()).unwrap();
    assert_eq!((second.connection, usage(&pool)), (1, (2, 2)));
    drop(first);
    second.give_back();
    assert_eq!(usage(&pool), (1, 0));
    // Connection 1 is unusable.
    let third = pool.get(soon()).unwrap();
    assert_eq!((third.connection, usage(&pool)), (2, (1, 1)));
}

/// A cut connection says nothing of the others. A server that does not answer would hang each of their checks.
#[test]
fn check_that_fails_slowly_closes_the_other_idle_connections() {
    for (millis, next) in [(0, 0), (SLOW_CHECK.as_millis() as u64, 2)] {
        let pool = Pool::new(Numbers::default(), 2);
        pool.connector.check_time.store(millis, Ordering::Relaxed);
        let (first, second) = (pool.get(soon()).unwrap(), pool.get(soon()).unwrap());
        first.give_back();
        second.give_back();
        // Connection 1 is unusable.
        assert_eq!(pool.get(soon()).unwrap().connection, next, "{millis}");
    }
}

#[test]
fn caller_waits_for_a_free_connection_until_its_deadline() {
    let pool = Pool::new(Numbers::default(), 1);
    let held = pool.get(soon()).unwrap();
    assert!(failure(&pool).contains("in use"));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| pool.get(Instant::now() + Duration::from_secs(10)).unwrap().connection);
        thread::sleep(Duration::from_millis(50));
        held.give_back();
        assert_eq!(waiting.join().unwrap(), 0);
    });
}

#[test]
fn failure_to_connect_is_the_answer_for_a_second_and_closes_idle_connections() {
    let pool = Pool::new(Numbers::default(), 2);
    let (first, second) = (pool.get(soon()).unwrap(), pool.get(soon()).unwrap());
    drop(second);
    pool.connector.is_down.store(true, Ordering::Relaxed);
    assert!(failure(&pool).contains("it is down"));
    pool.connector.is_down.store(false, Ordering::Relaxed);
    assert!(failure(&pool).contains("it is down"), "it is not asked again so soon");
    first.give_back();
    pool.close_idle();
    assert_eq!(usage(&pool), (0, 0));
    thread::sleep(FAILURE_HOLDS);
    assert_eq!(pool.get(soon()).unwrap().connection, 2);
}

impl Pool<Numbers> {
    fn refuse(&self, refuses: bool) {
        self.connector.refuses.store(refuses, Ordering::Relaxed);
    }

    fn calls(&self) -> usize {
        self.connector.calls.load(Ordering::Relaxed)
    }

    /// Lets time pass since the last failure.
    fn pass(&self, time: Duration) {
        let mut state = self.state();
        let failure = state.last_failure.as_mut().unwrap();
        failure.at = failure.at.checked_sub(time).unwrap();
    }

    /// The seconds until the next log-in, as a refused caller learns them.
    fn refused_for(&self) -> u64 {
        match self.get(soon()) {
            Err(StoreError::Refused(LogInRefusal { cause: RefusalCause::PasswordWrong, pause, .. })) => {
                (pause + Duration::from_millis(999)).as_secs()
            }
            Err(error) => panic!("{error}"),
            Ok(pooled) => panic!("connection {}", pooled.connection),
        }
    }
}

#[test]
fn refused_log_in_is_the_answer_for_minutes_which_double_up_to_an_hour() {
    let pool = Pool::new(Numbers::default(), 2);
    pool.refuse(true);
    for (number, seconds) in [60, 120, 240, 480, 960, 1920, 3600, 3600].into_iter().enumerate() {
        assert_eq!((pool.refused_for(), pool.calls()), (seconds, number + 1));
        pool.pass(Duration::from_secs(seconds - 10));
        assert!(pool.refused_for() <= 10 && pool.calls() == number + 1, "it is not tried again before");
        pool.pass(Duration::from_secs(10));
    }
    // A person has set the password right.
    pool.refuse(false);
    pool.get(soon()).unwrap().give_back();
    assert_eq!((pool.usage().log_in_refused, pool.usage().refusals), (None, 8));
    pool.close_idle();
    pool.refuse(true);
    assert_eq!(pool.refused_for(), 60, "a log-in that succeeded ends the row");
    assert_eq!(pool.usage().log_in_refused, Some(RefusalCause::PasswordWrong));
}

#[test]
fn failure_of_the_network_between_refusals_does_not_shorten_the_pause() {
    let pool = Pool::new(Numbers::default(), 2);
    pool.refuse(true);
    assert_eq!(pool.refused_for(), 60);
    pool.pass(Duration::from_secs(60));
    pool.connector.is_down.store(true, Ordering::Relaxed);
    assert!(failure(&pool).contains("it is down"));
    assert_eq!(pool.usage().log_in_refused, None);
    pool.connector.is_down.store(false, Ordering::Relaxed);
    pool.pass(FAILURE_HOLDS);
    assert_eq!(pool.refused_for(), 120);
}

#[test]
fn callers_in_doubt_make_one_log_in_together() {
    let pool = Pool::new(Numbers::default(), 5);
    pool.refuse(true);
    pool.connector.time.store(200, Ordering::Relaxed);
    let refuse_all = || {
        thread::scope(|scope| {
            for _ in 0..12 {
                scope.spawn(|| match pool.get(Instant::now() + Duration::from_secs(10)) {
                    Err(StoreError::Refused(_)) => {}
                    Err(error) => panic!("{error}"),
                    Ok(pooled) => panic!("connection {}", pooled.connection),
                });
            }
        });
    };
    refuse_all();
    assert_eq!((pool.calls(), usage(&pool)), (1, (0, 0)));
    pool.pass(Duration::from_secs(60));
    refuse_all();
    assert_eq!((pool.calls(), pool.usage().refusals), (2, 2), "also when the pause is over");
}

#[test]
fn callers_connect_side_by_side_behind_one_that_has_succeeded() {
    let pool = Pool::new(Numbers::default(), 4);
    pool.connector.time.store(300, Ordering::Relaxed);
    thread::scope(|scope| {
        for _ in 0..4 {
            // Each is in use until the pool is gone, so four connections are needed.
            scope.spawn(|| std::mem::forget(pool.get(Instant::now() + Duration::from_secs(20)).unwrap()));
        }
    });
    let most = pool.connector.most.load(Ordering::Relaxed);
    assert!(pool.calls() == 4 && (2..=3).contains(&most), "{most} at a time");
}

#[test]
fn refusals_of_log_ins_side_by_side_count_as_one_in_the_pause() {
    let pool = Pool::new(Numbers::default(), 3);
    let first = pool.get(soon()).unwrap();
    pool.refuse(true);
    pool.connector.time.store(300, Ordering::Relaxed);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert!(pool.refused_for() <= 60));
        }
    });
    assert_eq!((pool.calls(), pool.usage().refusals), (3, 2));
    drop(first);
    assert!(pool.refused_for() <= 60);
}

#[test]
fn open_connections_serve_while_further_log_ins_are_refused() {
    let pool = Pool::new(Numbers::default(), 3);
    let (first, second) = (pool.get(soon()).unwrap(), pool.get(soon()).unwrap());
    pool.refuse(true);
    assert_eq!(pool.refused_for(), 60);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| pool.get(Instant::now() + Duration::from_secs(10)).unwrap().connection);
        thread::sleep(Duration::from_millis(50));
        first.give_back();
        assert_eq!(waiting.join().unwrap(), 0);
    });
    assert!(pool.refused_for() <= 60, "the other one is in use beyond the deadline");
    drop(second);
    assert_eq!(pool.calls(), 3);
}
