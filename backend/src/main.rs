//! `passmint`: reads the settings and wires the parts together.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks on its terminal")]

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use backend::commands::command_line::{Check, Cli, Command, DEFAULT_LISTEN, DatabaseKind, Invite, Move, Place, Serve};
use backend::server::app::{AppState, app};
use backend::server::client_address::TrustedProxies;
use backend::server::gate::{Gate, GateError};
use backend::server::listener::{self, Listen, Listener};
use backend::server::page::Page;
use backend::server::rate_limits::{self, Throttle};
use backend::server::{invites, metrics_endpoint, page_url};
use backend::store::oracle::{CheckStep, check_connection};
use backend::store::transfer::{self, Counts, Progress};
use backend::store::{Hash, Millis, Store, StoreError};
use backend::{database, logging, now};
use indicatif::{ProgressBar, ProgressStyle};
use shared::accounts::InviteCode;

const HOUR: Millis = 3_600_000;
/// How long the first link is good. A restart prints a new one.
const SETUP_LIFETIME: Millis = 24 * HOUR;
/// How long before a database that could not be reached at start is asked again.
const RETRY: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let result = match Cli::read().command {
        Command::Serve(settings) => serve(&settings),
        Command::Invite(settings) => invite(&settings),
        Command::Check(settings) => return check(&settings),
        Command::Generate(settings) => settings.run(),
        Command::Move(settings) => transfer(&settings),
        Command::Backup(settings) => settings.run(),
        Command::Restore(settings) => settings.run(),
        Command::Verify(settings) => settings.run(),
        Command::Status(settings) => match settings.run(&mut std::io::stdout()) {
            Ok(found) => return ExitCode::from(found.code()),
            Err(error) => Err(error.into()),
        },
        Command::RotateKey(settings) => settings.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("passmint: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(settings: &Serve) -> Result<()> {
    logging::start(&settings.logging)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    // Before a socket is made.
    ensure!(
        settings.data.public_url.is_some() || matches!(settings.listen, Listen::Tcp(_)),
        "--listen {} needs --public-url: the address under which people reach the page",
        settings.listen
    );
    // Sockets come before the database: a port that is taken is all that is said then, and no key is made in vain.
    // Clients that connect meanwhile wait in the system's queue.
    let (listener, metrics) = runtime.block_on(async {
        let listener = Listener::open(&settings.listen, &settings.secure).await?;
        anyhow::Ok((listener, settings.metrics.open().await?))
    })?;
    let store = database::open(&settings.data)?;
    let key = database::server_key(&settings.data.data, store.as_ref())?;
    runtime.block_on(async {
        let address = listener.place();
        let page_url = settings.data.public_url.clone().or_else(|| listener.url()).context("cannot listen")?;
        let time = Duration::from_secs(settings.data.database_seconds);
        let gate = Gate::new(store, settings.database_calls as usize, time);
        let fingerprint = *key.fingerprint();
        let key = Arc::new(key);
        let sqlite = settings.data.database == DatabaseKind::Sqlite;
        settings.clock.start(&gate, &key, sqlite.then(|| database::sqlite_file(&settings.data.data)))?;
        if let Some(socket) = metrics {
            metrics_endpoint::serve(socket, gate.clone())?;
        }
        let settled = settle(&gate, fingerprint, &page_url).await?;

        let throttle =
            Arc::new(Throttle::new(&settings.limits, Default::default()).counted_by(Arc::clone(gate.metrics())));
        tokio::spawn(rate_limits::keep_small(Arc::clone(&throttle)));
        let (lifetime, page) = (settings.lifetime(), Page::embedded());
        let state = AppState::new(gate.clone(), key, lifetime, settings.max_entries, page, throttle);
        let proxies = TrustedProxies::new(&settings.trusted_proxies);
        let app = app(state, settings.requests(), proxies.clone());
        if let Err(error) = page_url::record(&settings.data.data, &page_url) {
            tracing::warn!(%error, "cannot record the page's address: give it to `passmint invite` by --public-url");
        }
        tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "serving");
        if settings.data.database == DatabaseKind::Oracle && settings.data.oracle.oracle_wake_hours > 0 {
            tokio::spawn(keep_awake(
                gate.clone(),
                Duration::from_millis(settings.data.oracle.oracle_wake_hours * HOUR),
            ));
        }
        let settling = async {
            if settled {
                return std::future::pending().await;
            }
            match settle_later(gate, fingerprint, page_url).await {
                Ok(()) => std::future::pending().await,
                Err(error) => error,
            }
        };
        tokio::select! {
            () = listener::serve(listener, app, settings.connections(), proxies, stop_signal()) => {}
            error = settling => return Err(error),
        }
        tracing::info!("stopped");
        Ok(())
    })
}

/// Makes sure that the database belongs to this server key, and says where the page is. Gives false if the database
/// does not answer: the gate is closed then.
async fn settle(gate: &Gate, fingerprint: Hash, page_url: &str) -> Result<bool> {
    let bound = match gate.call_for_ourselves(move |store| store.bind_server_key(&fingerprint)).await {
        Ok(()) => fingerprint,
        // It may be readable all the same: a damaged database is served for reading, if it is known to be this key's.
        Err(refused) => match gate.call_for_ourselves(|store| store.server_key()).await {
            Ok(Some(bound)) => bound,
            Ok(None) | Err(_) => return later(gate, &refused),
        },
    };
    if bound != fingerprint {
        bail!("this database belongs to another server key: put the right one back");
    }
    let page_url = page_url.to_owned();
    if let Err(error) = gate.call_for_ourselves(move |store| greet(store, &page_url)).await {
        return later(gate, &error);
    }
    gate.open();
    Ok(true)
}

/// The database does not answer: no request goes to it until [`settle`] has succeeded.
fn later(gate: &Gate, error: &GateError) -> Result<bool> {
    gate.close();
    tracing::warn!(%error, "the database is not reached; trying again every {} s", RETRY.as_secs());
    Ok(false)
}

/// Goes on trying what [`settle`] could not do at start.
async fn settle_later(gate: Gate, fingerprint: Hash, page_url: String) -> Result<()> {
    loop {
        tokio::time::sleep(RETRY).await;
        if settle(&gate, fingerprint, &page_url).await? {
            tracing::info!("the database is reached");
            return Ok(());
        }
    }
}

/// Asks the database for a sign of life now and then: an Always Free one is stopped after a week without.
async fn keep_awake(gate: Gate, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        if let Err(error) = gate.write(|store| store.check()).await {
            tracing::warn!(%error, "the database gives no sign of life");
        }
    }
}

/// Says where the page is. While there is no account, prints the link that lets the first one be made. Links go to
/// the terminal and never to the log.
fn greet(store: &dyn Store, page_url: &str) -> Result<(), StoreError> {
    if store.has_accounts()? {
        println!("Passmint is at {page_url}/");
        return Ok(());
    }
    let code = invites::make(store, SETUP_LIFETIME, true, now())?;
    println!("Passmint is at {page_url}/\n");
    println!("No vault has been made yet. Open this link to make the first one (good for 24 hours, once):\n");
    println!("  {}\n", link(page_url, &code));
    Ok(())
}

fn invite(settings: &Invite) -> Result<()> {
    let store = database::open(&settings.data)?;
    let code =
        invites::make(store.as_ref(), settings.days * 24 * HOUR, false, now()).context("cannot make an invite")?;
    let page_url = settings.data.public_url.clone().unwrap_or_else(|| recorded_page_url(&settings.data.data));
    println!("{}", link(&page_url, &code));
    eprintln!("Good for {} days, once. Whoever has the link can make a vault here.", settings.days);
    Ok(())
}

/// The address at which this data folder was served last; else a guess, and says so.
fn recorded_page_url(data: &Path) -> String {
    let why = match page_url::recorded(data) {
        Ok(Some(page_url)) => return page_url,
        Ok(None) => "this data folder was never served".to_owned(),
        Err(error) => format!("the page's address cannot be read: {error:#}"),
    };
    let guess = format!("http://{DEFAULT_LISTEN}");
    eprintln!("passmint: {why}. The link's address, {guess}, is a guess: --public-url gives the right one.");
    guess
}

fn transfer(settings: &Move) -> Result<()> {
    ensure!(settings.from != settings.to, "--from and --to are the same");
    let open = |place: &Place| match place {
        Place::Sqlite(file) => database::open_sqlite(file),
        Place::Oracle => database::open_oracle(&settings.data),
    };
    if let Place::Sqlite(file) = &settings.from {
        ensure!(file.is_file(), "{} is no file: --from names the SQLite file itself", file.display());
    }
    let (from, to) = (open(&settings.from)?, open(&settings.to)?);
    // Drawn on a terminal only.
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} entries {msg}").context("the bar's template")?;
    let bar = ProgressBar::new(0).with_style(style);
    let counts = transfer::transfer(from.as_ref(), to.as_ref(), &mut |progress| match progress {
        Progress::Taking { done, entries } => {
            bar.set_length(entries.max(done.entries));
            bar.set_position(done.entries);
        }
        Progress::Verifying => bar.set_message("taken; comparing both"),
    })?;
    bar.finish_and_clear();
    let Counts { accounts, entries, invites } = counts;
    println!("Moved {accounts} accounts, {entries} entries and {invites} invites; both databases hold the same.");
    println!("Start the server with the new database and the same server key.");
    Ok(())
}

/// Walks the way to the database and prints each step: a tick, or what is wrong and what to do.
fn check(settings: &Check) -> ExitCode {
    let mut steps = Vec::new();
    let mut tell = |step: CheckStep| {
        if !settings.json {
            let CheckStep { name, detail, ms, .. } = &step;
            println!("{} {name:<20} {ms:>8.1} ms  {detail}", if step.ok { '✓' } else { '✗' });
        }
        steps.push(step);
    };
    let ok = match database::oracle_settings(&settings.data) {
        Ok(oracle) => check_connection(&oracle, &mut tell),
        Err(error) => {
            tell(CheckStep { name: "settings", ok: false, detail: format!("{error:#}"), ms: 0.0 });
            false
        }
    };
    if settings.json {
        println!("{}", serde_json::json!({ "ok": ok, "steps": steps }));
    }
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The code stands in the fragment: browsers send it to no server, so that it is in no access log.
fn link(page_url: &str, code: &InviteCode) -> String {
    format!("{}/#invite={}", page_url.trim_end_matches('/'), code.0)
}

/// Done when the process is asked to stop: Ctrl-C, or SIGTERM from a service manager.
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
