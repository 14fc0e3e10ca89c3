//! `passmint serve` as a process, with a data folder of its own.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use crate::{TIMEOUT, free_port, path_from_env, wait_until};

/// A running `passmint serve` and its data. Stopped when dropped.
pub struct Server {
    child: Option<Child>,
    pub port: u16,
    /// The address for `--listen`, if not [`Self::port`] on loopback.
    listen: Option<String>,
    data: Arc<TempDir>,
    /// Its settings.
    environment: Vec<(&'static str, OsString)>,
    /// A program, with arguments, that is given the server's command line and runs it. Empty to start it directly.
    launcher: Vec<String>,
    /// All lines of both its outputs so far.
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts it on a new SQLite file.
    pub fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), Vec::new())
    }

    /// Starts it on a new SQLite file, with settings.
    pub fn start_with(settings: &[(&'static str, &str)]) -> Self {
        Self::start_in(
            tempfile::tempdir().unwrap(),
            settings.iter().map(|(name, value)| (*name, value.into())).collect(),
        )
    }

    /// Starts it on a new SQLite file, with an address for `--listen`, and with settings.
    pub fn start_on(listen: &str, settings: &[(&'static str, &str)]) -> Self {
        let mut server = Self::stopped(tempfile::tempdir().unwrap(), Vec::new());
        server.set(settings);
        server.listen = Some(listen.to_owned());
        server.start_again();
        server
    }

    /// Starts it on a new SQLite file in this folder, through a program that is given the server's command line.
    pub fn start_under(launcher: &[&str], data: TempDir) -> Self {
        let mut server = Self::stopped(data, Vec::new());
        server.launcher = launcher.iter().map(|word| (*word).to_owned()).collect();
        server.start_again();
        server
    }

    /// Starts one more process on the same data folder, and so with the same database and server key.
    pub fn start_another(&self) -> Self {
        let (data, environment, launcher) = (Arc::clone(&self.data), self.environment.clone(), self.launcher.clone());
        let mut server =
            Self { child: None, port: free_port(), listen: None, data, environment, launcher, log: Arc::default() };
        server.start_again();
        server
    }

    /// Adds settings, which its next start takes.
    pub fn set(&mut self, settings: &[(&'static str, &str)]) {
        self.environment.extend(settings.iter().map(|(name, value)| (*name, OsString::from(value))));
    }

    /// Starts it on an Oracle database: the one in the environment (`PASSMINT_TEST_ORACLE_…`), otherwise the double of
    /// Oracle's client library, with its files in the data folder.
    pub fn start_on_oracle() -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut environment = vec![("PASSMINT_DATABASE", "oracle".into())];
        let real = [
            ("PASSMINT_ORACLE_CONNECT", "PASSMINT_TEST_ORACLE_CONNECT"),
            ("PASSMINT_ORACLE_USER", "PASSMINT_TEST_ORACLE_USER"),
            ("PASSMINT_ORACLE_PASSWORD", "PASSMINT_TEST_ORACLE_PASSWORD"),
            ("PASSMINT_ORACLE_CLIENT", "PASSMINT_TEST_ORACLE_CLIENT"),
            ("PASSMINT_ORACLE_CONFIG", "PASSMINT_TEST_ORACLE_CONFIG"),
        ];
        environment.extend(real.iter().filter_map(|(to, from)| Some((*to, std::env::var_os(from)?))));
        if environment.len() == 1 {
            std::fs::copy(
                path_from_env("PASSMINT_ORACLE_DOUBLE"),
                data.path().join(format!("libclntsh{}", std::env::consts::DLL_SUFFIX)),
            )
            .unwrap();
            environment.extend([
                ("PASSMINT_ORACLE_CONNECT", "localhost/main_job".into()),
                ("PASSMINT_ORACLE_USER", "passmint".into()),
                ("PASSMINT_ORACLE_PASSWORD", "Orafake-Password-1".into()),
                ("PASSMINT_ORACLE_CLIENT", data.path().into()),
            ]);
        }
        Self::start_in(data, environment)
    }

    fn start_in(data: TempDir, environment: Vec<(&'static str, OsString)>) -> Self {
        let mut server = Self::stopped(data, environment);
        server.start_again();
        server
    }

    fn stopped(data: TempDir, environment: Vec<(&'static str, OsString)>) -> Self {
        Self {
            child: None,
            port: free_port(),
            listen: None,
            data: Arc::new(data),
            environment,
            launcher: Vec::new(),
            log: Arc::default(),
        }
    }

    /// Starts it again, on the same port with the same data.
    pub fn start_again(&mut self) {
        assert!(self.child.is_none(), "the server is already running");
        let program = path_from_env("PASSMINT_BIN");
        let mut command = match self.launcher.split_first() {
            Some((launcher, arguments)) => {
                let mut command = Command::new(launcher);
                command.args(arguments).arg(program);
                command
            }
            None => Command::new(program),
        };
        let listen = self.listen.clone().unwrap_or_else(|| format!("127.0.0.1:{}", self.port));
        let mut child = command
            .args(["serve", "--listen", &listen, "--data"])
            .arg(self.data.path())
            .env("PASSMINT_LOG", "debug")
            .envs(self.environment.clone())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log_length = self.log.lock().unwrap().len();
        collect_lines(child.stdout.take().unwrap(), &self.log);
        collect_lines(child.stderr.take().unwrap(), &self.log);
        self.child = Some(child);
        let log = Arc::clone(&self.log);
        wait_until("the server serves", || log.lock().unwrap()[log_length..].contains("serving"));
    }

    /// Stops it with SIGTERM, as a service manager does, and waits.
    pub fn stop(&mut self) {
        let mut child = self.child.take().expect("the server is not running");
        let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        assert!(child.wait().unwrap().success(), "{}", self.log());
    }

    /// Kills it: for the process, the same as a power cut.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("the server is not running");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// The id of the process.
    pub fn process_id(&self) -> u32 {
        self.child.as_ref().expect("the server is not running").id()
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// The set-up link that it has printed.
    pub fn setup_link(&self) -> String {
        let link = || self.log().split_whitespace().find(|word| word.contains("/#invite=")).map(str::to_owned);
        wait_until("the set-up link is printed", || link().is_some());
        link().unwrap()
    }

    /// A new invite link, by `passmint invite`.
    pub fn invite(&self) -> String {
        let answer = Command::new(path_from_env("PASSMINT_BIN"))
            .args(["invite", "--public-url", &self.url(), "--data"])
            .arg(self.data.path())
            .output()
            .unwrap();
        assert!(answer.status.success(), "{answer:?}");
        String::from_utf8(answer.stdout).unwrap().trim().to_owned()
    }

    /// A connection to its SQLite file.
    pub fn database(&self) -> rusqlite::Connection {
        let database = rusqlite::Connection::open(self.data.path().join("passmint.db")).unwrap();
        database.busy_timeout(TIMEOUT).unwrap();
        database
    }

    pub fn count(&self, query: &str) -> i64 {
        self.database().query_row(query, [], |row| row.get(0)).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- the server's log:\n{}", self.log());
        }
    }
}

/// Collects the lines of an output in the background.
fn collect_lines(output: impl Read + Send + 'static, log: &Arc<Mutex<String>>) {
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    });
}
