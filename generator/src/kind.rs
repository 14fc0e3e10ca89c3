//! Every kind of password behind one type of rules, for callers that handle them all.

mod stored;

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Plan, characters, phrase, pin, site_rules};

/// The rules of a password of any kind. They are stored with the password, as its receipt.
///
/// In JSON, rules for characters stand without a name, and all others under the name of their kind:
/// `{"phrase":{…}}`, `{"pin":{…}}`, `{"site":{…}}`. Entries had rules for characters before there were other kinds, so
/// old entries open, and an older page opens a new entry with a password of characters. Binary formats, which store no
/// names of fields, name every kind.
///
/// A receipt opens although a later version has more rules than it names: a rule that it does not name is off. Each
/// kind says so in its `Rules::none`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self", rename_all = "kebab-case")]
pub enum Rules {
    Characters(characters::Rules),
    Phrase(phrase::Rules),
    Pin(pin::Rules),
    Site(site_rules::Rules),
}

impl Serialize for Rules {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Characters(rules) if serializer.is_human_readable() => rules.serialize(serializer),
            _ => Self::serialize(self, serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_map(stored::StoredRules)
        } else {
            Self::deserialize(deserializer)
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::Characters(characters::Rules::default())
    }
}

impl Rules {
    /// Checks and counts the rules. Only passphrases need `words`.
    ///
    /// # Errors
    /// [`RulesError`] names the first rule that a person would have to change.
    pub fn plan(&self, words: Option<Arc<phrase::Words>>) -> Result<Box<dyn Plan>, RulesError> {
        Ok(match self {
            Self::Characters(rules) => Box::new(characters::Plan::new(rules)?),
            Self::Phrase(rules) => Box::new(phrase::Plan::new(rules, words.ok_or(RulesError::NoWords)?)?),
            Self::Pin(rules) => Box::new(pin::Plan::new(rules)?),
            Self::Site(rules) => Box::new(site_rules::Plan::new(rules)?),
        })
    }

    /// True if the length is named. Every receipt names it, and no rules allow 0.
    fn has_length(&self) -> bool {
        let length = match self {
            Self::Characters(rules) => rules.length,
            Self::Phrase(rules) => rules.words,
            Self::Pin(rules) => rules.length,
            Self::Site(rules) => rules.length,
        };
        length > 0
    }
}

/// Why rules allow no password, or why none can be made by them now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    #[error(transparent)]
    Characters(#[from] characters::RulesError),
    #[error(transparent)]
    Phrase(#[from] phrase::RulesError),
    #[error(transparent)]
    Pin(#[from] pin::RulesError),
    #[error(transparent)]
    Site(#[from] site_rules::RulesError),
    /// A passphrase is wanted and the word list is not loaded (yet).
    #[error("a passphrase needs the word list")]
    NoWords,
}

#[cfg(test)]
mod tests;
