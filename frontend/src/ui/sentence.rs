//! Sentences that stay on the page for a while: notices, faults, reports. Each is kept as the way to say it, never as
//! its text, so that all of them follow the language when it changes.

use std::sync::Arc;

use leptos::prelude::*;

use crate::text::{self, Msg};

/// One sentence, or none. It is made from a [`Msg`], or from a closure that says what it captured.
#[derive(Clone, Default)]
pub struct Sentence(Kind);

#[derive(Clone, Default)]
enum Kind {
    #[default]
    None,
    Fixed(Msg),
    Made(Arc<dyn Fn() -> String + Send + Sync>),
}

impl Sentence {
    /// The sentence in the language that is spoken now; empty if there is none. In a reactive scope this subscribes to
    /// the language.
    pub fn say(&self) -> String {
        match &self.0 {
            Kind::None => String::new(),
            Kind::Fixed(text) => text::get(*text),
            Kind::Made(say) => say(),
        }
    }

    pub fn is_none(&self) -> bool {
        matches!(self.0, Kind::None)
    }
}

impl From<Msg> for Sentence {
    fn from(text: Msg) -> Self {
        Self(Kind::Fixed(text))
    }
}

impl<F: Fn() -> String + Send + Sync + 'static> From<F> for Sentence {
    fn from(say: F) -> Self {
        Self(Kind::Made(Arc::new(say)))
    }
}

/// A place on the page for a sentence that comes and goes, such as the fault of a field: a handle that can be copied.
#[derive(Clone, Copy, Default)]
pub struct SentenceSignal(RwSignal<Sentence>);

impl SentenceSignal {
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the sentence. If the component is gone by now, this does nothing.
    pub fn set(self, sentence: impl Into<Sentence>) {
        let _ = self.0.try_set(sentence.into());
    }

    pub fn clear(self) {
        self.set(Sentence::default());
    }

    /// The sentence as a text that follows both it and the language.
    pub fn text(self) -> Signal<String> {
        Signal::derive(move || self.0.with(Sentence::say))
    }

    /// True if there is no sentence now. In a reactive scope this subscribes to it.
    pub fn is_none(self) -> bool {
        self.0.with(Sentence::is_none)
    }
}

impl From<SentenceSignal> for Signal<String> {
    fn from(signal: SentenceSignal) -> Self {
        signal.text()
    }
}
