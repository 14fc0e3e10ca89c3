//! Opens the driver's connections for the pool, pings them, and closes them without waiting for long.
//!
//! The pool is Passmint's own. Oracle's session pool makes callers queue behind one another while an address is dead
//! (measured: four callers with a timeout of three seconds waited 3, 6, 9 and 12).

use std::time::Duration;

use oracle::{Connection, Connector};
use zeroize::Zeroizing;

use super::remedy::Code;
use super::{expiry, explain_connection};
use crate::store::pool::{Connect, ConnectFailure};

/// A connection that has been idle this long is closed: firewalls and the database itself forget such connections, and
/// an Always Free database counts only new ones as a sign of life.
const IDLE_MAX: Duration = Duration::from_mins(10);
/// The time limit of a ping, and of closing a connection.
const PING_TIME: Duration = Duration::from_secs(2);
/// Statements that a connection keeps parsed: more than this driver has.
const STATEMENTS: u32 = 40;

pub(super) struct OracleConnector {
    pub(super) user: String,
    pub(super) password: Zeroizing<String>,
    pub(super) connect_string: String,
    pub(super) is_tls: bool,
    /// A connection that has been idle this long is pinged before it is used.
    pub(super) ping_after: Duration,
}

/// A connection whose closing is bounded: it may talk to a server that does not answer.
pub(super) struct BoundedConnection(pub(super) Connection);

impl Drop for BoundedConnection {
    fn drop(&mut self) {
        // A connection that accepts no timeout is closed already.
        let _ = self.0.set_call_timeout(Some(PING_TIME));
    }
}

impl Connect for OracleConnector {
    type Connection = BoundedConnection;

    fn connect(&self) -> Result<BoundedConnection, ConnectFailure> {
        let connection = Connector::new(&self.user, self.password.as_str(), &self.connect_string)
            .stmt_cache_size(STATEMENTS)
            .connect()
            .map_err(|error| {
                let code = Code::of(&error);
                match code.and_then(Code::refusal_cause) {
                    Some(cause) => ConnectFailure::Refused(cause, explain_connection(code, self.is_tls)),
                    None => ConnectFailure::Unreachable(explain_connection(code, self.is_tls)),
                }
            })?;
        expiry::warn_of_expiry(&connection);
        Ok(BoundedConnection(connection))
    }

    fn is_usable(&self, BoundedConnection(connection): &BoundedConnection, idle: Duration) -> bool {
        let answers = || connection.set_call_timeout(Some(PING_TIME)).is_ok() && connection.ping().is_ok();
        idle < self.ping_after || (idle < IDLE_MAX && answers())
    }
}
