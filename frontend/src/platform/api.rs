//! The client of the server's API. The keyring writes the bodies and reads the answers; the page itself reads only a
//! problem's code.

use js_sys::{JSON, Reflect};
use shared::problem::ProblemCode;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, RequestInit, Response};

use crate::platform::browser::window;
use crate::secret::Secret;

/// The timeout of a request, in milliseconds: longer than the server's own.
const TIMEOUT_MS: u32 = 35_000;

/// The reason why a request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiFault {
    /// The server did not answer: it or the network is down, or the time ran out. A proxy may have reported this.
    Silent,
    /// The server refused, with this code and problem document.
    Refused(ProblemCode, String),
    /// The answer is not from this API but from another server or a proxy.
    Strange,
}

impl ApiFault {
    /// The problem's code, if the server gave one.
    pub fn code(&self) -> Option<ProblemCode> {
        match self {
            Self::Refused(code, _) => Some(*code),
            Self::Silent | Self::Strange => None,
        }
    }

    /// The same request may succeed later.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Silent | Self::Strange => true,
            Self::Refused(code, _) => matches!(
                code,
                ProblemCode::Overloaded
                    | ProblemCode::StoreUnavailable
                    | ProblemCode::RequestTimeout
                    | ProblemCode::Internal
            ),
        }
    }
}

/// Posts a body to a path without a session, such as `accounts/start`.
pub async fn post(step: &str, body: &str) -> Result<String, ApiFault> {
    send("POST", step, None, Some(body)).await
}

/// Posts a body within a session.
pub async fn post_as(token: &Secret, step: &str, body: &str) -> Result<String, ApiFault> {
    send("POST", step, Some(token), Some(body)).await
}

/// Asks the server if it has any vault.
pub async fn has_vault() -> Result<bool, ApiFault> {
    let answer = send("GET", "setup", None, None).await?;
    let member = JSON::parse(&answer).and_then(|answer| Reflect::get(&answer, &"has_vault".into()));
    member.ok().and_then(|member| member.as_bool()).ok_or(ApiFault::Strange)
}

/// Reads a resource of the account.
pub async fn get(token: &Secret, what: &str) -> Result<String, ApiFault> {
    send("GET", what, Some(token), None).await
}

/// Deletes a resource of the account, or the account.
pub async fn delete(token: &Secret, what: &str) -> Result<(), ApiFault> {
    send("DELETE", what, Some(token), None).await.map(drop)
}

pub async fn end_session(token: &Secret) -> Result<(), ApiFault> {
    send("DELETE", "sessions/current", Some(token), None).await.map(drop)
}

/// Lists at most `limit` changes after change number `since`.
pub async fn list_changes(token: &Secret, since: u64, limit: u32) -> Result<String, ApiFault> {
    send("GET", &format!("changes?since={since}&limit={limit}"), Some(token), None).await
}

async fn send(method: &str, path: &str, token: Option<&Secret>, body: Option<&str>) -> Result<String, ApiFault> {
    let headers = js_sys::Object::new();
    let header = |name: &str, value: &str| Reflect::set(&headers, &name.into(), &value.into()).is_ok();
    let mut complete = body.is_none_or(|_| header("content-type", "application/json"));
    complete &= token.is_none_or(|token| header("authorization", &format!("Bearer {}", token.expose())));
    if !complete {
        return Err(ApiFault::Strange);
    }
    let request = RequestInit::new();
    request.set_method(method);
    request.set_headers(&headers);
    request.set_signal(Some(&AbortSignal::timeout_with_u32(TIMEOUT_MS)));
    if let Some(body) = body {
        request.set_body(&body.into());
    }
    let response = JsFuture::from(window().fetch_with_str_and_init(&format!("/api/v1/{path}"), &request));
    let response: Response = response.await.map_err(|_| ApiFault::Silent)?.unchecked_into();
    let text = response.text().map_err(|_| ApiFault::Silent)?;
    let text = JsFuture::from(text).await.map_err(|_| ApiFault::Silent)?.as_string().unwrap_or_default();
    if response.ok() {
        return Ok(text);
    }
    match code_of(&text) {
        Some(code) => Err(ApiFault::Refused(code, text)),
        // A proxy reports that the server behind it does not answer.
        None if response.status() >= 500 => Err(ApiFault::Silent),
        None => Err(ApiFault::Strange),
    }
}

fn code_of(problem: &str) -> Option<ProblemCode> {
    let problem = JSON::parse(problem).ok()?;
    ProblemCode::of_name(&Reflect::get(&problem, &"code".into()).ok()?.as_string()?)
}
