//! The fields of rules for characters. The usual ones are shown by [`super::generator`], the rarer ones by
//! [`super::rules`].

use generator::characters::{Class, Rules};
use leptos::prelude::*;

use crate::model::form::{ClassField, RulesForm};

/// The rules for characters, as typed: a handle that can be copied.
#[derive(Clone, Copy)]
pub struct CharacterFields {
    pub length: RwSignal<String>,
    /// For each class: whether it is on, and its minimum as typed.
    pub classes: [(Class, RwSignal<bool>, RwSignal<String>); 4],
    pub no_look_alikes: RwSignal<bool>,
    pub keyboard_safe: RwSignal<bool>,
    pub exclude: RwSignal<String>,
    pub include: RwSignal<String>,
}

impl CharacterFields {
    pub fn new() -> Self {
        let RulesForm { length, classes, no_look_alikes, keyboard_safe, exclude, include } = RulesForm::default();
        let mut classes = classes.into_iter();
        Self {
            length: RwSignal::new(length),
            classes: Class::ALL.map(|class| {
                let ClassField { on, minimum } = classes.next().unwrap_or_default();
                (class, RwSignal::new(on), RwSignal::new(minimum))
            }),
            no_look_alikes: RwSignal::new(no_look_alikes),
            keyboard_safe: RwSignal::new(keyboard_safe),
            exclude: RwSignal::new(exclude),
            include: RwSignal::new(include),
        }
    }

    pub fn fill(self, rules: &Rules) {
        let RulesForm { length, classes, no_look_alikes, keyboard_safe, exclude, include } = RulesForm::from(rules);
        self.length.set(length);
        for ((_, on, minimum), field) in self.classes.into_iter().zip(classes) {
            on.set(field.on);
            minimum.set(field.minimum);
        }
        self.no_look_alikes.set(no_look_alikes);
        self.keyboard_safe.set(keyboard_safe);
        self.exclude.set(exclude);
        self.include.set(include);
    }

    pub fn form(self) -> RulesForm {
        RulesForm {
            length: self.length.get(),
            classes: self.classes.map(|(_, on, minimum)| ClassField { on: on.get(), minimum: minimum.get() }),
            no_look_alikes: self.no_look_alikes.get(),
            keyboard_safe: self.keyboard_safe.get(),
            exclude: self.exclude.get(),
            include: self.include.get(),
        }
    }
}
