//! A PostgreSQL cluster of its own: unprivileged, with a socket and without a port.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use e2e::{is_root, wait_until};

use crate::process::Process;

/// PostgreSQL refuses to run as root: then it runs as the user that Debian's package makes.
const USER: &str = "postgres";

/// Starts PostgreSQL, and stops it at once (SIGQUIT) at the end of standard input: the cluster is not used again.
const RUN_UNTIL_INPUT_ENDS: &str = r#""$@" < /dev/null & server=$!; read -r line; kill -QUIT $server; wait $server"#;

/// As [`RUN_UNTIL_INPUT_ENDS`], but stops it so that its files can be copied (SIGINT: a checkpoint first).
const RUN_AND_CHECKPOINT: &str = r#""$@" < /dev/null & server=$!; read -r line; kill -INT $server; wait $server"#;

/// A running cluster in a folder. Stopped when dropped.
pub(crate) struct Postgres {
    folder: PathBuf,
    process: Process,
}

impl Postgres {
    /// Makes an empty cluster, and starts it. Its files are complete when it is dropped.
    pub(crate) fn create(folder: &Path) -> Self {
        for name in ["pg", "socket"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        own(folder);
        let mut create = unprivileged(folder, "initdb");
        create.arg("-D").arg(folder.join("pg"));
        create.args(["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        assert_success(&mut create);
        Self::run(folder, RUN_AND_CHECKPOINT)
    }

    /// Copies a cluster into a folder, and starts it.
    pub(crate) fn start_copy(cluster: &Path, folder: &Path) -> Self {
        copy(cluster, &folder.join("pg"));
        fs::create_dir(folder.join("socket")).unwrap();
        own(folder);
        Self::run(folder, RUN_UNTIL_INPUT_ENDS)
    }

    fn run(folder: &Path, script: &str) -> Self {
        let server = unprivileged(folder, "postgres");
        let mut shell = Command::new("sh");
        shell.current_dir(folder).args(["-c", script, "sh"]).arg(server.get_program()).args(server.get_args());
        shell.arg("-D").arg(folder.join("pg")).arg("-k").arg(folder.join("socket"));
        for setting in ["listen_addresses=", "fsync=off", "jit=off", "max_connections=60", "logging_collector=off"] {
            shell.args(["-c", setting]);
        }
        let log = folder.join("postgres.log");
        let process = Process::start(&mut shell, &log);
        let postgres = Self { folder: folder.to_owned(), process };
        let start = std::time::Instant::now();
        while !postgres.client().args(["-c", "select 1"]).output().unwrap().status.success() {
            let is_late = start.elapsed() > e2e::TIMEOUT;
            assert!(!is_late, "PostgreSQL does not start:\n{}", fs::read_to_string(&log).unwrap_or_default());
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        postgres
    }

    /// The folder of its socket, by which clients connect.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// Runs SQL as its administrator in a database.
    pub(crate) fn run_sql(&self, database: &str, sql: &str) {
        assert_success(self.client().args(["-d", database, "-c", sql]));
    }

    /// Runs a file of SQL as its administrator in a database.
    pub(crate) fn run_file(&self, database: &str, file: &Path) {
        assert_success(self.client().args(["-d", database, "-f"]).arg(file));
    }

    fn client(&self) -> Command {
        let mut client = Command::new(program("psql"));
        client.arg("-h").arg(self.socket()).args(["-U", USER, "-qAt", "-v", "ON_ERROR_STOP=1"]);
        client.stdin(Stdio::null());
        client
    }

    /// Stops it, and returns the folder of its files, which can be copied.
    pub(crate) fn stop(self) -> PathBuf {
        drop(self.process);
        let files = self.folder.join("pg");
        wait_until("PostgreSQL has stopped", || !files.join("postmaster.pid").exists());
        files
    }
}

/// Copies a cluster with its owner and permissions.
pub(crate) fn copy(from: &Path, to: &Path) {
    assert_success(Command::new("cp").arg("-a").arg(from).arg(to));
}

/// A program of the newest PostgreSQL that has orafce, at its place in Debian.
fn program(name: &str) -> PathBuf {
    version()
        .map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin/{name}")))
        .expect("no PostgreSQL with orafce: run `cargo xtask test wire`, which installs it, or says why it cannot")
}

/// The major version of the newest PostgreSQL that has orafce.
pub(crate) fn version() -> Option<u32> {
    let versions = fs::read_dir("/usr/share/postgresql").ok()?.filter_map(|entry| {
        let version: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let extension = format!("/usr/share/postgresql/{version}/extension/orafce.control");
        let server = format!("/usr/lib/postgresql/{version}/bin/initdb");
        (Path::new(&extension).is_file() && Path::new(&server).is_file()).then_some(version)
    });
    versions.max()
}

/// Lets [`USER`] own the cluster's folders, if this process is root.
fn own(folder: &Path) {
    // PostgreSQL passes through this folder, and refuses files that others can read.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o711)).unwrap();
    for name in ["pg", "socket"] {
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o700)).unwrap();
        if is_root() {
            assert_success(Command::new("chown").args(["-R", &format!("{USER}:{USER}")]).arg(folder.join(name)));
        }
    }
}

/// A program of PostgreSQL, run in a folder without root's rights.
fn unprivileged(folder: &Path, name: &str) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.arg(format!("--reuid={USER}")).arg(format!("--regid={USER}"));
        command.args(["--clear-groups", "--inh-caps=-all", "--"]).arg(program(name));
        command
    } else {
        Command::new(program(name))
    };
    command.current_dir(folder);
    command
}

/// Runs a program to its end.
pub(crate) fn assert_success(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("cannot start {}: {error}", command.get_program().display()));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
