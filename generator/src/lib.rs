//! Makes passwords by rules, and counts how many the rules allow.
//!
//! Every password comes out **uniform over exactly the strings its rules allow**: no forced pick and shuffle, no
//! repair, no modulo bias. The strength that is shown is therefore exact: the base-2 logarithm of their number.
//!
//! The proof is a chain that the tests walk whole: [`random::Source`] makes uniform numbers from uniform bytes
//! (every `n` from 1 to 256 is counted out, and some up to 65,536), and each `Plan` ([`characters`], [`phrase`], [`pin`],
//! [`site_rules`]; [`kind`] is for whoever takes them all) makes uniform strings from uniform numbers (every choice it
//! can make on small alphabets is enumerated, with its exact probability). [`trial`] lets people walk it themselves.
//!
//! This crate is pure. It knows no page, no server and no other crate of the workspace; randomness is passed in.

pub mod bits;
pub mod characters;
mod count;
pub mod keyboard;
pub mod kind;
pub mod password;
pub mod phrase;
pub mod pin;
#[cfg(test)]
mod proof;
pub mod random;
pub mod site_rules;
mod tally;
pub mod trial;
