//! The command line's way to a host: HTTP, with the types of `api`.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use api::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::tls::{RootCerts, TlsConfig};

use crate::folder::{Addresses, Folder};

/// How long one exchange may take: a little longer than the host gives an upload, so that its own answer is what is told.
const TIMEOUT: Duration = Duration::from_mins(26);
/// How many pages of a list are read, of 1,000 items each.
const PAGES_MAX: usize = 100;
/// The largest answer that is read.
const ANSWER_MAX: u64 = 64 * 1024 * 1024;

/// A client of one host's control plane.
#[derive(Debug)]
pub(crate) struct Client {
    agent: ureq::Agent,
    base: String,
    token: String,
    gateway: Option<String>,
}

/// Whether the thing that was asked for was made now or was there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// It is new.
    Now,
    /// It was there.
    Before,
}

impl Made {
    /// The word for a line such as `plan BASIC: made`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Now => "made",
            Self::Before => "unchanged",
        }
    }
}

impl Client {
    /// The client of the host that runs on the data folder.
    pub(crate) fn of_folder(folder: &Folder, token: Option<String>) -> anyhow::Result<Self> {
        let Some(Addresses { gateway, control, .. }) = folder.read_addresses()? else {
            bail!(
                "no host runs on {}: start one with `weir serve --data {0}`, or name one with --control URL",
                folder.path().display()
            )
        };
        let token = token.map_or_else(|| operator_token(folder), Ok)?;
        Ok(Self { agent: agent(Trust::ThisMachine), base: control, token, gateway: Some(gateway) })
    }

    /// The client of the host at `url`. The folder's token is for the host on that folder, and goes to no other.
    pub(crate) fn of_control(folder: &Folder, url: &str, token: Option<String>) -> anyhow::Result<Self> {
        let base = url.trim_end_matches('/').to_owned();
        check_scheme(&base)?;
        if let Some(token) = token {
            return Ok(Self::of(base, token));
        }
        match folder.read_addresses()? {
            Some(addresses) if addresses.control == base => {
                Ok(Self::of(base, operator_token(folder)?).with_gateway(Some(addresses.gateway)))
            }
            _ => bail!(
                "no token for {base}: give --token or set WEIR_TOKEN; the one in {} is for the host that runs on it",
                folder.path().display()
            ),
        }
    }

    /// A client of the host at `base`, which has been checked.
    pub(crate) fn of(base: String, token: String) -> Self {
        Self { agent: agent(Trust::System), base, token, gateway: None }
    }

    /// The same, of a host whose data plane is known.
    pub(crate) fn with_gateway(self, gateway: Option<String>) -> Self {
        Self { gateway, ..self }
    }

    /// The control plane's URL.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The token that it sends.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The data plane's URL, where it is known.
    pub(crate) fn gateway(&self) -> Option<&str> {
        self.gateway.as_deref()
    }

    /// Reads all pages of a list, at most [`PAGES_MAX`].
    pub(crate) fn all<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<Vec<T>> {
        let (mut items, mut query) = (Vec::new(), vec![("limit", "1000".to_owned())]);
        for _ in 0..PAGES_MAX {
            let page: api::Page<T> = self.get_with(path, &query)?;
            items.extend(page.items);
            let Some(next) = page.next else { return Ok(items) };
            query.truncate(1);
            query.push(("after", next));
        }
        bail!("{path} has more than {} items: narrow it down, or ask by SQL", items.len())
    }

    /// Reads a document.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        self.get_with(path, &[])
    }

    /// Reads a document, with a query.
    pub(crate) fn get_with<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<T> {
        let request = self.agent.get(format!("{}{path}", self.base)).query_pairs(query.iter().cloned());
        let answer = request.header("authorization", self.bearer()).call();
        self.read(answer).map(|(_, document)| document)
    }

    /// Sends a document to be made.
    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> anyhow::Result<(Made, T)> {
        let request = self.agent.post(format!("{}{path}", self.base));
        self.read(request.header("authorization", self.bearer()).header("if-match", "*").send_json(body))
    }

    /// Sends a document in place of another, whatever that is now.
    pub(crate) fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> anyhow::Result<(Made, T)> {
        let request = self.agent.put(format!("{}{path}", self.base));
        self.read(request.header("authorization", self.bearer()).header("if-match", "*").send_json(body))
    }

    /// Changes a part of a thing, whatever it is now.
    pub(crate) fn patch<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> anyhow::Result<T> {
        let request = self.agent.patch(format!("{}{path}", self.base));
        let answer = request.header("authorization", self.bearer()).header("if-match", "*").send_json(body);
        self.read(answer).map(|(_, document)| document)
    }

    /// Removes a thing, whatever it is now, and reads what it was.
    pub(crate) fn delete_with<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<T> {
        let request = self.agent.delete(format!("{}{path}", self.base)).query_pairs(query.iter().cloned());
        let request = request.header("authorization", self.bearer()).header("if-match", "*");
        self.read(request.call()).map(|(_, document)| document)
    }

    /// Sends bytes, such as a component.
    pub(crate) fn upload<T: DeserializeOwned>(&self, path: &str, bytes: &[u8]) -> anyhow::Result<(Made, T)> {
        let request = self.agent.put(format!("{}{path}", self.base)).content_type("application/wasm");
        self.read(request.header("authorization", self.bearer()).send(bytes))
    }

    /// Sends a body, such as a file, in the place of a thing.
    pub(crate) fn put_body<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
        body: impl ureq::AsSendBody,
    ) -> anyhow::Result<(Made, T)> {
        let request = self.agent.put(format!("{}{path}", self.base)).query_pairs(query.iter().cloned());
        let request = request.content_type("application/octet-stream").header("authorization", self.bearer());
        self.read(request.send(body))
    }

    /// Reads a body of any size.
    pub(crate) fn get_body(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<impl Read + use<>> {
        let request = self.agent.get(format!("{}{path}", self.base)).query_pairs(query.iter().cloned());
        let answer = request.header("authorization", self.bearer()).call();
        let answer = answer.with_context(|| format!("no answer from {}; does the host run there?", self.base))?;
        let status = answer.status();
        if !status.is_success() {
            bail!(refused(status, &read_body(answer.into_body())?));
        }
        Ok(answer.into_body().into_reader())
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    fn read<T: DeserializeOwned>(
        &self,
        answer: Result<http::Response<ureq::Body>, ureq::Error>,
    ) -> anyhow::Result<(Made, T)> {
        let answer = answer.with_context(|| format!("no answer from {}; does the host run there?", self.base))?;
        let status = answer.status();
        let body = read_body(answer.into_body())?;
        if !status.is_success() {
            bail!(refused(status, &body));
        }
        let document = serde_json::from_slice(&body)
            .with_context(|| format!("{} answered with something else than this version understands", self.base))?;
        Ok((if status == http::StatusCode::CREATED { Made::Now } else { Made::Before }, document))
    }
}

fn operator_token(folder: &Folder) -> anyhow::Result<String> {
    let token = std::fs::read_to_string(folder.operator_token())
        .with_context(|| format!("no token: pass --token or set WEIR_TOKEN; {} has none", folder.path().display()))?;
    Ok(token.trim().to_owned())
}

/// How a server that is spoken to over TLS proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// By a certificate that this system trusts; SSL_CERT_FILE names other roots.
    System,
    /// By listening where the host on the data folder wrote down that it does, a file that its owner alone may write.
    /// Its certificate is for other names than the loopback address.
    ThisMachine,
}

/// An agent that hands out every status as an answer, keeps no cookies and follows nothing.
pub(crate) fn agent(trust: Trust) -> ureq::Agent {
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .root_certs(RootCerts::PlatformVerifier)
        .disable_verification(trust == Trust::ThisMachine)
        .build();
    ureq::Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .allow_non_standard_methods(true)
        .timeout_global(Some(TIMEOUT))
        .user_agent(concat!("weir/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
}

/// Reads all of a body, up to a limit.
pub(crate) fn read_body(body: ureq::Body) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    body.into_with_config().limit(ANSWER_MAX).reader().read_to_end(&mut bytes).context("the answer broke off")?;
    Ok(bytes)
}

/// Refuses a URL that this client cannot speak to.
pub(crate) fn check_scheme(url: &str) -> anyhow::Result<()> {
    if url.starts_with("http://") || url.starts_with("https://") {
        return Ok(());
    }
    bail!("{url:?} is no URL of a host: it begins with http:// or https://")
}

/// What a refusal says, for people.
fn refused(status: http::StatusCode, body: &[u8]) -> String {
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => {
            // A single field is named by the detail already.
            let others = problem.errors.iter().skip(usize::from(problem.errors.len() == 1));
            let lines = others.map(|error| format!("  {}: {}", error.pointer, error.detail));
            let head = format!("{} ({} {})", problem.detail, problem.status, problem.code);
            std::iter::once(head).chain(lines).collect::<Vec<_>>().join("\n")
        }
        Err(_) => format!("the host answered {status}"),
    }
}
