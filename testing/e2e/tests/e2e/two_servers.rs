//! Two servers with one database serve one browser in turn, and one of them is killed: the person notices nothing.

use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::PASSPHRASE;
use e2e::proxy::round_robin_proxy;
use e2e::server::Server;
use e2e::vault_client::{VaultClient, content};

#[test]
fn two_servers_with_one_sqlite_file_serve_one_browser() {
    serve_in_turn(Server::start());
}

#[test]
fn two_servers_with_one_oracle_database_serve_one_browser() {
    serve_in_turn(Server::start_on_oracle());
}

fn serve_in_turn(mut one: Server) {
    let other = one.start_another();
    let port = round_robin_proxy(vec![one.port, other.port]);
    let url = format!("http://127.0.0.1:{port}/");
    let link = |server: &Server| server.setup_link().replace(&server.url(), &url);
    in_browser(BrowserOptions::default(), async |page| {
        page.create_vault(&link(&one), "ada").await;
        let mut saved = Vec::new();
        for name in ["one", "two", "three", "four"] {
            saved.push((name, page.save(name).await));
        }
        page.press("Lock").await;
        page.unlock("ada", PASSPHRASE).await;
        page.see_rows(&["four", "three", "two", "one"]).await;

        // One is killed while this save is on its way to either of them.
        page.fill("Name", "five").await;
        let password = page.minted().await;
        page.press("Save").await;
        one.kill();
        page.see_rows(&["five", "four", "three", "two", "one"]).await;
        saved.push(("five", password));
        saved.push(("six", page.save("six").await));
        page.press("Lock").await;
        page.unlock("ada", PASSPHRASE).await;
        page.see_rows(&["six", "five", "four", "three", "two", "one"]).await;
        for (name, password) in &saved {
            assert_eq!(page.show(name).await, *password);
        }
        for doubt in ["Not saved yet", "No connection", "does not answer"] {
            assert!(!page.visible_text().await.contains(doubt), "{doubt}");
        }
        page.assert_no_errors().await;
    });
}

/// One of two servers is killed during many concurrent saves: every save is answered, and stored once.
#[test]
fn saves_in_flight_to_a_killed_server_are_done_by_the_other() {
    let mut one = Server::start();
    let other = one.start_another();
    let port = round_robin_proxy(vec![one.port, other.port]);
    let url = format!("http://127.0.0.1:{port}/");
    let link = one.setup_link().replace(&one.url(), &url);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut client = VaultClient::create_vault(&url, &link, "ada").await;
        client.save((0..100).map(content).collect()).await;
        let saving = tokio::spawn(async move {
            client.save((100..2000).map(content).collect()).await;
            client
        });
        e2e::wait_until("it is in the middle", || other.count("SELECT count(*) FROM passwords") > 300);
        one.kill();
        let client = saving.await.unwrap();
        assert_eq!(other.count("SELECT count(*) FROM passwords"), 2000);
        assert_eq!(client.latest().await, 2000, "each was done once");
    });
}
