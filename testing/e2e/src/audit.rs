//! Checks of a page in any state: accessibility, width, and messages on the browser's console.

use fantoccini::elements::Element;
use serde_json::{Value, json};

use crate::page::{ChromeDriverCommand, Page};
use crate::path_from_env;

impl Page {
    /// Fails if axe-core finds a violation in the page as it is, in either theme.
    pub async fn assert_accessible(&self, state: &str) {
        if self.js("return typeof axe", vec![]).await == "undefined" {
            self.js(&std::fs::read_to_string(path_from_env("PASSMINT_AXE")).unwrap(), vec![]).await;
        }
        for theme in ["light", "dark"] {
            // Transitions are finished first: axe-core would measure the contrast of colours half way.
            let script = "const [theme, done] = arguments; document.documentElement.dataset.theme = theme; \
                          document.getAnimations().forEach(a => { if (a.transitionProperty) a.finish() }); \
                          axe.run(document, { resultTypes: ['violations'] }).then(r => done(r.violations.map(v => \
                          v.id + ': ' + v.help + ' ' + v.nodes.map(n => n.target.join(' ') + ' ' + n.failureSummary).join('; '))), e => done([String(e)]))";
            let violations = self.driver.execute_async(script, vec![json!(theme)]).await.unwrap();
            assert_eq!(violations, json!([]), "{state}, {theme}");
        }
        self.js("delete document.documentElement.dataset.theme", vec![]).await;
    }

    /// Fails if the browser has logged an error: a script error, a violated policy, a failed request.
    pub async fn assert_no_errors(&self) {
        let errors = self.console_errors().await;
        assert!(errors.is_empty(), "{errors:?}");
    }

    /// Errors on the browser's console since the last call.
    pub async fn console_errors(&self) -> Vec<String> {
        self.console("SEVERE").await
    }

    /// Warnings on the console since the last call, except Chromium's own that it ignores the integrity of preloads:
    /// boot.js checks that.
    pub async fn console_warnings(&self) -> Vec<String> {
        let mut warnings = self.console("WARNING").await;
        warnings.retain(|warning| !warning.contains("integrity` attribute is currently ignored for preload"));
        warnings
    }

    async fn console(&self, level: &str) -> Vec<String> {
        let log = self.driver.issue_cmd(ChromeDriverCommand("se/log", json!({ "type": "browser" }))).await.unwrap();
        log.as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["level"] == level)
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// The addresses that pages have requested since the last call, cached or not. The browser has to be started with
    /// [`records_requests`](crate::browser::BrowserOptions::records_requests).
    pub async fn requests(&self) -> Vec<String> {
        let log = self.driver.issue_cmd(ChromeDriverCommand("se/log", json!({ "type": "performance" }))).await.unwrap();
        let events = log.as_array().unwrap().iter().map(|entry| {
            let event: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            event["message"].clone()
        });
        let sent = events.filter(|event| event["method"] == "Network.requestWillBeSent");
        sent.map(|event| event["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }

    /// Sets the width of the window, in CSS pixels.
    pub async fn set_width(&self, width: u32) {
        let metrics = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// The elements that make the page wider than the window, or the open dialog wider than itself. Empty if all fits.
    pub async fn overflows(&self) -> Vec<Value> {
        let script = "const page = document.scrollingElement; const dialog = document.querySelector('dialog[open]'); \
                      const over = e => [...e.querySelectorAll('*')].filter(c => c.getBoundingClientRect().right > \
                      e.getBoundingClientRect().right + 1).map(c => c.outerHTML.slice(0, 80)).slice(0, 4); \
                      return [[page, innerWidth], dialog && [dialog, dialog.clientWidth]].filter(Boolean) \
                      .filter(([e, width]) => e.scrollWidth > width).map(([e, width]) => [e.scrollWidth, width, ...over(e)])";
        self.js(script, vec![]).await.as_array().unwrap().clone()
    }

    /// The accessible name that the browser computes for an element.
    pub async fn computed_label(&self, element: &Element) -> String {
        let label = self.driver.issue_cmd(ComputedLabel(element.element_id().to_string())).await.unwrap();
        label.as_str().unwrap().to_owned()
    }
}

/// The command "Get Computed Label" of WebDriver.
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
