//! The parts of the server that `/readyz` reports, and the looks at the database behind it.
//!
//! Anybody may ask `/readyz`, as often as they like. One look runs at a time, and all requests meanwhile wait for its
//! result, so that `/readyz` has at most one call in the gate, however long the database hangs.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use serde::Serialize;
use shared::problem::ProblemCode;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::server::error::ApiError;
use crate::server::gate::{Gate, GateError};
use crate::store::{ReadOnly, RefusalCause, StoreError};

/// The deadline of a `/readyz` request. A log-in to a database in the cloud (up to four seconds) fits in; the usual ten
/// seconds of monitors are longer.
const TIME: Duration = Duration::from_secs(5);

/// A part of the server.
#[derive(Clone, Copy, Serialize, utoipa::ToSchema)]
pub struct Part {
    pub part: Name,
    pub state: Condition,
    /// The reason, for `read-only` and `refused`.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
}

/// The parts. A server is ready if the first three are; `backup` does not count.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Name {
    /// The database's binding to this server key.
    ServerKey,
    /// Reading from the database.
    Reads,
    /// Writing to it.
    Writes,
    /// The scheduled backups, if there is a schedule.
    Backup,
}

/// The state of a part.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// The part works.
    Ok,
    /// The database can be read, but takes no writes.
    ReadOnly,
    /// The database does not answer, or has not answered within this request's deadline.
    Unreachable,
    /// The database refuses the server's own log-in: its password is wrong or has expired, or its user is locked.
    Refused,
    /// Too many calls are waiting.
    Busy,
    /// Unknown, because a part before it is not ready.
    Unknown,
    /// The last backup failed.
    Failed,
}

/// Starts and shares looks.
#[derive(Default)]
pub struct Readiness(Mutex<Option<Running>>);

struct Running {
    /// Gone when the look has ended, and each of its calls as well.
    running: Weak<()>,
    look: watch::Receiver<Look>,
}

/// The parts that a look has seen so far.
#[derive(Clone, Default)]
struct Look {
    pub reads: Option<Part>,
    pub writes: Option<Part>,
    /// A bug, which is the answer instead of the parts.
    pub defect: Option<ProblemCode>,
}

impl Readiness {
    /// The state of each part.
    ///
    /// # Errors
    /// The code of a bug, which is no condition of a part.
    pub async fn parts(&self, gate: &Gate) -> Result<Vec<Part>, ProblemCode> {
        let part = |part, state| Part { part, state, cause: None };
        let mut parts = if gate.is_open() {
            let look = self.look(gate).await;
            if let Some(defect) = look.defect {
                return Err(defect);
            }
            // A part that has not answered yet counts as unreachable; the one after it was not asked.
            let reads = look.reads.unwrap_or(part(Name::Reads, Condition::Unreachable));
            let without_answer = if reads.state == Condition::Ok { Condition::Unreachable } else { Condition::Unknown };
            vec![part(Name::ServerKey, Condition::Ok), reads, look.writes.unwrap_or(part(Name::Writes, without_answer))]
        } else {
            // The server tries again by itself; requests must not make it query the database more often.
            let key = match gate.usage().log_in_refused {
                Some(cause) => refused(Name::ServerKey, cause),
                None => part(Name::ServerKey, Condition::Unreachable),
            };
            vec![key, part(Name::Reads, Condition::Unknown), part(Name::Writes, Condition::Unknown)]
        };
        if let Some(well) = gate.metrics().last_backup_succeeded() {
            parts.push(part(Name::Backup, if well { Condition::Ok } else { Condition::Failed }));
        }
        Ok(parts)
    }

    /// The result of the running look, or of a new one if none is running. At the deadline, the parts seen until then.
    async fn look(&self, gate: &Gate) -> Look {
        let mut look = self.join(gate);
        // A look ends by dropping its sender.
        let ended = async { while look.changed().await.is_ok() {} };
        let _ = timeout(TIME.min(gate.deadline()), ended).await;
        look.borrow().clone()
    }

    fn join(&self, gate: &Gate) -> watch::Receiver<Look> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = &*last
            && last.running.strong_count() > 0
        {
            return last.look.clone();
        }
        let running = Arc::new(());
        let (sender, look) = watch::channel(Look::default());
        *last = Some(Running { running: Arc::downgrade(&running), look: look.clone() });
        drop(tokio::spawn(ask(gate.clone(), running, sender)));
        look
    }
}

/// Asks the database: reads, then, if they work, writes. `running` lives as long as any of the calls, also one that
/// outlives its deadline.
async fn ask(gate: Gate, running: Arc<()>, look: watch::Sender<Look>) {
    let call = Arc::clone(&running);
    let reads = gate.read(move |store| {
        let _running = call;
        store.has_accounts().map(drop)
    });
    let reads = outcome(Name::Reads, reads.await);
    let works = matches!(&reads, Ok(part) if part.state == Condition::Ok);
    look.send_modify(|look| match reads {
        Ok(reads) => look.reads = Some(reads),
        Err(defect) => look.defect = Some(defect),
    });
    if works {
        let writes = gate.write(move |store| {
            let _running = running;
            store.check()
        });
        let writes = outcome(Name::Writes, writes.await);
        look.send_modify(|look| match writes {
            Ok(writes) => look.writes = Some(writes),
            Err(defect) => look.defect = Some(defect),
        });
    }
}

fn refused(part: Name, cause: RefusalCause) -> Part {
    Part { part, state: Condition::Refused, cause: Some(cause.name()) }
}

/// Derives a part's condition from a call. A bug is no condition of a part: its code is the whole answer.
fn outcome(part: Name, done: Result<(), GateError>) -> Result<Part, ProblemCode> {
    let (state, cause) = match done {
        Ok(()) => (Condition::Ok, None),
        Err(GateError::Overloaded) => (Condition::Busy, None),
        Err(error @ (GateError::Deadline | GateError::Store(StoreError::Unavailable(_)))) => {
            tracing::warn!(%error, "not ready");
            (Condition::Unreachable, None)
        }
        Err(GateError::Store(StoreError::Refused(refusal))) => return Ok(refused(part, refusal.cause)),
        Err(GateError::Store(StoreError::ReadOnly(why))) => {
            let cause = match why {
                ReadOnly::Damaged(_) => "damaged",
                ReadOnly::DiskFull => "disk-full",
                ReadOnly::File => "file",
            };
            (Condition::ReadOnly, Some(cause))
        }
        Err(defect) => return Err(ApiError::from(defect).problem().code),
    };
    Ok(Part { part, state, cause })
}
