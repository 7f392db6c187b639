//! A consumer's app, that calls.

use std::time::Duration;

use anyhow::Context as _;

/// An app with its key. Cheap to clone: each clone has connections of its own.
#[derive(Debug)]
pub struct App {
    gateway: String,
    key: String,
    subscription: String,
    agent: ureq::Agent,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The call, as `X-Request-Id` names it.
    pub call: String,
    /// The problem document's code; empty without one.
    pub code: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Clone for App {
    fn clone(&self) -> Self {
        Self::new(self.gateway.clone(), self.key.clone(), self.subscription.clone())
    }
}

impl App {
    pub(crate) fn new(gateway: String, key: String, subscription: String) -> Self {
        Self { gateway, key, subscription, agent: agent() }
    }

    /// Its key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Its subscription's id.
    pub fn subscription(&self) -> &str {
        &self.subscription
    }

    /// The same app at a host that listens elsewhere, for example after it was started again.
    #[must_use]
    pub fn at(&self, host: &crate::Host) -> Self {
        Self::new(host.gateway().to_owned(), self.key.clone(), self.subscription.clone())
    }

    /// Posts `body` to `path`, such as `/echo/hello`.
    ///
    /// # Errors
    ///
    /// When no whole response came.
    pub fn post(&self, path: &str, body: &[u8]) -> anyhow::Result<Reply> {
        self.post_with(path, body, &[])
    }

    /// Posts with further headers.
    ///
    /// # Errors
    ///
    /// When no whole response came.
    pub fn post_with(&self, path: &str, body: &[u8], headers: &[(&str, &str)]) -> anyhow::Result<Reply> {
        let mut request = self.agent.post(format!("{}{path}", self.gateway)).header("X-API-Key", &self.key);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        reply(request.send(body).context("no response")?)
    }

    /// Gets `path`.
    ///
    /// # Errors
    ///
    /// When no whole response came.
    pub fn get(&self, path: &str) -> anyhow::Result<Reply> {
        let request = self.agent.get(format!("{}{path}", self.gateway)).header("X-API-Key", &self.key);
        reply(request.call().context("no response")?)
    }
}

/// A client for which every status is an answer.
pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_mins(1)))
        .build()
        .new_agent()
}

fn reply(mut response: ureq::http::Response<ureq::Body>) -> anyhow::Result<Reply> {
    let status = response.status().as_u16();
    let call = response.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let body = response.body_mut().read_to_vec().context("the response broke off")?;
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let code = problem["code"].as_str().unwrap_or_default().to_owned();
    Ok(Reply { status, call, code, body })
}
