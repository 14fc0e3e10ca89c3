//! The page's data and rules without a browser: forms, lists, names, times, import and export. Pure, and tested
//! natively.

pub mod bulk;
pub mod changes;
pub mod device;
pub mod entry;
pub mod form;
pub mod health;
pub mod import_export;
pub mod kind;
pub mod limits;
pub mod list;
pub mod name;
pub mod presets;
pub mod reading;
pub mod rows;
pub mod strength;
pub mod verdict;
pub mod when;
