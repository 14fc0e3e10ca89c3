//! The form of an entry, its limits, and the content it makes.

use generator::kind::Rules;

use super::name::{self, NameFault};
use crate::keyring::protocol::entry::Content;
use crate::secret::Secret;

/// Longest note, in Unicode scalar values. With the longest other fields it fits into the largest bucket in any script.
pub const NOTE_MAX: usize = 10_000;
/// Longest of the other fields, in Unicode scalar values.
pub const FIELD_MAX: usize = 1_000;

/// An entry as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryForm {
    pub name: String,
    pub username: String,
    pub website: String,
    /// Blanks around the password belong to it.
    pub password: String,
    pub note: String,
    /// Words to find the entry by, separated by commas.
    pub tags: String,
}

/// The first fault of a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryFault {
    Name(NameFault),
    /// The username is longer than [`FIELD_MAX`].
    UsernameTooLong,
    /// The website is longer than [`FIELD_MAX`].
    WebsiteTooLong,
    /// The password is longer than [`FIELD_MAX`].
    PasswordTooLong,
    /// The note is longer than [`NOTE_MAX`].
    NoteTooLong,
    /// The tags are longer than [`FIELD_MAX`].
    TagsTooLong,
}

impl EntryForm {
    /// The form filled with an entry's content.
    pub fn of(content: &Content) -> Self {
        let Content { name, username, website, password, note, tags, rules: _ } = content;
        Self {
            name: name.clone(),
            username: username.clone(),
            website: website.clone(),
            password: password.expose().to_owned(),
            note: note.expose().to_owned(),
            tags: tags.join(", "),
        }
    }

    /// The content to store. `rules` are those that the password was minted by.
    pub fn content(self, rules: Option<Rules>) -> Content {
        Content {
            name: self.name.trim().to_owned(),
            username: self.username.trim().to_owned(),
            website: self.website.trim().to_owned(),
            password: Secret::new(self.password),
            note: Secret::new(self.note),
            tags: tags(&self.tags),
            rules,
        }
    }

    /// Checks the fields against their limits.
    ///
    /// # Errors
    /// The first [`EntryFault`], from top to bottom.
    pub fn check(&self) -> Result<(), EntryFault> {
        let Self { name, username, website, password, note, tags } = self;
        name::check(name).map_err(EntryFault::Name)?;
        for (text, max, fault) in [
            (username, FIELD_MAX, EntryFault::UsernameTooLong),
            (website, FIELD_MAX, EntryFault::WebsiteTooLong),
            (password, FIELD_MAX, EntryFault::PasswordTooLong),
            (note, NOTE_MAX, EntryFault::NoteTooLong),
            (tags, FIELD_MAX, EntryFault::TagsTooLong),
        ] {
            if text.chars().count() > max {
                return Err(fault);
            }
        }
        Ok(())
    }
}

/// The typed tags, each once and without the blanks around it.
fn tags(typed: &str) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in typed.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
        if !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    }
    tags
}

/// The website as a link target, if it has one of the web's schemes.
pub fn link(website: &str) -> Option<&str> {
    let scheme = website.get(..8).unwrap_or(website).to_ascii_lowercase();
    (scheme.starts_with("https://") || scheme.starts_with("http://")).then_some(website)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_survives_the_way_to_content_and_back_without_outer_blanks() {
        let form = EntryForm {
            name: " GitHub ".into(),
            username: " ada ".into(),
            website: "https://github.com ".into(),
            password: " kV9 ".into(),
            note: " two\nlines ".into(),
            tags: "work, , git ,work".into(),
        };
        assert_eq!(form.check(), Ok(()));
        let content = form.clone().content(Some(Rules::default()));
        let back = EntryForm::of(&content);
        let trimmed = EntryForm {
            name: "GitHub".into(),
            username: "ada".into(),
            website: "https://github.com".into(),
            tags: "work, git".into(),
            ..form
        };
        assert_eq!(back, trimmed, "a password and a note keep their blanks");
        assert_eq!((content.tags.len(), content.rules), (2, Some(Rules::default())));
    }

    #[test]
    fn a_field_over_its_limit_is_refused() {
        let fits = |n: usize| "é".repeat(n);
        let form = EntryForm {
            name: fits(255),
            username: fits(FIELD_MAX),
            website: fits(FIELD_MAX),
            password: fits(FIELD_MAX),
            note: fits(NOTE_MAX),
            tags: fits(FIELD_MAX),
        };
        assert_eq!(form.check(), Ok(()));
        let longer = |change: fn(&mut EntryForm)| {
            let mut form = form.clone();
            change(&mut form);
            form.check()
        };
        assert_eq!(longer(|form| form.name.push('a')), Err(EntryFault::Name(NameFault::TooLong { length: 256 })));
        assert_eq!(longer(|form| form.name.clear()), Err(EntryFault::Name(NameFault::Empty)));
        assert_eq!(longer(|form| form.username.push('a')), Err(EntryFault::UsernameTooLong));
        assert_eq!(longer(|form| form.website.push('a')), Err(EntryFault::WebsiteTooLong));
        assert_eq!(longer(|form| form.password.push('a')), Err(EntryFault::PasswordTooLong));
        assert_eq!(longer(|form| form.note.push('a')), Err(EntryFault::NoteTooLong));
        assert_eq!(longer(|form| form.tags.push('a')), Err(EntryFault::TagsTooLong));
    }

    #[test]
    fn only_addresses_of_the_web_are_links() {
        for website in ["https://a.example/x", "HTTP://a.example", "http://é"] {
            assert_eq!(link(website), Some(website));
        }
        for text in ["", "a.example", "javascript:alert(1)", "data:text/html,x", " https://a", "ftp://a", "éééééé"]
        {
            assert_eq!(link(text), None, "{text}");
        }
    }
}
