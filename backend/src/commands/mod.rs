//! The commands of `passmint`: one file for each, the command line that they share, and the HTTP client of those that ask
//! a running server.

pub mod command_line;
pub mod generate;
pub mod http_client;
pub mod rotate_key;
pub mod status;
pub mod verify_url;
