//! Sentences about a file and its rows.

use crate::model::import_export::{
    BYTES_MAX, EntryField, ImportFault, ImportRow, NamedAfter, ROWS_MAX, Refusal, Remark,
};
use crate::text::{self, Msg};

const MEBIBYTE: usize = 1024 * 1024;

pub(super) fn fault(fault: ImportFault) -> String {
    let at = |text, line, column| text::with(text, &[("line", &line), ("column", &column)]);
    match fault {
        ImportFault::Empty => text::get(Msg::FileEmpty),
        ImportFault::TooLarge { bytes } => {
            text::with(Msg::FileTooLarge, &[("size", &(bytes / MEBIBYTE)), ("max", &(BYTES_MAX / MEBIBYTE))])
        }
        ImportFault::KeePassDatabase => text::get(Msg::FileKeePass),
        ImportFault::Zip => text::get(Msg::FileZip),
        ImportFault::Binary => text::get(Msg::FileBinary),
        ImportFault::NotUnicode { line } => text::with(Msg::FileNotUnicode, &[("line", &line)]),
        ImportFault::Markup => text::get(Msg::FileMarkup),
        ImportFault::JsonCutOff { line, column } => at(Msg::FileCutOff, line, column),
        ImportFault::NotJson { line, column } => at(Msg::FileNotJson, line, column),
        ImportFault::UnknownJson => text::get(Msg::FileUnknownJson),
        ImportFault::UnexpectedJson { line, column } => at(Msg::FileUnexpected, line, column),
        ImportFault::AccountEncrypted => text::get(Msg::FileAccountEncrypted),
        ImportFault::KdfOutOfRange => text::get(Msg::FileKdf),
        ImportFault::WrongPassword => text::get(Msg::ImportPasswordWrong),
        ImportFault::Damaged => text::get(Msg::FileDamaged),
        ImportFault::OpenQuote { line } => text::with(Msg::FileOpenQuote, &[("line", &line)]),
        ImportFault::NotATable => text::get(Msg::FileNotATable),
        ImportFault::NoRows => text::get(Msg::FileNoRows),
        ImportFault::TooMany { count } => text::with(Msg::FileTooMany, &[("count", &count), ("max", &ROWS_MAX)]),
    }
}

/// The number and name of a row that will not be imported, and why.
pub(super) fn refused(row: &ImportRow) -> Option<(usize, String, String)> {
    match &row.result {
        Ok(item) if item.binned_at.is_none() => None,
        Ok(item) => Some((row.number, item.content.name.clone(), text::get(Msg::RowBinned))),
        Err(refused) => Some((row.number, refused.name.clone(), refusal(refused.why))),
    }
}

fn refusal(why: Refusal) -> String {
    match why {
        Refusal::Nothing => text::get(Msg::RowNothing),
        Refusal::TooLong { field, length, max } => {
            let field = text::get(match field {
                EntryField::Name => Msg::Name,
                EntryField::Username => Msg::EntryUsername,
                EntryField::Website => Msg::Website,
                EntryField::Password => Msg::Password,
                EntryField::Note => Msg::Note,
                EntryField::Tags => Msg::Tags,
            });
            text::with(Msg::RowTooLong, &[("field", &field), ("length", &length), ("max", &max)])
        }
        Refusal::TooLarge => text::get(Msg::FaultTooLarge),
    }
}

/// Remarks on how a row was read, in one text.
pub(super) fn remarks(remarks: &[Remark]) -> String {
    let say = |remark: &Remark| match remark {
        Remark::NamedAfter(NamedAfter::Website) => Some(text::get(Msg::RowNamedWebsite)),
        Remark::NamedAfter(NamedAfter::Username) => Some(text::get(Msg::RowNamedUsername)),
        Remark::NamedAfter(NamedAfter::Place) => Some(text::get(Msg::RowNamedPlace)),
        // These are collected into one sentence below.
        Remark::InNote(_) => None,
        Remark::PasskeyLeftOut => Some(text::get(Msg::RowPasskey)),
        Remark::UnknownKind => Some(text::get(Msg::RowUnknownKind)),
        Remark::HistoryCut { left_out } => Some(text::with(Msg::RowHistoryCut, &[("count", left_out)])),
        Remark::Cells { found, columns } => Some(text::with(Msg::RowCells, &[("found", found), ("columns", columns)])),
        Remark::TwiceInFile { first } => Some(text::with(Msg::RowTwice, &[("first", first)])),
    };
    let noted: Vec<&str> = remarks
        .iter()
        .filter_map(|remark| match remark {
            Remark::InNote(what) => Some(what.as_str()),
            _ => None,
        })
        .collect();
    let noted = (!noted.is_empty()).then(|| text::with(Msg::RowInNote, &[("what", &noted.join(", "))]));
    remarks.iter().filter_map(say).chain(noted).collect::<Vec<_>>().join(" ")
}

/// A line of the list of rows that are not imported.
pub(super) fn line(number: usize, name: &str, why: &str) -> String {
    format!("{number}\t{name}\t{why}\n")
}

/// The list of rows that will not be imported, one a line.
pub(super) fn list(rows: &[ImportRow]) -> String {
    rows.iter().filter_map(refused).map(|(number, name, why)| line(number, &name, &why)).collect()
}
