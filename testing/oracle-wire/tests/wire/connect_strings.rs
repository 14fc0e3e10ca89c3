//! Connect strings as people paste them, IPv6, usernames in quotation marks, and a `TNS_ADMIN` of an old wallet: as
//! Oracle's client takes them.

use std::io::copy;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use oracle_wire::{ALIAS, Fault, Stand, TlsListener, Wallet};

/// Passes if the check goes through.
fn assert_reaches(stand: &Stand, connect: &str, more: &[&str]) -> String {
    let output = stand.check(&[&["--oracle-connect", connect], more].concat());
    let text = output.text();
    assert!(output.code == Some(0) && text.contains("✓ write, read, delete"), "{connect}: {text}");
    text
}

/// Forwards connections of an address to a port of 127.0.0.1, until the process ends.
fn forward(listener: TcpListener, port: u16) {
    let pump = |mut from: TcpStream, mut to: TcpStream| {
        thread::spawn(move || {
            let _ = copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
    };
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            pump(client.try_clone().unwrap(), server.try_clone().unwrap());
            pump(server, client);
        }
    });
}

#[test]
fn pasted_strings_reach_the_database() {
    let stand = Stand::start();
    let short = stand.connect();
    let descriptor = format!(
        "(description= (retry_count=20)(retry_delay=3)\n (address=(protocol=tcp)(port={})(host=127.0.0.1))\n \
         (connect_data=(service_name={ALIAS})))",
        stand.port()
    );
    let config = stand.wallet_with(Wallet::Missing, &descriptor);
    let config = ["--oracle-config", config.to_str().unwrap()];
    for (around, plain) in [
        ("'{}'", short.as_str()),
        ("\"{}\" # the database", &descriptor),
        ("“{}”", &descriptor),
        ("wire_tp =\n  {}", &descriptor),
        ("dsn=\"{}\",", &short),
        ("export PASSMINT_ORACLE_CONNECT={};", &descriptor),
        ("'{}'", ALIAS),
    ] {
        assert_reaches(&stand, &around.replace("{}", plain), &config);
    }
}

#[test]
fn refused_string_is_not_shown() {
    let stand = Stand::start();
    let secret = stand.password();
    for (connect, expected) in [
        (format!("jdbc:oracle:thin:passmint/{secret}@{}", stand.connect()), "JDBC"),
        (format!("passmint/{secret}@{}", stand.connect()), "contains an @"),
        (format!("'{} {secret}", stand.connect()), "no partner"),
        (format!("passmint {secret}"), "neither a descriptor"),
    ] {
        let text = stand.check(&["--oracle-connect", &connect]).text();
        assert!(text.contains(expected) && !text.contains(secret), "{expected}: {text}");
        assert!(text.contains("--oracle-connect cannot be used") && !text.contains("ORA-"), "{text}");
    }
}

#[test]
fn ipv6_address_is_reached_in_every_form() {
    let stand = Stand::start();
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        eprintln!("this machine has no IPv6: nothing is tested");
        return;
    };
    let port = listener.local_addr().unwrap().port();
    forward(listener, stand.port());
    let descriptor = |host: &str| {
        format!("(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST={host})(PORT={port}))(CONNECT_DATA=(SERVICE_NAME={ALIAS})))")
    };
    for connect in
        [format!("[::1]:{port}/{ALIAS}"), format!("//[::1]:{port}/{ALIAS}"), descriptor("::1"), descriptor("[::1]")]
    {
        let text = assert_reaches(&stand, &connect, &[]);
        assert_eq!(text.matches(&format!("[::1]:{port}")).count(), 2, "{text}");
    }
    // Over TLS the certificate must have the host's name, which a number is not.
    let listener = TlsListener::start(Fault::None, Some(stand.port()));
    let socket = TcpListener::bind("[::1]:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    forward(socket, listener.port);
    let config = stand.wallet(Wallet::CaOnly);
    let connect = format!("tcps://[::1]:{port}/{ALIAS}");
    let text = stand.check(&["--oracle-connect", &connect, "--oracle-config", config.to_str().unwrap()]).text();
    assert!(text.contains("✓ reachability") && text.contains("ORA-29003"), "{text}");
    assert!(listener.lines().contains(&"connect".to_owned()));
}

#[test]
fn address_that_does_not_answer_is_told_beside_the_one_that_does() {
    let stand = Stand::start();
    let address = |port: u16| format!("(ADDRESS=(PROTOCOL=tcp)(HOST=127.0.0.1)(PORT={port}))");
    let connect = format!(
        "(DESCRIPTION=(ADDRESS_LIST={}{})(CONNECT_DATA=(SERVICE_NAME={ALIAS})))",
        address(1),
        address(stand.port())
    );
    let text = assert_reaches(&stand, &connect, &[]);
    assert!(text.contains(&format!("127.0.0.1:{}; no answer from 127.0.0.1:1", stand.port())), "{text}");
}

/// Client 19.3 does so under a limit of the whole connection only, and not without TLS.
#[test]
fn client_does_not_get_past_a_closed_address_with_tls_and_the_check_warns() {
    let stand = Stand::start();
    let listener = TlsListener::start(Fault::None, Some(stand.port()));
    let address = |port: u16| format!("(ADDRESS=(PROTOCOL=tcps)(HOST=localhost)(PORT={port}))");
    let connect = format!(
        "(DESCRIPTION=(ADDRESS_LIST=(LOAD_BALANCE=off){}{})(CONNECT_DATA=(SERVICE_NAME={ALIAS})))",
        address(1),
        address(listener.port)
    );
    let config = stand.wallet_with(Wallet::CaOnly, &connect);
    let text = stand.check(&["--oracle-connect", ALIAS, "--oracle-config", config.to_str().unwrap()]).text();
    assert!(text.starts_with("! ") && text.contains("several addresses with TLS"), "{text}");
    assert!(text.contains("✓ reachability") && text.contains("ORA-12561"), "{text}");
}

#[test]
fn username_reaches_the_server_as_it_is_written() {
    let stand = Stand::start();
    let text = assert_reaches(&stand, &stand.connect(), &["--oracle-user", "PassMint"]);
    assert!(text.contains("as PassMint"), "{text}");
    // The independent server has no user in quotation marks, but its log has the name that it was asked for.
    let text = stand.check(&["--oracle-user", "\"Passmint\""]).text();
    assert!(text.contains("ORA-01017") && text.contains("double quotation marks"), "{text}");
    assert!(stand.server_log().contains("log-in rejected: \"Passmint\""), "{}", stand.server_log());
}

#[test]
fn tns_admin_steers_the_client_unless_a_folder_is_named() {
    let stand = Stand::start();
    let listener = TlsListener::start(Fault::None, Some(stand.port()));
    let config = stand.wallet_for(Wallet::CaOnly, "localhost", listener.port);
    // An old wallet's folder, whose sqlnet.ora names a cipher that nobody has.
    let old = stand.wallet_for(Wallet::CaOnly, "localhost", listener.port);
    std::fs::write(old.join("sqlnet.ora"), "SSL_CIPHER_SUITES=(SSL_NO_SUCH_SUITE)\n").unwrap();
    let check = |tns_admin: Option<&Path>, folder: Option<&Path>| {
        let connect = format!("tcps://localhost:{}/{ALIAS}?wallet_location={}", listener.port, config.display());
        let mut command = stand.command(&["check", "--oracle-connect", &connect]);
        command.envs(tns_admin.map(|folder| ("TNS_ADMIN", folder)));
        command.envs(folder.map(|folder| ("PASSMINT_ORACLE_CONFIG", folder)));
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (ok, text) = check(None, None);
    assert!(ok && !text.contains("! "), "{text}");
    let (ok, text) = check(Some(&old), None);
    assert!(
        !ok && text.contains("✗ TLS") && text.contains("ORA-12560") && text.contains("! TNS_ADMIN is set"),
        "{text}"
    );
    let (ok, text) = check(Some(&old), Some(&config));
    assert!(ok && text.contains("! TNS_ADMIN is set") && text.contains("has no effect"), "{text}");
    let (ok, text) = check(Some(&config), Some(&config));
    assert!(ok && !text.contains("! "), "{text}");
}
