//! `weir suspend` and `weir resume`: what stands still for a while.

use std::process::ExitCode;

use anyhow::bail;
use serde_json::Value;
use types::{KeyId, SubscriptionId};

use super::consumers;
use crate::cli::Session;
use crate::client::{Client, Made};

/// `weir suspend`.
pub(crate) type Suspend = Thing<Because>;
/// `weir resume`.
pub(crate) type Resume = Thing<Nothing>;

/// What can stand still, and what is said with it.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Thing<H: clap::Args> {
    /// An API, with all its releases
    Api {
        /// Its slug
        slug: String,
        #[command(flatten)]
        how: H,
    },
    /// A release; the others that are live take over its share
    Release {
        /// The API's slug
        slug: String,
        /// Its number
        number: u32,
        #[command(flatten)]
        how: H,
    },
    /// A plan: every version of it
    Plan {
        /// The API's slug
        slug: String,
        /// Its name
        name: String,
        /// This version alone
        #[arg(long, value_name = "N")]
        number: Option<u32>,
        #[command(flatten)]
        how: H,
    },
    /// An app, with all its keys and subscriptions
    App {
        /// Its name or id
        app: String,
        #[command(flatten)]
        how: H,
    },
    /// A key
    Key {
        /// Its id
        key: KeyId,
        #[command(flatten)]
        how: H,
    },
    /// A subscription; for the one who sells the API
    Subscription {
        /// Its id
        subscription: SubscriptionId,
        #[command(flatten)]
        how: H,
    },
}

/// Why.
#[derive(Debug, clap::Args)]
pub(crate) struct Because {
    /// Why: those whose calls are refused read it
    #[arg(long)]
    reason: String,
}

/// Nothing more.
#[derive(Debug, clap::Args)]
pub(crate) struct Nothing {}

impl<H: clap::Args> Thing<H> {
    fn how(&self) -> &H {
        match self {
            Self::Api { how, .. }
            | Self::Release { how, .. }
            | Self::Plan { how, .. }
            | Self::App { how, .. }
            | Self::Key { how, .. }
            | Self::Subscription { how, .. } => how,
        }
    }

    /// What it is, for people, and where it is: more than one place for the versions of a plan.
    fn places(&self, client: &Client) -> anyhow::Result<(String, Vec<String>)> {
        let one = |what: String, path: String| Ok((what, vec![path]));
        match self {
            Self::Api { slug, .. } => one(format!("API {slug}"), format!("/v1/apis/{slug}")),
            Self::Release { slug, number, .. } => {
                one(format!("release {number} of {slug}"), format!("/v1/apis/{slug}/releases/{number}"))
            }
            Self::Plan { slug, name, number, .. } => {
                let what = format!("plan {name} of {slug}");
                let plans: Vec<api::Plan> = client.all(&format!("/v1/apis/{slug}/plans"))?;
                let meant =
                    |plan: &&api::Plan| plan.name == *name && number.is_none_or(|number| number == plan.version);
                let paths: Vec<_> = plans.iter().filter(meant).map(|plan| format!("/v1/plans/{}", plan.id)).collect();
                if paths.is_empty() {
                    let known: Vec<_> = plans.iter().map(|plan| format!("{} {}", plan.name, plan.version)).collect();
                    bail!("there is no such {what}; there are {}", known.join(", "));
                }
                Ok((what, paths))
            }
            Self::App { app, .. } => one(format!("app {app}"), format!("/v1/apps/{}", consumers::find(client, app)?)),
            Self::Key { key, .. } => one(key.to_string(), format!("/v1/keys/{key}")),
            Self::Subscription { subscription, .. } => {
                one(subscription.to_string(), format!("/v1/subscriptions/{subscription}"))
            }
        }
    }

    /// Does `act` at each place, and says what came of it.
    fn each(
        &self,
        session: &Session,
        act: impl Fn(&Client, &str) -> anyhow::Result<Value>,
        now: &str,
    ) -> anyhow::Result<ExitCode> {
        let client = session.client()?;
        let (what, paths) = self.places(&client)?;
        let things: Vec<Value> =
            paths.iter().map(|path| act(&client, &format!("{path}/suspension"))).collect::<Result<_, _>>()?;
        session.output.document(&things)?;
        session.output.line(format_args!("{what} {now}"))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Suspend {
    /// Lets it stand still.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let because = api::Suspend { reason: self.how().reason.clone() };
        let suspend = |client: &Client, path: &str| {
            let (_, thing): (Made, Value) = client.put(path, &because)?;
            Ok(thing)
        };
        self.each(session, suspend, "stands still from the next call on")
    }
}

impl Resume {
    /// Lets it go on.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        self.each(session, |client, path| client.delete_with(path, &[]), "goes on from the next call on")
    }
}
