//! The file of many passwords.

use super::form::whole_number;

/// Most passwords in one file.
pub const BULK_MAX: usize = 100_000;

/// The typed number of passwords; none if it is no whole number from 1 to [`BULK_MAX`].
pub fn count(typed: &str) -> Option<usize> {
    whole_number(typed).filter(|count| (1..=BULK_MAX).contains(count))
}

/// The format of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkFormat {
    Text,
    /// Comma-separated values (RFC 4180) of one column, with its name as the first line.
    Csv,
}

impl BulkFormat {
    /// The format at an index of the choice; past its end, the first one.
    pub fn at(index: usize) -> Self {
        if index == 1 { Self::Csv } else { Self::Text }
    }

    /// The text before the passwords.
    pub fn head(self) -> &'static str {
        match self {
            Self::Text => "",
            Self::Csv => "password\r\n",
        }
    }

    /// Begins a line, to which the caller appends the password.
    pub fn open(self, file: &mut String) {
        match self {
            Self::Text => {}
            Self::Csv => file.push('"'),
        }
    }

    /// Ends the line of the password that begins at byte `start` of the file. In CSV, quotes in the password are
    /// doubled.
    pub fn close(self, start: usize, file: &mut String) {
        match self {
            Self::Text => file.push('\n'),
            Self::Csv => {
                let quotes: Vec<usize> = file[start..].match_indices('"').map(|(place, _)| start + place).collect();
                quotes.into_iter().rev().for_each(|place| file.insert(place, '"'));
                file.push_str("\"\r\n");
            }
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "passwords.txt",
            Self::Csv => "passwords.csv",
        }
    }

    pub fn kind(self) -> &'static str {
        match self {
            Self::Text => "text/plain;charset=utf-8",
            Self::Csv => "text/csv;charset=utf-8",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(format: BulkFormat, passwords: &[&str]) -> String {
        let mut file = format.head().to_owned();
        for password in passwords {
            format.open(&mut file);
            let start = file.len();
            file.push_str(password);
            format.close(start, &mut file);
        }
        file
    }

    #[test]
    fn a_count_out_of_limits_is_refused() {
        assert_eq!(count(" 100000 "), Some(100_000));
        for typed in ["0", "100001", "10000000", "99999999999999999999999", "-1", "ten", "", "1.5"] {
            assert_eq!(count(typed), None, "{typed}");
        }
    }

    #[test]
    fn quotes_are_doubled_in_csv_only() {
        assert_eq!(file(BulkFormat::Text, &["a\"b", "=1"]), "a\"b\n=1\n");
        assert_eq!(file(BulkFormat::Csv, &["a\"b\"", "x,y"]), "password\r\n\"a\"\"b\"\"\"\r\n\"x,y\"\r\n");
    }
}
