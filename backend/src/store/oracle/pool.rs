//! A bounded pool of connections, each opened by the thread that needs it.
//!
//! Oracle's own session pool makes callers queue behind one another while an address is dead (measured: four callers
//! with a time-out of three seconds waited 3, 6, 9 and 12). Here callers connect side by side, a failure is answered
//! with for a moment without trying again, and what waits for a free connection waits until its deadline and no longer.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use oracle::{Connection, Connector};
use zeroize::Zeroizing;

use super::OpError;
use super::remedy::Code;
use crate::store::StoreError;

/// One that has been idle this long is closed: firewalls and the database itself forget such connections, and a free
/// database counts new ones only as a sign of life.
const IDLE_MAX: Duration = Duration::from_mins(10);
/// How long a ping may take.
const PING_TIME: Duration = Duration::from_secs(2);
/// After a failure to connect, callers get the same answer for this long: a database that is away is not hammered.
const FAILURE_HOLDS: Duration = Duration::from_secs(1);
/// Statements that a connection keeps parsed: more than this driver has.
const STATEMENTS: u32 = 40;

pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: Zeroizing<String>,
    pub(super) connect: String,
}

pub(super) struct Pool {
    login: Login,
    most: usize,
    /// A connection that has been idle this long is asked whether it lives before it is used.
    ping_after: Duration,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    /// The one used last is at the end, and is used first.
    idle: Vec<(Connection, Instant)>,
    /// Connections that are idle, in use, or being opened.
    open: usize,
    /// The last failure to connect.
    failure: Option<(Instant, Option<Code>)>,
}

/// A connection in use. Dropped, it is closed; [`Pooled::give_back`] keeps it for the next caller.
pub(super) struct Pooled {
    connection: Option<Connection>,
    pool: Arc<Pool>,
}

impl Pool {
    pub(super) fn new(login: Login, most: usize, ping_after: Duration) -> Arc<Self> {
        Arc::new(Self { login, most, ping_after, state: Mutex::default(), freed: Condvar::new() })
    }

    /// A connection that lived a moment ago, whose calls end by `deadline`.
    pub(super) fn get(self: &Arc<Self>, deadline: Instant) -> Result<Pooled, OpError> {
        let mut state = self.state();
        loop {
            if let Some((connection, since)) = state.idle.pop() {
                drop(state);
                // From here on the connection is counted down when it is dropped.
                let pooled = Pooled { connection: Some(connection), pool: Arc::clone(self) };
                let idle = since.elapsed();
                if idle < self.ping_after || (idle < IDLE_MAX && pooled.lives()) {
                    pooled.end_calls_by(deadline)?;
                    return Ok(pooled);
                }
                drop(pooled);
                state = self.state();
                continue;
            }
            if let Some((at, code)) = state.failure
                && at.elapsed() < FAILURE_HOLDS
            {
                return Err(unreachable(code));
            }
            if state.open < self.most {
                state.open += 1;
                drop(state);
                let pooled = self.connect()?;
                pooled.end_calls_by(deadline)?;
                return Ok(pooled);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(StoreError::Unavailable("all connections to the database are in use".into()).into());
            }
            state = self.freed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// How many connections there are, and how many of them are in use.
    pub(super) fn usage(&self) -> (u64, u64) {
        let state = self.state();
        (state.open as u64, state.open.saturating_sub(state.idle.len()) as u64)
    }

    /// Opens the connection that has just been counted.
    fn connect(self: &Arc<Self>) -> Result<Pooled, OpError> {
        let Login { user, password, connect } = &self.login;
        let result = Connector::new(user, password.as_str(), connect).stmt_cache_size(STATEMENTS).connect();
        let mut state = self.state();
        match result {
            Ok(connection) => {
                state.failure = None;
                drop(state);
                Ok(Pooled { connection: Some(connection), pool: Arc::clone(self) })
            }
            Err(error) => {
                let code = Code::of(&error);
                state.open -= 1;
                state.failure = Some((Instant::now(), code));
                drop(state);
                self.forget_idle();
                Err(unreachable(code))
            }
        }
    }

    /// Closes what is idle: it was opened before the database went away.
    pub(super) fn forget_idle(&self) {
        let mut state = self.state();
        let stale = std::mem::take(&mut state.idle);
        state.open -= stale.len();
        drop(state);
        self.freed.notify_all();
        stale.into_iter().for_each(|(connection, _)| close(connection));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closing may talk to a server that does not answer: never under the lock, and not for long.
fn close(connection: Connection) {
    // A connection that takes no time-out any more is closed already.
    let _ = connection.set_call_timeout(Some(PING_TIME));
    drop(connection);
}

/// What is said of a database that cannot be reached.
fn unreachable(code: Option<Code>) -> OpError {
    StoreError::Unavailable(super::explain(code)).into()
}

impl Pooled {
    pub(super) fn connection(&self) -> Result<&Connection, OpError> {
        self.connection.as_ref().ok_or_else(|| unreachable(None))
    }

    /// Whether the database answers on this connection.
    fn lives(&self) -> bool {
        self.connection
            .as_ref()
            .is_some_and(|connection| connection.set_call_timeout(Some(PING_TIME)).is_ok() && connection.ping().is_ok())
    }

    /// Bounds each call by the time that is left.
    fn end_calls_by(&self, deadline: Instant) -> Result<(), OpError> {
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(100));
        Ok(self.connection()?.set_call_timeout(Some(left))?)
    }

    /// Keeps the connection for the next caller, without a transaction.
    pub(super) fn give_back(mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool.state().idle.push((connection, Instant::now()));
            self.pool.freed.notify_one();
        }
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            close(connection);
            self.pool.state().open -= 1;
            self.pool.freed.notify_one();
        }
    }
}
