//! The page as a person meets it: by the names of its fields and buttons, and by what it says.

use std::path::Path;
use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use texts::Catalog;

use crate::harness::{PATIENCE, Server};

pub const PASSPHRASE: &str = "correct horse battery staple";

pub struct Page(pub Client);

impl Page {
    /// Runs JavaScript in the page.
    pub async fn js(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.0.execute(script, arguments).await.unwrap()
    }

    /// Waits until a script gives something other than null and false.
    pub async fn until(&self, what: &str, script: &str, arguments: Vec<Value>) -> Value {
        let start = Instant::now();
        loop {
            let value = self.js(script, arguments.clone()).await;
            if !matches!(value, Value::Null | Value::Bool(false)) {
                return value;
            }
            if start.elapsed() > PATIENCE {
                panic!(
                    "waited in vain: {what}\n--- the page says:\n{}\n--- the browser complains:\n{}",
                    self.text().await,
                    self.complaints().await.join("\n")
                );
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Waits until a script gives true in the page that the browser loads by itself. Tells whether it did in time.
    pub async fn comes(&self, script: &str, patience: Duration) -> bool {
        let start = Instant::now();
        // While the page loads, there may be no document to ask.
        while self.0.execute(script, vec![]).await.unwrap_or_default() != true {
            if start.elapsed() > patience {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        true
    }

    /// Opens an address and waits until the generator can be used.
    pub async fn open(&self, url: &str) {
        // From one fragment to another a browser would not load anew.
        self.0.goto("about:blank").await.unwrap();
        self.0.goto(url).await.unwrap();
        self.until("the generator", "return !!document.querySelector('output.secret span')", vec![]).await;
    }

    /// All that can be read.
    pub async fn text(&self) -> String {
        self.js("return document.body.innerText", vec![]).await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until this can be read.
    pub async fn see(&self, text: &str) {
        self.until(text, "return document.body.innerText.includes(arguments[0])", vec![json!(text)]).await;
    }

    /// The visible element of that kind with that accessible name.
    async fn named(&self, kind: &str, name: &str) -> Element {
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
            for element in self.0.find_all(Locator::XPath(&path)).await.unwrap() {
                if element.is_displayed().await.unwrap_or(false) {
                    return element;
                }
            }
            if start.elapsed() > PATIENCE {
                panic!("no {kind} named {name}\n--- the page says:\n{}", self.text().await);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    pub async fn field(&self, name: &str) -> Element {
        self.named("field", name).await
    }

    pub async fn button(&self, name: &str) -> Element {
        self.named("button", name).await
    }

    /// Types into a field in place of what is there.
    pub async fn fill(&self, name: &str, text: &str) {
        let field = self.field(name).await;
        field
            .send_keys(&format!("{}a{}{}", char::from(Key::Control), char::from(Key::Control), char::from(Key::Delete)))
            .await
            .unwrap();
        if text.is_ascii() && text.len() < 100 {
            field.send_keys(text).await.unwrap();
        } else {
            // Long or unusual text is pasted, as a person would.
            let script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))";
            self.js(script, vec![serde_json::to_value(&field).unwrap(), json!(text)]).await;
        }
    }

    pub async fn press(&self, name: &str) {
        self.press_kind("button", name).await;
    }

    /// Presses a button of the dialog, where the page has one of the same name.
    pub async fn press_in_dialog(&self, name: &str) {
        self.press_kind("dialog", name).await;
    }

    async fn press_kind(&self, kind: &str, name: &str) {
        let start = Instant::now();
        loop {
            let button = self.named(kind, name).await;
            // Where a message covers it, a person would scroll; a row may be drawn anew between two looks.
            let scrolled = "arguments[0].scrollIntoView({ block: 'center' })";
            let _ = self.0.execute(scrolled, vec![serde_json::to_value(&button).unwrap()]).await;
            match button.click().await {
                Ok(()) => return,
                Err(error) if start.elapsed() > PATIENCE => panic!("cannot press {name}: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(25)).await,
            }
        }
    }

    /// Ticks or unticks a box.
    pub async fn press_check(&self, label: &str) {
        self.named("check", label).await.click().await.unwrap();
    }

    /// Chooses one of a row of radio buttons.
    pub async fn choose(&self, option: &str) {
        self.named("choice", option).await.click().await.unwrap();
    }

    /// Chooses an option of a list.
    pub async fn select(&self, field: &str, option: &str) {
        self.field(field).await.select_by_label(option).await.unwrap();
    }

    /// Opens or closes what is behind a summary.
    pub async fn press_summary(&self, name: &str) {
        self.named("summary", name).await.click().await.unwrap();
    }

    /// Opens the rarer rules, and waits until they are there.
    pub async fn open_more_rules(&self) {
        self.press_summary("More rules").await;
        self.field("Preset").await;
    }

    /// What stands in a field.
    pub async fn typed(&self, field: &str) -> String {
        self.field(field).await.prop("value").await.unwrap().unwrap()
    }

    /// Waits until a fault stands beside a field, tied to it and spoken.
    pub async fn see_fault(&self, field: &str, text: &str) {
        let element = self.field(field).await;
        let script = "const [field, text] = arguments; const ids = field.getAttribute('aria-describedby').split(' '); \
                      return field.getAttribute('aria-invalid') === 'true' && ids.some(id => { \
                      const e = document.getElementById(id); return e?.role === 'alert' && e.textContent.includes(text) })";
        let arguments = vec![serde_json::to_value(&element).unwrap(), json!(text)];
        self.until(&format!("{field}: {text}"), script, arguments).await;
    }

    /// Presses keys, wherever the focus is.
    pub async fn keys(&self, keys: &[char]) {
        let mut actions = KeyActions::new("keys".into());
        for key in keys {
            actions = actions.then(KeyAction::Down { value: *key }).then(KeyAction::Up { value: *key });
        }
        self.0.perform_actions(actions).await.unwrap();
    }

    /// Presses keys together, wherever the focus is.
    pub async fn chord(&self, keys: &[Key]) {
        let down = keys.iter().map(|key| KeyAction::Down { value: char::from(*key) });
        let up = keys.iter().rev().map(|key| KeyAction::Up { value: char::from(*key) });
        let actions = down.chain(up).fold(KeyActions::new("chord".into()), KeyActions::then);
        self.0.perform_actions(actions).await.unwrap();
    }

    pub async fn type_text(&self, text: &str) {
        self.keys(&text.chars().collect::<Vec<_>>()).await;
    }

    /// The password that the generator shows.
    pub async fn minted(&self) -> String {
        self.js("return document.querySelector('output.secret').textContent", vec![]).await.as_str().unwrap().to_owned()
    }

    /// Waits until the generator shows another password than this one; gives it.
    pub async fn minted_after(&self, before: &str) -> String {
        let script = "const now = document.querySelector('output.secret').textContent; \
                      return now !== arguments[0] && now";
        self.until("another password", script, vec![json!(before)]).await.as_str().unwrap().to_owned()
    }

    /// Waits until the generator's passwords have so many bits; gives the one that is shown.
    pub async fn minted_with(&self, bits: &str) -> String {
        let script = "return document.querySelector('.strength').textContent.startsWith(arguments[0] + ' bits') && \
                      document.querySelector('output.secret').textContent";
        self.until(&format!("{bits} bits"), script, vec![json!(bits)]).await.as_str().unwrap().to_owned()
    }

    /// Waits until the list holds these, from the top.
    pub async fn see_rows(&self, names: &[&str]) {
        let script = "return JSON.stringify([...document.querySelectorAll('.row-name')].map(e => e.textContent)) === \
                      JSON.stringify(arguments[0])";
        self.until(&format!("the rows {names:?}"), script, vec![json!(names)]).await;
    }

    /// What stands on the clipboard, as pasting finds out.
    pub async fn pasted(&self) -> String {
        let script = "const area = document.createElement('textarea'); area.id = 'paste'; document.body.append(area); \
                      area.focus()";
        self.js(script, vec![]).await;
        let paste = KeyActions::new("paste".into())
            .then(KeyAction::Down { value: Key::Control.into() })
            .then(KeyAction::Down { value: 'v' })
            .then(KeyAction::Up { value: 'v' })
            .then(KeyAction::Up { value: Key::Control.into() });
        self.0.perform_actions(paste).await.unwrap();
        let pasted = self.js("const a = document.getElementById('paste'); a.remove(); return a.value", vec![]).await;
        pasted.as_str().unwrap().to_owned()
    }

    /// Makes a vault, from the invite's link to the open vault. Gives the recovery code as shown.
    pub async fn make_vault(&self, link: &str, username: &str) -> String {
        self.open(link).await;
        self.fill_in_vault(username).await
    }

    /// The same, once the page is opened by the link.
    pub async fn fill_in_vault(&self, username: &str) -> String {
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

    /// Types the words that are asked for.
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

    /// Saves what the generator shows under a name; gives the password.
    pub async fn save(&self, name: &str) -> String {
        self.fill("Name", name).await;
        let password = self.minted().await;
        self.keys(&[Key::Enter.into()]).await;
        self.see(&format!("Saved “{name}” and copied.")).await;
        password
    }

    /// Shows an entry and gives its password.
    pub async fn show(&self, name: &str) -> String {
        self.press(&format!("Show {name}")).await;
        let script = "const row = [...document.querySelectorAll('.row')].find(r => r.querySelector('.row-name').textContent === arguments[0]); \
                      return row?.querySelector('.row-secret')?.textContent || null";
        self.until("the password", script, vec![json!(name)]).await.as_str().unwrap().to_owned()
    }

    /// Changes the page's language in its settings.
    pub async fn speak(&self, from: &str, to: &str) {
        self.press(&says(from, "Settings")).await;
        self.select(&says(from, "Language"), &says(to, "LanguageName")).await;
        self.until(to, "return document.documentElement.lang === arguments[0]", vec![json!(to)]).await;
        self.press(&says(to, "Close")).await;
    }

    /// Runs a script before any of the page's own, on every page from now on.
    pub async fn before_every_page(&self, script: &str) {
        self.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await;
    }

    /// Has downloads go to a folder, and nobody asked.
    pub async fn download_to(&self, folder: &Path) {
        self.cdp("Browser.setDownloadBehavior", json!({ "behavior": "allow", "downloadPath": folder })).await;
    }

    /// A command of the Chrome DevTools Protocol.
    pub async fn cdp(&self, command: &str, parameters: Value) -> Value {
        let command = json!({ "cmd": command, "params": parameters });
        self.0.issue_cmd(Vendor("goog/cdp/execute", command)).await.unwrap()
    }

    /// Runs a script as the page itself would, outside of the driver's own call, which the page's policy spares.
    pub async fn js_in_page(&self, script: &str) -> Value {
        let wrapped = format!(
            "const done = arguments[0]; setTimeout(() => {{ try {{ done((() => {{ {script} }})() ?? 'done') }} \
             catch (e) {{ done(e.name) }} }})"
        );
        self.0.execute_async(&wrapped, vec![]).await.unwrap()
    }
}

/// Makes a vault in a new database.
pub async fn with_vault(page: &Page, server: &Server) -> String {
    page.make_vault(&server.setup_link(), "Ada").await
}

/// The page's texts in all languages.
pub fn catalog() -> Catalog {
    Catalog::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../frontend/texts")).unwrap()
}

/// The tags of the languages other than English.
pub fn other_languages() -> Vec<String> {
    catalog().languages().skip(1).map(|language| language.tag.clone()).collect()
}

/// A text in a language, by its key in `frontend/texts`.
pub fn says(language: &str, key: &str) -> String {
    let catalog = catalog();
    let text = catalog.text(catalog.languages().find(|it| it.tag == language).unwrap(), key);
    assert!(!text.is_empty(), "no text is called {key}");
    text.to_owned()
}

fn quoted(text: &str) -> String {
    if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") }
}

/// A command of ChromeDriver's own: its path within the session, and its body.
#[derive(Debug)]
pub struct Vendor(pub &'static str, pub Value);

impl fantoccini::wd::WebDriverCompatibleCommand for Vendor {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.1.to_string()))
    }
}
