//! Metrics: their values are correct, and they reveal nothing about users.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use backend::server::metrics_endpoint::router;
use backend::store::PasswordExpiry;
use http_body_util::BodyExt;
use shared::sessions::CredentialName;
use tower::ServiceExt;

use crate::accounts::register;
use crate::harness::{App, entry_id, request};
use crate::sessions::{conclude, finish, start};

async fn scrape(app: &App) -> String {
    let request = Request::builder().uri("/metrics").body(Body::empty()).unwrap();
    let answer = router(app.gate.clone()).oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let kind = answer.headers()[header::CONTENT_TYPE].to_str().unwrap();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// The value of the one series that starts with this.
fn value(text: &str, series: &str) -> f64 {
    let found: Vec<&str> = text.lines().filter(|line| line.starts_with(series)).collect();
    assert_eq!(found.len(), 1, "{series}: {found:?} in\n{text}");
    found[0].rsplit_once(' ').unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn requests_and_calls_are_counted_by_pattern_and_name() {
    let app = App::new();
    let token = app.settle(1);
    for tag in 1..=2 {
        assert_eq!(app.put(entry_id(tag), &token, 0, tag).await.status, StatusCode::OK);
    }
    assert_eq!(app.put(entry_id(1), &token, 7, 1).await.status, StatusCode::CONFLICT);
    app.get("/no-such-page-hunter2", None).await;
    app.send(request("HUNTER2", "/healthz", None, None)).await;

    let text = scrape(&app).await;
    let save = r#"method="POST",route="/api/v1/changes""#;
    assert_eq!(value(&text, &format!("passmint_http_answers_total{{{save},status=\"200\"}}")), 2.0);
    assert_eq!(value(&text, &format!("passmint_http_answers_total{{{save},status=\"409\"}}")), 1.0);
    assert_eq!(value(&text, &format!("passmint_http_answer_seconds_count{{{save}}}")), 3.0);
    assert_eq!(value(&text, "passmint_http_answers_total{method=\"GET\",route=\"page\",status=\"404\"}"), 1.0);
    assert_eq!(value(&text, "passmint_http_answers_total{method=\"other\",route=\"/healthz\",status=\"405\"}"), 1.0);
    assert_eq!(value(&text, "passmint_store_operation_seconds_count{operation=\"save_changes\"}"), 3.0);
    assert!(!text.contains("passmint_store_failures_total{"), "a stale version is expected, and no failure: {text}");
    for (gauge, now) in [("http_requests_going_on", 0.0), ("store_calls_running", 0.0), ("store_open", 1.0)] {
        assert_eq!(value(&text, &format!("passmint_{gauge} ")), now, "{gauge}");
    }
    assert!(text.contains(&format!("passmint_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"))), "{text}");
    assert!(text.ends_with("# EOF\n"));
    for stranger in ["hunter2", "HUNTER2", "login 1", &entry_id(1).to_string(), &token] {
        assert!(!text.contains(stranger), "{stranger}");
    }
}

#[tokio::test]
async fn opened_and_refused_log_ins_are_counted() {
    let app = App::new();
    register(&app, &app.invite(), "ada", b"passphrase", b"recovery").await;
    let begun = start(&app, "ada", CredentialName::Passphrase, b"passphrase").await;
    let (body, _) = conclude(begun, b"passphrase").unwrap();
    assert_eq!(finish(&app, &body).await.status, StatusCode::CREATED);
    assert_eq!(finish(&app, &body).await.problem(), "login-failed", "a log-in is finished once");
    let text = scrape(&app).await;
    for (step, count) in [("begun", 1.0), ("opened", 1.0), ("refused", 1.0)] {
        assert_eq!(value(&text, &format!("passmint_log_ins_total{{step=\"{step}\"}}")), count, "{step}");
    }
}

/// A password that does not expire, or whose expiry is not known, has no series.
#[tokio::test]
async fn expiry_of_the_database_password_is_a_series_if_it_is_known() {
    let app = App::new();
    let series = "passmint_database_password_expiry_timestamp_seconds";
    assert!(!scrape(&app).await.contains(series));
    app.gate.metrics().password_expires(PasswordExpiry::At { when: 1_827_144_001_500, in_grace: false });
    assert_eq!(value(&scrape(&app).await, &format!("{series} ")), 1_827_144_001.5);
    for expiry in [PasswordExpiry::Never, PasswordExpiry::Unknown] {
        app.gate.metrics().password_expires(expiry);
        assert!(!scrape(&app).await.contains(series), "{expiry:?}");
    }
    assert_eq!(value(&scrape(&app).await, "passmint_database_log_ins_refused_total "), 0.0);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn process_metrics_are_reported() {
    let app = App::new();
    let text = scrape(&app).await;
    assert!(value(&text, "process_resident_memory_bytes ") > 1e6, "{text}");
    assert!(value(&text, "process_open_fds ") > 3.0, "{text}");
    assert!(value(&text, "process_start_time_seconds ") > 1.7e9, "{text}");
    assert!(value(&text, "process_cpu_seconds_total ") >= 0.0, "{text}");
}
