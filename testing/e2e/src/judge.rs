//! What is judged of the page: accessibility, width, what the browser complains of.

use fantoccini::elements::Element;
use serde_json::{Value, json};

use crate::harness::axe;
use crate::page::{Page, Vendor};

impl Page {
    /// axe-core finds nothing wrong with the page as it is, in both themes.
    pub async fn is_accessible(&self, state: &str) {
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
    pub async fn no_complaints(&self) {
        let complaints = self.complaints().await;
        assert!(complaints.is_empty(), "{complaints:?}");
    }

    /// Errors on the browser's console since the last call.
    pub async fn complaints(&self) -> Vec<String> {
        self.console("SEVERE").await
    }

    /// Warnings on the console since the last call; but for the one that Chromium checks no integrity of what it fetches
    /// ahead, which boot.js does.
    pub async fn warnings(&self) -> Vec<String> {
        let mut warnings = self.console("WARNING").await;
        warnings.retain(|warning| !warning.contains("integrity` attribute is currently ignored for preload"));
        warnings
    }

    async fn console(&self, level: &str) -> Vec<String> {
        let log = self.0.issue_cmd(Vendor("se/log", json!({ "type": "browser" }))).await.unwrap();
        log.as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry["level"] == level)
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// What pages have asked for since the last call, wherever it would have come from. For a browser that is watched.
    pub async fn requests(&self) -> Vec<String> {
        let log = self.0.issue_cmd(Vendor("se/log", json!({ "type": "performance" }))).await.unwrap();
        let events = log.as_array().unwrap().iter().map(|entry| {
            let event: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            event["message"].clone()
        });
        let sent = events.filter(|event| event["method"] == "Network.requestWillBeSent");
        sent.map(|event| event["params"]["request"]["url"].as_str().unwrap().to_owned()).collect()
    }

    /// Shows the page in a window of that width, in CSS pixels.
    pub async fn set_width(&self, width: u32) {
        let metrics = json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// What makes the page wider than the window, or the dialog that is open wider than itself; nothing if all fits.
    pub async fn too_wide(&self) -> Vec<Value> {
        let script = "const page = document.scrollingElement; const dialog = document.querySelector('dialog[open]'); \
                      const over = e => [...e.querySelectorAll('*')].filter(c => c.getBoundingClientRect().right > \
                      e.getBoundingClientRect().right + 1).map(c => c.outerHTML.slice(0, 80)).slice(0, 4); \
                      return [[page, innerWidth], dialog && [dialog, dialog.clientWidth]].filter(Boolean) \
                      .filter(([e, width]) => e.scrollWidth > width).map(([e, width]) => [e.scrollWidth, width, ...over(e)])";
        self.js(script, vec![]).await.as_array().unwrap().clone()
    }

    /// The name that assistive technology gives an element.
    pub async fn computed_label(&self, element: &Element) -> String {
        let label = self.0.issue_cmd(ComputedLabel(element.element_id().to_string())).await.unwrap();
        label.as_str().unwrap().to_owned()
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
