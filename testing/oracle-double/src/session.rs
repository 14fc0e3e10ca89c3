//! A session: one SQLite connection with Oracle's transactions, and the ways in which it can be lost.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};

use crate::error::{OraError, Res, internal, plain};
use crate::faults::Effect;
use crate::functions;
use crate::handles::lock;
use crate::service::{Pass, Service};
use crate::sql::dictionary;

pub struct Session {
    pub service: Arc<Service>,
    /// Milliseconds that a call may take; 0 for ever.
    pub call_timeout: AtomicU32,
    /// Milliseconds of silence after which a call is broken off; 0 for ever.
    silence: u32,
    /// True if a transaction is open, for callers that must not wait for the lock.
    pub in_transaction: AtomicBool,
    lost: AtomicI32,
    downs: u64,
    db: Mutex<Db>,
}

/// The SQLite side of a session.
pub struct Db {
    pub connection: Connection,
    pass: Option<Pass>,
}

/// Ends of a call that the server does not answer, as measured with client 19.3 and a stopped server.
struct Limits {
    /// If the server hears the break: after the call time-out or the silence, whichever is shorter. The session lives.
    heard: Option<(Duration, i32)>,
    /// If it does not. A break because of the call time-out is given as long again. One because of silence too, but
    /// no longer than until the call time-out. The session is lost.
    unheard: Option<(Duration, i32)>,
}

impl Limits {
    /// Milliseconds; 0 for no limit.
    fn new(call: u32, silence: u32) -> Self {
        let time = |millis: u32, factor: u32, code| Some((factor * Duration::from_millis(millis.into()), code));
        let (heard, unheard) = match (call, silence) {
            (0, 0) => (None, None),
            (call, 0) => (time(call, 1, 3136), time(call, 2, 3156)),
            (0, silence) => (time(silence, 1, 12609), time(silence, 2, 12609)),
            (call, silence) if call <= silence => (time(call, 1, 3136), time(call, 2, 3156)),
            (call, silence) if call < 2 * silence => (time(silence, 1, 12609), time(call, 1, 3156)),
            (_, silence) => (time(silence, 1, 12609), time(silence, 2, 12609)),
        };
        Self { heard, unheard }
    }
}

impl Session {
    /// Opens a session on a service, and its file if it is the first.
    pub fn open(service: &Arc<Service>, user: &str, downs: u64, silence: u32) -> Res<Arc<Self>> {
        // Two connections that make the same file at once would find it locked.
        static OPENING: Mutex<()> = Mutex::new(());
        let connect = || -> rusqlite::Result<Connection> {
            let _one = lock(&OPENING);
            let connection = Connection::open(service.file("db"))?;
            connection.busy_timeout(Duration::from_secs(10))?;
            // No fsync: what a test double writes need not survive the machine.
            connection.execute_batch("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;")?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
            connection.execute_batch(dictionary::COMMENTS)?;
            functions::register(&connection, service, user)?;
            Ok(connection)
        };
        let connection = connect().map_err(internal)?;
        Ok(Arc::new(Self {
            service: Arc::clone(service),
            call_timeout: AtomicU32::new(0),
            silence,
            in_transaction: AtomicBool::new(false),
            lost: AtomicI32::new(0),
            downs,
            db: Mutex::new(Db { connection, pass: None }),
        }))
    }

    /// Returns true if the connection to the server still exists.
    pub fn alive(&self) -> bool {
        self.lost.load(Ordering::SeqCst) == 0
    }

    /// Begins a call: fails if the session is lost or a fault strikes. Answers by when the call must be done.
    pub fn call(&self, op: &str, sql: &str) -> Res<Option<Instant>> {
        if !self.alive() {
            return Err(plain(3114));
        }
        let begun = Instant::now();
        let weather = self.service.weather(op, sql);
        if weather.down || weather.downs != self.downs {
            return Err(self.lose(3113));
        }
        let limits = Limits::new(self.call_timeout.load(Ordering::SeqCst), self.silence);
        let deadline = limits.heard.map(|(limit, _)| begun + limit);
        match weather.effect {
            None => {}
            Some(Effect::Fail(code)) => return Err(plain(code)),
            Some(Effect::Drop(code)) => return Err(self.lose(code)),
            Some(Effect::Slow(time)) => std::thread::sleep(time),
            Some(Effect::Wait(time)) => match limits.heard {
                Some((limit, code)) if limit < time => {
                    std::thread::sleep(limit);
                    return Err(plain(code));
                }
                _ => std::thread::sleep(time),
            },
            Some(Effect::Hang(time)) => match limits.unheard {
                Some((limit, code)) if limit < time => {
                    std::thread::sleep(limit);
                    return Err(self.lose(code));
                }
                _ => std::thread::sleep(time),
            },
        }
        Ok(deadline)
    }

    /// Loses the session; what it had not committed is undone. Answers the refusal that tells it.
    pub fn lose(&self, code: i32) -> OraError {
        self.lost.store(code, Ordering::SeqCst);
        self.db().undo();
        plain(code)
    }

    /// The SQLite side, for one call.
    pub fn db(&self) -> DbGuard<'_> {
        DbGuard { db: lock(&self.db), session: self }
    }
}

/// The SQLite side of a session, held for one call.
pub struct DbGuard<'a> {
    db: MutexGuard<'a, Db>,
    session: &'a Session,
}

impl std::ops::Deref for DbGuard<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.db.connection
    }
}

impl DbGuard<'_> {
    pub fn session(&self) -> &Session {
        self.session
    }

    /// Returns true if a transaction is open.
    pub fn writing(&self) -> bool {
        self.db.pass.is_some()
    }

    /// Opens a transaction if none is open. Answers whether it opened one.
    pub fn begin(&mut self, deadline: Option<Instant>) -> Res<bool> {
        if self.writing() {
            return Ok(false);
        }
        let pass = self.session.service.enter_gate(deadline).ok_or_else(|| plain(3136))?;
        // Other processes are kept out by SQLite's lock.
        let left = deadline.map_or(Duration::from_secs(600), |at| at.saturating_duration_since(Instant::now()));
        let begun = self.busy_timeout(left).and_then(|()| self.execute_batch("BEGIN IMMEDIATE"));
        let _ = self.busy_timeout(Duration::from_secs(10));
        if let Err(error) = begun {
            let busy = error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy);
            return Err(if busy { plain(3136) } else { internal(error) });
        }
        self.db.pass = Some(pass);
        self.session.in_transaction.store(true, Ordering::SeqCst);
        Ok(true)
    }

    fn end(&mut self, how: &str) -> Res<()> {
        if self.writing() {
            let done = self.execute_batch(how);
            if !self.is_autocommit() {
                let _ = self.execute_batch("ROLLBACK");
            }
            self.db.pass = None;
            self.session.in_transaction.store(false, Ordering::SeqCst);
            done.map_err(internal)?;
        }
        Ok(())
    }

    /// Commits, if there is anything to commit.
    pub fn commit(&mut self) -> Res<()> {
        self.end("COMMIT")
    }

    /// Rolls back, if there is anything to roll back.
    pub fn undo(&mut self) {
        // There is nobody to tell: a rollback that fails has still ended the transaction.
        let _ = self.end("ROLLBACK");
    }
}
