//! A database with the server of Oracle's protocol before it, and programs that use it.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use e2e::server::Server;
use e2e::{path_from_env, wait_until};
use tempfile::TempDir;

use crate::home::{Home, copy_files};
use crate::mirror::Mirror;
use crate::postgres::Postgres;

/// The user of tests, whose schema is empty.
pub(crate) const USER: &str = "passmint";
/// A second user, as an administrator would have.
pub(crate) const ADMIN: &str = "admin";

/// The alias in each wallet's `tnsnames.ora`, and the name of the service.
pub const ALIAS: &str = "wire_tp";

/// A configuration folder for `--oracle-config`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wallet {
    /// With CA and client certificate: as from Oracle's console.
    Mtls,
    /// With the CA only.
    CaOnly,
    /// With a `cwallet.sso` that ends half way.
    Cut,
    /// Without `cwallet.sso`.
    Missing,
}

/// The end of a program.
#[derive(Debug)]
pub struct Output {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    pub time: Duration,
}

impl Output {
    /// Standard output and standard error.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// A running database on loopback with an empty schema. All its processes end when it is dropped.
pub struct Stand {
    // Dropped in this order: servers before their database, and that before its files.
    plain: Mirror,
    tls: OnceLock<Mirror>,
    postgres: Postgres,
    folder: TempDir,
    home: Home,
    password: String,
}

impl Stand {
    /// Starts it: about 2 s. The first one makes certificates and database: about 15 s, once.
    #[must_use]
    pub fn start() -> Self {
        let home = Home::ready();
        let folder = tempfile::Builder::new().prefix("passmint-wire-").tempdir().unwrap();
        let password = random_password();
        let postgres = Postgres::start_copy(&home.cluster(), folder.path());
        let logins = [(USER, password.as_str()), (ADMIN, &password)];
        let plain = Mirror::start(&home, folder.path(), "plain", &postgres.socket(), &logins, None);
        Self { plain, tls: OnceLock::new(), postgres, folder, home, password }
    }

    /// The database user.
    #[must_use]
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The password at the start of the stand.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The port without TLS.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.plain.port
    }

    /// The connect string without TLS.
    #[must_use]
    pub fn connect(&self) -> String {
        format!("127.0.0.1:{}/{ALIAS}", self.plain.port)
    }

    /// The port with TLS that requires a client certificate. Its server is started at the first call.
    pub fn tls_port(&self) -> u16 {
        self.tls().port
    }

    fn tls(&self) -> &Mirror {
        self.tls.get_or_init(|| {
            let (folder, socket) = (self.folder.path(), self.postgres.socket());
            let logins = [(USER, self.password.as_str()), (ADMIN, &self.password)];
            Mirror::start(&self.home, folder, "tls", &socket, &logins, Some(&self.home.certificates()))
        })
    }

    /// A new configuration folder with this wallet, whose alias [`ALIAS`] leads to [`Self::tls_port`].
    pub fn wallet(&self, wallet: Wallet) -> PathBuf {
        self.wallet_for(wallet, "localhost", self.tls_port())
    }

    /// As [`Self::wallet`], with an alias that leads to another server: a [`TlsListener`](crate::TlsListener).
    pub fn wallet_for(&self, wallet: Wallet, host: &str, port: u16) -> PathBuf {
        let descriptor = format!(
            "(description= (retry_count=20)(retry_delay=3)(address=(protocol=tcps)(port={port})(host={host}))\
             (connect_data=(service_name={ALIAS}.adb.oraclecloud.com))(security=(ssl_server_dn_match=yes)))"
        );
        self.wallet_with(wallet, &descriptor)
    }

    /// As [`Self::wallet`], with another descriptor behind the alias.
    pub fn wallet_with(&self, wallet: Wallet, descriptor: &str) -> PathBuf {
        let folder = tempfile::Builder::new().prefix("wallet-").tempdir_in(self.folder.path()).unwrap().keep();
        let from = match wallet {
            Wallet::Mtls | Wallet::Missing => "mtls",
            Wallet::CaOnly => "ca-only",
            Wallet::Cut => "cut",
        };
        copy_files(&self.home.wallets().join(from), &folder);
        if wallet == Wallet::Missing {
            fs::remove_file(folder.join("cwallet.sso")).unwrap();
        }
        fs::write(folder.join("tnsnames.ora"), format!("{ALIAS} = {descriptor}\n")).unwrap();
        folder
    }

    /// Certificates and keys: `ca`, `client`, `good`, `wrong-name`, `expired`, `unknown-ca`, each `.pem` and `.key`.
    #[must_use]
    pub fn certificates(&self) -> PathBuf {
        self.home.certificates()
    }

    /// The folder of Oracle's client library.
    #[must_use]
    pub fn client(&self) -> PathBuf {
        self.home.client()
    }

    /// The folder of the stand, for files of a test. Deleted with it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The settings that connect Passmint to the stand without TLS. Flags and later variables override them.
    fn settings(&self) -> [(&'static str, String); 6] {
        let client = self.client().display().to_string();
        [
            ("PASSMINT_DATABASE", "oracle".into()),
            ("PASSMINT_ORACLE_CONNECT", self.connect()),
            ("PASSMINT_ORACLE_USER", USER.into()),
            ("PASSMINT_ORACLE_PASSWORD", self.password.clone()),
            ("PASSMINT_ORACLE_CLIENT", client.clone()),
            // libclntsh.so of 19c finds its siblings by it only.
            ("LD_LIBRARY_PATH", client),
        ]
    }

    /// The finished binary with these arguments, and with settings that connect it to the stand without TLS. Settings of
    /// the caller's environment do not reach it.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(path_from_env("PASSMINT_BIN"));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("PASSMINT_") || text == "TNS_ADMIN" {
                command.env_remove(&name);
            }
        }
        command.args(arguments).envs(self.settings()).current_dir(self.folder());
        command
    }

    /// As [`Self::command`], on a system that lacks a library, for example `libaio.so.1`.
    #[must_use]
    pub fn command_without(&self, library: &str, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command.env("LD_AUDIT", self.home.auditor()).env("WIRE_HIDE", library);
        command
    }

    /// Runs the finished binary to its end.
    #[must_use]
    pub fn passmint(&self, arguments: &[&str]) -> Output {
        run(&mut self.command(arguments))
    }

    /// Runs `passmint check`. Without arguments it connects without TLS; with `--oracle-connect wire_tp --oracle-config`
    /// and [`Self::wallet`], over mTLS.
    #[must_use]
    pub fn check(&self, arguments: &[&str]) -> Output {
        self.passmint(&[&["check"], arguments].concat())
    }

    /// Starts `passmint serve` on the stand, with a data folder of its own. These settings override those of the stand.
    #[must_use]
    pub fn serve(&self, settings: &[(&'static str, &str)]) -> Server {
        let own = self.settings();
        let all: Vec<_> =
            own.iter().map(|(name, value)| (*name, value.as_str())).chain(settings.iter().copied()).collect();
        Server::start_with(&all)
    }

    /// The variables that tests of other packages read for an Oracle server.
    #[must_use]
    pub fn test_variables(&self) -> Vec<(&'static str, String)> {
        let client = self.client().display().to_string();
        vec![
            ("PASSMINT_TEST_ORACLE_CONNECT", self.connect()),
            ("PASSMINT_TEST_ORACLE_USER", USER.into()),
            ("PASSMINT_TEST_ORACLE_PASSWORD", self.password.clone()),
            ("PASSMINT_TEST_ORACLE_CLIENT", client.clone()),
            // SIGUSR2 to this process cuts all connections.
            ("PASSMINT_TEST_ORACLE_PROCESS", self.plain.process_id().to_string()),
            ("LD_LIBRARY_PATH", client),
        ]
    }

    /// Runs SQL of PostgreSQL as its administrator, beside the mirror.
    pub fn run_sql(&self, sql: &str) {
        self.postgres.run_sql("wire", sql);
    }

    /// The rows of a query in Oracle's SQL, as the administrator sees them in a worksheet. Bytes are hexadecimal digits.
    #[must_use]
    pub fn query_as_admin(&self, statement: &str) -> Vec<Vec<String>> {
        let port = self.port().to_string();
        let output = run(self.home.python("query.py").args([port.as_str(), ADMIN, &self.password, statement]));
        assert_eq!(output.code, Some(0), "{statement}: {}", output.text());
        output.stdout.lines().map(|row| row.split('\t').map(str::to_owned).collect()).collect()
    }

    /// Ends the servers, as for maintenance: connections break and ports are closed.
    pub fn stop_server(&mut self) {
        self.plain.stop();
        if let Some(tls) = self.tls.get_mut() {
            tls.stop();
        }
    }

    /// Starts them again on the same ports, with the same database.
    pub fn start_server(&mut self) {
        self.plain.start_again();
        if let Some(tls) = self.tls.get_mut() {
            tls.start_again();
        }
    }

    /// Cuts all connections, as a firewall does; the servers stay. Returns when it is done.
    pub fn cut_connections(&self) {
        let cuts = || self.server_log().matches("connections cut").count();
        let servers = [Some(&self.plain), self.tls.get()].into_iter().flatten();
        let expected = cuts() + servers.map(|mirror| mirror.signal("USR2")).count();
        wait_until("all connections are cut", || cuts() >= expected);
    }

    /// Freezes the servers (SIGSTOP): their ports still accept connections, and nothing is answered.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets frozen servers go on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        for mirror in [Some(&self.plain), self.tls.get()].into_iter().flatten() {
            mirror.signal(name);
        }
    }

    /// Changes the password of [`Self::user`]. Existing connections break, as by a restart of the database.
    /// [`Self::password`] stays the old one.
    pub fn change_password(&mut self, new: &str) {
        assert!(new.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "letters, digits and _ only");
        self.stop_server();
        for mirror in [Some(&self.plain), self.tls.get()].into_iter().flatten() {
            mirror.set_password(USER, new);
        }
        self.start_server();
    }

    /// The number of log-ins of a user that were rejected so far: for a wrong password, or because ten wrong ones have
    /// locked the username.
    #[must_use]
    pub fn rejected_log_ins(&self, user: &str) -> usize {
        let user = user.to_uppercase();
        let is_rejected = |line: &&str| {
            line.contains("log-in rejected") && line.to_uppercase().rsplit(": ").next().is_some_and(|name| name == user)
        };
        self.server_log().lines().filter(is_rejected).count()
    }

    /// The log of the servers, first of the one without TLS.
    #[must_use]
    pub fn server_log(&self) -> String {
        self.plain.log_text() + &self.tls.get().map(Mirror::log_text).unwrap_or_default()
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the log of the database:\n{}", self.server_log());
        }
    }
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Output {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Output {
        code: output.status.code(),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
        time: start.elapsed(),
    }
}

/// A password for one stand: other users of the machine reach its ports.
fn random_password() -> String {
    let mut bytes = [0; 12];
    File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("Wire_{hex}")
}
