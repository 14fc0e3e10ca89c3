//! The served OpenAPI document: Schemathesis generates requests for every operation, with a session and without, and
//! checks the answers against the document. `cargo xtask slow api` runs it.

use std::process::Command;

use e2e::path_from_env;
use e2e::server::Server;
use e2e::vault_client::VaultClient;

/// The checks that are left out. `positive_data_acceptance`: an OPAQUE message or record contains a point on a curve,
/// which no schema can describe. `negative_data_rejection`: the server ignores unknown members and repeated parameters,
/// as is usual on the web.
const EXCEPT: &str = "positive_data_acceptance,negative_data_rejection";

#[test]
#[ignore = "takes minutes, and Python: cargo xtask slow api"]
fn schemathesis_finds_nothing() {
    // Without rate limits: otherwise most answers would be 429.
    let no_limits = ["PASSMINT_LOGINS_PER_ADDRESS", "PASSMINT_LOGINS_PER_ACCOUNT", "PASSMINT_SIGN_UPS_PER_ADDRESS"];
    let server = Server::start_with(&no_limits.map(|name| (name, "0")));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let token = runtime.block_on(VaultClient::create_first_vault(&server, "ada")).token().to_owned();
    for session in [None, Some(token)] {
        let mut line = Command::new(path_from_env("PASSMINT_SCHEMATHESIS"));
        line.args(["run", &format!("{}api/v1/openapi.json", server.url()), "--exclude-checks", EXCEPT])
            .args(["--max-examples", "100", "--phases", "examples,coverage,fuzzing", "--no-color", "--workers", "2"])
            // It ends the session that the other operations need.
            .args(["--exclude-path-regex", "/api/v1/sessions/current$"]);
        if let Some(token) = &session {
            line.args(["--header", &format!("Authorization: Bearer {token}")]);
        }
        let answer = line.output().unwrap();
        let said = String::from_utf8_lossy(&answer.stdout);
        assert!(answer.status.success(), "{said}\n{}", String::from_utf8_lossy(&answer.stderr));
        println!("{said}");
    }
    assert!(!server.log().contains("panicked"), "{}", server.log());
}
