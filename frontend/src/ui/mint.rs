//! What the generator works on: the rules as typed, what they come to, and the password that is shown.

use std::rc::Rc;
use std::sync::Arc;

use generator::bits::Bits;
use generator::characters::{self, Class};
use generator::kind::Rules;
use generator::password::Password;
use generator::random::RandomnessError;
use leptos::prelude::*;
use shared::ids::EntryId;

use super::lazy::{LazyParts, use_lazy_parts};
use super::sentence::SentenceSignal;
use crate::model::form::{ClassField, FormField, RulesForm};
use crate::model::kind::PasswordKind;
use crate::platform::random::{self, BrowserSource};
use crate::text;

/// The setting that keeps the name of the preset chosen; none if it is the usual rules.
pub const CHOSEN_SETTING: &str = "passmint.preset";

/// Rules, checked and counted: what mints.
pub trait Plan {
    /// The rules, as they are kept with what they made.
    fn rules(&self) -> Rules;
    /// The strength of every password.
    fn bits(&self) -> Bits;
    /// Mints one.
    ///
    /// # Errors
    /// If the browser has no randomness.
    fn mint(&self, source: &mut BrowserSource) -> Result<Password, RandomnessError>;
    /// Mints one at the end of a text.
    ///
    /// # Errors
    /// As [`Plan::mint`]; the text is as it was then.
    fn mint_into(&self, source: &mut BrowserSource, out: &mut String) -> Result<(), RandomnessError>;
}

/// A plan of any kind: the first part of the page knows the one for characters only.
#[derive(Clone)]
pub struct Planned(pub Arc<dyn Plan + Send + Sync>);

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.0.rules() == other.0.rules()
    }
}

/// What is wrong with the rules: what to say, and beside which field. Without a text, something is still awaited.
#[derive(Clone, PartialEq)]
pub struct PlanFault {
    pub field: FormField,
    pub text: String,
}

/// The plans of the generator crate differ in name only.
macro_rules! plans {
    ($($plan:ty),*) => {$(
        impl $crate::ui::mint::Plan for (::generator::kind::Rules, $plan) {
            fn rules(&self) -> ::generator::kind::Rules {
                self.0.clone()
            }
            fn bits(&self) -> ::generator::bits::Bits {
                self.1.bits()
            }
            fn mint(
                &self,
                source: &mut $crate::platform::random::BrowserSource,
            ) -> Result<::generator::password::Password, ::generator::random::RandomnessError> {
                self.1.mint(source)
            }
            fn mint_into(
                &self,
                source: &mut $crate::platform::random::BrowserSource,
                out: &mut String,
            ) -> Result<(), ::generator::random::RandomnessError> {
                self.1.mint_into(source, out)
            }
        }
    )*};
}
pub(super) use plans;

plans!(characters::Plan);

/// The generator's state: a handle that can be copied.
#[derive(Clone, Copy)]
pub struct Mint {
    /// The name typed for the password.
    pub name: RwSignal<String>,
    /// What is wrong with it.
    pub name_fault: SentenceSignal,
    /// The kind of password, by its place in [`PasswordKind::ALL`].
    pub kind: RwSignal<usize>,
    /// Of characters: the length, as typed.
    pub length: RwSignal<String>,
    /// For each class: whether it is on, and its least number as typed.
    pub classes: [(Class, RwSignal<bool>, RwSignal<String>); 4],
    /// Whether look-alikes are left out.
    pub no_look_alikes: RwSignal<bool>,
    /// Whether only characters are used that sit on the same key on common keyboards.
    pub keyboard_safe: RwSignal<bool>,
    pub exclude: RwSignal<String>,
    pub include: RwSignal<String>,
    /// What the rules come to.
    pub plan: Memo<Result<Planned, PlanFault>>,
    /// The password that is shown; nothing while the rules allow none.
    pub minted: RwSignal<Option<Result<Rc<Password>, RandomnessError>>, LocalStorage>,
    pub state: RwSignal<PasswordState>,
    /// Whether it was copied and nobody has kept it yet.
    pub copied_unsaved: RwSignal<bool>,
    /// The number of the draft that it is kept as; 0 if there is none. The browser counts from 1.
    pub draft_number: RwSignal<usize>,
    /// Whether it is to be saved as soon as the vault is open.
    pub save_once_open: RwSignal<bool>,
}

/// What became of the password that is shown.
#[derive(Clone, PartialEq, Eq)]
pub enum PasswordState {
    /// It is new: nobody has it.
    New,
    /// It is being sealed under this name.
    Sealing(String),
    /// It is sealed under this name. Whether it is saved by now, or waits to be, is signalled.
    Sealed(EntryId, String, Signal<bool>),
}

#[must_use]
pub fn use_mint() -> Mint {
    expect_context()
}

impl Mint {
    /// Makes the state known to all components below.
    pub fn provide() {
        let parts = use_lazy_parts();
        let usual = RulesForm::default();
        let mut fields = Class::ALL.into_iter().zip(usual.classes);
        let classes = std::array::from_fn(|_| {
            let (class, field) = fields.next().unwrap_or((Class::Lower, ClassField::default()));
            (class, RwSignal::new(field.on), RwSignal::new(field.minimum))
        });
        let [exclude, include, name] = std::array::from_fn(|_| RwSignal::new(String::new()));
        let name_fault = SentenceSignal::new();
        let [no_look_alikes, keyboard_safe, save_once_open] = std::array::from_fn(|_| RwSignal::new(false));
        // The plan is made of the other fields, and they are handed over whole.
        let plan_of = RwSignal::new(None::<Self>);
        let plan = Memo::new(move |_| match plan_of.get() {
            Some(mint) => mint.plan(parts),
            None => Err(PlanFault { field: FormField::Kind, text: String::new() }),
        });
        let mint = Self {
            name,
            name_fault,
            kind: RwSignal::new(0),
            length: RwSignal::new(usual.length),
            classes,
            no_look_alikes,
            keyboard_safe,
            exclude,
            include,
            plan,
            minted: RwSignal::new_local(None),
            state: RwSignal::new(PasswordState::New),
            copied_unsaved: RwSignal::new(false),
            draft_number: RwSignal::new(0),
            save_once_open,
        };
        plan_of.set(Some(mint));
        // The rules are the outside world of the password: it is made anew whenever they change.
        Effect::new(move |_| {
            plan.track();
            mint.regenerate();
        });
        provide_context(mint);
    }

    fn plan(self, parts: LazyParts) -> Result<Planned, PlanFault> {
        if PasswordKind::at(self.kind.get()) == PasswordKind::Characters {
            return match self.characters().plan() {
                Ok((rules, plan)) => Ok(Planned(Arc::new((Rules::Characters(rules), plan)))),
                Err(fault) => Err(PlanFault { field: fault.field(), text: text::form_fault(fault) }),
            };
        }
        match parts.rules.get().ready() {
            Some(part) => part.plan.run(self),
            None => Err(PlanFault { field: FormField::Kind, text: String::new() }),
        }
    }

    /// The form for characters, as typed.
    #[must_use]
    pub fn characters(self) -> RulesForm {
        RulesForm {
            length: self.length.get(),
            classes: self.classes.map(|(_, on, minimum)| ClassField { on: on.get(), minimum: minimum.get() }),
            no_look_alikes: self.no_look_alikes.get(),
            keyboard_safe: self.keyboard_safe.get(),
            exclude: self.exclude.get(),
            include: self.include.get(),
        }
    }

    /// Puts the form for characters so.
    pub fn set_characters(self, form: RulesForm) {
        self.length.set(form.length);
        for ((_, on, minimum), field) in self.classes.into_iter().zip(form.classes) {
            on.set(field.on);
            minimum.set(field.minimum);
        }
        self.no_look_alikes.set(form.no_look_alikes);
        self.keyboard_safe.set(form.keyboard_safe);
        self.exclude.set(form.exclude);
        self.include.set(form.include);
    }

    /// Mints anew by the rules as they are.
    pub fn regenerate(self) {
        let mint = |plan: &Planned| random::with_source(|source| plan.0.mint(source)).map(Rc::new);
        self.minted.set(self.plan.with_untracked(|plan| plan.as_ref().ok().map(mint)));
        self.state.set(PasswordState::New);
        self.copied_unsaved.set(false);
        self.draft_number.set(0);
    }

    /// One password is for one name: once it is used, the next name gets a new one.
    pub fn regenerate_if_used(self) {
        if self.state.with_untracked(|state| *state != PasswordState::New) {
            self.regenerate();
        }
    }

    /// What was sealed as this entry is thrown away: its password, if it is shown, is nobody's again.
    pub fn mark_discarded(self, id: EntryId) {
        if self.state.with_untracked(|state| matches!(state, PasswordState::Sealed(sealed, ..) if *sealed == id)) {
            self.state.set(PasswordState::New);
        }
    }

    /// The draft that the password is kept as.
    #[must_use]
    pub fn draft_key(self) -> Option<u32> {
        u32::try_from(self.draft_number.get_untracked()).ok().filter(|key| *key > 0)
    }

    /// The password that is shown.
    #[must_use]
    pub fn password(self) -> Option<Rc<Password>> {
        self.minted.get_untracked().and_then(Result::ok)
    }

    /// What is wrong with a field, in words.
    pub fn fault(self, of: impl Fn(FormField) -> bool + Send + Sync + 'static) -> Signal<String> {
        Signal::derive(move || {
            self.plan.with(|plan| match plan {
                Err(wrong) if of(wrong.field) => wrong.text.clone(),
                _ => String::new(),
            })
        })
    }
}
