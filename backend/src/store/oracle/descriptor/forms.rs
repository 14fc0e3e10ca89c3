//! The two short forms of a connect string.

use std::path::Path;

use super::NotConnectString;
use super::node::{Node, balanced, parse};

/// `[[protocol:]//]host[:port]/service[?name=value&…]`, of Oracle's EZConnect Plus.
pub(super) fn ez_connect(text: &str) -> Result<Node, NotConnectString> {
    // The parts are written into a descriptor, where these characters have a meaning.
    if text.contains(['(', ')', '\n', '\0']) {
        return Err(NotConnectString::Parenthesis);
    }
    let (protocol, rest) = match text.split_once("//") {
        Some(("", rest)) => ("tcp", rest),
        Some((protocol, rest)) => (protocol.trim_end_matches(':'), rest),
        None => ("tcp", text),
    };
    let protocol = protocol.to_lowercase();
    if protocol != "tcp" && protocol != "tcps" {
        return Err(NotConnectString::Protocol);
    }
    let (rest, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let (address, service) = rest.split_once('/').ok_or(NotConnectString::NoService)?;
    let service = service.split(':').next().unwrap_or_default();
    if service.is_empty() {
        return Err(NotConnectString::NoService);
    }
    if !service.chars().all(|c| c.is_alphanumeric() || "._-$/".contains(c)) {
        return Err(NotConnectString::Service);
    }
    // An IPv6 address stands in brackets.
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (address, "1521"),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        return Err(NotConnectString::NoAddress);
    }
    if !host.chars().all(|c| c.is_alphanumeric() || "._-:%".contains(c)) {
        return Err(NotConnectString::Host);
    }
    if !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Err(NotConnectString::Port);
    }
    let mut description = vec![
        Node::list(
            "ADDRESS",
            vec![Node::text("PROTOCOL", protocol.as_str()), Node::text("HOST", host), Node::text("PORT", port)],
        ),
        Node::list("CONNECT_DATA", vec![Node::text("SERVICE_NAME", service)]),
    ];
    let mut security = Vec::new();
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').ok_or(NotConnectString::Parameters)?;
        let value = value.trim();
        // Only a distinguished name may be in quotation marks.
        if value.contains('"') && !name.to_lowercase().ends_with("_server_cert_dn") {
            return Err(NotConnectString::Quotes);
        }
        match name.to_lowercase().as_str() {
            "wallet_location" => security.push(Node::text("MY_WALLET_DIRECTORY", value)),
            "ssl_server_dn_match" | "tls_server_dn_match" => security.push(Node::text("SSL_SERVER_DN_MATCH", value)),
            "ssl_server_cert_dn" | "tls_server_cert_dn" => {
                security.push(Node::text("SSL_SERVER_CERT_DN", format!("\"{}\"", value.replace('"', ""))));
            }
            "retry_count" | "retry_delay" | "connect_timeout" | "transport_connect_timeout" => {
                description.push(Node::text(&name.to_uppercase(), value));
            }
            // Text that is no name is not shown: it could be anything.
            name if name.len() > 40 || !name.chars().all(|c| c.is_ascii_lowercase() || c == '_') => {
                return Err(NotConnectString::Parameters);
            }
            name => return Err(NotConnectString::Parameter(name.to_owned())),
        }
    }
    if !security.is_empty() {
        description.push(Node::list("SECURITY", security));
    }
    Ok(Node::list("DESCRIPTION", description))
}

/// The text from the next line on, if a comment comes first: one may stand behind a descriptor.
fn without_comment(text: &str) -> &str {
    let text = text.trim_start();
    if text.starts_with('#') { text.split_once('\n').map_or("", |(_, rest)| rest) } else { text }
}

/// Looks an alias up in tnsnames.ora: lines of `alias = (DESCRIPTION = …)`, which may span many lines.
pub(super) fn alias(alias: &str, folder: Option<&Path>) -> Result<Node, NotConnectString> {
    // Other text is not shown: it could hold a password.
    if alias.len() > 128 || !alias.chars().all(|c| c.is_alphanumeric() || "_.-".contains(c)) {
        return Err(NotConnectString::NoForm);
    }
    let folder = folder.ok_or_else(|| NotConnectString::AliasWithoutFolder(alias.to_owned()))?;
    let file = folder.join("tnsnames.ora");
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(&file).map_err(|error| NotConnectString::Unreadable {
        alias: alias.to_owned(),
        file: shown.clone(),
        why: error.kind().to_string(),
    })?;
    let text: String = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n");
    let mut known = Vec::new();
    let mut rest = text.as_str();
    while let Some((names, after)) = without_comment(rest).split_once('=') {
        let after = after.trim_start();
        let end = balanced(after).ok_or(NotConnectString::Broken { at: 1, what: "tnsnames.ora is broken" })?;
        for name in names.split(',').map(str::trim) {
            if name.eq_ignore_ascii_case(alias) {
                return parse(&after[..end]);
            }
            known.push(name);
        }
        rest = &after[end..];
    }
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(NotConnectString::UnknownAlias { alias: alias.to_owned(), file: shown, known })
}
