//! `passmint serve`: opens the sockets and the database, starts the server and its scheduled jobs, and runs until it is
//! asked to stop.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use shared::limits::ENTRIES_MAX;
use tokio::net::TcpListener;

use crate::backup::BackupSchedule;
use crate::database::{self, DataArgs, DatabaseKind};
use crate::logging::{self, LoggingArgs};
use crate::now;
use crate::server::app::{self, app};
use crate::server::client_address::{TrustedProxies, TrustedProxy};
use crate::server::gate::{Gate, GateError};
use crate::server::listener::{self, Listen, Listener, TlsArgs};
use crate::server::metrics_endpoint::{self, MetricsArgs};
use crate::server::page::Page;
use crate::server::passkeys::PageOrigin;
use crate::server::rate_limits::{self, RateLimitArgs, RateLimits};
use crate::server::state::AppState;
use crate::server::{invites, page_url};
use crate::server_key::ServerKey;
use crate::store::{Hash, Lifetime, Millis, Store, StoreError};

/// Default listening address of `passmint serve`.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

const HOUR: Millis = 3_600_000;
/// Lifetime of the invite that the first start prints. A restart prints a new one.
const SETUP_LIFETIME: Millis = 24 * HOUR;
/// Pause between attempts to reach a database that did not answer at the start.
const RETRY: Duration = Duration::from_secs(3);

/// Pause between looks at the expiry of the database user's password, and the one after a look that failed.
const PASSWORD_LOOK: Duration = Duration::from_hours(24);
const PASSWORD_LOOK_RETRY: Duration = Duration::from_mins(1);

/// Settings of `passmint serve`. The server key is read from PASSMINT_SERVER_KEY if that is set.
#[derive(Args, Debug, Clone)]
#[command(after_help = "The server key is the file `server-key` in the data folder, or the text in \
PASSMINT_SERVER_KEY. If it is lost, everyone is locked out: keep a copy of it, apart from copies of the database.")]
pub struct ServeArgs {
    /// Listening address: ADDRESS:PORT, or unix:PATH for a proxy on this machine.
    #[arg(long, env = "PASSMINT_LISTEN", default_value = DEFAULT_LISTEN, value_name = "ADDRESS")]
    pub listen: Listen,
    /// The lifetime of sessions.
    #[command(flatten)]
    pub sessions: SessionArgs,
    /// Most entries of one account.
    #[arg(long, env = "PASSMINT_MAX_ENTRIES", default_value_t = ENTRIES_MAX, value_name = "NUMBER",
          value_parser = clap::value_parser!(u64).range(1..))]
    pub max_entries: u64,
    /// Most connections at a time; further ones are answered 503. The system's limit of open files can lower this.
    #[arg(long, env = "PASSMINT_MAX_CONNECTIONS", default_value_t = 10_240, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,
    /// Most connections at a time from one address (one /64 of IPv6), except trusted proxies; 0 for no limit.
    #[arg(long, env = "PASSMINT_CONNECTIONS_PER_ADDRESS", default_value_t = 512, value_name = "NUMBER")]
    pub connections_per_address: u32,
    /// Most requests at a time; further ones are answered 503.
    #[arg(long, env = "PASSMINT_MAX_REQUESTS", default_value_t = 512, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_requests: u32,
    /// Most seconds for a request, including its arrival.
    #[arg(long, env = "PASSMINT_REQUEST_SECONDS", default_value_t = 30, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=600))]
    pub request_seconds: u64,
    /// Most database calls at a time.
    #[arg(long, env = "PASSMINT_DATABASE_CALLS", default_value_t = 32, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..=512))]
    pub database_calls: u32,
    /// Proxies to trust for the client's address and for HTTPS (X-Forwarded-For, X-Forwarded-Proto), separated by
    /// commas: addresses, networks such as 10.0.0.0/8, or unix for every process that connects to the Unix socket.
    /// Never name a network that clients are in.
    #[arg(long, env = "PASSMINT_TRUSTED_PROXIES", value_delimiter = ',', value_name = "NETWORKS")]
    pub trusted_proxies: Vec<TrustedProxy>,
    // After the options without a heading: the Oracle options begin a heading, which later options share.
    /// Data folder and database.
    #[command(flatten)]
    pub data: DataArgs,
    /// Rate limits.
    #[command(flatten)]
    pub limits: RateLimitArgs,
    /// HTTPS.
    #[command(flatten)]
    pub tls: TlsArgs,
    /// Scheduled backups and integrity checks.
    #[command(flatten)]
    pub schedule: BackupSchedule,
    /// The log.
    #[command(flatten)]
    pub logging: LoggingArgs,
    /// Metrics.
    #[command(flatten)]
    pub metrics: MetricsArgs,
}

/// The lifetime of sessions.
#[derive(Args, Debug, Clone, Copy)]
pub struct SessionArgs {
    /// Minutes after which a session without a request ends.
    #[arg(long, env = "PASSMINT_SESSION_IDLE", default_value_t = 30, value_name = "MINUTES",
          value_parser = clap::value_parser!(u64).range(1..=43_200))]
    pub session_idle: u64,
    /// Minutes after which a session ends even if it is in use.
    #[arg(long, env = "PASSMINT_SESSION_MAX", default_value_t = 720, value_name = "MINUTES",
          value_parser = clap::value_parser!(u64).range(1..=43_200))]
    pub session_max: u64,
}

impl SessionArgs {
    /// The lifetime as the store takes it.
    pub(super) fn lifetime(self) -> Lifetime {
        let minute: Millis = 60_000;
        Lifetime { idle: self.session_idle * minute, max: self.session_max * minute }
    }
}

impl ServeArgs {
    /// Bounds on connections. Raises the process's limit of open files as far as needed and allowed.
    fn connection_bounds(&self) -> listener::ConnectionBounds {
        let wanted = self.max_connections as usize;
        let connections = listener::connections_within(wanted, listener::raise_open_files(wanted));
        if connections < wanted {
            tracing::warn!(
                connections,
                wanted,
                "fewer connections than wanted: the system's limit of open files is in the way (ulimit -n, LimitNOFILE)"
            );
        }
        listener::ConnectionBounds {
            connections,
            per_client: self.connections_per_address as usize,
            head: Duration::from_secs(10),
            send: Duration::from_secs(20),
            grace: Duration::from_secs(10),
        }
    }

    /// Bounds on requests.
    fn request_bounds(&self) -> app::RequestBounds {
        app::RequestBounds { requests: self.max_requests as usize, time: Duration::from_secs(self.request_seconds) }
    }
}

/// # Errors
/// If a setting is wrong, a socket or the database cannot be opened, or the database belongs to another server key.
pub fn run(args: &ServeArgs) -> Result<ExitCode> {
    logging::start(&args.logging)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    // Checked before a socket is opened.
    ensure!(
        args.data.public_url.is_some() || matches!(args.listen, Listen::Tcp(_)),
        "--listen {} needs --public-url: the address under which people reach the page",
        args.listen
    );
    // Sockets come before the database: if the port is taken, that is the only error, and no server key is created.
    // Clients that connect meanwhile wait in the system's queue.
    let (listener, metrics) = runtime.block_on(async {
        let listener = Listener::open(&args.listen, &args.tls).await?;
        anyhow::Ok((listener, args.metrics.open().await?))
    })?;
    let store = database::open(&args.data)?;
    let key = find_or_create_key(&args.data.folder, store.as_ref())?;
    runtime.block_on(serve(args, listener, metrics, store, Arc::new(key)))?;
    Ok(ExitCode::SUCCESS)
}

/// As [`ServerKey::find_or_create`], but waits while the database refuses the log-in. A service manager would start a
/// process that ends every few seconds, and each start is a log-in that brings the database user nearer to being locked.
fn find_or_create_key(folder: &Path, store: &dyn Store) -> Result<ServerKey> {
    loop {
        let error = match ServerKey::find_or_create(folder, store) {
            Ok(key) => return Ok(key),
            Err(error) => error,
        };
        let Some(StoreError::Refused(refusal)) = error.downcast_ref() else { return Err(error) };
        tracing::warn!("there is no server key yet, and only the database shows if one may be created: waiting for it");
        std::thread::sleep(refusal.pause);
    }
}

async fn serve(
    args: &ServeArgs,
    listener: Listener,
    metrics: Option<TcpListener>,
    store: Arc<dyn Store>,
    key: Arc<ServerKey>,
) -> Result<()> {
    let address = listener.address();
    let page_url = args.data.public_url.clone().or_else(|| listener.url()).context("cannot listen")?;
    let gate = Gate::new(store, args.database_calls as usize, Duration::from_secs(args.data.database_seconds));
    let fingerprint = *key.fingerprint();
    args.schedule.start(&gate, &key, args.data.sqlite_file())?;
    if let Some(socket) = metrics {
        metrics_endpoint::serve(socket, gate.clone())?;
    }
    let unbound = bind_database(&gate, fingerprint, &page_url).await?;

    let limits = RateLimits::new(&args.limits).with_metrics(Arc::clone(gate.metrics()));
    let limits = Arc::new(limits);
    tokio::spawn(rate_limits::prune_regularly(Arc::clone(&limits)));
    let origin = args.data.public_url.as_deref().and_then(PageOrigin::of);
    let state =
        AppState::new(gate.clone(), key, args.sessions.lifetime(), args.max_entries, Page::embedded(), limits, origin);
    let proxies = TrustedProxies::new(&args.trusted_proxies);
    let app = app(state, args.request_bounds(), proxies.clone());
    if let Err(error) = page_url::record(&args.data.folder, &page_url) {
        tracing::warn!(%error, "cannot record the page's address: give it to `passmint invite` by --public-url");
    }
    tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "serving");
    match args.data.database {
        DatabaseKind::Oracle => {
            tokio::spawn(look_at_password_regularly(gate.clone()));
            if args.data.oracle.oracle_wake_hours > 0 {
                let interval = Duration::from_millis(args.data.oracle.oracle_wake_hours * HOUR);
                tokio::spawn(ping_regularly(gate.clone(), interval));
            }
        }
        DatabaseKind::Sqlite => {}
    }
    let binding = async {
        if let Some(pause) = unbound
            && let Err(error) = retry_binding(gate, fingerprint, page_url, pause).await
        {
            return error;
        }
        std::future::pending().await
    };
    tokio::select! {
        () = listener::serve(listener, app, args.connection_bounds(), proxies, stop_signal()) => {}
        error = binding => return Err(error),
    }
    tracing::info!("stopped");
    Ok(())
}

/// Checks that the database belongs to this server key, opens the gate, and prints where the page is. If the database
/// does not answer, the gate is closed, and the result is the pause until the next attempt.
async fn bind_database(gate: &Gate, fingerprint: Hash, page_url: &str) -> Result<Option<Duration>> {
    let bound = match gate.write_internal(move |store| store.bind_server_key(&fingerprint)).await {
        Ok(()) => fingerprint,
        // A damaged database takes no binding, and is served for reading if it is bound to this key already.
        Err(refused) => match gate.write_internal(|store| store.server_key()).await {
            Ok(Some(bound)) => bound,
            Ok(None) | Err(_) => return Ok(Some(postpone_binding(gate, &refused))),
        },
    };
    if bound != fingerprint {
        bail!("this database belongs to another server key: put back the key that belongs to it");
    }
    let invite = gate.write_internal(|store| {
        // The invite is for the first account only.
        if store.has_accounts()? { Ok(None) } else { invites::create(store, SETUP_LIFETIME, true, now()).map(Some) }
    });
    let link = match invite.await {
        Ok(code) => code.map(|code| invites::link(page_url, &code)),
        Err(error) => return Ok(Some(postpone_binding(gate, &error))),
    };
    if let Err(error) = print_address(page_url, link.as_deref()) {
        tracing::warn!(%error, "cannot print the page's address");
    }
    gate.open();
    Ok(None)
}

/// Closes the gate until [`retry_binding`] succeeds. Returns the pause until the next attempt.
fn postpone_binding(gate: &Gate, error: &GateError) -> Duration {
    gate.close();
    if let GateError::Store(StoreError::Refused(refusal)) = error {
        // The store has logged it.
        return refusal.pause.max(RETRY);
    }
    tracing::warn!(%error, "cannot reach the database; trying again every {} s", RETRY.as_secs());
    RETRY
}

/// Repeats [`bind_database`] until the database answers.
async fn retry_binding(gate: Gate, fingerprint: Hash, page_url: String, mut pause: Duration) -> Result<()> {
    loop {
        tokio::time::sleep(pause).await;
        match bind_database(&gate, fingerprint, &page_url).await? {
            Some(longer) => pause = longer,
            None => {
                tracing::info!("the database is reached");
                return Ok(());
            }
        }
    }
}

/// Looks at the expiry of the database user's password: at the start, and then once a day.
async fn look_at_password_regularly(gate: Gate) {
    loop {
        let pause = match gate.read(|store| store.password_expiry()).await {
            Ok(expiry) => {
                gate.metrics().password_expires(expiry);
                let said = expiry.describe(now());
                if expiry.is_near(now()) {
                    tracing::warn!("the database user's password: {said}");
                } else {
                    tracing::info!("the database user's password: {said}");
                }
                PASSWORD_LOOK
            }
            // The failure is logged where it matters. A closed gate refuses without asking the database.
            Err(error) => {
                tracing::debug!(%error, "cannot look at the expiry of the database user's password");
                PASSWORD_LOOK_RETRY
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Queries the database at an interval: Oracle stops an Always Free database after a week without a query.
async fn ping_regularly(gate: Gate, interval: Duration) {
    loop {
        tokio::time::sleep(interval).await;
        if let Err(error) = gate.write(|store| store.check()).await {
            tracing::warn!(%error, "the database does not answer");
        }
    }
}

/// Prints the page's address, with the invite link while there is no account. Links go to the terminal and never to the
/// log.
fn print_address(page_url: &str, link: Option<&str>) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "Passmint is at {page_url}/")?;
    if let Some(link) = link {
        writeln!(
            out,
            "\nNo vault has been made yet. Open this link to make the first one (good for 24 hours, once):\n\n  {link}\n"
        )?;
    }
    out.flush()
}

/// Completes when the process is asked to stop: by Ctrl-C, or by SIGTERM from a service manager.
async fn stop_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
