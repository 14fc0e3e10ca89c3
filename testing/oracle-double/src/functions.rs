//! SQL functions that SQLite lacks.

use std::sync::Arc;

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Result};

use crate::datetime::DateTime;
use crate::service::Service;

/// Adds the functions to a connection of a user's to a service.
pub fn register(connection: &Connection, service: &Arc<Service>, user: &str) -> Result<()> {
    let changing = FunctionFlags::SQLITE_UTF8;
    let constant = changing | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("ora_now", 0, changing, |_| Ok(DateTime::now().timestamp()))?;
    connection.create_scalar_function("ora_local", 0, changing, |_| {
        Ok(DateTime { offset: None, ..DateTime::now() }.timestamp())
    })?;
    connection.create_scalar_function("ora_date", 0, changing, |_| Ok(DateTime::now().date()))?;
    connection.create_scalar_function("ora_text", 1, constant, text)?;
    // RAW is counted as Oracle does: by the hex digits that it would be as text.
    connection.create_scalar_function("ora_raw_length", 1, constant, |context| {
        Ok(match context.get_raw(0) {
            ValueRef::Null => Value::Null,
            ValueRef::Blob(bytes) => Value::Integer(bytes.len() as i64 * 2),
            ValueRef::Text(text) => Value::Integer(String::from_utf8_lossy(text).chars().count() as i64),
            other => Value::Integer(other.as_str().map_or(0, str::len) as i64),
        })
    })?;
    let of = Arc::clone(service);
    connection.create_scalar_function("ora_privs", 0, changing, move |_| {
        let listed = of.content("privs").unwrap_or_else(|| "CREATE SESSION\nCREATE TABLE\nCREATE SEQUENCE".to_owned());
        let quoted: Vec<_> = listed.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        Ok(format!("[{}]", quoted.iter().map(|line| format!("\"{line}\"")).collect::<Vec<_>>().join(",")))
    })?;
    let of = Arc::clone(service);
    connection.create_scalar_function("ora_file", 1, changing, move |context| {
        let kind: String = context.get(0)?;
        Ok(of.content(&kind).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
    })?;
    let of = Arc::clone(service);
    connection.create_scalar_function("ora_quota", 0, changing, move |_| Ok(of.quota()))?;
    let (of, user) = (Arc::clone(service), user.to_uppercase());
    connection.create_scalar_function("ora_context", 2, changing, move |context| {
        let parameter: String = context.get(1)?;
        Ok(match parameter.to_uppercase().as_str() {
            "SERVICE_NAME" => Some(of.name.clone()),
            "CURRENT_SCHEMA" | "CURRENT_USER" | "SESSION_USER" => Some(user.clone()),
            "DB_NAME" | "DB_UNIQUE_NAME" => Some("ORAFAKE".to_owned()),
            "CON_NAME" | "PDB_NAME" => Some("FAKEPDB1".to_owned()),
            "INSTANCE_NAME" => Some("orafake".to_owned()),
            "NETWORK_PROTOCOL" => Some("tcps".to_owned()),
            "AUTHENTICATION_METHOD" => Some("PASSWORD".to_owned()),
            "SERVER_HOST" | "HOST" => Some("localhost".to_owned()),
            "LANGUAGE" => Some("AMERICAN_AMERICA.AL32UTF8".to_owned()),
            _ => None,
        })
    })
}

/// TO_CHAR of a value.
fn text(context: &mut Context<'_>) -> Result<Value> {
    Ok(match context.get_raw(0) {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Text(integer.to_string()),
        ValueRef::Real(real) => Value::Text(crate::number::show(real)),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Text(bytes.iter().map(|byte| format!("{byte:02X}")).collect()),
    })
}
