//! The one connection that writes, and whose turn it is.
//!
//! Whoever writes takes their turn in the order in which they came. Those who come while others are still there do their
//! work in one transaction, each inside a savepoint of their own; the last one commits, for all. So many saves cost one
//! sync of the disk, and a save that comes alone waits for nobody.
//!
//! Nobody hears "done" before the commit has succeeded. If it fails, or the database takes the whole transaction back
//! because of one of them, each tries once more alone: the error reaches exactly those whose own work fails.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use parking_lot::{FairMutex, FairMutexGuard};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::{cause, migrations, prepare};
use crate::store::{ReadOnly, StoreError, Usage};

/// Writes, for all threads of this process.
pub(super) struct Writer {
    path: PathBuf,
    desk: FairMutex<Desk>,
    /// How many are on their way to the desk. Whoever leaves it while there are any leaves the commit to them.
    coming: AtomicUsize,
    commits: Arc<AtomicU64>,
    writes: AtomicU64,
}

#[derive(Default)]
struct Desk {
    /// Opened when it is first needed, and anew after it has failed: a file that could not be written may have become
    /// writable.
    connection: Option<Connection>,
    /// Those who have done their work in the transaction that is open.
    group: Option<Arc<Group>>,
    /// How often something was committed.
    commits: Arc<AtomicU64>,
}

/// Those who share a transaction.
#[derive(Default)]
struct Group {
    outcome: Mutex<Option<Outcome>>,
    told: Condvar,
}

#[derive(Clone, Copy)]
enum Outcome {
    /// What they did is on the disk.
    Committed,
    Undone,
}

impl Group {
    fn tell(&self, outcome: Outcome) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        self.told.notify_all();
    }

    /// Waits for the one who commits. It is bounded as their work is.
    fn outcome(&self) -> Outcome {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match *outcome {
                Some(outcome) => return outcome,
                None => outcome = self.told.wait(outcome).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

impl Writer {
    /// Writes to this file, which is opened at the first write.
    pub(super) fn new(path: &Path) -> Self {
        let desk = Desk::default();
        let commits = Arc::clone(&desk.commits);
        let (desk, path) = (FairMutex::new(desk), path.to_owned());
        Self { path, desk, coming: AtomicUsize::new(0), commits, writes: AtomicU64::new(0) }
    }

    /// What goes on here, and went on.
    pub(super) fn usage(&self) -> Usage {
        Usage {
            writes_waiting: self.coming.load(Ordering::Relaxed) as u64,
            commits: self.commits.load(Ordering::Relaxed),
            commit_writes: self.writes.load(Ordering::Relaxed),
            ..Usage::default()
        }
    }

    /// Does `work` in a transaction: all of it or nothing. It may be done twice, if the first time came to nothing.
    pub(super) fn write<T>(&self, work: impl Fn(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let done = match self.together(&work) {
            Some(done) => done,
            None => self.alone(&work),
        };
        if done.is_ok() {
            self.writes.fetch_add(1, Ordering::Relaxed);
        }
        done
    }

    /// Works with the connection outside of any transaction.
    ///
    /// # Errors
    /// If the file cannot be opened for writing, and those of `work`.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut desk = self.turn();
        desk.commit();
        work(desk.connection(&self.path)?)
    }

    /// Does `work` with those who are there at the same time. Gives nothing if it came to nothing because of the others.
    fn together<T>(&self, work: &impl Fn(&Connection) -> Result<T, StoreError>) -> Option<Result<T, StoreError>> {
        let mut desk = self.turn();
        let group = match desk.join(&self.path) {
            Ok(group) => group,
            Err(error) => {
                desk.connection = None;
                return Some(Err(error));
            }
        };
        let done = desk.work(work);
        if !desk.is_open() {
            desk.end(Outcome::Undone);
        } else if self.coming.load(Ordering::SeqCst) == 0 {
            desk.commit();
        }
        drop(desk);
        let outcome = group.outcome();
        match (done, outcome) {
            (Err(panic), _) => resume_unwind(panic),
            (Ok(done), Outcome::Committed) => Some(done),
            (Ok(_), Outcome::Undone) => None,
        }
    }

    fn alone<T>(&self, work: &impl Fn(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let done = self.with(|connection| {
            let transaction = Transaction::new(connection, TransactionBehavior::Immediate).map_err(cause)?;
            let done = work(&transaction)?;
            transaction.commit().map_err(cause)?;
            self.commits.fetch_add(1, Ordering::Relaxed);
            Ok(done)
        });
        if let Err(StoreError::Unavailable(_) | StoreError::ReadOnly(_)) = done {
            self.turn().forget();
        }
        done
    }

    fn turn(&self) -> FairMutexGuard<'_, Desk> {
        self.coming.fetch_add(1, Ordering::SeqCst);
        let desk = self.desk.lock();
        self.coming.fetch_sub(1, Ordering::SeqCst);
        desk
    }
}

impl Desk {
    fn connection(&mut self, path: &Path) -> Result<&mut Connection, StoreError> {
        match &mut self.connection {
            Some(connection) => Ok(connection),
            empty => Ok(empty.insert(connect(path)?)),
        }
    }

    /// Joins the group that is there, or begins one.
    fn join(&mut self, path: &Path) -> Result<Arc<Group>, StoreError> {
        if let Some(group) = &self.group {
            return Ok(Arc::clone(group));
        }
        // Immediate: a transaction that reads first and writes later could not get the lock half-way.
        self.connection(path)?.execute_batch("BEGIN IMMEDIATE").map_err(cause)?;
        Ok(Arc::clone(self.group.insert(Arc::default())))
    }

    /// Does one's work inside a savepoint. A panic is handed out: the others must not lose their commit by it.
    fn work<T>(
        &self,
        work: &impl Fn(&Connection) -> Result<T, StoreError>,
    ) -> std::thread::Result<Result<T, StoreError>> {
        let Some(connection) = &self.connection else {
            return Ok(Err(StoreError::Fault("no connection in a group".into())));
        };
        let batch = |sql| connection.prepare_cached(sql).and_then(|mut sql| sql.execute([])).map_err(cause);
        let done = catch_unwind(AssertUnwindSafe(|| {
            batch("SAVEPOINT own")?;
            work(connection)
        }));
        match done {
            Ok(Ok(done)) => Ok(batch("RELEASE own").map(|_| done)),
            undone => {
                // If this fails, the transaction is gone as a whole, which is looked at next.
                if let Err(error) = batch("ROLLBACK TO own").and_then(|_| batch("RELEASE own")) {
                    tracing::debug!(%error, "a savepoint could not be rolled back");
                }
                undone
            }
        }
    }

    /// Whether there is a transaction: some errors make SQLite roll it back by itself.
    fn is_open(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| !connection.is_autocommit())
    }

    /// Commits for the group that is there, if any, and tells it.
    fn commit(&mut self) {
        if self.group.is_none() {
            return;
        }
        let committed = self.connection.as_ref().map(|connection| connection.execute_batch("COMMIT"));
        match committed {
            Some(Ok(())) => {
                self.commits.fetch_add(1, Ordering::Relaxed);
                self.end(Outcome::Committed);
            }
            failed => {
                tracing::debug!(?failed, "a group could not be committed; each tries alone");
                self.forget();
            }
        }
    }

    fn end(&mut self, outcome: Outcome) {
        if let Some(group) = self.group.take() {
            group.tell(outcome);
        }
    }

    /// Drops the connection, and with it a transaction that is open.
    fn forget(&mut self) {
        self.connection = None;
        self.end(Outcome::Undone);
    }
}

/// Opens the file for writing, and brings its tables up to date.
fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(cause)?;
    // What is write-protected is opened all the same, for reading.
    if connection.is_readonly(rusqlite::MAIN_DB).map_err(cause)? {
        return Err(StoreError::ReadOnly(ReadOnly::File));
    }
    prepare(&connection).map_err(cause)?;
    connection.pragma_update(None, "journal_mode", "wal").map_err(cause)?;
    migrations::keep_a_copy(&connection, path)?;
    migrations::run(&mut connection)?;
    Ok(connection)
}

#[cfg(test)]
mod tests;
