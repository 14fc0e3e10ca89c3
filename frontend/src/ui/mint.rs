//! The generator's state: the rules as typed, the plan made from them, and the password that is shown.

use std::rc::Rc;
use std::sync::Arc;

use generator::Plan;
use generator::kind::Rules;
use generator::password::Password;
use generator::random::RandomnessError;
use leptos::prelude::*;
use shared::ids::EntryId;

use super::character_fields::CharacterFields;
use super::sentence::SentenceSignal;
use crate::model::form::FormField;
use crate::model::kind::PasswordKind;
use crate::platform::random;
use crate::text;

/// The setting with the name of the chosen preset. Absent for the default rules.
pub const CHOSEN_SETTING: &str = "passmint.preset";

/// Valid rules and their plan. The first part of the page contains only the plan for characters; the code of the others
/// loads with the part for rules.
#[derive(Clone)]
pub struct PlannedRules {
    /// The rules, to store with a password minted by them.
    pub rules: Rules,
    pub plan: Arc<dyn Plan>,
}

impl PlannedRules {
    pub fn new(rules: Rules, plan: impl Plan + 'static) -> Self {
        Self { rules, plan: Arc::new(plan) }
    }
}

impl PartialEq for PlannedRules {
    fn eq(&self, other: &Self) -> bool {
        self.rules == other.rules
    }
}

/// A fault in the rules, and the field it belongs to. Without a text, a file or a part is still loading.
#[derive(Clone, PartialEq)]
pub struct PlanFault {
    pub field: FormField,
    pub text: String,
}

/// The generator's state: a handle that can be copied.
#[derive(Clone, Copy)]
pub struct Mint {
    /// The name typed for the password.
    pub name: RwSignal<String>,
    pub name_fault: SentenceSignal,
    /// The index of the kind in [`PasswordKind::ALL`].
    pub kind: RwSignal<usize>,
    pub characters: CharacterFields,
    pub plan: Memo<Result<PlannedRules, PlanFault>>,
    /// The password that is shown. None while the rules have a fault.
    pub minted: RwSignal<Option<Result<Rc<Password>, RandomnessError>>, LocalStorage>,
    pub state: RwSignal<PasswordState>,
    /// True if the password was copied before the vault's part could store it as a draft.
    pub copied_unsaved: RwSignal<bool>,
    /// The number of the draft that holds the password; 0 if there is none. IndexedDB counts from 1.
    pub draft_number: RwSignal<usize>,
    /// True to save the password as soon as the vault opens.
    pub save_once_open: RwSignal<bool>,
}

/// Makes a plan from the rules as typed.
pub type MakePlan = Callback<Mint, Result<PlannedRules, PlanFault>>;

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
        // The memo needs the whole state, which in turn holds the memo.
        let plan_of = RwSignal::new(None::<Self>);
        let plan = Memo::new(move |_| match plan_of.get() {
            Some(mint) => mint.plan(other_kinds),
            None => Err(PlanFault { field: FormField::Kind, text: String::new() }),
        });
        let mint = Self {
            name: RwSignal::new(String::new()),
            name_fault: SentenceSignal::new(),
            kind: RwSignal::new(0),
            characters: CharacterFields::new(),
            plan,
            minted: RwSignal::new_local(None),
            state: RwSignal::new(PasswordState::New),
            copied_unsaved: RwSignal::new(false),
            draft_number: RwSignal::new(0),
            save_once_open: RwSignal::new(false),
        };
        plan_of.set(Some(mint));
        // A password always follows the current rules.
        Effect::new(move |_| {
            plan.track();
            mint.regenerate();
        });
        provide_context(mint);
    }

    fn plan(self, other_kinds: impl Fn() -> Option<MakePlan>) -> Result<PlannedRules, PlanFault> {
        if PasswordKind::at(self.kind.get()) == PasswordKind::Characters {
            return match self.characters.form().plan() {
                Ok((rules, plan)) => Ok(PlannedRules::new(Rules::Characters(rules), plan)),
                Err(fault) => Err(PlanFault { field: fault.field(), text: text::form_fault(fault) }),
            };
        }
        match other_kinds() {
            Some(make_plan) => make_plan.run(self),
            None => Err(PlanFault { field: FormField::Kind, text: String::new() }),
        }
    }

    /// Mints a new password by the current rules.
    pub fn regenerate(self) {
        let mint = |plan: &PlannedRules| random::with_source(|source| plan.plan.mint(source)).map(Rc::new);
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
