//! `seerdb-mirror`, the server of Oracle's protocol, by our start script.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use e2e::free_port;

use crate::home::Home;
use crate::process::Process;

/// Time that Python and PostgreSQL have until the port is open: seconds on two busy cores.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A user of the mirror and the password.
pub(crate) type Login<'a> = (&'a str, &'a str);

/// A server on a port of its own, which stays the same after a restart.
pub(crate) struct Mirror {
    home: Home,
    pub(crate) port: u16,
    settings: PathBuf,
    pub(crate) log: PathBuf,
    process: Option<Process>,
}

impl Mirror {
    /// Starts it on a free port. With certificates, it speaks TLS and requires a client certificate.
    pub(crate) fn start(
        home: &Home,
        folder: &Path,
        name: &str,
        socket: &Path,
        logins: &[Login],
        certificates: Option<&Path>,
    ) -> Self {
        let port = free_port();
        let settings = folder.join(format!("{name}.ini"));
        let (log, home) = (folder.join(format!("{name}.log")), home.clone());
        let mut text = format!("[server]\nhost = 127.0.0.1\nport = {port}\nlog_level = INFO\n");
        if let Some(folder) = certificates.map(Path::display) {
            text += &format!("tls_cert = {folder}/good.pem\ntls_key = {folder}/good.key\ntls_ca = {folder}/ca.pem\n");
        }
        text += "\n[clients]\n";
        for (user, password) in logins {
            text += &format!("{} = {password}\n", user.to_uppercase());
        }
        let socket = socket.display();
        text += &format!("\n[backend]\ntype = postgres\nconninfo = host={socket} dbname=wire user=postgres\n");
        text += "presents = 23ai\n";
        write_private(&settings, &text);
        let mut mirror = Self { home, port, settings, log, process: None };
        mirror.start_again();
        mirror
    }

    /// Starts it again with its settings, and waits until it listens.
    pub(crate) fn start_again(&mut self) {
        assert!(self.process.is_none(), "the mirror is running");
        let before = self.log_text().len();
        let mut python = self.home.python("mirror.py");
        let mut process = Process::start(python.arg("-c").arg(&self.settings), &self.log);
        let start = Instant::now();
        while !self.log_text()[before..].contains("Mirror listening") {
            let is_well = process.is_running() && start.elapsed() < START_TIMEOUT;
            assert!(is_well, "the mirror does not start:\n{}", &self.log_text()[before..]);
            std::thread::sleep(Duration::from_millis(30));
        }
        self.process = Some(process);
    }

    /// Ends the process, and with it all connections.
    pub(crate) fn stop(&mut self) {
        assert!(self.process.take().is_some(), "the mirror is not running");
    }

    pub(crate) fn signal(&self, name: &str) {
        self.process.as_ref().expect("the mirror is not running").signal(name);
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.process.as_ref().expect("the mirror is not running").id()
    }

    /// Writes another password into the settings, which the next start reads.
    pub(crate) fn set_password(&self, user: &str, password: &str) {
        let key = format!("{} = ", user.to_uppercase());
        let text = fs::read_to_string(&self.settings).unwrap();
        let lines = text.lines().map(|line| match line.starts_with(&key) {
            true => format!("{key}{password}\n"),
            false => format!("{line}\n"),
        });
        write_private(&self.settings, &lines.collect::<String>());
    }

    pub(crate) fn log_text(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }
}

/// Logs in once, by the client of the mirror's own package.
pub(crate) fn log_in(home: &Home, port: u16, (user, password): Login) {
    let mut python: Command = home.python("log_in.py");
    crate::postgres::assert_success(python.arg(port.to_string()).args([user, password]));
}

/// Writes a file that only this user can read.
fn write_private(path: &Path, text: &str) {
    let mut file = fs::File::options().create(true).write(true).truncate(true).mode(0o600).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}
