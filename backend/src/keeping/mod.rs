//! Keeping what is kept: backups, made by hand and by the clock, restoring them, and proving that they are whole.
//!
//! `archive` is the file, `seal` its encryption; `backup`, `restore` and `verify` are the commands' work; `clock` does it
//! while the server runs.

mod archive;
mod backup;
mod clock;
mod commands;
mod passphrase;
mod restore;
mod seal;
mod verify;

pub use archive::{Manifest, name_of};
pub use backup::{Backup, Made, Source, make};
pub use clock::{Clock, look_for_damage};
pub use commands::verify as verify_and_tell;
pub use passphrase::Passphrase;
pub use restore::{Restore, restore};
pub use verify::{Verified, archive as verify_archive, folder as verify_folder};
