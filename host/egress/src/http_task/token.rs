//! Tokens of OAuth's client credentials: asked for once, kept until shortly before they end.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full, Limited};
use serde_json::Value;
use types::{Clock, Digest, Moment, OrganisationId, SecretName, SecretValue};

use super::TaskFault;
use super::connection::is_bound;
use super::encode::pairs;
use crate::line::{Line, Timeouts};
use crate::target::Target;

/// Tokens kept in all.
const KEPT: usize = 256;
/// How long one is used that does not say how long it lasts.
const USUAL: Duration = Duration::from_mins(5);
/// How long one is used at most.
const LONGEST: Duration = Duration::from_hours(1);
/// How long before its end one is no longer used: it has to arrive.
const MARGIN: Duration = Duration::from_secs(30);
/// The largest answer of a token's endpoint.
const ANSWER_MAX: usize = 64 * 1024;

/// Which connection a token belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(super) organisation: OrganisationId,
    pub(super) name: SecretName,
    pub(super) of_value: Digest,
}

/// The tokens of the host. The lock is held for a look and never over an await.
pub(crate) struct Tokens {
    clock: Clock,
    kept: Mutex<HashMap<Key, Kept>>,
}

struct Kept {
    until: Moment,
    bearer: SecretValue,
}

/// What a token is asked for with.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    endpoint: String,
    client_id: String,
    client_secret: String,
    #[serde(default)]
    scope: Option<String>,
}

#[derive(serde::Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: Value,
}

impl Tokens {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, kept: Mutex::default() }
    }

    pub(super) fn forget(&self, key: &Key) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    fn get(&self, key: &Key) -> Option<String> {
        let now = self.clock.moment();
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(key).filter(|token| now < token.until).map(|token| token.bearer.reveal().to_owned())
    }

    fn keep(&self, key: Key, bearer: &str, lasts: Duration) {
        let now = self.clock.moment();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, token| now < token.until);
        if kept.len() < KEPT {
            kept.insert(key, Kept { until: now.after(lasts), bearer: SecretValue::new(bearer.to_owned()) });
        }
    }
}

impl Credentials {
    /// `Bearer` and a token that holds, from memory or asked for now. The endpoint is one of the secret's hosts, too.
    pub(super) async fn bearer(&self, line: &Line, key: &Key, hosts: &[String]) -> Result<String, TaskFault> {
        let tokens = line.0.egress.tokens();
        if let Some(bearer) = tokens.get(key) {
            return Ok(bearer);
        }
        let target = Target::parse(&self.endpoint).ok().filter(|target| target.scheme == types::Scheme::Https);
        let target = target.ok_or_else(|| TaskFault::runtime("the connection's token endpoint is no https URL"))?;
        if !is_bound(&target.host, hosts) {
            let cause = format!("the connection is not granted for {}, where its token comes from", target.host);
            return Err(TaskFault::named("States.Permissions", cause));
        }
        let response = line.send(self.request()?, Timeouts::default()).await;
        let response = response.map_err(|error| TaskFault::of_send(&error))?;
        let status = response.status();
        let refused = |why: &str| TaskFault::named("States.Http.Socket", format!("the token endpoint {why}"));
        if !status.is_success() {
            return Err(refused(&format!("answered {}", status.as_u16())));
        }
        let answer = Limited::new(response.into_body(), ANSWER_MAX).collect().await;
        let answer = answer.map_err(|_| refused("broke off, or answered more than 64 KiB"))?.to_bytes();
        let granted: Granted =
            serde_json::from_slice(&answer).map_err(|_| refused("answered without an access_token"))?;
        let says =
            granted.expires_in.as_u64().or_else(|| granted.expires_in.as_str().and_then(|text| text.parse().ok()));
        let lasts = says.map_or(USUAL, Duration::from_secs).min(LONGEST).saturating_sub(MARGIN);
        let bearer = format!("Bearer {}", granted.access_token);
        tokens.keep(key.clone(), &bearer, lasts);
        Ok(bearer)
    }

    fn request(&self) -> Result<Request<crate::OutBody>, TaskFault> {
        let mut fields = vec![
            ("grant_type".to_owned(), "client_credentials".to_owned()),
            ("client_id".to_owned(), self.client_id.clone()),
            ("client_secret".to_owned(), self.client_secret.clone()),
        ];
        fields.extend(self.scope.iter().map(|scope| ("scope".to_owned(), scope.clone())));
        let body = Full::new(Bytes::from(pairs(&fields))).map_err(|never| match never {}).boxed_unsync();
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() =
            self.endpoint.parse().map_err(|_| TaskFault::runtime("the connection's token endpoint is no URL"))?;
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        Ok(request)
    }
}
