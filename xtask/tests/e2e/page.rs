//! The page as a person meets it: by the names of its fields and buttons, and by what it says.

use std::time::{Duration, Instant};

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::key::Key;
use fantoccini::{Client, Locator};
use serde_json::{Value, json};

use crate::harness::{PATIENCE, Server, axe};

pub(crate) const PASSPHRASE: &str = "correct horse battery staple";

pub(crate) struct Page(pub(crate) Client);

impl Page {
    /// Runs JavaScript in the page.
    pub(crate) async fn js(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.0.execute(script, arguments).await.unwrap()
    }

    /// Waits until a script gives something other than null and false.
    pub(crate) async fn until(&self, what: &str, script: &str, arguments: Vec<Value>) -> Value {
        let start = Instant::now();
        loop {
            let value = self.js(script, arguments.clone()).await;
            if !matches!(value, Value::Null | Value::Bool(false)) {
                return value;
            }
            if start.elapsed() > PATIENCE {
                panic!("waited in vain: {what}\n--- the page says:\n{}", self.text().await);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Opens an address and waits until the generator can be used.
    pub(crate) async fn open(&self, url: &str) {
        // From one fragment to another a browser would not load anew.
        self.0.goto("about:blank").await.unwrap();
        self.0.goto(url).await.unwrap();
        self.until("the generator", "return !!document.querySelector('output.secret span')", vec![]).await;
    }

    /// All that can be read.
    pub(crate) async fn text(&self) -> String {
        self.js("return document.body.innerText", vec![]).await.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until this can be read.
    pub(crate) async fn see(&self, text: &str) {
        self.until(text, "return document.body.innerText.includes(arguments[0])", vec![json!(text)]).await;
    }

    /// The visible element of that kind with that accessible name.
    async fn named(&self, kind: &str, name: &str) -> Element {
        let path = match kind {
            "field" => format!(
                "//input[@id=//label[normalize-space()={q}]/@for] | //label[normalize-space()={q}]/input",
                q = quoted(name)
            ),
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

    pub(crate) async fn field(&self, name: &str) -> Element {
        self.named("field", name).await
    }

    pub(crate) async fn button(&self, name: &str) -> Element {
        self.named("button", name).await
    }

    /// Types into a field in place of what is there.
    pub(crate) async fn fill(&self, name: &str, text: &str) {
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

    pub(crate) async fn press(&self, name: &str) {
        self.button(name).await.click().await.unwrap();
    }

    /// Ticks or unticks a box.
    pub(crate) async fn press_check(&self, label: &str) {
        let path = format!("//label[input[@type='checkbox']][span[normalize-space()={}]]", quoted(label));
        self.0.find(Locator::XPath(&path)).await.unwrap().click().await.unwrap();
    }

    /// Presses keys, wherever the focus is.
    pub(crate) async fn keys(&self, keys: &[char]) {
        let mut actions = KeyActions::new("keys".into());
        for key in keys {
            actions = actions.then(KeyAction::Down { value: *key }).then(KeyAction::Up { value: *key });
        }
        self.0.perform_actions(actions).await.unwrap();
    }

    pub(crate) async fn type_text(&self, text: &str) {
        self.keys(&text.chars().collect::<Vec<_>>()).await;
    }

    /// The password that the generator shows.
    pub(crate) async fn minted(&self) -> String {
        self.js("return document.querySelector('output.secret').textContent", vec![]).await.as_str().unwrap().to_owned()
    }

    /// Waits until the list holds these, from the top.
    pub(crate) async fn see_rows(&self, names: &[&str]) {
        let script = "return JSON.stringify([...document.querySelectorAll('.row-name')].map(e => e.textContent)) === \
                      JSON.stringify(arguments[0])";
        self.until(&format!("the rows {names:?}"), script, vec![json!(names)]).await;
    }

    /// What stands on the clipboard, as pasting finds out.
    pub(crate) async fn pasted(&self) -> String {
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
    pub(crate) async fn make_vault(&self, link: &str, login: &str) -> String {
        self.open(link).await;
        self.fill("Log in name", login).await;
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

    pub(crate) async fn recovery_words(&self) -> Vec<String> {
        let words =
            self.js("return [...document.querySelectorAll('.code-words li')].map(e => e.textContent)", vec![]).await;
        words.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    }

    /// Types the words that are asked for.
    pub(crate) async fn confirm_code(&self, words: &[String]) {
        let asked = self
            .js("return [...document.querySelectorAll('.code-confirm label')].map(e => e.textContent)", vec![])
            .await;
        for label in asked.as_array().unwrap() {
            let label = label.as_str().unwrap();
            let place: usize = label.trim_start_matches("Word ").parse().unwrap();
            self.fill(label, &words[place - 1]).await;
        }
    }

    pub(crate) async fn unlock(&self, login: &str, passphrase: &str) {
        self.fill("Log in name", login).await;
        self.fill("Passphrase", passphrase).await;
        self.press("Unlock").await;
    }

    /// Saves what the generator shows under a name; gives the password.
    pub(crate) async fn save(&self, name: &str) -> String {
        self.fill("Name", name).await;
        let password = self.minted().await;
        self.keys(&[Key::Enter.into()]).await;
        self.see(&format!("Saved “{name}” and copied.")).await;
        password
    }

    /// Shows an entry and gives its password.
    pub(crate) async fn show(&self, name: &str) -> String {
        self.press(&format!("Show {name}")).await;
        let script = "const row = [...document.querySelectorAll('.row')].find(r => r.querySelector('.row-name').textContent === arguments[0]); \
                      return row?.querySelector('.row-secret')?.textContent || null";
        self.until("the password", script, vec![json!(name)]).await.as_str().unwrap().to_owned()
    }

    /// axe-core finds nothing wrong with the page as it is, in both themes.
    pub(crate) async fn is_accessible(&self, state: &str) {
        if self.js("return typeof axe", vec![]).await == "undefined" {
            self.js(&axe(), vec![]).await;
        }
        for theme in ["light", "dark"] {
            // Colours are judged as they are when nothing moves any more.
            let script = "const [theme, done] = arguments; document.documentElement.dataset.theme = theme; \
                          document.getAnimations().forEach(a => { if (a.transitionProperty) a.finish() }); \
                          axe.run(document, { resultTypes: ['violations'] }).then(r => done(r.violations.map(v => \
                          v.id + ': ' + v.help + ' ' + v.nodes.map(n => n.target.join(' ') + ' ' + n.failureSummary).join('; '))), e => done([String(e)]))";
            let violations = self.0.execute_async(script, vec![json!(theme)]).await.unwrap();
            assert_eq!(violations, json!([]), "{state}, {theme}");
        }
        self.js("delete document.documentElement.dataset.theme", vec![]).await;
    }

    /// The browser had nothing to complain of: no policy broken, no error, no failed request.
    pub(crate) async fn no_complaints(&self) {
        let complaints = self.complaints().await;
        assert!(complaints.is_empty(), "{complaints:?}");
    }

    /// Errors on the browser's console since the last call.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let log = self.0.issue_cmd(Vendor("se/log", json!({ "type": "browser" }))).await.unwrap();
        log.as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["level"] == "SEVERE")
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Runs a script before any of the page's own, on every page from now on.
    pub(crate) async fn before_every_page(&self, script: &str) {
        let command = json!({ "cmd": "Page.addScriptToEvaluateOnNewDocument", "params": { "source": script } });
        self.0.issue_cmd(Vendor("goog/cdp/execute", command)).await.unwrap();
    }

    /// Runs a script as the page itself would, outside of the driver's own call, which the page's policy spares.
    pub(crate) async fn js_in_page(&self, script: &str) -> Value {
        let wrapped = format!(
            "const done = arguments[0]; setTimeout(() => {{ try {{ done((() => {{ {script} }})() ?? 'done') }} \
             catch (e) {{ done(e.name) }} }})"
        );
        self.0.execute_async(&wrapped, vec![]).await.unwrap()
    }

    /// The name that assistive technology gives an element.
    pub(crate) async fn computed_label(&self, element: &Element) -> String {
        let label = self.0.issue_cmd(ComputedLabel(element.element_id().to_string())).await.unwrap();
        label.as_str().unwrap().to_owned()
    }
}

/// Makes a vault in a new database.
pub(crate) async fn with_vault(page: &Page, server: &Server) -> String {
    page.make_vault(&server.setup_link(), "Ada").await
}

/// An XPath literal.
fn quoted(text: &str) -> String {
    if text.contains('\'') { format!("\"{text}\"") } else { format!("'{text}'") }
}

/// A command of ChromeDriver's own: its path within the session, and its body.
#[derive(Debug)]
struct Vendor(&'static str, Value);

impl fantoccini::wd::WebDriverCompatibleCommand for Vendor {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.1.to_string()))
    }
}

/// "Get Computed Label" of WebDriver.
#[derive(Debug)]
struct ComputedLabel(String);

impl fantoccini::wd::WebDriverCompatibleCommand for ComputedLabel {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/element/{}/computedlabel", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::GET, None)
    }
}
