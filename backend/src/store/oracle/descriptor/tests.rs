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
         (connect_data=(service_name=g1_passmint_high.adb.oraclecloud.com))(security=(ssl_server_dn_match=yes)))"
    );
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
    assert!(text.ends_with("(security=(ssl_server_dn_match=yes)(MY_WALLET_DIRECTORY=/wallet)))"), "{text}");
    let mut plain = read("tcps://localhost:1522/x").unwrap();
    plain.set_wallet("/wallet");
    assert!(plain.to_string().contains("(SECURITY=(MY_WALLET_DIRECTORY=/wallet))"));
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
    assert!(descriptor.to_string().contains("(SECURITY=(MY_WALLET_DIRECTORY=/wallet))"));
    assert_eq!(read("//[::1]:1599/x").unwrap().host(), Some("::1"));
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
