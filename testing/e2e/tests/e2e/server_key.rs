//! The server key is changed by the command, and vaults open as before.

use std::process::Command;

use e2e::harness::{Server, Wish, in_browser, named};
use e2e::page::PASSPHRASE;

#[test]
fn a_vault_opens_under_a_changed_server_key() {
    let mut server = Server::start();
    in_browser(Wish::default(), async |page| {
        page.make_vault(&server.setup_link(), "ada").await;
        let password = page.save("GitHub").await;
        page.press("Lock").await;

        server.stop();
        let file = server.data().join("server-key");
        let before = std::fs::read(&file).unwrap();
        let changed =
            Command::new(named("PASSMINT_BIN")).args(["rotate-key", "--data"]).arg(server.data()).output().unwrap();
        assert!(changed.status.success(), "{changed:?}");
        assert!(std::fs::read(&file).unwrap() != before, "it is another key");
        server.start_again();

        page.unlock("ada", PASSPHRASE).await;
        page.see_rows(&["GitHub"]).await;
        assert_eq!(page.show("GitHub").await, password);
    });
}
