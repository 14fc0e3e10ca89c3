//! The part with the tools, each shown in a dialog: settings, reading aloud, many at once, tests of the randomness, and
//! what is done with one entry of the vault.

mod bulk;
mod chart;
mod reading;
mod settings;
mod trust;

use leptos::prelude::*;

use super::dialog::Tool;
use super::frame::Frame;
use crate::ui::lazy::ToolsPart;

/// What the rest of the page needs of this part.
pub fn part() -> ToolsPart {
    |tool| match tool {
        Tool::Settings => view! { <settings::Settings/> }.into_any(),
        Tool::Read(secret) => view! { <reading::Reading secret/> }.into_any(),
        Tool::Bulk => view! { <bulk::Bulk/> }.into_any(),
        Tool::Trust => view! { <trust::Trust/> }.into_any(),
        Tool::Entry(tool) => super::entry::show(tool),
        // Another part draws it.
        Tool::Manage(_) => ().into_any(),
    }
}
