//! What the page says: one line at a time, in a bar that moves nothing, spoken once by screen readers.

use std::time::Duration;

use leptos::prelude::*;

use super::fields::{Button, flag, words};
use crate::session::{Report, UNDO, use_session};
use crate::text;

/// How long a result stays. A problem stays until it is closed or the next message comes.
const RESULT: Duration = Duration::from_secs(8);

/// One message.
#[derive(Clone, Default)]
struct Notice {
    result: String,
    problem: String,
    /// Whether it is of a deletion, which can be undone.
    undo: bool,
    /// Tells this message from the next one.
    number: u32,
}

/// The page's messages: a handle that can be copied.
#[derive(Clone, Copy)]
pub(super) struct Notices(RwSignal<Notice>);

/// The messages of this page.
pub(super) fn use_notices() -> Notices {
    expect_context()
}

impl Notices {
    pub(super) fn provide() {
        provide_context(Self(RwSignal::new(Notice::default())));
    }

    /// Says what was done.
    pub(super) fn result(self, result: String) {
        self.put(Notice { result, ..Notice::default() }, Some(RESULT));
    }

    /// Says that something was deleted, and offers for a while to undo it.
    pub(super) fn deleted(self, result: String) {
        self.put(Notice { result, undo: true, ..Notice::default() }, Some(UNDO));
    }

    /// Says what went wrong, and what to do.
    pub(super) fn problem(self, problem: String) {
        self.put(Notice { problem, ..Notice::default() }, None);
    }

    /// Takes the message away.
    pub(super) fn clear(self) {
        self.put(Notice::default(), None);
    }

    fn put(self, notice: Notice, time: Option<Duration>) {
        let number = self.0.with_untracked(|notice| notice.number).wrapping_add(1);
        self.0.set(Notice { number, ..notice });
        if let Some(time) = time {
            let clear = move || {
                if self.0.with_untracked(|notice| notice.number == number) {
                    self.clear();
                }
            };
            set_timeout(clear, time);
        }
    }
}

/// The bar at the foot of the window.
#[component]
pub(super) fn NoticeBar() -> impl IntoView {
    let notices = use_notices();
    let session = use_session();
    let result = words(move || notices.0.with(|notice| notice.result.clone()));
    let problem = words(move || notices.0.with(|notice| notice.problem.clone()));
    let silent = flag(move || notices.0.with(|notice| notice.result.is_empty() && notice.problem.is_empty()));
    let undo = move |()| {
        session.undelete();
        notices.clear();
    };
    // What went on in the background.
    Effect::new(move |_| match session.report.get() {
        Some(Report::Done(result)) => notices.result(result),
        Some(Report::Problem(problem)) => notices.problem(problem),
        None => {}
    });
    view! {
        <div class="notice" class:notice--silent=silent class:notice--problem=flag(move || problem.with(|p| !p.is_empty()))>
            <p class="notice-text" role="status">{result}</p>
            <p class="notice-text" role="alert">{problem}</p>
            <Button class="button--quiet" label=text::UNDO press=undo
                hidden=flag(move || notices.0.with(|notice| !notice.undo))/>
            <Button class="button--quiet notice-close" label="×" name=text::DISMISS press=move |()| notices.clear()
                hidden=silent/>
        </div>
    }
}
