//! A bounded pool of connections, for both drivers. Each connection is opened by the thread that needs it.
//!
//! Callers open connections side by side, but only behind one that has just succeeded: while it is in doubt whether the
//! database lets anybody in, one caller connects and the others take its answer. After a failure to connect, all callers
//! get the same answer for a moment, so that an absent database is not hammered. A refused log-in is their answer for
//! minutes: databases count refused log-ins, and lock the user after a few (Oracle's default profile after ten). A caller
//! that finds all connections in use waits for one until its deadline.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{LogInRefusal, RefusalCause, StoreError};

/// Time for which callers get the answer of the last failure to connect.
const FAILURE_HOLDS: Duration = Duration::from_secs(1);
/// Time for which callers get the answer of the first refused log-in. Each further refusal in a row doubles it.
pub const REFUSAL_HOLDS: Duration = Duration::from_mins(1);
/// The longest time is this many times the first one: an hour.
const REFUSAL_HOLDS_MAX: u32 = 60;
/// Time for which callers connect side by side after one has succeeded: those that waited for it begin at once.
const TRUST: Duration = Duration::from_secs(2);

/// A check of an idle connection that fails after this time has met a server that does not answer.
const SLOW_CHECK: Duration = Duration::from_millis(500);

/// Opens and checks the connections of a pool.
pub(super) trait Connect {
    type Connection;

    /// Opens a connection by the deadline, if it can.
    fn connect(&self, deadline: Instant) -> Result<Self::Connection, ConnectFailure>;

    /// Closes connections that no caller may use again, without making the caller wait for long.
    fn close(&self, connections: Vec<Self::Connection>);

    /// Returns true if a connection that has been idle this long can be used again.
    fn is_usable(&self, connection: &Self::Connection, idle: Duration) -> bool;
}

/// A failure to connect. Its text is for the operator's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ConnectFailure {
    /// The database cannot be reached, or takes no connection now: trying again may help.
    Unreachable(String),
    /// The database refuses the user or the password: trying again helps only after a person has acted.
    Refused(RefusalCause, String),
}

pub(super) struct Pool<C: Connect> {
    connector: C,
    limit: usize,
    refusal_holds: Duration,
    state: Mutex<State<C::Connection>>,
    changed: Condvar,
}

struct State<T> {
    /// The one used last is at the end, and is used first.
    idle: Vec<(T, Instant)>,
    /// Connections that are in use, or being opened.
    in_use: usize,
    /// The number of those that are being opened.
    opening: usize,
    last_success: Option<Instant>,
    last_failure: Option<Failure>,
    /// Refused log-ins since the start.
    refusals: u64,
    /// Refused log-ins since the last one that succeeded. Those that ran side by side count as one.
    refusals_in_row: u32,
}

/// The last failure to connect, until a connection succeeds.
struct Failure {
    at: Instant,
    /// Nobody connects before this time has passed.
    holds: Duration,
    failure: ConnectFailure,
}

impl Failure {
    fn time_left(&self) -> Duration {
        self.holds.saturating_sub(self.at.elapsed())
    }

    fn is_refusal(&self) -> bool {
        matches!(self.failure, ConnectFailure::Refused(..))
    }

    /// The error for a caller.
    fn error(&self) -> StoreError {
        match &self.failure {
            ConnectFailure::Unreachable(text) => StoreError::Unavailable(text.clone()),
            ConnectFailure::Refused(cause, text) => {
                StoreError::Refused(LogInRefusal { cause: *cause, text: text.clone(), pause: self.time_left() })
            }
        }
    }
}

impl<T> State<T> {
    /// The failure that is every caller's answer now.
    fn held(&self) -> Option<&Failure> {
        self.last_failure.as_ref().filter(|failure| !failure.time_left().is_zero())
    }

    /// True if another caller may open a connection now.
    fn may_open(&self) -> bool {
        self.opening == 0 || self.last_success.is_some_and(|at| at.elapsed() < TRUST)
    }
}

/// The pool at one moment.
pub(super) struct PoolUsage {
    pub(super) connections: u64,
    pub(super) in_use: u64,
    /// The cause, if the last log-in was refused.
    pub(super) log_in_refused: Option<RefusalCause>,
    /// Refused log-ins since the start.
    pub(super) refusals: u64,
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
    /// True until the connection is open.
    is_opening: bool,
    /// The connection, if it is free for the next caller.
    returned: Option<C::Connection>,
}

impl<C: Connect> Pool<C> {
    /// A pool of at most `limit` connections, none of which is opened yet.
    pub(super) fn new(connector: C, limit: usize) -> Self {
        let state = State {
            idle: Vec::new(),
            in_use: 0,
            opening: 0,
            last_success: None,
            last_failure: None,
            refusals: 0,
            refusals_in_row: 0,
        };
        Self { connector, limit, refusal_holds: REFUSAL_HOLDS, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// The same pool with another time for which the first refused log-in holds.
    pub(super) fn with_refusal_holds(self, refusal_holds: Duration) -> Self {
        Self { refusal_holds, ..self }
    }

    /// A usable connection. Waits for one until `deadline` if all are in use.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if none can be opened, or none is free by then; [`StoreError::Refused`] if the
    /// database refuses the log-in.
    pub(super) fn get(&self, deadline: Instant) -> Result<Pooled<'_, C>, StoreError> {
        let mut state = self.state();
        loop {
            if let Some((connection, since)) = state.idle.pop() {
                let pooled = Pooled { connection, slot: self.slot(&mut state) };
                drop(state);
                let start = Instant::now();
                if self.connector.is_usable(&pooled.connection, since.elapsed()) {
                    return Ok(pooled);
                }
                let Pooled { connection, slot } = pooled;
                drop(slot);
                self.connector.close(vec![connection]);
                // A server that does not answer would take as long for each of the others.
                if start.elapsed() >= SLOW_CHECK {
                    self.close_idle();
                }
                state = self.state();
                continue;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if let Some(failure) = state.held() {
                // A refused log-in does not end the connections that are open: their turn comes.
                let has_open = state.in_use > state.opening;
                if !(failure.is_refusal() && has_open) || left.is_zero() {
                    return Err(failure.error());
                }
            } else if state.in_use < self.limit && state.may_open() {
                let mut slot = self.slot(&mut state);
                state.opening += 1;
                slot.is_opening = true;
                drop(state);
                return self.connect(slot, deadline);
            } else if left.is_zero() {
                let all = state.in_use >= self.limit;
                let text = if all { "all connections to the database are in use" } else { "a log-in is not answered" };
                return Err(StoreError::Unavailable(text.into()));
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The connections and refused log-ins at this moment.
    pub(super) fn usage(&self) -> PoolUsage {
        let state = self.state();
        PoolUsage {
            connections: (state.in_use + state.idle.len()) as u64,
            in_use: state.in_use as u64,
            log_in_refused: state.last_failure.as_ref().and_then(|failure| match failure.failure {
                ConnectFailure::Refused(cause, _) => Some(cause),
                ConnectFailure::Unreachable(_) => None,
            }),
            refusals: state.refusals,
        }
    }

    /// Closes all idle connections, for instance because they were opened before the database went away.
    pub(super) fn close_idle(&self) {
        // Closing may wait for a server that does not answer: never under the lock.
        let idle = std::mem::take(&mut self.state().idle);
        self.changed.notify_all();
        self.connector.close(idle.into_iter().map(|(connection, _)| connection).collect());
    }

    fn connect<'p>(&'p self, mut slot: Slot<'p, C>, deadline: Instant) -> Result<Pooled<'p, C>, StoreError> {
        match self.connector.connect(deadline) {
            Ok(connection) => {
                let mut state = self.state();
                state.opening -= 1;
                slot.is_opening = false;
                state.last_failure = None;
                state.last_success = Some(Instant::now());
                state.refusals_in_row = 0;
                drop(state);
                // The callers that waited for this one connect side by side.
                self.changed.notify_all();
                Ok(Pooled { connection, slot })
            }
            Err(failure) => {
                let error = self.failed(failure);
                drop(slot);
                match error {
                    StoreError::Refused(_) => self.changed.notify_all(),
                    _ => self.close_idle(),
                }
                Err(error)
            }
        }
    }

    /// Notes a failure to connect. Returns the error for callers.
    fn failed(&self, failure: ConnectFailure) -> StoreError {
        let mut state = self.state();
        state.last_success = None;
        let holds = match &failure {
            ConnectFailure::Unreachable(_) => FAILURE_HOLDS,
            ConnectFailure::Refused(_, text) => {
                state.refusals += 1;
                if !state.held().is_some_and(Failure::is_refusal) {
                    state.refusals_in_row += 1;
                }
                let doubled = 2_u32.saturating_pow(state.refusals_in_row - 1);
                let holds = self.refusal_holds * doubled.min(REFUSAL_HOLDS_MAX);
                tracing::warn!(
                    "the database refuses Passmint's log-in: {text} There is no further log-in for {} s, because the \
                     database may lock its user after too many. A restart of Passmint tries at once.",
                    holds.as_secs()
                );
                holds
            }
        };
        state.last_failure.insert(Failure { at: Instant::now(), holds, failure }).error()
    }

    fn slot(&self, state: &mut State<C::Connection>) -> Slot<'_, C> {
        state.in_use += 1;
        Slot { pool: self, is_opening: false, returned: None }
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
        state.opening -= usize::from(self.is_opening);
        state.idle.extend(self.returned.take().map(|connection| (connection, Instant::now())));
        drop(state);
        self.pool.changed.notify_one();
    }
}

#[cfg(test)]
#[path = "pool_tests.rs"] // A folder here would be a driver.
mod tests;
