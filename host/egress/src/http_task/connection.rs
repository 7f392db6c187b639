//! Connections: how an HTTP task proves who it is. A secret of the organisation, opened here and sent, never shown.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use types::{OrganisationId, SecretName};

use super::TaskFault;
use super::token::{Credentials, Key};
use crate::headers;
use crate::line::Line;
use crate::target::{Host, Target};

/// A connection, ready to authorise requests.
pub(super) struct Connection {
    key: Key,
    hosts: Vec<String>,
    how: How,
}

/// The document that a connection's secret is.
#[derive(serde::Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
enum How {
    /// A header of any name.
    ApiKey { header: String, value: String },
    /// User and password.
    Basic { user: String, password: String },
    /// A token that is asked for with client credentials.
    Oauth(Credentials),
}

impl Connection {
    /// Opens the connection `name` for a request to `target`.
    pub(super) fn of(line: &Line, name: &SecretName, target: &Target) -> Result<Self, TaskFault> {
        let not_granted = || {
            let cause = format!("the connection {name} is not granted for {}", target.host);
            TaskFault::named("States.Permissions", cause)
        };
        let grant = &line.0.grant;
        let bound = grant.secrets.iter().find(|secret| secret.name == *name).ok_or_else(not_granted)?;
        if !is_bound(&target.host, &bound.hosts) {
            return Err(not_granted());
        }
        let value = line.0.egress.secrets().value(grant.organisation, name).ok_or_else(|| {
            TaskFault::named("States.Permissions", format!("the connection {name} is not set, or cannot be read"))
        })?;
        // What is wrong is not said: it could quote the secret.
        let how = serde_json::from_str(value.reveal()).map_err(|_| {
            let cause = format!("the connection {name} is no document of the type api-key, basic or oauth");
            TaskFault::runtime(cause)
        })?;
        let key = Key::of(grant.organisation, name, &value);
        Ok(Self { key, hosts: bound.hosts.clone(), how })
    }

    /// Puts into the headers what proves it.
    pub(super) async fn authorise(&self, line: &Line, headers: &mut HeaderMap) -> Result<(), TaskFault> {
        let (name, text) = match &self.how {
            How::ApiKey { header, value } => {
                let name = HeaderName::try_from(header.as_str()).ok().filter(|name| !headers::is_denied(name));
                (name.ok_or_else(|| TaskFault::runtime("the connection's header cannot be sent"))?, value.clone())
            }
            How::Basic { user, password } => {
                (header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
            }
            How::Oauth(client) => (header::AUTHORIZATION, client.bearer(line, &self.key, &self.hosts).await?),
        };
        let value =
            HeaderValue::try_from(text).map_err(|_| TaskFault::runtime("the connection's value cannot be sent"));
        let mut value = value?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok(())
    }

    /// Drops the token that was sent, if one was.
    pub(super) fn forget_token(&self, line: &Line) {
        line.0.egress.tokens().forget(&self.key);
    }
}

pub(super) fn is_bound(host: &Host, hosts: &[String]) -> bool {
    matches!(host, Host::Name(name) if hosts.contains(name))
}

/// Whose connection a token belongs to: rotated secrets have tokens of their own.
impl Key {
    fn of(organisation: OrganisationId, name: &SecretName, value: &types::SecretValue) -> Self {
        Self { organisation, name: name.clone(), of_value: types::Digest::of(value.reveal().as_bytes()) }
    }
}
