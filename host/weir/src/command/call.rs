//! `weir call`: one call of a hosted API, as a consumer makes it.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use http::HeaderMap;

use crate::cli::Session;
use crate::client::{Trust, agent, check_scheme, read_body};
use crate::output::{Output, complain, write_bytes};

/// The headers that are printed: what the platform says of the call.
const SHOWN: [&str; 10] = [
    "content-type",
    "content-length",
    "x-request-id",
    "retry-after",
    "ratelimit-policy",
    "ratelimit",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "www-authenticate",
];

/// The arguments of `weir call`.
#[derive(Debug, clap::Args)]
pub(crate) struct Call {
    /// The API's slug
    api: String,
    /// The method
    method: String,
    /// The path, with its query
    path: String,
    /// The key [env: WEIR_KEY]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// A header to send, as `name: value`
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    headers: Vec<String>,
    /// The body to send; `@FILE` sends a file's content, `@-` that of standard input
    #[arg(short, long, value_name = "BODY")]
    body: Option<String>,
    /// The data plane's URL [env: WEIR_GATEWAY; else that of the host on the data folder]
    #[arg(long, value_name = "URL")]
    gateway: Option<String>,
}

/// What came back, for `--json`.
#[derive(Debug, serde::Serialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: serde_json::Value,
}

impl Call {
    /// Calls.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let (url, trust) = self.url(session)?;
        let mut request = http::Request::builder().method(self.method.as_str()).uri(&url);
        if let Some(key) = self.key.as_ref().or(session.environment.key.as_ref()) {
            request = request.header("x-api-key", key);
        }
        for header in &self.headers {
            let (name, value) =
                header.split_once(':').with_context(|| format!("{header:?} is not a header: write `name: value`"))?;
            request = request.header(name.trim(), value.trim());
        }
        let request = request.body(self.content()?).context("the request is not valid")?;
        let answer = agent(trust).run(request).with_context(|| format!("no answer from {url}"))?;
        let (head, body) = answer.into_parts();
        let body = read_body(body)?;
        print(session.output, head.status, &head.headers, &body)?;
        Ok(if head.status.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn url(&self, session: &Session) -> anyhow::Result<(String, Trust)> {
        let (base, trust) = match self.gateway.clone().or_else(|| session.environment.gateway.clone()) {
            Some(url) => (url, Trust::System),
            None => match session.profile_in_use()?.and_then(|profile| profile.gateway) {
                Some(gateway) => (gateway, Trust::System),
                None => Self::beside(session)?,
            },
        };
        check_scheme(&base)?;
        Ok((format!("{}/{}/{}", base.trim_end_matches('/'), self.api, self.path.trim_start_matches('/')), trust))
    }

    /// The host on the data folder.
    fn beside(session: &Session) -> anyhow::Result<(String, Trust)> {
        match session.folder.read_addresses()? {
            Some(addresses) => Ok((addresses.gateway, Trust::ThisMachine)),
            None => bail!(
                "no host runs on {}: start one with `weir serve`, or name one with --gateway URL",
                session.folder.path().display()
            ),
        }
    }

    fn content(&self) -> anyhow::Result<Vec<u8>> {
        match self.body.as_deref().map(|body| (body, body.strip_prefix('@'))) {
            None => Ok(Vec::new()),
            Some((_, Some("-"))) => {
                let mut bytes = Vec::new();
                std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes)
                    .context("could not read standard input")?;
                Ok(bytes)
            }
            Some((_, Some(path))) => std::fs::read(path).with_context(|| format!("could not read {path}")),
            Some((text, None)) => Ok(text.as_bytes().to_vec()),
        }
    }
}

/// The status and the headers go to standard error, so that the body alone can be redirected.
fn print(output: Output, status: http::StatusCode, headers: &HeaderMap, body: &[u8]) -> anyhow::Result<()> {
    let shown: Vec<(String, String)> = headers
        .iter()
        .filter(|(name, _)| SHOWN.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    if output == Output::Lines {
        complain(format_args!("{status}"));
        for (name, value) in &shown {
            complain(format_args!("{name}: {value}"));
        }
        complain(format_args!(""));
        write_bytes(body)?;
        return if body.is_empty() || body.ends_with(b"\n") { Ok(()) } else { write_bytes(b"\n") };
    }
    let body = serde_json::from_slice(body)
        .unwrap_or_else(|_| serde_json::Value::String(String::from_utf8_lossy(body).into_owned()));
    output.document(&Answer { status: status.as_u16(), headers: shown, body })
}
