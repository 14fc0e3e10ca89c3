//! The error codes of Oracle's client, driver and database, each with its meaning and its remedy.
//!
//! Codes are matched by number. The driver's own texts are never shown or logged: some contain stray bytes (ODPI-C
//! 5.4.1), some quote values, and older clients lack many.

mod table;

use std::fmt;
use std::str::FromStr;

pub use table::TABLE;

use crate::store::RefusalCause;

/// A code of the database and its client (ORA), or of the layer between the client and the `oracle` crate (DPI).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    Ora(i32),
    Dpi(i32),
}

use Code::{Dpi, Ora};

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ora(number) => write!(f, "ORA-{number:05}"),
            Dpi(number) => write!(f, "DPI-{number:04}"),
        }
    }
}

/// The text is not a code as `Display` writes it.
#[derive(Debug)]
pub struct NotCode;

impl FromStr for Code {
    type Err = NotCode;

    fn from_str(text: &str) -> Result<Self, NotCode> {
        let (prefix, number) = text.split_once('-').ok_or(NotCode)?;
        let number = number.parse().map_err(|_| NotCode)?;
        match prefix {
            "ORA" => Ok(Ora(number)),
            "DPI" => Ok(Dpi(number)),
            _ => Err(NotCode),
        }
    }
}

impl Code {
    /// The code of an error. Some errors of the `oracle` crate have none.
    pub fn of(error: &oracle::Error) -> Option<Self> {
        if let Some(code) = error.oci_code() {
            return Some(Ora(code));
        }
        let code = error.dpi_code().map(Dpi)?;
        // A call to a server that does not answer at all ends in DPI-1080, as if the connection was cut.
        let cause = error.db_error().filter(|_| code == Dpi(1080)).and_then(|error| closed_by(error.message()));
        Some(cause.filter(|cause| cause.is_timeout()).unwrap_or(code))
    }

    /// The row of [`TABLE`] for this code.
    pub fn remedy(self) -> Option<&'static Remedy> {
        TABLE.iter().find(|remedy| remedy.codes.contains(&self))
    }

    /// For a code that is not in the table: where to read about it.
    pub fn help(self) -> String {
        match self {
            Ora(number) => format!("Oracle explains it: https://docs.oracle.com/error-help/db/ora-{number:05}/"),
            Dpi(_) => "It is an error of the driver: please report it.".to_owned(),
        }
    }

    /// True if the connection cannot be used any more.
    pub fn is_lost(self) -> bool {
        matches!(
            self,
            Dpi(1080 | 1010 | 1067)
                | Ora(28 | 603 | 1012 | 1041 | 1089 | 1092 | 2396 | 3113 | 3114 | 3135 | 3136 | 3156)
                | Ora(12170 | 12537 | 12547 | 12569 | 12570 | 12571 | 12609)
        )
    }

    /// True if a call timed out.
    pub fn is_timeout(self) -> bool {
        matches!(self, Dpi(1067) | Ora(3136 | 3156 | 12170 | 12609))
    }

    /// The cause, if the database refuses the user or the password. A warning (28002, 28011) is no refusal. A user
    /// without CREATE SESSION (1045) has shown the right password: no database counts that log-in as a failed one.
    pub fn refusal_cause(self) -> Option<RefusalCause> {
        match self {
            Ora(1005 | 1017) => Some(RefusalCause::PasswordWrong),
            Ora(28000) => Some(RefusalCause::AccountLocked),
            Ora(28001) => Some(RefusalCause::PasswordExpired),
            _ => None,
        }
    }

    /// True if the cause is known to be outside Passmint: the network, TLS, a credential, a limit, or the state of the
    /// database. Every other code is a bug of Passmint, or is treated as one: "try again" would not help.
    pub fn is_outage(self) -> bool {
        match self {
            // Memory, the client library, and connections that were lost or timed out.
            Dpi(number) => matches!(number, 1000 | 1010 | 1047 | 1049 | 1050 | 1067 | 1072 | 1080),
            Ora(number) => matches!(
                number,
                // Sessions and processes: their limits, and sessions that were ended.
                18..=20 | 24 | 28 | 31 | 40 | 603 | 609
                // Locks.
                | 51..=62 | 99 | 104 | 1591 | 2049 | 4020 | 4021 | 30006
                // Control, log and data files; background processes.
                | 200..=399 | 443..=490 | 1110..=1299 | 1578
                // No table, or one of somebody else: the user of the settings is the wrong one.
                | 942 | 955
                // Log-in, privileges, profiles.
                | 1005 | 1017 | 1031 | 1035 | 1045 | 2391..=2399 | 28000..=28002 | 28040
                // Start and end of the database and of a session.
                | 1012..=1014 | 1033 | 1034 | 1041 | 1089..=1092 | 1109 | 3113 | 3114 | 3134..=3136 | 3156
                // Space, quotas and memory.
                | 1536 | 1555 | 1562 | 1628..=1632 | 1650..=1659 | 1683 | 1688 | 1691..=1694 | 1950
                | 4030 | 4031 | 4036 | 30036 | 65114
                // The client library's own data.
                | 1804
                // The network, and the client's own network layer.
                | 12150..=12699 | 21561
                // Parallel statements, which a service level may force; the limits of the resource manager.
                | 12751 | 12805 | 12829 | 12838 | 12853
                // Standby databases; operating system, files, and recovery area.
                | 16000..=16999 | 17500..=17699 | 19500..=19999 | 27000..=27199 | 29700..=29799
                // The client's pool of connections; failover.
                | 24418 | 24457 | 24459 | 24496 | 25400..=25425
                // Keys of an encrypted tablespace; TLS and wallets.
                | 28350..=28399 | 28750..=29249
            ),
        }
    }

    /// The state of TLS when a connection failed with this code.
    pub fn tls_verdict(self) -> TlsVerdict {
        match self {
            Ora(12170 | 12535 | 12537 | 12547 | 12560 | 12561 | 12569..=12571 | 12606 | 12608 | 12637) => {
                TlsVerdict::Unknown
            }
            // No connection, or no TLS on it.
            Ora(12154 | 12162 | 12541 | 12543 | 12545 | 21561 | 28750..=29249) => TlsVerdict::Failed,
            code if code.remedy().is_none() => TlsVerdict::Unknown,
            _ => TlsVerdict::Agreed,
        }
    }
}

/// See [`Code::tls_verdict`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVerdict {
    /// TLS was established; the failure came later.
    Agreed,
    Failed,
    /// The code hides the cause.
    Unknown,
}

/// The cause in the text of DPI-1080, "connection was closed by ORA-n". Nothing else of the text is used.
fn closed_by(text: &str) -> Option<Code> {
    let (_, number) = text.split_once("closed by ORA-")?;
    let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    number[..end].parse().ok().map(Ora)
}

/// Codes of one meaning, and their remedy.
#[derive(Debug)]
pub struct Remedy {
    pub codes: &'static [Code],
    pub meaning: &'static str,
    /// The operator's next step, in sentences.
    pub remedy: &'static str,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.meaning, self.remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_in_one_row() {
        let mut all: Vec<Code> = TABLE.iter().flat_map(|remedy| remedy.codes).copied().collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn remedies_are_sentences_and_meanings_are_clauses() {
        for Remedy { codes, meaning, remedy } in TABLE {
            assert!(remedy.ends_with('.') && !meaning.ends_with('.'), "{codes:?}");
            assert!(!remedy.to_lowercase().contains("error occurred"), "{codes:?}");
        }
    }

    #[test]
    fn cause_of_a_closed_connection_is_its_number() {
        for (text, cause) in [
            ("DPI-1080: connection was closed by ORA-03156\u{fffd}ORA-03156: OCI call timed out", Some(Ora(3156))),
            ("DPI-1080: connection was closed by ORA-3113", Some(Ora(3113))),
            ("DPI-1080: connection was closed by ORA-", None),
            ("DPI-1080", None),
        ] {
            assert_eq!(closed_by(text), cause, "{text}");
        }
    }

    #[test]
    fn code_is_displayed_as_oracle_displays_it() {
        assert_eq!((Ora(1).to_string(), Ora(12541).to_string()), ("ORA-00001".into(), "ORA-12541".into()));
        assert_eq!(Dpi(1047).to_string(), "DPI-1047");
    }

    #[test]
    fn code_is_parsed_as_it_is_displayed() {
        for code in TABLE.iter().flat_map(|remedy| remedy.codes) {
            assert_eq!(code.to_string().parse::<Code>().ok(), Some(*code));
        }
        for text in ["", "logged-in", "ORA-", "ORA-x", "TNS-12541", "12541"] {
            assert!(text.parse::<Code>().is_err(), "{text}");
        }
    }

    #[test]
    fn bug_of_passmint_is_no_outage() {
        for code in TABLE.iter().filter(|row| row.remedy.contains("bug in Passmint")).flat_map(|row| row.codes) {
            assert!(!code.is_outage(), "{code}");
        }
        // Statements, binds and values.
        let ours = [
            1, 600, 900, 904, 911, 918, 923, 932, 933, 936, 972, 1000, 1002, 1006, 1008, 1036, 1400, 1401, 1407, 1438,
            1455, 1461, 1465, 1480, 1722, 1747, 1756, 1843, 2289, 2290, 2291, 2292, 2449, 3106, 3115, 6502, 6508, 6512,
            6550, 7445, 8177, 12700, 12704, 12899, 17000, 22275, 24333, 24338, 24816, 26000, 38104, 40441, 99999, 0,
            -1,
        ];
        for number in ours {
            assert!(!Ora(number).is_outage(), "{}", Ora(number));
        }
        for number in [1001, 1002, 1007, 1014, 1037, 1043, 1056, 1059, 9999] {
            assert!(!Dpi(number).is_outage(), "{}", Dpi(number));
        }
    }

    #[test]
    fn cause_outside_passmint_is_an_outage() {
        for code in TABLE.iter().filter(|row| !row.remedy.contains("bug in Passmint")).flat_map(|row| row.codes) {
            assert!(code.is_outage(), "{code}");
        }
        let theirs = [
            18, 20, 28, 54, 60, 257, 376, 942, 1012, 1017, 1031, 1033, 1034, 1045, 1089, 1090, 1092, 1109, 1110, 1157,
            1536, 1555, 1578, 1653, 1691, 1950, 2049, 2391, 2396, 2399, 3113, 3114, 3135, 3136, 4021, 4030, 4031,
            12150, 12154, 12170, 12500, 12514, 12564, 12599, 12637, 12650, 12699, 12751, 12838, 16000, 16456, 19809,
            25401, 25408, 27101, 28000, 28001, 28040, 28365, 28750, 28759, 28860, 29024, 29106, 29249, 30006, 30036,
            65114,
        ];
        for number in theirs {
            assert!(Ora(number).is_outage(), "{}", Ora(number));
        }
    }

    #[test]
    fn lost_connection_and_timeout_are_outages() {
        let all = || (0..100_000).map(Ora).chain((1000..1100).map(Dpi));
        let lost: Vec<Code> = all().filter(|code| code.is_lost() || code.is_timeout()).collect();
        assert!(lost.len() > 10 && lost.iter().all(|code| code.is_outage()), "{lost:?}");
    }

    #[test]
    fn unlisted_code_has_the_address_of_its_help() {
        assert!(Ora(600).help().ends_with(" https://docs.oracle.com/error-help/db/ora-00600/"));
        assert!(Ora(29158).help().ends_with("/ora-29158/"));
        assert!(!Dpi(1001).help().contains("http"));
    }

    /// Listed are all that Oracle's client 19.3 passes on from a listener.
    #[test]
    fn refusal_of_a_listener_is_listed_and_comes_after_tls() {
        for number in (12500..=12530).chain([12564]) {
            assert!(Ora(number).remedy().is_some(), "{number}");
            assert_eq!(Ora(number).tls_verdict(), TlsVerdict::Agreed, "{number}");
        }
    }

    #[test]
    fn code_says_if_tls_failed() {
        for number in [28759, 28860, 28862, 28864, 29003, 29019, 29024, 29106, 12541, 12545] {
            assert_eq!(Ora(number).tls_verdict(), TlsVerdict::Failed, "{number}");
        }
        for number in [1017, 1045, 28000, 28001, 28040, 2391, 1033, 12651, 12696] {
            assert_eq!(Ora(number).tls_verdict(), TlsVerdict::Agreed, "{number}");
        }
        for number in [12561, 12170, 12547, 12537, 12560, 600, 43070] {
            assert_eq!(Ora(number).tls_verdict(), TlsVerdict::Unknown, "{number}");
        }
    }
}
