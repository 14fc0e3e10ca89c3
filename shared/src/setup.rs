//! What somebody may know who has neither a vault nor an invite.

use serde::{Deserialize, Serialize};

/// The answer of `GET /api/v1/setup`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Setup {
    /// Whether anybody has made a vault on this server. Without one nobody can log in: the server's operator has the link
    /// with which the first one is made. It is up to a second old.
    pub has_vault: bool,
}
