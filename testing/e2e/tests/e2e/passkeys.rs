//! Passkeys, with Chromium's virtual authenticator: adding, using and removing them, and what a neighbour on the same
//! host name can do with one.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::{Value, json};

use e2e::browser::{BrowserOptions, in_browser};
use e2e::http_connection::HttpConnection;
use e2e::page::{PASSPHRASE, Page};
use e2e::server::Server;

use crate::account::open_section;

/// A passkey belongs to a host name: an address as one.
fn localhost(address: &str) -> String {
    address.replace("127.0.0.1", "localhost")
}

/// Adds a virtual authenticator to the browser, with or without the PRF extension.
async fn add_authenticator(page: &Page, has_prf: bool) {
    page.cdp("WebAuthn.enable", json!({ "enableUI": false })).await;
    let options = json!({
        "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal", "hasResidentKey": true,
        "hasUserVerification": true, "isUserVerified": true, "automaticPresenceSimulation": true, "hasPrf": has_prf,
    });
    page.cdp("WebAuthn.addVirtualAuthenticator", json!({ "options": options })).await;
}

/// Adds a passkey in the open dialog.
async fn add_passkey(page: &Page) {
    page.fill("Your passphrase, to confirm", PASSPHRASE).await;
    page.press("Add a passkey").await;
    page.see("The passkey opens this vault from now on.").await;
}

#[test]
fn a_passkey_opens_the_vault_until_it_is_removed() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        let url = localhost(&server.url());
        add_authenticator(&page, true).await;
        page.create_vault(&localhost(&server.setup_link()), "Ada").await;
        let kept = page.save("GitHub").await;
        open_section(&page, "Passkeys").await;
        add_passkey(&page).await;
        page.see("not used yet").await;
        page.assert_accessible("the passkeys").await;
        // Each authenticator holds one.
        page.fill("Your passphrase, to confirm", PASSPHRASE).await;
        page.press("Add a passkey").await;
        page.see("This device already has a passkey for this vault.").await;

        page.open(&url).await;
        page.press("Unlock with a passkey").await;
        page.see_rows(&["GitHub"]).await;
        assert_eq!(page.show("GitHub").await, kept);
        let row = "return document.querySelector('dialog .row')?.textContent ?? null";
        open_section(&page, "Passkeys").await;
        let used = page.wait_for("the passkey", row, vec![]).await;
        assert!(!used.as_str().unwrap().contains("not used yet"), "{used}");
        page.fill("Your passphrase, to confirm", PASSPHRASE).await;
        page.js("document.querySelector('dialog .row button').click()", vec![]).await;
        page.see("The passkey no longer opens this vault.").await;

        page.open(&url).await;
        page.press("Unlock with a passkey").await;
        page.see("This passkey does not open this vault").await;
        page.unlock("ada", PASSPHRASE).await;
        page.see_rows(&["GitHub"]).await;
    });
}

#[test]
fn authenticator_without_prf_is_refused() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        add_authenticator(&page, false).await;
        page.create_vault(&localhost(&server.setup_link()), "Ada").await;
        open_section(&page, "Passkeys").await;
        page.fill("Your passphrase, to confirm", PASSPHRASE).await;
        page.press("Add a passkey").await;
        page.see("This passkey cannot keep a secret for this page").await;
        assert_eq!(server.count("SELECT count(*) FROM passkeys"), 0);
    });
}

/// Removes the passkeys' public halves from the database, as if a version before had added them.
fn make_passkeys_outdated(server: &Server) {
    let changed = server.database().execute("UPDATE passkeys SET verifier = NULL, origin = NULL", []).unwrap();
    assert!(changed > 0);
}

#[test]
fn a_passkey_from_before_is_added_again_by_one_press() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        let url = localhost(&server.url());
        add_authenticator(&page, true).await;
        page.create_vault(&localhost(&server.setup_link()), "Ada").await;
        page.save("GitHub").await;
        open_section(&page, "Passkeys").await;
        add_passkey(&page).await;
        make_passkeys_outdated(&server);

        page.open(&url).await;
        page.press("Unlock with a passkey").await;
        page.see("This passkey is from an earlier Passmint and no longer opens the vault.").await;
        page.unlock("ada", PASSPHRASE).await;
        page.see_rows(&["GitHub"]).await;
        open_section(&page, "Passkeys").await;
        page.see("This passkey is from an earlier Passmint").await;
        add_passkey(&page).await;

        page.open(&url).await;
        page.press("Unlock with a passkey").await;
        page.see_rows(&["GitHub"]).await;
    });
}

/// Another service: an empty page on a port of its own.
fn serve_neighbour() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let page = "<!doctype html><title>Photo album</title>";
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\ncontent-length:";
            let _ = write!(stream, "{head} {}\r\n\r\n{page}", page.len());
        }
    });
    port
}

/// Has the authenticator sign a challenge on the page that the browser shows, with the input that Passmint's page would
/// use for `ada`. Returns the answer, its bytes as lists of numbers.
const ASSERT: &str = "
    const [challenge, origin] = arguments, done = arguments[2];
    const bytes = new TextEncoder().encode(`passmint/2/passkey\0${origin}\0ada`);
    const list = (buffer) => [...new Uint8Array(buffer)];
    (async () => {
        const first = await crypto.subtle.digest('SHA-256', bytes);
        const text = atob(challenge.replaceAll('-', '+').replaceAll('_', '/'));
        const made = await navigator.credentials.get({ publicKey: {
            challenge: Uint8Array.from(text, (c) => c.charCodeAt(0)), userVerification: 'required',
            extensions: { prf: { eval: { first } } },
        } });
        const { clientDataJSON, authenticatorData, signature, userHandle } = made.response;
        done({
            rawId: list(made.rawId), clientDataJSON: list(clientDataJSON), signature: list(signature),
            authenticatorData: list(authenticatorData), userHandle: list(userHandle),
            secret: list(made.getClientExtensionResults().prf.results.first),
        });
    })().catch((error) => done({ error: String(error) }))";

/// Replaces the browser's authenticator by a thief's: it answers with what `ASSERT` returned, to the challenge that the
/// server gave the thief.
const REPLAY: &str = "
    const [stolen, challenge] = arguments;
    const buffer = (list) => Uint8Array.from(list).buffer;
    navigator.credentials.get = async () => ({
        rawId: buffer(stolen.rawId),
        response: Object.fromEntries(
            ['clientDataJSON', 'authenticatorData', 'signature', 'userHandle'].map((name) => [name, buffer(stolen[name])])),
        getClientExtensionResults: () => ({ prf: { results: { first: buffer(stolen.secret) } } }),
    });
    const fetch = window.fetch;
    window.fetch = (url, init) => String(url).endsWith('/sessions/challenge')
        ? Promise.resolve(new Response(challenge)) : fetch(url, init)";

/// A service on the same host name shows a page that asks for the passkey, and the person consents.
#[test]
fn page_on_another_port_of_the_host_name_gets_the_secret_and_cannot_open_the_vault() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        let url = localhost(&server.url());
        let origin = url.trim_end_matches('/').to_owned();
        add_authenticator(&page, true).await;
        page.create_vault(&localhost(&server.setup_link()), "Ada").await;
        page.save("GitHub").await;
        open_section(&page, "Passkeys").await;
        add_passkey(&page).await;

        let neighbour = format!("http://localhost:{}/", serve_neighbour());
        let mut secrets = Vec::new();
        // The same theft on Passmint's own page succeeds: nothing else is in the way.
        for (asked_on, opens) in [(&neighbour, false), (&url, true)] {
            let port = origin.rsplit(':').next().unwrap().parse().unwrap();
            let mut connection = HttpConnection::connect(port);
            let (status, answer) = connection.send("POST", "/api/v1/sessions/challenge", "", "");
            let challenge = String::from_utf8(answer.to_vec()).unwrap();
            assert_eq!(status, 200, "{challenge}");
            let given: Value = serde_json::from_str(&challenge).unwrap();
            page.driver.goto(asked_on).await.unwrap();
            let arguments = vec![given["challenge"].clone(), json!(origin)];
            let stolen = page.driver.execute_async(ASSERT, arguments).await.unwrap();
            assert_eq!(stolen["secret"].as_array().map(Vec::len), Some(32), "{stolen}");
            secrets.push(stolen["secret"].clone());

            page.open(&url).await;
            page.js(REPLAY, vec![stolen, json!(challenge)]).await;
            page.fill("Username", "ada").await;
            page.press("Unlock with a passkey").await;
            if opens {
                page.see_rows(&["GitHub"]).await;
            } else {
                page.see("This passkey does not open this vault").await;
                assert_eq!(server.count("SELECT count(*) FROM passkeys WHERE used_at IS NOT NULL"), 0);
            }
        }
        assert_eq!(secrets[0], secrets[1], "the neighbour has the vault's own secret");
        assert!(server.log().contains("a log-in by passkey was refused"));
    });
}
