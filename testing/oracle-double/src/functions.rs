//! SQL functions that SQLite lacks.

use std::sync::Arc;

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, Result};

use crate::service::Service;

/// Adds the functions to a connection of a user's to a service.
pub fn register(connection: &Connection, service: &Arc<Service>, user: &str) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8;
    let of = Arc::clone(service);
    connection.create_scalar_function("ora_file", 1, flags, move |context| {
        let kind: String = context.get(0)?;
        Ok(of.content(&kind))
    })?;
    let of = Arc::clone(service);
    connection.create_scalar_function("ora_privs", 0, flags, move |_| {
        let listed = of.content("privs").unwrap_or_else(|| "CREATE SESSION\nCREATE TABLE".to_owned());
        Ok(format!("[{}]", listed.lines().map(|line| format!("\"{line}\"")).collect::<Vec<_>>().join(",")))
    })?;
    let of = Arc::clone(service);
    connection.create_scalar_function("ora_quota", 0, flags, move |_| Ok(of.quota()))?;
    let (of, user) = (Arc::clone(service), user.to_uppercase());
    connection.create_scalar_function("ora_context", 2, flags, move |context| {
        let parameter: String = context.get(1)?;
        Ok(match parameter.to_uppercase().as_str() {
            "SERVICE_NAME" => Some(of.name.clone()),
            "SESSION_USER" => Some(user.clone()),
            "NETWORK_PROTOCOL" => Some("tcps".to_owned()),
            _ => None,
        })
    })
}
