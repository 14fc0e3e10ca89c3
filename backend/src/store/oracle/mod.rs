//! The Oracle driver: a few connections to a remote database, through the `oracle` crate and Oracle's client library.
//!
//! The client library is loaded when the store is made; the database is first asked when it is first needed, so that a
//! server starts while its database is stopped. An operation whose connection is lost is done once more on another
//! connection: every operation may be repeated. All statements stand in [`sql`].

mod accounts;
mod check;
mod client_library;
mod connect;
mod credentials;
mod descriptor;
mod entries;
mod expiry;
mod operator;
mod remedy;
mod schema;
mod sessions;
mod sql;
mod tls_check;
mod transfer;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use oracle::InitParams;
use zeroize::Zeroizing;

use self::connect::{OracleConnector, TimedConnection, silence};
use self::remedy::TlsVerdict;
use super::pool::{Pool, PoolUsage};
use super::{Database, Hash, PasswordExpiry, StoreError, Usage};

pub use super::pool::REFUSAL_HOLDS;
pub use check::{CheckStep, check_connection};
pub use descriptor::{Descriptor, LEVELS, NotConnectString};
pub use remedy::{Code, NotCode, Remedy, TABLE};
pub use tls_check::{SecondTry, log_in_without_limit};

/// The address of the database, and how to log in there.
pub struct OracleSettings {
    /// The parsed address, with its timeouts.
    pub descriptor: Descriptor,
    pub user: String,
    pub password: Zeroizing<String>,
    /// Folder of sqlnet.ora, tnsnames.ora and the wallet.
    pub config_folder: Option<PathBuf>,
    /// Folder of Oracle's client library, if the system's linker does not find it.
    pub client_folder: Option<PathBuf>,
    pub connections: usize,
    /// The deadline of an operation, from the moment it asks for a connection.
    pub time: Duration,
    /// A connection that has been idle this long is pinged before it is used: [`PING_AFTER`].
    pub ping_after: Duration,
    /// Time without a further log-in after the database has refused one: [`REFUSAL_HOLDS`]. Each further refusal in a
    /// row doubles it.
    pub refusal_holds: Duration,
}

/// Firewalls and databases rarely cut a connection that has been idle for less.
pub const PING_AFTER: Duration = Duration::from_secs(30);

/// The deadline for deleting an account. Its up to 100,000 entries are one transaction; with a deadline that it always
/// missed, the account could never be deleted.
const DELETE_TIME: Duration = Duration::from_secs(300);

/// Change numbers, and so at most as many entries, that one call of deleting an account deletes.
const DELETE_STEP: u64 = 2000;

/// A store in an Oracle database.
pub struct OracleStore {
    pool: Pool<OracleConnector>,
    time: Duration,
    /// True once this process has brought the tables up to date.
    migrated: AtomicBool,
}

/// The failure of an operation, before it is known whether it may be retried.
enum OpError {
    Store(StoreError),
    /// From the database, the client library, or the network between.
    Oracle(oracle::Error),
}

impl From<StoreError> for OpError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<oracle::Error> for OpError {
    fn from(error: oracle::Error) -> Self {
        Self::Oracle(error)
    }
}

impl OpError {
    fn code(&self) -> Option<Code> {
        match self {
            Self::Store(_) => None,
            Self::Oracle(error) => Code::of(error),
        }
    }

    /// True if the connection cannot be used any more.
    fn is_lost(&self) -> bool {
        self.code().is_some_and(Code::is_lost)
    }

    /// An operation that missed its deadline has no time for a second attempt.
    fn is_retryable(&self) -> bool {
        self.code().is_some_and(|code| code.is_lost() && !code.is_timeout())
    }
}

/// The second attempt may find the work of the first already committed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Attempt {
    First,
    Second,
}

impl OracleStore {
    /// Loads the client library. The database is not asked yet.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the library cannot be loaded.
    pub fn new(settings: OracleSettings) -> Result<Self, StoreError> {
        load_client(&settings)?;
        let OracleSettings { descriptor, user, password, connections, time, ping_after, refusal_holds, .. } = settings;
        let connector = OracleConnector { user, password, descriptor, silence: silence(time), ping_after };
        let pool = Pool::new(connector, connections).with_refusal_holds(refusal_holds);
        Ok(Self { pool, time, migrated: AtomicBool::new(false) })
    }

    /// Runs one operation. `work` commits; if it fails, the rest is rolled back.
    fn run<T>(&self, work: impl Fn(&TimedConnection<'_>, Attempt) -> Result<T, OpError>) -> Result<T, StoreError> {
        self.run_for(self.time, work)
    }

    /// As [`OracleStore::run`], with another deadline.
    fn run_for<T>(
        &self,
        time: Duration,
        work: impl Fn(&TimedConnection<'_>, Attempt) -> Result<T, OpError>,
    ) -> Result<T, StoreError> {
        let deadline = Instant::now() + time;
        let mut attempt = Attempt::First;
        loop {
            match self.attempt(deadline, attempt, &work) {
                Ok(done) => return Ok(done),
                Err(error) if error.is_retryable() && attempt == Attempt::First && Instant::now() < deadline => {
                    attempt = Attempt::Second;
                }
                Err(error) => return Err(cause(error)),
            }
        }
    }

    fn attempt<T>(
        &self,
        deadline: Instant,
        attempt: Attempt,
        work: impl Fn(&TimedConnection<'_>, Attempt) -> Result<T, OpError>,
    ) -> Result<T, OpError> {
        let pooled = self.pool.get(deadline)?;
        let connection = TimedConnection::new(&pooled.connection.0, deadline, silence(self.time));
        let result = self.migrate(&connection).and_then(|()| work(&connection, attempt));
        let is_reusable = match &result {
            Ok(_) => true,
            Err(error) => !error.is_lost() && connection.rollback().is_ok(),
        };
        if is_reusable {
            pooled.give_back();
        } else {
            // Connections that were opened before are usually lost as well.
            self.pool.close_idle();
        }
        result
    }

    /// Brings the tables up to date, once in the life of this process.
    fn migrate(&self, connection: &TimedConnection<'_>) -> Result<(), OpError> {
        if !self.migrated.load(Ordering::Acquire) {
            schema::migrate(connection)?;
            self.migrated.store(true, Ordering::Release);
        }
        Ok(())
    }
}

/// Loads Oracle's client library, once for the whole process. After a failure, the crate would repeat the first error:
/// no caller tries again.
fn load_client(settings: &OracleSettings) -> Result<(), StoreError> {
    let folder = settings.client_folder.as_deref();
    if let Some(damage) = client_library::cut_short(folder) {
        return Err(StoreError::Unavailable(damage));
    }
    let load = || {
        let mut parameters = InitParams::new();
        if let Some(folder) = &settings.client_folder {
            parameters.oracle_client_lib_dir(folder.as_os_str())?;
        }
        if let Some(folder) = &settings.config_folder {
            parameters.oracle_client_config_dir(folder.as_os_str())?;
        }
        parameters.default_driver_name(concat!("passmint : ", env!("CARGO_PKG_VERSION")))?;
        parameters.init()
    };
    load().map(drop).map_err(|error: oracle::Error| StoreError::Unavailable(client_library::explain(&error, folder)))
}

/// A code with its meaning and remedy, for the operator's log.
fn explain(code: Option<Code>) -> String {
    match code {
        None => "the database driver failed without a code".to_owned(),
        Some(code) => match code.remedy() {
            Some(remedy) => format!("{code}: {remedy}"),
            None => format!("{code}: not in Passmint's table. {}", code.help()),
        },
    }
}

/// As [`explain`], of a failed connection.
fn explain_connection(code: Option<Code>, is_tls: bool) -> String {
    let explained = explain(code);
    match code {
        Some(code) if is_tls && code.tls_verdict() == TlsVerdict::Unknown && code != Code::Ora(12561) => {
            format!("{explained} Run passmint check: it finds the cause.")
        }
        _ => explained,
    }
}

/// The one place where Oracle's errors become the store's. Oracle's own texts are never passed on.
fn cause(error: OpError) -> StoreError {
    match error {
        OpError::Store(error) => error,
        OpError::Oracle(error) => match Code::of(&error) {
            Some(code) if code.is_outage() => StoreError::Unavailable(explain(Some(code))),
            code => StoreError::Fault(explain(code)),
        },
    }
}

/// For an insert whose key may exist: a uniqueness conflict is [`StoreError::Taken`].
fn taken(error: oracle::Error) -> OpError {
    if Code::of(&error) == Some(Code::Ora(1)) { StoreError::Taken.into() } else { error.into() }
}

/// The first row of a query, if any.
fn first<T: oracle::RowValue>(
    connection: &TimedConnection<'_>,
    sql: &str,
    binds: &[(&str, &dyn oracle::sql_type::ToSql)],
) -> Result<Option<T>, OpError> {
    // Two rows are prefetched, so that the first one comes with the statement's own round trip.
    let mut statement = connection.now()?.statement(sql).fetch_array_size(1).prefetch_rows(2).build()?;
    let mut rows = statement.query_as_named(binds)?;
    Ok(rows.next().transpose()?)
}

impl Database for OracleStore {
    fn check(&self) -> Result<(), StoreError> {
        self.run(|connection, _| {
            connection.execute(sql::TRY_WRITING, &[])?;
            Ok(connection.rollback()?)
        })
    }

    /// The database checks its own files.
    fn look_for_damage(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn usage(&self) -> Usage {
        let PoolUsage { connections, in_use, log_in_refused, refusals } = self.pool.usage();
        Usage { connections, in_use, log_in_refused, log_ins_refused: refusals, ..Usage::default() }
    }

    fn bind_server_key(&self, fingerprint: &Hash) -> Result<(), StoreError> {
        self.run(|connection, _| {
            if server_key(connection)?.is_none() {
                match connection.execute_named(sql::BIND_KEY, &[("fingerprint", &fingerprint)]).map_err(taken) {
                    Ok(_) => connection.commit()?,
                    // Another process was faster: its key counts.
                    Err(OpError::Store(StoreError::Taken)) => {}
                    Err(error) => return Err(error),
                }
            }
            if server_key(connection)?.as_ref() == Some(fingerprint) { Ok(()) } else { Err(StoreError::Taken.into()) }
        })
    }

    fn server_key(&self) -> Result<Option<Hash>, StoreError> {
        self.run(|connection, _| server_key(connection))
    }

    fn password_expiry(&self) -> Result<PasswordExpiry, StoreError> {
        self.run(|connection, _| expiry::password_expiry(connection))
    }
}

fn server_key(connection: &TimedConnection<'_>) -> Result<Option<Hash>, OpError> {
    let bound: Option<Vec<u8>> = first(connection, sql::BOUND_KEY, &[])?;
    bound.map(|bound| bytes(bound, "server.key_fingerprint")).transpose()
}

/// The bytes of a column whose length the schema guarantees.
fn bytes<const N: usize>(bytes: Vec<u8>, column: &str) -> Result<[u8; N], OpError> {
    bytes.try_into().map_err(|_| StoreError::Fault(format!("{column} has not {N} bytes")).into())
}

#[cfg(test)]
mod tests;
