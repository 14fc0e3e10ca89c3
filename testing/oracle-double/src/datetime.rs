//! Points in time: the descriptor that OCI hands around, its form in SQLite (text whose order is time's order), and the
//! seven-field DATE.
//!
//! In SQLite a DATE is `YYYY-MM-DD HH:MM:SS`, a TIMESTAMP has `.nnnnnnnnn` after it, and a TIMESTAMP WITH TIME ZONE is
//! in UTC with its offset after it: ` +09:00`.

use std::ffi::c_int;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::abi::{self, Ptr, SUCCESS, guard, put};
use crate::error::{Res, ora, plain};
use crate::handles::{self, Handle};

/// A local date and time, and its offset from UTC in minutes if it has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DateTime {
    pub year: i16,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    pub nanos: u32,
    pub offset: Option<i32>,
}

/// Days since 1970-01-01 of a civil date.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The civil date of a number of days since 1970-01-01.
fn civil(days: i64) -> (i64, u8, u8) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month as u8, day as u8)
}

impl DateTime {
    /// Seconds since 1970 of the fields as they stand.
    fn seconds(&self) -> i64 {
        days(self.year.into(), self.month.into(), self.day.into()) * 86_400
            + i64::from(self.hour) * 3600
            + i64::from(self.minute) * 60
            + i64::from(self.second)
    }

    fn from_seconds(seconds: i64, nanos: u32, offset: Option<i32>) -> Self {
        let (year, month, day) = civil(seconds.div_euclid(86_400));
        let rest = seconds.rem_euclid(86_400);
        let (hour, minute, second) = ((rest / 3600) as u8, (rest / 60 % 60) as u8, (rest % 60) as u8);
        Self { year: year as i16, month, day, hour, minute, second, nanos, offset }
    }

    /// The time it is, to the microsecond, in UTC.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::from_seconds(since.as_secs() as i64, since.subsec_micros() * 1000, Some(0))
    }

    /// Its form in SQLite, as a DATE.
    pub fn date(&self) -> String {
        let Self { year, month, day, hour, minute, second, .. } = self;
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    }

    /// Its form in SQLite, as a TIMESTAMP, with a time zone if it has one.
    pub fn timestamp(&self) -> String {
        match self.offset {
            None => format!("{}.{:09}", self.date(), self.nanos),
            Some(offset) => {
                let utc = Self::from_seconds(self.seconds() - i64::from(offset) * 60, self.nanos, None);
                let sign = if offset < 0 { '-' } else { '+' };
                format!("{} {sign}{:02}:{:02}", utc.timestamp(), offset.abs() / 60, offset.abs() % 60)
            }
        }
    }

    /// Reads what [`Self::date`] and [`Self::timestamp`] write.
    pub fn parse(text: &str) -> Option<Self> {
        let field = |from: usize, to: usize| text.get(from..to)?.parse::<u32>().ok();
        let marks = [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':')];
        if marks.iter().any(|&(at, mark)| text.as_bytes().get(at) != Some(&mark)) {
            return None;
        }
        let mut read = Self {
            year: field(0, 4)? as i16,
            month: field(5, 7)? as u8,
            day: field(8, 10)? as u8,
            hour: field(11, 13)? as u8,
            minute: field(14, 16)? as u8,
            second: field(17, 19)? as u8,
            nanos: 0,
            offset: None,
        };
        let rest = text.get(19..)?;
        let (fraction, zone) = rest.split_once(' ').map_or((rest, None), |(fraction, zone)| (fraction, Some(zone)));
        if let Some(digits) = fraction.strip_prefix('.') {
            read.nanos = format!("{digits:0<9}").get(..9)?.parse().ok()?;
        } else if !fraction.is_empty() {
            return None;
        }
        match zone {
            None => Some(read),
            Some(zone) => {
                let offset = zone_offset(zone)?;
                Some(Self::from_seconds(read.seconds() + i64::from(offset) * 60, read.nanos, Some(offset)))
            }
        }
    }
}

/// `+09:00` in minutes.
fn zone_offset(zone: &str) -> Option<i32> {
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let size = hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?;
    Some(if zone.starts_with('-') { -size } else { size })
}

fn of<T>(descriptor: Ptr, read: impl FnOnce(&mut DateTime) -> T) -> Res<T> {
    match handles::get(descriptor) {
        Some(Handle::DateTime(cell)) => Ok(read(&mut handles::lock(cell))),
        _ => Err(ora(1867, "the descriptor is no datetime")),
    }
}

/// The content of a datetime descriptor.
pub fn read(descriptor: Ptr) -> Res<DateTime> {
    of(descriptor, |held| *held)
}

/// Puts a value into a datetime descriptor.
pub fn write(descriptor: Ptr, value: DateTime) -> Res<()> {
    of(descriptor, |held| *held = value)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIDateTimeConstruct(
    _env: Ptr,
    error: Ptr,
    descriptor: Ptr,
    year: i16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    nanos: u32,
    zone: *const u8,
    zone_len: usize,
) -> c_int {
    guard(error, || {
        let zone = unsafe { abi::text(zone, zone_len) };
        let offset = if zone.is_empty() { None } else { Some(zone_offset(&zone).ok_or_else(|| plain(1804))?) };
        write(descriptor, DateTime { year, month, day, hour, minute, second, nanos, offset })?;
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIDateTimeGetDate(
    _env: Ptr,
    error: Ptr,
    descriptor: Ptr,
    year: *mut i16,
    month: *mut u8,
    day: *mut u8,
) -> c_int {
    guard(error, || {
        let held = read(descriptor)?;
        unsafe {
            put(year, held.year);
            put(month, held.month);
            put(day, held.day);
        }
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIDateTimeGetTime(
    _env: Ptr,
    error: Ptr,
    descriptor: Ptr,
    hour: *mut u8,
    minute: *mut u8,
    second: *mut u8,
    nanos: *mut u32,
) -> c_int {
    guard(error, || {
        let held = read(descriptor)?;
        unsafe {
            put(hour, held.hour);
            put(minute, held.minute);
            put(second, held.second);
            put(nanos, held.nanos);
        }
        Ok(SUCCESS)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn OCIDateTimeGetTimeZoneOffset(
    _env: Ptr,
    error: Ptr,
    descriptor: Ptr,
    hour: *mut i8,
    minute: *mut i8,
) -> c_int {
    guard(error, || {
        let offset = read(descriptor)?.offset.unwrap_or_default();
        unsafe {
            put(hour, (offset / 60) as i8);
            put(minute, (offset % 60) as i8);
        }
        Ok(SUCCESS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_instant_and_the_zone() {
        let tokyo = DateTime {
            year: 2026,
            month: 3,
            day: 1,
            hour: 4,
            minute: 5,
            second: 6,
            nanos: 789_000_000,
            offset: Some(540),
        };
        assert_eq!(tokyo.timestamp(), "2026-02-28 19:05:06.789000000 +09:00");
        assert_eq!(DateTime::parse(&tokyo.timestamp()), Some(tokyo));
        let plain = DateTime { offset: None, ..tokyo };
        assert_eq!(DateTime::parse(&plain.timestamp()), Some(plain));
        assert_eq!(DateTime::parse("2026-02-28 x"), None);
    }
}
