//! The expiry of the database user's password: `USER_USERS`, and the database's own warning at a log-in.

use std::sync::atomic::{AtomicBool, Ordering};

use oracle::Connection;
use oracle::sql_type::Timestamp;
use time::{Date, Month};

use super::connect::TimedConnection;
use super::remedy::Code;
use super::{OpError, first, sql};
use crate::store::{Millis, PasswordExpiry};

/// Reads the expiry. A database that has no such view, or refuses it, does not tell.
pub(super) fn password_expiry(connection: &TimedConnection<'_>) -> Result<PasswordExpiry, OpError> {
    let row: Option<(String, Option<Timestamp>)> = match first(connection, sql::PASSWORD_EXPIRY, &[]) {
        Err(error) if matches!(error.code(), Some(Code::Ora(942 | 1031))) => None,
        row => row?,
    };
    Ok(match row {
        None => PasswordExpiry::Unknown,
        Some((_, None)) => PasswordExpiry::Never,
        // The status of the days of grace is EXPIRED(GRACE), which another state may follow.
        Some((status, Some(date))) => millis(&date)
            .map_or(PasswordExpiry::Unknown, |when| PasswordExpiry::At { when, in_grace: status.contains("GRACE") }),
    })
}

/// Milliseconds since 1970. A DATE has no time zone: it is taken as UTC, which shifts it by hours at most.
fn millis(date: &Timestamp) -> Option<Millis> {
    let part = |part: u32| u8::try_from(part).ok();
    let month = Month::try_from(part(date.month())?).ok()?;
    let day = Date::from_calendar_date(date.year(), month, part(date.day())?).ok()?;
    let time = day.with_hms(part(date.hour())?, part(date.minute())?, part(date.second())?).ok()?;
    Millis::try_from(time.assume_utc().unix_timestamp()).ok().map(|seconds| seconds * 1000)
}

/// Logs the database's own warning at a log-in, once in the life of this process: every log-in of the days of grace
/// brings it.
pub(super) fn warn_of_expiry(connection: &Connection) {
    static WARNED: AtomicBool = AtomicBool::new(false);
    let Some(code @ Code::Ora(28002 | 28011)) = connection.last_warning().as_ref().and_then(Code::of) else { return };
    if !WARNED.swap(true, Ordering::Relaxed) {
        tracing::warn!("{code}: the database user's password expires soon: change it now (docs/ORACLE.md, step 5)");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_is_taken_as_utc() {
        let date = Timestamp::new(2027, 11, 25, 12, 0, 1, 0).unwrap();
        assert_eq!(millis(&date), Some(1_827_144_001_000));
        assert_eq!(millis(&Timestamp::new(-4712, 1, 1, 0, 0, 0, 0).unwrap()), None, "before 1970");
    }
}
