//! Data types: Oracle's names for them, their form in SQLite, and the checks of their values.

use super::{Parser, quoted};
use crate::error::{OraError, Res, plain, unmodelled};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Its length in characters.
    Varchar(u32),
    Raw(u32),
    /// Its precision.
    Number(u32),
    Blob,
}

impl Kind {
    /// Its name in SQLite: one that gives the affinity it needs, and that [`Kind::read`] understands.
    pub fn declared(self) -> String {
        match self {
            Self::Varchar(size) => format!("VARCHAR2({size})"),
            Self::Raw(size) => format!("RAW({size})"),
            Self::Number(precision) => format!("NUMBER({precision})"),
            Self::Blob => "BLOB".to_owned(),
        }
    }

    /// Reads the output of [`Kind::declared`].
    pub fn read(declared: &str) -> Option<Self> {
        let (name, size) = declared.split_once('(').unwrap_or((declared, "0"));
        let size = size.trim_end_matches(')').parse().ok()?;
        match name {
            "VARCHAR2" => Some(Self::Varchar(size)),
            "RAW" => Some(Self::Raw(size)),
            "NUMBER" => Some(Self::Number(size)),
            "BLOB" => Some(Self::Blob),
            _ => None,
        }
    }

    /// Checks that SQLite is to make. Their names carry the number to refuse with.
    pub fn checks(self, column: &str) -> String {
        let name = quoted(column);
        let typed = |code: i32, types: &str| (code, format!("typeof({name}) IN ({types}, 'null')"));
        let checks = match self {
            // 4000 bytes are the end, however many characters.
            Self::Varchar(size) => {
                vec![
                    typed(932, "'text'"),
                    (12899, format!("length({name}) <= {size} AND octet_length({name}) <= 4000")),
                ]
            }
            Self::Raw(size) => vec![typed(1465, "'blob'"), (12899, format!("length({name}) <= {size}"))],
            Self::Number(precision) => {
                let limit = format!("1e{precision}");
                vec![
                    typed(1722, "'integer', 'real'"),
                    (3001, format!("typeof({name}) <> 'real'")),
                    (1438, format!("ifnull({name} > -{limit} AND {name} < {limit}, 1)")),
                ]
            }
            Self::Blob => vec![typed(932, "'blob'")],
        };
        checks.iter().map(|(code, check)| format!(" CONSTRAINT [~{code}~{column}] CHECK ({check})")).collect()
    }
}

impl Parser<'_> {
    pub fn data_type(&mut self) -> Res<Kind> {
        let begin = self.offset();
        let refused = |code: i32| OraError { offset: begin, ..plain(code) };
        let Some(word) = self.word() else { return Err(self.refused(902)) };
        self.at += 1;
        let most = match word {
            "VARCHAR2" => 4000,
            "RAW" => 2000,
            "NUMBER" => 38,
            "BLOB" => return Ok(Kind::Blob),
            "BOOLEAN" if self.world.major < 23 => return Err(refused(902)),
            "BOOLEAN" | "CHAR" | "CLOB" | "DATE" | "FLOAT" | "INTEGER" | "TIMESTAMP" => return Err(unmodelled(word)),
            _ => return Err(refused(902)),
        };
        if word == "NUMBER" && !self.is_op("(") {
            return Err(unmodelled("NUMBER without a precision"));
        }
        self.need_op("(", 906)?;
        let size = self.integer(910)?;
        if word == "VARCHAR2" && !self.take("CHAR") {
            return Err(unmodelled("VARCHAR2 with a length in bytes"));
        }
        self.need_op(")", 907)?;
        match word {
            _ if size == 0 || size > most => Err(refused(if word == "NUMBER" { 1727 } else { 910 })),
            "VARCHAR2" => Ok(Kind::Varchar(size)),
            "RAW" => Ok(Kind::Raw(size)),
            _ => Ok(Kind::Number(size)),
        }
    }
}
