//! The parts of the page that load after the first one: the vault, making and looking after one, the rarer rules,
//! the tools. The first
//! part knows of them only what stands here. With the feature `split` (release builds), wasm-split takes the module apart
//! at the functions at the end; without it, the page is one module and every part is there from the start.

use std::pin::Pin;

use futures_util::future::join;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::EntryId;
#[cfg(feature = "split")]
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use crate::text;
use crate::ui::dialog::Tool;
use crate::ui::mint::{Mint, Planned, Wrong};

/// What the vault's part offers.
#[derive(Clone, Copy)]
pub struct VaultPart {
    pub room: fn() -> AnyView,
    /// Its place in the header: whether the server answers, lock and log out.
    pub header: fn() -> AnyView,
    /// Saves the password that is shown under this name; says what came of it.
    pub save: Callback<String>,
    /// The password that is shown was copied: keeps it as a draft, and says so.
    pub copied: Callback<()>,
    /// Puts an entry into the bin, and offers to take it out again.
    pub to_bin: Callback<EntryId>,
    /// Locks the vault, if it is open.
    pub lock: Callback<()>,
}

/// What the part for rules offers.
#[derive(Clone, Copy)]
pub struct RulesPart {
    /// The fields of the kind that is chosen; of characters, which the first part has, none.
    pub fields: fn() -> AnyView,
    /// The rarer rules of characters, and the choice among rules that are kept.
    pub more: fn() -> AnyView,
    /// What the fields of kinds other than characters come to.
    pub plan: Callback<Mint, Result<Planned, Wrong>>,
}

/// What the part with the tools and the one for looking after a vault offer: a dialog, or a form.
pub type ToolsPart = fn(Tool) -> AnyView;

/// A part did not come, or was changed on the way.
#[derive(Clone, Copy, Debug)]
pub struct NotLoaded;

#[cfg(feature = "split")]
impl From<SplitLoaderError> for NotLoaded {
    fn from(_: SplitLoaderError) -> Self {
        Self
    }
}

/// A part on its way: what makes what it offers.
type Loading<T> = Pin<Box<dyn Future<Output = Result<fn() -> T, NotLoaded>>>>;

/// How far a part has come.
#[derive(Clone, Copy)]
pub enum Part<T> {
    /// Nobody has asked for it, or it is on its way.
    Awaited,
    /// It did not come, or was changed on the way.
    Missing,
    Here(T),
}

impl<T: Copy> Part<T> {
    /// Something of the part, as far as it has come.
    pub fn map<U>(self, of: impl FnOnce(T) -> U) -> Part<U> {
        match self {
            Self::Awaited => Part::Awaited,
            Self::Missing => Part::Missing,
            Self::Here(part) => Part::Here(of(part)),
        }
    }

    /// The part, if it is here.
    #[must_use]
    pub fn here(self) -> Option<T> {
        match self {
            Self::Here(part) => Some(part),
            Self::Awaited | Self::Missing => None,
        }
    }
}

/// The page's parts: a handle that can be copied.
#[derive(Clone, Copy)]
pub struct Parts {
    pub vault: RwSignal<Part<VaultPart>>,
    pub rules: RwSignal<Part<RulesPart>>,
    pub tools: RwSignal<Part<ToolsPart>>,
    /// Making a vault, and looking after it.
    pub manage: RwSignal<Part<ToolsPart>>,
    /// What belongs to a part lives as long as the page.
    page: StoredValue<Owner>,
}

/// The parts of this page.
#[must_use]
pub fn use_parts() -> Parts {
    expect_context()
}

impl Parts {
    /// Makes the parts known to all components below. None is loaded yet.
    pub fn provide() -> Self {
        let parts = Self {
            vault: RwSignal::new(Part::Awaited),
            rules: RwSignal::new(Part::Awaited),
            tools: RwSignal::new(Part::Awaited),
            manage: RwSignal::new(Part::Awaited),
            page: StoredValue::new(Owner::current().unwrap_or_default()),
        };
        provide_context(parts);
        parts
    }

    /// Fetches the vault's part, unless it is here. It can be tried again when it did not come.
    pub fn load_vault(self) {
        self.load(self.vault, Box::pin(vault()));
    }

    /// Fetches the part for rules, unless it is here.
    pub fn load_rules(self) {
        self.load(self.rules, Box::pin(rules()));
    }

    /// Fetches the tools, unless they are here.
    pub fn load_tools(self) {
        self.load(self.tools, Box::pin(tools()));
    }

    /// Fetches the part for making and looking after a vault, unless it is here.
    pub fn load_manage(self) {
        self.load(self.manage, Box::pin(manage()));
    }

    /// The future is boxed, so that this is compiled once for parts that offer the same.
    fn load<T: Copy + Send + Sync + 'static>(self, place: RwSignal<Part<T>>, part: Loading<T>) {
        if place.with_untracked(|part| part.here().is_some()) {
            return;
        }
        place.set(Part::Awaited);
        spawn_local(async move {
            // A part speaks: its texts come with it.
            let (part, texts) = join(part, text::fetch_all()).await;
            let part = match (part, texts) {
                (Ok(part), Ok(())) => Part::Here(self.page.with_value(|page| page.with(part))),
                _ => Part::Missing,
            };
            // Another call may have been faster.
            if place.with_untracked(|part| part.here().is_none()) {
                place.set(part);
            }
        });
    }
}

/// Declares the function that loads a part: an `async fn` that gives what makes the part.
macro_rules! part {
    ($name:ident -> $part:ty $body:block) => {
        #[cfg(feature = "split")]
        #[wasm_split($name, fallible)]
        fn $name() -> Result<fn() -> $part, NotLoaded> $body

        #[cfg(not(feature = "split"))]
        async fn $name() -> Result<fn() -> $part, NotLoaded> $body
    };
}

part!(vault -> VaultPart { Ok(crate::ui::vault::part) });
part!(rules -> RulesPart {
    after_vault();
    Ok(crate::ui::rules::part)
});
part!(tools -> ToolsPart {
    after_vault();
    Ok(crate::ui::tools::part)
});
part!(manage -> ToolsPart {
    after_vault();
    Ok(crate::ui::manage::part)
});

/// The vault's part always comes first. Where the others say that they need all of it, what they share with it stays in
/// one file with the rest of the vault, instead of one file for each combination of parts.
fn after_vault() {
    std::hint::black_box(crate::ui::vault::part as fn() -> VaultPart);
}
