use super::*;

/// A connect string as the console of Autonomous Database shows it.
const CONSOLE: &str = "(description= (retry_count=20)(retry_delay=3)(address=(protocol=tcps)(port=1521)\
    (host=adb.eu-frankfurt-1.oraclecloud.com))(connect_data=(service_name=g1_passmint_high.adb.oraclecloud.com))\
    (security=(ssl_server_dn_match=yes)))";

fn read(text: &str) -> Result<Descriptor, NotConnectString> {
    Descriptor::read(text, None)
}

#[test]
fn string_of_the_console_is_parsed_and_its_waits_are_shortened() {
    let descriptor = read(&format!("  {CONSOLE}\n")).unwrap();
    assert!(descriptor.shortened && descriptor.is_tls());
    assert_eq!(descriptor.host(), Some("adb.eu-frankfurt-1.oraclecloud.com"));
    assert_eq!((descriptor.port(), descriptor.level()), (1521, Some("high")));
    assert_eq!(
        descriptor.to_string(),
        "(description=(TRANSPORT_CONNECT_TIMEOUT=3)(CONNECT_TIMEOUT=4)(retry_count=1)(retry_delay=1)\
         (address=(protocol=tcps)(port=1521)(host=adb.eu-frankfurt-1.oraclecloud.com))\
         (connect_data=(service_name=g1_passmint_high.adb.oraclecloud.com))(SECURITY=(SSL_SERVER_DN_MATCH=yes)))"
    );
}

#[test]
fn string_without_limit_has_no_limit_but_the_one_of_tcp() {
    let text = read(CONSOLE).unwrap().to_string_without_limit();
    assert!(text.starts_with("(description=(TRANSPORT_CONNECT_TIMEOUT=3)(address="), "{text}");
    let list = "(description_list=(description=(connect_timeout=2)(retry_count=1)(address=(host=a)(port=1))\
                (connect_data=(service_name=x)))(DESCRIPTION=(ADDRESS=(HOST=b)(PORT=2))(CONNECT_DATA=(SERVICE_NAME=x))))";
    let text = read(list).unwrap().to_string_without_limit().to_uppercase();
    assert_eq!(text.matches("TRANSPORT_CONNECT_TIMEOUT=3").count(), 2, "{text}");
    assert!(!text.contains("(CONNECT_TIMEOUT") && !text.contains("RETRY"), "{text}");
}

#[test]
fn set_level_changes_the_service_name_if_it_has_a_level() {
    let mut descriptor = read(CONSOLE).unwrap();
    descriptor.set_level("tp");
    assert_eq!(descriptor.service(), Some("g1_passmint_tp.adb.oraclecloud.com"));
    let mut plain = read("localhost/FREEPDB1").unwrap();
    plain.set_level("tp");
    assert_eq!(plain.service(), Some("FREEPDB1"), "a service without levels stays");
}

#[test]
fn set_wallet_adds_a_wallet_where_there_is_none() {
    let mut descriptor = read(CONSOLE).unwrap();
    descriptor.set_wallet("/wallet");
    descriptor.set_wallet("/another");
    let text = descriptor.to_string();
    assert!(text.ends_with("(SECURITY=(SSL_SERVER_DN_MATCH=yes)(MY_WALLET_DIRECTORY=/wallet)))"), "{text}");
    let mut plain = read("tcps://localhost:1522/x").unwrap();
    plain.set_wallet("/wallet");
    assert!(plain.to_string().contains("(SECURITY=(SSL_SERVER_DN_MATCH=yes)(MY_WALLET_DIRECTORY=/wallet))"));
}

#[test]
fn ez_connect_becomes_a_descriptor() {
    let descriptor = read("localhost/FREEPDB1").unwrap();
    assert!(!descriptor.shortened);
    assert_eq!(
        descriptor.to_string(),
        "(DESCRIPTION=(TRANSPORT_CONNECT_TIMEOUT=3)(CONNECT_TIMEOUT=4)(RETRY_DELAY=1)(RETRY_COUNT=1)\
         (ADDRESS=(PROTOCOL=tcp)(HOST=localhost)(PORT=1521))(CONNECT_DATA=(SERVICE_NAME=FREEPDB1)))"
    );
    let descriptor = read("tcps://db.example:1522/p_tp?wallet_location=/wallet&retry_count=9").unwrap();
    assert!(descriptor.shortened && descriptor.is_tls());
    assert_eq!((descriptor.host(), descriptor.port()), (Some("db.example"), 1522));
    assert!(descriptor.to_string().ends_with("(SECURITY=(MY_WALLET_DIRECTORY=/wallet)(SSL_SERVER_DN_MATCH=yes)))"));
    let text = "tcps://db.example/x?ssl_server_cert_dn=\"CN=db.example,C=DE\"";
    assert!(read(text).unwrap().to_string().contains("(SSL_SERVER_CERT_DN=\"CN=db.example,C=DE\")"));
    assert_eq!(read(&text.replace('"', "")), read(text), "the client needs the marks");
}

#[test]
fn ipv6_address_reaches_the_client_without_brackets() {
    for (text, address, port) in [
        ("[::1]:1599/x", "(ADDRESS=(PROTOCOL=tcp)(HOST=::1)(PORT=1599))", 1599),
        ("//[::1]/x", "(ADDRESS=(PROTOCOL=tcp)(HOST=::1)(PORT=1521))", 1521),
        ("tcps://[2001:db8::1]:1522/x", "(ADDRESS=(PROTOCOL=tcps)(HOST=2001:db8::1)(PORT=1522))", 1522),
        (
            "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=::1)(PORT=1599))(CONNECT_DATA=(SERVICE_NAME=x)))",
            "(ADDRESS=(PROTOCOL=tcp)(HOST=::1)(PORT=1599))",
            1599,
        ),
        (
            "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=[::1])(PORT=1599))(CONNECT_DATA=(SERVICE_NAME=x)))",
            "(ADDRESS=(PROTOCOL=tcp)(HOST=::1)(PORT=1599))",
            1599,
        ),
        (
            "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=\"[::1]\")(PORT=\"1599\"))(CONNECT_DATA=(SERVICE_NAME=x)))",
            "(ADDRESS=(PROTOCOL=tcp)(HOST=::1)(PORT=1599))",
            1599,
        ),
    ] {
        let descriptor = read(text).unwrap();
        assert!(descriptor.to_string().contains(address), "{text}: {descriptor}");
        assert_eq!(descriptor.addresses(), [(descriptor.host().unwrap(), port)], "{text}");
    }
}

#[test]
fn addresses_are_those_of_every_description() {
    let address = |host: &str| format!("(ADDRESS=(PROTOCOL=tcps)(HOST={host})(PORT=1522))");
    let description = |addresses: &str| format!("(DESCRIPTION={addresses}(CONNECT_DATA=(SERVICE_NAME=x)))");
    let first = description(&format!("(ADDRESS_LIST={}{})", address("a"), address("b")));
    let second = description("(ADDRESS=(PORT=9)(HOST=c)(PROTOCOL=tcp))");
    let descriptor = read(&format!("(DESCRIPTION_LIST={first}{second})")).unwrap();
    assert_eq!(descriptor.addresses(), [("a", 1522), ("b", 1522), ("c", 9)]);
    assert!(descriptor.is_tls() && descriptor.is_plain());
}

#[test]
fn alias_is_looked_up_in_tnsnames_ora() {
    let folder = tempfile::tempdir().unwrap();
    let at = |alias: &str| Descriptor::read(alias, Some(folder.path()));
    assert!(matches!(read("p_tp"), Err(NotConnectString::AliasWithoutFolder(_))));
    assert!(matches!(at("p_tp"), Err(NotConnectString::Unreadable { .. })));
    let file = format!("# of the console\np_high = {CONSOLE}\n\nP_TP =\n  {}\n", CONSOLE.replace("_high", "_tp"));
    std::fs::write(folder.path().join("tnsnames.ora"), file).unwrap();
    assert_eq!(at("p_tp").unwrap().level(), Some("tp"));
    let error = at("p_tq").unwrap_err().to_string();
    assert!(error.contains("p_tq") && error.ends_with("it has p_high, P_TP"), "{error}");
    // Comments of the file may hold anything, also an equals sign.
    let file = format!("p_high = {CONSOLE} # was = (\n# p_tp = x\n\n p_tp, p_old = {CONSOLE}# end");
    std::fs::write(folder.path().join("tnsnames.ora"), file).unwrap();
    assert_eq!(at("p_tp").unwrap(), read(CONSOLE).unwrap());
    assert!(at("p_tq").unwrap_err().to_string().ends_with("it has p_high, p_tp, p_old"));
}

#[test]
fn pasted_string_is_what_it_contains() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("tnsnames.ora"), format!("p_tp = {CONSOLE}\n")).unwrap();
    let with_dn = CONSOLE.replace("=yes)", "=yes)(ssl_server_cert_dn=\"CN=a (b), O=c\")");
    for plain in
        [CONSOLE, &with_dn, "localhost:1521/x", "tcps://db.example:1522/x?retry_count=1", "[::1]:1521/x", "p_tp"]
    {
        let expected = Descriptor::read(plain, Some(folder.path())).unwrap();
        for around in [
            "'{}'",
            "\"{}\"",
            "“{}”",
            "„{}“",
            "‘{}’",
            "«{}»",
            "`{}`",
            " \" {} \" ",
            "\u{feff}{}\u{a0}",
            "{};",
            "{},",
            "{} ;",
            "'{}';",
            "\"{}\", ",
            "{} # of the console",
            "'{}' # it's the \"tp\" one",
            "{}\t#x",
            "# p_high\n# p_tp\n{}",
            "\"{}\" -- x",
            "dsn={}",
            "dsn = {}",
            "dsn='{}'",
            "dsn=\"{}\",",
            "'dsn={}'",
            "export X={}",
            "export X=\"{}\"  # x",
            "PASSMINT_ORACLE_CONNECT={}\n",
            "- PASSMINT_ORACLE_CONNECT='{}'",
            "PASSMINT_ORACLE_CONNECT: \"{}\"",
            "  p_high,p_tp =\n  {}\n",
            "spring.url = {}",
            "X=PASSMINT_ORACLE_CONNECT='{}'",
        ] {
            let pasted = around.replace("{}", plain);
            let found = Descriptor::read(&pasted, Some(folder.path()));
            assert_eq!(found.as_ref().map(ToString::to_string), Ok(expected.to_string()), "{pasted}");
        }
    }
    let typographic = read(&with_dn.replace("\"CN", "“CN").replace("c\"", "c”")).unwrap();
    assert_eq!(typographic, read(&with_dn).unwrap());
}

#[test]
fn pasted_string_that_is_not_understood_is_refused_without_being_shown() {
    const SECRET: &str = "Tiger-1234";
    for (text, expected) in [
        (format!("'{CONSOLE}"), NotConnectString::Quotes),
        (format!("{CONSOLE}'"), NotConnectString::Quotes),
        (format!("\"{CONSOLE}'"), NotConnectString::Quotes),
        ("\"localhost/x".into(), NotConnectString::Quotes),
        ("localhost/x'".into(), NotConnectString::Quotes),
        (format!("\"{CONSOLE}\" {SECRET}"), NotConnectString::AfterQuotes),
        (format!("\"dsn\": \"{CONSOLE}\""), NotConnectString::AfterQuotes),
        (format!("jdbc:oracle:thin:@{CONSOLE}"), NotConnectString::Jdbc),
        (format!("url=\"JDBC:oracle:thin:scott/{SECRET}@//localhost:1521/x\""), NotConnectString::Jdbc),
        ("jdbc:oracle:thin:@p_tp?TNS_ADMIN=/wallet".into(), NotConnectString::Jdbc),
        (format!("scott/{SECRET}@p_tp"), NotConnectString::Credentials),
        (format!("scott/{SECRET}@{CONSOLE}"), NotConnectString::Credentials),
        (format!("dsn=scott/{SECRET}@localhost/x"), NotConnectString::Credentials),
        ("@p_tp".into(), NotConnectString::Credentials),
        (format!("connect(user=\"scott\", password=\"{SECRET}\", dsn=\"localhost/x\")"), NotConnectString::Quotes),
        (format!("scott {SECRET}"), NotConnectString::NoForm),
        (format!("{SECRET}!"), NotConnectString::NoForm),
        (format!("{SECRET} p_tp"), NotConnectString::NoForm),
        (format!("localhost/x?{SECRET}"), NotConnectString::Parameters),
        (format!("localhost/x?{SECRET}=1"), NotConnectString::Parameters),
        (format!("localhost {SECRET}:1521/x"), NotConnectString::Host),
        ("tcps://a,b:1522/x".into(), NotConnectString::Host),
        (format!("localhost/x {SECRET}"), NotConnectString::Service),
        ("tcps://a/x?wallet_location=\"w&ssl_server_cert_dn=a\"".into(), NotConnectString::Quotes),
        ("dsn=".into(), NotConnectString::Empty),
        ("''".into(), NotConnectString::Empty),
        ("# localhost/x".into(), NotConnectString::Empty),
        (CONSOLE.replace("(description", "(database"), NotConnectString::NoDescription),
        (format!("(description_list={})", CONSOLE.replace("(description", "(x")), NotConnectString::NoDescription),
        (CONSOLE.replacen('(', "", 1), NotConnectString::Broken { at: 1, what: "an opening parenthesis is missing" }),
        (
            format!("{CONSOLE}\np_low = {CONSOLE}"),
            NotConnectString::Broken { at: CONSOLE.len() + 2, what: "something follows the last parenthesis" },
        ),
    ] {
        let error = read(&text).unwrap_err();
        assert_eq!(error, expected, "{text}");
        assert!(!error.to_string().contains(SECRET), "{error}");
    }
}

#[test]
fn unusable_string_is_an_error_that_names_the_reason() {
    for (text, expected) in [
        ("", NotConnectString::Empty),
        (" \n", NotConnectString::Empty),
        ("localhost:1521", NotConnectString::NoService),
        ("localhost:1521/", NotConnectString::NoService),
        ("passmint/secret@localhost/service", NotConnectString::Credentials),
        ("host/name=(a)", NotConnectString::Parenthesis),
        ("lhc(description= (retry_count=20)(servost/x", NotConnectString::Parenthesis),
        ("localhost:x/service", NotConnectString::Port),
        ("localhost:0/service", NotConnectString::Port),
        ("http://localhost/service", NotConnectString::Protocol),
        ("localhost/service?colour=red", NotConnectString::Parameter("colour".into())),
        ("(description=(connect_data=(service_name=x)))", NotConnectString::NoAddress),
        ("(description=(address=(host=x)(port=1)))", NotConnectString::NoService),
    ] {
        assert_eq!(read(text).unwrap_err(), expected, "{text}");
    }
    // A descriptor that is cut off anywhere is an error, not a panic.
    for end in CONSOLE.char_indices().map(|(at, _)| at).skip(1) {
        assert!(matches!(read(&CONSOLE[..end]), Err(NotConnectString::Broken { .. })), "{end}");
    }
}

#[test]
fn connect_string_is_bounded_by_the_time_left() {
    let two = "(address_list=(address=(protocol=tcp)(host=a)(port=1))(address=(protocol=tcp)(host=b)(port=1)))";
    let two = format!("(description={two}(connect_data=(service_name=x)))");
    for (text, left, limits) in [
        ("h/x", 9500, [1, 4, 3, 8]),
        // No time for a second attempt.
        ("h/x", 8900, [0, 4, 3, 8]),
        ("h/x", 2700, [0, 2, 2, 8]),
        ("h/x", 0, [0, 1, 1, 8]),
        // Each address takes the whole limit.
        (&two, 9500, [0, 4, 3, 8]),
        (&two, 5000, [0, 2, 2, 8]),
        // Lower limits of the string stay.
        ("h/x?connect_timeout=1", 9500, [1, 1, 3, 8]),
        ("(description=(recv_timeout=5)(address=(host=h))(connect_data=(service_name=x)))", 9500, [1, 4, 3, 5]),
        ("(description=(recv_timeout=90)(address=(host=h))(connect_data=(service_name=x)))", 9500, [1, 4, 3, 8]),
    ] {
        let descriptor = Descriptor::read(text, None).unwrap();
        let string = descriptor.within(Duration::from_millis(left), Duration::from_secs(8));
        let names = ["RETRY_COUNT", "CONNECT_TIMEOUT", "TRANSPORT_CONNECT_TIMEOUT", "RECV_TIMEOUT"];
        let root = parse(&string).unwrap();
        let found = names.map(|name| root.find(name).unwrap().parse::<u32>().unwrap());
        assert_eq!(found, limits, "{text} {left}: {string}");
    }
}
