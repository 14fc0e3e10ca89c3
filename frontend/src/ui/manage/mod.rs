//! The part for making a vault and managing it as a whole: account, vault key, import, export
//! and health check.

mod account;
mod export;
mod health;
mod import;
mod new_key;
mod new_passphrase;
mod proof;

use leptos::prelude::*;

use super::dialog::{Manage, Tool};
use crate::ui::lazy_parts::ToolsPart;

/// Sets the part up.
pub fn part() -> ToolsPart {
    |tool| match tool {
        Tool::Manage(Manage::Create) => super::vault::create(),
        Tool::Manage(Manage::Account) => view! { <account::AccountDialog/> }.into_any(),
        Tool::Manage(Manage::NewKey) => view! { <new_key::NewKeyDialog/> }.into_any(),
        Tool::Manage(Manage::Import) => view! { <import::ImportDialog/> }.into_any(),
        Tool::Manage(Manage::Export) => view! { <export::ExportDialog/> }.into_any(),
        Tool::Manage(Manage::Health) => view! { <health::HealthDialog/> }.into_any(),
        // The part for tools draws these.
        Tool::Settings | Tool::Read(_) | Tool::Bulk | Tool::Trust | Tool::Entry(_) => ().into_any(),
    }
}
