//! The looks at the database behind `/readyz`.
//!
//! Anybody may ask `/readyz`, as often as they like. One look runs at a time, and all requests meanwhile wait for its
//! result, so that `/readyz` has at most one call in the gate, however long the database hangs.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use shared::problem::ProblemCode;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::server::gate::Gate;
use crate::server::routes::health::{self, Part};

/// The deadline of a `/readyz` request. A log-in to a database in the cloud (up to four seconds) fits in; the usual ten
/// seconds of monitors are longer.
const TIME: Duration = Duration::from_secs(5);

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
pub struct Look {
    pub reads: Option<Part>,
    pub writes: Option<Part>,
    /// A bug, which is the answer instead of the parts.
    pub defect: Option<ProblemCode>,
}

impl Readiness {
    /// The result of the running look, or of a new one if none is running. At the deadline, the parts seen until then.
    pub async fn look(&self, gate: &Gate) -> Look {
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
        drop(tokio::spawn(health::ask(gate.clone(), running, sender)));
        look
    }
}
