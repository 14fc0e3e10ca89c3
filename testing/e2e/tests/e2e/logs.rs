//! The server's log contains no secret of a vault's whole life, at the most detailed level, in both formats.

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use frontend::keyring::protocol::entry::Content;
use frontend::secret::Secret;
use serde_json::Value;

use e2e::http_connection::HttpConnection;
use e2e::page::PASSPHRASE;
use e2e::server::Server;
use e2e::vault_client::VaultClient;

const LOGIN: &str = "ada.of.the.logs";
const MINTED: [&str; 2] = ["kV9!mQ2#first-minted-wordZq%7", "kV9!\"mQ2\\second-minted-漢字Zq%7"];

/// All encodings in which a text, or the bytes that it encodes, could appear in a log.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned(), serde_json::to_string(secret).unwrap().trim_matches('"').to_owned()];
    forms.push(format!("{secret:?}").trim_matches('"').to_owned());
    let decoded = Base64UrlUnpadded::decode_vec(secret).unwrap_or_default();
    for bytes in [secret.as_bytes(), decoded.as_slice()] {
        if bytes.len() < 8 {
            continue;
        }
        forms.push(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
        forms.push(Base64UrlUnpadded::encode_string(bytes));
        forms.push(Base64::encode_string(bytes));
        // `Debug` of a list of bytes.
        let list: Vec<String> = bytes.iter().take(12).map(ToString::to_string).collect();
        forms.push(list.join(", "));
    }
    forms
}

/// The secrets that the log contains, in any encoding.
fn found<'a>(log: &str, secrets: &'a [String]) -> Vec<&'a str> {
    let holds = |secret: &&String| forms(secret).iter().any(|form| log.contains(form.as_str()));
    secrets.iter().filter(holds).map(String::as_str).collect()
}

/// All texts in a JSON document that are long enough not to appear by chance.
fn texts(json: &Value, into: &mut Vec<String>) {
    match json {
        Value::String(text) if text.len() >= 12 => into.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| texts(value, into)),
        Value::Object(members) => members.values().for_each(|value| texts(value, into)),
        _ => {}
    }
}

fn entry(number: usize) -> Content {
    Content {
        name: format!("A name in the vault {number}"),
        username: format!("login.in.entry.{number}@example.org"),
        website: format!("https://site{number}.of.ada.example"),
        password: Secret::new(MINTED[number].to_owned()),
        tags: vec![format!("tag-of-ada-{number}")],
        ..Content::default()
    }
}

/// Creates, fills, changes and reopens a vault, then sends invalid requests with secrets in every place. Returns the
/// log, and the secrets.
fn whole_life(format: &str) -> (String, Vec<String>) {
    let mut server = Server::start_with(&[("PASSMINT_LOG", "trace"), ("PASSMINT_LOG_FORMAT", format)]);
    let link = server.setup_link();
    let key = std::fs::read_to_string(server.data().join("server-key")).unwrap().trim().to_owned();
    let mut secrets = vec![PASSPHRASE.to_owned(), LOGIN.to_owned()];
    secrets.push(key.rsplit_once('.').unwrap().1.to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (token, id) = runtime.block_on(async {
        let mut client = VaultClient::create_first_vault(&server, LOGIN).await;
        let ids = client.save(vec![entry(0), entry(1)]).await;
        client.change(ids[0], entry(1)).await;
        client.log_in(LOGIN).await;
        secrets.push(client.recovery_code.clone());
        // OPAQUE's messages and records, wrapped keys: all bodies of requests and answers.
        for exchanged in &client.bodies {
            if let Ok(json) = serde_json::from_str(exchanged) {
                texts(&json, &mut secrets);
            }
        }
        (client.token().to_owned(), ids[0])
    });
    secrets.extend(MINTED.map(str::to_owned));
    for number in 0..2 {
        let Content { name, username, website, tags, password: _, note: _, rules: _ } = entry(number);
        secrets.extend([name, username, website]);
        secrets.extend(tags);
    }
    let mut connection = HttpConnection::connect(server.port);
    let hunter = "hunter2-in-the-wrong-place";
    for (method, path, body) in [
        ("GET", format!("/{hunter}"), String::new()),
        ("GET", format!("/api/v1/changes?since={hunter}"), String::new()),
        ("POST", format!("/api/v1/changes?{hunter}"), format!("{{\"replaces\":\"{hunter}\"")),
        ("DELETE", format!("/api/v1/sessions/{hunter}"), String::new()),
        ("POST", "/api/v1/sessions/start".to_owned(), format!("{{\"login\":\"{hunter}\"}}")),
        ("POST", "/api/v1/accounts/start".to_owned(), format!("\"{hunter}\"")),
        ("DELETE", "/api/v1/sessions/current".to_owned(), String::new()),
    ] {
        connection.send(method, &path, &token, &body);
    }
    connection.send("GET", "/api/v1/changes", hunter, "");
    secrets.extend([token, hunter.to_owned(), id.to_string()]);
    server.stop();
    // The link was printed once, and not logged.
    let invite = link.split_once("#invite=").unwrap().1.to_owned();
    let said = server.log();
    assert_eq!(said.matches(&invite).count(), 1, "{said}");
    assert_eq!(found(&said, std::slice::from_ref(&invite)), [&invite], "what is there would be found");
    secrets.push(invite);
    let log = said.lines().filter(|line| !line.contains("#invite=")).collect::<Vec<_>>().join("\n");
    (log, secrets)
}

#[test]
fn log_contains_no_secret() {
    for format in ["text", "json"] {
        let (log, secrets) = whole_life(format);
        assert!(secrets.len() > 20, "{}", secrets.len());
        assert_eq!(found(&log, &secrets), Vec::<&str>::new(), "as {format}:\n{log}");
        for seen in ["DEBUG", "/api/v1/sessions/{id}", "answered", "stopped"] {
            assert!(log.contains(seen), "as {format}: no {seen}:\n{log}");
        }
        if format == "json" {
            let lines = log.lines().filter(|line| line.starts_with('{'));
            let logged: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
            let id = |line: &&Value| line["span"]["id"].as_str().is_some_and(|id| id.len() == 36);
            assert!(logged.iter().filter(id).count() > 10, "requests have ids:\n{log}");
        }
    }
}

/// The check itself: each secret, in each encoding, is found in a log.
#[test]
fn secret_in_a_log_is_found() {
    let secrets = [PASSPHRASE.to_owned(), MINTED[1].to_owned(), Base64UrlUnpadded::encode_string(&[7; 32])];
    for secret in &secrets {
        let bytes = secret.as_bytes();
        for logged in [
            secret.clone(),
            format!("{secret:?}"),
            serde_json::json!({ "fields": { "message": secret } }).to_string(),
            format!("{bytes:?}"),
            Base64::encode_string(bytes),
            bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        ] {
            let log = format!("INFO request: answered {logged} status=200");
            assert_eq!(found(&log, &secrets), [secret.as_str()], "{log}");
        }
    }
    let bytes = format!("TRACE key={:?}", [7_u8; 32]);
    assert_eq!(found(&bytes, &secrets), [secrets[2].as_str()]);
    assert_eq!(found("INFO request: answered status=200", &secrets), Vec::<&str>::new());
}
