//! Reads tables: comma-separated values (RFC 4180) and their variants.

use std::fmt;

use csv::{Reader, ReaderBuilder, StringRecord};
use zeroize::Zeroizing;

use super::bitwarden_json::TAGS;
use super::columns::{ColumnMapping, ColumnRole, TimeFormat};
use super::item::{ImportDraft, ImportRow, Remark, SeenRows};
use super::{ImportFault, ImportSource, ROWS_MAX, date, products};
use crate::secret::Secret;

/// A text that was checked to be a table, not converted yet.
pub struct Table {
    text: Zeroizing<String>,
    separator: u8,
    first: Vec<String>,
    /// The number of rows, with the first one.
    count: usize,
    source: ImportSource,
    mapping: ColumnMapping,
}

/// Hides the cells: a table without a header begins with secrets.
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
        // A header has names of columns, and no address.
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

    pub fn source(&self) -> ImportSource {
        self.source
    }

    /// The roles of the columns. They are guesses if the source is [`ImportSource::Table`].
    pub fn mapping(&self) -> &ColumnMapping {
        &self.mapping
    }

    /// The names of the columns; none for those without a name.
    pub fn names(&self, mapping: &ColumnMapping) -> Vec<Option<&str>> {
        let name = |cell| Some(str::trim(cell)).filter(|name| mapping.has_header && !name.is_empty());
        self.first.iter().map(|cell| name(cell)).collect()
    }

    /// The first rows, without the header.
    pub fn samples(&self, mapping: &ColumnMapping, most: usize) -> Vec<Vec<Secret>> {
        let cells = |record: StringRecord| record.iter().map(|cell| Secret::new(cell.to_owned())).collect();
        self.records(mapping).take(most).map(cells).collect()
    }

    /// The number of rows, without the header.
    pub fn len(&self, mapping: &ColumnMapping) -> usize {
        self.count - usize::from(mapping.has_header)
    }

    pub fn is_empty(&self, mapping: &ColumnMapping) -> bool {
        self.len(mapping) == 0
    }

    /// Converts the table row by row. `fallback` names a row without name, website and username by its number.
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
                    Some(name) => add_cell(&mut draft, role, name, cell),
                    None => add_cell(&mut draft, role, &format!("Column {}", column + 1), cell),
                }
            }
            draft.finish(number, &fallback, &mut seen)
        })
    }

    fn records(&self, mapping: &ColumnMapping) -> impl Iterator<Item = StringRecord> {
        let records = reader(&self.text, self.separator).into_records();
        // The text is valid and rows may have any length, so no error can occur.
        records.map_while(Result::ok).skip(usize::from(mapping.has_header))
    }
}

fn reader(text: &str, separator: u8) -> Reader<&[u8]> {
    ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text.as_bytes())
}

/// Removes Excel's hint at the separator, the first line "sep=;", and returns the separator.
fn take_hint(text: &mut String) -> Option<u8> {
    let [b's', b'e', b'p', b'=', separator @ (b',' | b';' | b'\t'), rest @ ..] = text.as_bytes() else { return None };
    let separator = *separator;
    let end = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    (end > 0).then(|| {
        text.drain(.."sep=;".len() + end);
        separator
    })
}

/// The separator that gives the first row the most columns.
fn likely_separator(text: &str) -> u8 {
    let columns = |separator: &u8| {
        let mut record = StringRecord::new();
        reader(text, *separator).read_record(&mut record).map_or(0, |_| record.len())
    };
    // `max_by_key` returns the last of several equal ones, the comma.
    [b'\t', b';', b','].into_iter().max_by_key(columns).unwrap_or(b',')
}

/// The line of a quote that is never closed.
fn open_quote(text: &str, separator: u8) -> Option<usize> {
    #[derive(Clone, Copy, PartialEq)]
    enum QuoteState {
        CellStart,
        Bare,
        Quoted,
        /// After a quote within quotes, which ends the cell or is the first of two that stand for one.
        AfterQuote,
    }
    let (mut state, mut line, mut opened) = (QuoteState::CellStart, 1, 1);
    for byte in text.bytes() {
        state = match (state, byte) {
            (QuoteState::CellStart, b'"') => {
                opened = line;
                QuoteState::Quoted
            }
            (QuoteState::Quoted, b'"') => QuoteState::AfterQuote,
            (QuoteState::Quoted, _) | (QuoteState::AfterQuote, b'"') => QuoteState::Quoted,
            (_, b'\r' | b'\n') => QuoteState::CellStart,
            (_, byte) if byte == separator => QuoteState::CellStart,
            _ => QuoteState::Bare,
        };
        line += usize::from(byte == b'\n');
    }
    (state == QuoteState::Quoted).then_some(opened)
}

/// The guessed roles. If several columns have a role that an entry has one field for, the first one keeps it.
fn each_once(guessed: &[Option<ColumnRole>]) -> Vec<ColumnRole> {
    let is_again = |column: usize, role: ColumnRole| {
        !matches!(role, ColumnRole::Note | ColumnRole::Tags)
            && guessed.iter().take(column).any(|earlier| *earlier == Some(role))
    };
    let role = |(column, role): (usize, &Option<ColumnRole>)| role.filter(|role| !is_again(column, *role));
    guessed.iter().enumerate().map(|column| role(column).unwrap_or(ColumnRole::ToNote)).collect()
}

/// Adds a cell that is not empty.
fn add_cell(draft: &mut ImportDraft, role: ColumnRole, label: &str, cell: &str) {
    match role {
        ColumnRole::Name if draft.name.is_empty() => cell.clone_into(&mut draft.name),
        ColumnRole::Username if draft.username.is_empty() => cell.clone_into(&mut draft.username),
        ColumnRole::Website if draft.website.is_empty() => cell.clone_into(&mut draft.website),
        ColumnRole::Password if draft.password.is_empty() => draft.password = Secret::new(cell.to_owned()),
        // A second column with the same role goes to the note.
        ColumnRole::Name | ColumnRole::Username | ColumnRole::Website | ColumnRole::Password | ColumnRole::ToNote => {
            draft.add_to_note(label, cell)
        }
        ColumnRole::Labelled(label) => draft.add_to_note(label, cell),
        ColumnRole::Note => {
            if !draft.note.is_empty() {
                draft.note.push('\n');
            }
            draft.note.push_str(cell);
        }
        ColumnRole::Tags => draft.add_tags(cell, &[',', ';']),
        ColumnRole::Folder => draft.add_tags(cell, &[',']),
        ColumnRole::Group => draft.add_tags(cell.split_once('/').map_or("", |(_, path)| path), &[',']),
        ColumnRole::Flag(tag) => {
            if ["1", "true", "yes"].iter().any(|yes| cell.trim().eq_ignore_ascii_case(yes)) {
                draft.add_tags(tag, &[]);
            }
        }
        ColumnRole::SpareUsername if draft.spare_username.is_none() => {
            draft.spare_username = Some((label.to_owned(), cell.to_owned()));
        }
        ColumnRole::SpareUsername => draft.add_to_note(label, cell),
        ColumnRole::Websites => websites(draft, cell),
        ColumnRole::Addresses => {
            cell.split('"').filter(|text| text.contains("://")).for_each(|site| draft.add_website(site))
        }
        ColumnRole::Fields => fields(draft, label, cell),
        ColumnRole::Created(format) => match milliseconds(format, cell) {
            Some(at) => draft.created_at = Some(at),
            None => draft.add_to_note(label, cell),
        },
        ColumnRole::Changed(format) => match milliseconds(format, cell) {
            Some(at) => draft.changed_at = Some(at),
            None => draft.add_to_note(label, cell),
        },
        ColumnRole::Leave => {}
    }
}

/// Reads addresses as Bitwarden does, like a row of a table within a cell. A single address stays unchanged.
fn websites(draft: &mut ImportDraft, cell: &str) {
    if !cell.contains([',', '"', '\r', '\n']) {
        draft.add_website(cell);
        return;
    }
    for site in reader(cell, b',').into_records().map_while(Result::ok) {
        // Proton Pass writes blanks between addresses.
        site.iter().enumerate().for_each(|(place, site)| {
            let site = if place > 0 { site.trim_start() } else { site };
            if !site.is_empty() {
                draft.add_website(site);
            }
        });
    }
}

fn fields(draft: &mut ImportDraft, label: &str, cell: &str) {
    for line in cell.lines().filter(|line| !line.is_empty()) {
        match line.split_once(": ") {
            Some((name, tags)) if name == TAGS => draft.set_tag_order(tags),
            Some((name, value)) if !value.is_empty() => draft.add_to_note(name, value),
            // The line continues a value with several lines.
            _ => draft.add_line(label, line),
        }
    }
}

fn milliseconds(format: TimeFormat, cell: &str) -> Option<u64> {
    match format {
        TimeFormat::Date => date::read(cell),
        TimeFormat::Seconds => cell.trim().parse::<u64>().ok()?.checked_mul(1000),
        TimeFormat::Milliseconds => cell.trim().parse().ok(),
    }
}
