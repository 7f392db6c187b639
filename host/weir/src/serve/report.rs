//! What has happened to executions, on its way to the webhooks of their organisations, and of the apps whose calls have begun
//! them.

use std::time::Duration;

use anyhow::Context as _;
use catalog::Catalog;
use delivery::{Delivery, Event};
use gateway::Gateway;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;
use workflows::{Begun, Ended, Workflows};

/// Executions that are told of at once.
const MOST: u32 = 100;
/// How often it is looked whether any has ended: a webhook may be so much later.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Whom it asks, and whom it tells.
pub(super) struct Report {
    pub(super) workflows: Workflows,
    pub(super) delivery: Delivery,
    pub(super) gateway: Gateway,
    pub(super) catalog: Catalog,
}

/// Tells what comes, until `closing`.
pub(super) async fn run(report: Report, closing: CancellationToken) -> anyhow::Result<()> {
    loop {
        if let Err(error) = drain(&report).await {
            tracing::warn!(error = format!("{error:#}"), "what became of executions waits to be told");
        }
        if closing.run_until_cancelled(tokio::time::sleep(LOOK_AGAIN)).await.is_none() {
            return Ok(());
        }
    }
}

async fn drain(report: &Report) -> anyhow::Result<()> {
    let Report { workflows, delivery, .. } = report;
    loop {
        let rows = workflows.ended(MOST).await.context("could not read which executions have ended")?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        let last = *last;
        for ended in rows.into_iter().filter_map(|(_, ended)| ended) {
            delivery.close_approvals(ended.execution.clone()).await?;
            if let Some(event) = of_app(report, &ended) {
                delivery.publish(event).await?;
            }
            delivery.publish(event(ended)).await?;
        }
        workflows.told_ended(last).await.context("could not note what was told")?;
    }
}

fn event(ended: Ended) -> Event {
    let mut data = Map::new();
    data.insert("execution".to_owned(), json!(ended.execution));
    data.insert("state_machine".to_owned(), json!(ended.state_machine));
    data.insert("name".to_owned(), json!(ended.name));
    data.insert("status".to_owned(), json!(ended.status));
    data.insert("started_at".to_owned(), json!(ended.started.to_string()));
    data.insert("stopped_at".to_owned(), json!(ended.stopped.to_string()));
    let parsed = |text: &String| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    let more: [(&str, Option<Value>); 3] = [
        ("output", ended.output.as_ref().map(parsed)),
        ("error", ended.error.map(Value::from)),
        ("cause", ended.cause.map(Value::from)),
    ];
    data.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    Event {
        // An execution ends once: whatever the files are restored from, it is told once.
        source: format!("ended {}", ended.execution),
        organisation: ended.organisation,
        app: None,
        kind: kind(&ended.status),
        at: ended.stopped,
        data: Value::Object(data),
    }
}

/// The same for the app whose call has begun it: what that may see of it, and no more.
fn of_app(report: &Report, ended: &Ended) -> Option<Event> {
    let begun = Begun {
        origin: ended.origin.clone()?,
        status: ended.status.clone(),
        started: ended.started,
        stopped: Some(ended.stopped),
        output: ended.output.clone(),
        error: ended.error.clone(),
        cause: ended.cause.clone(),
    };
    let (app, shown) = report.gateway.shown_to_app(&ended.name, begun)?;
    let organisation = report.catalog.snapshot().app(app)?.organisation;
    let data = serde_json::to_value(shown).unwrap_or_default();
    let source = format!("ended {} for {app}", ended.execution);
    Some(Event { source, organisation, app: Some(app), kind: kind(&ended.status), at: ended.stopped, data })
}

fn kind(status: &str) -> String {
    format!("execution.{}", status.to_ascii_lowercase())
}
