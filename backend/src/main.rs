//! `passmint`: reads the settings and wires the parts together.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks on its terminal")]

use std::fs;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use backend::app::{AppState, app};
use backend::gate::Gate;
use backend::listener;
use backend::page::Page;
use backend::server_key::ServerKey;
use backend::settings::{Cli, Command, Invite, LogFormat, Serve};
use backend::store::sqlite::SqliteStore;
use backend::store::{Millis, Store, StoreError};
use backend::{invites, now};
use clap::Parser;
use shared::accounts::InviteCode;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;
use zeroize::Zeroizing;

const HOUR: Millis = 3_600_000;
/// How long the first link is good. A restart prints a new one.
const SETUP_LIFETIME: Millis = 24 * HOUR;
/// Connections that read the SQLite file.
const SQLITE_READERS: u32 = 4;

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve(settings) => serve(&settings),
        Command::Invite(settings) => invite(&settings),
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
    log(settings)?;
    let store = open(&settings.data.data)?;
    let key = server_key(&settings.data.data, store.as_ref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(async {
        let listener = TcpListener::bind(settings.listen)
            .await
            .with_context(|| format!("cannot listen on {}; --listen names another address", settings.listen))?;
        // With port 0 the system has chosen one.
        let address = listener.local_addr().context("cannot listen")?;
        let page_url = settings.data.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        greet(store.as_ref(), &page_url)?;

        let gate = Gate::new(store, settings.database_calls as usize, Duration::from_secs(settings.database_seconds));
        let state = AppState::new(gate, Arc::new(key), settings.lifetime(), settings.max_entries, Page::embedded());
        let app = app(state, settings.requests());
        tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "serving");
        listener::serve(listener, app, settings.connections(), stop_signal()).await;
        tracing::info!("stopped");
        Ok(())
    })
}

/// Says where the page is. While there is no account, prints the link that lets the first one be made. Links go to
/// the terminal and never to the log.
fn greet(store: &dyn Store, page_url: &str) -> Result<()> {
    if store.has_accounts().context("cannot read the database")? {
        println!("Passmint is at {page_url}/");
        return Ok(());
    }
    let code = invites::make(store, SETUP_LIFETIME, true, now()).context("cannot make the set-up link")?;
    println!("Passmint is at {page_url}/\n");
    println!("No vault has been made yet. Open this link to make the first one (good for 24 hours, once):\n");
    println!("  {}\n", link(page_url, &code));
    Ok(())
}

fn invite(settings: &Invite) -> Result<()> {
    let store = open(&settings.data.data)?;
    let code =
        invites::make(store.as_ref(), settings.days * 24 * HOUR, false, now()).context("cannot make an invite")?;
    let page_url = settings.data.public_url.as_deref().unwrap_or("http://127.0.0.1:8080");
    println!("{}", link(page_url, &code));
    eprintln!("Good for {} days, once. Whoever has the link can make a vault here.", settings.days);
    Ok(())
}

/// The code stands in the fragment: browsers send it to no server, so that it is in no access log.
fn link(page_url: &str, code: &InviteCode) -> String {
    format!("{}/#invite={}", page_url.trim_end_matches('/'), code.0)
}

fn open(data: &Path) -> Result<Arc<dyn Store>> {
    let mut folder = fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(data).with_context(|| format!("cannot make the data folder {}", data.display()))?;
    let file = data.join("passmint.db");
    let store = SqliteStore::open(&file, SQLITE_READERS).with_context(|| format!("cannot open {}", file.display()))?;
    if let Err(error) = store.check() {
        tracing::error!(%error, "serving reads only; restore a backup");
    }
    Ok(Arc::new(store))
}

/// The server key: from the environment, or from its file, or new if nothing has been saved yet.
fn server_key(data: &Path, store: &dyn Store) -> Result<ServerKey> {
    let file = data.join("server-key");
    let key = if let Some(text) = std::env::var_os("PASSMINT_SERVER_KEY") {
        let text = Zeroizing::new(text.into_string().ok().context("PASSMINT_SERVER_KEY is not text")?);
        ServerKey::from_text(&text).context("PASSMINT_SERVER_KEY holds no server key")?
    } else if let Some(key) = ServerKey::load(&file)? {
        key
    } else if store.has_accounts().context("cannot read the database")? {
        bail!(
            "there are vaults but no server key: put it back as {} (a new one would lock everyone out)",
            file.display()
        );
    } else {
        let key = ServerKey::generate();
        key.store(&file)?;
        println!("Made the server key {}. Keep a copy of it: without it no vault opens.", file.display());
        key
    };
    match store.bind_server_key(key.fingerprint()) {
        Ok(()) => Ok(key),
        Err(StoreError::Taken) => bail!("this database belongs to another server key: put the right one back"),
        // A damaged database is served for reading; its key cannot be compared without the right to write.
        Err(StoreError::Unavailable(_)) if store.has_accounts().is_ok() => Ok(key),
        Err(error) => Err(error).context("cannot use the database"),
    }
}

fn log(settings: &Serve) -> Result<()> {
    let filter = EnvFilter::try_new(&settings.log).context("--log is no filter such as `info` or `backend=debug`")?;
    let colours = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    match settings.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    // Where it happened, and not what the message says: a message may quote what must not be logged.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        tracing::error!(place, "panicked: this is a defect of Passmint");
    }));
    Ok(())
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
