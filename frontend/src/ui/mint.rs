//! The generator's state: the rules as typed, the plan made from them, and the password that is shown.

use std::rc::Rc;
use std::sync::Arc;

use generator::bits::Bits;
use generator::characters::{self, Class};
use generator::kind::Rules;
use generator::password::Password;
use generator::random::RandomnessError;
use leptos::prelude::*;
use shared::ids::EntryId;

use super::sentence::SentenceSignal;
use crate::model::form::{ClassField, FormField, RulesForm};
use crate::model::kind::PasswordKind;
use crate::platform::random::{self, BrowserSource};
use crate::text;

/// The setting with the name of the chosen preset. Absent for the default rules.
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

/// A plan of any kind. The first part of the page only knows the one for characters.
#[derive(Clone)]
pub struct Planned(pub Arc<dyn Plan + Send + Sync>);

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.0.rules() == other.0.rules()
    }
}

/// A fault in the rules, and the field it belongs to. Without a text, a file or a part is still loading.
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
    pub name_fault: SentenceSignal,
    /// The index of the kind in [`PasswordKind::ALL`].
    pub kind: RwSignal<usize>,
    /// The length for characters, as typed.
    pub length: RwSignal<String>,
    /// Each class: whether it is on, and its minimum as typed.
    pub classes: [(Class, RwSignal<bool>, RwSignal<String>); 4],
    /// Whether characters that look alike are excluded.
    pub no_look_alikes: RwSignal<bool>,
    /// Whether only characters are used that common keyboards have on the same key.
    pub keyboard_safe: RwSignal<bool>,
    pub exclude: RwSignal<String>,
    pub include: RwSignal<String>,
    pub plan: Memo<Result<Planned, PlanFault>>,
    /// The password that is shown. None while the rules have a fault.
    pub minted: RwSignal<Option<Result<Rc<Password>, RandomnessError>>, LocalStorage>,
    pub state: RwSignal<PasswordState>,
    /// Whether the password was copied before the vault's part could store it as a draft.
    pub copied_unsaved: RwSignal<bool>,
    /// The number of the draft that holds the password; 0 if there is none. IndexedDB counts from 1.
    pub draft_number: RwSignal<usize>,
    /// Whether to save the password as soon as the vault opens.
    pub save_once_open: RwSignal<bool>,
}

/// Makes a plan from the rules as typed.
pub type MakePlan = Callback<Mint, Result<Planned, PlanFault>>;

/// Where the shown password is stored.
#[derive(Clone, PartialEq, Eq)]
pub enum PasswordState {
    /// Nowhere.
    New,
    /// It is being sealed as an entry of this name.
    Sealing(String),
    /// It is sealed as an entry of this name. The signal says whether the entry still waits for the server.
    Sealed(EntryId, String, Signal<bool>),
}

pub fn use_mint() -> Mint {
    expect_context()
}

impl Mint {
    /// Provides the state to all components below. `other_kinds` makes a plan of any kind but characters, once the part
    /// for rules has loaded.
    pub(super) fn provide(other_kinds: impl Fn() -> Option<MakePlan> + Copy + Send + Sync + 'static) {
        let usual = RulesForm::default();
        let mut fields = Class::ALL.into_iter().zip(usual.classes);
        let classes = std::array::from_fn(|_| {
            let (class, field) = fields.next().unwrap_or((Class::Lower, ClassField::default()));
            (class, RwSignal::new(field.on), RwSignal::new(field.minimum))
        });
        let [exclude, include, name] = std::array::from_fn(|_| RwSignal::new(String::new()));
        let name_fault = SentenceSignal::new();
        let [no_look_alikes, keyboard_safe, save_once_open] = std::array::from_fn(|_| RwSignal::new(false));
        // The memo needs the whole state, which in turn holds the memo.
        let plan_of = RwSignal::new(None::<Self>);
        let plan = Memo::new(move |_| match plan_of.get() {
            Some(mint) => mint.plan(other_kinds),
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
        // A password always follows the current rules.
        Effect::new(move |_| {
            plan.track();
            mint.regenerate();
        });
        provide_context(mint);
    }

    fn plan(self, other_kinds: impl Fn() -> Option<MakePlan>) -> Result<Planned, PlanFault> {
        if PasswordKind::at(self.kind.get()) == PasswordKind::Characters {
            return match self.characters().plan() {
                Ok((rules, plan)) => Ok(Planned(Arc::new((Rules::Characters(rules), plan)))),
                Err(fault) => Err(PlanFault { field: fault.field(), text: text::form_fault(fault) }),
            };
        }
        match other_kinds() {
            Some(make_plan) => make_plan.run(self),
            None => Err(PlanFault { field: FormField::Kind, text: String::new() }),
        }
    }

    /// The rules for characters, as typed.
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

    /// Fills in the rules for characters.
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

    /// Mints a new password by the current rules.
    pub fn regenerate(self) {
        let mint = |plan: &Planned| random::with_source(|source| plan.0.mint(source)).map(Rc::new);
        self.minted.set(self.plan.with_untracked(|plan| plan.as_ref().ok().map(mint)));
        self.state.set(PasswordState::New);
        self.copied_unsaved.set(false);
        self.draft_number.set(0);
    }

    /// Mints a new password if the shown one is in an entry: one password is for one name.
    pub fn regenerate_if_used(self) {
        if self.state.with_untracked(|state| *state != PasswordState::New) {
            self.regenerate();
        }
    }

    /// Marks the password as new if it was sealed as this entry, which was discarded.
    pub fn mark_discarded(self, id: EntryId) {
        if self.state.with_untracked(|state| matches!(state, PasswordState::Sealed(sealed, ..) if *sealed == id)) {
            self.state.set(PasswordState::New);
        }
    }

    /// The draft that holds the password.
    pub fn draft_key(self) -> Option<u32> {
        u32::try_from(self.draft_number.get_untracked()).ok().filter(|key| *key > 0)
    }

    /// The password that is shown.
    pub fn password(self) -> Option<Rc<Password>> {
        self.minted.get_untracked().and_then(Result::ok)
    }

    /// The fault of the fields that `of` picks, as text.
    pub fn fault(self, of: impl Fn(FormField) -> bool + Send + Sync + 'static) -> Signal<String> {
        Signal::derive(move || {
            self.plan.with(|plan| match plan {
                Err(wrong) if of(wrong.field) => wrong.text.clone(),
                _ => String::new(),
            })
        })
    }
}
