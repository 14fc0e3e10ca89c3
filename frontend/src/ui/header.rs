//! The line at the top: the name, whether the server answers, the theme, lock and log out.

use leptos::prelude::*;

use super::fields::{Button, flag, words};
use super::notice::use_notices;
use crate::browser;
use crate::session::{LockReason, Stage, use_session};
use crate::text;

/// The setting that keeps the theme; `assets/boot.js` reads it too.
const THEME_SETTING: &str = "passmint.theme";
/// Values of that setting, in the order of [`text::THEMES`]. The first is the system's theme.
const THEMES: [&str; 3] = ["system", "light", "dark"];

#[component]
pub(super) fn Header() -> impl IntoView {
    let session = use_session();
    let notices = use_notices();
    let closed = flag(move || session.stage.get() != Stage::Open);
    let silent = words(move || (if session.silent.get() { text::SERVER_SILENT } else { "" }).to_owned());
    let lock = move |reason, text: &str| {
        session.lock(reason);
        notices.result(text.to_owned());
        browser::focus_soon("secret");
    };
    view! {
        <header class="header">
            <h1 class="header-brand">{text::PRODUCT}</h1>
            <p class="header-silent" role="status">{silent}</p>
            <Theme/>
            <Button label=text::LOCK hidden=closed press=move |()| lock(LockReason::Asked, text::LOCKED)/>
            <Button class="button--quiet" label=text::LOG_OUT hidden=closed
                press=move |()| lock(LockReason::LoggedOut, text::LOGGED_OUT)/>
        </header>
    }
}

/// The choice of theme.
#[component]
fn Theme() -> impl IntoView {
    let kept = browser::setting(THEME_SETTING);
    let chosen = THEMES.iter().position(|theme| kept.as_deref() == Some(theme)).unwrap_or(0);
    let choose = move |event| {
        let theme = event_target_value(&event);
        let is_system = theme == THEMES[0];
        browser::keep_setting(THEME_SETTING, (!is_system).then_some(&theme));
        if let Some(root) = browser::document().document_element() {
            let _ =
                if is_system { root.remove_attribute("data-theme") } else { root.set_attribute("data-theme", &theme) };
        }
    };
    view! {
        <select class="select header-theme" aria-label=text::THEME on:change=choose>
            {THEMES.into_iter().zip(text::THEMES).enumerate().map(|(index, (value, label))| view! {
                <option value=value selected=index == chosen>{label}</option>
            }).collect_view()}
        </select>
    }
}
