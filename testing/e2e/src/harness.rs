//! A server, a browser driver, and the folder they work in.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::page::Page;

/// How long anything may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The path that the environment names.
pub fn named(variable: &str) -> PathBuf {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .unwrap_or_else(|| panic!("{variable} is not set: run `cargo xtask test` or `cargo xtask test e2e`"))
}

pub fn axe() -> String {
    std::fs::read_to_string(named("PASSMINT_AXE")).unwrap()
}

/// Whether this runs as someone whom permissions do not stop.
pub fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0"
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A running `passmint serve` and its data. Stopped when dropped.
pub struct Server {
    child: Option<Child>,
    pub port: u16,
    /// Where it listens, if that is not [`Self::port`].
    listen: Option<String>,
    data: Arc<TempDir>,
    /// What tells it of another database than the SQLite file in its data folder.
    environment: Vec<(&'static str, OsString)>,
    /// The program that starts it, with arguments, if it is not started directly.
    launcher: Vec<String>,
    /// Everything it has said, on both of its outputs.
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Over a new SQLite file.
    pub fn start() -> Self {
        Self::over(tempfile::tempdir().unwrap(), Vec::new())
    }

    /// Over a new SQLite file, with other settings.
    pub fn start_with(settings: &[(&'static str, &str)]) -> Self {
        Self::over(tempfile::tempdir().unwrap(), settings.iter().map(|(name, value)| (*name, value.into())).collect())
    }

    /// Over a new SQLite file, listening elsewhere: what `--listen` takes.
    pub fn start_on(listen: &str, settings: &[(&'static str, &str)]) -> Self {
        let mut server = Self::stopped(tempfile::tempdir().unwrap(), Vec::new());
        server.set(settings);
        server.listen = Some(listen.to_owned());
        server.start_again();
        server
    }

    /// Over a new SQLite file in this folder, started by a program that is given the server's command line.
    pub fn start_by(launcher: &[&str], data: TempDir) -> Self {
        let mut server = Self::stopped(data, Vec::new());
        server.launcher = launcher.iter().map(|word| (*word).to_owned()).collect();
        server.start_again();
        server
    }

    /// One more process over the same database, with the same server key.
    pub fn beside(&self) -> Self {
        let (data, environment, launcher) = (Arc::clone(&self.data), self.environment.clone(), self.launcher.clone());
        let mut server =
            Self { child: None, port: free_port(), listen: None, data, environment, launcher, log: Arc::default() };
        server.start_again();
        server
    }

    /// Has other settings from its next start on.
    pub fn set(&mut self, settings: &[(&'static str, &str)]) {
        self.environment.extend(settings.iter().map(|(name, value)| (*name, OsString::from(value))));
    }

    /// Over an Oracle database: the server that the environment names, or the double of Oracle's client library, which
    /// keeps its files in the data folder.
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
                named("PASSMINT_ORACLE_DOUBLE"),
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
        Self::over(data, environment)
    }

    fn over(data: TempDir, environment: Vec<(&'static str, OsString)>) -> Self {
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

    /// Starts it on the same port, with the same data.
    pub fn start_again(&mut self) {
        assert!(self.child.is_none(), "it is running");
        let program = named("PASSMINT_BIN");
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
        let said_before = self.log.lock().unwrap().len();
        follow(child.stdout.take().unwrap(), &self.log);
        follow(child.stderr.take().unwrap(), &self.log);
        self.child = Some(child);
        let log = Arc::clone(&self.log);
        wait_until("the server serves", || log.lock().unwrap()[said_before..].contains("serving"));
    }

    /// Asks it to stop, as a service manager does, and waits.
    pub fn stop(&mut self) {
        let mut child = self.child.take().expect("it is running");
        let asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        assert!(child.wait().unwrap().success(), "{}", self.log());
    }

    /// Ends it as a power cut would, as far as a process can tell.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it is running");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub fn process(&self) -> u32 {
        self.child.as_ref().expect("it is running").id()
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

    /// The set-up link that it printed.
    pub fn setup_link(&self) -> String {
        let link = || self.log().split_whitespace().find(|word| word.contains("/#invite=")).map(str::to_owned);
        wait_until("the set-up link is printed", || link().is_some());
        link().unwrap()
    }

    /// One more invite, by the command.
    pub fn invite(&self) -> String {
        let answer = Command::new(named("PASSMINT_BIN"))
            .args(["invite", "--public-url", &self.url(), "--data"])
            .arg(self.data.path())
            .output()
            .unwrap();
        assert!(answer.status.success(), "{answer:?}");
        String::from_utf8(answer.stdout).unwrap().trim().to_owned()
    }

    /// The database, for what no interface offers.
    pub fn database(&self) -> rusqlite::Connection {
        let database = rusqlite::Connection::open(self.data.path().join("passmint.db")).unwrap();
        database.busy_timeout(PATIENCE).unwrap();
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
            eprintln!("--- the server said:\n{}", self.log());
        }
    }
}

/// Keeps what a process says.
fn follow(output: impl Read + Send + 'static, log: &Arc<Mutex<String>>) {
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    });
}

pub fn wait_until(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What a test may wish of its browser.
#[derive(Default)]
pub struct Wish {
    pub arguments: Vec<String>,
    pub preferences: serde_json::Map<String, Value>,
    /// Whether every request that a page makes is written down: see `Page::requests`.
    pub is_watched: bool,
}

/// Runs a test in a new browser with an empty profile, and ends the browser whatever comes of it.
pub fn in_browser<F>(wish: Wish, test: impl FnOnce(Page) -> F)
where
    F: Future<Output = ()>,
{
    in_browser_of(tempfile::tempdir().unwrap().path(), wish, test);
}

/// Kills the browser of a profile, all of its processes at once, and waits until they are gone: a new browser would
/// otherwise find the profile in use.
pub fn kill_browser(profile: &Path) {
    let flag = format!("user-data-dir={}", profile.display());
    let killed = Command::new("pkill").args(["-KILL", "-f", &flag]).status();
    assert!(killed.unwrap().success());
    wait_until("the browser is gone", || !Command::new("pgrep").args(["-f", &flag]).output().unwrap().status.success());
    for lock in ["SingletonLock", "SingletonCookie", "SingletonSocket"] {
        // A browser that ends by itself takes them away.
        let _ = std::fs::remove_file(profile.join(lock));
    }
}

/// Runs a test in a new browser with this profile.
pub fn in_browser_of<F>(profile: &Path, wish: Wish, test: impl FnOnce(Page) -> F)
where
    F: Future<Output = ()>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let profile_flag = format!("--user-data-dir={}", profile.display());
        let flags = ["--window-size=1280,900".to_owned(), profile_flag].into_iter().chain(wish.arguments);
        let mut capabilities: serde_json::Map<String, Value> =
            serde_json::from_slice(&std::fs::read(named("PASSMINT_BROWSER")).unwrap()).unwrap();
        let options = &mut capabilities["goog:chromeOptions"];
        options["args"].as_array_mut().unwrap().extend(flags.map(Value::from));
        options["prefs"] = wish.preferences.into();
        let requests = if wish.is_watched { "ALL" } else { "OFF" };
        capabilities.insert("goog:loggingPrefs".into(), json!({ "browser": "ALL", "performance": requests }));
        capabilities.insert("unhandledPromptBehavior".into(), "accept".into());
        let client = fantoccini::ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&std::env::var("PASSMINT_DRIVER").expect("run `cargo xtask test e2e`"))
            .await
            .expect("cannot start the browser");
        let page = Page(client.clone());
        // A failed test must not leave its browser behind: the failure is passed on after that.
        let result = catching(test(page)).await;
        let _ = client.close().await;
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
    });
}

async fn catching(test: impl Future<Output = ()>) -> std::thread::Result<()> {
    let mut test = std::pin::pin!(test);
    std::future::poll_fn(|context| {
        let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test.as_mut().poll(context)));
        match polled {
            Ok(std::task::Poll::Pending) => std::task::Poll::Pending,
            Ok(std::task::Poll::Ready(())) => std::task::Poll::Ready(Ok(())),
            Err(panic) => std::task::Poll::Ready(Err(panic)),
        }
    })
    .await
}
