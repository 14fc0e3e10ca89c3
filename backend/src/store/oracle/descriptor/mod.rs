//! Connect strings: the three forms that people paste (a descriptor, an EZConnect address, an alias of tnsnames.ora)
//! become one descriptor, with bounds on every wait.
//!
//! The console's strings ask the client to try twenty times, three seconds apart: a wrong access control list would
//! then take a minute to show. Here a connection is tried for a few seconds, and the next request tries again.

mod forms;
mod node;

use std::fmt;
use std::path::Path;

use self::forms::{alias, ez_connect};
use self::node::{Node, Value, parse};

/// Seconds that a connection may take, from the first packet to the end of the log-in.
const CONNECT_SECONDS: u32 = 4;
/// Seconds that the TCP connection may take.
const TRANSPORT_SECONDS: u32 = 3;
/// Times the client may try again by itself, and the seconds between.
const RETRIES: u32 = 1;
const RETRY_SECONDS: u32 = 1;

/// The names that a wallet's folder goes by.
const WALLETS: [&str; 2] = ["MY_WALLET_DIRECTORY", "WALLET_LOCATION"];

/// A connect string that cannot be used; each text names the setting to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotConnectString {
    #[error("it is empty")]
    Empty,
    /// The parentheses do not match, or something stands outside of them.
    #[error("it looks like a descriptor, but it is broken at character {at}: {what}")]
    Broken {
        /// From 1.
        at: usize,
        what: &'static str,
    },
    /// `user/password@address`, as Oracle's own tools take it.
    #[error("it holds an @: name the user in --oracle-user, give the password apart, and here only what follows the @")]
    Credentials,
    /// The short form holds what only a descriptor can.
    #[error("it holds a parenthesis: a descriptor begins with one, and the short form host:port/service has none")]
    Parenthesis,
    /// A descriptor without an address.
    #[error("it names no address: (address=(protocol=tcps)(host=…)(port=…)) is missing")]
    NoAddress,
    /// Neither form names what to connect to.
    #[error("it names no service: append /service_name, or (connect_data=(service_name=…))")]
    NoService,
    /// The port is no number.
    #[error("its port is no number from 1 to 65535")]
    Port,
    /// The protocol is none of Oracle's.
    #[error("its protocol is neither tcp nor tcps")]
    Protocol,
    /// An EZConnect parameter that this project does not pass on.
    #[error("it has the parameter {0}, which is not known here: write a full descriptor to use it")]
    Parameter(String),
    /// An alias without a folder to look it up in.
    #[error("{0} is an alias, and no folder with a tnsnames.ora is named: set --oracle-config to the unzipped wallet")]
    AliasWithoutFolder(String),
    /// The folder has no readable tnsnames.ora.
    #[error(
        "{alias} is an alias, and {file} cannot be read ({why}): set --oracle-config to the folder of tnsnames.ora"
    )]
    Unreadable { alias: String, file: String, why: String },
    /// The alias is not in the file.
    #[error("the alias {alias} is not in {file}; it has {known}")]
    UnknownAlias { alias: String, file: String, known: String },
}

/// A descriptor: what the client is handed, and what there is to know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    root: Node,
    /// Whether waits were shortened from what the string said.
    pub shortened: bool,
}

impl Descriptor {
    /// Reads a connect string. Aliases are looked up in `folder`/tnsnames.ora.
    ///
    /// # Errors
    /// [`NotConnectString`].
    pub fn read(text: &str, folder: Option<&Path>) -> Result<Self, NotConnectString> {
        let text = text.trim();
        let root = match text.chars().next() {
            None => return Err(NotConnectString::Empty),
            Some('(') => parse(text)?,
            Some(_) if text.contains(['/', ':']) => ez_connect(text)?,
            Some(_) => alias(text, folder)?,
        };
        let mut descriptor = Self { root, shortened: false };
        if descriptor.host().is_none() {
            return Err(NotConnectString::NoAddress);
        }
        if descriptor.service().is_none() && descriptor.root.find("SID").is_none() {
            return Err(NotConnectString::NoService);
        }
        descriptor.shortened = bound(&mut descriptor.root);
        Ok(descriptor)
    }

    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.root.find("HOST")
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.root.find("PORT").and_then(|port| port.parse().ok()).unwrap_or(1521)
    }

    /// Whether the connection is to be encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.root.find("PROTOCOL").is_some_and(|protocol| protocol.eq_ignore_ascii_case("tcps"))
    }

    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.root.find("SERVICE_NAME")
    }

    /// The level that the service's name ends in, if it is one of Autonomous Database's.
    #[must_use]
    pub fn level(&self) -> Option<&str> {
        let first = self.service()?.split('.').next()?;
        let (_, level) = first.rsplit_once('_')?;
        LEVELS.contains(&level.to_lowercase().as_str()).then_some(level)
    }

    /// Connects to another level of the same database.
    pub fn set_level(&mut self, level: &str) {
        let Some(old) = self.level().map(str::len) else { return };
        let Some(Value::Text(service)) = self.root.find_mut("SERVICE_NAME") else { return };
        let end = service.find('.').unwrap_or(service.len());
        service.replace_range(end - old..end, level);
    }

    /// Whether the string itself names a wallet.
    #[must_use]
    pub fn has_wallet(&self) -> bool {
        WALLETS.iter().any(|name| self.root.find(name).is_some())
    }

    /// Names the folder of the wallet, unless the string names one itself.
    pub fn set_wallet(&mut self, folder: &str) {
        add_wallet(&mut self.root, folder);
    }
}

/// Adds the wallet to every description that names none.
fn add_wallet(node: &mut Node, folder: &str) {
    let has_one = WALLETS.iter().any(|name| node.find(name).is_some());
    let is_description = node.name.eq_ignore_ascii_case("DESCRIPTION");
    let Value::List(nodes) = &mut node.value else { return };
    if !is_description {
        nodes.iter_mut().for_each(|node| add_wallet(node, folder));
    } else if !has_one {
        let wallet = Node::text("MY_WALLET_DIRECTORY", folder);
        match nodes.iter_mut().find(|node| node.name.eq_ignore_ascii_case("SECURITY")) {
            Some(Node { value: Value::List(security), .. }) => security.push(wallet),
            _ => nodes.push(Node::list("SECURITY", vec![wallet])),
        }
    }
}

/// The service levels of Autonomous Database.
pub const LEVELS: [&str; 5] = ["tp", "tpurgent", "low", "medium", "high"];

impl fmt::Display for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

/// Bounds every wait of every description. Says whether anything that was written had to be lowered.
fn bound(node: &mut Node) -> bool {
    let is_description = node.name.eq_ignore_ascii_case("DESCRIPTION");
    let Value::List(nodes) = &mut node.value else { return false };
    let mut shortened = false;
    if is_description {
        for (name, most) in [
            ("RETRY_COUNT", RETRIES),
            ("RETRY_DELAY", RETRY_SECONDS),
            ("CONNECT_TIMEOUT", CONNECT_SECONDS),
            ("TRANSPORT_CONNECT_TIMEOUT", TRANSPORT_SECONDS),
        ] {
            match nodes.iter_mut().find(|node| node.name.eq_ignore_ascii_case(name)) {
                Some(node) => {
                    let written = node.find(name).and_then(|text| text.parse::<u32>().ok());
                    if written.is_none_or(|written| written > most) {
                        node.value = Value::Text(most.to_string());
                        shortened = true;
                    }
                }
                None => nodes.insert(0, Node::text(name, most.to_string())),
            }
        }
    }
    nodes.iter_mut().fold(shortened, |shortened, node| bound(node) | shortened)
}

#[cfg(test)]
mod tests;
