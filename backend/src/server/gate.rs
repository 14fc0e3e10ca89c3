//! The only way from a request to the store, whose calls block.
//!
//! The number of calls at a time is limited, and each has a deadline. A call that outlives its deadline cannot be
//! stopped: the request is answered without it, but the call keeps its permit until it ends, so that threads cannot
//! pile up behind a database that hangs. Reads and writes have separate permits: reads continue while writes wait for
//! a disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::metrics::{MeteredStore, Metrics};
use crate::store::{Store, StoreError, Usage};

/// A store behind a limit of calls and a deadline. Clones share both.
#[derive(Clone)]
pub struct Gate {
    store: Arc<dyn Store>,
    readers: Arc<Semaphore>,
    writers: Arc<Semaphore>,
    deadline: Duration,
    /// False until the database is known to belong to this server key.
    open: Arc<AtomicBool>,
    metrics: Arc<Metrics>,
}

/// A failed call.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The store returned an error.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// All permits were in use until the deadline.
    #[error("too many database calls are waiting")]
    Overloaded,
    /// The store did not answer before the deadline.
    #[error("the database did not answer in time")]
    Deadline,
    #[error("a database call panicked")]
    Panicked,
}

impl Gate {
    /// Allows `calls` reads and as many writes at a time. `deadline` bounds each call, its wait in the queue included.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, calls: usize, deadline: Duration) -> Self {
        let permits = || Arc::new(Semaphore::new(calls));
        let metrics = Metrics::new();
        Self {
            store: Arc::new(MeteredStore { store, metrics: Arc::clone(&metrics) }),
            readers: permits(),
            writers: permits(),
            deadline,
            open: Arc::new(AtomicBool::new(true)),
            metrics,
        }
    }

    /// The metrics of this process.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// The deadline of a call.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    pub fn usage(&self) -> Usage {
        self.store.usage()
    }

    /// False until the database is known to belong to this server key.
    pub fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// Refuses requests until [`Gate::open`]: the database may belong to another server key.
    pub fn close(&self) {
        self.open.store(false, Ordering::Release);
    }

    pub fn open(&self) {
        self.open.store(true, Ordering::Release);
    }

    /// Reads from the store for a request, on a thread that may block.
    ///
    /// # Errors
    /// [`GateError`]. After [`GateError::Deadline`] the call may still do its work.
    pub async fn read<T, F>(&self, work: F) -> Result<T, GateError>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    {
        self.refuse_if_closed()?;
        self.call(&self.readers, work).await
    }

    /// Writes to the store for a request, on a thread that may block.
    ///
    /// # Errors
    /// [`GateError`]. After [`GateError::Deadline`] the call may still do its work.
    pub async fn write<T, F>(&self, work: F) -> Result<T, GateError>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    {
        self.refuse_if_closed()?;
        self.write_internal(work).await
    }

    /// Calls the store for the server itself, also while the gate is closed.
    ///
    /// # Errors
    /// As [`Gate::write`].
    pub async fn write_internal<T, F>(&self, work: F) -> Result<T, GateError>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    {
        self.call(&self.writers, work).await
    }

    /// Runs a job of the server on the store without a permit and without a deadline, such as a backup or an integrity
    /// check.
    ///
    /// # Errors
    /// [`GateError::Store`] and [`GateError::Panicked`].
    pub async fn run_unbounded<T, F>(&self, work: F) -> Result<T, GateError>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    {
        let store = Arc::clone(&self.store);
        #[expect(clippy::disallowed_methods, reason = "this is the place")]
        let call = tokio::task::spawn_blocking(move || work(&*store));
        call.await.map_err(|_| GateError::Panicked)?.map_err(GateError::Store)
    }

    fn refuse_if_closed(&self) -> Result<(), GateError> {
        if self.is_open() {
            return Ok(());
        }
        self.metrics.call_refused("closed");
        Err(StoreError::Unavailable("it has not been reached since the start".into()).into())
    }

    async fn call<T, F>(&self, permits: &Arc<Semaphore>, work: F) -> Result<T, GateError>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    {
        let done = self.admitted(permits, work).await;
        match &done {
            Err(GateError::Overloaded) => self.metrics.call_refused("overloaded"),
            Err(GateError::Deadline) => self.metrics.call_refused("deadline"),
            Err(GateError::Panicked) => self.metrics.call_refused("panicked"),
            Err(GateError::Store(_)) | Ok(_) => {}
        }
        done
    }

    async fn admitted<T, F>(&self, permits: &Arc<Semaphore>, work: F) -> Result<T, GateError>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    {
        let start = Instant::now();
        let deadline = start + self.deadline;
        let waiting = self.metrics.call_waits();
        let permit = timeout_at(deadline, Arc::clone(permits).acquire_owned())
            .await
            .map_err(|_| GateError::Overloaded)?
            .map_err(|_| GateError::Overloaded)?;
        drop(waiting);
        let running = self.metrics.call_runs(start.elapsed());
        let store = Arc::clone(&self.store);
        #[expect(clippy::disallowed_methods, reason = "this is the place")]
        let call = tokio::task::spawn_blocking(move || {
            let done = work(&*store);
            drop((permit, running));
            done
        });
        match timeout_at(deadline, call).await {
            Err(_) => Err(GateError::Deadline),
            Ok(Err(_)) => Err(GateError::Panicked),
            Ok(Ok(done)) => Ok(done?),
        }
    }
}
