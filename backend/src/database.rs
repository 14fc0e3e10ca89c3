//! Opens the database that the settings name, and the server key that goes with it.

use std::fs;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use zeroize::Zeroizing;

use crate::commands::command_line::{Data, DatabaseKind, Oracle};
use crate::server_key::ServerKey;
use crate::store::Store;
use crate::store::oracle::{Descriptor, OracleSettings, OracleStore, PING_AFTER};
use crate::store::sqlite::SqliteStore;

/// Connections that read the SQLite file.
const SQLITE_READERS: u32 = 4;
/// An Oracle call ends this long before the request gives up waiting for it, so that its reason is heard.
const MARGIN: Duration = Duration::from_millis(500);

/// The SQLite file of a data folder.
#[must_use]
pub fn sqlite_file(data: &Path) -> std::path::PathBuf {
    data.join("passmint.db")
}

/// Opens the database. An Oracle one is not asked yet.
///
/// # Errors
/// Names the setting that is wrong, or says why the file or the client library cannot be opened.
pub fn open(data: &Data) -> Result<Arc<dyn Store>> {
    make_folder(&data.data)?;
    match data.database {
        DatabaseKind::Sqlite => open_sqlite(&sqlite_file(&data.data)),
        DatabaseKind::Oracle => open_oracle(data),
    }
}

/// Opens the Oracle database of the settings; it is not asked yet.
///
/// # Errors
/// Names the setting that is missing or wrong, or says why the client library cannot be loaded.
pub fn open_oracle(data: &Data) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(OracleStore::new(oracle_settings(data)?)?))
}

/// Opens a SQLite file.
///
/// # Errors
/// If it cannot be opened. One that is damaged, or cannot be written, is opened for reading, and the log says so.
pub fn open_sqlite(file: &Path) -> Result<Arc<dyn Store>> {
    let store = SqliteStore::open(file, SQLITE_READERS).with_context(|| format!("cannot open {}", file.display()))?;
    Ok(Arc::new(store))
}

/// Makes a folder that only its owner can look into; does nothing if there is one.
///
/// # Errors
/// If it cannot be made.
pub fn make_folder(data: &Path) -> Result<()> {
    let mut folder = fs::DirBuilder::new();
    folder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(data).with_context(|| format!("cannot make the data folder {}", data.display()))
}

/// Where the Oracle database is, from the settings.
///
/// # Errors
/// Names the setting that is missing or wrong.
pub fn oracle_settings(data: &Data) -> Result<OracleSettings> {
    let settings = &data.oracle;
    let descriptor = descriptor(settings)?;
    let user = settings.oracle_user.as_deref().map(str::trim).unwrap_or_default();
    ensure!(!user.is_empty(), "--database oracle needs --oracle-user (PASSMINT_ORACLE_USER)");
    Ok(OracleSettings {
        descriptor,
        user: user.to_owned(),
        password: oracle_password(settings, user)?,
        config_folder: settings.oracle_config.clone(),
        client_folder: settings.oracle_client.clone(),
        connections: settings.oracle_pool as usize,
        time: Duration::from_secs(data.database_seconds).saturating_sub(MARGIN),
        ping_after: PING_AFTER,
    })
}

/// The connect string, read, bounded, and given what other settings add to it.
fn descriptor(settings: &Oracle) -> Result<Descriptor> {
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
    // The console's sqlnet.ora looks for the wallet in a place where it is not.
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
fn oracle_password(settings: &Oracle, user: &str) -> Result<Zeroizing<String>> {
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

/// The server key that there is: from the environment, or from its file.
///
/// # Errors
/// If what should be a key is none.
pub fn server_key_of(data: &Path) -> Result<Option<ServerKey>> {
    if let Some(text) = std::env::var_os("PASSMINT_SERVER_KEY") {
        let text = Zeroizing::new(text.into_string().ok().context("PASSMINT_SERVER_KEY is not text")?);
        return ServerKey::from_text(&text).map(Some).context("PASSMINT_SERVER_KEY holds no server key");
    }
    ServerKey::load(&data.join("server-key"))
}

/// The server key: from the environment, or from its file, or new if nothing has been saved yet.
///
/// # Errors
/// If there is no key but there are vaults, or nobody can tell.
pub fn server_key(data: &Path, store: &dyn Store) -> Result<ServerKey> {
    let file = data.join("server-key");
    if let Some(key) = server_key_of(data)? {
        return Ok(key);
    }
    if store.has_accounts().context("there is no server key yet, and whether a new one may be made cannot be told")? {
        bail!(
            "there are vaults but no server key: put it back as {} (a new one would lock everyone out)",
            file.display()
        );
    }
    let key = ServerKey::generate();
    key.store(&file)?;
    tracing::warn!(file = %file.display(), "made the server key; keep a copy of it: without it no vault opens");
    Ok(key)
}
