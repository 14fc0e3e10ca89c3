//! The time since an event, in one suitable unit.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ago {
    /// Less than a minute, or in the future if a clock was set back.
    Now,
    /// 1 to 59 minutes.
    Minutes(u64),
    /// 1 to 23 hours.
    Hours(u64),
    /// 1 to 29 days.
    Days(u64),
    /// 1 to 11 months of 30 days.
    Months(u64),
    /// Years of 365 days.
    Years(u64),
}

/// The time from `then` to `now`, both in milliseconds since 1970.
pub fn ago(now: u64, then: u64) -> Ago {
    let minutes = now.saturating_sub(then) / 60_000;
    let (hours, days) = (minutes / 60, minutes / (24 * 60));
    match (days, hours, minutes) {
        (0, 0, 0) => Ago::Now,
        (0, 0, minutes) => Ago::Minutes(minutes),
        (0, hours, _) => Ago::Hours(hours),
        (days @ 1..30, ..) => Ago::Days(days),
        (days @ 30..365, ..) => Ago::Months((days / 30).min(11)),
        (days, ..) => Ago::Years(days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_is_the_largest_that_fits() {
        let minute = 60_000;
        let day = 24 * 60 * minute;
        for (gone, expected) in [
            (0, Ago::Now),
            (minute - 1, Ago::Now),
            (minute, Ago::Minutes(1)),
            (60 * minute - 1, Ago::Minutes(59)),
            (60 * minute, Ago::Hours(1)),
            (day - 1, Ago::Hours(23)),
            (day, Ago::Days(1)),
            (30 * day - 1, Ago::Days(29)),
            (30 * day, Ago::Months(1)),
            (365 * day - 1, Ago::Months(11)),
            (365 * day, Ago::Years(1)),
            (731 * day, Ago::Years(2)),
        ] {
            assert_eq!(ago(1_000_000_000_000 + gone, 1_000_000_000_000), expected);
        }
        assert_eq!(ago(5, 10), Ago::Now);
    }
}
