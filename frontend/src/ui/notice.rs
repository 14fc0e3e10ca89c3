//! Notices: one at a time, in a bar that moves nothing else, spoken once by screen readers.

use std::time::Duration;

use leptos::prelude::*;

use super::fields::{Button, bool_signal, text_signal};
use super::sentence::Sentence;
use crate::text::{self, Msg};

/// How long a result stays. A problem stays until it is closed or another notice replaces it.
const RESULT: Duration = Duration::from_secs(8);

#[derive(Clone, Default)]
struct Notice {
    result: Sentence,
    problem: Sentence,
    /// The label of the notice's button, and what it does.
    action: Option<(Msg, Callback<()>)>,
    /// Tells this notice from the next one, so that a timer clears only its own.
    number: u32,
}

/// The page's notices: a handle that can be copied.
#[derive(Clone, Copy)]
pub struct Notices(RwSignal<Notice>);

pub fn use_notices() -> Notices {
    expect_context()
}

impl Notices {
    pub(super) fn provide() {
        provide_context(Self(RwSignal::new(Notice::default())));
    }

    pub fn result(self, result: impl Into<Sentence>) {
        self.put(Notice { result: result.into(), ..Notice::default() }, Some(RESULT));
    }

    /// Shows a result with a button. Without `time`, it stays until it is closed.
    pub fn offer(self, result: impl Into<Sentence>, action: (Msg, Callback<()>), time: Option<Duration>) {
        self.put(Notice { result: result.into(), action: Some(action), ..Notice::default() }, time);
    }

    /// Shows what went wrong and what to do.
    pub fn problem(self, problem: impl Into<Sentence>) {
        self.put(Notice { problem: problem.into(), ..Notice::default() }, None);
    }

    pub fn clear(self) {
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
    let result = text_signal(move || notices.0.with(|notice| notice.result.say()));
    let problem = text_signal(move || notices.0.with(|notice| notice.problem.say()));
    let silent = bool_signal(move || notices.0.with(|notice| notice.result.is_none() && notice.problem.is_none()));
    let action = move || notices.0.with(|notice| notice.action);
    let act = move |()| {
        let action = notices.0.with_untracked(|notice| notice.action);
        notices.clear();
        if let Some((_, act)) = action {
            act.run(());
        }
    };
    view! {
        <div class="notice" class:notice--silent=silent class:notice--problem=bool_signal(move || notices.0.with(|notice| !notice.problem.is_none()))>
            <p class="notice-text" role="status">{result}</p>
            <p class="notice-text" role="alert">{problem}</p>
            <Button class="button--quiet" press=act hidden=bool_signal(move || action().is_none())
                label=text_signal(move || action().map_or_else(String::new, |(label, _)| text::get(label)))/>
            <Button class="button--quiet notice-close" label="×" name=Msg::Dismiss press=move |()| notices.clear()
                hidden=silent/>
        </div>
    }
}
