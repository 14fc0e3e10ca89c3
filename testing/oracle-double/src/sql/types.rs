//! Data types: Oracle's names for them, their form in SQLite, and what is checked of their values.

use super::{Parser, quoted};
use crate::error::{Res, ora, plain};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Varchar { size: u32, chars: bool },
    Char { size: u32, chars: bool },
    Raw(u32),
    Number { precision: Option<u32>, scale: i32 },
    Double,
    Date,
    Timestamp,
    TimestampTz,
    Blob,
    Clob,
    Boolean,
}

impl Kind {
    /// Its name in SQLite: one that gives the affinity it needs, and that [`Kind::read`] understands.
    pub fn declared(&self) -> String {
        match self {
            Self::Varchar { size, chars: true } => format!("VARCHAR2C({size})"),
            Self::Varchar { size, chars: false } => format!("VARCHAR2B({size})"),
            Self::Char { size, chars: true } => format!("CHARC({size})"),
            Self::Char { size, chars: false } => format!("CHARB({size})"),
            Self::Raw(size) => format!("RAW({size})"),
            Self::Number { precision: None, .. } => "NUMBER".to_owned(),
            Self::Number { precision: Some(precision), scale } => format!("NUMBER({precision}, {scale})"),
            Self::Double => "BINARY_DOUBLE".to_owned(),
            Self::Date => "DATE".to_owned(),
            Self::Timestamp => "TIMESTAMP".to_owned(),
            Self::TimestampTz => "TIMESTAMPTZ".to_owned(),
            Self::Blob => "BLOB".to_owned(),
            Self::Clob => "CLOB".to_owned(),
            Self::Boolean => "BOOLEAN".to_owned(),
        }
    }

    /// Reads the output of [`Kind::declared`].
    pub fn read(declared: &str) -> Option<Self> {
        let (name, sizes) = declared.split_once('(').unwrap_or((declared, ""));
        let mut sizes = sizes.trim_end_matches(')').split(',').filter_map(|size| size.trim().parse::<i64>().ok());
        let size = sizes.next();
        let width = size.unwrap_or_default() as u32;
        Some(match name.trim() {
            "VARCHAR2C" => Self::Varchar { size: width, chars: true },
            "VARCHAR2B" => Self::Varchar { size: width, chars: false },
            "CHARC" => Self::Char { size: width, chars: true },
            "CHARB" => Self::Char { size: width, chars: false },
            "RAW" => Self::Raw(width),
            "NUMBER" => Self::Number {
                precision: size.map(|precision| precision as u32),
                scale: sizes.next().unwrap_or_default() as i32,
            },
            "BINARY_DOUBLE" => Self::Double,
            "DATE" => Self::Date,
            "TIMESTAMP" => Self::Timestamp,
            "TIMESTAMPTZ" => Self::TimestampTz,
            "BLOB" => Self::Blob,
            "CLOB" => Self::Clob,
            "BOOLEAN" => Self::Boolean,
            _ => return None,
        })
    }

    /// The SQLite expression for a CAST of a value.
    pub fn cast(&self) -> Option<&'static str> {
        match self {
            Self::Varchar { .. } | Self::Char { .. } | Self::Clob => Some("TEXT"),
            Self::Number { precision: Some(_), scale: 0 } => Some("INTEGER"),
            Self::Number { .. } => Some("NUMERIC"),
            Self::Double => Some("REAL"),
            _ => None,
        }
    }

    /// Checks that SQLite is to make, each with the number to refuse with.
    pub fn checks(&self, column: &str) -> Vec<(i32, String)> {
        let column = quoted(column);
        let typed = |types: &str| format!("typeof({column}) IN ({types}, 'null')");
        let text = (932, typed("'text'"));
        match self {
            Self::Varchar { size, chars: true } => {
                // 4000 bytes are the end, however many characters.
                vec![text, (12899, format!("length({column}) <= {size} AND octet_length({column}) <= 4000"))]
            }
            Self::Varchar { size, chars: false } => vec![text, (12899, format!("octet_length({column}) <= {size}"))],
            Self::Char { size, chars } => {
                let length = if *chars { "length" } else { "octet_length" };
                vec![text, (12899, format!("{length}({column}) <= {size}"))]
            }
            Self::Raw(size) => {
                vec![(1465, typed("'blob'")), (12899, format!("length({column}) <= {size}"))]
            }
            Self::Number { precision, scale } => {
                let mut checks = vec![(1722, typed("'integer', 'real'"))];
                if precision.is_some() && *scale >= 0 {
                    // Oracle would round; the double refuses rather than keep another number.
                    checks.push((3001, format!("typeof({column}) <> 'real' OR round({column}, {scale}) = {column}")));
                }
                if let Some(precision) = precision {
                    let whole = (i64::from(*precision) - i64::from(*scale)).max(0);
                    let limit = format!("1e{whole}");
                    checks.push((1438, format!("{column} IS NULL OR ({column} > -{limit} AND {column} < {limit})")));
                }
                checks
            }
            Self::Double => vec![(1722, typed("'integer', 'real'"))],
            Self::Date | Self::Timestamp | Self::TimestampTz => {
                vec![(1843, format!("{column} IS NULL OR {column} GLOB '[0-9][0-9][0-9][0-9]-*'"))]
            }
            Self::Blob => vec![(932, typed("'blob'"))],
            Self::Clob => vec![text],
            Self::Boolean => vec![(1722, typed("'integer'"))],
        }
    }
}

impl Parser<'_> {
    pub fn data_type(&mut self) -> Res<Kind> {
        let begin = self.offset();
        let Some(word) = self.word() else { return Err(self.refused(902)) };
        self.at += 1;
        let kind = match word {
            "VARCHAR2" | "VARCHAR" | "NVARCHAR2" => {
                let (size, chars) = self.size(Some(4000))?;
                Kind::Varchar { size, chars: chars || word == "NVARCHAR2" }
            }
            "CHAR" | "NCHAR" => {
                let (size, chars) = if self.is_op("(") { self.size(Some(2000))? } else { (1, false) };
                Kind::Char { size, chars }
            }
            "RAW" => Kind::Raw(self.size(Some(2000))?.0),
            "NUMBER" | "DECIMAL" | "NUMERIC" => self.number()?,
            "INTEGER" | "INT" | "SMALLINT" => Kind::Number { precision: Some(38), scale: 0 },
            "FLOAT" | "REAL" => Kind::Number { precision: None, scale: 0 },
            "BINARY_DOUBLE" | "BINARY_FLOAT" => Kind::Double,
            "DATE" => Kind::Date,
            "TIMESTAMP" => {
                if self.take_op("(") {
                    if self.integer(30088)? > 9 {
                        return Err(plain(30088).at(begin));
                    }
                    self.need_op(")", 907)?;
                }
                if self.take("WITH TIME ZONE") || self.take("WITH LOCAL TIME ZONE") {
                    Kind::TimestampTz
                } else {
                    Kind::Timestamp
                }
            }
            "BLOB" => Kind::Blob,
            "CLOB" | "NCLOB" => Kind::Clob,
            "BOOLEAN" if self.world.major >= 23 => Kind::Boolean,
            _ => return Err(plain(902).at(begin)),
        };
        Ok(kind)
    }

    fn size(&mut self, max: Option<u64>) -> Res<(u32, bool)> {
        self.need_op("(", 906)?;
        let begin = self.offset();
        let size = self.integer(910)?;
        let chars = self.take("CHAR");
        if !chars {
            self.take("BYTE");
        }
        self.need_op(")", 907)?;
        if size == 0 || max.is_some_and(|max| size > max) {
            return Err(plain(if size == 0 { 1723 } else { 910 }).at(begin));
        }
        Ok((size as u32, chars))
    }

    fn number(&mut self) -> Res<Kind> {
        if !self.take_op("(") {
            return Ok(Kind::Number { precision: None, scale: 0 });
        }
        let precision = if self.take_op("*") { 38 } else { self.integer(1727)? };
        if !(1..=38).contains(&precision) {
            return Err(ora(1727, "numeric precision specifier is out of range (1 to 38)"));
        }
        let mut scale = 0;
        if self.take_op(",") {
            let negative = self.take_op("-");
            scale = self.integer(1728)? as i32 * if negative { -1 } else { 1 };
        }
        self.need_op(")", 907)?;
        Ok(Kind::Number { precision: Some(precision as u32), scale })
    }
}
