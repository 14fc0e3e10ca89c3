//! The expiry of the password with which Passmint logs in to its database, and how it is told to the operator.

use time::OffsetDateTime;

use super::Millis;

const DAY: Millis = 24 * 3_600_000;
/// The operator is warned from this many days before the expiry.
pub const WARN_DAYS: u64 = 30;

/// The expiry of the database user's password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordExpiry {
    /// There is no password, or it does not expire.
    Never,
    /// The database does not tell.
    Unknown,
    At {
        /// Milliseconds since 1970, by the database's own clock.
        when: Millis,
        /// True if the password's life is over, and `when` is the end of the days of grace.
        in_grace: bool,
    },
}

impl PasswordExpiry {
    /// The time of the expiry, in milliseconds since 1970, if it is known.
    pub fn when(self) -> Option<Millis> {
        match self {
            Self::At { when, .. } => Some(when),
            Self::Never | Self::Unknown => None,
        }
    }

    /// True if it is time to change the password.
    pub fn is_near(self, now: Millis) -> bool {
        match self {
            Self::At { when, in_grace } => in_grace || when.saturating_sub(now) < WARN_DAYS * DAY,
            Self::Never | Self::Unknown => false,
        }
    }

    /// The expiry in words, for a line that speaks of the password.
    pub fn describe(self, now: Millis) -> String {
        match self {
            Self::Never => "does not expire".to_owned(),
            Self::Unknown => "the database does not say when it expires".to_owned(),
            Self::At { when, .. } if when <= now => {
                format!("expired on {}: change it now (docs/ORACLE.md, step 5)", date(when))
            }
            Self::At { when, in_grace } => {
                let days = (when - now) / DAY;
                let good = format!("good until {} ({days} day{})", date(when), if days == 1 { "" } else { "s" });
                match (in_grace, self.is_near(now)) {
                    (true, _) => format!("in its days of grace, {good}: change it now (docs/ORACLE.md, step 5)"),
                    (false, true) => format!("{good}: change it before then (docs/ORACLE.md, step 5)"),
                    (false, false) => good,
                }
            }
        }
    }
}

/// The date (UTC) as `YYYY-MM-DD`.
fn date(when: Millis) -> String {
    let seconds = i64::try_from(when / 1000).unwrap_or_default();
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH).date().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-30, 12:00 UTC.
    const NOW: Millis = 1_796_040_000_000;

    fn at(days: i64) -> PasswordExpiry {
        PasswordExpiry::At { when: NOW.saturating_add_signed(days * DAY as i64), in_grace: false }
    }

    #[test]
    fn expiry_is_told_with_its_date_and_days() {
        assert_eq!(at(360).describe(NOW), "good until 2027-11-25 (360 days)");
        assert_eq!(
            at(29).describe(NOW),
            "good until 2026-12-29 (29 days): change it before then (docs/ORACLE.md, step 5)"
        );
        let grace = PasswordExpiry::At { when: NOW + 60 * DAY, in_grace: true };
        assert!(
            grace.describe(NOW).starts_with("in its days of grace, good until 2027-01-29 (60 days): change it now")
        );
        assert!(at(0).describe(NOW).starts_with("expired on 2026-11-30: change it now"));
        assert_eq!(PasswordExpiry::Never.describe(NOW), "does not expire");
        assert_eq!(PasswordExpiry::Unknown.describe(NOW), "the database does not say when it expires");
    }

    #[test]
    fn expiry_is_near_from_thirty_days_before_and_in_grace() {
        assert!(!at(30).is_near(NOW) && at(29).is_near(NOW) && at(-1).is_near(NOW));
        assert!(PasswordExpiry::At { when: NOW + 60 * DAY, in_grace: true }.is_near(NOW));
        assert!(!PasswordExpiry::Never.is_near(NOW) && !PasswordExpiry::Unknown.is_near(NOW));
    }
}
