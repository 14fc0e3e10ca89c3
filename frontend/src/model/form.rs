//! The generator's form for characters: the rules as typed, and their faults, field by field.
//!
//! The form keeps the typed texts, right or wrong.

use std::ops::RangeInclusive;

use generator::characters::{Class, ClassRule, Plan, Rules, RulesError, holds};
use generator::keyboard;

/// The form, with texts as typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesForm {
    pub length: String,
    /// The classes, in the order of [`Class::ALL`].
    pub classes: [ClassField; 4],
    pub no_look_alikes: bool,
    /// True if the rules are restricted to characters on the same key of common keyboards, see [`keyboard`].
    pub keyboard_safe: bool,
    pub exclude: String,
    pub include: String,
}

/// One class in the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassField {
    pub on: bool,
    pub minimum: String,
}

/// A field of a form for any kind of passwords. The page shows the fault beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormField {
    Length,
    /// The switches of the classes.
    Classes,
    /// The minimum of a class.
    Minimum(Class),
    Exclude,
    Include,
    /// The number of words of a phrase.
    WordCount,
    Separator,
    /// The number of digits of a PIN.
    PinLength,
    SiteText,
    /// The wished length for a site.
    SiteLength,
    /// Characters to leave out for a site.
    SiteExclude,
    /// The form as a whole, while some of its data is not loaded.
    Kind,
}

/// The first fault of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormFault {
    /// The typed length is no whole number.
    LengthNotANumber,
    /// The typed minimum is no whole number of at least 1.
    MinimumNotANumber(Class),
    /// No class that is on has a character that is safe on every keyboard.
    NoneKeyboardSafe,
    /// A character to add is not safe on every keyboard.
    NotKeyboardSafe(char),
    Rules(RulesError),
}

impl Default for RulesForm {
    fn default() -> Self {
        Self::from(&Rules::default())
    }
}

impl From<&Rules> for RulesForm {
    fn from(rules: &Rules) -> Self {
        let Rules { length, lower, upper, digits, symbols, no_look_alikes, exclude, include } = rules;
        let field = |rule: &ClassRule| ClassField { on: rule.on, minimum: rule.minimum.to_string() };
        Self {
            length: length.to_string(),
            classes: [lower, upper, digits, symbols].map(field),
            no_look_alikes: *no_look_alikes,
            keyboard_safe: false,
            exclude: exclude.clone(),
            include: include.clone(),
        }
    }
}

impl FormFault {
    /// The field that a person would change.
    pub fn field(self) -> FormField {
        match self {
            Self::LengthNotANumber | Self::Rules(RulesError::Length | RulesError::MinimumsAboveLength { .. }) => {
                FormField::Length
            }
            Self::MinimumNotANumber(class) => FormField::Minimum(class),
            Self::NoneKeyboardSafe | Self::Rules(RulesError::NothingChosen) => FormField::Classes,
            Self::NotKeyboardSafe(_) => FormField::Include,
            Self::Rules(RulesError::ClassEmptied(_)) => FormField::Exclude,
            Self::Rules(RulesError::AddedAndLeftOut(_) | RulesError::NotVisible | RulesError::TooManyCharacters) => {
                FormField::Include
            }
        }
    }
}

impl ClassField {
    fn rule(&self, class: Class) -> Result<ClassRule, FormFault> {
        let minimum = match whole_number(&self.minimum) {
            Some(minimum) if minimum >= 1 => minimum,
            // The typed minimum stays in the form until the class is on again.
            _ if !self.on => 1,
            _ => return Err(FormFault::MinimumNotANumber(class)),
        };
        Ok(ClassRule { on: self.on, minimum })
    }
}

impl RulesForm {
    /// Checks the form.
    ///
    /// # Errors
    /// [`FormFault`] names the first field that a person would have to change.
    pub fn plan(&self) -> Result<(Rules, Plan), FormFault> {
        let Self { length, classes: [lower, upper, digits, symbols], no_look_alikes, keyboard_safe, exclude, include } =
            self;
        let mut rules = Rules {
            length: whole_number(length).ok_or(FormFault::LengthNotANumber)?,
            lower: lower.rule(Class::Lower)?,
            upper: upper.rule(Class::Upper)?,
            digits: digits.rule(Class::Digits)?,
            symbols: symbols.rule(Class::Symbols)?,
            no_look_alikes: *no_look_alikes,
            exclude: exclude.clone(),
            include: include.clone(),
        };
        if *keyboard_safe {
            if let Some(strange) = rules.include.chars().find(|character| !holds(keyboard::SAFE, *character)) {
                return Err(FormFault::NotKeyboardSafe(strange));
            }
            let any_on = |rules: &Rules| Class::ALL.into_iter().any(|class| rules.class(class).on);
            let any = any_on(&rules);
            rules = keyboard::restricted(&rules);
            if any && !any_on(&rules) && rules.include.is_empty() {
                return Err(FormFault::NoneKeyboardSafe);
            }
        }
        let plan = Plan::new(&rules).map_err(FormFault::Rules)?;
        Ok((rules, plan))
    }
}

/// The position of a slider: the typed number, or the limit nearest to it.
pub fn nearest(typed: &str, limits: &RangeInclusive<usize>) -> usize {
    whole_number(typed).unwrap_or(*limits.end()).clamp(*limits.start(), *limits.end())
}

/// A whole number, perhaps with blanks around it.
pub(super) fn whole_number(text: &str) -> Option<usize> {
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use generator::Plan as _;
    use generator::characters::LENGTHS;

    use super::*;

    fn fault(change: impl FnOnce(&mut RulesForm)) -> (FormFault, FormField) {
        let mut form = RulesForm::default();
        change(&mut form);
        let fault = form.plan().unwrap_err();
        (fault, fault.field())
    }

    #[test]
    fn the_default_form_is_the_default_rules() {
        assert_eq!(RulesForm::default().plan().unwrap().0, Rules::default());
        let form = RulesForm { length: " 12 ".into(), ..RulesForm::default() };
        assert_eq!(form.plan().unwrap().0.length, 12);
    }

    #[test]
    fn every_fault_has_its_field() {
        for length in ["7", "31", "0", "99999999999999999999", "-8", "8.5", "abc", ""] {
            assert_eq!(fault(|form| form.length = length.into()).1, FormField::Length, "{length}");
        }
        let off = |form: &mut RulesForm| form.classes.iter_mut().for_each(|class| class.on = false);
        assert_eq!(fault(off), (FormFault::Rules(RulesError::NothingChosen), FormField::Classes));
        for minimum in ["0", "-1", "x", ""] {
            let (_, field) = fault(|form| form.classes[2].minimum = minimum.into());
            assert_eq!(field, FormField::Minimum(Class::Digits), "{minimum}");
        }
        let (problem, field) = fault(|form| form.classes[2].minimum = "28".into());
        assert_eq!(problem, FormFault::Rules(RulesError::MinimumsAboveLength { sum: 31, length: 30 }));
        assert_eq!(field, FormField::Length);
        assert_eq!(fault(|form| form.exclude = "0123456789".into()).1, FormField::Exclude);
        assert_eq!(fault(|form| form.include = "a b".into()).1, FormField::Include);
    }

    #[test]
    fn a_wrong_minimum_is_no_fault_while_its_class_is_off() {
        let mut form = RulesForm::default();
        form.classes[3] = ClassField { on: false, minimum: "many".into() };
        assert!(form.plan().is_ok());
        form.classes[3].on = true;
        assert_eq!(form.plan().unwrap_err(), FormFault::MinimumNotANumber(Class::Symbols));
    }

    #[test]
    fn the_receipt_of_keyboard_safe_rules_names_the_excluded_characters() {
        let form = RulesForm { keyboard_safe: true, ..RulesForm::default() };
        let (rules, plan) = form.plan().unwrap();
        assert_eq!(plan.alphabet().len(), keyboard::SAFE.len());
        assert!(plan.alphabet().iter().all(|character| keyboard::SAFE.contains(*character)));
        // Stored rules allow the same passwords without the option.
        assert_eq!(RulesForm::from(&rules).plan().unwrap().1.count(), plan.count());
        let only = |kind: usize| {
            let mut form = RulesForm { keyboard_safe: true, ..RulesForm::default() };
            form.classes.iter_mut().enumerate().for_each(|(index, class)| class.on = index == kind);
            form
        };
        assert_eq!(only(2).plan().unwrap_err(), FormFault::NoneKeyboardSafe);
        assert_eq!(only(9).plan().unwrap_err(), FormFault::Rules(RulesError::NothingChosen));
        assert!(only(0).plan().is_ok());
        let added = RulesForm { include: "x-".into(), ..only(0) };
        assert_eq!(added.plan().unwrap_err(), FormFault::NotKeyboardSafe('-'));
        assert_eq!(added.plan().unwrap_err().field(), FormField::Include);
        assert!(RulesForm { include: "B".into(), ..only(2) }.plan().is_ok());
    }

    #[test]
    fn a_slider_stays_within_its_limits() {
        let nearest = |typed| nearest(typed, &LENGTHS);
        assert_eq!([nearest("3"), nearest("12"), nearest("99"), nearest("abc")], [8, 12, 30, 30]);
    }
}
