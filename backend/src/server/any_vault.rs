//! The answer to strangers who ask if there is any vault. The store is asked for it at most once a second.
//!
//! That there is one is remembered, until an account is deleted in this process. (Where another process deletes the last
//! one, this one goes on saying that there is a vault, and the page asks for a log-in, as it always did.)

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use shared::problem::ProblemCode;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use crate::server::error::ApiError;
use crate::server::gate::Gate;

/// The store is asked at most once in this time.
const PAUSE: Duration = Duration::from_secs(1);

/// The answer, as far as it is known.
#[derive(Default)]
pub struct AnyVault {
    is_known: AtomicBool,
    /// Locked while the store is asked, so that whoever asks meanwhile gets the same answer.
    last: Mutex<Option<Last>>,
}

/// The last time that the store was asked.
#[derive(Clone, Copy)]
struct Last {
    at: Instant,
    /// Nothing if the request was given up before the store had answered.
    answer: Option<Result<bool, ProblemCode>>,
}

impl AnyVault {
    /// Asks if there is a vault. The answer, a failure too, is up to a second old.
    ///
    /// # Errors
    /// Those of the gate.
    pub async fn exists(&self, gate: &Gate) -> Result<bool, ApiError> {
        if self.is_known.load(Ordering::Acquire) {
            return Ok(true);
        }
        let mut last = self.last.lock().await;
        if let Some(Last { at, answer }) = *last
            && at.elapsed() < PAUSE
        {
            if let Some(answer) = answer {
                return answer.map_err(ApiError::from);
            }
            sleep_until(at + PAUSE).await;
        }
        *last = Some(Last { at: Instant::now(), answer: None });
        let answer = gate.read(|store| store.has_accounts()).await.map_err(|error| ApiError::from(error).code());
        if answer == Ok(true) {
            self.made();
        }
        *last = Some(Last { at: Instant::now(), answer: Some(answer) });
        answer.map_err(ApiError::from)
    }

    pub fn made(&self) {
        self.is_known.store(true, Ordering::Release);
    }

    /// A vault was deleted: it may have been the last one.
    pub fn deleted(&self) {
        self.is_known.store(false, Ordering::Release);
    }
}
