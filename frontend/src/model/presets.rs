//! Presets: rules that a person stores under a name. They change only when that person changes them; the rules of one
//! site never overwrite them.

use generator::kind::Rules;
use serde::{Deserialize, Serialize};

/// Most presets in one vault.
pub const PRESETS_MAX: usize = 50;
/// Longest name of a preset, in characters.
pub const NAME_MAX: usize = 40;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preset {
    /// The trimmed name, unique among the presets.
    pub name: String,
    pub rules: Rules,
}

/// The reason for not storing rules under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresetFault {
    NameEmpty,
    /// The name has more than [`NAME_MAX`] characters.
    NameTooLong,
    /// Another preset has the name.
    NameTaken,
    /// There are [`PRESETS_MAX`] presets.
    Many,
}

/// The presets, in the order in which they were stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Presets(Vec<Preset>);

impl Presets {
    /// Reads the text of [`Presets::to_json`].
    ///
    /// # Errors
    /// If it is another text.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// The presets as text for the storage.
    ///
    /// # Errors
    /// The serializer's errors, which do not occur for these types.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|preset| preset.name.as_str())
    }

    pub fn find(&self, name: &str) -> Option<&Rules> {
        self.0.iter().find(|preset| preset.name == name).map(|preset| &preset.rules)
    }

    /// Stores rules under a name, and returns the trimmed name.
    ///
    /// # Errors
    /// [`PresetFault`]; nothing is stored then.
    pub fn add(&mut self, name: &str, rules: Rules) -> Result<String, PresetFault> {
        let name = name.trim();
        match name.chars().count() {
            0 => return Err(PresetFault::NameEmpty),
            1..=NAME_MAX => {}
            _ => return Err(PresetFault::NameTooLong),
        }
        if self.find(name).is_some() {
            return Err(PresetFault::NameTaken);
        }
        if self.0.len() >= PRESETS_MAX {
            return Err(PresetFault::Many);
        }
        self.0.push(Preset { name: name.to_owned(), rules });
        Ok(name.to_owned())
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|preset| preset.name != name);
    }
}

#[cfg(test)]
mod tests {
    use generator::{characters, phrase, pin, site_rules};

    use super::*;

    fn pin(length: usize) -> Rules {
        Rules::Pin(pin::Rules { length })
    }

    #[test]
    fn stored_presets_are_found_again() {
        let mut presets = Presets::default();
        let all = [
            ("Bank", pin(8)),
            ("Words", Rules::Phrase(phrase::Rules::default())),
            ("Usual", Rules::Characters(characters::Rules::default())),
            ("Site", Rules::Site(site_rules::Rules { text: "minlength: 9;".into(), ..site_rules::Rules::default() })),
        ];
        for (name, rules) in &all {
            assert_eq!(presets.add(&format!(" {name} "), rules.clone()).as_deref(), Ok(*name));
        }
        let read = Presets::from_json(&presets.to_json().unwrap()).unwrap();
        assert_eq!(read, presets);
        for (name, rules) in &all {
            assert_eq!(read.find(name), Some(rules));
        }
        presets.remove("Bank");
        assert_eq!(presets.names().collect::<Vec<_>>(), ["Words", "Usual", "Site"]);
    }

    #[test]
    fn names_and_the_number_of_presets_have_limits() {
        let mut presets = Presets::default();
        assert_eq!(presets.add(" ", pin(6)), Err(PresetFault::NameEmpty));
        assert_eq!(presets.add(&"漢".repeat(41), pin(6)), Err(PresetFault::NameTooLong));
        assert!(presets.add(&"漢".repeat(40), pin(6)).is_ok());
        assert_eq!(presets.add(&"漢".repeat(40), pin(7)), Err(PresetFault::NameTaken));
        assert_eq!(presets.find(&"漢".repeat(40)), Some(&pin(6)), "a stored preset is not overwritten");
        for number in 1..PRESETS_MAX {
            assert!(presets.add(&number.to_string(), pin(6)).is_ok());
        }
        assert_eq!(presets.add("one more", pin(6)), Err(PresetFault::Many));
    }

    #[test]
    fn text_that_is_no_list_of_presets_is_refused() {
        for strange in ["", "{}", "[1]", "[{\"name\":\"x\"}]"] {
            assert!(Presets::from_json(strange).is_err(), "{strange}");
        }
    }
}
