//! The handle through which the page uses the parts that load later, without naming them: [`super::lazy`] does.

use std::pin::Pin;

use futures_util::future::join;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::ids::EntryId;
#[cfg(feature = "split")]
use wasm_split_helpers::SplitLoaderError;

use super::dialog::Tool;
use super::fields::{Button, tr};
use super::mint::MakePlan;
use crate::text::{self, Msg};

/// The vault's part, as other parts use it.
#[derive(Clone, Copy)]
pub struct VaultPart {
    pub panel: fn() -> AnyView,
    /// The vault's buttons in the header, and the warning that the server does not answer.
    pub header: fn() -> AnyView,
    /// Saves the shown password under this name, and reports the result.
    pub save: Callback<String>,
    /// Stores the shown password as a draft after it was copied, and says so.
    pub copied: Callback<()>,
    /// Puts an entry into the bin, and offers to undo that.
    pub to_bin: Callback<EntryId>,
    pub lock: Callback<()>,
}

/// The part for rules, as other parts use it.
#[derive(Clone, Copy)]
pub struct RulesPart {
    /// The fields of the chosen kind. Empty for characters, whose fields are in the first part.
    pub fields: fn() -> AnyView,
    /// The rarer rules for characters, and the presets.
    pub more: fn() -> AnyView,
    /// Makes a plan from the fields of any kind but characters.
    pub plan: MakePlan,
}

/// The parts for tools and for management: each draws a tool.
pub type ToolsPart = fn(Tool) -> AnyView;

/// A part did not arrive, or failed its integrity check.
#[derive(Clone, Copy, Debug)]
pub struct NotLoaded;

#[cfg(feature = "split")]
impl From<SplitLoaderError> for NotLoaded {
    fn from(_: SplitLoaderError) -> Self {
        Self
    }
}

/// Resolves to the function that sets the part up.
pub(super) type LazyFuture<T> = Pin<Box<dyn Future<Output = Result<fn() -> T, NotLoaded>>>>;

/// A part of the page, as far as it has loaded.
#[derive(Clone, Copy)]
pub enum Lazy<T> {
    /// Not requested yet, or on its way.
    Loading,
    /// The part or its texts did not arrive intact. Loading can be tried again.
    Failed,
    Ready(T),
}

impl<T: Copy> Lazy<T> {
    pub fn map<U>(self, of: impl FnOnce(T) -> U) -> Lazy<U> {
        match self {
            Self::Loading => Lazy::Loading,
            Self::Failed => Lazy::Failed,
            Self::Ready(part) => Lazy::Ready(of(part)),
        }
    }

    pub fn ready(self) -> Option<T> {
        match self {
            Self::Ready(part) => Some(part),
            Self::Loading | Self::Failed => None,
        }
    }
}

/// The functions that load the parts.
#[derive(Clone, Copy)]
pub(super) struct Loaders {
    pub(super) vault: fn() -> LazyFuture<VaultPart>,
    pub(super) rules: fn() -> LazyFuture<RulesPart>,
    pub(super) tools: fn() -> LazyFuture<ToolsPart>,
    pub(super) manage: fn() -> LazyFuture<ToolsPart>,
}

/// All lazy parts of the page: a handle that can be copied.
#[derive(Clone, Copy)]
pub struct LazyParts {
    pub vault: RwSignal<Lazy<VaultPart>>,
    pub rules: RwSignal<Lazy<RulesPart>>,
    pub tools: RwSignal<Lazy<ToolsPart>>,
    /// Making a vault, and managing it.
    pub manage: RwSignal<Lazy<ToolsPart>>,
    /// Owns the signals of all parts, which live as long as the page.
    page: StoredValue<Owner>,
    loaders: Loaders,
}

pub fn use_lazy_parts() -> LazyParts {
    expect_context()
}

impl LazyParts {
    /// Provides the parts to all components below. None is loaded yet.
    pub(super) fn provide(loaders: Loaders) -> Self {
        let parts = Self {
            vault: RwSignal::new(Lazy::Loading),
            rules: RwSignal::new(Lazy::Loading),
            tools: RwSignal::new(Lazy::Loading),
            manage: RwSignal::new(Lazy::Loading),
            page: StoredValue::new(Owner::current().unwrap_or_default()),
            loaders,
        };
        provide_context(parts);
        parts
    }

    /// Loads the vault's part, unless it has loaded. After a failure, this tries again.
    pub fn load_vault(self) {
        self.load(self.vault, (self.loaders.vault)());
    }

    /// Loads the part for rules, like [`LazyParts::load_vault`].
    pub fn load_rules(self) {
        self.load(self.rules, (self.loaders.rules)());
    }

    /// Loads the tools, like [`LazyParts::load_vault`].
    pub fn load_tools(self) {
        self.load(self.tools, (self.loaders.tools)());
    }

    /// Loads the part for making and managing a vault, like [`LazyParts::load_vault`].
    pub fn load_manage(self) {
        self.load(self.manage, (self.loaders.manage)());
    }

    /// Takes a boxed future, so that this is compiled once for all parts of one type.
    fn load<T: Copy + Send + Sync + 'static>(self, place: RwSignal<Lazy<T>>, part: LazyFuture<T>) {
        if place.with_untracked(|part| part.ready().is_some()) {
            return;
        }
        place.set(Lazy::Loading);
        spawn_local(async move {
            // A part is ready only with its texts.
            let (part, texts) = join(part, text::fetch_all()).await;
            let part = match (part, texts) {
                (Ok(part), Ok(())) => Lazy::Ready(self.page.with_value(|page| page.with(part))),
                _ => Lazy::Failed,
            };
            // Another call may have finished first.
            if place.with_untracked(|part| part.ready().is_none()) {
                place.set(part);
            }
        });
    }
}

/// Draws a part once it is ready; until then, that it loads or why it did not.
#[component]
pub(super) fn LazyView(
    /// Draws the part.
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
