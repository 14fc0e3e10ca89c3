//! The kinds of passwords, and the forms of all but characters with their faults. The forms keep the typed texts, right
//! or wrong.

use std::sync::Arc;

use generator::phrase::{self, Capitals, Words};
use generator::{characters, pin, site_rules};

use super::form::{FormField, whole_number};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordKind {
    Characters,
    Words,
    Pin,
    Site,
}

impl PasswordKind {
    /// Every kind, in the order in which the page shows them.
    pub const ALL: [Self; 4] = [Self::Characters, Self::Words, Self::Pin, Self::Site];

    /// The kind at an index of [`PasswordKind::ALL`]; past its end, the first one.
    pub fn at(index: usize) -> Self {
        Self::ALL.get(index).copied().unwrap_or(Self::Characters)
    }
}

/// The first fault of a form of these kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindFault {
    /// The number of words is no whole number, or out of limits.
    WordCount,
    /// The separator has more than one character.
    SeparatorLong,
    /// The separator is not a printable ASCII character.
    Separator(char),
    /// The word list is not loaded yet.
    WordsAwaited,
    /// The number of digits is no whole number, or out of limits.
    PinLength,
    /// The wished length is no whole number, or out of limits.
    SiteLength,
    Site(site_rules::RulesError),
}

impl KindFault {
    /// The field that a person would change.
    pub fn field(self) -> FormField {
        match self {
            Self::WordCount => FormField::WordCount,
            Self::SeparatorLong | Self::Separator(_) => FormField::Separator,
            Self::WordsAwaited => FormField::Kind,
            Self::PinLength => FormField::PinLength,
            Self::SiteLength => FormField::SiteLength,
            Self::Site(site_rules::RulesError::RequirementEmptied { .. } | site_rules::RulesError::NothingLeft) => {
                FormField::SiteExclude
            }
            Self::Site(_) => FormField::SiteText,
        }
    }
}

/// The form of a passphrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhraseForm {
    /// The typed number of words.
    pub count: String,
    /// The typed separator.
    pub separator: String,
    /// The capitals, as an index into [`PhraseForm::CAPITALS`].
    pub capitals: usize,
    pub digit: bool,
}

impl PhraseForm {
    /// The choices of capitals, in the order in which the page shows them.
    pub const CAPITALS: [Capitals; 3] = [Capitals::None, Capitals::FirstLetters, Capitals::OneWord];

    /// # Errors
    /// [`KindFault`] names the first field that a person would have to change.
    pub fn rules(&self) -> Result<phrase::Rules, KindFault> {
        let words = whole_number(&self.count).filter(|count| phrase::LENGTHS.contains(count));
        let words = words.ok_or(KindFault::WordCount)?;
        let mut separator = self.separator.chars();
        let capitals = Self::CAPITALS.get(self.capitals).copied().unwrap_or_default();
        let rules = phrase::Rules { words, separator: separator.next(), capitals, digit: self.digit };
        if separator.next().is_some() { Err(KindFault::SeparatorLong) } else { Ok(rules) }
    }

    /// The rules, and their plan over the word list.
    ///
    /// # Errors
    /// [`KindFault`] as in [`PhraseForm::rules`], or if the list is not loaded.
    pub fn plan(&self, words: Option<Arc<Words>>) -> Result<(phrase::Rules, phrase::Plan), KindFault> {
        let rules = self.rules()?;
        let plan = phrase::Plan::new(&rules, words.ok_or(KindFault::WordsAwaited)?);
        let plan = plan.map_err(|error| match error {
            phrase::RulesError::Length => KindFault::WordCount,
            phrase::RulesError::Separator(strange) => KindFault::Separator(strange),
        })?;
        Ok((rules, plan))
    }
}

impl From<&phrase::Rules> for PhraseForm {
    fn from(rules: &phrase::Rules) -> Self {
        let phrase::Rules { words, separator, capitals, digit } = rules;
        Self {
            count: words.to_string(),
            separator: separator.map_or_else(String::new, String::from),
            capitals: Self::CAPITALS.iter().position(|choice| choice == capitals).unwrap_or_default(),
            digit: *digit,
        }
    }
}

/// The rules for a PIN with the typed number of digits, and their plan.
///
/// # Errors
/// [`KindFault::PinLength`] if it is no whole number within the limits.
pub fn pin(length: &str) -> Result<(pin::Rules, pin::Plan), KindFault> {
    let rules = pin::Rules { length: whole_number(length).ok_or(KindFault::PinLength)? };
    let plan = pin::Plan::new(&rules).map_err(|_| KindFault::PinLength)?;
    Ok((rules, plan))
}

/// The form of a site's rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteForm {
    /// The pasted rules of the site.
    pub text: String,
    /// The typed length.
    pub length: String,
    pub exclude: String,
}

impl SiteForm {
    /// The rules and their plan.
    ///
    /// # Errors
    /// [`KindFault`] names the first field that a person would have to change.
    pub fn plan(&self) -> Result<(site_rules::Rules, site_rules::Plan), KindFault> {
        let length = whole_number(&self.length).filter(|length| characters::LENGTHS.contains(length));
        let rules = site_rules::Rules {
            text: self.text.clone(),
            length: length.ok_or(KindFault::SiteLength)?,
            exclude: self.exclude.clone(),
        };
        let plan = site_rules::Plan::new(&rules).map_err(KindFault::Site)?;
        Ok((rules, plan))
    }
}

impl From<&site_rules::Rules> for SiteForm {
    fn from(rules: &site_rules::Rules) -> Self {
        let site_rules::Rules { text, length, exclude } = rules;
        Self { text: text.clone(), length: length.to_string(), exclude: exclude.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use generator::Plan as _;
    use generator::site_rules::{Expected, ParseError, RulesError};

    fn phrase_fault(change: impl FnOnce(&mut PhraseForm)) -> Option<KindFault> {
        let mut form = PhraseForm::from(&phrase::Rules::default());
        change(&mut form);
        form.plan(None).err()
    }

    #[test]
    fn a_form_of_rules_gives_them_back() {
        let rules = phrase::Rules { words: 9, separator: None, capitals: Capitals::OneWord, digit: true };
        assert_eq!(PhraseForm::from(&rules).rules(), Ok(rules));
        let rules = site_rules::Rules { text: "minlength: 9".into(), length: 12, exclude: "xyz".into() };
        assert_eq!(SiteForm::from(&rules).plan().unwrap().0, rules);
        assert_eq!(pin(" 8 ").unwrap().0, pin::Rules { length: 8 });
    }

    #[test]
    fn every_fault_of_a_phrase_has_its_field() {
        for count in ["3", "13", "six", "", "-4", "4.5"] {
            assert_eq!(phrase_fault(|form| form.count = count.into()), Some(KindFault::WordCount), "{count}");
        }
        assert_eq!(phrase_fault(|form| form.separator = "--".into()), Some(KindFault::SeparatorLong));
        assert_eq!(phrase_fault(|form| form.separator = "ß".into()), Some(KindFault::WordsAwaited));
        assert_eq!(phrase_fault(|_| ()), Some(KindFault::WordsAwaited));
        let words = Arc::new(Words::new(include_str!("../../../generator/words/eff-large.txt")).unwrap());
        let mut form = PhraseForm::from(&phrase::Rules::default());
        assert_eq!(form.plan(Some(words.clone())).unwrap().1.bits().to_string(), "77.55");
        form.separator = "ß".into();
        assert_eq!(form.plan(Some(words)).unwrap_err(), KindFault::Separator('ß'));
        assert_eq!(KindFault::Separator('ß').field(), FormField::Separator);
    }

    #[test]
    fn a_pin_of_three_is_refused() {
        for length in ["3", "5", "13", "", "x"] {
            assert_eq!(pin(length).err(), Some(KindFault::PinLength), "{length}");
        }
    }

    #[test]
    fn every_fault_of_a_site_has_its_field() {
        let fault = |text: &str, length: &str, exclude: &str| {
            let form = SiteForm { text: text.into(), length: length.into(), exclude: exclude.into() };
            form.plan().unwrap_err()
        };
        assert_eq!(fault("", "7", "").field(), FormField::SiteLength);
        let typo = fault("minlenght: 8", "30", "");
        assert_eq!(typo, KindFault::Site(RulesError::Text(ParseError { column: 1, expected: Expected::Rule })));
        assert_eq!(typo.field(), FormField::SiteText);
        assert_eq!(fault("required: digit", "30", "0123456789").field(), FormField::SiteExclude);
        assert_eq!(fault("maxlength: 6", "30", "").field(), FormField::SiteText);
    }
}
