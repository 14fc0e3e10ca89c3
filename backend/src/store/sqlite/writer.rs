//! The one connection that writes, and the group commit.
//!
//! Writers take the lock in the order of their arrival. Each runs its work in a savepoint of a transaction that all
//! share; the one that leaves while nobody waits commits for all. So many saves cost one sync of the disk, and a lone
//! save waits for nobody.
//!
//! No writer returns `Ok` before the commit. If the commit fails, or SQLite rolls the whole transaction back because of
//! one writer, each runs its work again in a transaction of its own: an error reaches exactly those whose work failed.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use parking_lot::{FairMutex, FairMutexGuard};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::{cause, migrations, prepare};
use crate::store::{ReadOnly, StoreError, Usage};

/// Writes to one file, for all threads of this process.
pub(super) struct Writer {
    path: PathBuf,
    state: FairMutex<State>,
    /// Threads that wait for the lock. A thread that releases it while others wait leaves the commit to the last one.
    queued: AtomicUsize,
    commits: Arc<AtomicU64>,
    writes: AtomicU64,
}

#[derive(Default)]
struct State {
    /// Opened when it is first needed, and again after a failure: the file may have become writable.
    connection: Option<Connection>,
    /// The writers whose work is in the open transaction.
    group: Option<Arc<Group>>,
    commits: Arc<AtomicU64>,
}

/// The writers that share a transaction.
#[derive(Default)]
struct Group {
    outcome: Mutex<Option<Outcome>>,
    decided: Condvar,
}

/// The end of a shared transaction.
#[derive(Clone, Copy)]
enum Outcome {
    /// The work of all is on the disk.
    Committed,
    RolledBack,
}

impl Group {
    fn decide(&self, outcome: Outcome) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        self.decided.notify_all();
    }

    /// Waits for the writer that commits. The work of those in between bounds the time.
    fn wait(&self) -> Outcome {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match *outcome {
                Some(outcome) => return outcome,
                None => outcome = self.decided.wait(outcome).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

impl Writer {
    /// A writer to this file. The first write opens it.
    pub(super) fn new(path: &Path) -> Self {
        let state = State::default();
        let commits = Arc::clone(&state.commits);
        let (state, path) = (FairMutex::new(state), path.to_owned());
        Self { path, state, queued: AtomicUsize::new(0), commits, writes: AtomicU64::new(0) }
    }

    /// The writer's part of [`Usage`].
    pub(super) fn usage(&self) -> Usage {
        Usage {
            writes_waiting: self.queued.load(Ordering::Relaxed) as u64,
            commits: self.commits.load(Ordering::Relaxed),
            commit_writes: self.writes.load(Ordering::Relaxed),
            ..Usage::default()
        }
    }

    /// Runs `work` in a transaction: all of it or nothing. `work` runs a second time if the shared transaction was
    /// rolled back.
    pub(super) fn write<T>(&self, work: impl Fn(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let result = match self.write_in_group(&work) {
            Some(result) => result,
            None => self.write_alone(&work),
        };
        if result.is_ok() {
            self.writes.fetch_add(1, Ordering::Relaxed);
        }
        result
    }

    /// Runs `work` with the connection, outside of any transaction.
    ///
    /// # Errors
    /// If the file cannot be opened for writing, and those of `work`.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut state = self.lock();
        state.commit();
        work(state.connection(&self.path)?)
    }

    /// Runs `work` in the shared transaction. `None` if `work` succeeded and the transaction was rolled back.
    fn write_in_group<T>(&self, work: &impl Fn(&Connection) -> Result<T, StoreError>) -> Option<Result<T, StoreError>> {
        let mut state = self.lock();
        let group = match state.join_group(&self.path) {
            Ok(group) => group,
            Err(error) => {
                state.connection = None;
                return Some(Err(error));
            }
        };
        let result = state.run_in_savepoint(work);
        if !state.is_in_transaction() {
            state.end_group(Outcome::RolledBack);
        } else if self.queued.load(Ordering::SeqCst) == 0 {
            state.commit();
        }
        drop(state);
        let outcome = group.wait();
        match (result, outcome) {
            (Err(panic), _) => resume_unwind(panic),
            (Ok(result), Outcome::Committed) => Some(result),
            (Ok(_), Outcome::RolledBack) => None,
        }
    }

    fn write_alone<T>(&self, work: &impl Fn(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let result = self.with(|connection| {
            let transaction = Transaction::new(connection, TransactionBehavior::Immediate).map_err(cause)?;
            let done = work(&transaction)?;
            transaction.commit().map_err(cause)?;
            self.commits.fetch_add(1, Ordering::Relaxed);
            Ok(done)
        });
        if let Err(StoreError::Unavailable(_) | StoreError::ReadOnly(_)) = result {
            self.lock().reset();
        }
        result
    }

    fn lock(&self) -> FairMutexGuard<'_, State> {
        self.queued.fetch_add(1, Ordering::SeqCst);
        let state = self.state.lock();
        self.queued.fetch_sub(1, Ordering::SeqCst);
        state
    }
}

impl State {
    fn connection(&mut self, path: &Path) -> Result<&mut Connection, StoreError> {
        match &mut self.connection {
            Some(connection) => Ok(connection),
            empty => Ok(empty.insert(connect(path)?)),
        }
    }

    /// Joins the group, or begins a transaction for a new one.
    fn join_group(&mut self, path: &Path) -> Result<Arc<Group>, StoreError> {
        if let Some(group) = &self.group {
            return Ok(Arc::clone(group));
        }
        // Immediate: a transaction that reads first could not get the write lock later.
        self.connection(path)?.execute_batch("BEGIN IMMEDIATE").map_err(cause)?;
        Ok(Arc::clone(self.group.insert(Arc::default())))
    }

    /// Runs `work` in a savepoint, which is rolled back if it fails. A panic is caught: it must not cost the others
    /// their commit.
    fn run_in_savepoint<T>(
        &self,
        work: &impl Fn(&Connection) -> Result<T, StoreError>,
    ) -> std::thread::Result<Result<T, StoreError>> {
        let Some(connection) = &self.connection else {
            return Ok(Err(StoreError::Fault("no connection in a group".into())));
        };
        let execute = |sql| connection.prepare_cached(sql).and_then(|mut sql| sql.execute([])).map_err(cause);
        let result = catch_unwind(AssertUnwindSafe(|| {
            execute("SAVEPOINT own")?;
            work(connection)
        }));
        match result {
            Ok(Ok(done)) => Ok(execute("RELEASE own").map(|_| done)),
            failed => {
                // If this fails, the whole transaction is gone, which the caller checks.
                if let Err(error) = execute("ROLLBACK TO own").and_then(|_| execute("RELEASE own")) {
                    tracing::debug!(%error, "a savepoint could not be rolled back");
                }
                failed
            }
        }
    }

    /// True if a transaction is open: some errors make SQLite roll it back by itself.
    fn is_in_transaction(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| !connection.is_autocommit())
    }

    /// Commits for the group, if there is one, and wakes it.
    fn commit(&mut self) {
        if self.group.is_none() {
            return;
        }
        let committed = self.connection.as_ref().map(|connection| connection.execute_batch("COMMIT"));
        match committed {
            Some(Ok(())) => {
                self.commits.fetch_add(1, Ordering::Relaxed);
                self.end_group(Outcome::Committed);
            }
            failed => {
                tracing::debug!(?failed, "a group could not be committed; each writer tries alone");
                self.reset();
            }
        }
    }

    fn end_group(&mut self, outcome: Outcome) {
        if let Some(group) = self.group.take() {
            group.decide(outcome);
        }
    }

    /// Closes the connection, which rolls an open transaction back.
    fn reset(&mut self) {
        self.connection = None;
        self.end_group(Outcome::RolledBack);
    }
}

/// Opens the file for writing and migrates it.
fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(cause)?;
    // SQLite opens a write-protected file for reading instead of failing.
    if connection.is_readonly(rusqlite::MAIN_DB).map_err(cause)? {
        return Err(StoreError::ReadOnly(ReadOnly::File));
    }
    prepare(&connection).map_err(cause)?;
    connection.pragma_update(None, "journal_mode", "wal").map_err(cause)?;
    migrations::copy_before_migration(&connection, path)?;
    migrations::run(&mut connection)?;
    Ok(connection)
}

#[cfg(test)]
mod tests;
