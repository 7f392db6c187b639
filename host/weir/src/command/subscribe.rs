//! `weir subscribe`: an app, its subscription and a key.

use std::process::ExitCode;

use types::KeyKind;

use super::publish::organisation;
use crate::cli::Session;
use crate::client::Made;

/// The arguments of `weir subscribe`.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(crate) struct Subscribe {
    /// The API's slug
    #[arg(long, value_name = "SLUG")]
    api: String,
    /// The plan's name
    #[arg(long, value_name = "NAME")]
    plan: String,
    /// The app's name; made when missing
    #[arg(long, value_name = "NAME")]
    app: String,
    /// Whose the app is, by name; made when missing and the token is an operator's [default: the token's own, else one called as the app]
    #[arg(long, value_name = "NAME")]
    organisation: Option<String>,
    /// What the overage of a billing period may cost, such as 12.50, in the plan's currency; `none` lifts the cap [default: as it is]
    #[arg(long, value_name = "AMOUNT")]
    spend_cap: Option<String>,
    /// Make a further key for an app that has one; an app has at most two
    #[arg(long)]
    new_key: bool,
    /// Make a test key: its calls have the same limits, counted apart, and are not billed
    #[arg(long)]
    test: bool,
}

/// What was made, for `--json`.
#[derive(serde::Serialize)]
struct Subscribed {
    app: api::App,
    subscription: api::Subscription,
    key: Option<api::Key>,
}

impl Subscribe {
    /// Subscribes.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let client = session.client()?;
        let output = session.output;
        let organisation = organisation(&client, output, self.organisation.as_deref(), &self.app)?;
        let new = api::NewApp { name: self.app.clone(), organisation: Some(organisation.id.to_string()) };
        let (made, app): (Made, api::App) = client.post("/v1/apps", &new)?;
        output.line(format_args!("app           {} ({}): {}", app.name, app.id, made.word()))?;

        let new = api::NewSubscription { app: app.id, api: self.api.clone(), plan: self.plan.clone() };
        let (made, mut subscription): (Made, api::Subscription) = client.post("/v1/subscriptions", &new)?;
        output.line(format_args!(
            "subscription  {} on {} of {}: {}",
            subscription.id,
            subscription.plan,
            subscription.api,
            made.word()
        ))?;

        if let Some(cap) = &self.spend_cap {
            let cap = api::SpendCap { amount: (cap != "none").then(|| cap.clone()) };
            (_, subscription) = client.put(&format!("/v1/subscriptions/{}/spend-cap", subscription.id), &cap)?;
        }
        if let Some(cap) = &subscription.spend_cap {
            output.line(format_args!("spend cap     {cap} of overage in a billing period"))?;
        }

        let path = format!("/v1/apps/{}/keys", app.id);
        let keys: api::Page<api::KeyEntry> = client.get(&path)?;
        let kind = if self.test { KeyKind::Test } else { KeyKind::Live };
        let key = match keys.items.iter().find(|key| key.live && KeyKind::of(&key.prefix) == Some(kind)) {
            Some(key) if !self.new_key => {
                output.line(format_args!("key           {}… is there; --new-key makes another", key.prefix))?;
                None
            }
            _ => {
                let (_, key): (Made, api::Key) =
                    client.post(&path, &api::NewKey { test: self.test, ..api::NewKey::default() })?;
                output.line(format_args!("key           {}", key.secret))?;
                output.line("              It is shown this once; send it as X-API-Key.")?;
                Some(key)
            }
        };
        output.document(&Subscribed { app, subscription, key })?;
        Ok(ExitCode::SUCCESS)
    }
}
