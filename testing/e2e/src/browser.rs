//! Headless Chromium, driven by ChromeDriver: each test has a browser of its own.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::page::Page;
use crate::{path_from_env, wait_until};

/// Settings of a browser beyond those of `cargo xtask`.
#[derive(Default)]
pub struct BrowserOptions {
    pub arguments: Vec<String>,
    pub preferences: serde_json::Map<String, Value>,
    /// Logs every request, for [`Page::requests`].
    pub records_requests: bool,
}

/// Runs a test in a new browser with an empty profile, and closes the browser even if the test fails.
pub fn in_browser<F>(wish: BrowserOptions, test: impl FnOnce(Page) -> F)
where
    F: Future<Output = ()>,
{
    in_browser_with_profile(tempfile::tempdir().unwrap().path(), wish, test);
}

/// Kills all processes of the browser that uses a profile and waits until they are gone; otherwise the next browser
/// finds the profile in use.
pub fn kill_browser(profile: &Path) {
    let flag = format!("user-data-dir={}", profile.display());
    let killed = Command::new("pkill").args(["-KILL", "-f", &flag]).status();
    assert!(killed.unwrap().success());
    wait_until("the browser is gone", || !Command::new("pgrep").args(["-f", &flag]).output().unwrap().status.success());
    for lock in ["SingletonLock", "SingletonCookie", "SingletonSocket"] {
        // Only a browser that exits by itself removes its locks.
        let _ = std::fs::remove_file(profile.join(lock));
    }
}

/// Runs a test in a new browser with this profile.
pub fn in_browser_with_profile<F>(profile: &Path, wish: BrowserOptions, test: impl FnOnce(Page) -> F)
where
    F: Future<Output = ()>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let profile_flag = format!("--user-data-dir={}", profile.display());
        let flags = ["--window-size=1280,900".to_owned(), profile_flag].into_iter().chain(wish.arguments);
        let mut capabilities: serde_json::Map<String, Value> =
            serde_json::from_slice(&std::fs::read(path_from_env("PASSMINT_BROWSER")).unwrap()).unwrap();
        let options = &mut capabilities["goog:chromeOptions"];
        options["args"].as_array_mut().unwrap().extend(flags.map(Value::from));
        options["prefs"] = wish.preferences.into();
        let requests = if wish.records_requests { "ALL" } else { "OFF" };
        capabilities.insert("goog:loggingPrefs".into(), json!({ "browser": "ALL", "performance": requests }));
        capabilities.insert("unhandledPromptBehavior".into(), "accept".into());
        let client = fantoccini::ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(capabilities)
            .connect(&std::env::var("PASSMINT_DRIVER").expect("run `cargo xtask test e2e`"))
            .await
            .expect("cannot start the browser");
        let page = Page { driver: client.clone() };
        // The panic of a failed test goes on after its browser is closed.
        let result = catch_panic(test(page)).await;
        let _ = client.close().await;
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
    });
}

/// Runs a test to its end or its panic.
async fn catch_panic(test: impl Future<Output = ()>) -> std::thread::Result<()> {
    let mut test = std::pin::pin!(test);
    std::future::poll_fn(|context| {
        let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test.as_mut().poll(context)));
        match polled {
            Ok(std::task::Poll::Pending) => std::task::Poll::Pending,
            Ok(std::task::Poll::Ready(())) => std::task::Poll::Ready(Ok(())),
            Err(panic) => std::task::Poll::Ready(Err(panic)),
        }
    })
    .await
}
