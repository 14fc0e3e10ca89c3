//! The settings of the database, and opening it.

use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use zeroize::Zeroizing;

use crate::store::Store;
use crate::store::oracle::{Descriptor, LEVELS, OracleSettings, OracleStore, PING_AFTER, REFUSAL_HOLDS};
use crate::store::sqlite::SqliteStore;

/// Connections that read the SQLite file.
const SQLITE_READERS: usize = 4;
/// An Oracle call ends this long before the request's deadline, so that the log gets the database's own error.
const MARGIN: Duration = Duration::from_millis(500);

/// Data folder and database.
#[derive(Args, Debug, Clone)]
pub struct DataArgs {
    /// Folder of the server key and the SQLite file; created if it is missing.
    #[arg(long = "data", env = "PASSMINT_DATA", default_value = "./data", value_name = "FOLDER")]
    pub folder: PathBuf,
    /// Address at which people reach the page, for printed links [default: the address of --listen; for `invite`, the
    /// address of the server's last start].
    #[arg(long, env = "PASSMINT_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,
    /// The database that holds sealed entries.
    #[arg(long, env = "PASSMINT_DATABASE", default_value = "sqlite", value_name = "KIND")]
    pub database: DatabaseKind,
    /// Most seconds for a database call, including its wait for a free connection.
    #[arg(long, env = "PASSMINT_DATABASE_SECONDS", default_value_t = 10, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=600))]
    pub database_seconds: u64,
    /// Connection to an Oracle database.
    #[command(flatten)]
    pub oracle: OracleArgs,
}

impl DataArgs {
    /// The SQLite file, if SQLite is the database.
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        match self.database {
            DatabaseKind::Sqlite => Some(sqlite_file(&self.folder)),
            DatabaseKind::Oracle => None,
        }
    }
}

/// The kinds of database.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// One file in the data folder.
    Sqlite,
    /// An Oracle database, such as Autonomous Database (docs/ORACLE.md).
    Oracle,
}

/// Connection to an Oracle database. The password has no flag: it is read from PASSMINT_ORACLE_PASSWORD or a file, or
/// asked for at the terminal.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "With --database oracle")]
pub struct OracleArgs {
    /// Connect string: as the console shows it, or [tcps://]host[:port]/service, or an alias of tnsnames.ora.
    #[arg(long, env = "PASSMINT_ORACLE_CONNECT", value_name = "STRING", hide_env_values = true)]
    pub oracle_connect: Option<String>,
    /// Database user.
    #[arg(long, env = "PASSMINT_ORACLE_USER", value_name = "USER")]
    pub oracle_user: Option<String>,
    /// File whose first line is the database password [default: PASSMINT_ORACLE_PASSWORD, or a prompt].
    #[arg(long, env = "PASSMINT_ORACLE_PASSWORD_FILE", value_name = "FILE")]
    pub oracle_password_file: Option<PathBuf>,
    /// Folder with tnsnames.ora, sqlnet.ora and the unzipped wallet.
    #[arg(long, env = "PASSMINT_ORACLE_CONFIG", value_name = "FOLDER")]
    pub oracle_config: Option<PathBuf>,
    /// Folder of Oracle Instant Client, if the system does not find it.
    #[arg(long, env = "PASSMINT_ORACLE_CLIENT", value_name = "FOLDER")]
    pub oracle_client: Option<PathBuf>,
    /// Service level that replaces the one of the connect string; tp suits Passmint.
    #[arg(long, env = "PASSMINT_ORACLE_SERVICE", value_name = "LEVEL", value_parser = PossibleValuesParser::new(LEVELS))]
    pub oracle_service: Option<String>,
    /// Most connections to the database (an Always Free database has 30 for all its users).
    #[arg(long, env = "PASSMINT_ORACLE_POOL", default_value_t = 5, value_name = "NUMBER",
          value_parser = clap::value_parser!(u32).range(1..=100))]
    pub oracle_pool: u32,
    /// Hours between queries that prevent an idle Always Free database from being stopped; 0 for none beside the daily
    /// look at the password's expiry.
    #[arg(long, env = "PASSMINT_ORACLE_WAKE_HOURS", default_value_t = 24, value_name = "HOURS",
          value_parser = clap::value_parser!(u64).range(0..=144))]
    pub oracle_wake_hours: u64,
    /// The settings that came from the environment.
    #[arg(skip)]
    pub(crate) from_environment: Vec<String>,
}

impl OracleArgs {
    /// The name of a setting for messages: its flag, or its variable if the value came from there.
    pub fn name_of(&self, flag: &str) -> String {
        let id = flag.replace('-', "_");
        if self.from_environment.contains(&id) {
            format!("PASSMINT_{}", id.to_uppercase())
        } else {
            format!("--{flag}")
        }
    }
}

/// The SQLite file of a data folder.
#[must_use]
pub fn sqlite_file(data: &Path) -> PathBuf {
    data.join("passmint.db")
}

/// Opens the database. An Oracle database is not connected to yet.
///
/// # Errors
/// Names the setting that is wrong, or says why the file or the client library cannot be opened.
pub fn open(data: &DataArgs) -> Result<Arc<dyn Store>> {
    make_folder(&data.folder)?;
    match data.database {
        DatabaseKind::Sqlite => open_sqlite(&sqlite_file(&data.folder)),
        DatabaseKind::Oracle => open_oracle(data),
    }
}

/// Opens the Oracle database of the settings; it is not connected to yet.
///
/// # Errors
/// Names the setting that is missing or wrong, or says why the client library cannot be loaded.
pub fn open_oracle(data: &DataArgs) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(OracleStore::new(oracle_settings(data)?)?))
}

/// Opens a SQLite file.
///
/// # Errors
/// If it cannot be opened. A file that is damaged or cannot be written is opened for reading, with a line in the log.
pub fn open_sqlite(file: &Path) -> Result<Arc<dyn Store>> {
    let store = SqliteStore::open(file, SQLITE_READERS).with_context(|| format!("cannot open {}", file.display()))?;
    Ok(Arc::new(store))
}

/// Creates a folder that only its owner can read; does nothing if there is one.
///
/// # Errors
/// If it cannot be created.
pub fn make_folder(data: &Path) -> Result<()> {
    let mut folder = fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(data).with_context(|| format!("cannot make the data folder {}", data.display()))
}

/// Reads the settings of the Oracle connection.
///
/// # Errors
/// Names the setting that is missing or wrong.
pub fn oracle_settings(data: &DataArgs) -> Result<OracleSettings> {
    let settings = &data.oracle;
    let descriptor = descriptor(settings)?;
    for warning in oracle_warnings(settings, &descriptor) {
        tracing::warn!("{warning}");
    }
    let user = settings.oracle_user.as_deref().map(str::trim).unwrap_or_default();
    ensure!(!user.is_empty(), "--database oracle needs --oracle-user (PASSMINT_ORACLE_USER)");
    // Double quotation marks around it belong to the name of a user that was created with them.
    ensure!(
        !user.starts_with(['\'', '`', '‘', '“', '”', '„']) && user.starts_with('"') == user.ends_with('"'),
        "{} has quotation marks that do not belong to it: leave them out",
        settings.name_of("oracle-user")
    );
    Ok(OracleSettings {
        descriptor,
        user: user.to_owned(),
        password: oracle_password(settings, user)?,
        config_folder: settings.oracle_config.clone(),
        client_folder: settings.oracle_client.clone(),
        connections: settings.oracle_pool as usize,
        time: Duration::from_secs(data.database_seconds).saturating_sub(MARGIN),
        ping_after: PING_AFTER,
        refusal_holds: REFUSAL_HOLDS,
    })
}

/// Settings that work, but that the operator should know about; a sentence each. Ask before the client library is loaded:
/// loading it sets `TNS_ADMIN`.
#[must_use]
pub fn oracle_warnings(settings: &OracleArgs, descriptor: &Descriptor) -> Vec<String> {
    let mut warnings = Vec::new();
    let connect = settings.name_of("oracle-connect");
    if descriptor.is_unchecked() {
        warnings.push(format!(
            "{connect} says ssl_server_dn_match=no: the name in the database's certificate is not checked, so anyone on \
             the way can pose as the database. Remove that part from the connect string."
        ));
    }
    if descriptor.is_tls() && descriptor.is_plain() {
        warnings.push(format!(
            "{connect} has addresses with TLS and without: the client may use one without. Remove those with \
             protocol=tcp."
        ));
    } else if descriptor.is_tls() && descriptor.addresses().len() > 1 {
        warnings.push(format!(
            "{connect} has several addresses with TLS: if the first does not answer, Oracle's client 19.3 ends with \
             ORA-12561 and does not try the next, because Passmint limits the time."
        ));
    }
    if let Some(set) = std::env::var_os("TNS_ADMIN").map(PathBuf::from).filter(|set| !set.as_os_str().is_empty()) {
        let real = |folder: &Path| folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let set_text = set.display();
        match &settings.oracle_config {
            None => warnings.push(format!(
                "TNS_ADMIN is set to {set_text}: Oracle's client takes the settings of sqlnet.ora and oraaccess.xml from \
                 there, but Passmint no alias and no wallet. Unset it, or name the folder in --oracle-config."
            )),
            Some(config) if real(config) != real(&set) => warnings.push(format!(
                "TNS_ADMIN is set to {set_text} and has no effect: {} names {}, which the client uses in its place.",
                settings.name_of("oracle-config"),
                config.display()
            )),
            Some(_) => {}
        }
    }
    warnings
}

/// Parses the connect string and applies the other settings to it.
fn descriptor(settings: &OracleArgs) -> Result<Descriptor> {
    let folder = settings.oracle_config.as_deref();
    if let Some(folder) = folder {
        fs::read_dir(folder).with_context(|| {
            format!("{} names {}, which cannot be read", settings.name_of("oracle-config"), folder.display())
        })?;
    }
    let text = settings
        .oracle_connect
        .as_deref()
        .context("--database oracle needs --oracle-connect (PASSMINT_ORACLE_CONNECT)")?;
    let mut descriptor = Descriptor::read(text, folder)
        .with_context(|| format!("{} cannot be used", settings.name_of("oracle-connect")))?;
    if descriptor.shortened {
        tracing::info!("the connect string's long waits are shortened: the next request tries again anyway");
    }
    if let Some(level) = &settings.oracle_service {
        ensure!(
            descriptor.level().is_some(),
            "{} cannot be used: the connect string's service has no level at its end",
            settings.name_of("oracle-service")
        );
        descriptor.set_level(level);
    }
    if let Some(level @ ("high" | "medium")) = descriptor.level().map(str::to_lowercase).as_deref() {
        tracing::warn!("the service level {level} is for reports; --oracle-service tp is for this kind of work");
    }
    // The sqlnet.ora of Oracle's console names a folder that does not exist here.
    if let Some(folder) = folder {
        let wallet = folder.join("cwallet.sso");
        if wallet.try_exists().unwrap_or(true) {
            fs::File::open(&wallet).with_context(|| {
                format!("the wallet {} of {} cannot be read", wallet.display(), settings.name_of("oracle-config"))
            })?;
            let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
            descriptor.set_wallet(&folder.to_string_lossy());
        }
    }
    Ok(descriptor)
}

/// The database password: from the environment, or from a file, or from the terminal. Never from the command line,
/// which other users of the machine can read.
fn oracle_password(settings: &OracleArgs, user: &str) -> Result<Zeroizing<String>> {
    if let Some(password) = std::env::var_os("PASSMINT_ORACLE_PASSWORD") {
        let password = password.into_string().ok().context("PASSMINT_ORACLE_PASSWORD is not text")?;
        ensure!(!password.is_empty(), "PASSMINT_ORACLE_PASSWORD is empty");
        return Ok(Zeroizing::new(password));
    }
    if let Some(file) = &settings.oracle_password_file {
        let name = settings.name_of("oracle-password-file");
        let text = fs::read_to_string(file)
            .with_context(|| format!("{name} names {}, which cannot be read", file.display()))?;
        let text = Zeroizing::new(text);
        let password = text.lines().next().unwrap_or_default();
        ensure!(!password.is_empty(), "{name} names {}, whose first line is empty", file.display());
        return Ok(Zeroizing::new(password.to_owned()));
    }
    if !std::io::stdin().is_terminal() {
        bail!(
            "no database password: set PASSMINT_ORACLE_PASSWORD or --oracle-password-file, or start at a terminal, \
             which asks for it"
        );
    }
    let password = rpassword::prompt_password(format!("Password of the database user {user}: "))
        .context("cannot ask for the database password")?;
    ensure!(!password.is_empty(), "no database password was typed");
    Ok(Zeroizing::new(password))
}
