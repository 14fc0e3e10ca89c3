//! `passmint check`: connects to the database step by step, times each step, and explains the one that fails.

use std::io::ErrorKind;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use oracle::sql_type::ToSql;
use oracle::{Connection, Connector, Version};
use rand_core_06::{OsRng, RngCore};
use serde::Serialize;
use time::OffsetDateTime;

use super::accounts::account_id;
use super::connect::{TimedConnection, silence};
use super::expiry::password_expiry;
use super::remedy::Code;
use super::tls_check::{FailedStep, SecondTry, TCP_TIME, failed_step};
use super::{OpError, OracleSettings, bytes, cause, explain, first, load_client, schema, sql};
use crate::store::unreadable::FORMATS;
use crate::store::{Millis, StoreError, UnreadableRows};

/// The result of one step.
#[derive(Debug, Serialize)]
pub struct CheckStep {
    pub name: &'static str,
    pub ok: bool,
    /// The finding; or the error code, its meaning and its remedy.
    pub detail: String,
    /// The duration, in milliseconds, if it can be told.
    pub ms: Option<f64>,
}

/// The text of a failed step.
struct Failure(String);

impl From<Code> for Failure {
    fn from(code: Code) -> Self {
        Self(explain(Some(code)))
    }
}

impl From<oracle::Error> for Failure {
    fn from(error: oracle::Error) -> Self {
        Self(explain(Code::of(&error)))
    }
}

impl From<OpError> for Failure {
    fn from(error: OpError) -> Self {
        match cause(error) {
            StoreError::Unavailable(text) | StoreError::Fault(text) => Self(text),
            error => Self(error.to_string()),
        }
    }
}

/// Runs all steps until one fails, and passes each to `report` when it is done. Returns whether all succeeded.
///
/// `second_try` is called if a connection over TLS fails with a code that hides the cause: it logs in once more with
/// [`Descriptor::to_string_without_limit`], somewhere that it can be ended.
pub fn check_connection(
    settings: &OracleSettings,
    second_try: impl FnOnce() -> SecondTry,
    mut report: impl FnMut(CheckStep),
) -> bool {
    run(settings, second_try, &mut report).is_ok()
}

/// A step failed, and was reported.
struct Stopped;

fn run(
    settings: &OracleSettings,
    second_try: impl FnOnce() -> SecondTry,
    report: &mut dyn FnMut(CheckStep),
) -> Result<(), Stopped> {
    let descriptor = &settings.descriptor;
    step(report, "client library", || {
        load_client(settings).map_err(|error| Failure::from(OpError::from(error)))?;
        Ok(((), format!("Oracle client {}", Version::client()?)))
    })?;
    step(report, "client version", || {
        let version = Version::client()?;
        let without_wallet = descriptor.is_tls() && !descriptor.has_wallet();
        if is_new_enough(&version, without_wallet) {
            return Ok(((), if without_wallet { "can use TLS without a wallet" } else { "new enough" }.into()));
        }
        let needed = if without_wallet { "19.14, 21.5 or 23 for TLS without a wallet" } else { "19" };
        Err(Failure(format!("{version} is too old: the minimum is {needed}. Install Instant Client 23.")))
    })?;
    step(report, "connect string", || {
        let address = match (descriptor.host().unwrap_or_default(), descriptor.port()) {
            (host, port) if host.contains(':') => format!("[{host}]:{port}"),
            (host, port) => format!("{host}:{port}"),
        };
        let service = descriptor.service().unwrap_or("a SID");
        let security = match (descriptor.is_tls(), descriptor.is_unchecked(), descriptor.is_plain()) {
            (false, ..) => "not encrypted",
            (true, true, _) => "TLS, the database's identity is not checked",
            (true, false, true) => "TLS for some addresses only",
            (true, false, false) => "TLS, the database's identity is checked",
        };
        Ok(((), format!("{address}, {service}, {security}")))
    })?;
    step(report, "reachability", || reach(&descriptor.addresses()))?;
    let connection = log_in(settings, second_try, report)?;
    let timed = || TimedConnection::new(&connection, Instant::now() + settings.time, silence(settings.time));
    step(report, "password", || Ok(((), password_expiry(&timed())?.describe(crate::now()))))?;
    step(report, "service level", || {
        let (service, protocol): (Option<String>, Option<String>) =
            connection.query_row_as(sql::SESSION_CONTEXT, &[])?;
        let (service, protocol) = (service.unwrap_or_default(), protocol.unwrap_or_default());
        let hint = match descriptor.level().map(str::to_lowercase).as_deref() {
            Some("high" | "medium") => "; this level is made for reports: set --oracle-service tp",
            _ => "",
        };
        // Not every server tells the protocol.
        let over = if protocol.is_empty() { String::new() } else { format!(" over {protocol}") };
        Ok(((), format!("{service}{over}{hint}")))
    })?;
    let unlimited = step(report, "privileges", || {
        let privileges: Vec<String> = connection.query_as(sql::PRIVILEGES, &[])?.collect::<Result<_, _>>()?;
        let has = |name: &str| privileges.iter().any(|privilege| privilege == name);
        let made = connection.query_row_as::<Option<u32>>(sql::SCHEMA_VERSION, &[]).is_ok();
        if !has("CREATE TABLE") && !made {
            return Err(Code::Ora(1031).into());
        }
        Ok((has("UNLIMITED TABLESPACE"), privileges.join(", ")))
    })?;
    step(report, "quota", || {
        let quotas: Vec<(String, i64, i64)> = connection.query_as(sql::QUOTA, &[])?.collect::<Result<_, _>>()?;
        if unlimited {
            return Ok(((), "unlimited".into()));
        }
        // -1 means no limit.
        let usable = quotas.iter().find(|(_, used, most)| *most == -1 || most > used).ok_or(Code::Ora(1950))?;
        let (space, used, most) = usable;
        Ok(((), quota_text(space, *used, *most)))
    })?;
    step(report, "tables", || {
        schema::migrate(&timed())?;
        Ok(((), format!("schema version {}", sql::MIGRATIONS.len())))
    })?;
    step(report, "write, read, delete", || {
        let mut hash = [0; 32];
        OsRng.fill_bytes(&mut hash);
        // An invite that expired in 1970.
        connection.execute_named(sql::ADD_INVITE, &[("code_hash", &&hash), ("expires_at", &0), ("setup", &0)])?;
        connection.commit()?;
        let binds: [(&str, &dyn oracle::sql_type::ToSql); 1] = [("code_hash", &&hash)];
        let found: Option<(u64, Option<u64>, i32)> = first(&timed(), sql::INVITE, &binds)?;
        connection.execute_named(sql::REMOVE_INVITE, &binds)?;
        connection.commit()?;
        match found {
            Some((0, None, 0)) => Ok(((), "read back as written".into())),
            _ => Err(Failure("the database did not return what was written: please report it.".into())),
        }
    })?;
    step(report, "entries", || {
        let (accounts, entries, changed_at): (u64, Option<u64>, Option<u64>) =
            connection.query_row_as(sql::ENTRIES_SUMMARY, &[])?;
        let summary = entries_text(accounts, entries.unwrap_or_default(), changed_at);
        Ok(((), summary + &unreadable_text(&unknown_formats(&connection)?)))
    })
}

/// The use of a tablespace, in whole mebibytes; a maximum of -1 means no limit.
fn quota_text(space: &str, used: i64, most: i64) -> String {
    const MEBIBYTE: i64 = 1 << 20;
    match (used / MEBIBYTE, most) {
        (used, -1) => format!("{space}: {used} MiB used, no limit"),
        (used, most) => format!("{space}: {used} of {} MiB used", most / MEBIBYTE),
    }
}

/// The number of entries, and the time of the last change, which may be a deletion.
fn entries_text(accounts: u64, entries: u64, changed_at: Option<Millis>) -> String {
    let counted = |number: u64, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
    if accounts == 0 {
        return "no entries yet".to_owned();
    }
    let accounts = counted(accounts, "account", "accounts");
    let entries = match (entries, changed_at) {
        (0, None) => "no entries yet".to_owned(),
        (0, Some(_)) => "no entries".to_owned(),
        _ => counted(entries, "entry", "entries"),
    };
    let seconds = changed_at.and_then(|millis| i64::try_from(millis / 1000).ok());
    match seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()) {
        None => format!("{entries} in {accounts}"),
        Some(time) => {
            let (day, hour, minute) = (time.date(), time.hour(), time.minute());
            format!("{entries} in {accounts}, the last change {day} {hour:02}:{minute:02} UTC")
        }
    }
}

/// Entries of a format that this Passmint does not know.
fn unknown_formats(connection: &Connection) -> Result<UnreadableRows, Failure> {
    let (lowest, beyond) = ([*FORMATS.start()], [*FORMATS.end() + 1]);
    let binds: [(&str, &dyn ToSql); 2] = [("lowest", &&lowest), ("beyond", &&beyond)];
    let mut unreadable = UnreadableRows::default();
    for row in connection.query_as_named::<(Vec<u8>, Vec<u8>, Vec<u8>)>(sql::UNKNOWN_FORMATS, &binds)? {
        let (account, entry, sealed) = row?;
        let account = account_id(account)?;
        let entry: [u8; 16] = bytes(entry, "passwords.id")?;
        let entry = entry.try_into().map_err(|_| Failure("passwords.id is no id of an entry".into()))?;
        unreadable.add(account, entry, &sealed, sealed.len() as u64, u32::MAX);
    }
    Ok(unreadable)
}

/// The entries that cannot be opened, after the number of all.
fn unreadable_text(unreadable: &UnreadableRows) -> String {
    let UnreadableRows { count, named } = unreadable;
    let named: Vec<_> = named.iter().map(ToString::to_string).collect();
    match count {
        0 => String::new(),
        1 => format!("; 1 cannot be opened: {}", named.concat()),
        many => format!("; {many} cannot be opened, among them {}", named.join("; ")),
    }
}

/// Tries the addresses of every host in turn, as the client does, until one answers.
fn reach(hosts: &[(&str, u16)]) -> Result<((), String), Failure> {
    let mut failed = Vec::new();
    let (mut timed_out, mut routed) = (false, false);
    for address in hosts.iter().filter_map(|host| host.to_socket_addrs().ok()).flatten() {
        match TcpStream::connect_timeout(&address, TCP_TIME) {
            Ok(_) if failed.is_empty() => return Ok(((), address.to_string())),
            Ok(_) => return Ok(((), format!("{address}; no answer from {}", failed.join(", ")))),
            Err(error) => {
                timed_out |= error.kind() == ErrorKind::TimedOut;
                routed |= !matches!(error.kind(), ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable);
            }
        }
        failed.push(address.to_string());
    }
    Err(match (failed.is_empty(), timed_out, routed) {
        (true, ..) => Code::Ora(12545),
        (false, true, _) => Code::Ora(12170),
        (false, false, true) => Code::Ora(12541),
        (false, false, false) => Code::Ora(12543),
    }
    .into())
}

/// Connects. TLS and log-in are one call of the client; the code of a failure shows which of the two failed.
fn log_in(
    settings: &OracleSettings,
    second_try: impl FnOnce() -> SecondTry,
    report: &mut dyn FnMut(CheckStep),
) -> Result<Connection, Stopped> {
    let start = Instant::now();
    let (user, password) = (settings.user.as_str(), settings.password.as_str());
    let connect_string = settings.descriptor.within(settings.time, silence(settings.time));
    let result = Connector::new(user, password, connect_string).connect();
    let took = start.elapsed();
    let is_tls = settings.descriptor.is_tls();
    let result = if is_tls {
        result.map_err(|error| failed_step(Code::of(&error), &settings.descriptor, second_try))
    } else {
        result.map_err(|error| FailedStep::LogIn(explain(Code::of(&error))))
    };
    match &result {
        Err(FailedStep::Tls(text)) => {
            return finish(report, "TLS", Some(start.elapsed()), Err(Failure(text.clone())));
        }
        // The client does not tell when TLS was agreed.
        Ok(_) | Err(FailedStep::LogIn(_)) if is_tls => finish(report, "TLS", None, Ok(((), "agreed".to_owned())))?,
        Ok(_) | Err(FailedStep::LogIn(_) | FailedStep::Unknown(_)) => {}
    }
    let result = result.map_err(|step| Failure(step.into_text()));
    let result = result.and_then(|connection| {
        connection.set_call_timeout(Some(settings.time))?;
        Ok((connection, format!("as {user}")))
    });
    finish(report, "log-in", Some(took), result)
}

fn step<T>(
    report: &mut dyn FnMut(CheckStep),
    name: &'static str,
    work: impl FnOnce() -> Result<(T, String), Failure>,
) -> Result<T, Stopped> {
    let start = Instant::now();
    let result = work();
    finish(report, name, Some(start.elapsed()), result)
}

fn finish<T>(
    report: &mut dyn FnMut(CheckStep),
    name: &'static str,
    took: Option<Duration>,
    result: Result<(T, String), Failure>,
) -> Result<T, Stopped> {
    let ms = took.map(|took| (took.as_secs_f64() * 10_000.0).round() / 10.0);
    match result {
        Ok((value, detail)) => {
            report(CheckStep { name, ok: true, detail, ms });
            Ok(value)
        }
        Err(Failure(detail)) => {
            report(CheckStep { name, ok: false, detail, ms });
            Err(Stopped)
        }
    }
}

/// TLS without a wallet needs 19.14, 21.5 or 23, as in Oracle's table for Autonomous Database; all else here needs 19.
fn is_new_enough(version: &Version, without_wallet: bool) -> bool {
    let (major, minor) = (version.major(), version.minor());
    match major {
        ..19 => false,
        19 => !without_wallet || minor >= 14,
        20 | 21 => !without_wallet || (major, minor) >= (21, 5),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quota_is_shown_in_mebibytes() {
        assert_eq!(quota_text("DATA", 65_536, 1 << 30), "DATA: 0 of 1024 MiB used");
        assert_eq!(quota_text("DATA", 3 << 20, -1), "DATA: 3 MiB used, no limit");
    }

    #[test]
    fn summary_of_entries_counts_and_dates_them() {
        for (accounts, entries, changed_at, expected) in [
            (0, 0, None, "no entries yet"),
            (1, 0, None, "no entries yet in 1 account"),
            (1, 1, Some(1_796_050_000_999), "1 entry in 1 account, the last change 2026-11-30 14:46 UTC"),
            (2, 12, Some(951_825_599_999), "12 entries in 2 accounts, the last change 2000-02-29 11:59 UTC"),
            (2, 3, None, "3 entries in 2 accounts"),
            (2, 0, Some(0), "no entries in 2 accounts, the last change 1970-01-01 00:00 UTC"),
        ] {
            assert_eq!(entries_text(accounts, entries, changed_at), expected);
        }
    }

    #[test]
    fn reach_tries_every_address_until_one_answers() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap().port();
        let closed = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().port()
        };
        let said = |hosts: &[(&str, u16)]| match reach(hosts) {
            Ok(((), text)) | Err(Failure(text)) => text,
        };
        let unknown = ("unknown.invalid", open);
        assert_eq!(said(&[("127.0.0.1", open)]), format!("127.0.0.1:{open}"));
        assert_eq!(
            said(&[unknown, ("127.0.0.1", closed), ("127.0.0.1", open)]),
            format!("127.0.0.1:{open}; no answer from 127.0.0.1:{closed}")
        );
        assert!(said(&[("127.0.0.1", closed)]).starts_with("ORA-12541"));
        assert!(said(&[unknown, ("127.0.0.1", closed)]).starts_with("ORA-12541"));
        assert!(said(&[unknown]).starts_with("ORA-12545"));
        // A machine without IPv6 has no such listener.
        if let Ok(listener) = std::net::TcpListener::bind("[::1]:0") {
            let port = listener.local_addr().unwrap().port();
            assert_eq!(said(&[("::1", port)]), format!("[::1]:{port}"));
        }
    }

    #[test]
    fn minimum_version_depends_on_the_wallet() {
        let version = |major, minor| Version::new(major, minor, 0, 0, 0);
        for (major, minor, with, without) in [
            (12, 2, false, false),
            (18, 5, false, false),
            (19, 13, true, false),
            (19, 14, true, true),
            (21, 4, true, false),
            (21, 5, true, true),
            (23, 4, true, true),
        ] {
            assert_eq!(is_new_enough(&version(major, minor), false), with, "{major}.{minor}");
            assert_eq!(is_new_enough(&version(major, minor), true), without, "{major}.{minor}");
        }
    }
}
