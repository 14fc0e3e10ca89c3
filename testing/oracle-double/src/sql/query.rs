//! SELECT.

use super::{Parser, Plan, Query, Tok, dictionary, quoted};
use crate::error::{Res, ora, plain};

impl Parser<'_> {
    pub fn query(&mut self) -> Res<Query> {
        let begin = self.at;
        let sql = self.subquery()?;
        let unlockable = self.unlockable(begin);
        if !self.take("FOR UPDATE") {
            return Ok(Query { sql, lock: None, narrow: std::mem::take(&mut self.narrow) });
        }
        if let Some(code) = unlockable {
            return Err(self.refused(code));
        }
        if self.take("OF") {
            self.value()?;
            while self.take_op(",") {
                self.value()?;
            }
        }
        let wait = self.wait()?;
        Ok(Query { sql, lock: Some(wait), narrow: std::mem::take(&mut self.narrow) })
    }

    /// Time to wait for a lock.
    fn wait(&mut self) -> Res<Option<u64>> {
        Ok(if self.take("NOWAIT") || self.take("SKIP LOCKED") {
            Some(0)
        } else if self.take("WAIT") {
            Some(self.integer(30005)?)
        } else {
            None
        })
    }

    /// LOCK TABLE ... IN ... MODE.
    pub fn lock_table(&mut self) -> Res<Plan> {
        self.at += 1;
        self.need("TABLE", 905)?;
        let table = self.table_name(903)?;
        self.need("IN", 905)?;
        while self.take("ROW") || self.take("SHARE") || self.take("UPDATE") || self.take("EXCLUSIVE") {}
        self.need("MODE", 905)?;
        Ok(Plan::Lock(table, self.wait()?))
    }

    /// Why the rows of the query just read cannot be locked, if they cannot.
    fn unlockable(&self, begin: usize) -> Option<i32> {
        let mut depth = 0;
        self.tokens[begin..self.at].iter().find_map(|token| {
            match &token.tok {
                Tok::Op("(") => depth += 1,
                Tok::Op(")") => depth -= 1,
                Tok::Word(word) if depth == 0 => match word.as_str() {
                    "DISTINCT" | "GROUP" | "FETCH" | "OFFSET" => return Some(2014),
                    "UNION" | "MINUS" | "INTERSECT" | "COUNT" | "MAX" | "MIN" | "SUM" | "AVG" => return Some(1786),
                    _ => {}
                },
                _ => {}
            }
            None
        })
    }

    /// A SELECT without FOR UPDATE, as it may stand in parentheses.
    pub fn subquery(&mut self) -> Res<String> {
        let mut sql = String::new();
        if self.take("WITH") {
            let mut parts = Vec::new();
            loop {
                let name = self.name(904)?;
                let columns =
                    if self.is_op("(") { format!(" ({})", super::listed(&self.names()?)) } else { String::new() };
                self.need("AS", 905)?;
                self.need_op("(", 906)?;
                let inner = self.subquery()?;
                self.need_op(")", 907)?;
                parts.push(format!("{}{columns} AS ({inner})", quoted(&name)));
                if !self.take_op(",") {
                    break;
                }
            }
            sql = format!("WITH {} ", parts.join(", "));
        }
        sql += &self.select()?;
        loop {
            let operator = if self.take("UNION ALL") {
                "UNION ALL"
            } else if self.take("UNION") {
                "UNION"
            } else if self.take("INTERSECT") {
                "INTERSECT"
            } else if self.take("MINUS") {
                "EXCEPT"
            } else {
                break;
            };
            sql += &format!(" {operator} {}", self.select()?);
        }
        if self.take("ORDER BY") {
            let mut keys = Vec::new();
            loop {
                let mut key = self.scalar()?;
                let down = self.take("DESC");
                if !down {
                    self.take("ASC");
                }
                // NULL is the largest value in Oracle, the smallest in SQLite.
                let last = if self.take("NULLS LAST") {
                    true
                } else if self.take("NULLS FIRST") {
                    false
                } else {
                    !down
                };
                key += if down { " DESC" } else { " ASC" };
                key += if last { " NULLS LAST" } else { " NULLS FIRST" };
                keys.push(key);
                if !self.take_op(",") {
                    break;
                }
            }
            sql += &format!(" ORDER BY {}", keys.join(", "));
        }
        let mut offset = None;
        if self.take("OFFSET") {
            offset = Some(self.value()?);
            if !self.take("ROWS") {
                self.need("ROW", 933)?;
            }
        }
        let mut limit = None;
        if self.take("FETCH") {
            if !self.take("FIRST") {
                self.need("NEXT", 933)?;
            }
            limit = Some(if self.is("ROW") || self.is("ROWS") { "1".to_owned() } else { self.value()? });
            if !self.take("ROWS") {
                self.need("ROW", 905)?;
            }
            self.need("ONLY", 905)?;
        }
        if limit.is_some() || offset.is_some() {
            sql += &format!(" LIMIT {}", limit.unwrap_or_else(|| "-1".to_owned()));
        }
        if let Some(offset) = offset {
            sql += &format!(" OFFSET {offset}");
        }
        Ok(sql)
    }

    fn select(&mut self) -> Res<String> {
        if self.take_op("(") {
            let inner = self.subquery()?;
            self.need_op(")", 907)?;
            return Ok(format!("SELECT * FROM ({inner})"));
        }
        self.need("SELECT", 900)?;
        let mut sql = "SELECT ".to_owned();
        if self.take("DISTINCT") || self.take("UNIQUE") {
            sql += "DISTINCT ";
        } else {
            self.take("ALL");
        }
        let (list, mixed) = self.select_list()?;
        sql += &list;
        if self.in_block && self.is("INTO") && self.into.is_none() {
            self.into = Some(self.binds_after_into()?);
        }
        if self.take("FROM") {
            sql += &format!(" FROM {}", self.from()?);
        } else if self.world.major < 23 || !self.may_end_here() {
            return Err(self.refused(923));
        }
        if self.take("WHERE") {
            sql += &format!(" WHERE {}", self.condition()?);
        }
        if let Some(offset) = mixed.filter(|_| !self.is("GROUP")) {
            return Err(ora(937, "not a single-group group function").at(offset));
        }
        if self.take("GROUP BY") {
            let mut keys = vec![self.scalar()?];
            while self.take_op(",") {
                keys.push(self.scalar()?);
            }
            sql += &format!(" GROUP BY {}", keys.join(", "));
        }
        if self.take("HAVING") {
            sql += &format!(" HAVING {}", self.condition()?);
        }
        Ok(sql)
    }

    /// Returns true if a SELECT without FROM ends here.
    fn may_end_here(&self) -> bool {
        match self.tok() {
            None | Some(Tok::Op(")" | ";")) => true,
            Some(Tok::Word(word)) => {
                matches!(
                    word.as_str(),
                    "WHERE" | "UNION" | "INTERSECT" | "MINUS" | "ORDER" | "FETCH" | "OFFSET" | "FOR"
                )
            }
            _ => false,
        }
    }

    /// Reads the select list, up to FROM. Also returns the position of a plain column beside an aggregate, if there is
    /// one.
    fn select_list(&mut self) -> Res<(String, Option<usize>)> {
        let mut items = Vec::new();
        let (mut column, mut aggregate) = (None, false);
        loop {
            let begin = self.at;
            items.push(self.select_item()?);
            let first = &self.tokens[begin];
            match (&first.tok, self.tokens.get(begin + 1).map(|token| &token.tok)) {
                (Tok::Word(word), Some(Tok::Op("("))) => {
                    aggregate |= matches!(word.as_str(), "COUNT" | "MAX" | "MIN" | "SUM" | "AVG");
                }
                (Tok::Word(_), Some(Tok::Op("." | ",") | Tok::Word(_))) => column = column.or(Some(first.at)),
                _ => {}
            }
            if !self.take_op(",") {
                return Ok((items.join(", "), column.filter(|_| aggregate)));
            }
        }
    }

    fn select_item(&mut self) -> Res<String> {
        if self.take_op("*") {
            return Ok("*".to_owned());
        }
        if let (Some(Tok::Word(table)), Some(Tok::Op(".")), Some(Tok::Op("*"))) =
            (self.tok(), self.ahead(1), self.ahead(2))
        {
            self.at += 3;
            return Ok(format!("{}.*", quoted(table)));
        }
        let begin = self.at;
        let value = self.value()?;
        let expression = &self.tokens[begin..self.at];
        if self.take("AS") {
            return Ok(format!("{value} AS {}", quoted(&self.name(923)?)));
        }
        let alias = match self.tok() {
            Some(Tok::Quoted(_)) => true,
            Some(Tok::Word(word)) => {
                !super::RESERVED.contains(&word.as_str()) && !matches!(word.as_str(), "FETCH" | "OFFSET")
            }
            _ => false,
        };
        if alias {
            return Ok(format!("{value} AS {}", quoted(&self.name(923)?)));
        }
        // An expression is named by its own text, without spaces.
        if matches!(expression.last().map(|token| &token.tok), Some(Tok::Word(_) | Tok::Quoted(_)))
            && expression.len() < 4
        {
            return Ok(value);
        }
        let name: String = expression.iter().map(|token| show(&token.tok)).collect();
        Ok(format!("{value} AS {}", quoted(&name)))
    }

    fn from(&mut self) -> Res<String> {
        let mut sql = self.source()?;
        loop {
            if self.take_op(",") {
                sql += &format!(", {}", self.source()?);
                continue;
            }
            let join = if self.take("CROSS JOIN") {
                sql += &format!(" CROSS JOIN {}", self.source()?);
                continue;
            } else if self.take("LEFT OUTER JOIN") || self.take("LEFT JOIN") {
                "LEFT JOIN"
            } else if self.take("RIGHT OUTER JOIN") || self.take("RIGHT JOIN") {
                "RIGHT JOIN"
            } else if self.take("INNER JOIN") || self.take("JOIN") {
                "JOIN"
            } else {
                return Ok(sql);
            };
            sql += &format!(" {join} {}", self.source()?);
            if self.is("USING") {
                self.at += 1;
                sql += &format!(" USING ({})", super::listed(&self.names()?));
            } else {
                self.need("ON", 905)?;
                sql += &format!(" ON {}", self.condition()?);
            }
        }
    }

    fn source(&mut self) -> Res<String> {
        let sql = if self.take_op("(") {
            let inner = self.subquery()?;
            self.need_op(")", 907)?;
            format!("({inner})")
        } else {
            let name = self.table_name(903)?;
            match dictionary::view(&name) {
                Some(view) => {
                    // Columns may be named with the view's own name before them.
                    let alias = self.alias()?.unwrap_or(name);
                    return Ok(format!("({view}) AS {}", quoted(&alias)));
                }
                None => quoted(&name),
            }
        };
        Ok(match self.alias()? {
            Some(alias) => format!("{sql} AS {}", quoted(&alias)),
            None => sql,
        })
    }

    /// A table's other name; Oracle has no AS before it.
    pub fn alias(&mut self) -> Res<Option<String>> {
        match self.tok() {
            Some(Tok::Word(word)) if word == "AS" => Err(plain(933).at(self.offset())),
            Some(Tok::Word(word))
                if !super::RESERVED.contains(&word.as_str())
                    && !matches!(
                        word.as_str(),
                        "JOIN"
                            | "LEFT"
                            | "RIGHT"
                            | "INNER"
                            | "CROSS"
                            | "FULL"
                            | "NATURAL"
                            | "USING"
                            | "FETCH"
                            | "OFFSET"
                            | "RETURNING"
                            | "RETURN"
                            | "LIMIT"
                            | "STRICT"
                    ) =>
            {
                self.at += 1;
                Ok(Some(word.clone()))
            }
            Some(Tok::Quoted(name)) => {
                self.at += 1;
                Ok(Some(name.clone()))
            }
            _ => Ok(None),
        }
    }

    /// `RETURNING values INTO binds`: what SQLite is to return, and into which slots.
    pub fn returning(&mut self) -> Res<(String, Vec<usize>)> {
        if !self.take("RETURNING") && !self.take("RETURN") {
            return Ok((String::new(), Vec::new()));
        }
        let mut values = vec![self.value()?];
        while self.take_op(",") {
            values.push(self.value()?);
        }
        let slots = self.binds_after_into()?;
        if slots.len() != values.len() {
            return Err(ora(if slots.len() < values.len() { 947 } else { 913 }, "RETURNING INTO does not match"));
        }
        Ok((format!(" RETURNING {}", values.join(", ")), slots))
    }

    /// `INTO :a, :b`.
    pub fn binds_after_into(&mut self) -> Res<Vec<usize>> {
        self.need("INTO", 925)?;
        let mut slots = Vec::new();
        loop {
            match self.tok() {
                Some(Tok::Bind(_, slot)) => slots.push(*slot),
                _ => return Err(self.refused(1036)),
            }
            self.at += 1;
            if !self.take_op(",") {
                return Ok(slots);
            }
        }
    }
}

fn show(tok: &Tok) -> String {
    match tok {
        Tok::Word(word) => word.clone(),
        Tok::Quoted(name) => format!("\"{name}\""),
        Tok::Num(number) => number.clone(),
        Tok::Str(text) => format!("'{text}'"),
        Tok::Bind(name, _) => format!(":{name}"),
        Tok::Op(op) => (*op).to_owned(),
    }
}
