//! The database's identity: a certificate for another name is refused in every form of connect string, and accepted only
//! where the string says no, with a warning.

use oracle_wire::{ALIAS, Fault, Output, Stand, TlsListener, Wallet};

/// A connect string with TLS to a port of localhost, and the folder for `--oracle-config`.
struct Form {
    name: &'static str,
    connect: String,
    config: Option<String>,
}

/// Every form, with this part in its description's SECURITY.
fn forms(stand: &Stand, port: u16, security: &str) -> Vec<Form> {
    let address = |port: u16| format!("(ADDRESS=(PROTOCOL=tcps)(HOST=localhost)(PORT={port}))");
    let description = |addresses: &str| {
        let security = if security.is_empty() { String::new() } else { format!("(SECURITY={security})") };
        format!("(DESCRIPTION={addresses}(CONNECT_DATA=(SERVICE_NAME={ALIAS})){security})")
    };
    let one = description(&address(port));
    // The wallet without a client certificate: the listener asks for none. Its sqlnet.ora says the opposite of the test.
    let folder = |descriptor: &str| {
        let folder = stand.wallet_with(Wallet::CaOnly, descriptor);
        let sqlnet = if security.contains("=no") { "SSL_SERVER_DN_MATCH=yes\n" } else { "SSL_SERVER_DN_MATCH=no\n" };
        std::fs::write(folder.join("sqlnet.ora"), sqlnet).unwrap();
        folder.to_str().unwrap().to_owned()
    };
    let config = folder(&one);
    let parameter = security.trim_matches(['(', ')']).to_lowercase();
    let short = format!("tcps://localhost:{port}/{ALIAS}?wallet_location={config}&{parameter}");
    let form = |name, connect: &str| Form { name, connect: connect.to_owned(), config: Some(config.clone()) };
    vec![
        Form { name: "short form", connect: short, config: None },
        form("short form with a folder", &format!("'tcps://localhost:{port}/{ALIAS}?{parameter}'")),
        form("descriptor", &one),
        form("several addresses", &description(&format!("{0}{0}", address(port)))),
        form("list of addresses", &description(&format!("(ADDRESS_LIST={0}{0})", address(port)))),
        // A client that is refused by the first description asks the second.
        form("list of descriptions", &format!("(DESCRIPTION_LIST={one}{one})")),
        form("line of tnsnames.ora", &format!("x = {one}")),
        form("alias", ALIAS),
    ]
}

fn check(stand: &Stand, form: &Form) -> Output {
    let config = form.config.iter().flat_map(|folder| ["--oracle-config", folder.as_str()]);
    stand.check(&["--oracle-connect", &form.connect].into_iter().chain(config).collect::<Vec<_>>())
}

#[test]
fn certificate_for_another_name_is_refused_in_every_form() {
    let stand = Stand::start();
    let listener = TlsListener::start(Fault::WrongName, Some(stand.port()));
    // Client 19.3 does not know the second parameter.
    for security in ["", "(TLS_SERVER_DN_MATCH=yes)"] {
        for form in forms(&stand, listener.port, security) {
            let seen = listener.lines().len();
            let text = check(&stand, &form).text();
            let name = format!("{}, {security:?}", form.name);
            assert!(text.contains("ORA-29003") && text.contains("identity is checked"), "{name}: {text}");
            assert!(!text.contains("✓ log-in") && !text.contains("can pose as the database"), "{name}: {text}");
            assert!(listener.lines()[seen..].contains(&"connect".to_owned()), "{name}: the listener saw no client");
        }
    }
}

#[test]
fn certificate_for_another_name_is_accepted_with_a_warning_if_the_string_says_no() {
    let stand = Stand::start();
    let listener = TlsListener::start(Fault::WrongName, Some(stand.port()));
    for security in ["(SSL_SERVER_DN_MATCH=no)", "(TLS_SERVER_DN_MATCH=no)"] {
        for form in forms(&stand, listener.port, security) {
            let output = check(&stand, &form);
            let (name, text) = (format!("{}, {security}", form.name), output.text());
            assert!(output.code == Some(0) && text.contains("✓ log-in"), "{name}: {text}");
            let warned = text.lines().any(|line| line.starts_with("! ") && line.contains("can pose as the database"));
            assert!(warned, "{name}: {text}");
            assert!(text.contains("identity is not checked"), "{name}: {text}");
        }
    }
}

#[test]
fn certificate_for_the_host_is_accepted_in_every_form() {
    let stand = Stand::start();
    let listener = TlsListener::start(Fault::None, Some(stand.port()));
    for form in forms(&stand, listener.port, "") {
        let output = check(&stand, &form);
        let (name, text) = (form.name, output.text());
        assert!(output.code == Some(0) && text.contains("✓ log-in"), "{name}: {text}");
        assert!(text.contains("identity is checked") && !text.contains("can pose as the database"), "{name}: {text}");
    }
}

/// The certificate has both addresses as alternative names, which client 19.3 does not look at.
#[test]
fn numeric_host_is_refused_also_if_the_certificate_has_it() {
    let stand = Stand::start();
    let listener = TlsListener::start(Fault::None, Some(stand.port()));
    let config = stand.wallet_for(Wallet::CaOnly, "127.0.0.1", listener.port);
    let text = stand.check(&["--oracle-connect", ALIAS, "--oracle-config", config.to_str().unwrap()]).text();
    assert!(text.contains("ORA-29003"), "{text}");
}

#[test]
fn warning_of_an_unchecked_identity_is_in_the_log_of_the_server() {
    let stand = Stand::start();
    let listener = TlsListener::start(Fault::WrongName, Some(stand.port()));
    let config = stand.wallet_for(Wallet::CaOnly, "localhost", listener.port);
    let connect = format!("tcps://localhost:{}/{ALIAS}?ssl_server_dn_match=no", listener.port);
    let config = config.to_str().unwrap();
    let server = stand.serve(&[("PASSMINT_ORACLE_CONNECT", &connect), ("PASSMINT_ORACLE_CONFIG", config)]);
    let log = server.log();
    assert!(log.contains("WARN") && log.contains("can pose as the database"), "{log}");
}
