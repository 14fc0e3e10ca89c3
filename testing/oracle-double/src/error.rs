//! Refusals: Oracle's numbers, with texts of the double's.

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

impl Display for OraError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "ORA-{:05}: {}", self.code, self.text)
    }
}

/// A refusal with words of its own.
pub fn ora(code: i32, text: impl Into<String>) -> OraError {
    OraError { code, text: text.into(), offset: 0 }
}

/// A refusal whose number says all.
pub fn plain(code: i32) -> OraError {
    ora(code, "the double refuses as Oracle does; Oracle's documentation has the number's meaning")
}

/// The refusal of a feature that Oracle has and the double lacks: loud, so that no test passes by accident.
pub fn unmodelled(what: &str) -> OraError {
    ora(3001, format!("unimplemented feature: the double does not model {what}"))
}

/// An error of SQLite's that no statement can cause.
pub fn internal(error: impl Display) -> OraError {
    ora(600, format!("internal error of the double: {error}"))
}
