//! `passmint check` names the cause of every fault of TLS, under the step TLS. Oracle's client 19.3 reports most of them as
//! ORA-12561 under Passmint's time limit.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use oracle_wire::{ALIAS, Fault, Output, Stand, TlsListener, Wallet};

/// A fault, and its code.
struct Case {
    name: String,
    code: &'static str,
    config: std::path::PathBuf,
    _listener: Option<TlsListener>,
}

fn check(stand: &Stand, config: &Path) -> Output {
    stand.check(&["--oracle-connect", ALIAS, "--oracle-config", config.to_str().unwrap()])
}

/// The line of a step.
fn line<'o>(output: &'o Output, step: &str) -> Option<&'o str> {
    output.stdout.lines().find(|line| line.get(4..).is_some_and(|line| line.starts_with(&format!("{step} "))))
}

/// The last step is this one, it failed, and a code of the table says why.
#[track_caller]
fn assert_failed(name: &str, output: &Output, step: &str, code: &str) {
    let text = output.text();
    assert_eq!(output.code, Some(1), "{name}: {text}");
    let last = output.stdout.lines().last().unwrap_or_default();
    assert!(last.starts_with(&format!("✗ {step} ")) && last.contains(&format!(" {code}: ")), "{name}: {text}");
    assert!(!text.contains("not in Passmint's table"), "{name}: {text}");
}

#[test]
fn check_names_the_cause_of_each_tls_fault() {
    let stand = Stand::start();
    let listen = |fault: Fault, wallet: Wallet, code: &'static str| {
        let relay = (fault == Fault::WrongName).then(|| stand.port());
        let listener = TlsListener::start(fault, relay);
        let config = stand.wallet_for(wallet, "localhost", listener.port);
        Case { name: format!("{fault:?} {wallet:?}"), code, config, _listener: Some(listener) }
    };
    let mut cases: Vec<Case> = Fault::ALL
        .into_iter()
        .map(|fault| match fault {
            Fault::None => unreachable!("it is no fault"),
            Fault::UnknownCa | Fault::Expired => listen(fault, Wallet::Mtls, "ORA-29024"),
            Fault::WrongName => listen(fault, Wallet::Mtls, "ORA-29003"),
            Fault::WantsClientCert => listen(fault, Wallet::CaOnly, "ORA-28860"),
            Fault::Versions | Fault::Http => listen(fault, Wallet::Mtls, "ORA-29019"),
            Fault::Plain | Fault::Silent => listen(fault, Wallet::Mtls, "ORA-12170"),
            Fault::Reset => listen(fault, Wallet::Mtls, "ORA-28862"),
            Fault::Closed => listen(fault, Wallet::Mtls, "ORA-28864"),
        })
        .collect();
    cases.push(listen(Fault::None, Wallet::Cut, "ORA-29106"));
    // The same with an independent server of Oracle's protocol.
    let config = stand.wallet(Wallet::CaOnly);
    cases.push(Case { name: "server that wants a wallet".into(), code: "ORA-28860", config, _listener: None });
    for (name, content, code) in [
        ("wallet of no bytes", Vec::new(), "ORA-28756"),
        ("wallet that is a text", b"not a wallet\n".repeat(99), "ORA-28768"),
        ("wallet of one byte", vec![161], "ORA-28771"),
    ] {
        let config = stand.wallet(Wallet::Mtls);
        std::fs::write(config.join("cwallet.sso"), content).unwrap();
        cases.push(Case { name: name.into(), code, config, _listener: None });
    }
    // The two that wait run beside the others.
    cases.sort_by_key(|case| case.code != "ORA-12170");
    let next = std::sync::Mutex::new(cases.iter());
    std::thread::scope(|scope| {
        let work = || {
            loop {
                let Some(case) = next.lock().unwrap().next() else { break };
                assert_failed(&case.name, &check(&stand, &case.config), "TLS", case.code);
            }
        };
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}

/// The wallet's folder is named in the connect string, so that Passmint does not look for the file itself.
#[test]
fn missing_wallet_fails_the_step_tls() {
    let stand = Stand::start();
    let folder = stand.wallet(Wallet::Missing);
    let connect = format!("tcps://localhost:{}/{ALIAS}?wallet_location={}", stand.tls_port(), folder.display());
    assert_failed("missing", &stand.check(&["--oracle-connect", &connect]), "TLS", "ORA-28759");
}

#[test]
fn wrong_password_passes_tls_and_is_tried_once() {
    let stand = Stand::start();
    let config = stand.wallet(Wallet::Mtls);
    let mut command = stand.command(&["check", "--oracle-connect", ALIAS, "--oracle-config", config.to_str().unwrap()]);
    let output = command.env("PASSMINT_ORACLE_PASSWORD", "Wrong_1").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.lines().any(|line| line.starts_with("✓ TLS ")), "{text}");
    assert!(text.lines().last().unwrap().starts_with("✗ log-in ") && text.contains("ORA-01017: "), "{text}");
    assert_eq!(stand.rejected_log_ins(stand.user()), 1, "{text}");
}

#[test]
fn refusal_behind_tls_passes_tls_and_fails_the_log_in() {
    let stand = Stand::start();
    let listener = TlsListener::start(Fault::None, None);
    let output = check(&stand, &stand.wallet_for(Wallet::Mtls, "localhost", listener.port));
    assert_failed("refused", &output, "log-in", "ORA-12514");
    assert!(line(&output, "TLS").unwrap().starts_with('✓'), "{}", output.stdout);
}

/// TLS and log-in are one call of the client, and the mirror does not tell the protocol.
#[test]
fn check_invents_neither_a_time_nor_a_protocol() {
    let stand = Stand::start();
    let output = check(&stand, &stand.wallet(Wallet::Mtls));
    assert_eq!(output.code, Some(0), "{}", output.text());
    let tls = line(&output, "TLS").unwrap();
    assert!(tls.ends_with(" agreed") && !tls.contains(" ms"), "{tls}");
    assert!(line(&output, "log-in").unwrap().contains(" ms "), "{}", output.stdout);
    let level = line(&output, "service level").unwrap();
    assert!(!level.contains(" over"), "{level}");
}

/// The limit of a sqlnet.ora hides the cause as well, and Passmint cannot lift it.
#[test]
fn limit_in_sqlnet_ora_is_named_if_it_hides_the_cause() {
    let stand = Stand::start();
    let listener = TlsListener::start(Fault::UnknownCa, None);
    let config = stand.wallet_for(Wallet::Mtls, "localhost", listener.port);
    std::fs::write(config.join("sqlnet.ora"), "SQLNET.OUTBOUND_CONNECT_TIMEOUT=3\n").unwrap();
    let output = check(&stand, &config);
    assert_failed("limit", &output, "TLS", "ORA-12561");
    assert!(output.stdout.contains("SQLNET.OUTBOUND_CONNECT_TIMEOUT"), "{}", output.stdout);
}

/// The server answers TLS with the beginning of a message, and nothing more: the second attempt hangs.
#[test]
fn second_attempt_that_hangs_is_ended_and_shows_no_password() {
    let stand = Stand::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut connections = Vec::new();
        for mut stream in listener.incoming().map(Result::unwrap) {
            connections.push(std::thread::spawn(move || {
                let mut hello = [0; 4096];
                if stream.read(&mut hello).is_ok_and(|length| length > 0) {
                    let _ = stream.write_all(&[22, 3, 3, 16, 0]);
                    let _ = stream.read(&mut hello);
                }
            }));
        }
    });
    let config = stand.wallet_for(Wallet::Mtls, "localhost", port);
    let file = stand.folder().join("password");
    std::fs::write(&file, stand.password()).unwrap();
    let mut command = stand.command(&["check", "--oracle-connect", ALIAS]);
    command.args(["--oracle-config", config.to_str().unwrap(), "--oracle-password-file", file.to_str().unwrap()]);
    command.env_remove("PASSMINT_ORACLE_PASSWORD").stdout(std::process::Stdio::piped());
    let start = Instant::now();
    let mut check = command.spawn().unwrap();
    let mut seen = None;
    while check.try_wait().unwrap().is_none() {
        if let Some(child) = second_attempt(check.id()) {
            // Empty if it has just ended.
            let shown = [read(child, "cmdline"), read(child, "environ")].concat();
            assert!(!shown.contains(stand.password()), "others can read the password");
            seen = seen.or(shown.contains("try-log-in").then_some(child));
        }
        assert!(start.elapsed() < Duration::from_secs(60), "the check does not end");
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut text = String::new();
    check.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    let child = seen.unwrap_or_else(|| panic!("there was no second attempt: {text}"));
    assert!(text.contains("✗ log-in") && text.contains("ORA-12170"), "{text}");
    assert!(!read(child, "cmdline").contains("try-log-in"), "it is ended with the check");
}

/// The process of the second attempt of a check.
fn second_attempt(check: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{check}/task/{check}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

fn read(process: u32, file: &str) -> String {
    String::from_utf8_lossy(&std::fs::read(format!("/proc/{process}/{file}")).unwrap_or_default()).into_owned()
}

#[test]
fn log_of_the_server_sends_the_operator_to_the_check() {
    let stand = Stand::start();
    let listener = TlsListener::start(Fault::UnknownCa, None);
    let config = stand.wallet_for(Wallet::Mtls, "localhost", listener.port);
    let mut server = stand.serve(&[]);
    server.stop();
    server.set(&[("PASSMINT_ORACLE_CONNECT", ALIAS), ("PASSMINT_ORACLE_CONFIG", config.to_str().unwrap())]);
    server.start_again();
    let start = Instant::now();
    while !server.log().contains("ORA-12561: ") && start.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(100));
    }
    let log = server.log();
    assert!(log.contains("ORA-12561: TLS failed") && log.contains("Run passmint check: it finds the cause."), "{log}");
}
