//! A row or item of a file on its way to an entry.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;

use shared::limits::{BUCKETS, NAME_MAX};
use zeroize::Zeroizing;

use crate::keyring::protocol::entry::{Content, Entry, PreviousPassword};
use crate::model::entry::{FIELD_MAX, NOTE_MAX};
use crate::secret::Secret;

/// Former passwords that an entry keeps; the keyring keeps no more either.
const HISTORY_MAX: usize = 100;

/// What came of a row of a table, or of an item.
#[derive(Debug)]
pub struct ImportRow {
    /// Its place in the file, from 1; a table's header is not counted, and lines without anything are not either.
    pub number: usize,
    pub result: Result<ImportItem, RefusedRow>,
}

/// What is to become an entry. Times are in milliseconds since 1970 (UTC), as the file has them.
#[derive(Debug)]
pub struct ImportItem {
    pub content: Content,
    /// The passwords before this one, newest first; at most a hundred.
    pub history: Vec<PreviousPassword>,
    pub created_at: Option<u64>,
    /// When it was last changed.
    pub changed_at: Option<u64>,
    /// When it was put into the bin, if it was there.
    pub binned_at: Option<u64>,
    /// What a person should know of how it was read.
    pub remarks: Vec<Remark>,
}

/// A row that cannot become an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    /// Its name, cut to what a name may have; empty if it has none.
    pub name: String,
    pub why: Refusal,
}

/// Why a row cannot become an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Nothing,
    /// A field is longer than an entry's may be.
    TooLong {
        field: EntryField,
        /// How many characters (Unicode scalar values) it has.
        length: usize,
        /// How many it may have.
        max: usize,
    },
    /// All together is more than an entry may hold.
    TooLarge,
}

/// A field of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryField {
    Name,
    Username,
    Website,
    Password,
    /// The note, with all that went there.
    Note,
    Tags,
}

/// What a person should know of how a row was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// It had no name and got one.
    NamedAfter(NamedAfter),
    /// A value that has no field of its own went to the note, under this name.
    InNote(String),
    /// A passkey was left out: it is of use only to what made it.
    PasskeyLeftOut,
    /// It is of a kind that is not known; its name, note and fields were read.
    UnknownKind,
    /// The oldest former passwords were left out.
    HistoryCut { left_out: usize },
    /// The row has more or fewer cells than the table has columns: a quote may be missing nearby.
    Cells {
        found: usize,
        /// How many columns there are.
        columns: usize,
    },
    /// An earlier row holds exactly the same.
    TwiceInFile { first: usize },
}

/// What an entry without a name was named after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedAfter {
    /// The host of its website.
    Website,
    Username,
    /// Its place in the file.
    Place,
}

/// What was found, before it is looked at as a whole.
#[derive(Default)]
pub(super) struct ImportDraft {
    pub(super) name: String,
    pub(super) username: String,
    /// A name to log in with if there is no other, and what it is called.
    pub(super) spare_username: Option<(String, String)>,
    pub(super) website: String,
    pub(super) password: Secret,
    pub(super) note: Zeroizing<String>,
    /// Lines that go below the note.
    extra_lines: Zeroizing<String>,
    pub(super) tags: Vec<String>,
    pub(super) history: Vec<PreviousPassword>,
    pub(super) created_at: Option<u64>,
    pub(super) changed_at: Option<u64>,
    pub(super) binned_at: Option<u64>,
    pub(super) remarks: Vec<Remark>,
}

impl ImportDraft {
    /// Takes a value that has no field of its own into the note.
    pub(super) fn also(&mut self, label: &str, value: &str) {
        if !value.is_empty() {
            [label, ": ", value, "\n"].iter().for_each(|part| self.extra_lines.push_str(part));
            self.remark(Remark::InNote(label.to_owned()));
        }
    }

    /// Takes a line into the note that says by itself what it is.
    pub(super) fn line(&mut self, label: &str, line: &str) {
        [line, "\n"].iter().for_each(|part| self.extra_lines.push_str(part));
        self.remark(Remark::InNote(label.to_owned()));
    }

    pub(super) fn remark(&mut self, remark: Remark) {
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// Takes tags, parted by one of these: each once, without the blanks around it, as the form of an entry does.
    pub(super) fn tag(&mut self, text: &str, separators: &[char]) {
        for tag in text.split(separators).map(str::trim).filter(|tag| !tag.is_empty()) {
            if !self.tags.iter().any(|known| known == tag) {
                self.tags.push(tag.to_owned());
            }
        }
    }

    /// Takes a list of all tags, as [`super::export`] writes it: it says in which order they are.
    pub(super) fn all_tags(&mut self, list: &str) {
        let found = std::mem::take(&mut self.tags);
        self.tag(list, &[',']);
        found.iter().for_each(|tag| self.tag(tag, &[]));
    }

    /// A website; those after the first go to the note, each once.
    pub(super) fn website(&mut self, website: &str) {
        const LABEL: &str = "Website";
        if self.website.is_empty() {
            website.clone_into(&mut self.website);
        } else if self.website != website && !self.extra_lines.contains(&format!("{LABEL}: {website}\n")) {
            self.also(LABEL, website);
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
                self.also(&label, &username);
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
        let note = self.whole_note();
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
            // As long as any.
            created_at: u64::MAX,
            changed_at: u64::MAX,
            binned_at: Some(u64::MAX),
            imported_at: Some(u64::MAX),
        };
        let name = whole.content.name.clone();
        let Some((Entry { content, history, .. }, left_out)) = fitted(whole) else {
            return ImportRow { number, result: Err(RefusedRow { name, why: Refusal::TooLarge }) };
        };
        let mut item = ImportItem { content, history, created_at, changed_at, binned_at, remarks };
        if left_out > 0 {
            item.remarks.push(Remark::HistoryCut { left_out });
        }
        if let Some(first) = seen.first(print, number) {
            item.remarks.push(Remark::TwiceInFile { first });
        }
        ImportRow { number, result: Ok(item) }
    }

    /// The note, and below it the lines that go there.
    fn whole_note(&mut self) -> Secret {
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

    /// A name for what has none.
    fn other_name(&self) -> Option<(String, NamedAfter)> {
        [(host(&self.website), NamedAfter::Website), (&self.username, NamedAfter::Username)]
            .into_iter()
            .find(|(name, _)| !name.trim().is_empty() && name.chars().count() <= NAME_MAX)
            .map(|(name, after)| (name.to_owned(), after))
    }
}

/// The host of an address, without "www."; for what is no address, what stands before its first slash.
fn host(website: &str) -> &str {
    let rest = website.trim().split_once("://").map_or(website.trim(), |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let end = if host.starts_with('[') { host.find(']').map(|at| at + 1) } else { host.find(':') };
    let host = end.and_then(|end| host.get(..end)).unwrap_or(host);
    host.strip_prefix("www.").unwrap_or(host)
}

/// The entry with as many of its former passwords as fit, and how many do not; nothing if it does not fit without any.
fn fitted(mut whole: Entry) -> Option<(Entry, usize)> {
    let before = whole.history.len();
    whole.history.truncate(HISTORY_MAX);
    while !fits(&whole) {
        whole.history.pop()?;
    }
    let left_out = before - whole.history.len();
    Some((whole, left_out))
}

/// Whether it fits into the largest bucket. The keyring's document has the same fields with the same names, and leaves out
/// what is empty: it is never longer than this.
fn fits(whole: &Entry) -> bool {
    /// What comes before the document in a bucket.
    const LENGTH_LEN: usize = 4;
    /// Longest escape of an byte in JSON.
    const ESCAPE_LEN: usize = r"\u0000".len();
    /// More than all that is written around the texts, for each former password and for all else.
    const FRAME_LEN: usize = 64;
    let [.., largest] = BUCKETS;
    let Content { name, username, website, password, note, tags, rules: _ } = &whole.content;
    let texts = [name, username, website, password.expose(), note.expose()].map(str::len).into_iter().sum::<usize>()
        + tags.iter().map(|tag| tag.len() + 3).sum::<usize>()
        + whole.history.iter().map(|former| former.password.expose().len() + FRAME_LEN).sum::<usize>();
    // Nearly all are so short that nothing has to be counted.
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

/// What has been read of a file so far.
#[derive(Default)]
pub(super) struct SeenRows(HashMap<u128, usize>);

impl SeenRows {
    /// The row that held the same before.
    fn first(&mut self, print: u128, number: usize) -> Option<usize> {
        let first = *self.0.entry(print).or_insert(number);
        (first != number).then_some(first)
    }
}

/// Two of these differ if anything that would be kept does. 128 bits, so that they never meet by chance.
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
        let history = history.iter().map(|former| (former.password.expose(), former.until)).collect::<Vec<_>>();
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
