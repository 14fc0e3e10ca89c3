//! Keeping what is kept: backups, made by hand and by the clock, restoring them, and proving that they are whole.
//!
//! `archive` is the file, `seal` its encryption; `backup`, `restore` and `verify` are the commands' work; `clock` does it
//! while the server runs.

mod archive;
mod create;
mod passphrase;
mod restore;
mod schedule;
mod seal;
mod verify;

pub use archive::{Manifest, name_of};
pub use create::{Made, Source, make};
pub use passphrase::Passphrase;
pub use restore::restore;
pub use schedule::{BackupSchedule, look_for_damage};
pub use verify::{Verified, archive as verify_archive, folder as verify_folder};
