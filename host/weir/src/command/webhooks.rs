//! `weir webhooks`: where an organisation, or an app, wants to be told of what happens.

use std::process::ExitCode;

use types::{AppId, EndpointId};

use super::consumers;
use super::overlap::Overlap;
use crate::cli::Session;
use crate::client::{Client, Made};

/// The commands of `weir webhooks`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Webhooks {
    /// Make a webhook and print its secret, this once; the same URL again changes its events
    Create(Create),
    /// List webhooks, without their secrets
    #[command(name = "list")]
    All(Whose),
    /// Send a webhook a message that only tries it
    Test(One),
    /// Draw a new secret and print it, this once; the one before signs beside it for a while
    Rotate(Rotate),
    /// Stop sending to a webhook, until it is enabled again
    Disable(One),
    /// Send a webhook messages again, such as after its receiver answered 410
    Enable(One),
    /// Delete a webhook: what is on its way there becomes dead letters
    Delete(One),
}

/// A new webhook.
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// Where messages go, such as https://hooks.example.com/weir
    url: String,
    /// The kinds of events that it is told of, such as execution.failed
    #[arg(long, value_name = "KIND", value_delimiter = ',', default_value = "*")]
    events: Vec<String>,
    /// What people call it
    #[arg(long, default_value = "")]
    description: String,
    #[command(flatten)]
    whose: Whose,
}

/// One webhook.
#[derive(Debug, clap::Args)]
pub(crate) struct One {
    /// Its id, which begins with whk_
    id: EndpointId,
}

/// One webhook, and how long its secret goes on.
#[derive(Debug, clap::Args)]
pub(crate) struct Rotate {
    #[command(flatten)]
    one: One,
    #[command(flatten)]
    overlap: Overlap,
}

/// An organisation, or an app.
#[derive(Debug, clap::Args)]
pub(crate) struct Whose {
    /// Whose, by name or id [default: the token's own]
    #[arg(long, value_name = "NAME")]
    organisation: Option<String>,
    /// Of which app, by name or id: that is told of what its own calls have begun [default: the organisation itself]
    #[arg(long, value_name = "APP")]
    app: Option<String>,
}

impl Whose {
    fn app(&self, client: &Client) -> anyhow::Result<Option<AppId>> {
        self.app.as_deref().map(|app| consumers::find(client, app)).transpose()
    }
}

impl Webhooks {
    /// Runs one of them.
    pub(crate) fn run(&self, session: &Session) -> anyhow::Result<ExitCode> {
        let client = session.client()?;
        match self {
            Self::Create(new) => create(session, &client, new)?,
            Self::All(whose) => list(session, &client, whose)?,
            Self::Test(one) => {
                let (_, sent): (Made, api::Delivery) = client.post(&format!("/v1/webhooks/{}/test", one.id), &())?;
                session.output.document(&sent)?;
                session.output.line(format_args!("{}   is on its way: weir deliveries show {}", sent.id, sent.id))?;
            }
            Self::Rotate(Rotate { one, overlap }) => {
                let asked = overlap.rotate();
                let (_, made): (Made, api::Webhook) =
                    client.post(&format!("/v1/webhooks/{}/rotate", one.id), &asked)?;
                session.output.document(&made)?;
                show_secret(session, &made)?;
            }
            Self::Disable(one) => change(session, &client, one, Some(false))?,
            Self::Enable(one) => change(session, &client, one, Some(true))?,
            Self::Delete(one) => {
                let gone: api::Webhook = client.delete_with(&format!("/v1/webhooks/{}", one.id), &[])?;
                session.output.document(&gone)?;
                session.output.line(format_args!("webhook       {}: deleted", gone.id))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn create(session: &Session, client: &Client, new: &Create) -> anyhow::Result<()> {
    let asked = api::NewWebhook {
        url: new.url.clone(),
        events: new.events.clone(),
        description: new.description.clone(),
        organisation: new.whose.organisation.clone(),
        app: new.whose.app(client)?,
    };
    let (_, made): (Made, api::Webhook) = client.post("/v1/webhooks", &asked)?;
    session.output.document(&made)?;
    session.output.line(format_args!("webhook       {}: {}", made.id, made.events.join(", ")))?;
    show_secret(session, &made)
}

fn show_secret(session: &Session, made: &api::Webhook) -> anyhow::Result<()> {
    match &made.secret {
        Some(secret) => session.output.line(format_args!("secret        {secret}   (shown this once)")),
        None => session.output.line(format_args!("secret        as before; `weir webhooks rotate` draws a new one")),
    }
}

fn list(session: &Session, client: &Client, whose: &Whose) -> anyhow::Result<()> {
    let mut query: Vec<_> = whose.organisation.iter().map(|name| ("organisation", name.clone())).collect();
    query.extend(whose.app(client)?.map(|app| ("app", app.to_string())));
    let all: api::Page<api::Webhook> = client.get_with("/v1/webhooks", &query)?;
    session.output.document(&all)?;
    let row = |one: &api::Webhook| {
        let state = one.disabled.as_ref().map_or_else(|| "enabled".to_owned(), |why| format!("disabled {why}"));
        let app = one.app.map_or_else(|| "-".to_owned(), |app| app.to_string());
        vec![one.id.to_string(), app, one.url.clone(), one.events.join(", "), state]
    };
    let rows: Vec<_> = all.items.iter().map(row).collect();
    session.output.table(&["WEBHOOK", "APP", "URL", "EVENTS", "STATE"], &rows)
}

fn change(session: &Session, client: &Client, one: &One, enabled: Option<bool>) -> anyhow::Result<()> {
    let change = api::WebhookChange { enabled, ..api::WebhookChange::default() };
    let changed: api::Webhook = client.patch(&format!("/v1/webhooks/{}", one.id), &change)?;
    session.output.document(&changed)?;
    let word = if changed.enabled { "enabled" } else { "disabled" };
    session.output.line(format_args!("webhook       {}: {word}", changed.id))
}
