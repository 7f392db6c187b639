//! What has happened to executions, on its way to the webhooks of their organisations.

use std::time::Duration;

use anyhow::Context as _;
use delivery::{Delivery, Event};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;
use workflows::{Ended, Workflows};

/// Executions that are told of at once.
const MOST: u32 = 100;
/// How often it is looked whether any has ended: a webhook may be so much later.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Tells what comes, until `closing`.
pub(super) async fn run(workflows: Workflows, delivery: Delivery, closing: CancellationToken) -> anyhow::Result<()> {
    loop {
        if let Err(error) = drain(&workflows, &delivery).await {
            tracing::warn!(error = format!("{error:#}"), "what became of executions waits to be told");
        }
        if closing.run_until_cancelled(tokio::time::sleep(LOOK_AGAIN)).await.is_none() {
            return Ok(());
        }
    }
}

async fn drain(workflows: &Workflows, delivery: &Delivery) -> anyhow::Result<()> {
    loop {
        let rows = workflows.ended(MOST).await.context("could not read which executions have ended")?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        let last = *last;
        for ended in rows.into_iter().filter_map(|(_, ended)| ended) {
            delivery.close_approvals(ended.execution.clone()).await?;
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
        kind: format!("execution.{}", ended.status.to_ascii_lowercase()),
        at: ended.stopped,
        data: Value::Object(data),
    }
}
