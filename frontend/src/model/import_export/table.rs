//! Tables: comma-separated values (RFC 4180) and what passes for them.

use std::fmt;

use csv::{Reader, ReaderBuilder, StringRecord};
use zeroize::Zeroizing;

use super::bitwarden_json::TAGS;
use super::item::{ImportDraft, ImportRow, Remark, SeenRows};
use super::{ImportFault, ImportSource, ROWS_MAX, date, products};
use crate::secret::Secret;

/// What a column of a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnRole {
    /// The name of an entry.
    Name,
    /// The name to log in with.
    Username,
    Website,
    Password,
    /// The note. Several become one, below one another.
    Note,
    /// Words to find it by, parted by commas or semicolons.
    Tags,
    /// Goes to the note under the column's name.
    ToNote,
    Leave,

    /// A name to log in with if there is no other; otherwise it goes to the note. Products' only, as all below.
    SpareLogin,
    /// As [`ColumnRole::ToNote`], under this name.
    Labelled(&'static str),
    /// A folder, or several parted by commas: a tag each.
    Folder,
    /// KeePass's path of groups: a tag, without the outermost group, which all entries share.
    Group,
    /// If it says yes, this tag.
    Flag(&'static str),
    /// Addresses, parted by commas as if they were a row of a table; the first is the website.
    Websites,
    Addresses,
    /// Bitwarden's fields: a line each, name and value parted by a colon and a blank.
    Fields,
    Created(TimeFormat),
    /// When it was last changed.
    Changed(TimeFormat),
}

impl ColumnRole {
    /// What a person may choose from.
    pub const CHOICES: [Self; 8] =
        [Self::Name, Self::Username, Self::Website, Self::Password, Self::Note, Self::Tags, Self::ToNote, Self::Leave];
}

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeFormat {
    /// As a date (RFC 3339).
    Date,
    /// In seconds since 1970 (UTC).
    Seconds,
    /// In milliseconds since 1970 (UTC).
    Milliseconds,
}

/// What the columns of a table are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnMapping {
    /// Whether the first row names the columns.
    pub has_header: bool,
    /// What each column is. Further ones go to the note.
    pub roles: Vec<ColumnRole>,
}

/// A table, checked to be one, and not read further.
pub struct Table {
    text: Zeroizing<String>,
    separator: u8,
    first: Vec<String>,
    /// How many rows there are, with the first.
    count: usize,
    source: ImportSource,
    mapping: ColumnMapping,
}

/// Hides what is in it: a table without a header begins with secrets.
impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({} rows of {:?})", self.count, self.source)
    }
}

impl Table {
    pub(super) fn read(mut text: Zeroizing<String>) -> Result<Self, ImportFault> {
        let separator = match take_hint(&mut text) {
            Some(separator) => separator,
            None => likely_separator(&text),
        };
        if let Some(line) = open_quote(&text, separator) {
            return Err(ImportFault::OpenQuote { line });
        }
        let mut rows = reader(&text, separator);
        let mut record = StringRecord::new();
        let mut first = Vec::new();
        let mut count = 0;
        while rows.read_record(&mut record).is_ok_and(|is_there| is_there) {
            if count == 0 {
                first = record.iter().map(str::to_owned).collect();
            }
            count += 1;
        }
        let guessed: Vec<Option<ColumnRole>> = first.iter().map(|cell| products::guess(cell)).collect();
        if first.len() < 2 && guessed.iter().all(Option::is_none) {
            return Err(ImportFault::NotATable);
        }
        let known = products::known(&first);
        // A header names its columns, and holds no address.
        let has_header =
            known.is_some() || guessed.iter().any(Option::is_some) || !first.iter().any(|cell| cell.contains("://"));
        let (source, roles) = known.unwrap_or_else(|| (ImportSource::Table, each_once(&guessed)));
        let table = Self { text, separator, first, count, source, mapping: ColumnMapping { has_header, roles } };
        match table.len(&table.mapping) {
            0 => Err(ImportFault::NoRows),
            1..=ROWS_MAX => Ok(table),
            count => Err(ImportFault::TooMany { count }),
        }
    }

    #[must_use]
    pub fn source(&self) -> ImportSource {
        self.source
    }

    /// What its columns are: known, or guessed if the source is [`ImportSource::Table`].
    #[must_use]
    pub fn mapping(&self) -> &ColumnMapping {
        &self.mapping
    }

    /// What its columns are called; nothing for those without a name.
    #[must_use]
    pub fn names(&self, mapping: &ColumnMapping) -> Vec<Option<&str>> {
        let name = |cell| Some(str::trim(cell)).filter(|name| mapping.has_header && !name.is_empty());
        self.first.iter().map(|cell| name(cell)).collect()
    }

    /// The first rows as they are, without the header.
    #[must_use]
    pub fn samples(&self, mapping: &ColumnMapping, most: usize) -> Vec<Vec<Secret>> {
        let cells = |record: StringRecord| record.iter().map(|cell| Secret::new(cell.to_owned())).collect();
        self.records(mapping).take(most).map(cells).collect()
    }

    /// How many rows it has, without the header.
    #[must_use]
    pub fn len(&self, mapping: &ColumnMapping) -> usize {
        self.count - usize::from(mapping.has_header)
    }

    #[must_use]
    pub fn is_empty(&self, mapping: &ColumnMapping) -> bool {
        self.len(mapping) == 0
    }

    /// Reads it row by row. `fallback` names what has neither name nor website nor username, by its number.
    pub fn rows<'a>(
        &'a self,
        mapping: &'a ColumnMapping,
        fallback: impl Fn(usize) -> String + 'a,
    ) -> impl Iterator<Item = ImportRow> + 'a {
        let names = self.names(mapping);
        let mut seen = SeenRows::default();
        (1..).zip(self.records(mapping)).map(move |(number, record)| {
            let mut draft = ImportDraft::default();
            if record.len() != names.len() {
                draft.remark(Remark::Cells { found: record.len(), columns: names.len() });
            }
            for (column, cell) in record.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
                let role = mapping.roles.get(column).copied().unwrap_or(ColumnRole::ToNote);
                match names.get(column).copied().flatten() {
                    Some(name) => take(&mut draft, role, name, cell),
                    None => take(&mut draft, role, &format!("Column {}", column + 1), cell),
                }
            }
            draft.finish(number, &fallback, &mut seen)
        })
    }

    fn records(&self, mapping: &ColumnMapping) -> impl Iterator<Item = StringRecord> {
        let records = reader(&self.text, self.separator).into_records();
        // Text that is valid, in rows of any length: there is nothing left that could be wrong.
        records.map_while(Result::ok).skip(usize::from(mapping.has_header))
    }
}

fn reader(text: &str, separator: u8) -> Reader<&[u8]> {
    ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text.as_bytes())
}

/// Excel's hint at the separator, "sep=;" as the first line, is taken off.
fn take_hint(text: &mut String) -> Option<u8> {
    let [b's', b'e', b'p', b'=', separator @ (b',' | b';' | b'\t'), rest @ ..] = text.as_bytes() else { return None };
    let separator = *separator;
    let end = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    (end > 0).then(|| {
        text.drain(.."sep=;".len() + end);
        separator
    })
}

/// The separator that makes most columns of the first row.
fn likely_separator(text: &str) -> u8 {
    let columns = |separator: &u8| {
        let mut record = StringRecord::new();
        reader(text, *separator).read_record(&mut record).map_or(0, |_| record.len())
    };
    // The last of equals counts.
    [b'\t', b';', b','].into_iter().max_by_key(columns).unwrap_or(b',')
}

/// The line of the quote that is never closed.
fn open_quote(text: &str, separator: u8) -> Option<usize> {
    #[derive(Clone, Copy, PartialEq)]
    enum At {
        Start,
        Bare,
        Quoted,
        /// Behind a quote within quotes: the end, or the first of two that stand for one.
        Quote,
    }
    let (mut at, mut line, mut opened) = (At::Start, 1, 1);
    for byte in text.bytes() {
        at = match (at, byte) {
            (At::Start, b'"') => {
                opened = line;
                At::Quoted
            }
            (At::Quoted, b'"') => At::Quote,
            (At::Quoted, _) | (At::Quote, b'"') => At::Quoted,
            (_, b'\r' | b'\n') => At::Start,
            (_, byte) if byte == separator => At::Start,
            _ => At::Bare,
        };
        line += usize::from(byte == b'\n');
    }
    (at == At::Quoted).then_some(opened)
}

/// The guessed roles; of those that an entry has one field for, the first of each.
fn each_once(guessed: &[Option<ColumnRole>]) -> Vec<ColumnRole> {
    let is_again = |column: usize, role: ColumnRole| {
        !matches!(role, ColumnRole::Note | ColumnRole::Tags)
            && guessed.iter().take(column).any(|earlier| *earlier == Some(role))
    };
    let role = |(column, role): (usize, &Option<ColumnRole>)| role.filter(|role| !is_again(column, *role));
    guessed.iter().enumerate().map(|column| role(column).unwrap_or(ColumnRole::ToNote)).collect()
}

/// Takes a cell that is not empty.
fn take(draft: &mut ImportDraft, role: ColumnRole, label: &str, cell: &str) {
    match role {
        ColumnRole::Name if draft.name.is_empty() => cell.clone_into(&mut draft.name),
        ColumnRole::Username if draft.username.is_empty() => cell.clone_into(&mut draft.username),
        ColumnRole::Website if draft.website.is_empty() => cell.clone_into(&mut draft.website),
        ColumnRole::Password if draft.password.is_empty() => draft.password = Secret::new(cell.to_owned()),
        // A second one of the same.
        ColumnRole::Name | ColumnRole::Username | ColumnRole::Website | ColumnRole::Password | ColumnRole::ToNote => {
            draft.also(label, cell)
        }
        ColumnRole::Labelled(label) => draft.also(label, cell),
        ColumnRole::Note => {
            if !draft.note.is_empty() {
                draft.note.push('\n');
            }
            draft.note.push_str(cell);
        }
        ColumnRole::Tags => draft.tag(cell, &[',', ';']),
        ColumnRole::Folder => draft.tag(cell, &[',']),
        ColumnRole::Group => draft.tag(cell.split_once('/').map_or("", |(_, path)| path), &[',']),
        ColumnRole::Flag(tag) => {
            if ["1", "true", "yes"].iter().any(|yes| cell.trim().eq_ignore_ascii_case(yes)) {
                draft.tag(tag, &[]);
            }
        }
        ColumnRole::SpareLogin if draft.spare_username.is_none() => {
            draft.spare_username = Some((label.to_owned(), cell.to_owned()));
        }
        ColumnRole::SpareLogin => draft.also(label, cell),
        ColumnRole::Websites => websites(draft, cell),
        ColumnRole::Addresses => {
            cell.split('"').filter(|text| text.contains("://")).for_each(|site| draft.website(site))
        }
        ColumnRole::Fields => fields(draft, label, cell),
        ColumnRole::Created(clock) => match milliseconds(clock, cell) {
            Some(at) => draft.created_at = Some(at),
            None => draft.also(label, cell),
        },
        ColumnRole::Changed(clock) => match milliseconds(clock, cell) {
            Some(at) => draft.changed_at = Some(at),
            None => draft.also(label, cell),
        },
        ColumnRole::Leave => {}
    }
}

/// As Bitwarden reads them: a row of a table within a cell. What is one address stays as it is.
fn websites(draft: &mut ImportDraft, cell: &str) {
    if !cell.contains([',', '"', '\r', '\n']) {
        draft.website(cell);
        return;
    }
    for site in reader(cell, b',').into_records().map_while(Result::ok) {
        // Proton Pass has blanks between them.
        site.iter().enumerate().for_each(|(place, site)| {
            let site = if place > 0 { site.trim_start() } else { site };
            if !site.is_empty() {
                draft.website(site);
            }
        });
    }
}

fn fields(draft: &mut ImportDraft, label: &str, cell: &str) {
    for line in cell.lines().filter(|line| !line.is_empty()) {
        match line.split_once(": ") {
            Some((name, tags)) if name == TAGS => draft.all_tags(tags),
            Some((name, value)) if !value.is_empty() => draft.also(name, value),
            // Of a value with several lines.
            _ => draft.line(label, line),
        }
    }
}

fn milliseconds(clock: TimeFormat, cell: &str) -> Option<u64> {
    match clock {
        TimeFormat::Date => date::read(cell),
        TimeFormat::Seconds => cell.trim().parse::<u64>().ok()?.checked_mul(1000),
        TimeFormat::Milliseconds => cell.trim().parse().ok(),
    }
}
