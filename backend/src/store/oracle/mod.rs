//! The Oracle driver: a few connections to a database elsewhere, on the `oracle` crate and Oracle's client library.
//!
//! The client library is loaded when the store is made, and the database is first asked when it is first needed: a
//! server starts while its database is stopped. An operation whose connection is lost is done once more on another:
//! every one of them may be repeated. What is read or written, and how, stands in [`sql`].

mod accounts;
mod check;
mod credentials;
mod descriptor;
mod passwords;
mod pool;
mod remedy;
mod schema;
mod sessions;
mod sql;
mod transfer;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use oracle::{Connection, InitParams};
use shared::accounts::Username;
use shared::bytes::Base64Url;
use shared::credentials::PasskeySummary;
use shared::ids::{AccountId, EntryId, PasskeyId, SessionId};
use shared::passwords::{Changes, NewVersion, StoredEntry};
use shared::sessions::CredentialName;
use zeroize::Zeroizing;

use self::pool::{Login, Pool};
use super::{
    Credential, Hash, Invite, Lifetime, LiveSession, Millis, NewAccount, NewSecret, NewSession, Put, Store, StoreError,
    StoredAccount, StoredInvite, StoredSession, Usage,
};

pub use check::{CheckStep, check_connection};
pub use descriptor::{Descriptor, LEVELS, NotConnectString};
pub use remedy::{Code, Remedy, TABLE};

/// Where the database is, and how to log in there.
pub struct OracleSettings {
    /// The address, read and bounded.
    pub descriptor: Descriptor,
    pub user: String,
    pub password: Zeroizing<String>,
    /// Folder of sqlnet.ora, tnsnames.ora and the wallet.
    pub config_folder: Option<PathBuf>,
    /// Folder of Oracle's client library, if the system does not find it.
    pub client_folder: Option<PathBuf>,
    pub connections: usize,
    /// How long an operation may take, waiting for a connection included.
    pub time: Duration,
    /// How long a connection may have been idle before it is asked whether it lives: [`PING_AFTER`].
    pub ping_after: Duration,
}

/// What firewalls and databases commonly leave alone.
pub const PING_AFTER: Duration = Duration::from_secs(30);

/// How long deleting an account may take: with its 100,000 entries it is one transaction. Were it stopped each time, the
/// account could never be deleted.
const DELETING: Duration = Duration::from_secs(300);

/// A store in an Oracle database.
pub struct OracleStore {
    pool: Arc<Pool>,
    time: Duration,
    /// Whether the tables are known to be there.
    migrated: AtomicBool,
}

/// What can go wrong inside an operation.
enum OpError {
    Store(StoreError),
    /// The database or what leads to it.
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

    /// Whether the connection is of no further use.
    fn is_lost(&self) -> bool {
        self.code().is_some_and(Code::is_lost)
    }

    /// What ran into its deadline has no time to be tried again.
    fn is_retryable(&self) -> bool {
        self.code().is_some_and(|code| code.is_lost() && !code.is_timeout())
    }
}

/// Which time an operation is tried. The second time, what it did the first time may be there already.
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
        let OracleSettings { descriptor, user, password, connections, time, ping_after, .. } = settings;
        let login = Login { user, password, connect: descriptor.to_string() };
        Ok(Self { pool: Pool::new(login, connections, ping_after), time, migrated: AtomicBool::new(false) })
    }

    /// Does one operation. `work` commits what it writes; whatever it leaves is rolled back.
    fn run<T>(&self, work: impl Fn(&Connection, Attempt) -> Result<T, OpError>) -> Result<T, StoreError> {
        self.run_for(self.time, work)
    }

    /// As [`OracleStore::run`], with a time of its own.
    fn run_for<T>(
        &self,
        time: Duration,
        work: impl Fn(&Connection, Attempt) -> Result<T, OpError>,
    ) -> Result<T, StoreError> {
        let deadline = Instant::now() + time;
        let mut attempt = Attempt::First;
        loop {
            match self.attempt(deadline, attempt, &work) {
                Ok(done) => return Ok(done),
                Err(error) if error.is_retryable() && attempt == Attempt::First => attempt = Attempt::Second,
                Err(error) => return Err(cause(error)),
            }
        }
    }

    fn attempt<T>(
        &self,
        deadline: Instant,
        attempt: Attempt,
        work: impl Fn(&Connection, Attempt) -> Result<T, OpError>,
    ) -> Result<T, OpError> {
        let pooled = self.pool.get(deadline)?;
        let connection = pooled.connection()?;
        let result = self.migrate(connection).and_then(|()| work(connection, attempt));
        let reusable = match &result {
            Ok(_) => true,
            Err(error) => !error.is_lost() && connection.rollback().is_ok(),
        };
        if reusable {
            pooled.give_back();
        } else {
            // Those that were opened before it have been lost as well, more often than not.
            self.pool.forget_idle();
        }
        result
    }

    /// Makes the tables that are missing, once in the life of this process.
    fn migrate(&self, connection: &Connection) -> Result<(), OpError> {
        if !self.migrated.load(Ordering::Acquire) {
            schema::make_tables(connection)?;
            self.migrated.store(true, Ordering::Release);
        }
        Ok(())
    }
}

/// Loads Oracle's client library, once for the whole process.
fn load_client(settings: &OracleSettings) -> Result<(), StoreError> {
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
    load().map(drop).map_err(|error: oracle::Error| StoreError::Unavailable(explain(Code::of(&error))))
}

/// A code, what it means, and what to do: for the operator's log.
fn explain(code: Option<Code>) -> String {
    match code {
        None => "the database driver failed without a code".to_owned(),
        Some(code) => match code.remedy() {
            Some(remedy) => format!("{code}: {remedy}"),
            None => format!("{code}: not in Passmint's table; Oracle's documentation of {code} says more."),
        },
    }
}

/// The one place where Oracle's errors become the store's. Their texts are never passed on.
fn cause(error: OpError) -> StoreError {
    match error {
        OpError::Store(error) => error,
        OpError::Oracle(error) => match Code::of(&error) {
            Some(code) if !code.is_fault() => StoreError::Unavailable(explain(Some(code))),
            code => StoreError::Fault(explain(code)),
        },
    }
}

/// For inserts of which another with the same key may exist.
fn taken(error: oracle::Error) -> OpError {
    if Code::of(&error) == Some(Code::Ora(1)) { StoreError::Taken.into() } else { error.into() }
}

/// The first row of a query, or nothing.
fn first<T: oracle::RowValue>(
    connection: &Connection,
    sql: &str,
    binds: &[(&str, &dyn oracle::sql_type::ToSql)],
) -> Result<Option<T>, OpError> {
    // What is fetched with the first row comes with the statement's own round trip.
    let mut statement = connection.statement(sql).fetch_array_size(1).prefetch_rows(2).build()?;
    let mut rows = statement.query_as_named(binds)?;
    Ok(rows.next().transpose()?)
}

impl Store for OracleStore {
    fn check(&self) -> Result<(), StoreError> {
        self.run(|connection, _| {
            connection.execute(sql::TRY_WRITING, &[])?;
            Ok(connection.rollback()?)
        })
    }

    /// The database service looks after its own files.
    fn look_for_damage(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn usage(&self) -> Usage {
        let (connections, in_use) = self.pool.usage();
        Usage { connections, in_use, ..Usage::default() }
    }

    fn bind_server_key(&self, fingerprint: &Hash) -> Result<(), StoreError> {
        self.run(|connection, _| accounts::bind_server_key(connection, fingerprint))
    }

    fn has_accounts(&self) -> Result<bool, StoreError> {
        self.run(|connection, _| accounts::any(connection))
    }

    fn add_invite(&self, invite: &Invite) -> Result<(), StoreError> {
        self.run(|connection, attempt| accounts::add_invite(connection, invite, attempt))
    }

    fn check_invite(&self, code_hash: &Hash, now: Millis) -> Result<(), StoreError> {
        self.run(|connection, _| accounts::check_invite(connection, sql::INVITE, code_hash, now))
    }

    fn create_account(&self, account: &NewAccount, invite_hash: &Hash, now: Millis) -> Result<(), StoreError> {
        self.run(|connection, _| accounts::create(connection, account, invite_hash, now))
    }

    fn username(&self, account: AccountId) -> Result<Username, StoreError> {
        self.run(|connection, _| accounts::username(connection, account))
    }

    fn delete_account(&self, account: AccountId) -> Result<(), StoreError> {
        self.run_for(self.time.max(DELETING), |connection, _| accounts::delete(connection, account))
    }

    fn credential(&self, username: &Username, name: &CredentialName) -> Result<Option<Credential>, StoreError> {
        self.run(|connection, _| credentials::credential(connection, username, name))
    }

    fn set_credential(&self, secret: &NewSecret, passkeys_max: usize, now: Millis) -> Result<(), StoreError> {
        self.run(|connection, _| credentials::set(connection, secret, passkeys_max, now))
    }

    fn passkeys(&self, account: AccountId) -> Result<Vec<PasskeySummary>, StoreError> {
        self.run(|connection, _| credentials::passkeys(connection, account))
    }

    fn remove_passkey(&self, account: AccountId, id: &PasskeyId) -> Result<(), StoreError> {
        self.run(|connection, _| credentials::remove_passkey(connection, account, id))
    }

    fn open_session(&self, session: &NewSession, lifetime: &Lifetime, now: Millis) -> Result<Base64Url, StoreError> {
        self.run(|connection, attempt| sessions::open(connection, session, lifetime, now, attempt))
    }

    fn live_session(&self, token_hash: &Hash, lifetime: &Lifetime, now: Millis) -> Result<LiveSession, StoreError> {
        self.run(|connection, _| sessions::live(connection, token_hash, lifetime, now))
    }

    fn touch_session(&self, token_hash: &Hash, now: Millis) -> Result<(), StoreError> {
        self.run(|connection, _| sessions::touch(connection, token_hash, now))
    }

    fn sessions(&self, account: AccountId, lifetime: &Lifetime, now: Millis) -> Result<Vec<StoredSession>, StoreError> {
        self.run(|connection, _| sessions::list(connection, account, lifetime, now))
    }

    fn end_session(&self, token_hash: &Hash) -> Result<(), StoreError> {
        self.run(|connection, _| sessions::end(connection, token_hash))
    }

    fn end_listed_session(&self, account: AccountId, id: SessionId) -> Result<(), StoreError> {
        self.run(|connection, _| sessions::end_listed(connection, account, id))
    }

    fn end_other_sessions(&self, account: AccountId, token_hash: &Hash) -> Result<(), StoreError> {
        self.run(|connection, _| sessions::end_others(connection, account, token_hash))
    }

    fn changes(&self, account: AccountId, since: u64, limit: u32) -> Result<Changes, StoreError> {
        self.run(|connection, _| passwords::changes(connection, account, since, limit))
    }

    fn put(&self, put: &Put, entries_max: u64, now: Millis) -> Result<NewVersion, StoreError> {
        self.run(|connection, _| passwords::put(connection, put, entries_max, now))
    }

    fn delete(&self, account: AccountId, id: EntryId, replaces: u32, now: Millis) -> Result<NewVersion, StoreError> {
        self.run(|connection, _| passwords::delete(connection, account, id, replaces, now))
    }

    fn server_key(&self) -> Result<Option<Hash>, StoreError> {
        self.run(|connection, _| accounts::server_key(connection))
    }

    fn account_after(&self, after: Option<AccountId>) -> Result<Option<StoredAccount>, StoreError> {
        self.run(|connection, _| transfer::account_after(connection, after))
    }

    fn invites(&self) -> Result<Vec<StoredInvite>, StoreError> {
        self.run(|connection, _| transfer::invites(connection))
    }

    fn upsert_account(&self, account: &StoredAccount) -> Result<(), StoreError> {
        self.run(|connection, _| transfer::upsert_account(connection, account))
    }

    fn insert_entries(&self, account: AccountId, entries: &[StoredEntry]) -> Result<(), StoreError> {
        self.run(|connection, _| transfer::insert_entries(connection, account, entries))
    }

    fn upsert_invite(&self, invite: &StoredInvite) -> Result<(), StoreError> {
        self.run(|connection, _| transfer::upsert_invite(connection, invite))
    }
}

#[cfg(test)]
mod tests;
