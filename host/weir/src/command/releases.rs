//! `weir releases`: what may serve an API, and what does.

use std::process::ExitCode;

use crate::cli::Session;

/// The arguments of `weir releases`.
#[derive(Debug, clap::Args)]
pub(crate) struct Releases {
    /// The API's slug
    api: String,
}

impl Releases {
    /// Lists them, the newest first.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let client = session.client()?;
        let api: api::Api = client.get(&format!("/v1/apis/{}", self.api))?;
        let mut releases: Vec<api::Release> = client.all(&format!("/v1/apis/{}/releases", self.api))?;
        releases.sort_unstable_by_key(|release| std::cmp::Reverse(release.number));
        session.output.document(&releases)?;
        let rows = releases.iter().map(|release| {
            vec![
                release.number.to_string(),
                share(&api, release.number),
                release.created_at.to_string(),
                release.world.map_or("workflow", api::World::as_str).to_owned(),
                release.digest.to_string(),
                release.routes.join(", "),
            ]
        });
        session.output.table(&["RELEASE", "SERVES", "MADE", "WORLD", "DIGEST", "ROUTES"], &rows.collect::<Vec<_>>())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What part of the calls a release serves.
fn share(api: &api::Api, number: u32) -> String {
    let total: u64 = api.serving.iter().map(|one| u64::from(one.weight)).sum();
    let own = api.serving.iter().find(|one| one.release == number).map(|one| u64::from(one.weight));
    match (own, api.live) {
        (Some(own), _) => format!("{} %", own.saturating_mul(100).checked_div(total).unwrap_or(0)),
        (None, Some(live)) if live == number && api.serving.is_empty() => "all".to_owned(),
        _ => "-".to_owned(),
    }
}
