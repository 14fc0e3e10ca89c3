//! The component of the dialog: it loads the part that draws the open tool.

use leptos::prelude::*;

use super::dialog::{Tool, use_dialog};
use super::lazy_parts::{Lazy, use_lazy_parts};
use super::notice::use_notices;
use crate::text::Msg;

#[component]
pub(super) fn DialogView() -> impl IntoView {
    let dialog = use_dialog();
    let parts = use_lazy_parts();
    let notices = use_notices();
    let place = move |tool: &Tool| if matches!(tool, Tool::Manage(_)) { parts.manage } else { parts.tools };
    // A part loads when the first of its tools is opened.
    Effect::new(move |_| match dialog.tool() {
        Some(Tool::Manage(_)) => parts.load_manage(),
        Some(_) => parts.load_tools(),
        None => {}
    });
    Effect::new(move |_| {
        if dialog.tool().is_some_and(|tool| matches!(place(&tool).get(), Lazy::Failed)) {
            dialog.close();
            notices.problem(Msg::NoPart);
        }
    });
    move || dialog.tool().and_then(|tool| Some(place(&tool).get().ready()?(tool)))
}
