//! The rules of a passphrase, and its word list: a file that is fetched when the kind is first chosen.

use std::sync::Arc;

use generator::kind::Rules;
use generator::phrase::{self, LENGTHS, Words};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::planned;
use crate::model::form::FormField;
use crate::model::kind::{KindFault, PhraseForm};
use crate::platform::files;
use crate::text::{self, Msg};
use crate::ui::fields::{Button, Checkbox, Select, Slider, TextField, bool_signal, text_signal};
use crate::ui::mint::{PlanFault, PlannedRules, use_mint};

/// Names of the choices, in the order of [`PhraseForm::CAPITALS`].
const CAPITALS: [Msg; 3] = [Msg::CapitalsNone, Msg::CapitalsFirst, Msg::CapitalsWord];

#[derive(Clone)]
enum WordList {
    NotRequested,
    Loading,
    /// The file did not arrive, or failed its integrity check.
    Failed,
    Ready(Arc<Words>),
}

/// The fields, as typed: a handle that can be copied.
#[derive(Clone, Copy)]
pub(super) struct PhraseFields {
    count: RwSignal<String>,
    separator: RwSignal<String>,
    capitals: RwSignal<usize>,
    digit: RwSignal<bool>,
    list: RwSignal<WordList>,
}

impl PhraseFields {
    pub(super) fn new() -> Self {
        let usual = PhraseForm::from(&phrase::Rules::default());
        Self {
            count: RwSignal::new(usual.count),
            separator: RwSignal::new(usual.separator),
            capitals: RwSignal::new(usual.capitals),
            digit: RwSignal::new(usual.digit),
            list: RwSignal::new(WordList::NotRequested),
        }
    }

    pub(super) fn fill(self, rules: &phrase::Rules) {
        let form = PhraseForm::from(rules);
        self.count.set(form.count);
        self.separator.set(form.separator);
        self.capitals.set(form.capitals);
        self.digit.set(form.digit);
    }

    pub(super) fn plan(self) -> Result<PlannedRules, PlanFault> {
        let form = PhraseForm {
            count: self.count.get(),
            separator: self.separator.get(),
            capitals: self.capitals.get(),
            digit: self.digit.get(),
        };
        let (list, missing) = match self.list.get() {
            WordList::Ready(list) => (Some(list), false),
            WordList::Failed => (None, true),
            WordList::NotRequested | WordList::Loading => (None, false),
        };
        let plan = form.plan(list).map(|(rules, plan)| PlannedRules::new(Rules::Phrase(rules), plan));
        planned(plan, |fault| match fault {
            KindFault::Separator(strange) => text::with(Msg::SeparatorFault, &[("character", &strange)]),
            KindFault::SeparatorLong => text::get(Msg::SeparatorLong),
            KindFault::WordsAwaited if missing => text::get(Msg::NoPart),
            KindFault::WordsAwaited => String::new(),
            _ => text::limits(Msg::WordCountFault, &LENGTHS),
        })
    }

    /// Fetches the list, unless it is ready or on its way.
    fn fetch(self) {
        if matches!(self.list.get_untracked(), WordList::Loading | WordList::Ready(_)) {
            return;
        }
        self.list.set(WordList::Loading);
        spawn_local(async move {
            let list = files::text("words").await.ok().and_then(|text| Words::new(text).ok());
            self.list.set(list.map_or(WordList::Failed, |words| WordList::Ready(Arc::new(words))));
        });
    }
}

#[component]
pub(super) fn PhraseRules(fields: PhraseFields) -> impl IntoView {
    let mint = use_mint();
    fields.fetch();
    let options = Signal::derive(|| CAPITALS.map(text::get).to_vec());
    let missing = bool_signal(move || fields.list.with(|list| matches!(list, WordList::Failed)));
    let fetching = text_signal(move || {
        if fields.list.with(|list| matches!(list, WordList::Loading)) {
            text::get(Msg::WordsLoading)
        } else {
            String::new()
        }
    });
    view! {
        <Slider id="word-count" label=Msg::WordCount value=fields.count limits=LENGTHS
            fault=mint.fault(|field| field == FormField::WordCount)/>
        <TextField id="separator" label=Msg::Separator hint=Msg::SeparatorHint value=fields.separator
            class="length-number input--secret" fault=mint.fault(|field| field == FormField::Separator)/>
        <Select id="capitals" label=Msg::Capitals options value=fields.capitals
            choose=move |index| fields.capitals.set(index)/>
        <Checkbox label=Msg::AddDigit value=fields.digit/>
        <p class="hint" role="status">{fetching}</p>
        <p class="fault" role="alert">{mint.fault(|field| field == FormField::Kind)}</p>
        <Button class="button--small" label=Msg::TryAgain press=move |()| fields.fetch()
            hidden=bool_signal(move || !missing.get())/>
    }
}
