//! A bounded pool of connections, for both drivers. Each connection is opened by the thread that needs it.
//!
//! Callers open connections side by side. After a failure to connect, all callers get the same answer for a moment, so
//! that an absent database is not hammered. A caller that finds all connections in use waits for one until its
//! deadline.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::StoreError;

/// Time for which callers get the answer of the last failure to connect.
const FAILURE_HOLDS: Duration = Duration::from_secs(1);

/// Opens and checks the connections of a pool.
pub(super) trait Connect {
    type Connection;

    /// Opens a connection. The error is a text for the operator's log.
    fn connect(&self) -> Result<Self::Connection, String>;

    /// Returns true if a connection that has been idle this long can be used again.
    fn is_usable(&self, connection: &Self::Connection, idle: Duration) -> bool;
}

pub(super) struct Pool<C: Connect> {
    connector: C,
    limit: usize,
    state: Mutex<State<C::Connection>>,
    freed: Condvar,
}

struct State<T> {
    /// The one used last is at the end, and is used first.
    idle: Vec<(T, Instant)>,
    /// Connections that are in use, or being opened.
    in_use: usize,
    last_failure: Option<(Instant, String)>,
}

/// A connection in use. When it is dropped, it is closed; [`Pooled::give_back`] keeps it for the next caller.
pub(super) struct Pooled<'p, C: Connect> {
    // Dropped in this order: a connection counts until it is closed.
    pub(super) connection: C::Connection,
    slot: Slot<'p, C>,
}

/// One of the connections that a pool may have in use.
struct Slot<'p, C: Connect> {
    pool: &'p Pool<C>,
    /// The connection, if it is free for the next caller.
    returned: Option<C::Connection>,
}

impl<C: Connect> Pool<C> {
    /// A pool of at most `limit` connections, none of which is opened yet.
    pub(super) fn new(connector: C, limit: usize) -> Self {
        let state = State { idle: Vec::new(), in_use: 0, last_failure: None };
        Self { connector, limit, state: Mutex::new(state), freed: Condvar::new() }
    }

    /// A usable connection. Waits for one until `deadline` if all are in use.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if none can be opened, or none is free by then.
    pub(super) fn get(&self, deadline: Instant) -> Result<Pooled<'_, C>, StoreError> {
        let mut state = self.state();
        loop {
            if let Some((connection, since)) = state.idle.pop() {
                let pooled = Pooled { connection, slot: self.slot(&mut state) };
                drop(state);
                if self.connector.is_usable(&pooled.connection, since.elapsed()) {
                    return Ok(pooled);
                }
                drop(pooled);
                state = self.state();
                continue;
            }
            if let Some((at, failure)) = &state.last_failure
                && at.elapsed() < FAILURE_HOLDS
            {
                return Err(StoreError::Unavailable(failure.clone()));
            }
            if state.in_use < self.limit {
                let slot = self.slot(&mut state);
                drop(state);
                return self.connect(slot);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(StoreError::Unavailable("all connections to the database are in use".into()));
            }
            state = self.freed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The number of open connections, and how many of them are in use.
    pub(super) fn usage(&self) -> (u64, u64) {
        let state = self.state();
        ((state.in_use + state.idle.len()) as u64, state.in_use as u64)
    }

    /// Closes all idle connections, for instance because they were opened before the database went away.
    pub(super) fn close_idle(&self) {
        // Closing may wait for a server that does not answer: never under the lock.
        let idle = std::mem::take(&mut self.state().idle);
        self.freed.notify_all();
        drop(idle);
    }

    fn connect<'p>(&'p self, slot: Slot<'p, C>) -> Result<Pooled<'p, C>, StoreError> {
        match self.connector.connect() {
            Ok(connection) => {
                self.state().last_failure = None;
                Ok(Pooled { connection, slot })
            }
            Err(failure) => {
                self.state().last_failure = Some((Instant::now(), failure.clone()));
                drop(slot);
                self.close_idle();
                Err(StoreError::Unavailable(failure))
            }
        }
    }

    fn slot(&self, state: &mut State<C::Connection>) -> Slot<'_, C> {
        state.in_use += 1;
        Slot { pool: self, returned: None }
    }

    fn state(&self) -> MutexGuard<'_, State<C::Connection>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Connect> Pooled<'_, C> {
    /// Keeps the connection for the next caller. It must not be inside a transaction.
    pub(super) fn give_back(self) {
        let Self { connection, mut slot } = self;
        slot.returned = Some(connection);
    }
}

impl<C: Connect> Drop for Slot<'_, C> {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        state.in_use -= 1;
        state.idle.extend(self.returned.take().map(|connection| (connection, Instant::now())));
        drop(state);
        self.pool.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    /// Opens numbered connections, unless it is down.
    #[derive(Default)]
    struct Numbers {
        opened: AtomicUsize,
        is_down: AtomicBool,
    }

    impl Connect for Numbers {
        type Connection = usize;

        fn connect(&self) -> Result<usize, String> {
            if self.is_down.load(Ordering::Relaxed) {
                return Err("it is down".into());
            }
            Ok(self.opened.fetch_add(1, Ordering::Relaxed))
        }

        /// Every odd connection is lost while it is idle.
        fn is_usable(&self, connection: &usize, _: Duration) -> bool {
            connection.is_multiple_of(2)
        }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(50)
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
        assert_eq!((first.connection, pool.usage()), (0, (1, 1)));
        let second = pool.get(soon()).unwrap();
        assert_eq!((second.connection, pool.usage()), (1, (2, 2)));
        drop(first);
        second.give_back();
        assert_eq!(pool.usage(), (1, 0));
        // Connection 1 is unusable.
        let third = pool.get(soon()).unwrap();
        assert_eq!((third.connection, pool.usage()), (2, (1, 1)));
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
        assert_eq!(pool.usage(), (0, 0));
        thread::sleep(FAILURE_HOLDS);
        assert_eq!(pool.get(soon()).unwrap().connection, 2);
    }
}
