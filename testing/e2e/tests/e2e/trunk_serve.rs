//! The development loop of the page: `trunk serve` with a debug build, beside a server.
//!
//! `cargo xtask test serve` starts Trunk in a copy of the sources, which the test changes; both are in the environment.

use std::fs;
use std::time::Duration;

use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::{PASSPHRASE, Page};
use e2e::server::Server;
use e2e::{path_from_env, wait_until};

/// The longest time for a rebuild: a bound for broken builds, not a goal.
const REBUILD: Duration = Duration::from_secs(180);

fn port(variable: &str) -> u16 {
    path_from_env(variable).to_str().unwrap().parse().unwrap()
}

/// Replaces text in a file of the copy.
fn change(file: &str, from: &str, to: &str) {
    let path = path_from_env("PASSMINT_SOURCES").join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

/// Waits until Trunk has built the change and the browser has reloaded the page.
async fn rebuilt(page: &Page, what: &str, script: &str) {
    assert!(page.becomes_true(script, REBUILD).await, "{what} did not come\n{}", trunk_says());
}

fn trunk_says() -> String {
    fs::read_to_string(path_from_env("PASSMINT_TRUNK_LOG")).unwrap()
}

#[test]
fn change_is_rebuilt_and_reloaded_with_vault_and_workers() {
    let (page_port, server_port) = (port("PASSMINT_PAGE_PORT"), port("PASSMINT_SERVER_PORT"));
    let mut server = Server::start_on(&format!("127.0.0.1:{server_port}"), &[]);
    let url = format!("http://127.0.0.1:{page_port}/");
    let link = server.setup_link().replace(&format!("http://127.0.0.1:{server_port}/"), &url);
    in_browser(BrowserOptions::default(), async |page| {
        page.create_vault(&link, "ada").await;
        let password = page.save("example.org").await;
        // A typed password, which the worker `judge` estimates.
        let file = path_from_env("PASSMINT_SOURCES").join("chrome.csv");
        fs::write(&file, "name,url,username,password,note\na.example,https://a.example/,ada,qwerty123,\n").unwrap();
        page.press("Import").await;
        page.field("File").await.send_keys(file.to_str().unwrap()).await.unwrap();
        page.press("Import 1").await;
        page.see("New and saved: 1.").await;
        page.press("Close").await;
        page.press("Check passwords").await;
        page.see("1 of 2 passwords need attention.").await;
        page.press("Close").await;
        page.press("Make many").await;
        page.press("Close").await;
        page.assert_no_errors().await;
        assert_eq!(
            page.console_warnings().await,
            Vec::<String>::new(),
            "a debug build warns of what no release can see"
        );

        let ground = "return getComputedStyle(document.documentElement).backgroundColor === 'rgb(1, 2, 3)'";
        change("assets/page.css", "--ground: ", "--ground: rgb(1 2 3); --unused: ");
        rebuilt(&page, "the colour", ground).await;
        change("frontend/src/ui/mod.rs", "class=\"rooms\"", "class=\"rooms is-changed\"");
        rebuilt(&page, "the component", "return !!document.querySelector('.is-changed')").await;
        change("frontend/texts/en.txt", "\nGenerate = Generate\n", "\nGenerate = Mint\n");
        rebuilt(&page, "the text", "return !!document.querySelector('button[aria-label=Mint]')").await;

        page.unlock("ada", PASSPHRASE).await;
        assert_eq!(page.show("example.org").await, password);
        server.stop();
        page.open(&url).await;
        page.unlock("ada", PASSPHRASE).await;
        page.see("The server does not answer.").await;
        change("assets/page.css", "rgb(1 2 3)", "rgb(3 2 1)");
        rebuilt(&page, "the second colour", &ground.replace("rgb(1, 2, 3)", "rgb(3, 2, 1)")).await;
    });
    wait_until("the server's absence is told", || {
        trunk_says().contains(&format!("no server at http://127.0.0.1:{server_port}"))
    });
}
