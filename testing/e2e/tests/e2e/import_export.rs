//! Import and export: files of other programs, valid and not, and Passmint's own.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use e2e::browser::{BrowserOptions, in_browser};
use e2e::page::{PASSPHRASE, Page, create_first_vault};
use e2e::server::Server;
use e2e::{downloaded, repository};

/// The passphrase of the protected fixtures.
const FILE_PASSPHRASE: &str = "correct horse äöü 電池";

/// A file of another product, from the fixtures of the unit tests.
fn fixture(name: &str) -> PathBuf {
    repository().join("frontend/src/model/import_export/fixtures").join(name)
}

/// Opens the import dialog and chooses a file.
async fn choose(page: &Page, file: &Path) {
    if page.js("return !document.querySelector('dialog')", vec![]).await == json!(true) {
        page.press("Import").await;
    }
    page.field("File").await.send_keys(file.to_str().unwrap()).await.unwrap();
}

async fn import_all(page: &Page, count: usize) {
    page.press(&format!("Import {count}")).await;
}

/// The names in the rows of the list.
async fn names(page: &Page) -> Vec<String> {
    let script = "return [...document.querySelectorAll('#vault .row-name')].map(e => e.textContent).sort()";
    serde_json::from_value(page.js(script, vec![]).await).unwrap()
}

#[test]
fn file_is_previewed_and_imported_once_without_duplicates() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        let folder = tempfile::tempdir().unwrap();
        create_first_vault(&page, &server).await;
        let file = folder.path().join("chrome.csv");
        let long = "n".repeat(300);
        fs::write(
            &file,
            format!(
                "\u{feff}name,url,username,password,note\r\nBank ,https://bank.example/,ada,\" kV9,\"\"x\"\" \",\"two\nlines 😀\"\r\n\
                 ,https://only.example/x,,=1+1,\r\nחשבון,,ada,p3,\r\n{long},https://a.example,ada,p4,\r\nBank ,https://bank.example/,ada,\" kV9,\"\"x\"\" \",\"two\nlines 😀\"\r\n"
            ),
        )
        .unwrap();
        choose(&page, &file).await;
        page.see("Found in the file (Chrome, Edge, Brave): 5. Can be imported: 4.").await;
        page.see("Name: 300 characters; at most 255.").await;
        page.see("Named after its website.").await;
        page.see("The same as row 1.").await;
        assert!(!page.visible_text().await.contains("kV9"), "a preview shows no password");
        assert_eq!(server.count("SELECT count(*) FROM passwords"), 0, "nothing is saved before it is wanted");
        page.assert_accessible("the preview of an import").await;
        import_all(&page, 4).await;
        page.see("New and saved: 3. Already there: 1.").await;
        page.download_to(folder.path()).await;
        page.press("Save the list of what is not imported").await;
        let list = downloaded(folder.path(), "passmint-import.txt");
        assert!(list.starts_with("4\tnnnn") && list.contains("at most 255"), "{list}");
        page.press("Close").await;
        assert_eq!(names(&page).await, ["Bank ", "only.example", "חשבון"]);
        assert_eq!(server.count("SELECT count(*) FROM passwords"), 3);
        assert_eq!(page.show("Bank ").await, " kV9,\"x\" ");
        assert_eq!(page.show("only.example").await, "=1+1");

        // Importing the same file again adds nothing, unless duplicates are wanted.
        choose(&page, &file).await;
        import_all(&page, 4).await;
        page.see("New and saved: 0. Already there: 4.").await;
        page.press("Close").await;
        choose(&page, &file).await;
        page.toggle_check("Also import what this vault already has").await;
        import_all(&page, 4).await;
        page.see("New and saved: 4.").await;
        assert_eq!(server.count("SELECT count(*) FROM passwords"), 7);
        page.assert_no_errors().await;
    });
}

/// A table of this many entries.
fn table(folder: &Path, rows: usize) -> PathBuf {
    let file = folder.join("many.csv");
    let row = |number| format!("entry {number},https://{number}.example,ada,p{number}\n");
    fs::write(&file, format!("name,url,username,password\n{}", (0..rows).map(row).collect::<String>())).unwrap();
    file
}

#[test]
fn import_goes_on_while_the_list_is_refreshed() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        let folder = tempfile::tempdir().unwrap();
        create_first_vault(&page, &server).await;
        choose(&page, &table(folder.path(), 500)).await;
        // Returning to the tab does this: here ten times a second.
        page.js("setInterval(() => window.dispatchEvent(new Event('focus')), 100)", vec![]).await;
        import_all(&page, 500).await;
        page.see("New and saved: 500.").await;
        assert_eq!(server.count("SELECT count(*) FROM passwords"), 500);
        page.assert_no_errors().await;
    });
}

#[test]
fn two_tabs_that_import_one_file_save_every_entry_once() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        let folder = tempfile::tempdir().unwrap();
        create_first_vault(&page, &server).await;
        let file = table(folder.path(), 500);
        choose(&page, &file).await;
        page.see("Can be imported: 500.").await;
        let first = page.driver.window().await.unwrap();
        let second = page.driver.new_window(false).await.unwrap().handle;
        page.driver.switch_to_window(second).await.unwrap();
        page.open(&server.url()).await;
        page.unlock("Ada", PASSPHRASE).await;
        choose(&page, &file).await;
        page.see("Can be imported: 500.").await;
        import_all(&page, 500).await;
        page.driver.switch_to_window(first).await.unwrap();
        import_all(&page, 500).await;
        page.see("Already there: 500.").await;
        assert_eq!(server.count("SELECT count(*) FROM passwords"), 500);
        page.assert_no_errors().await;
    });
}

#[test]
fn files_of_other_products_are_recognised() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        create_first_vault(&page, &server).await;
        for (file, source) in [
            ("bitwarden.json", "Bitwarden"),
            ("bitwarden.csv", "Bitwarden"),
            ("keepassxc.csv", "KeePassXC"),
            ("firefox.csv", "Firefox"),
            ("apple.csv", "Apple Passwords"),
            ("onepassword.csv", "1Password"),
            ("protonpass.csv", "Proton Pass"),
        ] {
            choose(&page, &fixture(file)).await;
            page.see(&format!("Found in the file ({source})")).await;
            page.press("Choose another file").await;
        }
        // Encrypted under a password, by either key derivation function.
        for file in ["bitwarden-pbkdf2.json", "bitwarden-argon2id.json"] {
            choose(&page, &fixture(file)).await;
            page.fill("Password of the file", "wrong").await;
            page.press("Open the file").await;
            page.see("This password does not open the file.").await;
            page.assert_accessible("the password of a file").await;
            page.fill("Password of the file", FILE_PASSPHRASE).await;
            page.press("Open the file").await;
            page.see("Found in the file (Bitwarden)").await;
            page.press("Choose another file").await;
        }
        page.assert_no_errors().await;
    });
}

#[test]
fn unknown_table_is_imported_by_a_choice_of_columns() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        let folder = tempfile::tempdir().unwrap();
        create_first_vault(&page, &server).await;
        let file = folder.path().join("mine.csv");
        fs::write(&file, "what;who;word;extra\nShop;ada;kV9!;42\n").unwrap();
        choose(&page, &file).await;
        page.see("Passmint does not recognise the program that this table comes from.").await;
        page.select("what", "Name").await;
        page.select("who", "Username").await;
        page.select("word", "Password").await;
        page.select("extra", "Into the note, with its name").await;
        page.assert_accessible("naming columns").await;
        page.press("Continue").await;
        page.see("Can be imported: 1.").await;
        import_all(&page, 1).await;
        page.see("New and saved: 1.").await;
        page.press("Close").await;
        assert_eq!(page.show("Shop").await, "kV9!");
        page.js("document.querySelector('#vault button.row-name').click()", vec![]).await;
        page.see("extra: 42").await;
        page.assert_no_errors().await;
    });
}

#[test]
fn unreadable_file_is_named_and_another_can_be_chosen() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        let folder = tempfile::tempdir().unwrap();
        create_first_vault(&page, &server).await;
        let write = |name: &str, bytes: &[u8]| {
            let file = folder.path().join(name);
            fs::write(&file, bytes).unwrap();
            file
        };
        let large = write("large.csv", b"");
        fs::File::options().write(true).open(&large).unwrap().set_len(200 << 20).unwrap();
        let whole = fs::read(fixture("bitwarden.json")).unwrap();
        let many = format!("name,url,username,password\n{}", "a,b,c,d\n".repeat(100_001));
        for (file, says) in [
            (write("binary.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "This is not text, whatever the file is called."),
            (large, "The file has 200 MiB; at most 100 MiB are read."),
            (write("cut.json", &whole[..whole.len() / 2]), "The file ends too soon, in line"),
            (write("empty.csv", b""), "The file is empty."),
            (write("latin.csv", b"name,password\nB\xe4r,x\n"), "The text is not in UTF-8 (line 2)."),
            (write("words.csv", b"only words"), "This is text, but not a table"),
            (write("many.csv", many.as_bytes()), "The file has 100001 entries; a vault takes at most 100000."),
            (write("a.kdbx", b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5"), "This is a KeePass database."),
        ] {
            choose(&page, &file).await;
            page.see(says).await;
        }
        page.assert_accessible("a file that is refused").await;
        choose(&page, &fixture("chrome.csv")).await;
        page.see("Found in the file (Chrome, Edge, Brave)").await;
        assert_eq!(server.count("SELECT count(*) FROM passwords"), 0);
        page.assert_no_errors().await;
    });
}

#[test]
fn import_into_a_full_vault_or_without_a_server_loses_nothing() {
    in_browser(BrowserOptions::default(), async |page| {
        let mut server = Server::start_with(&[("PASSMINT_MAX_ENTRIES", "60")]);
        let folder = tempfile::tempdir().unwrap();
        create_first_vault(&page, &server).await;
        let file = folder.path().join("many.csv");
        let rows: String = (1..=200).map(|n| format!("Entry {n},https://e{n}.example,ada,secret {n}\n")).collect();
        fs::write(&file, format!("name,url,username,password\n{rows}")).unwrap();
        choose(&page, &file).await;
        import_all(&page, 200).await;
        page.see("The vault is full").await;
        page.see("New and saved: 60.").await;
        assert_eq!(server.count("SELECT count(*) FROM passwords"), 60);
        page.press("Close").await;
        page.see("60 passwords").await;

        // Without a server nothing is tried: an import reads the list first, so that nothing comes twice.
        server.stop();
        server.set(&[("PASSMINT_MAX_ENTRIES", "1000")]);
        choose(&page, &file).await;
        import_all(&page, 200).await;
        page.see("Not tried: 200. Import the file again for these; nothing is imported twice.").await;
        page.see("The server does not answer.").await;
        server.start_again();
        page.press("Close").await;
        // Importing again adds all that is missing, and nothing twice.
        choose(&page, &file).await;
        import_all(&page, 200).await;
        page.see("New and saved:").await;
        page.press("Close").await;
        page.see("200 passwords").await;
        assert_eq!(server.count("SELECT count(*) FROM passwords"), 200);
    });
}

#[test]
fn import_can_be_cancelled_and_continued() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        let folder = tempfile::tempdir().unwrap();
        create_first_vault(&page, &server).await;
        let file = folder.path().join("many.csv");
        let rows: String = (1..=600).map(|n| format!("Entry {n},https://e{n}.example,ada,secret {n}\n")).collect();
        fs::write(&file, format!("name,url,username,password\n{rows}")).unwrap();
        choose(&page, &file).await;
        import_all(&page, 600).await;
        page.see(" of 600 …").await;
        page.press_in_dialog("Cancel").await;
        page.see("Cancelled.").await;
        page.see("Not tried:").await;
        let saved = server.count("SELECT count(*) FROM passwords");
        assert!((1..600).contains(&saved), "{saved}");
        page.press("Close").await;
        page.see(&format!("{saved} passwords")).await;

        choose(&page, &file).await;
        import_all(&page, 600).await;
        page.see(&format!("New and saved: {}. Already there: {saved}.", 600 - saved)).await;
        assert_eq!(server.count("SELECT count(*) FROM passwords"), 600);
        page.press("Close").await;
        page.see("600 passwords").await;
        page.assert_no_errors().await;
    });
}

#[test]
fn export_is_complete_and_can_be_imported_again() {
    in_browser(BrowserOptions::default(), async |page| {
        let server = Server::start();
        let folder = tempfile::tempdir().unwrap();
        create_first_vault(&page, &server).await;
        page.download_to(folder.path()).await;
        choose(&page, &fixture("bitwarden.json")).await;
        page.see("Can be imported:").await;
        page.js(
            "[...document.querySelectorAll('dialog button')].find(b => b.textContent.startsWith('Import ')).click()",
            vec![],
        )
        .await;
        page.see("New and saved:").await;
        page.press("Close").await;
        let all = names(&page).await;
        let github = page.save("GitHub").await;
        let count = all.len() + 1;

        page.press("Export").await;
        page.assert_accessible("the export").await;
        page.choose("Bitwarden JSON, not encrypted").await;
        page.see("Anyone can read all your passwords in this file.").await;
        // The page may have been left open: nothing is written without the passphrase.
        let confirm = "Your passphrase, to confirm";
        page.fill(confirm, "not the passphrase").await;
        page.press_in_dialog("Export").await;
        page.see_fault(confirm, "This is not the passphrase of this vault.").await;
        assert!(!folder.path().join("passmint.json").exists());
        page.fill(confirm, PASSPHRASE).await;
        page.press_in_dialog("Export").await;
        page.see(&format!("Exported: {count}, as “passmint.json”.")).await;
        let json = downloaded(folder.path(), "passmint.json");
        let parsed: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(parsed["items"].as_array().unwrap().len(), count);
        assert!(json.contains(&serde_json::to_string(&github).unwrap()));
        page.choose("CSV, not encrypted").await;
        page.fill(confirm, PASSPHRASE).await;
        page.press_in_dialog("Export").await;
        page.see("as “passmint.csv”.").await;
        assert!(downloaded(folder.path(), "passmint.csv").starts_with("folder,favorite,type,name,notes,fields,"));

        page.choose("Encrypted backup that opens itself").await;
        page.fill("Passphrase of the backup", "short").await;
        page.press_in_dialog("Export").await;
        page.see_fault("Passphrase of the backup", "12").await;
        page.fill("Passphrase of the backup", "a passphrase of its own").await;
        page.fill("Passphrase again", "a passphrase of its own").await;
        page.press_in_dialog("Export").await;
        page.see("as “passmint-backup.html”.").await;
        let backup = downloaded(folder.path(), "passmint-backup.html");
        assert!(!backup.contains("GitHub") && !backup.contains(&github));
        page.press("Close").await;

        // Import into another vault.
        let file = folder.path().join("kept.html");
        fs::write(&file, backup).unwrap();
        page.create_vault(&server.invite(), "Bob").await;
        choose(&page, &file).await;
        page.fill("Password of the file", "not this one, surely").await;
        page.press("Open the file").await;
        page.see("This password does not open the file.").await;
        page.fill("Password of the file", "a passphrase of its own").await;
        page.press("Open the file").await;
        page.see(&format!("Can be imported: {count}.")).await;
        import_all(&page, count).await;
        page.see(&format!("New and saved: {count}.")).await;
        page.press("Close").await;
        assert_eq!(page.show("GitHub").await, github);
        page.assert_no_errors().await;
    });
}
