//! The settings: language, theme, and shortcuts.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::Frame;
use crate::platform::browser;
use crate::platform::files::{self, FileMissing};
use crate::text::{self, LANGUAGES, Msg, Texts};
use crate::ui::fields::{Checkbox, Select, tr};
use crate::ui::keys::{KEYS_OFF, KEYS_SETTING};
use crate::ui::notice::use_notices;

/// The setting with the theme; `assets/boot.js` reads it too.
const THEME_SETTING: &str = "passmint.theme";
/// Values of that setting, and their names. The first one follows the system.
const THEMES: [(&str, Msg); 3] = [("system", Msg::ThemeSystem), ("light", Msg::ThemeLight), ("dark", Msg::ThemeDark)];

/// The setting with the language; `assets/boot.js` reads it too.
const LANGUAGE_SETTING: &str = "passmint.language";

const KEYS: [(&str, Msg); 9] = [
    ("n", Msg::KeyName),
    ("g", Msg::KeyGenerate),
    ("c", Msg::KeyCopy),
    ("r", Msg::KeyRead),
    ("/", Msg::KeySearch),
    ("l", Msg::KeyLock),
    ("?", Msg::KeyHelp),
    ("Enter", Msg::KeyEnter),
    ("Esc", Msg::KeyEscape),
];

#[component]
pub(super) fn Settings() -> impl IntoView {
    view! {
        <Frame title=Msg::Settings>
            <div class="settings-choices">
                <Language/>
                <Theme/>
            </div>
            <h3 class="dialog-part">{tr(Msg::Keys)}</h3>
            <KeySettings/>
        </Frame>
    }
}

#[component]
fn Language() -> impl IntoView {
    let notices = use_notices();
    let value = Signal::derive(|| {
        let spoken = text::language();
        LANGUAGES.iter().position(|(tag, _)| *tag == spoken).unwrap_or_default()
    });
    let choose = move |index: usize| {
        let Some((tag, _)) = LANGUAGES.get(index) else { return };
        spawn_local(async move {
            let fetched = async {
                let first = Texts::new(tag, &files::text(&format!("text-{tag}")).await?);
                let others = files::text(&format!("more-{tag}")).await?;
                Ok::<_, FileMissing>(first.and(&others))
            };
            let Ok(texts) = fetched.await else { return notices.problem(Msg::NoPart) };
            browser::save_setting(LANGUAGE_SETTING, Some(tag));
            browser::set_root_attribute("lang", Some(tag));
            text::speak(texts);
        });
    };
    let options = Signal::derive(|| LANGUAGES.iter().map(|(_, name)| (*name).to_owned()).collect::<Vec<_>>());
    view! { <Select id="language" label=Msg::Language options value choose/> }
}

#[component]
fn Theme() -> impl IntoView {
    let kept = browser::setting(THEME_SETTING);
    let value = RwSignal::new(THEMES.iter().position(|(theme, _)| kept.as_deref() == Some(theme)).unwrap_or_default());
    let choose = move |index: usize| {
        value.set(index);
        let theme = THEMES.get(index).map(|(theme, _)| *theme).filter(|_| index > 0);
        browser::save_setting(THEME_SETTING, theme);
        browser::set_root_attribute("data-theme", theme);
    };
    let options = Signal::derive(|| THEMES.map(|(_, name)| text::get(name)).to_vec());
    view! { <Select id="theme" label=Msg::Theme options value choose/> }
}

#[component]
fn KeySettings() -> impl IntoView {
    let on = RwSignal::new(browser::setting(KEYS_SETTING).as_deref() != Some(KEYS_OFF));
    Effect::new(move |_| browser::save_setting(KEYS_SETTING, (!on.get()).then_some(KEYS_OFF)));
    view! {
        <Checkbox label=Msg::KeysOn value=on/>
        <dl class="keys">
            {KEYS.into_iter().map(|(key, does)| view! {
                <div><dt><kbd>{key}</kbd></dt><dd>{tr(does)}</dd></div>
            }).collect_view()}
        </dl>
    }
}
