//! The client's address: the connection's other end, or the address that a trusted proxy reports.
//!
//! `X-Forwarded-For` and `X-Forwarded-Proto` count only on connections from an address that the operator has named.
//! `Forwarded` (RFC 7239) is not read: by default proxies pass it on as the client wrote it, so that of two headers the
//! wrong one could be believed.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The connection that a request came on. The listener puts it into the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    pub peer: Peer,
    /// True if the connection is TLS up to this process.
    pub tls: bool,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    Address(IpAddr),
    /// A process on this machine, by a Unix socket.
    Unix,
}

impl Peer {
    /// Takes the address as the system reports it; IPv4-mapped IPv6 becomes IPv4.
    #[must_use]
    pub fn new(address: IpAddr) -> Self {
        Self::Address(address.to_canonical())
    }

    /// The key by which limits count one client: an IPv4 address, or the leading 64 bits of an IPv6 address. One
    /// household gets a /64 and chooses addresses in it at will.
    #[must_use]
    pub fn rate_limit_key(self) -> Self {
        self.network(64)
    }

    /// The client and the networks around it by which attempts are counted, each with the factor of its limit. Of IPv6,
    /// many customers get a /56 and some a /48 (RFC 6177): without limits of their own, 256 or 65,536 clients.
    #[must_use]
    pub fn networks(self) -> [Option<(u32, Self)>; 3] {
        match self {
            Self::Address(IpAddr::V6(_)) => {
                [(1, 64), (4, 56), (16, 48)].map(|(factor, bits)| Some((factor, self.network(bits))))
            }
            client => [Some((1, client)), None, None],
        }
    }

    /// The leading bits of an IPv6 address, 1 to 128; any other client itself.
    fn network(self, bits: u32) -> Self {
        match self {
            Self::Address(IpAddr::V6(address)) => {
                let mask = u128::MAX << (128 - bits);
                Self::Address(Ipv6Addr::from_bits(address.to_bits() & mask).into())
            }
            other => other,
        }
    }

    /// The address as text; empty for a process on this machine.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Address(address) => address.to_string(),
            Self::Unix => String::new(),
        }
    }
}

/// The client of a request, as far as this server can know. [`add_client`] puts it into the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// The client's address; without a trusted proxy the connection's other end.
    pub address: Peer,
    /// True if the client's own connection is TLS.
    pub https: bool,
}

/// Proxies whose forwarding headers are read: networks, and `unix` for every peer of a Unix socket.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    networks: Arc<[IpNet]>,
    unix: bool,
    /// True once the log has warned about a header from a peer that is not trusted.
    told: Arc<AtomicBool>,
}

impl TrustedProxies {
    #[must_use]
    pub fn new(proxies: &[TrustedProxy]) -> Self {
        let network = |proxy: &TrustedProxy| match proxy {
            TrustedProxy::Network(network) => Some(*network),
            TrustedProxy::Unix => None,
        };
        Self {
            networks: proxies.iter().filter_map(network).collect(),
            unix: proxies.contains(&TrustedProxy::Unix),
            told: Arc::default(),
        }
    }

    /// Returns true if the peer is a trusted proxy.
    pub fn trusts(&self, peer: Peer) -> bool {
        match peer {
            Peer::Address(address) => self.networks.iter().any(|network| network.contains(&address)),
            Peer::Unix => self.unix,
        }
    }

    /// Returns the client of a request. If the header holds no valid address, the proxy itself counts as the client.
    pub fn client(&self, connection: Connection, headers: &HeaderMap) -> Client {
        let Connection { peer, tls } = connection;
        if !self.trusts(peer) {
            if headers.contains_key(FORWARDED_FOR) && !self.told.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    "a request has X-Forwarded-For, but --trusted-proxies does not name where it comes from: the \
                     header is ignored (if that is your proxy, all its clients count as one)"
                );
            }
            return Client { address: peer, https: tls };
        }
        let proto = last(headers, &FORWARDED_PROTO);
        let https = tls || proto.is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
        Client { address: self.forwarded_for(headers).unwrap_or(peer), https }
    }

    /// The right-most address that is no trusted proxy: the client may have made up everything further left. If all are
    /// trusted, the left-most.
    fn forwarded_for(&self, headers: &HeaderMap) -> Option<Peer> {
        let mut found = None;
        for value in headers.get_all(FORWARDED_FOR).iter().rev() {
            for part in value.to_str().ok()?.rsplit(',') {
                let peer = Peer::new(address(part.trim())?);
                found = Some(peer);
                if !self.trusts(peer) {
                    return found;
                }
            }
        }
        found
    }
}

/// The last of a header's values: that of the proxy next to us.
fn last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get_all(name).iter().next_back()?.to_str().ok()?.rsplit(',').next().map(str::trim)
}

/// An address as proxies write it: plain, in brackets, or with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match bare {
        Some(bare) => bare.parse().ok().map(IpAddr::V6),
        None => text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip())),
    }
}

/// One setting of [`TrustedProxies`]: an address, a network, or `unix`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustedProxy {
    Network(IpNet),
    /// Every peer of a Unix socket.
    Unix,
}

impl FromStr for TrustedProxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "unix" {
            return Ok(Self::Unix);
        }
        let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        network
            .map(Self::Network)
            .ok_or_else(|| "it is neither an address, a network such as 10.0.0.0/8, nor unix".into())
    }
}

impl fmt::Display for TrustedProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(f),
            Self::Unix => f.write_str("unix"),
        }
    }
}

/// Puts the [`Client`] into the request. A request without a connection, as in a test, counts as this machine's.
pub async fn add_client(State(proxies): State<TrustedProxies>, mut request: Request, next: Next) -> Response {
    let nowhere = Connection { peer: Peer::Unix, tls: false };
    let connection = request.extensions().get().copied().unwrap_or(nowhere);
    let client = proxies.client(connection, request.headers());
    request.extensions_mut().insert(client);
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> Peer {
        if text == "unix" { Peer::Unix } else { Peer::new(text.parse().unwrap()) }
    }

    fn client(trusted: &str, from: &str, headers: &[(&'static str, &str)]) -> Client {
        let trusted: Vec<TrustedProxy> = trusted.split_whitespace().map(|text| text.parse().unwrap()).collect();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        TrustedProxies::new(&trusted).client(Connection { peer: peer(from), tls: false }, &map)
    }

    #[test]
    fn forwarded_for_counts_from_a_trusted_proxy_and_up_to_the_first_untrusted_address() {
        let table = [
            // trusted, from, X-Forwarded-For, the client
            ("", "198.51.100.7", "203.0.113.9", "198.51.100.7"),
            ("10.0.0.0/8", "198.51.100.7", "203.0.113.9", "198.51.100.7"),
            ("10.0.0.0/8", "10.1.2.3", "203.0.113.9", "203.0.113.9"),
            // Addresses further left may be made up.
            ("10.0.0.0/8", "10.1.2.3", "127.0.0.1, 203.0.113.9", "203.0.113.9"),
            ("10.0.0.0/8", "10.1.2.3", "nonsense, 203.0.113.9", "203.0.113.9"),
            // Two proxies in a row, also with a client in a network of ours.
            ("10.0.0.0/8", "10.1.2.3", "203.0.113.9, 10.9.9.9", "203.0.113.9"),
            ("10.0.0.0/8", "10.1.2.3", "10.5.5.5,10.9.9.9", "10.5.5.5"),
            ("10.0.0.0/8 2001:db8:1::/48", "10.1.2.3", "203.0.113.9, 2001:db8:1::5", "203.0.113.9"),
            // Every notation that proxies use.
            ("unix", "unix", "203.0.113.9:4711", "203.0.113.9"),
            ("unix", "unix", "[2001:db8::1]:4711", "2001:db8::1"),
            ("unix", "unix", "[2001:db8::1]", "2001:db8::1"),
            ("unix", "unix", "::ffff:203.0.113.9", "203.0.113.9"),
            ("127.0.0.1", "::ffff:127.0.0.1", "203.0.113.9", "203.0.113.9"),
            ("10.0.0.0/8", "unix", "203.0.113.9", "unix"),
            ("unix", "10.1.2.3", "203.0.113.9", "10.1.2.3"),
            // The last element is not an address.
            ("unix", "unix", "", "unix"),
            ("unix", "unix", "unknown", "unix"),
            ("unix", "unix", "203.0.113.9,", "unix"),
            ("unix", "unix", "203.0.113.999", "unix"),
            ("10.0.0.0/8", "10.1.2.3", "nonsense, 10.9.9.9", "10.1.2.3"),
        ];
        for (trusted, from, header, expected) in table {
            let found = client(trusted, from, &[("x-forwarded-for", header)]);
            assert_eq!(found.address, peer(expected), "{trusted} {from} {header}");
        }
        let two = [("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "203.0.113.9")];
        assert_eq!(client("unix", "unix", &two).address, peer("203.0.113.9"), "the last header is the nearest proxy's");
        assert_eq!(client("unix", "unix", &[("forwarded", "for=203.0.113.9")]).address, peer("unix"));
    }

    #[test]
    fn forwarded_proto_counts_from_a_trusted_proxy() {
        for (from, header, https) in [
            ("10.0.0.1", "https", true),
            ("10.0.0.1", "HTTPS", true),
            ("10.0.0.1", "http", false),
            ("10.0.0.1", "https, http", false),
            ("198.51.100.7", "https", false),
        ] {
            assert_eq!(client("10.0.0.0/8", from, &[("x-forwarded-proto", header)]).https, https, "{from} {header}");
        }
        let tls = Connection { peer: peer("198.51.100.7"), tls: true };
        assert!(TrustedProxies::default().client(tls, &HeaderMap::new()).https);
    }

    #[test]
    fn attempts_count_by_ipv4_address_or_by_ipv6_prefix() {
        for (address, key) in [
            ("203.0.113.9", "203.0.113.9"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("unix", "unix"),
        ] {
            assert_eq!(peer(address).rate_limit_key(), peer(key));
        }
        let networks = [(1, "2001:db8:1:2203::"), (4, "2001:db8:1:2200::"), (16, "2001:db8:1::")];
        let networks = networks.map(|(factor, network)| Some((factor, peer(network))));
        assert_eq!(peer("2001:db8:1:2203:4:5:6:7").networks(), networks);
        assert_eq!(peer("203.0.113.9").networks(), [Some((1, peer("203.0.113.9"))), None, None]);
        for wrong in ["", "UNIX", "10.0.0.0/33", "proxy.example"] {
            assert!(wrong.parse::<TrustedProxy>().is_err(), "{wrong}");
        }
    }
}
