//! Opens the driver's connections for the pool, pings them, and closes them without waiting for long.
//!
//! The pool is Passmint's own. Oracle's session pool makes callers queue behind one another while an address is dead
//! (measured: four callers with a timeout of three seconds waited 3, 6, 9 and 12).

use std::thread;
use std::time::{Duration, Instant};

use oracle::sql_type::ToSql;
use oracle::{Connection, Connector, ResultSet, RowValue, Statement};
use zeroize::Zeroizing;

use super::remedy::Code;
use super::{Descriptor, expiry, explain_connection};
use crate::store::pool::{Connect, ConnectFailure};

/// A connection that has been idle this long is closed: firewalls and the database itself forget such connections, and
/// an Always Free database counts only new ones as a sign of life.
const IDLE_MAX: Duration = Duration::from_mins(10);
/// The call limit of a ping. A server that does not answer at all takes twice that ([`call_limit`]).
const PING_TIME: Duration = Duration::from_secs(1);
/// The call limit of closing a connection, which may take twice that.
const CLOSE_TIME: Duration = Duration::from_millis(500);
/// The least call limit, for calls near their operation's deadline.
const CALL_MIN: Duration = Duration::from_millis(100);
/// Statements that a connection keeps parsed: more than this driver has.
const STATEMENTS: u32 = 40;

pub(super) struct OracleConnector {
    pub(super) user: String,
    pub(super) password: Zeroizing<String>,
    pub(super) descriptor: Descriptor,
    /// The client breaks a call off when the server has sent nothing for this long ([`silence`]).
    pub(super) silence: Duration,
    /// A connection that has been idle this long is pinged before it is used.
    pub(super) ping_after: Duration,
}

/// A connection whose closing is bounded: it may talk to a server that does not answer.
pub(super) struct BoundedConnection(pub(super) Connection);

impl Drop for BoundedConnection {
    fn drop(&mut self) {
        // A connection that accepts no timeout is closed already.
        let _ = self.0.set_call_timeout(Some(CLOSE_TIME));
    }
}

impl Connect for OracleConnector {
    type Connection = BoundedConnection;

    fn connect(&self, deadline: Instant) -> Result<BoundedConnection, ConnectFailure> {
        let left = deadline.saturating_duration_since(Instant::now());
        let connect_string = self.descriptor.within(left, self.silence);
        let connection = Connector::new(&self.user, self.password.as_str(), connect_string)
            .stmt_cache_size(STATEMENTS)
            .connect()
            .map_err(|error| {
                let code = Code::of(&error);
                let text = explain_connection(code, self.descriptor.is_tls());
                match code.and_then(Code::refusal_cause) {
                    Some(cause) => ConnectFailure::Refused(cause, text),
                    None => ConnectFailure::Unreachable(text),
                }
            })?;
        expiry::warn_of_expiry(&connection);
        Ok(BoundedConnection(connection))
    }

    /// Closes on a thread of its own: five idle connections to a frozen server take five seconds.
    fn close(&self, connections: Vec<BoundedConnection>) {
        if !connections.is_empty() {
            // If no thread can be started, they are closed here.
            let _ = thread::Builder::new().name("oracle-close".into()).spawn(move || drop(connections));
        }
    }

    fn is_usable(&self, BoundedConnection(connection): &BoundedConnection, idle: Duration) -> bool {
        let answers = || connection.set_call_timeout(Some(PING_TIME)).is_ok() && connection.ping().is_ok();
        idle < self.ping_after || (idle < IDLE_MAX && answers())
    }
}

/// The silence after which the client breaks a call off, for operations with this deadline: a whole number of seconds,
/// and enough below the deadline for the server to answer the break (and for a log-in before it).
pub(super) fn silence(time: Duration) -> Duration {
    let margin = (time / 4).min(Duration::from_millis(1500));
    Duration::from_secs(time.saturating_sub(margin).as_secs().max(1))
}

/// The call limit that lets a call end within the time left, even if the server does not answer at all.
///
/// At the limit the client sends a break and waits as long again for the answer to that: a call to a frozen server took
/// twice its limit (measured with 19.3). A break because of silence (RECV_TIMEOUT in the descriptor) comes before the
/// limit, and then the call ends at its limit. With less time than that, only half of it can be the limit.
fn call_limit(left: Duration, silence: Duration) -> Duration {
    let left = left.max(CALL_MIN);
    if left > silence { left } else { left / 2 }
}

/// The connection of one operation: each of its calls ends by the operation's deadline.
pub(super) struct TimedConnection<'c> {
    connection: &'c Connection,
    deadline: Instant,
    silence: Duration,
}

impl<'c> TimedConnection<'c> {
    pub(super) fn new(connection: &'c Connection, deadline: Instant, silence: Duration) -> Self {
        Self { connection, deadline, silence }
    }

    /// The connection, for calls that begin now.
    pub(super) fn now(&self) -> oracle::Result<&'c Connection> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        self.connection.set_call_timeout(Some(call_limit(left, self.silence)))?;
        Ok(self.connection)
    }

    pub(super) fn execute(&self, sql: &str, binds: &[&dyn ToSql]) -> oracle::Result<Statement> {
        self.now()?.execute(sql, binds)
    }

    pub(super) fn execute_named(&self, sql: &str, binds: &[(&str, &dyn ToSql)]) -> oracle::Result<Statement> {
        self.now()?.execute_named(sql, binds)
    }

    pub(super) fn query_row_as<T: RowValue>(&self, sql: &str, binds: &[&dyn ToSql]) -> oracle::Result<T> {
        self.now()?.query_row_as(sql, binds)
    }

    pub(super) fn query_as<T: RowValue>(
        &self,
        sql: &str,
        binds: &[&dyn ToSql],
    ) -> oracle::Result<ResultSet<'static, T>> {
        self.now()?.query_as(sql, binds)
    }

    pub(super) fn query_as_named<T: RowValue>(
        &self,
        sql: &str,
        binds: &[(&str, &dyn ToSql)],
    ) -> oracle::Result<ResultSet<'static, T>> {
        self.now()?.query_as_named(sql, binds)
    }

    pub(super) fn commit(&self) -> oracle::Result<()> {
        self.now()?.commit()
    }

    pub(super) fn rollback(&self) -> oracle::Result<()> {
        self.now()?.rollback()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_ends_before_the_deadline_and_is_a_whole_number_of_seconds() {
        for (time, seconds) in [(500, 1), (1500, 1), (2000, 1), (4000, 3), (9500, 8), (29_500, 28), (599_500, 598)] {
            assert_eq!(silence(Duration::from_millis(time)), Duration::from_secs(seconds), "{time}");
        }
    }

    #[test]
    fn call_limit_lets_a_call_without_an_answer_end_within_the_time_left() {
        let ms = Duration::from_millis;
        for (left, limit) in [(9500, 9500), (8001, 8001), (8000, 4000), (1000, 500), (0, 50)] {
            assert_eq!(call_limit(ms(left), ms(8000)), ms(limit), "{left}");
        }
    }
}
