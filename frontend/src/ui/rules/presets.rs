//! Presets: rules that are stored under a name. They are stored in this browser, unencrypted: rules are no secret.

use generator::characters;
use generator::kind::Rules;
use leptos::prelude::*;

use super::Forms;
use crate::model::presets::{self, NAME_MAX, PRESETS_MAX, PresetFault};
use crate::platform::browser;
use crate::text::{self, Msg};
use crate::ui::fields::{Button, Select, TextField, bool_signal, text_signal};
use crate::ui::mint::{CHOSEN_SETTING, Mint, use_mint};
use crate::ui::notice::use_notices;
use crate::ui::sentence::SentenceSignal;

const PRESETS_SETTING: &str = "passmint.presets";

/// The page's presets: a handle that can be copied.
#[derive(Clone, Copy)]
pub(super) struct PresetControls {
    mint: Mint,
    forms: Forms,
    stored: RwSignal<presets::Presets>,
    /// The name of the chosen preset; nothing for the default rules.
    chosen: RwSignal<Option<String>>,
    /// True if the stored presets could not be read. They are not overwritten then.
    unread: bool,
}

impl PresetControls {
    /// Reads the stored presets, and applies the one that was chosen last.
    pub(super) fn provide(mint: Mint, forms: Forms) {
        let json = browser::setting(PRESETS_SETTING);
        let stored = json.map_or(Ok(presets::Presets::default()), |json| presets::Presets::from_json(&json));
        let presets = Self {
            mint,
            forms,
            unread: stored.is_err(),
            stored: RwSignal::new(stored.unwrap_or_default()),
            chosen: RwSignal::new(None),
        };
        provide_context(presets);
        if let Some(name) = browser::setting(CHOSEN_SETTING)
            && presets.stored.with_untracked(|stored| stored.find(&name).is_some())
        {
            presets.choose(Some(name));
        }
    }

    fn choose(self, name: Option<String>) {
        browser::save_setting(CHOSEN_SETTING, name.as_deref());
        self.chosen.set(name);
        self.back();
    }

    /// Resets the rules to those of the chosen preset.
    fn back(self) {
        let rules = untrack(|| self.chosen_rules());
        self.forms.fill(self.mint, &rules);
    }

    fn chosen_rules(self) -> Rules {
        let usual = || Rules::Characters(characters::Rules::default());
        let name = self.chosen.get();
        self.stored.with(|stored| name.and_then(|name| stored.find(&name).cloned()).unwrap_or_else(usual))
    }

    /// Stores changed presets. Gives whether the browser has stored them.
    fn change(self, stored: presets::Presets) -> bool {
        let is_stored = stored.to_json().is_ok_and(|json| {
            browser::save_setting(PRESETS_SETTING, Some(&json));
            browser::setting(PRESETS_SETTING).as_deref() == Some(&json)
        });
        if is_stored {
            self.stored.set(stored);
        }
        is_stored
    }
}

#[component]
pub(super) fn PresetChoice() -> impl IntoView {
    let presets: PresetControls = expect_context();
    let mint = use_mint();
    let notices = use_notices();
    let naming = RwSignal::new(false);
    let name = RwSignal::new(String::new());
    let name_fault = SentenceSignal::new();

    let chosen_name = move || presets.chosen.get().unwrap_or_else(|| text::get(Msg::PresetUsual));
    let changed =
        Memo::new(move |_| mint.plan.with(|plan| plan.as_ref().is_ok_and(|plan| plan.rules != presets.chosen_rules())));
    let options = Signal::derive(move || {
        let usual = text::get(Msg::PresetUsual);
        presets.stored.with(|stored| std::iter::once(usual).chain(stored.names().map(str::to_owned)).collect())
    });
    let place = Signal::derive(move || {
        let chosen = presets.chosen.get();
        presets.stored.with(|stored| {
            let place = chosen.and_then(|chosen| stored.names().position(|name| name == chosen));
            place.map_or(0, |place| place + 1)
        })
    });
    let choose = move |place: usize| {
        let name = presets.stored.with_untracked(|stored| {
            place.checked_sub(1).and_then(|place| stored.names().nth(place).map(str::to_owned))
        });
        presets.choose(name);
    };
    let start = move |()| {
        naming.set(true);
        browser::focus_soon("preset-name");
    };
    let stop = move |()| {
        naming.set(false);
        name.set(String::new());
        name_fault.clear();
    };
    let keep = move |()| {
        let Some(rules) = untrack(|| Forms::rules(mint)) else {
            return name_fault.set(Msg::NoPassword);
        };
        let mut stored = presets.stored.get_untracked();
        match stored.add(&name.get_untracked(), rules) {
            Ok(name) if !presets.unread && presets.change(stored) => {
                browser::save_setting(CHOSEN_SETTING, Some(&name));
                presets.chosen.set(Some(name.clone()));
                notices.result(move || text::with(Msg::PresetKept, &[("name", &name)]));
                stop(());
                browser::focus_soon("preset");
            }
            Ok(_) => name_fault.set(Msg::PresetNotKept),
            Err(fault) => {
                name_fault.set(move || match fault {
                    PresetFault::NameEmpty => text::get(Msg::PresetNameEmpty),
                    PresetFault::NameTooLong => text::with(Msg::PresetNameLong, &[("max", &NAME_MAX)]),
                    PresetFault::NameTaken => text::get(Msg::PresetNameTaken),
                    PresetFault::Many => text::with(Msg::PresetMany, &[("max", &PRESETS_MAX)]),
                });
                browser::focus_soon("preset-name");
            }
        }
    };
    let delete = move |()| {
        let Some(name) = presets.chosen.get_untracked() else { return };
        let mut stored = presets.stored.get_untracked();
        stored.remove(&name);
        if presets.change(stored) {
            // The rules on the page stay as they are.
            browser::save_setting(CHOSEN_SETTING, None);
            presets.chosen.set(None);
            notices.result(move || text::with(Msg::PresetDeleted, &[("name", &name)]));
            browser::focus_soon("preset");
        }
    };
    let unread = text_signal(move || if presets.unread { text::get(Msg::PresetsUnread) } else { String::new() });
    view! {
        <div class="presets">
            <Select id="preset" label=Msg::Preset options value=place choose/>
            <div class="buttons">
                <Button class="button--quiet button--small" press=move |()| presets.back()
                    label=text_signal(move || text::with(Msg::PresetBack, &[("name", &chosen_name())]))
                    hidden=bool_signal(move || !changed.get())/>
                <Button class="button--quiet button--small" label=Msg::PresetKeep press=start
                    hidden=bool_signal(move || naming.get() || !changed.get())/>
                <Button class="button--quiet button--small" label=Msg::PresetDelete press=delete
                    hidden=bool_signal(move || presets.chosen.with(Option::is_none))/>
            </div>
            <div class="preset-naming" prop:hidden=bool_signal(move || !naming.get())>
                <TextField id="preset-name" label=Msg::PresetName value=name fault=name_fault/>
                <div class="buttons">
                    <Button label=Msg::PresetKeepNow press=keep/>
                    <Button class="button--quiet" label=Msg::Cancel press=stop/>
                </div>
            </div>
            <p class="fault" role="alert">{unread}</p>
        </div>
    }
}
