//! The part for making a vault, and for looking after it as a whole, each thing in a dialog.

mod account;
mod export;
mod health;
mod import;

use leptos::prelude::*;

use super::dialog::{Manage, Tool};
use crate::ui::lazy::ToolsPart;

/// What the rest of the page needs of this part.
pub fn part() -> ToolsPart {
    |tool| match tool {
        Tool::Manage(Manage::Create) => super::vault::create(),
        Tool::Manage(Manage::Account) => view! { <account::AccountDialog/> }.into_any(),
        Tool::Manage(Manage::Import) => view! { <import::ImportDialog/> }.into_any(),
        Tool::Manage(Manage::Export) => view! { <export::ExportDialog/> }.into_any(),
        Tool::Manage(Manage::Health) => view! { <health::HealthDialog/> }.into_any(),
        // Another part draws these.
        Tool::Settings | Tool::Read(_) | Tool::Bulk | Tool::Trust | Tool::Entry(_) => ().into_any(),
    }
}
