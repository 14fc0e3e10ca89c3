//! The page, used as a person does: by the names of its fields and buttons, and by its text.

use std::path::Path;
use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use texts::Catalog;

use crate::server::Server;
use crate::{TIMEOUT, repository};

pub const PASSPHRASE: &str = "correct horse battery staple";

/// The page in a browser.
pub struct Page {
    /// The WebDriver session, for what no method here covers.
    pub driver: Client,
}

impl Page {
    /// Runs JavaScript in the page.
    pub async fn js(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.driver.execute(script, arguments).await.unwrap()
    }

    /// Waits until a script returns neither null nor false, and returns that value. `what` is named if it never does.
    pub async fn wait_for(&self, what: &str, script: &str, arguments: Vec<Value>) -> Value {
        let start = Instant::now();
        loop {
            let value = self.js(script, arguments.clone()).await;
            if !matches!(value, Value::Null | Value::Bool(false)) {
                return value;
            }
            if start.elapsed() > TIMEOUT {
                panic!(
                    "timed out waiting for: {what}\n--- text on the page:\n{}\n--- errors on the console:\n{}",
                    self.visible_text().await,
                    self.console_errors().await.join("\n")
                );
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Waits until a script returns true in a page that the browser loads by itself; false if that takes too long.
    pub async fn becomes_true(&self, script: &str, timeout: Duration) -> bool {
        let start = Instant::now();
        // While the page loads, a script may find no document.
        while self.driver.execute(script, vec![]).await.unwrap_or_default() != true {
            if start.elapsed() > timeout {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        true
    }

    /// Opens an address and waits until the generator can be used.
    pub async fn open(&self, url: &str) {
        // A browser does not reload a page when only the fragment changes.
        self.driver.goto("about:blank").await.unwrap();
        self.driver.goto(url).await.unwrap();
        self.wait_for("the generator", "return !!document.querySelector('output.secret span')", vec![]).await;
    }

    /// The text that is visible on the page.
    pub async fn visible_text(&self) -> String {
        self.js("return document.body.innerText", vec![]).await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until a text is visible on the page.
    pub async fn see(&self, text: &str) {
        self.wait_for(text, "return document.body.innerText.includes(arguments[0])", vec![json!(text)]).await;
    }

    /// Waits for the visible element of a kind with an accessible name.
    async fn find(&self, kind: &str, name: &str) -> Element {
        let path = match kind {
            "field" => format!(
                "//*[self::input or self::textarea or self::select][@id=//label[normalize-space()={q}]/@for]",
                q = quoted(name)
            ),
            "choice" => format!("//label[input[@type='radio']][span[normalize-space()={}]]", quoted(name)),
            "check" => format!("//label[input[@type='checkbox']][span[normalize-space()={}]]", quoted(name)),
            "dialog" => format!("//dialog//button[@aria-label={q}]", q = quoted(name)),
            "summary" => format!("//summary[normalize-space()={}]", quoted(name)),
            _ => format!("//button[@aria-label={q}]", q = quoted(name)),
        };
        let start = Instant::now();
        loop {
            for element in self.driver.find_all(Locator::XPath(&path)).await.unwrap() {
                if element.is_displayed().await.unwrap_or(false) {
                    return element;
                }
            }
            if start.elapsed() > TIMEOUT {
                panic!("no {kind} named {name}\n--- text on the page:\n{}", self.visible_text().await);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    pub async fn field(&self, name: &str) -> Element {
        self.find("field", name).await
    }

    pub async fn button(&self, name: &str) -> Element {
        self.find("button", name).await
    }

    /// Types into a field, replacing its text.
    pub async fn fill(&self, name: &str, text: &str) {
        let field = self.field(name).await;
        field
            .send_keys(&format!("{}a{}{}", char::from(Key::Control), char::from(Key::Control), char::from(Key::Delete)))
            .await
            .unwrap();
        if text.is_ascii() && text.len() < 100 {
            field.send_keys(text).await.unwrap();
        } else {
            // The driver types long text slowly, and some of Unicode not at all.
            let script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))";
            self.js(script, vec![serde_json::to_value(&field).unwrap(), json!(text)]).await;
        }
    }

    pub async fn press(&self, name: &str) {
        self.press_element("button", name).await;
    }

    /// Presses a button of the open dialog, where the page has another of the same name.
    pub async fn press_in_dialog(&self, name: &str) {
        self.press_element("dialog", name).await;
    }

    async fn press_element(&self, kind: &str, name: &str) {
        let start = Instant::now();
        loop {
            let button = self.find(kind, name).await;
            // Scrolls it out from under a message, as a person would. A row may be redrawn between finding and clicking
            // it.
            let scrolled = "arguments[0].scrollIntoView({ block: 'center' })";
            let _ = self.driver.execute(scrolled, vec![serde_json::to_value(&button).unwrap()]).await;
            match button.click().await {
                Ok(()) => return,
                Err(error) if start.elapsed() > TIMEOUT => panic!("cannot press {name}: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(25)).await,
            }
        }
    }

    /// Ticks or unticks a checkbox.
    pub async fn toggle_check(&self, label: &str) {
        self.find("check", label).await.click().await.unwrap();
    }

    /// Chooses a radio button.
    pub async fn choose(&self, option: &str) {
        self.find("choice", option).await.click().await.unwrap();
    }

    /// Chooses an option of a `<select>`.
    pub async fn select(&self, field: &str, option: &str) {
        self.field(field).await.select_by_label(option).await.unwrap();
    }

    /// Opens or closes a `<details>`.
    pub async fn toggle_summary(&self, name: &str) {
        self.find("summary", name).await.click().await.unwrap();
    }

    /// Opens "More rules" and waits until they are loaded.
    pub async fn open_more_rules(&self) {
        self.toggle_summary("More rules").await;
        self.field("Preset").await;
    }

    /// The text in a field.
    pub async fn field_value(&self, field: &str) -> String {
        self.field(field).await.prop("value").await.unwrap().unwrap()
    }

    /// Waits until a fault is shown for a field: linked to it by `aria-describedby`, in an alert.
    pub async fn see_fault(&self, field: &str, text: &str) {
        let element = self.field(field).await;
        let script = "const [field, text] = arguments; const ids = field.getAttribute('aria-describedby').split(' '); \
                      return field.getAttribute('aria-invalid') === 'true' && ids.some(id => { \
                      const e = document.getElementById(id); return e?.role === 'alert' && e.textContent.includes(text) })";
        let arguments = vec![serde_json::to_value(&element).unwrap(), json!(text)];
        self.wait_for(&format!("{field}: {text}"), script, arguments).await;
    }

    /// Presses keys one after the other, wherever the focus is.
    pub async fn press_keys(&self, keys: &[char]) {
        let mut actions = KeyActions::new("keys".into());
        for key in keys {
            actions = actions.then(KeyAction::Down { value: *key }).then(KeyAction::Up { value: *key });
        }
        self.driver.perform_actions(actions).await.unwrap();
    }

    /// Presses keys at the same time, wherever the focus is.
    pub async fn chord(&self, keys: &[Key]) {
        let down = keys.iter().map(|key| KeyAction::Down { value: char::from(*key) });
        let up = keys.iter().rev().map(|key| KeyAction::Up { value: char::from(*key) });
        let actions = down.chain(up).fold(KeyActions::new("chord".into()), KeyActions::then);
        self.driver.perform_actions(actions).await.unwrap();
    }

    pub async fn type_text(&self, text: &str) {
        self.press_keys(&text.chars().collect::<Vec<_>>()).await;
    }

    /// The password that the generator shows.
    pub async fn minted(&self) -> String {
        self.js("return document.querySelector('output.secret').textContent", vec![]).await.as_str().unwrap().to_owned()
    }

    /// Waits until the generator shows a password other than `before`, and returns it.
    pub async fn minted_after(&self, before: &str) -> String {
        let script = "const now = document.querySelector('output.secret').textContent; \
                      return now !== arguments[0] && now";
        self.wait_for("another password", script, vec![json!(before)]).await.as_str().unwrap().to_owned()
    }

    /// Waits until the strength shown is that many bits, and returns the password shown.
    pub async fn minted_with(&self, bits: &str) -> String {
        let script = "return document.querySelector('.strength').textContent.startsWith(arguments[0] + ' bits') && \
                      document.querySelector('output.secret').textContent";
        self.wait_for(&format!("{bits} bits"), script, vec![json!(bits)]).await.as_str().unwrap().to_owned()
    }

    /// Waits until the rows of the list have exactly these names, from the top.
    pub async fn see_rows(&self, names: &[&str]) {
        let script = "return JSON.stringify([...document.querySelectorAll('.row-name')].map(e => e.textContent)) === \
                      JSON.stringify(arguments[0])";
        self.wait_for(&format!("the rows {names:?}"), script, vec![json!(names)]).await;
    }

    /// The text on the clipboard, read by pasting it into a field.
    pub async fn clipboard_text(&self) -> String {
        let script = "const area = document.createElement('textarea'); area.id = 'paste'; document.body.append(area); \
                      area.focus()";
        self.js(script, vec![]).await;
        let paste = KeyActions::new("paste".into())
            .then(KeyAction::Down { value: Key::Control.into() })
            .then(KeyAction::Down { value: 'v' })
            .then(KeyAction::Up { value: 'v' })
            .then(KeyAction::Up { value: Key::Control.into() });
        self.driver.perform_actions(paste).await.unwrap();
        let pasted = self.js("const a = document.getElementById('paste'); a.remove(); return a.value", vec![]).await;
        pasted.as_str().unwrap().to_owned()
    }

    /// Creates a vault by an invite link, up to the open vault. Returns the recovery code.
    pub async fn create_vault(&self, link: &str, username: &str) -> String {
        self.open(link).await;
        self.fill_vault_form(username).await
    }

    /// Fills in the form "Create vault" of the open page, up to the open vault. Returns the recovery code.
    pub async fn fill_vault_form(&self, username: &str) -> String {
        self.fill("Username", username).await;
        self.fill("Passphrase", PASSPHRASE).await;
        self.fill("Passphrase again", PASSPHRASE).await;
        self.press("Create vault").await;
        self.see("Write down your recovery code").await;
        let words = self.recovery_words().await;
        self.confirm_code(&words).await;
        self.press("I have it: open my vault").await;
        self.see("No passwords yet.").await;
        words.join(" ")
    }

    pub async fn recovery_words(&self) -> Vec<String> {
        let words =
            self.js("return [...document.querySelectorAll('.code-words li')].map(e => e.textContent)", vec![]).await;
        words.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    }

    /// Types the words of the recovery code that the page asks for.
    pub async fn confirm_code(&self, words: &[String]) {
        let asked = self
            .js("return [...document.querySelectorAll('.code-confirm label')].map(e => e.textContent)", vec![])
            .await;
        for label in asked.as_array().unwrap() {
            let label = label.as_str().unwrap();
            let place: usize = label.trim_start_matches("Word ").parse().unwrap();
            self.fill(label, &words[place - 1]).await;
        }
    }

    pub async fn unlock(&self, username: &str, passphrase: &str) {
        self.fill("Username", username).await;
        self.fill("Passphrase", passphrase).await;
        self.press("Unlock").await;
    }

    /// Saves the password that the generator shows under a name, and returns it.
    pub async fn save(&self, name: &str) -> String {
        self.fill("Name", name).await;
        let password = self.minted().await;
        self.press_keys(&[Key::Enter.into()]).await;
        self.see(&format!("Saved “{name}” and copied.")).await;
        password
    }

    /// Shows an entry and returns its password.
    pub async fn show(&self, name: &str) -> String {
        self.press(&format!("Show {name}")).await;
        let script = "const row = [...document.querySelectorAll('.row')].find(r => r.querySelector('.row-name').textContent === arguments[0]); \
                      return row?.querySelector('.row-secret')?.textContent || null";
        self.wait_for("the password", script, vec![json!(name)]).await.as_str().unwrap().to_owned()
    }

    /// Changes the language in the settings.
    pub async fn switch_language(&self, from: &str, to: &str) {
        self.press(&page_text(from, "Settings")).await;
        self.select(&page_text(from, "Language"), &page_text(to, "LanguageName")).await;
        self.wait_for(to, "return document.documentElement.lang === arguments[0]", vec![json!(to)]).await;
        self.press(&page_text(to, "Close")).await;
    }

    /// Runs a script before the page's own, on every page that is loaded from now on.
    pub async fn run_before_every_page(&self, script: &str) {
        self.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    }

    /// Saves downloads in a folder, without a dialog.
    pub async fn download_to(&self, folder: &Path) {
        self.cdp("Browser.setDownloadBehavior", json!({ "behavior": "allow", "downloadPath": folder })).await;
    }

    /// Sends a command of the Chrome DevTools Protocol.
    pub async fn cdp(&self, command: &str, parameters: Value) -> Value {
        let command = json!({ "cmd": command, "params": parameters });
        self.driver.issue_cmd(ChromeDriverCommand("goog/cdp/execute", command)).await.unwrap()
    }

    /// Runs a script under the page's content security policy, from which the driver's own scripts are exempt.
    pub async fn js_in_page(&self, script: &str) -> Value {
        let wrapped = format!(
            "const done = arguments[0]; setTimeout(() => {{ try {{ done((() => {{ {script} }})() ?? 'done') }} \
             catch (e) {{ done(e.name) }} }})"
        );
        self.driver.execute_async(&wrapped, vec![]).await.unwrap()
    }
}

/// Creates the first vault of a new server, and returns the recovery code.
pub async fn create_first_vault(page: &Page, server: &Server) -> String {
    page.create_vault(&server.setup_link(), "Ada").await
}

/// The page's texts in all languages.
pub fn catalog() -> Catalog {
    Catalog::read(&repository().join("frontend/texts")).unwrap()
}

/// The tags of the languages other than English.
pub fn other_languages() -> Vec<String> {
    catalog().languages().skip(1).map(|language| language.tag.clone()).collect()
}

/// A text in a language, by its key in `frontend/texts`.
pub fn page_text(language: &str, key: &str) -> String {
    let catalog = catalog();
    let text = catalog.text(catalog.languages().find(|it| it.tag == language).unwrap(), key);
    assert!(!text.is_empty(), "no text is called {key}");
    text.to_owned()
}

fn quoted(text: &str) -> String {
    if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") }
}

/// A command that only ChromeDriver has: its path within the session, and its body.
#[derive(Debug)]
pub struct ChromeDriverCommand(pub &'static str, pub Value);

impl fantoccini::wd::WebDriverCompatibleCommand for ChromeDriverCommand {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.1.to_string()))
    }
}
