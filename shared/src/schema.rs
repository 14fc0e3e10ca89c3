//! Schemas of strings, for the OpenAPI document.

use utoipa::openapi::{ObjectBuilder, RefOr, Schema, schema::Type};

/// A string that matches a regular expression (ECMA-262).
pub(crate) fn string(pattern: &str, description: &str) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).description(Some(description)).into()
}
