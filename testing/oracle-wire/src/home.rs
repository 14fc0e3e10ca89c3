//! The parts in the per-user cache. `cargo xtask test wire` installs the programs; certificates, wallets and the database
//! that every stand copies are made here the first time.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use e2e::repository;

use crate::mirror::{self, Mirror};
use crate::postgres::{self, Postgres, assert_success};
use crate::stand::{ADMIN, USER};

/// Age of a database made from other versions of the files, after which it is deleted.
const UNUSED_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);

/// The folder with the parts.
#[derive(Clone)]
pub struct Home(PathBuf);

impl Home {
    /// The folder in `PASSMINT_WIRE`, or where `cargo xtask` installs the parts. Makes what is missing in it; a lock on a
    /// file lets one process at a time do so.
    pub(crate) fn ready() -> Self {
        let home = Self(folder());
        assert!(home.0.is_dir(), "{} is missing: run `cargo xtask test wire` once", home.0.display());
        let lock = File::create(home.0.join("lock")).unwrap();
        lock.lock().unwrap();
        if !home.certificates().is_dir() {
            home.make_certificates();
        }
        if !home.cluster().is_dir() {
            home.make_cluster();
        }
        home
    }

    /// Oracle's client library: a folder for `--oracle-client` and for `LD_LIBRARY_PATH`.
    #[must_use]
    pub fn client(&self) -> PathBuf {
        self.0.join("client/pyoracleclient/instantclient")
    }

    /// Certificates and keys: `ca`, `client`, `good`, and one for each fault of a certificate.
    #[must_use]
    pub fn certificates(&self) -> PathBuf {
        self.0.join(format!("certificates-{:016x}", hash(&["python/pki.py"])))
    }

    /// Wallets, which stands copy.
    pub(crate) fn wallets(&self) -> PathBuf {
        self.certificates().join("wallets")
    }

    /// The database that stands copy. Another version of PostgreSQL, or of a file that it is made from, makes another.
    pub(crate) fn cluster(&self) -> PathBuf {
        let version = postgres::version().unwrap_or_default();
        let parts = ["python/requirements.txt", "sql/prepare.sql", "sql/dictionary.sql"];
        self.0.join(format!("cluster-{version}-{:016x}", hash(&parts)))
    }

    /// A library for `LD_AUDIT` that hides the library named in `WIRE_HIDE`. Compiled the first time.
    pub(crate) fn auditor(&self) -> PathBuf {
        let auditor = self.0.join(format!("hide-{:016x}.so", hash(&["c/hide.c"])));
        if !auditor.is_file() {
            let fresh = tempfile::tempdir_in(&self.0).unwrap();
            let library = fresh.path().join("hide.so");
            assert_success(Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(part("c/hide.c")));
            fs::rename(library, &auditor).unwrap();
        }
        auditor
    }

    /// A Python script of this crate, in the environment with the mirror's package.
    pub(crate) fn python(&self, script: &str) -> Command {
        let mut python = Command::new(self.0.join("venv/bin/python"));
        // -B: no byte code in the sources.
        python.arg("-B").arg(part("python").join(script));
        python
    }

    fn make_certificates(&self) {
        let fresh = tempfile::tempdir_in(&self.0).unwrap();
        assert_success(self.python("pki.py").arg("certificates").arg(fresh.path()));
        let wallets = fresh.path().join("wallets");
        let (mtls, ca_only, cut) = (wallets.join("mtls"), wallets.join("ca-only"), wallets.join("cut"));
        assert_success(self.python("pki.py").arg("wallet").arg(&mtls).arg(fresh.path()));
        assert_success(self.python("pki.py").arg("wallet").arg(&ca_only).arg(fresh.path()).arg("--ca-only"));
        fs::create_dir(&cut).unwrap();
        for folder in [&mtls, &ca_only, &cut] {
            fs::copy(part("oraaccess.xml"), folder.join("oraaccess.xml")).unwrap();
        }
        fs::copy(mtls.join("sqlnet.ora"), cut.join("sqlnet.ora")).unwrap();
        // A download that stopped half way.
        let whole = fs::read(mtls.join("cwallet.sso")).unwrap();
        fs::write(cut.join("cwallet.sso"), &whole[..whole.len() / 2]).unwrap();
        fs::rename(fresh.keep(), self.certificates()).unwrap();
    }

    /// Makes a database with orafce, which the mirror fills with its functions, and with the schemas of its users.
    fn make_cluster(&self) {
        eprintln!("oracle-wire: making the database that tests copy (about 10 s, once)");
        let folder = tempfile::Builder::new().prefix("passmint-wire-").tempdir().unwrap();
        let postgres = Postgres::create(folder.path());
        postgres.run_sql("postgres", "create database wire");
        postgres.run_sql("wire", "create extension orafce");
        postgres.run_file("wire", &part("sql/prepare.sql"));
        let password = "Wire_Setup_1";
        let logins = [(ADMIN, password), (USER, password)];
        let mirror = Mirror::start(self, folder.path(), "mirror", &postgres.socket(), &logins, None);
        for login in logins {
            mirror::log_in(self, mirror.port, login);
        }
        drop(mirror);
        postgres.run_file("wire", &part("sql/dictionary.sql"));
        let files = postgres.stop();
        let fresh = self.0.join("cluster.new");
        let _ = fs::remove_dir_all(&fresh);
        postgres::copy(&files, &fresh);
        for entry in fs::read_dir(&self.0).unwrap().map(Result::unwrap) {
            // Made from other versions of the same files, which other clones may still use.
            let is_cluster = entry.file_name().to_string_lossy().starts_with("cluster-");
            if is_cluster && entry.metadata().unwrap().modified().unwrap().elapsed().unwrap_or_default() > UNUSED_AFTER
            {
                fs::remove_dir_all(entry.path()).unwrap();
            }
        }
        fs::rename(fresh, self.cluster()).unwrap();
    }
}

/// A file or folder of this crate.
pub(crate) fn part(name: &str) -> PathBuf {
    repository().join("testing/oracle-wire").join(name)
}

/// The folder that `cargo xtask` installs into; its `shell::cache` finds it the same way.
fn folder() -> PathBuf {
    let from = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    from("PASSMINT_WIRE").unwrap_or_else(|| {
        let cache = from("PASSMINT_CACHE")
            .or_else(|| from("XDG_CACHE_HOME").map(|cache| cache.join("passmint")))
            .or_else(|| from("HOME").map(|home| home.join(".cache/passmint")));
        cache.expect("no home directory: set PASSMINT_CACHE").join("tools/oracle-wire")
    })
}

/// A number that changes with the contents of these files.
fn hash(parts: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for name in parts {
        fs::read(part(name)).unwrap().hash(&mut hasher);
    }
    hasher.finish()
}

/// Copies the files of a folder.
pub(crate) fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
