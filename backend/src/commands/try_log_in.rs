//! `passmint try-log-in`: one attempt to log in to an Oracle database, without the client's time limit, for
//! `passmint check`. Nothing but the end of its process ends an attempt that hangs.
//!
//! The settings come in on standard input, because other users of the machine can read a command line. The result is
//! one word on standard output.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::store::oracle::{Descriptor, OracleSettings, PING_AFTER, REFUSAL_HOLDS, SecondTry, log_in_without_limit};

/// The process is ended after this time.
const TIME: Duration = Duration::from_secs(6);
/// Pause between two looks at whether the process has ended.
const PAUSE: Duration = Duration::from_millis(20);

const LOGGED_IN: &str = "logged-in";

/// The settings of one attempt.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Request {
    connect: String,
    user: String,
    password: String,
    #[zeroize(skip)]
    config_folder: Option<PathBuf>,
    #[zeroize(skip)]
    client_folder: Option<PathBuf>,
}

/// Logs in once, in a process of its own that is ended after 6 seconds.
#[must_use]
pub fn second_try(settings: &OracleSettings) -> SecondTry {
    try_in_child(settings).unwrap_or(SecondTry::NotRun)
}

fn try_in_child(settings: &OracleSettings) -> Result<SecondTry> {
    let request = Request {
        connect: settings.descriptor.to_string(),
        user: settings.user.clone(),
        password: settings.password.to_string(),
        config_folder: settings.config_folder.clone(),
        client_folder: settings.client_folder.clone(),
    };
    let request = Zeroizing::new(serde_json::to_vec(&request)?);
    let mut child = Command::new(std::env::current_exe()?)
        .arg("try-log-in")
        .env_remove("PASSMINT_ORACLE_PASSWORD")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let answer = send(&mut child, &request).and_then(|()| wait(&mut child));
    // An attempt that hangs, and one that was not sent its settings. The end of an ended process is no error.
    let _ = child.kill();
    let _ = child.wait();
    answer
}

fn send(child: &mut Child, request: &[u8]) -> Result<()> {
    // Dropped, and so closed, at the end: the child reads to the end.
    let mut input = child.stdin.take().context("no standard input")?;
    Ok(input.write_all(request)?)
}

fn wait(child: &mut Child) -> Result<SecondTry> {
    let deadline = Instant::now() + TIME;
    while child.try_wait()?.is_none() {
        if Instant::now() >= deadline {
            return Ok(SecondTry::Silent);
        }
        thread::sleep(PAUSE);
    }
    let mut answer = String::new();
    child.stdout.take().context("no standard output")?.read_to_string(&mut answer)?;
    Ok(match answer.trim() {
        LOGGED_IN => SecondTry::LoggedIn,
        code => code.parse().map_or(SecondTry::NotRun, SecondTry::Failed),
    })
}

/// Runs in the child.
///
/// # Errors
/// If standard input is not what `passmint check` writes.
pub fn run() -> Result<ExitCode> {
    // The process holds the password, and Oracle's library may crash.
    let _ = rlimit::setrlimit(rlimit::Resource::CORE, 0, 0);
    // If the parent is killed, nobody ends this process.
    thread::spawn(|| {
        thread::sleep(TIME * 2);
        std::process::exit(1);
    });
    let mut input = Zeroizing::new(Vec::new());
    io::stdin().read_to_end(&mut input)?;
    let request: Request = serde_json::from_slice(&input).context("this command is for passmint check")?;
    let settings = OracleSettings {
        descriptor: Descriptor::read(&request.connect, None)?,
        user: request.user.clone(),
        password: Zeroizing::new(request.password.clone()),
        config_folder: request.config_folder.clone(),
        client_folder: request.client_folder.clone(),
        connections: 1,
        time: TIME,
        ping_after: PING_AFTER,
        refusal_holds: REFUSAL_HOLDS,
    };
    match log_in_without_limit(&settings) {
        SecondTry::LoggedIn => writeln!(io::stdout(), "{LOGGED_IN}")?,
        SecondTry::Failed(code) => writeln!(io::stdout(), "{code}")?,
        SecondTry::Silent | SecondTry::NotRun => return Ok(ExitCode::FAILURE),
    }
    Ok(ExitCode::SUCCESS)
}
