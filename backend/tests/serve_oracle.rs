//! The program with an Oracle database that comes and goes: the real `oracle` crate with a double of Oracle's client
//! library.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test may")]

mod oracle_double;

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use oracle_double::server::{LIST, Server, passmint};
use oracle_double::{PASSWORD, faults, folder};
use shared::ids::{AccountId, EntryId};

#[test]
fn server_starts_while_the_database_is_down_and_serves_when_it_comes() {
    let data = tempfile::tempdir().unwrap();
    // The server key must exist: without one, only the database shows whether a new one may be made.
    Server::start("later", &data).wait_for("/#invite=");
    faults("later", "down\n");
    let server = Server::start("later", &data);
    let said = server.get(LIST).0;
    assert!(said.starts_with("HTTP/1.1 503") && said.contains("retry-after: 2"), "{said}");
    assert_eq!((server.status("/healthz").as_str(), server.status("/readyz").as_str()), ("200", "503"));
    faults("later", "");
    server.wait_for("the database is reached");
    // The set-up link is printed when it can be made, to stdout: its order among the lines of stderr is not defined.
    server.wait_for("/#invite=");
    assert_eq!((server.status("/readyz").as_str(), server.status(LIST).as_str()), ("200", "401"));
}

#[test]
fn operator_lists_and_revokes_beside_a_running_server() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start("operated", &data);
    server.wait_for("/#invite=");
    let run = |arguments: &[&str]| {
        let Output { status, stdout, stderr } = passmint("operated", &data).args(arguments).output().unwrap();
        (status.success(), String::from_utf8([stdout, stderr].concat()).unwrap())
    };
    let (ok, said) = run(&["invites", "list"]);
    assert!(ok && said.lines().count() == 2 && said.contains("first vault  open until"), "{said}");
    let id = said.lines().last().unwrap().split(' ').next().unwrap().to_owned();
    assert_eq!(run(&["invites", "revoke", &id]), (true, "1 invite is revoked\n".to_owned()));
    assert_eq!(run(&["invites", "list", "--all"]), (true, "no invites\n".to_owned()));
    for subject in ["accounts", "sessions"] {
        assert_eq!(run(&[subject, "list"]), (true, format!("no {subject}\n")));
    }
    assert_eq!(run(&["sessions", "end", "--all"]), (true, "0 sessions have ended\n".to_owned()));
    let (ok, said) = run(&["accounts", "delete", "ada", "--yes"]);
    assert!(!ok && said.contains("there is no account \"ada\""), "{said}");
}

/// Nobody may make a vault in a database that is bound to another server key.
#[test]
fn database_of_another_server_key_is_never_served() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    Server::start("keys", &theirs).wait_for("/#invite=");
    Server::start("other_keys", &ours).wait_for("/#invite=");
    faults("keys", "down\n");
    let mut server = Server::start("keys", &ours);
    assert_eq!(server.status(LIST), "503");
    faults("keys", "");
    let start = Instant::now();
    let ended = loop {
        if let Some(status) = server.child.try_wait().unwrap() {
            break status;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "it keeps running");
        // It may end during the request.
        if let Ok(stream) = TcpStream::connect(("127.0.0.1", server.port)) {
            drop(stream);
            let status = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| server.status(LIST)));
            assert!(status.is_err() || status.is_ok_and(|status| status == "503"), "it serves");
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(!ended.success());
    server.wait_for("this database belongs to another server key");
}

#[test]
fn failed_comparison_of_the_server_key_does_not_let_another_database_pass() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    Server::start("compared", &theirs).wait_for("/#invite=");
    Server::start("other_compared", &ours).wait_for("/#invite=");
    faults("compared", "execute|key_fingerprint|0|1|ORA-1031\n");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut child = passmint("compared", &ours)
        .args(["serve", "--listen", &port.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() && start.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let said = String::from_utf8([stdout, stderr].concat()).unwrap();
    assert!(status.code() == Some(1) && said.contains("this database belongs to another server key"), "{said}");
}

#[test]
fn serve_without_a_server_key_and_without_the_database_ends_with_an_error() {
    faults("keyless", "down\n");
    let data = tempfile::tempdir().unwrap();
    let Output { status, stderr, .. } =
        passmint("keyless", &data).args(["serve", "--listen", "127.0.0.1:0"]).output().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert!(!status.success() && said.contains("no server key yet") && said.contains("ORA-12541"), "{said}");
    assert!(!data.path().join("server-key").exists());
}

/// Each fault leads to 503 with Retry-After within the deadline, a correct /readyz, and recovery without a restart.
#[test]
fn each_fault_is_answered_with_503_in_time_and_recovered_from() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start("faulty", &data);
    server.wait_for("/#invite=");
    assert_eq!(server.status(LIST), "401");
    for (name, fault) in [
        ("stopped (ORA-12514)", "connect||0|*|ORA-12514\nany||0|*|drop-3113\n"),
        ("nothing listens", "down\n"),
        ("refused by the list (ORA-12506)", "connect||0|*|ORA-12506\nany||0|*|drop-3113\n"),
        ("no session left (ORA-18)", "connect||0|*|ORA-18\nany||0|*|drop-3113\n"),
        ("silent", "silent\nany||0|*|drop-3113\n"),
        ("hangs in a call", "execute||0|*|hang:60000\n"),
        ("drops every call", "execute||0|*|drop-3113\n"),
    ] {
        faults("faulty", fault);
        let (answer, time) = server.get(LIST);
        assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 2"), "{name}: {answer}");
        assert!(answer.contains(r#""code":"store-unavailable""#), "{name}: {answer}");
        assert!(time < Duration::from_secs(10), "{name}: {time:?}");
        println!("{name}: 503 after {} ms", time.as_millis());
        assert_eq!(server.status("/readyz"), "503", "{name}");
        assert_eq!(server.status("/healthz"), "200", "{name}");
        faults("faulty", "");
        std::thread::sleep(Duration::from_millis(1100));
        assert_eq!(server.status(LIST), "401", "{name}");
        // A look at the database ends with its calls, and a hung call takes twice its time-out.
        let start = Instant::now();
        while server.status("/readyz") != "200" {
            assert!(start.elapsed() < Duration::from_secs(12), "{name}");
        }
    }
    // The operator's log contains the remedy, and never the password.
    let output = server.wait_for("ORA-12514: the database server does not know the service");
    let rest = std::iter::from_fn(|| server.lines.try_recv().ok()).collect::<String>();
    assert!(!output.contains(PASSWORD) && !rest.contains(PASSWORD));
}

#[test]
fn defect_is_answered_with_500_and_logged_with_its_code() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start("defect", &data);
    server.wait_for("/#invite=");
    faults("defect", "execute|sessions|0|*|ORA-1455\n");
    let answer = server.get(LIST).0;
    assert!(answer.starts_with("HTTP/1.1 500") && answer.contains(r#""code":"internal""#), "{answer}");
    assert!(!answer.contains("retry-after") && !answer.contains("again"), "{answer}");
    let log = server.wait_for("ORA-01455: the database refuses a value");
    assert!(log.contains("ERROR") && log.contains("report it"), "{log}");
}

/// `passmint check` runs it; its result is one word.
#[test]
fn try_log_in_reads_standard_input_and_prints_the_code() {
    let request = |service: &str, password: &str| {
        serde_json::json!({
            "connect": format!("tcps://localhost/{service}"), "user": "passmint", "password": password,
            "config_folder": null, "client_folder": folder(),
        })
        .to_string()
    };
    let run = |input: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_passmint"))
            .arg("try-log-in")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let said = String::from_utf8([stdout, stderr].concat()).unwrap();
        assert!(!said.contains(PASSWORD), "{said}");
        (status.success(), said)
    };
    assert_eq!(run(&request("tried", PASSWORD)), (true, "logged-in\n".into()));
    assert_eq!(run(&request("tried", "wrong")), (true, "ORA-01017\n".into()));
    faults("tried_28860", "connect||0|*|ORA-28860\n");
    assert_eq!(run(&request("tried_28860", PASSWORD)), (true, "ORA-28860\n".into()));
    assert!(!run(&format!("no JSON {PASSWORD}")).0);
}

#[test]
fn invite_check_and_move_use_the_same_database() {
    let data = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let Output { status, stdout, stderr } = passmint("tools", &data).args(arguments).output().unwrap();
        let said = String::from_utf8([stdout, stderr].concat()).unwrap();
        assert!(!said.contains(PASSWORD), "{said}");
        (status.success(), said)
    };
    let (ok, said) = run(&["invite"]);
    assert!(ok && said.contains("/#invite="), "{said}");

    // Nothing listens on the port of the connect string. The double does not connect, but the check does.
    let (ok, said) = run(&["check"]);
    assert!(!ok && said.contains("✗ reachability") && said.contains("ORA-12541"), "{said}");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connect = format!("127.0.0.1:{}/tools", listener.local_addr().unwrap().port());
    let (ok, said) = run(&["check", "--oracle-connect", &connect]);
    assert!(ok && said.lines().all(|line| line.starts_with('✓')), "{said}");
    let (ok, said) = run(&["check", "--json", "--oracle-connect", &connect]);
    let json: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!(ok && json["ok"] == true && json["steps"].as_array().unwrap().len() == 12, "{said}");

    // A row of a newer format costs that row only.
    drop(oracle_double::store("tools"));
    let (account, entry) = (AccountId::from_random([7; 16]), EntryId::from_time(1, [7; 10]));
    let id = account.as_bytes();
    oracle_double::execute_with(
        "tools",
        "INSERT INTO accounts (id, login, passphrase_record, passphrase_key, recovery_record, recovery_key, epoch,
            change_no, entries, created_at) VALUES (:1, 'ada', :2, :3, :4, :5, 0, 1, 1, 1)",
        &[&id, &id, &id, &id, &id],
    );
    oracle_double::execute_with(
        "tools",
        "INSERT INTO passwords (account_id, id, version, change_no, changed_at, sealed) VALUES (:1, :2, 1, 1, 1, :3)",
        &[&id, &entry.as_bytes(), &vec![9; 1069]],
    );
    let (ok, said) = run(&["check", "--oracle-connect", &connect]);
    let told = format!("; 1 cannot be opened: entry {entry} of account {account}: unknown format 9\n");
    assert!(ok && said.contains("1 entry in 1 account") && said.ends_with(&told), "{said}");
    oracle_double::execute_with("tools", "DELETE FROM accounts WHERE id = :1", &[&id]);

    let (ok, said) = run(&["move", "--from", "sqlite:/nowhere/passmint.db", "--to", "oracle"]);
    assert!(!ok && said.contains("is not a file"), "{said}");
    let (ok, said) = run(&["move", "--from", "oracle", "--to", "sqlite"]);
    assert!(!ok && said.contains("neither sqlite:FILE nor oracle"), "{said}");
    let (ok, said) = run(&["move", "--from", "oracle", "--to", "oracle"]);
    assert!(!ok && said.contains("are the same"), "{said}");

    let file = format!("sqlite:{}", data.path().join("moved.db").display());
    let (ok, said) = run(&["move", "--from", "oracle", "--to", &file]);
    assert!(!ok && said.contains("never been used"), "{said}");
    Server::start("tools", &data).wait_for("/#invite=");
    let (ok, said) = run(&["move", "--from", "oracle", "--to", &file]);
    assert!(ok && said.contains("Moved 0 accounts, 0 entries and 2 invites"), "{said}");
}

#[test]
fn warnings_of_a_connection_are_in_the_check_and_in_the_log() {
    let data = tempfile::tempdir().unwrap();
    let (config, other) = (data.path().join("config"), data.path().join("other"));
    std::fs::create_dir(&config).unwrap();
    std::fs::create_dir(&other).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let warnings = |connect: &str, folders: &[(&str, &std::path::Path)]| {
        let mut command = passmint("warnings", &data);
        command.env_remove("TNS_ADMIN").envs(folders.iter().copied()).env("PASSMINT_ORACLE_CONNECT", connect);
        let Output { status, stdout, .. } = command.args(["check", "--json"]).output().unwrap();
        let said = String::from_utf8(stdout).unwrap();
        assert!(status.success(), "{said}");
        let json: serde_json::Value = serde_json::from_str(&said).unwrap();
        json["warnings"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let good = format!("tcps://127.0.0.1:{port}/warnings");
    let unchecked = format!("{good}?ssl_server_dn_match=no");
    let mixed = format!(
        "(description=(address=(protocol=tcps)(host=127.0.0.1)(port={port}))(address=(protocol=tcp)(host=127.0.0.1)\
         (port={port}))(connect_data=(service_name=warnings)))"
    );
    let several = mixed.replace("tcp)", "tcps)");
    assert_eq!(warnings(&good, &[]), Vec::<String>::new());
    assert_eq!(warnings(&good, &[("TNS_ADMIN", &config), ("PASSMINT_ORACLE_CONFIG", &config)]), Vec::<String>::new());
    for (connect, folders, expected) in [
        (&unchecked, vec![], "PASSMINT_ORACLE_CONNECT says ssl_server_dn_match=no"),
        (&mixed, vec![], "addresses with TLS and without"),
        (&several, vec![], "several addresses with TLS"),
        (&good, vec![("TNS_ADMIN", other.as_path())], "takes the settings of sqlnet.ora"),
        (&good, vec![("TNS_ADMIN", &other), ("PASSMINT_ORACLE_CONFIG", &config)], "has no effect"),
    ] {
        let found = warnings(connect, &folders);
        assert!(found.len() == 1 && found[0].contains(expected), "{expected}: {found:?}");
    }

    let mut command = passmint("warnings", &data);
    command.env("PASSMINT_ORACLE_CONNECT", &unchecked).env("TNS_ADMIN", &other);
    let Output { stdout, .. } = command.arg("check").output().unwrap();
    let said = String::from_utf8(stdout).unwrap();
    assert!(said.lines().take(2).all(|line| line.starts_with("! ")) && said.contains("! TNS_ADMIN is set"), "{said}");
    assert!(said.contains("TLS, the database's identity is not checked"), "{said}");

    let server = Server::start_with("warnings", &data, &[("PASSMINT_ORACLE_CONNECT", &unchecked)]);
    let log = server.wait_for("ssl_server_dn_match=no");
    assert!(log.contains("WARN"), "{log}");
}

/// The archive can be opened without Oracle.
#[test]
fn backup_of_oracle_is_a_sqlite_file() {
    let data = tempfile::tempdir().unwrap();
    Server::start("kept", &data).wait_for("/#invite=");
    let archive = data.path().join("kept.tar");
    let new = data.path().join("new");
    let run = |arguments: &[&str], last: &std::path::Path| {
        let Output { status, stdout, stderr } =
            passmint("kept", &data).args(arguments).arg(last).env("PASSMINT_DATA", data.path()).output().unwrap();
        let said = String::from_utf8([stdout, stderr].concat()).unwrap();
        assert!(status.success(), "{said}");
        said
    };
    let said = run(&["backup"], &archive);
    assert!(said.contains("0 accounts, 0 entries") && said.contains("1 invites"), "{said}");
    run(&["restore", archive.to_str().unwrap(), "--data"], &new);
    let said = run(&["verify"], &new);
    assert!(said.contains("1 invites") && said.contains("server key: present") && said.contains("intact"), "{said}");
}

#[test]
fn error_of_a_wrong_setting_names_the_setting_and_its_source() {
    let data = tempfile::tempdir().unwrap();
    let says = |change: &dyn Fn(&mut Command) -> &mut Command, expected: &[&str]| {
        let mut command = passmint("settings", &data);
        change(&mut command);
        let Output { status, stdout, .. } = command.arg("check").output().unwrap();
        let said = String::from_utf8(stdout).unwrap();
        assert!(!status.success() && expected.iter().all(|text| said.contains(text)), "{expected:?}: {said}");
    };
    let file = |name: &str, text: &str| {
        std::fs::write(data.path().join(name), text).unwrap();
        data.path().join(name)
    };
    says(&|c| c.env("PASSMINT_ORACLE_CONNECT", ""), &["PASSMINT_ORACLE_CONNECT", "it is empty"]);
    says(&|c| c.env_remove("PASSMINT_ORACLE_CONNECT"), &["needs --oracle-connect"]);
    says(&|c| c.env("PASSMINT_ORACLE_CONNECT", "(description=("), &["broken at character"]);
    says(&|c| c.env("PASSMINT_ORACLE_CONNECT", "db_tp"), &["db_tp is an alias", "--oracle-config"]);
    for text in ["jdbc:oracle:thin:@localhost/x", "\"localhost/x", "scott/tiger@localhost/x", "scott tiger"] {
        let expected = if text.contains("jdbc") { "JDBC" } else { "PASSMINT_ORACLE_CONNECT cannot be used" };
        says(&|c| c.env("PASSMINT_ORACLE_CONNECT", text), &[expected]);
    }
    for user in ["'scott'", "“scott”", "\"scott", "scott\""] {
        says(&|c| c.env("PASSMINT_ORACLE_USER", user), &["PASSMINT_ORACLE_USER has quotation marks"]);
    }
    says(&|c| c.env("PASSMINT_ORACLE_SERVICE", "tp"), &["PASSMINT_ORACLE_SERVICE", "no level"]);
    says(&|c| c.env("PASSMINT_ORACLE_CONFIG", "/nowhere"), &["PASSMINT_ORACLE_CONFIG names /nowhere"]);
    says(
        &|c| c.env("PASSMINT_ORACLE_CLIENT", "/nowhere"),
        &["✗ client library", "DPI-1047: --oracle-client names /nowhere, which does not exist. Install"],
    );
    says(&|c| c.env("PASSMINT_ORACLE_USER", " "), &["needs --oracle-user"]);
    says(&|c| c.env_remove("PASSMINT_ORACLE_PASSWORD"), &["no database password", "--oracle-password-file"]);
    says(
        &|c| c.env_remove("PASSMINT_ORACLE_PASSWORD").env("PASSMINT_ORACLE_PASSWORD_FILE", "/nowhere"),
        &["PASSMINT_ORACLE_PASSWORD_FILE names /nowhere"],
    );
    says(
        &|c| c.env_remove("PASSMINT_ORACLE_PASSWORD").env("PASSMINT_ORACLE_PASSWORD_FILE", file("empty", "\n")),
        &["whose first line is empty"],
    );
    says(&|c| c.env("ORAFAKE_CLIENT_VERSION", "18.5.0.0.0"), &["✗ client version", "too old"]);

    says(
        &|c| {
            c.env("PASSMINT_ORACLE_CONNECT", "tcps://localhost:1522/x_tp").env("ORAFAKE_CLIENT_VERSION", "19.13.0.0.0")
        },
        &["✗ client version", "19.14, 21.5 or 23"],
    );
    // The password is the first line of its file, unchanged.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let connect = format!("127.0.0.1:{}/settings", listener.local_addr().unwrap().port());
    let mut command = passmint("settings", &data);
    command.env_remove("PASSMINT_ORACLE_PASSWORD").env("PASSMINT_ORACLE_CONNECT", &connect);
    let Output { status, stdout, .. } = command
        .env("PASSMINT_ORACLE_PASSWORD_FILE", file("password", &format!("{PASSWORD}\nsecond line\n")))
        .arg("check")
        .output()
        .unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stdout));
    says(
        &|c| c.env("PASSMINT_ORACLE_CONNECT", &connect).env("PASSMINT_ORACLE_PASSWORD", "wrong"),
        &["✗ log-in", "ORA-01017"],
    );
}
