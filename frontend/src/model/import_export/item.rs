//! Converts a row or item of a file into the content of an entry.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;

use shared::limits::{BUCKETS, NAME_MAX};
use zeroize::Zeroizing;

use crate::keyring::protocol::entry::{Content, Entry, PreviousPassword};
use crate::model::entry::{FIELD_MAX, NOTE_MAX};
use crate::secret::Secret;

/// Most previous passwords of an entry, as in the keyring.
const HISTORY_MAX: usize = 100;

/// The result for a row of a table, or for an item.
#[derive(Debug)]
pub struct ImportRow {
    /// The position in the file, from 1, without the header and empty lines of a table.
    pub number: usize,
    pub result: Result<ConvertedEntry, RefusedRow>,
}

/// The entry that a row becomes, before the keyring seals it. Times are those of the file, in milliseconds since 1970 (UTC).
#[derive(Debug)]
pub struct ConvertedEntry {
    pub content: Content,
    /// The passwords before this one, newest first; at most a hundred.
    pub history: Vec<PreviousPassword>,
    pub created_at: Option<u64>,
    pub changed_at: Option<u64>,
    /// The time of moving it to the bin, if it is there.
    pub binned_at: Option<u64>,
    pub remarks: Vec<Remark>,
}

/// A row that cannot become an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    /// The name, cut to the longest one allowed; empty if it has none.
    pub name: String,
    pub why: Refusal,
}

/// The reason for which a row cannot become an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Nothing,
    /// A field is too long.
    TooLong {
        field: EntryField,
        /// Characters (Unicode scalar values) of the field.
        length: usize,
        /// Most characters of the field.
        max: usize,
    },
    /// All fields together are too large for an entry.
    TooLarge,
}

/// A field of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryField {
    Name,
    Username,
    Website,
    Password,
    /// The note, with all lines added to it.
    Note,
    Tags,
}

/// A remark for the person on the conversion of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// It had no name and was given one.
    NamedAfter(NamedAfter),
    /// A value without a field in an entry went to the note, under this name.
    InNote(String),
    /// A passkey was left out, because only the program that made it can use it.
    PasskeyLeftOut,
    /// It is of an unknown kind; its name, note and fields were read.
    UnknownKind,
    /// The oldest previous passwords were left out.
    HistoryCut { left_out: usize },
    /// The row has more or fewer cells than the table has columns: a quote may be missing nearby.
    Cells {
        found: usize,
        /// The number of columns of the table.
        columns: usize,
    },
    /// An earlier row is exactly the same.
    TwiceInFile { first: usize },
}

/// The origin of a name given to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedAfter {
    /// The host of its website.
    Website,
    Username,
    /// Its position in the file.
    Place,
}

/// The values of a row, before they are checked as a whole.
#[derive(Default)]
pub(super) struct ImportDraft {
    pub(super) name: String,
    pub(super) username: String,
    /// The label and value of a username to use if there is no other.
    pub(super) spare_username: Option<(String, String)>,
    pub(super) website: String,
    pub(super) password: Secret,
    pub(super) note: Zeroizing<String>,
    /// Lines to add below the note.
    extra_lines: Zeroizing<String>,
    pub(super) tags: Vec<String>,
    pub(super) history: Vec<PreviousPassword>,
    pub(super) created_at: Option<u64>,
    pub(super) changed_at: Option<u64>,
    pub(super) binned_at: Option<u64>,
    pub(super) remarks: Vec<Remark>,
}

impl ImportDraft {
    /// Adds a value without a field in an entry to the note.
    pub(super) fn add_to_note(&mut self, label: &str, value: &str) {
        if !value.is_empty() {
            [label, ": ", value, "\n"].iter().for_each(|part| self.extra_lines.push_str(part));
            self.remark(Remark::InNote(label.to_owned()));
        }
    }

    /// Adds a line to the note that needs no label.
    pub(super) fn add_line(&mut self, label: &str, line: &str) {
        [line, "\n"].iter().for_each(|part| self.extra_lines.push_str(part));
        self.remark(Remark::InNote(label.to_owned()));
    }

    pub(super) fn remark(&mut self, remark: Remark) {
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// Adds tags between these separators, each once and without the blanks around it, like the form of an entry.
    pub(super) fn add_tags(&mut self, text: &str, separators: &[char]) {
        for tag in text.split(separators).map(str::trim).filter(|tag| !tag.is_empty()) {
            if !self.tags.iter().any(|known| known == tag) {
                self.tags.push(tag.to_owned());
            }
        }
    }

    /// Adds the list of all tags that [`super::export`] writes, which gives their order.
    pub(super) fn set_tag_order(&mut self, list: &str) {
        let found = std::mem::take(&mut self.tags);
        self.add_tags(list, &[',']);
        found.iter().for_each(|tag| self.add_tags(tag, &[]));
    }

    /// Adds a website. Those after the first one go to the note, each once.
    pub(super) fn add_website(&mut self, website: &str) {
        const LABEL: &str = "Website";
        if self.website.is_empty() {
            website.clone_into(&mut self.website);
        } else if self.website != website && !self.extra_lines.contains(&format!("{LABEL}: {website}\n")) {
            self.add_to_note(LABEL, website);
        }
    }

    pub(super) fn finish(
        mut self,
        number: usize,
        fallback: &impl Fn(usize) -> String,
        seen: &mut SeenRows,
    ) -> ImportRow {
        if let Some((label, username)) = self.spare_username.take() {
            if self.username.is_empty() {
                self.username = username;
            } else if self.username != username {
                self.add_to_note(&label, &username);
            }
        }
        let is_nothing =
            [&self.name, &self.username, &self.website, &*self.note, &*self.extra_lines, self.password.expose()]
                .into_iter()
                .all(|text| text.trim().is_empty());
        let why = if is_nothing && self.history.is_empty() { Some(Refusal::Nothing) } else { self.too_long() };
        if let Some(why) = why {
            let name = self.name.chars().take(NAME_MAX).collect();
            return ImportRow { number, result: Err(RefusedRow { name, why }) };
        }
        let note = self.note_with_extra_lines();
        let print = fingerprint(&self, note.expose());
        if self.name.trim().is_empty() {
            let (name, after) = self.other_name().unwrap_or_else(|| (fallback(number), NamedAfter::Place));
            self.name = name;
            self.remark(Remark::NamedAfter(after));
        }
        let Self {
            name,
            username,
            spare_username: _,
            website,
            password,
            note: _,
            extra_lines: _,
            tags,
            history,
            created_at,
            changed_at,
            binned_at,
            remarks,
        } = self;
        let content = Content { name, username, website, password, note, tags, rules: None };
        let whole = Entry {
            content,
            history,
            // The longest times, for the check of the size.
            created_at: u64::MAX,
            changed_at: u64::MAX,
            binned_at: Some(u64::MAX),
            imported_at: Some(u64::MAX),
        };
        let name = whole.content.name.clone();
        let Some((Entry { content, history, .. }, left_out)) = fitted(whole) else {
            return ImportRow { number, result: Err(RefusedRow { name, why: Refusal::TooLarge }) };
        };
        let mut item = ConvertedEntry { content, history, created_at, changed_at, binned_at, remarks };
        if left_out > 0 {
            item.remarks.push(Remark::HistoryCut { left_out });
        }
        if let Some(first) = seen.first(print, number) {
            item.remarks.push(Remark::TwiceInFile { first });
        }
        ImportRow { number, result: Ok(item) }
    }

    /// The note with the extra lines.
    fn note_with_extra_lines(&mut self) -> Secret {
        let mut note = String::with_capacity(self.note.len() + 1 + self.extra_lines.len());
        note.push_str(&self.note);
        if !self.extra_lines.is_empty() {
            if !note.is_empty() && !note.ends_with('\n') {
                note.push('\n');
            }
            note.push_str(self.extra_lines.trim_end_matches('\n'));
        }
        Secret::new(note)
    }

    /// The first field that is too long, from top to bottom.
    fn too_long(&self) -> Option<Refusal> {
        let count = |text: &str| text.chars().count();
        let tags = self.tags.iter().map(|tag| count(tag) + ", ".len()).sum::<usize>().saturating_sub(", ".len());
        let gap = usize::from(!self.note.is_empty() && !self.note.ends_with('\n') && !self.extra_lines.is_empty());
        [
            (EntryField::Name, count(&self.name), NAME_MAX),
            (EntryField::Username, count(&self.username), FIELD_MAX),
            (EntryField::Website, count(&self.website), FIELD_MAX),
            (EntryField::Password, count(self.password.expose()), FIELD_MAX),
            (EntryField::Note, count(&self.note) + gap + count(self.extra_lines.trim_end_matches('\n')), NOTE_MAX),
            (EntryField::Tags, tags, FIELD_MAX),
        ]
        .into_iter()
        .find(|(_, length, max)| length > max)
        .map(|(field, length, max)| Refusal::TooLong { field, length, max })
    }

    /// A name for an entry without one.
    fn other_name(&self) -> Option<(String, NamedAfter)> {
        [(host(&self.website), NamedAfter::Website), (&self.username, NamedAfter::Username)]
            .into_iter()
            .find(|(name, _)| !name.trim().is_empty() && name.chars().count() <= NAME_MAX)
            .map(|(name, after)| (name.to_owned(), after))
    }
}

/// The host of an address without "www."; the text before the first slash if it is no address.
fn host(website: &str) -> &str {
    let rest = website.trim().split_once("://").map_or(website.trim(), |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let end = if host.starts_with('[') { host.find(']').map(|at| at + 1) } else { host.find(':') };
    let host = end.and_then(|end| host.get(..end)).unwrap_or(host);
    host.strip_prefix("www.").unwrap_or(host)
}

/// The entry with as many previous passwords as fit, and the number left out; none if it does not fit without any.
fn fitted(mut whole: Entry) -> Option<(Entry, usize)> {
    let before = whole.history.len();
    whole.history.truncate(HISTORY_MAX);
    while !fits(&whole) {
        whole.history.pop()?;
    }
    let left_out = before - whole.history.len();
    Some((whole, left_out))
}

/// True if an entry fits into the largest bucket. The keyring's document has the same fields with the same names and
/// leaves out empty ones, so it is never longer than this JSON.
fn fits(whole: &Entry) -> bool {
    /// The length before the document in a bucket.
    const LENGTH_LEN: usize = 4;
    /// The longest escape of a byte in JSON.
    const ESCAPE_LEN: usize = r"\u0000".len();
    /// More than the JSON around the texts of one previous password, or a tenth of that around all others.
    const FRAME_LEN: usize = 64;
    let [.., largest] = BUCKETS;
    let Content { name, username, website, password, note, tags, rules: _ } = &whole.content;
    let texts = [name, username, website, password.expose(), note.expose()].map(str::len).into_iter().sum::<usize>()
        + tags.iter().map(|tag| tag.len() + 3).sum::<usize>()
        + whole.history.iter().map(|previous| previous.password.expose().len() + FRAME_LEN).sum::<usize>();
    // Nearly all entries are so short that the JSON need not be written.
    if texts * ESCAPE_LEN + 10 * FRAME_LEN <= largest {
        return true;
    }
    let mut count = ByteCounter(LENGTH_LEN);
    serde_json::to_writer(&mut count, whole).is_ok() && count.0 <= largest
}

struct ByteCounter(usize);

impl io::Write for ByteCounter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The rows read so far, by their fingerprints.
#[derive(Default)]
pub(super) struct SeenRows(HashMap<u128, usize>);

impl SeenRows {
    /// The earlier row that is the same, if any.
    fn first(&mut self, print: u128, number: usize) -> Option<usize> {
        let first = *self.0.entry(print).or_insert(number);
        (first != number).then_some(first)
    }
}

/// A hash of everything that the entry stores. It has 128 bits, so that different rows never collide by chance.
fn fingerprint(draft: &ImportDraft, note: &str) -> u128 {
    // Times and remarks do not distinguish rows. `note` has the extra lines too.
    let ImportDraft {
        name,
        username,
        spare_username: _,
        website,
        password,
        note: _,
        extra_lines: _,
        tags,
        history,
        created_at: _,
        changed_at: _,
        binned_at: _,
        remarks: _,
    } = draft;
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        let history = history.iter().map(|previous| (previous.password.expose(), previous.until)).collect::<Vec<_>>();
        (salt, name, username, website, password.expose(), note, tags, history).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_found() {
        for (website, expected) in [
            ("https://www.a.example/x?y#z", "a.example"),
            ("https://ada:pw@a.example:8443", "a.example"),
            ("a.example/login", "a.example"),
            (" http://[::1]:80/ ", "[::1]"),
            ("http://[::1", "[::1"),
            ("android://hash==@com.example.app/", "com.example.app"),
            ("https://例え.jp", "例え.jp"),
            ("", ""),
            ("https://", ""),
        ] {
            assert_eq!(host(website), expected, "{website}");
        }
    }
}
