//! The part for tools, each in a dialog: settings, reading aloud, bulk minting, tests of the randomness, and the
//! dialogs for one entry.

mod bulk;
mod chart;
mod reading;
mod settings;
mod trust;

use leptos::prelude::*;

use super::dialog::Tool;
use super::frame::Frame;
use crate::ui::lazy_parts::ToolsPart;

/// Sets the part up.
pub fn part() -> ToolsPart {
    |tool| match tool {
        Tool::Settings => view! { <settings::Settings/> }.into_any(),
        Tool::Read(secret) => view! { <reading::Reading secret/> }.into_any(),
        Tool::Bulk => view! { <bulk::Bulk/> }.into_any(),
        Tool::Trust => view! { <trust::Trust/> }.into_any(),
        Tool::Entry(tool) => super::entry::show(tool),
        // The part for management draws it.
        Tool::Manage(_) => ().into_any(),
    }
}
