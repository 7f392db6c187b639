//! `weir apps`, `weir keys` and `weir subscriptions`: who calls.

use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use api::At;
use types::{AppId, KeyId, Timestamp};

use super::overlap::Overlap;
use crate::cli::Session;
use crate::client::{Client, Made};

/// The arguments of `weir apps`.
#[derive(Debug, clap::Args)]
pub(crate) struct Apps {}

impl Apps {
    /// Lists them.
    #[expect(clippy::unused_self, reason = "as every command")]
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let apps: Vec<api::App> = session.client()?.all("/v1/apps")?;
        session.output.document(&apps)?;
        let rows = apps.iter().map(|app| vec![app.id.to_string(), app.name.clone(), app.organisation.to_string()]);
        session.output.table(&["APP", "NAME", "ORGANISATION"], &rows.collect::<Vec<_>>())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The arguments of `weir subscriptions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Subscriptions {
    /// Only those to one API, by its slug
    #[arg(long, value_name = "SLUG")]
    api: Option<String>,
}

impl Subscriptions {
    /// Lists them.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let mut all: Vec<api::Subscription> = session.client()?.all("/v1/subscriptions")?;
        all.retain(|one| self.api.as_ref().is_none_or(|slug| *slug == one.api));
        session.output.document(&all)?;
        let rows = all.iter().map(|one| {
            vec![
                one.id.to_string(),
                one.api.clone(),
                one.plan.clone(),
                one.app.to_string(),
                one.anchor.to_string(),
                one.spend_cap.clone().unwrap_or_else(|| "-".to_owned()),
                state(one.suspended.as_ref(), "active"),
            ]
        });
        session
            .output
            .table(&["SUBSCRIPTION", "API", "PLAN", "APP", "SINCE", "SPEND CAP", "STATE"], &rows.collect::<Vec<_>>())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The arguments of `weir keys`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Keys {
    /// List the keys of an app, without their secrets
    List {
        /// The app's name or id
        app: String,
    },
    /// Make a key for an app, and print it once; an app has at most two
    New {
        /// The app's name or id
        app: String,
        /// Make a test key: its calls have the same limits, counted apart, and are not billed
        #[arg(long)]
        test: bool,
        /// When it ends by itself, such as `2027-01-31T00:00:00Z`
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// Make a key's successor, and print it once; the old one goes on for a while
    Rotate {
        /// The key's id
        key: KeyId,
        #[command(flatten)]
        overlap: Overlap,
    },
    /// Disable a key: its next call is refused. It cannot be undone
    Disable {
        /// The key's id
        key: KeyId,
        /// Why, for the record
        #[arg(long)]
        reason: String,
    },
}

impl Keys {
    /// Does it.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let (client, output) = (session.client()?, session.output);
        match self {
            Self::List { app } => {
                let path = format!("/v1/apps/{}/keys", find(&client, app)?);
                let keys: Vec<api::KeyEntry> = client.all(&path)?;
                output.document(&keys)?;
                let rows: Vec<_> = keys.iter().map(key_row).collect();
                output.table(&["KEY", "BEGINS WITH", "MADE", "ENDS", "STATE"], &rows)?;
            }
            Self::New { app, test, expires } => {
                let expires_at = expires.as_deref().map(Timestamp::parse).transpose();
                let expires_at = expires_at
                    .map_err(|text| anyhow!("--expires {text:?} is not a time such as 2027-01-31T00:00:00Z"))?;
                let new = api::NewKey { test: *test, expires_at: expires_at.map(At) };
                let path = format!("/v1/apps/{}/keys", find(&client, app)?);
                let (_, key): (Made, api::Key) = client.post(&path, &new)?;
                output.document(&key)?;
                output.line(format_args!("{}\n{}   (shown this once)", key.id, key.secret))?;
            }
            Self::Rotate { key, overlap } => {
                let (_, made): (Made, api::Key) = client.post(&format!("/v1/keys/{key}/rotate"), &overlap.rotate())?;
                output.document(&made)?;
                output.line(format_args!("{}\n{}   (shown this once)", made.id, made.secret))?;
            }
            Self::Disable { key, reason } => {
                let new = api::KeyDisabled { reason: reason.clone() };
                let (_, answer): (Made, serde_json::Value) = client.post(&format!("/v1/keys/{key}/disable"), &new)?;
                output.document(&answer)?;
                output.line(format_args!("{key} is disabled from the next call on"))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn key_row(key: &api::KeyEntry) -> Vec<String> {
    let state = if key.live { state(key.suspended.as_ref(), "live") } else { "ended".to_owned() };
    vec![
        key.id.to_string(),
        format!("{}…", key.prefix),
        key.created_at.to_string(),
        key.expires_at.map_or_else(|| "-".to_owned(), |at| at.to_string()),
        state,
    ]
}

/// The app that a name or an id means.
pub(super) fn find(client: &Client, app: &str) -> anyhow::Result<AppId> {
    if let Ok(id) = app.parse() {
        return Ok(id);
    }
    let apps: Vec<api::App> = client.all("/v1/apps")?;
    let named: Vec<&api::App> = apps.iter().filter(|one| one.name == app).collect();
    match named.as_slice() {
        [one] => Ok(one.id),
        [] => Err(anyhow!("there is no app {app:?} that this token may see: `weir apps` lists those that there are")),
        more => {
            let ids = more.iter().map(|one| one.id.to_string()).collect::<Vec<_>>().join(", ");
            Err(anyhow!("{ids} are all called {app:?}")).context("name the app by its id")
        }
    }
}

/// How a thing stands, for a table.
fn state(suspended: Option<&api::Suspension>, else_word: &str) -> String {
    suspended.map_or_else(|| else_word.to_owned(), |one| format!("suspended: {}", one.reason))
}
