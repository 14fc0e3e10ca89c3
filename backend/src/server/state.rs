//! The state that all handlers share.

use std::sync::Arc;

use crate::server::any_vault::AnyVault;
use crate::server::gate::Gate;
use crate::server::page::Page;
use crate::server::passkeys::PageOrigin;
use crate::server::rate_limits::RateLimits;
use crate::server::readiness::Readiness;
use crate::server_key::ServerKey;
use crate::store::Lifetime;

/// The state that handlers share. Clones are handles to the same state.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

struct Inner {
    store: Gate,
    key: Arc<ServerKey>,
    lifetime: Lifetime,
    entries_max: u64,
    page: Page,
    origin: Option<PageOrigin>,
    rate_limits: Arc<RateLimits>,
    any_vault: AnyVault,
    readiness: Readiness,
}

impl AppState {
    #[must_use]
    pub fn new(
        store: Gate,
        key: Arc<ServerKey>,
        lifetime: Lifetime,
        entries_max: u64,
        page: Page,
        rate_limits: Arc<RateLimits>,
        origin: Option<PageOrigin>,
    ) -> Self {
        let (any_vault, readiness) = (AnyVault::default(), Readiness::default());
        Self(Arc::new(Inner { store, key, lifetime, entries_max, page, origin, rate_limits, any_vault, readiness }))
    }

    /// The way to the store.
    pub fn store(&self) -> &Gate {
        &self.0.store
    }

    pub fn key(&self) -> &ServerKey {
        &self.0.key
    }

    pub fn lifetime(&self) -> Lifetime {
        self.0.lifetime
    }

    /// Most entries of an account.
    pub fn entries_max(&self) -> u64 {
        self.0.entries_max
    }

    /// The origin that passkeys must be used on. If there is none, it is that of each passkey's registration.
    pub fn origin(&self) -> Option<&PageOrigin> {
        self.0.origin.as_ref()
    }

    pub fn rate_limits(&self) -> &RateLimits {
        &self.0.rate_limits
    }

    pub fn any_vault(&self) -> &AnyVault {
        &self.0.any_vault
    }

    pub fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    pub fn page(&self) -> &Page {
        &self.0.page
    }
}
