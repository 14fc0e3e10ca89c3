//! The current language, and the sentences of the generator.

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

/// Changes the language: all text signals follow.
pub fn speak(texts: Texts) {
    SPOKEN.with(|spoken| spoken.set(Arc::new(texts)));
}

/// Fetches the texts of the other parts, unless they have been fetched.
///
/// # Errors
/// If they do not arrive, or are not those that this page was built with.
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
/// Tasks and event listeners have no owner and read a text once, so Leptos' warning about reads outside of a reactive
/// scope (in debug builds) is switched off for them. It stays on in the body of a component, which has an owner but is
/// no reactive scope: a text that is read there would stay in the old language.
#[cfg_attr(debug_assertions, track_caller)]
fn read<T>(read: impl FnOnce(&Texts) -> T) -> T {
    #[cfg(debug_assertions)]
    let _no_warning = Owner::current().is_none().then(SpecialNonReactiveZone::enter);
    let spoken = SPOKEN.with(Clone::clone);
    spoken.with(|texts| read(texts))
}

/// The current language, as a tag (RFC 5646). In a reactive scope this subscribes to it.
#[cfg_attr(debug_assertions, track_caller)]
pub fn language() -> String {
    read(|texts| texts.language().to_owned())
}

/// The translation. In a reactive scope this subscribes to the language; the body of a component is none, so use a
/// closure there.
#[cfg_attr(debug_assertions, track_caller)]
pub fn get(text: Msg) -> String {
    read(|texts| texts.get(text).to_owned())
}

/// The texts for a backup's file, as JSON.
pub fn of_opener() -> String {
    SPOKEN.with(|spoken| spoken.with_untracked(|texts| super::opener(texts)))
}

/// A translation with values filled in. In a reactive scope this subscribes to the language.
#[cfg_attr(debug_assertions, track_caller)]
pub fn with(text: Msg, values: &[(&str, &dyn Display)]) -> String {
    read(|texts| fill(texts.get(text), values))
}

pub fn decimal(bits: Bits) -> String {
    bits.to_string().replace('.', &get(Msg::Decimal))
}

pub fn class(class: Class) -> Msg {
    match class {
        Class::Lower => Msg::ClassLower,
        Class::Upper => Msg::ClassUpper,
        Class::Digits => Msg::ClassDigits,
        Class::Symbols => Msg::ClassSymbols,
    }
}

/// The strength of a password in bits, and the time that guessing it takes.
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

/// A sentence about a number that is out of its limits.
pub fn limits(text: Msg, limits: &std::ops::RangeInclusive<usize>) -> String {
    with(text, &[("least", limits.start()), ("most", limits.end())])
}

/// The fault of rules for characters, and its remedy.
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

/// The fault of a name.
pub fn name_fault(fault: NameFault) -> String {
    match fault {
        NameFault::Empty => get(Msg::NameEmpty),
        NameFault::TooLong { length } => with(Msg::NameTooLong, &[("max", &NAME_MAX), ("length", &length)]),
    }
}
