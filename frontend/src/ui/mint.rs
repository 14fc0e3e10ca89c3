//! What the generator works on: the rules as typed, what they come to, and the password that is shown.

use std::rc::Rc;

use generator::characters::{Class, Password, Plan, Rules};
use generator::random::RandomnessError;
use leptos::prelude::*;
use shared::ids::EntryId;

use crate::model::form::{ClassField, Field, FormFault, RulesForm};
use crate::random;
use crate::text;

/// The generator's state: a handle that can be copied.
#[derive(Clone, Copy)]
pub(super) struct Mint {
    pub(super) length: RwSignal<String>,
    pub(super) classes: [(Class, RwSignal<bool>, RwSignal<String>); 4],
    pub(super) no_look_alikes: RwSignal<bool>,
    pub(super) keyboard_safe: RwSignal<bool>,
    pub(super) exclude: RwSignal<String>,
    pub(super) include: RwSignal<String>,
    /// What the rules come to.
    pub(super) plan: Memo<Result<(Rules, Plan), FormFault>>,
    /// The password that is shown; nothing while the rules allow none.
    pub(super) minted: RwSignal<Option<Result<Rc<Password>, RandomnessError>>, LocalStorage>,
    /// What became of it.
    pub(super) fate: RwSignal<Fate>,
    /// Whether it is to be saved as soon as the vault is open.
    pub(super) save_once_open: RwSignal<bool>,
}

/// What became of the password that is shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is new: nobody has it.
    New,
    /// It is being sealed under this name.
    Sealing(String),
    /// It is sealed under this name: saved, or waiting to be.
    Sealed(EntryId, String),
}

pub(super) fn use_mint() -> Mint {
    expect_context()
}

impl Mint {
    pub(super) fn provide() {
        let usual = RulesForm::default();
        let length = RwSignal::new(usual.length);
        let mut fields = Class::ALL.into_iter().zip(usual.classes);
        let classes = std::array::from_fn(|_| {
            let (class, field) = fields.next().unwrap_or((Class::Lower, ClassField::default()));
            (class, RwSignal::new(field.on), RwSignal::new(field.minimum))
        });
        let no_look_alikes = RwSignal::new(false);
        let keyboard_safe = RwSignal::new(false);
        let exclude = RwSignal::new(String::new());
        let include = RwSignal::new(String::new());
        let plan = Memo::new(move |_| {
            let form = RulesForm {
                length: length.get(),
                classes: classes.map(|(_, on, minimum)| ClassField { on: on.get(), minimum: minimum.get() }),
                no_look_alikes: no_look_alikes.get(),
                keyboard_safe: keyboard_safe.get(),
                exclude: exclude.get(),
                include: include.get(),
            };
            form.plan()
        });
        let mint = Self {
            length,
            classes,
            no_look_alikes,
            keyboard_safe,
            exclude,
            include,
            plan,
            minted: RwSignal::new_local(None),
            fate: RwSignal::new(Fate::New),
            save_once_open: RwSignal::new(false),
        };
        // The rules are the outside world of the password: it is made anew whenever they change.
        Effect::new(move |_| {
            plan.track();
            mint.again();
        });
        provide_context(mint);
    }

    /// Puts the usual rules back.
    pub(super) fn reset(self) {
        let usual = RulesForm::default();
        self.length.set(usual.length);
        for ((_, on, minimum), field) in self.classes.into_iter().zip(usual.classes) {
            on.set(field.on);
            minimum.set(field.minimum);
        }
        self.no_look_alikes.set(false);
        self.keyboard_safe.set(false);
        self.exclude.set(String::new());
        self.include.set(String::new());
    }

    /// Mints anew by the rules as they are.
    pub(super) fn again(self) {
        let mint = |(_, plan): &(Rules, Plan)| random::mint(plan).map(Rc::new);
        self.minted.set(self.plan.with_untracked(|plan| plan.as_ref().ok().map(mint)));
        self.fate.set(Fate::New);
    }

    /// One password is for one name: once it is used, the next name gets a new one.
    pub(super) fn again_if_used(self) {
        if self.fate.with_untracked(|fate| *fate != Fate::New) {
            self.again();
        }
    }

    /// What was sealed as this entry is thrown away: its password, if it is shown, is nobody's again.
    pub(super) fn forget(self, id: EntryId) {
        if self.fate.with_untracked(|fate| matches!(fate, Fate::Sealed(sealed, _) if *sealed == id)) {
            self.fate.set(Fate::New);
        }
    }

    /// The password that is shown.
    pub(super) fn password(self) -> Option<Rc<Password>> {
        self.minted.get_untracked().and_then(Result::ok)
    }

    /// What is wrong with a field, in words.
    pub(super) fn fault(self, of: impl Fn(Field) -> bool + Send + Sync + 'static) -> Signal<String> {
        Signal::derive(move || {
            let fault = self.plan.with(|plan| plan.as_ref().err().copied());
            fault.filter(|fault| of(fault.field())).map_or_else(String::new, text::form_fault)
        })
    }
}
