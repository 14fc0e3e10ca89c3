//! After `passmint rotate-key`, vaults open as before.

use std::process::Command;

use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::PASSPHRASE;
use e2e::path_from_env;
use e2e::server::Server;

#[test]
fn vault_opens_after_the_server_key_is_rotated() {
    let mut server = Server::start();
    in_browser(BrowserOptions::default(), async |page| {
        page.create_vault(&server.setup_link(), "ada").await;
        let password = page.save("GitHub").await;
        page.press("Lock").await;

        server.stop();
        let file = server.data().join("server-key");
        let before = std::fs::read(&file).unwrap();
        let changed = Command::new(path_from_env("PASSMINT_BIN"))
            .args(["rotate-key", "--data"])
            .arg(server.data())
            .output()
            .unwrap();
        assert!(changed.status.success(), "{changed:?}");
        assert!(std::fs::read(&file).unwrap() != before, "it is another key");
        server.start_again();

        page.unlock("ada", PASSPHRASE).await;
        page.see_rows(&["GitHub"]).await;
        assert_eq!(page.show("GitHub").await, password);
    });
}
