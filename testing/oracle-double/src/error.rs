//! Oracle's refusals: their numbers and texts, and the translation of SQLite's errors.

use std::fmt::{self, Display, Formatter};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OraError {
    /// The number after `ORA-`.
    pub code: i32,
    pub text: String,
    /// The position in the SQL, in bytes.
    pub offset: usize,
}

/// A result that may be a refusal.
pub type Res<T> = Result<T, OraError>;

impl OraError {
    /// The same refusal, at a place in the SQL.
    pub fn at(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }
}

impl Display for OraError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "ORA-{:05}: {}", self.code, self.text)
    }
}

/// A refusal with words of its own.
pub fn ora(code: i32, text: impl Into<String>) -> OraError {
    OraError { code, text: text.into(), offset: 0 }
}

/// A refusal with Oracle's usual words.
pub fn plain(code: i32) -> OraError {
    ora(code, words(code))
}

/// `Err` of [`plain`].
pub fn refuse<T>(code: i32) -> Res<T> {
    Err(plain(code))
}

/// The refusal of a feature that Oracle has and the double lacks: loud, so that no test passes by accident.
pub fn unmodelled<T>(what: &str) -> Res<T> {
    Err(ora(3001, format!("unimplemented feature (the double does not model {what})")))
}

fn words(code: i32) -> &'static str {
    match code {
        1 => "unique constraint violated",
        18 => "maximum number of sessions exceeded",
        28 => "your session has been killed",
        54 => "resource busy and acquire with NOWAIT specified or timeout expired",
        900 => "invalid SQL statement",
        902 => "invalid datatype",
        901 => "invalid CREATE command",
        903 => "invalid table name",
        904 => "invalid identifier",
        905 => "missing keyword",
        906 => "missing left parenthesis",
        907 => "missing right parenthesis",
        908 => "missing NULL keyword",
        910 => "specified length too long for its datatype",
        911 => "invalid character",
        917 => "missing comma",
        918 => "column ambiguously defined",
        920 => "invalid relational operator",
        922 => "missing or invalid option",
        923 => "FROM keyword not found where expected",
        925 => "missing INTO keyword",
        926 => "missing VALUES keyword",
        927 => "missing equal sign",
        932 => "inconsistent datatypes",
        933 => "SQL command not properly ended",
        936 => "missing expression",
        942 => "table or view does not exist",
        947 => "not enough values",
        913 => "too many values",
        955 => "name is already used by an existing object",
        971 => "missing SET keyword",
        972 => "identifier is too long",
        1005 => "null password given; logon denied",
        1008 => "not all variables bound",
        1012 => "not logged on",
        1013 => "user requested cancel of current operation",
        1017 => "invalid username/password; logon denied",
        1031 => "insufficient privileges",
        1036 => "illegal variable name/number",
        1403 => "no data found",
        1418 => "specified index does not exist",
        1422 => "exact fetch returns more than requested number of rows",
        1426 => "numeric overflow (the double keeps whole numbers of 64 bits)",
        1427 => "single-row subquery returns more than one row",
        1438 => "value larger than specified precision allowed for this column",
        1465 => "invalid hex number",
        1476 => "divisor is equal to zero",
        1536 => "space quota exceeded for tablespace 'DATA'",
        1722 => "invalid number",
        1756 => "quoted string not properly terminated",
        1950 => "no privileges on tablespace 'DATA'",
        2391 => "exceeded simultaneous SESSIONS_PER_USER limit",
        2396 => "exceeded maximum idle time, please connect again",
        2449 => "unique/primary keys in table referenced by foreign keys",
        3001 => "unimplemented feature (the double does not round)",
        3113 => "end-of-file on communication channel",
        3114 => "not connected to ORACLE",
        3135 => "connection lost contact",
        3136 => "inbound connection timed out",
        3156 => "OCI call timed out",
        6502 => "PL/SQL: numeric or value error",
        12154 => "TNS:could not resolve the connect identifier specified",
        12162 => "TNS:net service name is incorrectly specified",
        12170 => "TNS:Connect timeout occurred",
        12514 => "TNS:listener does not currently know of service requested in connect descriptor",
        12541 => "TNS:no listener",
        12609 => "TNS: Receive timeout occurred",
        22920 => "row containing the LOB value is not locked",
        24418 => "Cannot open further sessions.",
        24422 => "error occurred while trying to destroy the Session Pool",
        24457 => "OCISessionGet() could not find a free session in the specified timeout period",
        28000 => "the account is locked",
        28001 => "the password has expired",
        30006 => "resource busy; acquire with WAIT timeout expired",
        _ => "(the double has no words for this number)",
    }
}
