//! Backups: on demand and scheduled; restore; verification.
//!
//! `archive` is the file format and `seal` its encryption. `create`, `restore` and `verify` do the work of the commands
//! of these names; `schedule` creates backups while the server runs.

mod archive;
mod create;
mod passphrase;
mod restore;
mod schedule;
mod seal;
mod verify;

pub use archive::{Manifest, archive_name};
pub use create::{NewArchive, Source, create};
pub use passphrase::Passphrase;
pub use restore::restore;
pub use schedule::{BackupSchedule, look_for_damage};
pub use verify::{Verification, archive as verify_archive, folder as verify_folder};
