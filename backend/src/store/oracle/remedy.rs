//! The error codes of Oracle's client, driver and database, each with its meaning and its remedy.
//!
//! Codes are matched by number. The driver's own texts are never shown or logged: some contain stray bytes (ODPI-C
//! 5.4.1), some quote values, and older clients lack many.

use std::fmt;

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

impl Code {
    /// The code of an error. Some errors of the `oracle` crate have none.
    pub fn of(error: &oracle::Error) -> Option<Self> {
        error.oci_code().map(Ora).or_else(|| error.dpi_code().map(Dpi))
    }

    /// The row of [`TABLE`] for this code.
    pub fn remedy(self) -> Option<&'static Remedy> {
        TABLE.iter().find(|remedy| remedy.codes.contains(&self))
    }

    /// True if the connection cannot be used any more.
    pub fn is_lost(self) -> bool {
        matches!(
            self,
            Dpi(1080 | 1010 | 1067)
                | Ora(28 | 1012 | 1041 | 2396 | 3113 | 3114 | 3135 | 3136 | 12170 | 12537 | 12547 | 12569 | 12571)
        )
    }

    /// True if a call timed out.
    pub fn is_timeout(self) -> bool {
        matches!(self, Dpi(1067) | Ora(3136 | 12170))
    }

    /// True if the database refuses a statement or a value: a bug of Passmint.
    pub fn is_fault(self) -> bool {
        matches!(
            self,
            Ora(
                1 | 900..=941 | 943..=999 | 1400 | 1401 | 1407 | 1438 | 1461 | 1465 | 1722 | 2290..=2292 | 6550 | 12899,
            )
        )
    }
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

/// Every code that Passmint explains. docs/ORACLE.md prints the same table; a test compares them.
pub const TABLE: &[Remedy] = &[
    Remedy {
        codes: &[Dpi(1047)],
        meaning: "Oracle Instant Client was not found, or a library that it needs is missing",
        remedy: "Install Instant Client Basic Light 23 and libaio, make their folder known to the system (ldconfig \
                 or LD_LIBRARY_PATH), and start again.",
    },
    Remedy {
        codes: &[Dpi(1049), Dpi(1050), Dpi(1072)],
        meaning: "Oracle Instant Client is too old, or its libclntsh is another program's library",
        remedy: "Install Instant Client 23.",
    },
    Remedy {
        codes: &[Dpi(1080), Dpi(1010), Ora(3113), Ora(3114), Ora(3135), Ora(2396), Ora(28), Ora(1012)],
        meaning: "the connection was cut, by the network or by the database",
        remedy: "Once, it needs no action: the next call opens a new connection. If it happens often, check \
                 firewalls that end idle connections.",
    },
    Remedy {
        codes: &[Dpi(1067), Ora(3136)],
        meaning: "the database did not answer in time",
        remedy: "Try again later, or raise --database-seconds if the database is slow.",
    },
    Remedy {
        codes: &[Ora(1017)],
        meaning: "the user or the password is wrong",
        remedy: "Check --oracle-user and the database password; it is not the password of the wallet.",
    },
    Remedy {
        codes: &[Ora(28000)],
        meaning: "the database user is locked",
        remedy: "As ADMIN: ALTER USER … ACCOUNT UNLOCK.",
    },
    Remedy {
        codes: &[Ora(28001)],
        meaning: "the database user's password has expired",
        remedy: "As ADMIN: ALTER USER … IDENTIFIED BY a new password, and set that in Passmint.",
    },
    Remedy {
        codes: &[Ora(12506), Ora(12529)],
        meaning: "the database's access control list does not let this machine in, or a wallet is required",
        remedy: "Add this machine's public address to the access control list, or allow TLS without a wallet, or \
                 name the wallet's folder in --oracle-config.",
    },
    Remedy {
        codes: &[Ora(12514)],
        meaning: "the database server does not know the service: the name is wrong, or the database is stopped",
        remedy: "Start the database in the console (an Always Free database stops after 7 idle days), and check the \
                 service_name.",
    },
    Remedy {
        codes: &[Ora(12505)],
        meaning: "the connect string names a SID that does not exist",
        remedy: "Use service_name in --oracle-connect.",
    },
    Remedy {
        codes: &[Ora(12541)],
        meaning: "nothing listens at that address",
        remedy: "Check host and port in --oracle-connect (1521 for TLS, 1522 with a wallet), and the firewall.",
    },
    Remedy {
        codes: &[Ora(12545)],
        meaning: "the host name cannot be resolved",
        remedy: "Check the host in --oracle-connect, and this machine's DNS.",
    },
    Remedy {
        codes: &[Ora(12154)],
        meaning: "the connect string is not valid, or its alias does not exist",
        remedy: "Check --oracle-connect, and that --oracle-config is the folder of tnsnames.ora.",
    },
    Remedy { codes: &[Ora(12162)], meaning: "the connect string is empty", remedy: "Set --oracle-connect." },
    Remedy {
        codes: &[Ora(12170)],
        meaning: "the connection timed out; a TLS fault can look like this",
        remedy: "Check the firewall and the access control list, then the wallet and the client's version.",
    },
    Remedy {
        codes: &[Ora(12537), Ora(12547), Ora(12569), Ora(12571)],
        meaning: "the server closed the connection, or does not speak this protocol",
        remedy: "Use protocol=tcps with Autonomous Database, and no HTTP proxy in between.",
    },
    Remedy {
        codes: &[Ora(28759)],
        meaning: "the wallet cannot be read, or the client is too old to connect without one",
        remedy: "Check the folder in --oracle-config and its files' permissions, or install Instant Client 23.",
    },
    Remedy {
        codes: &[Ora(29024)],
        meaning: "the database's certificate is not trusted",
        remedy: "Install the system's ca-certificates, or download the wallet again.",
    },
    Remedy {
        codes: &[Ora(28860), Ora(28864)],
        meaning: "TLS failed: the database requires a wallet, or another version of TLS",
        remedy: "Allow TLS without a wallet in the console, or use the wallet and port 1522, and Instant Client 23.",
    },
    Remedy {
        codes: &[Ora(18), Ora(12516), Ora(12519), Ora(12520)],
        meaning: "the database has no free session (an Always Free database has 30)",
        remedy: "Lower --oracle-pool, and close other tools.",
    },
    Remedy {
        codes: &[Ora(12528)],
        meaning: "the database is starting, or blocks new connections",
        remedy: "Wait a minute.",
    },
    Remedy {
        codes: &[Ora(24418), Ora(24457), Ora(24459), Ora(24496)],
        meaning: "all of the client's connections are in use",
        remedy: "Raise --oracle-pool, if the database has free sessions.",
    },
    Remedy {
        codes: &[Ora(942)],
        meaning: "a table does not exist, or this user may not access it",
        remedy: "Grant CREATE TABLE to the user and start again: Passmint makes its tables.",
    },
    Remedy {
        codes: &[Ora(955)],
        meaning: "a table or an index of that name exists already",
        remedy: "Give Passmint a database user of its own.",
    },
    Remedy {
        codes: &[Ora(1950), Ora(1536)],
        meaning: "the database user has no quota, or has used it up",
        remedy: "As ADMIN: ALTER USER … QUOTA 1G ON data.",
    },
    Remedy {
        codes: &[Ora(1031)],
        meaning: "the database user lacks a privilege",
        remedy: "As ADMIN: GRANT CREATE SESSION, CREATE TABLE TO the user.",
    },
    Remedy {
        codes: &[Ora(1)],
        meaning: "a row of that key exists already",
        remedy: "This is a bug in Passmint: please report it.",
    },
    Remedy {
        codes: &[Ora(1400), Ora(12899), Ora(1438), Ora(2290), Ora(2291)],
        meaning: "the database refuses a value",
        remedy: "This is a bug in Passmint: please report it.",
    },
    Remedy {
        codes: &[Ora(12838)],
        meaning: "the service runs statements in parallel",
        remedy: "Use the service that ends in _tp.",
    },
    Remedy {
        codes: &[Ora(16000)],
        meaning: "the database is open for reading only",
        remedy: "Open it for writing in the console.",
    },
];

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
    fn code_is_displayed_as_oracle_displays_it() {
        assert_eq!((Ora(1).to_string(), Ora(12541).to_string()), ("ORA-00001".into(), "ORA-12541".into()));
        assert_eq!(Dpi(1047).to_string(), "DPI-1047");
    }
}
