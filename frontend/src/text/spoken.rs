//! The language that is spoken now, and sentences of the generator.

use std::fmt::Display;
use std::sync::Arc;

use generator::bits::Bits;
use generator::characters::{ALPHABET_MAX, Class, LENGTHS, RulesError};
use leptos::prelude::*;
#[cfg(debug_assertions)]
use leptos::reactive::diagnostics::SpecialNonReactiveZone;
use shared::limits::NAME_MAX;

use super::table::{Msg, Texts, fill};
use crate::model::form::FormFault;
use crate::model::name::NameFault;
use crate::model::strength::Effort;
use crate::platform::files::{self, FileMissing};

thread_local! {
    static SPOKEN: ArcRwSignal<Arc<Texts>> = ArcRwSignal::new(Arc::default());
}

/// Speaks another language from now on.
pub fn speak(texts: Texts) {
    SPOKEN.with(|spoken| spoken.set(Arc::new(texts)));
}

/// Fetches the texts of all parts, unless they are here.
///
/// # Errors
/// If they do not come, or are not those that this page was built with.
pub async fn fetch_all() -> Result<(), FileMissing> {
    let texts = SPOKEN.with(|spoken| spoken.get_untracked());
    if texts.are_all() {
        return Ok(());
    }
    let others = files::text(&format!("more-{}", texts.language())).await?;
    // Another part may have been faster, or another language was chosen.
    let unchanged = SPOKEN.with(|spoken| spoken.with_untracked(|now| **now == *texts));
    if unchanged {
        speak(texts.and(&others));
    }
    Ok(())
}

/// Reads the texts. In a reactive scope this subscribes to the language.
///
/// Tasks and listeners have no owner: what they say is said once, and the language is only read. The body of a component
/// has an owner and follows nothing: a text that is read there would stay in the old language, and Leptos' warning of
/// that (in debug builds) is right.
#[cfg_attr(debug_assertions, track_caller)]
fn read<T>(of: impl FnOnce(&Texts) -> T) -> T {
    #[cfg(debug_assertions)]
    let _no_warning = Owner::current().is_none().then(SpecialNonReactiveZone::enter);
    let spoken = SPOKEN.with(Clone::clone);
    spoken.with(|texts| of(texts))
}

/// The language that is spoken, as a tag (RFC 5646). As [`get`], it follows the language in a reactive scope.
#[must_use]
#[cfg_attr(debug_assertions, track_caller)]
pub fn language() -> String {
    read(|texts| texts.language().to_owned())
}

/// The translation. In a reactive scope this subscribes to the language. The body of a component is none: use a closure
/// there.
#[must_use]
#[cfg_attr(debug_assertions, track_caller)]
pub fn get(text: Msg) -> String {
    read(|texts| texts.get(text).to_owned())
}

/// The words that go with a backup's file.
#[must_use]
pub fn of_opener() -> String {
    SPOKEN.with(|spoken| spoken.with_untracked(|texts| super::opener(texts)))
}

/// A translation with values filled in. As [`get`], it follows the language in a reactive scope.
#[must_use]
#[cfg_attr(debug_assertions, track_caller)]
pub fn with(text: Msg, values: &[(&str, &dyn Display)]) -> String {
    read(|texts| fill(texts.get(text), values))
}

#[must_use]
pub fn decimal(bits: Bits) -> String {
    bits.to_string().replace('.', &get(Msg::Decimal))
}

#[must_use]
pub fn class(class: Class) -> Msg {
    match class {
        Class::Lower => Msg::ClassLower,
        Class::Upper => Msg::ClassUpper,
        Class::Digits => Msg::ClassDigits,
        Class::Symbols => Msg::ClassSymbols,
    }
}

/// How strong something is, and what that means.
#[must_use]
pub fn strength(bits: Bits, effort: Effort) -> String {
    let time = match effort {
        Effort::Moments => get(Msg::EffortMoments),
        Effort::Hours => get(Msg::EffortHours),
        Effort::Days(n) => with(Msg::EffortDays, &[("n", &n)]),
        Effort::Years(n) => {
            let (text, n) = match n {
                0..1_000 => (Msg::EffortYears, n),
                1_000..1_000_000 => (Msg::EffortThousandYears, n / 1_000),
                1_000_000..1_000_000_000 => (Msg::EffortMillionYears, n / 1_000_000),
                _ => (Msg::EffortBillionYears, n / 1_000_000_000),
            };
            with(text, &[("n", &n)])
        }
        Effort::AgesOfTheUniverse(0) => get(Msg::EffortUniverse),
        Effort::AgesOfTheUniverse(power) => with(Msg::EffortUniverses, &[("power", &superscript(power))]),
    };
    with(Msg::Strength, &[("bits", &decimal(bits)), ("time", &time)])
}

fn superscript(number: u32) -> String {
    let digit =
        |digit: char| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(digit.to_digit(10).unwrap_or_default() as usize).unwrap_or(digit);
    number.to_string().chars().map(digit).collect()
}

/// A number out of its limits.
#[must_use]
pub fn limits(text: Msg, limits: &std::ops::RangeInclusive<usize>) -> String {
    with(text, &[("least", limits.start()), ("most", limits.end())])
}

/// What is wrong with rules for characters, and what to do.
#[must_use]
pub fn form_fault(fault: FormFault) -> String {
    let of_class = |text, of| with(text, &[("class", &get(class(of)))]);
    match fault {
        FormFault::LengthNotANumber | FormFault::Rules(RulesError::Length) => limits(Msg::LengthFault, &LENGTHS),
        FormFault::MinimumNotANumber(of) => of_class(Msg::MinimumFault, of),
        FormFault::NoneKeyboardSafe => get(Msg::NoneKeyboardSafe),
        FormFault::NotKeyboardSafe(character) => with(Msg::NotKeyboardSafe, &[("character", &character)]),
        FormFault::Rules(RulesError::NothingChosen) => get(Msg::NothingChosen),
        FormFault::Rules(RulesError::ClassEmptied(of)) => of_class(Msg::ClassEmptied, of),
        FormFault::Rules(RulesError::MinimumsAboveLength { sum, length }) => {
            with(Msg::MinimumsAboveLength, &[("sum", &sum), ("length", &length)])
        }
        FormFault::Rules(RulesError::AddedAndLeftOut(character)) => {
            with(Msg::AddedAndLeftOut, &[("character", &character)])
        }
        FormFault::Rules(RulesError::NotVisible) => get(Msg::NotVisible),
        FormFault::Rules(RulesError::TooManyCharacters) => with(Msg::TooManyCharacters, &[("max", &ALPHABET_MAX)]),
    }
}

/// What is wrong with a name.
#[must_use]
pub fn name_fault(fault: NameFault) -> String {
    match fault {
        NameFault::Empty => get(Msg::NameEmpty),
        NameFault::TooLong { length } => with(Msg::NameTooLong, &[("max", &NAME_MAX), ("length", &length)]),
    }
}
