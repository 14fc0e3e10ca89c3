//! The health report of the vault: reused, weak, old and imported passwords.

use std::fs;

use serde_json::{Value, json};

use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::{Page, create_first_vault};
use e2e::server::Server;

/// The numbers in the chart, from the top.
async fn counts(page: &Page) -> Vec<String> {
    let script = "return [...document.querySelectorAll('.health-bar > :last-child')].map(e => e.textContent)";
    let counts: Value = page.js(script, vec![]).await;
    serde_json::from_value(counts).unwrap()
}

#[test]
fn reused_weak_old_and_imported_passwords_are_listed() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        let folder = tempfile::tempdir().unwrap();
        create_first_vault(&page, &server).await;
        let loaded = "return performance.getEntriesByType('resource').some(e => e.name.includes('/judge-'))";
        assert_eq!(page.js(loaded, vec![]).await, json!(false), "it loads when it is wanted");
        page.press("Check passwords").await;
        page.see("There is no password to check.").await;
        page.press("Close").await;
        page.save("Minted").await;
        let file = folder.path().join("firefox.csv");
        fs::write(
            &file,
            "\"url\",\"username\",\"password\",\"httpRealm\",\"formActionOrigin\",\"guid\",\"timeCreated\",\"timeLastUsed\",\"timePasswordChanged\"\n\
             \"https://a.example\",\"ada\",\"qwerty123\",,,,\"1589617814635\",\"1589710449871\",\"1589617846802\"\n\
             \"https://b.example\",\"ada\",\"crumpet-anvil-moss-tulip\",,,,\"1589617814635\",\"1589710449871\",\"1589617846802\"\n\
             \"https://c.example\",\"ada\",\"crumpet-anvil-moss-tulip\",,,,\"1589617814635\",\"1589710449871\",\"1589617846802\"\n",
        )
        .unwrap();
        page.press("Import").await;
        page.field("File").await.send_keys(file.to_str().unwrap()).await.unwrap();
        page.press("Import 3").await;
        page.see("New and saved: 3.").await;
        page.press("Close").await;

        page.press("Check passwords").await;
        page.see("3 of 4 passwords need attention.").await;
        assert_eq!(counts(&page).await, ["2", "1", "3", "3", "1"], "reused, weak, imported, old, nothing to say");
        page.assert_accessible("the health of a vault").await;
        let rows = "return [...document.querySelectorAll('dialog .row-name')].map(e => e.textContent).sort().join()";
        assert_eq!(page.js(rows, vec![]).await, json!("a.example,b.example,c.example"));
        page.js("document.querySelectorAll('button.health-bar')[1].click()", vec![]).await;
        page.wait_for("the weak ones", &format!("{rows} === 'a.example'"), vec![]).await;
        page.see("Weak · Imported, never changed · Older than two years").await;
        // Replacing a password takes it off the report.
        page.js("document.querySelector('dialog button.row-name').click()", vec![]).await;
        page.press("Edit").await;
        page.press("Generate with the generator’s rules").await;
        page.press("Save the entry").await;
        page.see("Saved “a.example”.").await;
        page.press("Check passwords").await;
        page.see("2 of 4 passwords need attention.").await;
        page.assert_no_errors().await;
    });
}
