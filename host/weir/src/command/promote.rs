//! `weir promote` and `weir rollback`: which release serves an API's calls.

use std::process::ExitCode;

use anyhow::Context as _;

use crate::cli::Session;
use crate::client::Made;

/// The arguments of `weir promote`.
#[derive(Debug, clap::Args)]
pub(crate) struct Promote {
    /// The API's slug
    #[arg(value_name = "API")]
    api: String,
    /// The release's number
    #[arg(value_name = "RELEASE")]
    release: u32,
    /// How many of a hundred calls it serves; the release that serves most of them now keeps the rest [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100))]
    weight: Option<u32>,
}

/// The arguments of `weir rollback`.
#[derive(Debug, clap::Args)]
pub(crate) struct Rollback {
    /// The API's slug
    #[arg(value_name = "API")]
    api: String,
    /// The release that is to serve [default: the oldest of those that share the calls, else the one before the live one]
    #[arg(long, value_name = "RELEASE")]
    to: Option<u32>,
}

impl Promote {
    /// Lets the release serve.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        set_live(session, &self.api, &api::Live { release: self.release, weight: self.weight })
    }
}

impl Rollback {
    /// Lets an earlier release serve, alone.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let release = match self.to {
            Some(release) => release,
            None => self.earlier(session)?,
        };
        set_live(session, &self.api, &api::Live { release, weight: None })
    }

    fn earlier(&self, session: &Session) -> anyhow::Result<u32> {
        let client = session.client()?;
        let api: api::Api = client.get(&format!("/v1/apis/{}", self.api))?;
        if let Some(oldest) = api.serving.iter().map(|serving| serving.release).min() {
            return Ok(oldest);
        }
        let live = api.live.with_context(|| format!("{} has no release that serves", self.api))?;
        let releases: api::Page<api::Release> = client.get(&format!("/v1/apis/{}/releases", self.api))?;
        let before = releases.items.iter().map(|release| release.number).filter(|number| *number < live).max();
        before.with_context(|| format!("{} has no release before {live}", self.api))
    }
}

fn set_live(session: &Session, slug: &str, live: &api::Live) -> anyhow::Result<ExitCode> {
    let (made, api): (Made, api::Api) = session.client()?.put(&format!("/v1/apis/{slug}/live"), live)?;
    let since = if made == Made::Now { "from now on" } else { "as before" };
    match (&api.serving[..], api.live) {
        ([], Some(release)) => session.output.line(format_args!("live          release {release} serves {since}"))?,
        (serving, _) => {
            for one in serving {
                let text =
                    format_args!("live          release {} serves {} of 100 calls {since}", one.release, one.weight);
                session.output.line(text)?;
            }
        }
    }
    session.output.document(&api)?;
    Ok(ExitCode::SUCCESS)
}
