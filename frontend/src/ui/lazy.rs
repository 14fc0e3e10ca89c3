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

use super::dialog::Tool;
use super::fields::{Button, tr};
use super::mint::{Mint, PlanFault, Planned};
use crate::text::{self, Msg};

/// What the vault's part offers.
#[derive(Clone, Copy)]
pub struct VaultPart {
    pub panel: fn() -> AnyView,
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
    pub plan: Callback<Mint, Result<Planned, PlanFault>>,
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
type LazyFuture<T> = Pin<Box<dyn Future<Output = Result<fn() -> T, NotLoaded>>>>;

/// How far a part has come.
#[derive(Clone, Copy)]
pub enum Lazy<T> {
    /// Nobody has asked for it, or it is on its way.
    Loading,
    /// It did not come, or was changed on the way.
    Failed,
    Ready(T),
}

impl<T: Copy> Lazy<T> {
    /// Something of the part, as far as it has come.
    pub fn map<U>(self, of: impl FnOnce(T) -> U) -> Lazy<U> {
        match self {
            Self::Loading => Lazy::Loading,
            Self::Failed => Lazy::Failed,
            Self::Ready(part) => Lazy::Ready(of(part)),
        }
    }

    /// The part, if it is here.
    #[must_use]
    pub fn ready(self) -> Option<T> {
        match self {
            Self::Ready(part) => Some(part),
            Self::Loading | Self::Failed => None,
        }
    }
}

/// The page's parts: a handle that can be copied.
#[derive(Clone, Copy)]
pub struct LazyParts {
    pub vault: RwSignal<Lazy<VaultPart>>,
    pub rules: RwSignal<Lazy<RulesPart>>,
    pub tools: RwSignal<Lazy<ToolsPart>>,
    /// Making a vault, and looking after it.
    pub manage: RwSignal<Lazy<ToolsPart>>,
    /// What belongs to a part lives as long as the page.
    page: StoredValue<Owner>,
}

/// The parts of this page.
#[must_use]
pub fn use_lazy_parts() -> LazyParts {
    expect_context()
}

impl LazyParts {
    /// Makes the parts known to all components below. None is loaded yet.
    pub fn provide() -> Self {
        let parts = Self {
            vault: RwSignal::new(Lazy::Loading),
            rules: RwSignal::new(Lazy::Loading),
            tools: RwSignal::new(Lazy::Loading),
            manage: RwSignal::new(Lazy::Loading),
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
    fn load<T: Copy + Send + Sync + 'static>(self, place: RwSignal<Lazy<T>>, part: LazyFuture<T>) {
        if place.with_untracked(|part| part.ready().is_some()) {
            return;
        }
        place.set(Lazy::Loading);
        spawn_local(async move {
            // A part speaks: its texts come with it.
            let (part, texts) = join(part, text::fetch_all()).await;
            let part = match (part, texts) {
                (Ok(part), Ok(())) => Lazy::Ready(self.page.with_value(|page| page.with(part))),
                _ => Lazy::Failed,
            };
            // Another call may have been faster.
            if place.with_untracked(|part| part.ready().is_none()) {
                place.set(part);
            }
        });
    }
}

/// Where a part stands, and what is there until it comes.
#[component]
pub(super) fn LazyView(
    /// The part: what draws it.
    #[prop(into)]
    part: Signal<Lazy<fn() -> AnyView>>,
    #[prop(into)] load: Callback<()>,
) -> impl IntoView {
    move || match part.get() {
        Lazy::Ready(draw) => draw(),
        Lazy::Loading => view! { <p class="hint" role="status">{tr(Msg::VaultLoading)}</p> }.into_any(),
        Lazy::Failed => view! {
            <p class="fault" role="alert">{tr(Msg::VaultNotLoaded)}</p>
            <Button label=Msg::TryAgain press=load/>
        }
        .into_any(),
    }
}

/// Declares the function that loads a part: an `async fn` that gives what makes the part.
macro_rules! lazy_part {
    ($name:ident -> $part:ty $body:block) => {
        #[cfg(feature = "split")]
        #[wasm_split($name, fallible)]
        fn $name() -> Result<fn() -> $part, NotLoaded> $body

        #[cfg(not(feature = "split"))]
        async fn $name() -> Result<fn() -> $part, NotLoaded> $body
    };
}

lazy_part!(vault -> VaultPart { Ok(crate::ui::vault::part) });
lazy_part!(rules -> RulesPart {
    after_vault();
    Ok(crate::ui::rules::part)
});
lazy_part!(tools -> ToolsPart {
    after_vault();
    Ok(crate::ui::tools::part)
});
lazy_part!(manage -> ToolsPart {
    after_vault();
    Ok(crate::ui::manage::part)
});

/// The vault's part always comes first. Where the others say that they need all of it, what they share with it stays in
/// one file with the rest of the vault, instead of one file for each combination of parts.
fn after_vault() {
    std::hint::black_box(crate::ui::vault::part as fn() -> VaultPart);
}
