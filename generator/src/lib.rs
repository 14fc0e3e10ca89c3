//! Makes passwords by rules, and counts how many the rules allow.
//!
//! Every password is drawn **uniformly from exactly the strings its rules allow**: no forced pick and shuffle, no
//! repair, no modulo bias. The strength shown is therefore exact: the base-2 logarithm of their number.
//!
//! The tests prove it in two steps. [`random::Source`] makes uniform numbers from uniform bytes: every `n` from 1 to
//! 256 is counted out, and some up to 65,536. Each [`Plan`] ([`characters`], [`phrase`], [`pin`], [`site_rules`]) makes
//! uniform strings from uniform numbers: every choice it can make on small alphabets is enumerated, with its exact
//! probability. [`kind`] handles all kinds as one, and [`trial`] lets people repeat both steps themselves.
//!
//! This crate is pure. It depends on no page, no server and no other crate of the workspace; randomness is passed in.

pub mod bits;
pub mod characters;
mod count;
pub mod keyboard;
pub mod kind;
pub mod password;
pub mod phrase;
pub mod pin;
mod plan;
#[cfg(test)]
mod proof;
pub mod random;
pub mod site_rules;
mod tally;
pub mod trial;

pub use plan::Plan;
