//! The roles of a table's columns. They come from a product, from a guess, or from a person.

/// The role of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnRole {
    Name,
    Username,
    Website,
    Password,
    /// The note. Several are joined by line breaks.
    Note,
    /// Tags, separated by commas or semicolons.
    Tags,
    /// Added to the note under the column's name.
    ToNote,
    Leave,

    /// The username if there is no other; otherwise it goes to the note. Only products have this role and those below.
    SpareUsername,
    /// As [`ColumnRole::ToNote`], under this name.
    Labelled(&'static str),
    /// Folders, separated by commas. Each becomes a tag.
    Folder,
    /// KeePass's path of groups. It becomes a tag without the outermost group, which all entries share.
    Group,
    /// The tag to add if the cell says yes.
    Flag(&'static str),
    /// Addresses, separated and quoted like a row of a table. The first one is the website.
    Websites,
    Addresses,
    /// Bitwarden's custom fields, one a line, with a colon and a blank between name and value.
    Fields,
    Created(TimeFormat),
    Changed(TimeFormat),
}

impl ColumnRole {
    /// The roles that a person may choose.
    pub const CHOICES: [Self; 8] =
        [Self::Name, Self::Username, Self::Website, Self::Password, Self::Note, Self::Tags, Self::ToNote, Self::Leave];
}

/// The format of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeFormat {
    /// A date (RFC 3339).
    Date,
    /// Seconds since 1970 (UTC).
    Seconds,
    /// Milliseconds since 1970 (UTC).
    Milliseconds,
}

/// The roles of all columns of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnMapping {
    /// True if the first row names the columns.
    pub has_header: bool,
    /// The role of each column. Columns without a role go to the note.
    pub roles: Vec<ColumnRole>,
}
