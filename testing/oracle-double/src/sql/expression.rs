//! Values and conditions. Oracle keeps them apart: a comparison is no value, and a value is no condition.

use super::{Parser, Tok, Token, TypeKind, quoted};
use crate::error::{Res, ora, unmodelled};

/// Functions whose name and meaning SQLite shares, or that only need another name.
const SAME: &[(&str, &str)] = &[
    ("ABS", "abs"),
    ("AVG", "avg"),
    ("COALESCE", "coalesce"),
    ("COUNT", "count"),
    ("HEXTORAW", "unhex"),
    ("INSTR", "instr"),
    ("LENGTHB", "octet_length"),
    ("LOWER", "lower"),
    ("LTRIM", "ltrim"),
    ("MAX", "max"),
    ("MIN", "min"),
    ("NULLIF", "nullif"),
    ("NVL", "ifnull"),
    ("RAWTOHEX", "hex"),
    ("REPLACE", "replace"),
    ("ROUND", "round"),
    ("RTRIM", "rtrim"),
    ("SIGN", "sign"),
    ("SUBSTR", "substr"),
    ("SUM", "sum"),
    ("TO_CHAR", "ora_text"),
    ("UPPER", "upper"),
];

impl Parser<'_> {
    pub fn condition(&mut self) -> Res<String> {
        let mut left = self.conjunction()?;
        while self.take("OR") {
            left = format!("({left} OR {})", self.conjunction()?);
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Res<String> {
        let mut left = self.negation()?;
        while self.take("AND") {
            left = format!("({left} AND {})", self.negation()?);
        }
        Ok(left)
    }

    fn negation(&mut self) -> Res<String> {
        if self.take("NOT") {
            return Ok(format!("(NOT {})", self.negation()?));
        }
        if self.is_op("(") {
            // Either a condition in parentheses, or a value that a comparison begins with.
            let begin = self.at;
            self.at += 1;
            let inner = self.condition();
            if let Ok(inner) = inner
                && self.take_op(")")
                && !self.compares()
            {
                return Ok(format!("({inner})"));
            }
            self.at = begin;
        }
        self.comparison()
    }

    /// Returns true if the next token is an operator that needs a value before it.
    fn compares(&self) -> bool {
        match self.tok() {
            Some(Tok::Op(op)) => !matches!(*op, ")" | "," | ";" | "%"),
            Some(Tok::Word(word)) => matches!(word.as_str(), "IS" | "IN" | "LIKE" | "BETWEEN"),
            _ => false,
        }
    }

    fn comparison(&mut self) -> Res<String> {
        if self.take("EXISTS") {
            self.need_op("(", 906)?;
            let inner = self.subquery()?;
            self.need_op(")", 907)?;
            return Ok(format!("EXISTS ({inner})"));
        }
        let begin = self.at;
        let left = self.value()?;
        if !(self.is("IS") || self.is("LIKE") || self.is("NOT")) {
            self.no_lob(begin)?;
        }
        let not = self.take("NOT");
        let negated = if not { "NOT " } else { "" };
        if self.take("IN") {
            self.need_op("(", 906)?;
            let inner = if self.is("SELECT") || self.is("WITH") {
                self.subquery()?
            } else {
                let mut values = vec![self.value()?];
                while self.take_op(",") {
                    values.push(self.value()?);
                }
                // SQLite takes a list of rows only as a table.
                if values[0].starts_with("(") && values[0].contains(", ") && left.contains(", ") {
                    format!("VALUES {}", values.join(", "))
                } else {
                    values.join(", ")
                }
            };
            self.need_op(")", 907)?;
            return Ok(format!("({left} {negated}IN ({inner}))"));
        }
        if self.take("BETWEEN") {
            let low = self.scalar()?;
            self.need("AND", 905)?;
            let high = self.scalar()?;
            return Ok(format!("({left} {negated}BETWEEN {low} AND {high})"));
        }
        if self.take("LIKE") {
            let pattern = self.value()?;
            let escape = if self.take("ESCAPE") { format!(" ESCAPE {}", self.value()?) } else { String::new() };
            return Ok(format!("({left} {negated}LIKE {pattern}{escape})"));
        }
        if not {
            return Err(self.refused(920));
        }
        if self.take("IS") {
            let negated = if self.take("NOT") { "NOT " } else { "" };
            self.need("NULL", 908)?;
            return Ok(format!("({left} IS {negated}NULL)"));
        }
        let op = match self.tok() {
            Some(Tok::Op(op @ ("=" | "<" | ">" | "<=" | ">=" | "<>"))) => *op,
            Some(Tok::Op("!=" | "^=")) => "<>",
            _ => return Err(self.refused(920)),
        };
        self.at += 1;
        Ok(format!("({left} {op} {})", self.scalar()?))
    }

    /// A value that is compared or sorted: no LOB.
    pub fn scalar(&mut self) -> Res<String> {
        let begin = self.at;
        let value = self.value()?;
        self.no_lob(begin)?;
        Ok(value)
    }

    /// Refuses if what was just read is a LOB column.
    fn no_lob(&self, begin: usize) -> Res<()> {
        let name = match &self.tokens[begin..self.at] {
            [Token { tok: Tok::Word(name), .. }] => name,
            [_, Token { tok: Tok::Op("."), .. }, Token { tok: Tok::Word(name), .. }] => name,
            _ => return Ok(()),
        };
        match self.kind_of(name) {
            Some(TypeKind::Blob | TypeKind::Clob) => {
                let text = format!("inconsistent datatypes: expected - got LOB ({name})");
                Err(ora(932, text).at(self.tokens[begin].at))
            }
            _ => Ok(()),
        }
    }

    pub fn value(&mut self) -> Res<String> {
        let mut left = self.product()?;
        loop {
            left = if self.take_op("+") {
                format!("({left} + {})", self.product()?)
            } else if self.take_op("-") {
                format!("({left} - {})", self.product()?)
            } else if self.take_op("||") {
                // Oracle's empty string is NULL, and NULL adds nothing.
                format!("nullif(ifnull(ora_text({left}), '') || ifnull(ora_text({}), ''), '')", self.product()?)
            } else {
                return Ok(left);
            };
        }
    }

    fn product(&mut self) -> Res<String> {
        let mut left = self.primary()?;
        loop {
            left = if self.take_op("*") {
                format!("({left} * {})", self.primary()?)
            } else if self.take_op("/") {
                format!("({left} * 1.0 / {})", self.primary()?)
            } else {
                return Ok(left);
            };
        }
    }

    fn primary(&mut self) -> Res<String> {
        let Some(tok) = self.tok() else { return Err(self.refused(936)) };
        match tok {
            Tok::Num(text) => {
                self.at += 1;
                Ok(text.clone())
            }
            Tok::Str(text) => {
                self.at += 1;
                Ok(if text.is_empty() { "NULL".to_owned() } else { format!("'{}'", text.replace('\'', "''")) })
            }
            Tok::Bind(_, slot) => {
                self.at += 1;
                self.narrow.push(*slot);
                Ok(format!("?{}", slot + 1))
            }
            Tok::Op("-") => {
                self.at += 1;
                Ok(format!("(-{})", self.primary()?))
            }
            Tok::Op("+") => {
                self.at += 1;
                self.primary()
            }
            Tok::Op("(") => {
                self.at += 1;
                let inner = if self.is("SELECT") || self.is("WITH") {
                    self.subquery()?
                } else {
                    let mut values = vec![self.value()?];
                    while self.take_op(",") {
                        values.push(self.value()?);
                    }
                    values.join(", ")
                };
                self.need_op(")", 907)?;
                Ok(format!("({inner})"))
            }
            Tok::Word(word) => self.word_value(word),
            Tok::Quoted(_) => self.column(),
            Tok::Op(_) => Err(self.refused(936)),
        }
    }

    fn word_value(&mut self, word: &str) -> Res<String> {
        let called = matches!(self.ahead(1), Some(Tok::Op("(")));
        let bare = match word {
            "NULL" => Some("NULL"),
            "SYSTIMESTAMP" | "CURRENT_TIMESTAMP" => Some("ora_now()"),
            "LOCALTIMESTAMP" => Some("ora_local()"),
            "SYSDATE" | "CURRENT_DATE" => Some("ora_date()"),
            "USER" => Some("ora_context('USERENV', 'SESSION_USER')"),
            "TRUE" if self.world.major >= 23 => Some("1"),
            "FALSE" if self.world.major >= 23 => Some("0"),
            "SQLCODE" if self.in_block => Some("{SQLCODE}"),
            _ => None,
        };
        if let Some(bare) = bare {
            self.at += 1;
            // SYSTIMESTAMP takes no parentheses, CURRENT_TIMESTAMP a precision.
            if called && word.ends_with("TIMESTAMP") {
                self.at += 1;
                self.integer(936)?;
                self.need_op(")", 907)?;
            }
            return Ok(bare.to_owned());
        }
        if word == "SQL" && self.in_block && matches!(self.ahead(1), Some(Tok::Op("%"))) {
            self.at += 2;
            return if self.take("ROWCOUNT") { Ok("{ROWCOUNT}".to_owned()) } else { unmodelled("this SQL% attribute") };
        }
        if let (Some(Tok::Str(text)), "DATE" | "TIMESTAMP") = (self.ahead(1), word) {
            self.at += 2;
            return literal(word, text);
        }
        match word {
            "CASE" => self.case(),
            "CAST" if called => self.cast(),
            "ROWNUM" | "INTERVAL" | "PRIOR" | "EXTRACT" | "LISTAGG" | "ROW_NUMBER" => unmodelled(word),
            _ if called => self.call(word),
            _ if matches!(self.ahead(1), Some(Tok::Op("."))) && matches!(self.ahead(3), Some(Tok::Op("("))) => {
                self.packaged()
            }
            _ => self.column(),
        }
    }

    /// A column, with or without its table.
    fn column(&mut self) -> Res<String> {
        let first = self.name(936)?;
        if !self.take_op(".") {
            return Ok(quoted(&first));
        }
        let second = self.name(904)?;
        Ok(format!("{}.{}", quoted(&first), quoted(&second)))
    }

    fn case(&mut self) -> Res<String> {
        self.at += 1;
        let mut sql = "CASE".to_owned();
        let simple = !self.is("WHEN");
        if simple {
            sql += &format!(" {}", self.value()?);
        }
        while self.take("WHEN") {
            let when = if simple { self.value()? } else { self.condition()? };
            self.need("THEN", 905)?;
            sql += &format!(" WHEN {when} THEN {}", self.value()?);
        }
        if self.take("ELSE") {
            sql += &format!(" ELSE {}", self.value()?);
        }
        self.need("END", 905)?;
        Ok(sql + " END")
    }

    fn cast(&mut self) -> Res<String> {
        self.at += 2;
        let value = self.value()?;
        self.need("AS", 905)?;
        let kind = self.data_type()?;
        self.need_op(")", 907)?;
        Ok(match kind.cast() {
            Some(affinity) => format!("CAST({value} AS {affinity})"),
            None => value,
        })
    }

    fn arguments(&mut self) -> Res<Vec<String>> {
        self.need_op("(", 906)?;
        let mut values = Vec::new();
        if self.take_op(")") {
            return Ok(values);
        }
        loop {
            values.push(if self.take_op("*") { "*".to_owned() } else { self.value()? });
            if !self.take_op(",") {
                break;
            }
        }
        self.need_op(")", 907)?;
        Ok(values)
    }

    fn call(&mut self, name: &str) -> Res<String> {
        let begin = self.offset();
        self.at += 1;
        if name == "LENGTH" {
            return self.length();
        }
        if name == "TRIM" {
            let values = self.arguments()?;
            return Ok(format!("nullif(trim({}), '')", values.join(", ")));
        }
        if matches!(name, "COUNT" | "SUM" | "MIN" | "MAX" | "AVG")
            && matches!(self.ahead(1), Some(Tok::Word(word)) if word == "DISTINCT")
        {
            self.at += 2;
            let value = self.value()?;
            self.need_op(")", 907)?;
            return Ok(format!("{}(DISTINCT {value})", name.to_lowercase()));
        }
        let values = self.arguments()?;
        let all = values.join(", ");
        let wrong = || ora(909, "invalid number of arguments");
        let at = |index: usize| values.get(index).ok_or_else(wrong);
        if let Some((_, same)) = SAME.iter().find(|(known, _)| *known == name) {
            if matches!(name, "MIN" | "MAX" | "TO_CHAR") && values.len() != 1 {
                return if name == "TO_CHAR" { unmodelled("TO_CHAR with a format") } else { Err(wrong().at(begin)) };
            }
            return Ok(format!("{same}({all})"));
        }
        Ok(match name {
            "SYS_GUID" => "randomblob(16)".to_owned(),
            "SYS_CONTEXT" => format!("ora_context({all})"),
            "NVL2" => format!("CASE WHEN {} IS NOT NULL THEN {} ELSE {} END", at(0)?, at(1)?, at(2)?),
            "MOD" => format!("({} % {})", at(0)?, at(1)?),
            "GREATEST" => format!("max({all})"),
            "LEAST" => format!("min({all})"),
            // Nothing here is below zero.
            "TRUNC" | "FLOOR" => format!("CAST({} AS INTEGER)", at(0)?),
            "TO_NUMBER" => format!("CAST({} AS NUMERIC)", at(0)?),
            // Time zones are UTC here.
            "SYS_EXTRACT_UTC" | "FROM_TZ" => at(0)?.clone(),
            "VSIZE" => format!("octet_length({})", at(0)?),
            "CONCAT" => format!("nullif(ifnull({}, '') || ifnull({}, ''), '')", at(0)?, at(1)?),
            "DECODE" => {
                let mut sql = "CASE".to_owned();
                let pairs = values.get(1..).unwrap_or_default().chunks(2);
                for pair in pairs {
                    match pair {
                        [search, result] => sql += &format!(" WHEN {} IS {search} THEN {result}", at(0)?),
                        rest => sql += &format!(" ELSE {}", rest[0]),
                    }
                }
                sql + " END"
            }
            _ => return Err(ora(904, format!("\"{name}\": invalid identifier")).at(begin)),
        })
    }

    /// LENGTH: of a RAW it is twice its bytes, for it is taken as hex digits.
    fn length(&mut self) -> Res<String> {
        let raw = match (self.ahead(1), self.ahead(2), self.ahead(3), self.ahead(4)) {
            (Some(Tok::Word(name)), Some(Tok::Op(")")), ..) => self.raw(name),
            (_, Some(Tok::Op(".")), Some(Tok::Word(name)), Some(Tok::Op(")"))) => self.raw(name),
            (Some(Tok::Word(name)), Some(Tok::Op("(")), ..) => name == "HEXTORAW" || name == "SYS_GUID",
            _ => false,
        };
        let values = self.arguments()?;
        let [value] = values.as_slice() else { return Err(self.refused(909)) };
        Ok(if raw { format!("ora_raw_length({value})") } else { format!("length({value})") })
    }

    fn raw(&self, name: &str) -> bool {
        matches!(self.kind_of(name), Some(TypeKind::Raw(_)))
    }

    fn kind_of(&self, name: &str) -> Option<TypeKind> {
        let defined = self.defined.iter().find(|(column, _)| column == name);
        defined.map(|(_, kind)| kind.clone()).or_else(|| (self.world.kind_of)(name))
    }

    /// A function of a package.
    fn packaged(&mut self) -> Res<String> {
        let begin = self.offset();
        let package = self.name(936)?;
        self.at += 1;
        let function = self.name(936)?;
        let values = self.arguments()?;
        match (format!("{package}.{function}").as_str(), values.as_slice()) {
            ("DBMS_LOB.GETLENGTH" | "UTL_RAW.LENGTH", [value]) => Ok(format!("octet_length({value})")),
            ("DBMS_LOB.COMPARE", [a, b]) => Ok(format!(
                "CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL WHEN {a} = {b} THEN 0 WHEN {a} > {b} THEN 1 ELSE -1 END"
            )),
            ("UTL_RAW.CAST_TO_RAW", [value]) => Ok(format!("CAST({value} AS BLOB)")),
            (name, _) => Err(ora(904, format!("\"{name}\": invalid identifier")).at(begin)),
        }
    }
}

/// DATE '2026-01-02' and TIMESTAMP '2026-01-02 03:04:05.6'.
fn literal(kind: &str, text: &str) -> Res<String> {
    let full = if kind == "DATE" { format!("{text} 00:00:00") } else { text.to_owned() };
    let read =
        crate::datetime::DateTime::parse(&full).ok_or_else(|| ora(1861, "literal does not match format string"))?;
    // As in the dictionary: a number of days since 1970.
    Ok(if kind == "DATE" {
        format!("(julianday('{}') - 2440587.5)", read.date())
    } else {
        format!("'{}'", read.timestamp())
    })
}
