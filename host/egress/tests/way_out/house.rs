//! A room that is open to the servers of one test.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use egress::{BoundSecret, Egress, Grant, InBody, Limits, Line, OutBody, Secrets, SendError, Settings, Timeouts};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use types::{Clock, HostKey, OrganisationId, SecretName, SecretValue, Timestamp};

pub(crate) struct OneSecret;

impl Secrets for OneSecret {
    fn value(&self, _organisation: OrganisationId, name: &SecretName) -> Option<SecretValue> {
        match name.as_str() {
            "key" => Some(SecretValue::new("s3cr3t".to_owned())),
            "long" => Some(SecretValue::new("x".repeat(8 * 1024))),
            _ => None,
        }
    }
}

pub(crate) struct House {
    pub(crate) egress: Egress,
    rules: serde_json::Value,
}

impl House {
    /// Open to plain HTTP at this address.
    pub(crate) fn to(server: SocketAddr) -> Self {
        let rule = serde_json::json!([{ "host": server.ip().to_string(), "scheme": "http", "port": server.port() }]);
        Self::with(rule, |_| {})
    }

    /// Open to what these rules say, on both lists.
    pub(crate) fn with(rules: serde_json::Value, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::closed(HostKey::from_bytes([3; 32]));
        settings.allow = serde_json::from_value(rules.clone()).unwrap();
        settings.loopback_for_development = true;
        change(&mut settings);
        Self { egress: Egress::open(&settings, Arc::new(OneSecret), Clock::system()).unwrap(), rules }
    }

    pub(crate) fn line(&self) -> Line {
        self.line_of("shop", |_| {})
    }

    pub(crate) fn line_of(&self, api: &str, limit: impl FnOnce(&mut Limits)) -> Line {
        let mut limits = Limits::default();
        limit(&mut limits);
        let grant = Grant {
            api: api.into(),
            organisation: OrganisationId::generate(Timestamp::from_micros(1)),
            rules: serde_json::from_value(self.rules.clone()).unwrap(),
            secrets: vec![
                bound("weir-secret-0", "key", &["authorization"]),
                bound("weir-secret-1", "long", &["x-0", "x-1", "x-2", "x-3"]),
            ],
        };
        self.egress.line(Arc::new(grant), limits, 0)
    }
}

fn bound(placeholder: &str, name: &str, headers: &[&str]) -> BoundSecret {
    BoundSecret {
        placeholder: placeholder.to_owned(),
        name: name.parse().unwrap(),
        hosts: vec!["api.shop.example".to_owned()],
        headers: headers.iter().map(|header| (*header).to_owned()).collect(),
    }
}

pub(crate) fn get(url: &str) -> Request<OutBody> {
    post(url, "")
}

/// With a body, unless it is empty.
pub(crate) fn post(url: &str, body: &str) -> Request<OutBody> {
    let method = if body.is_empty() { "GET" } else { "POST" };
    let body = Full::new(Bytes::copy_from_slice(body.as_bytes())).map_err(|never| match never {}).boxed_unsync();
    Request::builder().method(method).uri(url).body(body).unwrap()
}

pub(crate) async fn send(line: &Line, request: Request<OutBody>) -> Result<Response<InBody>, SendError> {
    line.send(request, Timeouts::default()).await
}

pub(crate) async fn text(response: Response<InBody>) -> String {
    String::from_utf8_lossy(&response.into_body().collect().await.unwrap().to_bytes()).into_owned()
}
