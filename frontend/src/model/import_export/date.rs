//! Converts dates of exports (RFC 3339) from and to milliseconds since 1970 (UTC).

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// The milliseconds of a date with a time zone; none if the text is no such date, or before 1970.
pub(super) fn read(text: &str) -> Option<u64> {
    let date = OffsetDateTime::parse(text.trim(), &Rfc3339).ok()?;
    let milliseconds = date.unix_timestamp().checked_mul(1000)?.checked_add(i64::from(date.millisecond()))?;
    u64::try_from(milliseconds).ok()
}

/// The date of milliseconds, in UTC and with three decimals like JavaScript's `toISOString`; none past the year 9999.
pub(super) fn write(milliseconds: u64) -> Option<String> {
    let seconds = i64::try_from(milliseconds / 1000).ok()?;
    let date = OffsetDateTime::UNIX_EPOCH.checked_add(Duration::seconds(seconds))?;
    let text = date.format(&Rfc3339).ok()?;
    Some(format!("{}.{:03}Z", text.strip_suffix('Z')?, milliseconds % 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_written() {
        for (text, milliseconds) in [
            ("1970-01-01T00:00:00.000Z", 0),
            ("2024-01-30T17:55:36.150Z", 1_706_637_336_150),
            ("2024-02-29T23:59:59.999Z", 1_709_251_199_999),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] {
            assert_eq!(read(text), Some(milliseconds));
            assert_eq!(write(milliseconds).as_deref(), Some(text));
        }
        assert_eq!(read(" 2024-01-30T18:55:36.1500009+01:00\n"), Some(1_706_637_336_150));
        assert_eq!(read("2024-01-30T17:55:36Z"), Some(1_706_637_336_000));
        for text in ["", "2024-01-30", "2024-13-30T17:55:36Z", "1969-12-31T23:59:59.999Z", "yesterday"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(write(253_402_300_800_000), None);
        assert_eq!(write(u64::MAX), None);
    }
}
