//! What the page shows, as plain data: the list of entries, names, times. Pure, and tested natively.

pub mod form;
pub mod list;
pub mod name;
pub mod strength;
pub mod when;
