//! Every kind of password behind one set of rules and one plan: what a page, a bulk download and a command line use.

mod stored;

use std::sync::Arc;

use num_bigint::BigUint;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::bits::Bits;
use crate::password::Password;
use crate::random::{Choose, RandomnessError};
use crate::{characters, phrase, pin, site_rules};

/// What a password must look like, of whatever kind. It is kept with a password, as its receipt.
///
/// As JSON, rules for characters stand there as they are, and all others under the name of their kind:
/// `{"phrase":{…}}`, `{"pin":{…}}`, `{"site":{…}}`. Entries had the former before there were other kinds, so both
/// open, and an older page still opens an entry with a password of characters. Formats that cannot tell the two apart,
/// because they do not say what they hold, name every kind.
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

/// Why rules allow no password, or none can be made by them now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    #[error(transparent)]
    Characters(#[from] characters::RulesError),
    /// The rules for a passphrase.
    #[error(transparent)]
    Phrase(#[from] phrase::RulesError),
    /// The rules for a PIN.
    #[error(transparent)]
    Pin(#[from] pin::RulesError),
    /// The rules of a site.
    #[error(transparent)]
    Site(#[from] site_rules::RulesError),
    /// A passphrase is wanted and the word list is not there (yet).
    #[error("a passphrase needs the word list")]
    NoWords,
}

/// Rules, checked and counted: everything it takes to mint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    Characters(characters::Plan),
    Phrase(phrase::Plan),
    Pin(pin::Plan),
    Site(site_rules::Plan),
}

impl Plan {
    /// Checks and counts the rules. Only passphrases need `words`.
    ///
    /// # Errors
    /// [`RulesError`] names the first thing that a person would have to change.
    pub fn new(rules: &Rules, words: Option<Arc<phrase::Words>>) -> Result<Self, RulesError> {
        Ok(match rules {
            Rules::Characters(rules) => Self::Characters(characters::Plan::new(rules)?),
            Rules::Phrase(rules) => Self::Phrase(phrase::Plan::new(rules, words.ok_or(RulesError::NoWords)?)?),
            Rules::Pin(rules) => Self::Pin(pin::Plan::new(rules)?),
            Rules::Site(rules) => Self::Site(site_rules::Plan::new(rules)?),
        })
    }

    /// How many passwords the rules allow, exactly.
    #[must_use]
    pub fn count(&self) -> BigUint {
        match self {
            Self::Characters(plan) => plan.count().clone(),
            Self::Phrase(plan) => plan.count(),
            Self::Pin(plan) => plan.count(),
            Self::Site(plan) => plan.count().clone(),
        }
    }

    /// The strength of every password of this plan: the base-2 logarithm of [`Plan::count`].
    #[must_use]
    pub fn bits(&self) -> Bits {
        Bits::of(&self.count())
    }

    /// Bytes that a password takes at most.
    #[must_use]
    pub fn max_bytes(&self) -> usize {
        match self {
            Self::Characters(plan) => plan.max_bytes(),
            Self::Phrase(plan) => plan.max_bytes(),
            Self::Pin(plan) => plan.max_bytes(),
            Self::Site(plan) => plan.max_bytes(),
        }
    }

    /// Mints one password, uniformly from all that the rules allow.
    ///
    /// # Errors
    /// [`RandomnessError`] if the source of randomness fails; nothing is made then.
    pub fn mint(&self, choose: &mut impl Choose) -> Result<Password, RandomnessError> {
        Password::of(self.max_bytes(), |out| self.mint_into(choose, out))
    }

    /// The same at the end of a text, for thousands of them. Where `out` has [`Plan::max_bytes`] left, nothing is
    /// allocated; where it has not, it grows, and what was in it stays in memory that was given back.
    ///
    /// # Errors
    /// [`RandomnessError`] if the source of randomness fails; `out` is as it was then.
    pub fn mint_into(&self, choose: &mut impl Choose, out: &mut String) -> Result<(), RandomnessError> {
        match self {
            Self::Characters(plan) => plan.mint_into(choose, out),
            Self::Phrase(plan) => plan.mint_into(choose, out),
            Self::Pin(plan) => plan.mint_into(choose, out),
            Self::Site(plan) => plan.mint_into(choose, out),
        }
    }
}

#[cfg(test)]
mod tests;
