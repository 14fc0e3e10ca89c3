//! The database's identity: the name in its certificate must be the host of the connect string.
//!
//! Oracle's client compares them only if the description says so. Measured with client 19.3: of several SECURITY lists
//! it reads the first; of several values the first; it knows no name that begins with TLS_; and any value but yes, on
//! and true means no. Newer clients ignore the SSL_ name where the TLS_ name stands too (Oracle's security guide of
//! 26ai). One SECURITY list with one SSL_SERVER_DN_MATCH is what all of them read alike.

use super::NotConnectString;
use super::node::{Node, Value};

/// The two names of one parameter.
const NAMES: [&str; 2] = ["SSL_SERVER_DN_MATCH", "TLS_SERVER_DN_MATCH"];

/// Makes every description with TLS check the database's identity, unless all that it says of it is no. Returns whether
/// a description leaves the identity unchecked.
pub(super) fn require_match(node: &mut Node) -> Result<bool, NotConnectString> {
    let is_description_with_tls = node.is("DESCRIPTION") && uses_tls(node);
    let Value::List(nodes) = &mut node.value else { return Ok(false) };
    if !is_description_with_tls {
        return nodes.iter_mut().try_fold(false, |unchecked, node| Ok(require_match(node)? | unchecked));
    }
    let mut values = Vec::new();
    take_values(nodes, &mut values);
    let asks = values.iter().map(|value| asks(value)).collect::<Result<Vec<_>, _>>()?;
    let is_unchecked = !asks.is_empty() && !asks.contains(&true);
    let mut security = Vec::new();
    nodes.retain_mut(|node| {
        if let (true, Value::List(list)) = (node.is("SECURITY"), &mut node.value) {
            security.append(list);
        }
        !node.is("SECURITY")
    });
    security.push(Node::text("SSL_SERVER_DN_MATCH", if is_unchecked { "no" } else { "yes" }));
    nodes.push(Node::list("SECURITY", security));
    Ok(is_unchecked)
}

/// True if an address is reached over TLS. Every protocol but tcp counts: also one that Passmint does not know.
pub(super) fn uses_tls(node: &Node) -> bool {
    node.any(&|node| node.is("PROTOCOL") && !is_tcp(node))
}

/// True if an address is reached without TLS.
pub(super) fn uses_plain_tcp(node: &Node) -> bool {
    node.any(&|node| node.is("PROTOCOL") && is_tcp(node))
}

fn is_tcp(node: &Node) -> bool {
    matches!(&node.value, Value::Text(protocol) if protocol.eq_ignore_ascii_case("tcp"))
}

/// True if a value asks for the check.
fn asks(value: &str) -> Result<bool, NotConnectString> {
    match value.trim_matches(['"', '\'']).trim().to_lowercase().as_str() {
        "yes" | "on" | "true" => Ok(true),
        "no" | "off" | "false" => Ok(false),
        _ => Err(NotConnectString::Match),
    }
}

/// Takes every value of the parameter out, and the lists that only held it.
fn take_values(nodes: &mut Vec<Node>, values: &mut Vec<String>) {
    nodes.retain_mut(|node| {
        let is_match = NAMES.iter().any(|name| node.is(name));
        match &mut node.value {
            Value::Text(text) if is_match => values.push(std::mem::take(text)),
            Value::List(_) if is_match => values.push(String::new()),
            Value::Text(_) => return true,
            Value::List(list) => {
                take_values(list, values);
                return !list.is_empty();
            }
        }
        false
    });
}

#[cfg(test)]
mod tests {
    use super::super::Descriptor;
    use super::*;

    const ADDRESS: &str = "(ADDRESS=(PROTOCOL=tcps)(HOST=db.example)(PORT=1522))";
    const SERVICE: &str = "(CONNECT_DATA=(SERVICE_NAME=x_tp))";
    const LIMITS: &str = "(TRANSPORT_CONNECT_TIMEOUT=3)(CONNECT_TIMEOUT=4)(RETRY_DELAY=1)(RETRY_COUNT=1)";
    const YES: &str = "(SSL_SERVER_DN_MATCH=yes)";
    const NO: &str = "(SSL_SERVER_DN_MATCH=no)";

    fn read(text: &str) -> Descriptor {
        Descriptor::read(text, None).unwrap()
    }

    /// The client's text of a description with one address, whose lists of SECURITY are as given.
    fn with(security: &str) -> (String, bool) {
        let descriptor = read(&format!("(DESCRIPTION={ADDRESS}{SERVICE}{security})"));
        let text = descriptor.to_string();
        let rest = text.strip_prefix(&format!("(DESCRIPTION={LIMITS}{ADDRESS}{SERVICE}")).unwrap();
        (rest.strip_suffix(')').unwrap().to_owned(), descriptor.is_unchecked())
    }

    #[test]
    fn every_form_with_tls_asks_for_the_match() {
        let expected = format!("(DESCRIPTION={LIMITS}{ADDRESS}{SERVICE}(SECURITY={YES}))");
        let plain = format!("(DESCRIPTION={ADDRESS}{SERVICE})");
        assert_eq!(read(&plain).to_string(), expected);
        assert_eq!(read("tcps://db.example:1522/x_tp").to_string(), expected);
        assert_eq!(read("TCPS://db.example:1522/x_tp?ssl_server_dn_match=yes").to_string(), expected);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("tnsnames.ora"), format!("db = {plain}\n")).unwrap();
        assert_eq!(Descriptor::read("db", Some(folder.path())).unwrap().to_string(), expected);
        // Each description of a list has its own: the client tries one after the other.
        let list = format!("(DESCRIPTION_LIST={plain}{plain})");
        assert_eq!(read(&list).to_string(), format!("(DESCRIPTION_LIST={expected}{expected})"));
        // One address with TLS is enough, wherever it stands, and however its protocol is written.
        for addresses in [
            format!("(ADDRESS=(PROTOCOL=tcp)(HOST=a)(PORT=1)){ADDRESS}"),
            format!("(ADDRESS_LIST=(ADDRESS=(PROTOCOL=tcp)(HOST=a)(PORT=1)){ADDRESS})"),
            "(ADDRESS=(PROTOCOL=\"tcps\")(HOST=a)(PORT=1))".to_owned(),
            "(ADDRESS=(PROTOCOL='tcps')(HOST=a)(PORT=1))".to_owned(),
            "(ADDRESS=(\"PROTOCOL\"= TCPS )(HOST=a)(PORT=1))".to_owned(),
            "(ADDRESS=(PROTOCOL=wss)(HOST=a)(PORT=1))".to_owned(),
        ] {
            let text = read(&format!("(DESCRIPTION={addresses}{SERVICE})")).to_string();
            assert!(text.ends_with(&format!("{SERVICE}(SECURITY={YES}))")), "{text}");
        }
    }

    #[test]
    fn description_without_tls_stays_as_it_is() {
        for text in [
            "localhost/x",
            "tcp://localhost/x",
            "(DESCRIPTION=(ADDRESS=(PROTOCOL=\"TCP\")(HOST=a)(PORT=1))(CONNECT_DATA=(SERVICE_NAME=x)))",
        ] {
            let descriptor = read(text);
            assert!(!descriptor.to_string().contains("SECURITY") && !descriptor.is_unchecked(), "{text}");
        }
    }

    #[test]
    fn security_becomes_one_list_with_one_value() {
        for (written, expected, unchecked) in [
            ("(SECURITY=(SSL_SERVER_DN_MATCH=no))", format!("(SECURITY={NO})"), true),
            ("(SECURITY=(ssl_server_dn_match=OFF))", format!("(SECURITY={NO})"), true),
            ("(SECURITY=(SSL_SERVER_DN_MATCH='false'))", format!("(SECURITY={NO})"), true),
            ("(SECURITY=(SSL_SERVER_DN_MATCH=on))", format!("(SECURITY={YES})"), false),
            ("(SECURITY=(SSL_SERVER_DN_MATCH=\"True\"))", format!("(SECURITY={YES})"), false),
            // 19.3 would not know the name, and not look at the certificate's name.
            ("(SECURITY=(TLS_SERVER_DN_MATCH=yes))", format!("(SECURITY={YES})"), false),
            ("(SECURITY=(TLS_SERVER_DN_MATCH=no))", format!("(SECURITY={NO})"), true),
            // 26ai would ignore the first.
            ("(SECURITY=(SSL_SERVER_DN_MATCH=yes)(TLS_SERVER_DN_MATCH=no))", format!("(SECURITY={YES})"), false),
            ("(SECURITY=(SSL_SERVER_DN_MATCH=no)(TLS_SERVER_DN_MATCH=yes))", format!("(SECURITY={YES})"), false),
            ("(SECURITY=(SSL_SERVER_DN_MATCH=no)(TLS_SERVER_DN_MATCH=no))", format!("(SECURITY={NO})"), true),
            // 19.3 would read the first only, of lists and of values.
            ("(SECURITY=(SSL_SERVER_DN_MATCH=no)(SSL_SERVER_DN_MATCH=yes))", format!("(SECURITY={YES})"), false),
            (
                "(SECURITY=(MY_WALLET_DIRECTORY=/w))(\"security\"=(SSL_SERVER_DN_MATCH=yes))",
                format!("(SECURITY=(MY_WALLET_DIRECTORY=/w){YES})"),
                false,
            ),
            // 19.3 would not look there.
            ("(SSL_SERVER_DN_MATCH=yes)", format!("(SECURITY={YES})"), false),
            ("(SECURITY=)", format!("(SECURITY={YES})"), false),
            (
                "(SECURITY=(SSL_SERVER_CERT_DN=\"CN=a\"))",
                format!("(SECURITY=(SSL_SERVER_CERT_DN=\"CN=a\"){YES})"),
                false,
            ),
        ] {
            assert_eq!(with(written), (expected, unchecked), "{written}");
        }
    }

    #[test]
    fn list_is_unchecked_if_one_of_its_descriptions_is() {
        let one = format!("(DESCRIPTION={ADDRESS}{SERVICE}(SECURITY={NO}))");
        let other = format!("(DESCRIPTION={ADDRESS}{SERVICE})");
        for list in [format!("{one}{other}"), format!("{other}{one}")] {
            let descriptor = read(&format!("(DESCRIPTION_LIST={list})"));
            let text = descriptor.to_string();
            assert!(descriptor.is_unchecked() && text.contains(YES) && text.contains(NO), "{text}");
        }
        assert!(read("tcps://db.example/x?ssl_server_dn_match=no").is_unchecked());
        assert!(read("tcps://db.example/x?tls_server_dn_match=off").is_unchecked());
    }

    #[test]
    fn value_that_is_neither_yes_nor_no_is_refused() {
        for value in ["maybe", "1", "0", "", "(a=b)"] {
            let text = format!("(DESCRIPTION={ADDRESS}{SERVICE}(SECURITY=(SSL_SERVER_DN_MATCH={value})))");
            assert_eq!(Descriptor::read(&text, None), Err(NotConnectString::Match), "{value}");
        }
        let text = "tcps://db.example/x?ssl_server_dn_match=maybe";
        assert_eq!(Descriptor::read(text, None), Err(NotConnectString::Match));
    }
}
