//! What the page shows, as plain data: the list of entries, names, times. Pure, and tested natively.

pub mod bulk;
pub mod entry;
pub mod form;
pub mod kind;
pub mod list;
pub mod name;
pub mod presets;
pub mod reading;
pub mod strength;
pub mod verdict;
pub mod when;
