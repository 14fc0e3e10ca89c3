//! The server's state that anybody may know, without a session or an invite.

use serde::{Deserialize, Serialize};

/// The answer of `GET /api/v1/setup`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Setup {
    /// True if there is a vault on this server. While there is none, nobody can log in: the operator has the link to
    /// make the first one. Up to a second old.
    pub has_vault: bool,
}
