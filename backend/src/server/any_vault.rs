//! Answers unauthenticated clients whether there is any vault, and asks the store at most once a second.
//!
//! A positive answer is remembered until this process deletes an account. If another process deletes the last account,
//! this one still answers that there is a vault, and the page asks for a log-in.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use shared::problem::ProblemCode;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use crate::server::error::ApiError;
use crate::server::gate::Gate;

/// Time between two queries of the store.
const PAUSE: Duration = Duration::from_secs(1);

/// The cached answer.
#[derive(Default)]
pub struct AnyVault {
    is_known: AtomicBool,
    /// Locked during a query, so that requests that arrive meanwhile get the same answer.
    last: Mutex<Option<LastQuery>>,
}

/// The last query of the store.
#[derive(Clone, Copy)]
struct LastQuery {
    at: Instant,
    /// `None` if the request was cancelled before the store answered.
    answer: Option<Result<bool, ProblemCode>>,
}

impl AnyVault {
    /// Returns whether there is a vault. The answer may be a second old, and so may an error.
    ///
    /// # Errors
    /// Those of the gate.
    pub async fn exists(&self, gate: &Gate) -> Result<bool, ApiError> {
        if self.is_known.load(Ordering::Acquire) {
            return Ok(true);
        }
        let mut last = self.last.lock().await;
        if let Some(LastQuery { at, answer }) = *last
            && at.elapsed() < PAUSE
        {
            if let Some(answer) = answer {
                return answer.map_err(ApiError::from);
            }
            sleep_until(at + PAUSE).await;
        }
        *last = Some(LastQuery { at: Instant::now(), answer: None });
        let answer = gate.read(|store| store.has_accounts()).await.map_err(|error| ApiError::from(error).code());
        if answer == Ok(true) {
            self.vault_created();
        }
        *last = Some(LastQuery { at: Instant::now(), answer: Some(answer) });
        answer.map_err(ApiError::from)
    }

    pub fn vault_created(&self) {
        self.is_known.store(true, Ordering::Release);
    }

    /// A vault was deleted: it may have been the last one.
    pub fn vault_deleted(&self) {
        self.is_known.store(false, Ordering::Release);
    }
}
