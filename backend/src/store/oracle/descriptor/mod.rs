//! Connect strings. The three forms that people paste (a descriptor, an EZConnect address, an alias of tnsnames.ora)
//! become one descriptor, with a limit on every wait and a check of the database's identity.
//!
//! The console's strings let the client retry twenty times, three seconds apart: a wrong access control list would take
//! a minute to show. Here one attempt takes a few seconds, and the next request tries again.

mod forms;
mod identity;
mod node;
mod pasted;

use std::fmt;
use std::path::Path;
use std::time::Duration;

use self::forms::{alias, ez_connect};
use self::identity::{require_match, uses_plain_tcp, uses_tls};
use self::node::{Node, Value, parse, without_quotes};

/// The time limit of a connection, from the first packet to the end of the log-in, in seconds.
const CONNECT_SECONDS: u32 = 4;
/// The time limit of the TCP connection, in seconds.
const TRANSPORT_SECONDS: u32 = 3;
/// The client's own retries.
const RETRIES: u32 = 1;
/// The pause before a retry, in seconds.
const RETRY_SECONDS: u32 = 1;

/// The parameters that name a wallet's folder.
const WALLETS: [&str; 2] = ["MY_WALLET_DIRECTORY", "WALLET_LOCATION"];

/// A connect string that cannot be used; each text names the setting to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotConnectString {
    #[error("it is empty")]
    Empty,
    #[error("it starts like a descriptor, but it is broken at character {at}: {what}")]
    Broken {
        /// From 1.
        at: usize,
        what: &'static str,
    },
    /// `user/password@address`, as Oracle's own tools accept it.
    #[error(
        "it contains an @: use only the part after it; the user goes into --oracle-user, the password into its file"
    )]
    Credentials,
    /// It may hold user and password too, and is not shown.
    #[error(
        "it is a JDBC URL: use only the part after the @, without a ? and what follows it; the folder of TNS_ADMIN \
         there goes into --oracle-config"
    )]
    Jdbc,
    #[error("a quotation mark of it has no partner: use the text between the marks, without them")]
    Quotes,
    #[error("something follows its closing quotation mark: use the text between the marks, without them")]
    AfterQuotes,
    #[error(
        "it is neither a descriptor, which begins with a parenthesis, nor host:port/service, nor an alias, which is \
         one word"
    )]
    NoForm,
    #[error("it has an address outside a description, as in (description=(address=…)(connect_data=…))")]
    NoDescription,
    #[error("its ssl_server_dn_match (or tls_server_dn_match) is neither yes nor no: write yes, or leave it out")]
    Match,
    #[error("its host is no name and no address: several hosts, for instance, need a descriptor")]
    Host,
    #[error("its service has characters that no name of a service has")]
    Service,
    #[error("what follows its ? is not name=value, or several of these with & between")]
    Parameters,
    #[error("it contains a parenthesis: a descriptor begins with one, and the short form host:port/service has none")]
    Parenthesis,
    #[error("it names no address: (address=(protocol=tcps)(host=…)(port=…)) is missing")]
    NoAddress,
    #[error("it names no service: append /service_name, or (connect_data=(service_name=…))")]
    NoService,
    #[error("its port is no number from 1 to 65535")]
    Port,
    #[error("its protocol is neither tcp nor tcps")]
    Protocol,
    /// An EZConnect parameter that Passmint does not translate.
    #[error("it has the parameter {0}, which Passmint does not support: write a full descriptor to use it")]
    Parameter(String),
    #[error("{0} is an alias, which needs a tnsnames.ora: set --oracle-config to the folder of the unzipped wallet")]
    AliasWithoutFolder(String),
    #[error(
        "{alias} is an alias, and {file} cannot be read ({why}): set --oracle-config to the folder of tnsnames.ora"
    )]
    Unreadable { alias: String, file: String, why: String },
    #[error("the alias {alias} is not in {file}; it has {known}")]
    UnknownAlias { alias: String, file: String, known: String },
}

/// A parsed descriptor. Its `Display` text is the connect string for Oracle's client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    root: Node,
    /// True if the string had longer time limits than Passmint allows.
    pub shortened: bool,
    is_unchecked: bool,
}

impl Descriptor {
    /// Reads a connect string. Aliases are looked up in `folder`/tnsnames.ora.
    ///
    /// # Errors
    /// [`NotConnectString`] names the part of the string that cannot be used.
    pub fn read(text: &str, folder: Option<&Path>) -> Result<Self, NotConnectString> {
        let text = pasted::connect_string(text)?;
        let mut root = match text.chars().next() {
            None => return Err(NotConnectString::Empty),
            Some('(') => parse(&text)?,
            // The text before it could be a password, and would be shown as a host, a service or an alias.
            Some(_) if text.contains('@') => return Err(NotConnectString::Credentials),
            Some(_) if text.contains(['/', ':']) => ez_connect(&text)?,
            Some(_) => alias(&text, folder)?,
        };
        if has_stray_address(&root) {
            return Err(NotConnectString::NoDescription);
        }
        unquote(&mut root);
        let is_unchecked = require_match(&mut root)?;
        let shortened = bound(&mut root);
        let descriptor = Self { root, shortened, is_unchecked };
        if descriptor.host().is_none() {
            return Err(NotConnectString::NoAddress);
        }
        if descriptor.service().is_none() && descriptor.root.find("SID").is_none() {
            return Err(NotConnectString::NoService);
        }
        Ok(descriptor)
    }

    pub fn host(&self) -> Option<&str> {
        self.root.find("HOST")
    }

    pub fn port(&self) -> u16 {
        self.root.find("PORT").and_then(|port| port.parse().ok()).unwrap_or(1521)
    }

    /// Host and port of every address, in the order of the string.
    pub fn addresses(&self) -> Vec<(&str, u16)> {
        let mut addresses = Vec::new();
        collect_addresses(&self.root, &mut addresses);
        addresses
    }

    /// True if an address is reached over TLS.
    pub fn is_tls(&self) -> bool {
        uses_tls(&self.root)
    }

    /// True if an address is reached without TLS.
    pub fn is_plain(&self) -> bool {
        uses_plain_tcp(&self.root)
    }

    /// True if the string says of a description with TLS that the name in the certificate is not to be checked.
    pub fn is_unchecked(&self) -> bool {
        self.is_unchecked
    }

    pub fn service(&self) -> Option<&str> {
        self.root.find("SERVICE_NAME")
    }

    /// The service level at the end of the service's name, if it is one of [`LEVELS`].
    pub fn level(&self) -> Option<&str> {
        let first = self.service()?.split('.').next()?;
        let (_, level) = first.rsplit_once('_')?;
        LEVELS.contains(&level.to_lowercase().as_str()).then_some(level)
    }

    /// Changes the service to another level of the same database. Does nothing if the service has no level.
    pub fn set_level(&mut self, level: &str) {
        let Some(old) = self.level().map(str::len) else { return };
        let Some(Value::Text(service)) = self.root.find_mut("SERVICE_NAME") else { return };
        let end = service.find('.').unwrap_or(service.len());
        service.replace_range(end - old..end, level);
    }

    /// True if the descriptor names a wallet.
    pub fn has_wallet(&self) -> bool {
        WALLETS.iter().any(|name| self.root.find(name).is_some())
    }

    /// The connect string without the limit on the whole connection, and without retries. Only the TCP connection is
    /// limited: the client can wait without end.
    ///
    /// Under that limit Oracle's client 19.3 reports nearly every fault of TLS as ORA-12561.
    pub fn to_string_without_limit(&self) -> String {
        let mut root = self.root.clone();
        remove_limit(&mut root);
        root.to_string()
    }

    /// The connect string for a connection that is to be open within `left`, at least a second. Its calls are broken off
    /// when the server has sent nothing for `silence`.
    pub(super) fn within(&self, left: Duration, silence: Duration) -> String {
        let seconds = |time: Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        let addresses = u32::try_from(self.addresses().len()).unwrap_or(u32::MAX).max(1);
        // Each address is tried for the whole limit.
        let connect = (seconds(left) / addresses).clamp(1, CONNECT_SECONDS);
        let twice = connect.saturating_mul(addresses).saturating_mul(2).saturating_add(RETRY_SECONDS);
        let retries = if seconds(left) >= twice { RETRIES } else { 0 };
        let limits = [
            ("RETRY_COUNT", retries),
            ("CONNECT_TIMEOUT", connect),
            ("TRANSPORT_CONNECT_TIMEOUT", connect.min(TRANSPORT_SECONDS)),
            // Oracle's client knows it here too, in seconds, as it knows SQLNET.RECV_TIMEOUT in sqlnet.ora.
            ("RECV_TIMEOUT", seconds(silence)),
        ];
        let mut root = self.root.clone();
        lower(&mut root, &limits);
        root.to_string()
    }

    /// Sets the folder of the wallet, unless the descriptor names one.
    pub fn set_wallet(&mut self, folder: &str) {
        add_wallet(&mut self.root, folder);
    }
}

/// Takes quotation marks and an IPv6 address's brackets off: the client accepts no brackets in a descriptor (ORA-12545,
/// measured with 19.3), and Passmint compares the texts.
fn unquote(node: &mut Node) {
    let is_host = node.is("HOST");
    let is_plain = is_host || ["PROTOCOL", "PORT", "SERVICE_NAME"].iter().any(|name| node.is(name));
    match &mut node.value {
        Value::List(nodes) => nodes.iter_mut().for_each(unquote),
        Value::Text(text) if is_plain => {
            let plain = without_quotes(text);
            let plain =
                plain.strip_prefix('[').and_then(|host| host.strip_suffix(']')).filter(|_| is_host).unwrap_or(plain);
            *text = plain.to_owned();
        }
        Value::Text(_) => {}
    }
}

/// True if an address is outside every description, where no rule for descriptions would reach it.
fn has_stray_address(node: &Node) -> bool {
    if node.is("DESCRIPTION") {
        return false;
    }
    let is_part = node.is("PROTOCOL") || node.is("HOST");
    is_part || matches!(&node.value, Value::List(nodes) if nodes.iter().any(has_stray_address))
}

fn collect_addresses<'a>(node: &'a Node, addresses: &mut Vec<(&'a str, u16)>) {
    let Value::List(nodes) = &node.value else { return };
    let text = |name: &str| nodes.iter().find(|node| node.is(name)).and_then(|node| node.find(name));
    match text("HOST") {
        Some(host) => addresses.push((host, text("PORT").and_then(|port| port.parse().ok()).unwrap_or(1521))),
        None => nodes.iter().for_each(|node| collect_addresses(node, addresses)),
    }
}

/// Adds the wallet to every description that has none.
fn add_wallet(node: &mut Node, folder: &str) {
    let has_one = WALLETS.iter().any(|name| node.find(name).is_some());
    let is_description = node.is("DESCRIPTION");
    let Value::List(nodes) = &mut node.value else { return };
    if !is_description {
        nodes.iter_mut().for_each(|node| add_wallet(node, folder));
    } else if !has_one {
        let wallet = Node::text("MY_WALLET_DIRECTORY", folder);
        match nodes.iter_mut().find(|node| node.is("SECURITY")) {
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

/// Sets the time limits in every description. Returns whether a limit of the string was lowered.
fn bound(root: &mut Node) -> bool {
    let limits = [
        ("RETRY_COUNT", RETRIES),
        ("RETRY_DELAY", RETRY_SECONDS),
        ("CONNECT_TIMEOUT", CONNECT_SECONDS),
        ("TRANSPORT_CONNECT_TIMEOUT", TRANSPORT_SECONDS),
    ];
    lower(root, &limits)
}

/// Sets limits in every description that has none, and lowers those that are higher. Returns whether any was.
fn lower(node: &mut Node, limits: &[(&str, u32)]) -> bool {
    let is_description = node.is("DESCRIPTION");
    let Value::List(nodes) = &mut node.value else { return false };
    let mut lowered = false;
    if is_description {
        for (name, limit) in limits {
            match nodes.iter_mut().find(|node| node.is(name)) {
                Some(node) => {
                    let written = node.find(name).and_then(|text| text.parse::<u32>().ok());
                    if written.is_none_or(|written| written > *limit) {
                        node.value = Value::Text(limit.to_string());
                        lowered = true;
                    }
                }
                None => nodes.insert(0, Node::text(name, limit.to_string())),
            }
        }
    }
    nodes.iter_mut().fold(lowered, |lowered, node| lower(node, limits) | lowered)
}

/// Removes the limit on the whole connection, and the retries, from every description.
fn remove_limit(node: &mut Node) {
    let Value::List(nodes) = &mut node.value else { return };
    let is_limit = |node: &Node| ["CONNECT_TIMEOUT", "RETRY_COUNT", "RETRY_DELAY"].iter().any(|name| node.is(name));
    nodes.retain(|node| !is_limit(node));
    nodes.iter_mut().for_each(remove_limit);
}

#[cfg(test)]
mod tests;
