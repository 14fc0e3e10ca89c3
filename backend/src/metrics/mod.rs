//! Counters and timings of the process, for Prometheus (OpenMetrics text).
//!
//! Labels take few values: patterns of routes, methods, statuses, names of operations. Names, ids and addresses are
//! never labels, so that the series tell nothing about the people who use the server.

mod metered_store;
mod process;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::store::{Millis, PasswordExpiry, StoreError, Usage};

pub(crate) use metered_store::MeteredStore;

/// Upper bounds of the histograms' buckets, in seconds: from a read in memory to the longest deadline.
const SECONDS: [f64; 14] = [0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// Every counter of the process. Handles to it are passed around; there is no global one.
#[derive(Debug)]
pub struct Metrics {
    answers: Family<AnswerLabels, Counter>,
    answer_times: Histograms<RouteLabels>,
    requests_going_on: Gauge,
    operation_times: Histograms<OperationLabels>,
    operation_failures: Family<FailureLabels, Counter>,
    calls_running: Gauge,
    calls_waiting: Gauge,
    calls_waited: Histogram,
    calls_refused: Family<ReasonLabels, Counter>,
    log_ins: Family<LogInLabels, Counter>,
    throttled: Family<LimitLabels, Counter>,
    /// Milliseconds since 1970; 0 for never.
    backup_made: AtomicU64,
    backup_failures: Counter,
    backups_scheduled: AtomicBool,
    last_backup_failed: AtomicBool,
    /// Milliseconds since 1970; 0 if the password does not expire, or nobody knows when.
    password_expiry: AtomicU64,
    process: Arc<process::Process>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabels {
    operation: &'static str,
    failure: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LogInLabels {
    step: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabels {
    limit: &'static str,
}

/// Progress of a log-in. A client notices a wrong passphrase by itself and gives up: such a log-in is begun, and
/// neither opened nor refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogInProgress {
    /// Its first step was answered.
    Begun,
    Opened,
    /// Its last step was wrong or came too late.
    Refused,
}

/// Increments a gauge for as long as it lives.
pub(crate) struct GaugeGuard(Gauge);

impl GaugeGuard {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn histogram() -> Histogram {
    Histogram::new(SECONDS)
}

impl Metrics {
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            answers: Family::default(),
            answer_times: Histograms::new_with_constructor(histogram),
            requests_going_on: Gauge::default(),
            operation_times: Histograms::new_with_constructor(histogram),
            operation_failures: Family::default(),
            calls_running: Gauge::default(),
            calls_waiting: Gauge::default(),
            calls_waited: histogram(),
            calls_refused: Family::default(),
            log_ins: Family::default(),
            throttled: Family::default(),
            backup_made: AtomicU64::new(0),
            backup_failures: Counter::default(),
            backups_scheduled: AtomicBool::new(false),
            last_backup_failed: AtomicBool::new(false),
            password_expiry: AtomicU64::new(0),
            process: Arc::new(process::Process::new()),
        })
    }

    /// Counts a log-in that has reached this step.
    pub fn log_in_progressed(&self, step: LogInProgress) {
        let step = match step {
            LogInProgress::Begun => "begun",
            LogInProgress::Opened => "opened",
            LogInProgress::Refused => "refused",
        };
        self.log_ins.get_or_create(&LogInLabels { step }).inc();
    }

    /// Counts a request that a rate limit refused. `limit` is one of a few fixed names.
    pub fn throttled(&self, limit: &'static str) {
        self.throttled.get_or_create(&LimitLabels { limit }).inc();
    }

    /// Records that backups are scheduled.
    pub fn backups_scheduled(&self) {
        self.backups_scheduled.store(true, Ordering::Relaxed);
    }

    /// Records the time of a backup that was made and verified.
    pub fn backup_made(&self, when: Millis) {
        self.backup_made.store(when, Ordering::Relaxed);
        self.last_backup_failed.store(false, Ordering::Relaxed);
    }

    /// Records that a backup failed.
    pub fn backup_failed(&self) {
        self.backup_failures.inc();
        self.last_backup_failed.store(true, Ordering::Relaxed);
    }

    /// True if the last scheduled backup succeeded; `None` without a schedule.
    pub fn last_backup_succeeded(&self) -> Option<bool> {
        let due = self.backups_scheduled.load(Ordering::Relaxed);
        due.then(|| !self.last_backup_failed.load(Ordering::Relaxed))
    }

    /// Records the expiry of the database user's password.
    pub fn password_expires(&self, expiry: PasswordExpiry) {
        self.password_expiry.store(expiry.when().unwrap_or(0), Ordering::Relaxed);
    }

    /// Counts and times an operation of the store. An expected error, such as "not found", is no failure.
    pub(crate) fn operation_ended(&self, operation: &'static str, took: Duration, error: Option<&StoreError>) {
        self.operation_times.get_or_create(&OperationLabels { operation }).observe(took.as_secs_f64());
        let failure = match error {
            Some(StoreError::Unavailable(_)) => "unavailable",
            Some(StoreError::Refused(_)) => "refused",
            Some(StoreError::ReadOnly(_)) => "read-only",
            Some(StoreError::Fault(_)) => "fault",
            _ => return,
        };
        self.operation_failures.get_or_create(&FailureLabels { operation, failure }).inc();
    }

    /// Counts a call that waits at the gate, until the guard is dropped.
    pub(crate) fn call_waits(&self) -> GaugeGuard {
        GaugeGuard::new(&self.calls_waiting)
    }

    /// Counts a call that runs, until the guard is dropped, and the time it waited.
    pub(crate) fn call_runs(&self, waited: Duration) -> GaugeGuard {
        self.calls_waited.observe(waited.as_secs_f64());
        GaugeGuard::new(&self.calls_running)
    }

    /// Counts a call that got no answer from the store.
    pub(crate) fn call_refused(&self, reason: &'static str) {
        self.calls_refused.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// All metrics as text. The registry is built for each scrape, because it includes the store's usage at that
    /// moment.
    ///
    /// # Errors
    /// Never: text is written to memory.
    pub fn text(&self, usage: &Usage, is_open: bool) -> Result<String, std::fmt::Error> {
        let mut root = Registry::default();
        root.register_collector(Box::new(Arc::clone(&self.process)));
        let all = root.sub_registry_with_prefix("passmint");
        all.register("build", "This build", Info::new([("version", env!("CARGO_PKG_VERSION"))]));

        all.register("http_answers", "Answers, by route and status", self.answers.clone());
        all.register("http_answer_seconds", "Time to an answer", self.answer_times.clone());
        all.register("http_requests_going_on", "Requests being answered", self.requests_going_on.clone());
        all.register("log_ins", "Log-ins that got this far", self.log_ins.clone());
        all.register("throttled", "Requests refused because there were too many", self.throttled.clone());

        all.register("store_operation_seconds", "Time of the store's operations", self.operation_times.clone());
        all.register("store_failures", "Operations that the store could not do", self.operation_failures.clone());
        all.register("store_calls_running", "Calls of the store going on", self.calls_running.clone());
        all.register("store_calls_waiting", "Calls that wait until others end", self.calls_waiting.clone());
        all.register("store_calls_waited_seconds", "Time that calls waited", self.calls_waited.clone());
        all.register("store_calls_refused", "Calls that got no answer of the store", self.calls_refused.clone());

        let number = |number: u64| ConstGauge::new(i64::try_from(number).unwrap_or(i64::MAX));
        all.register("store_open", "Whether requests are let through to the database", number(is_open.into()));
        all.register("store_damaged", "Whether the database was found damaged", number(usage.damaged.into()));
        all.register("store_connections", "Connections to the database", number(usage.connections));
        all.register("store_connections_in_use", "Of these, in use", number(usage.in_use));
        all.register("store_writes_waiting", "Writes that wait for their turn", number(usage.writes_waiting));
        all.register("store_commits", "Commits; one may hold many writes", ConstCounter::new(usage.commits));
        all.register("store_commit_writes", "Writes in these commits", ConstCounter::new(usage.commit_writes));

        let refused = ConstCounter::new(usage.log_ins_refused);
        all.register("database_log_ins_refused", "Log-ins of Passmint that the database refused", refused);
        let expiry = self.password_expiry.load(Ordering::Relaxed);
        if expiry > 0 {
            let expiry = ConstGauge::new(expiry as f64 / 1000.0);
            let help = "When the database user's password expires";
            all.register("database_password_expiry_timestamp_seconds", help, expiry);
        }

        all.register("backup_failures", "Backups that were not made", self.backup_failures.clone());
        let made = self.backup_made.load(Ordering::Relaxed);
        if made > 0 {
            let made = ConstGauge::new(made as f64 / 1000.0);
            all.register("backup_made_timestamp_seconds", "When a backup was last made and verified", made);
        }
        let mut text = String::new();
        text::encode(&mut text, &root)?;
        Ok(text)
    }
}

/// Counts and times a request, by the pattern of its path. All methods that no route has share one label.
pub async fn observe(State(metrics): State<Arc<Metrics>>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let _going_on = GaugeGuard::new(&metrics.requests_going_on);
    let route = request.extensions().get::<MatchedPath>().map_or("page", MatchedPath::as_str).to_owned();
    let method = match *request.method() {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    };
    let response = next.run(request).await;
    let status = response.status().as_u16();
    metrics.answers.get_or_create(&AnswerLabels { method, route: route.clone(), status }).inc();
    metrics.answer_times.get_or_create(&RouteLabels { method, route }).observe(start.elapsed().as_secs_f64());
    response
}
