//! Tasks that ask people: the room of deliveries asks, and what was decided is told to the execution.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use delivery::{Answer, Ask, AskError, Delivery, Told};
use express::TaskFailed;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use workflows::{Asking, Caller, CutOff, Job, Performed, Performing, Stopping, Submitted, Work, Workflows};

/// The `Resource` of a task that asks, without the suffix by which it waits.
const RESOURCE: &str = "arn:aws:states:::approval:request";
/// Answers that are given at once.
const MOST: u32 = 100;
/// After a failure, and when nobody says that there is something new.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How Step Functions says that nobody waits for an answer.
const TOO_LATE: [&str; 3] = ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"];

/// All other work, and this.
pub(super) struct WithApprovals {
    pub(super) others: Arc<dyn Work>,
    pub(super) delivery: Delivery,
}

impl Work for WithApprovals {
    fn perform(&self, job: Job) -> Performing {
        if &*job.task.resource != RESOURCE {
            return self.others.perform(job);
        }
        let delivery = self.delivery.clone();
        Box::pin(async move {
            let asked = delivery.ask(ask(&job)).await.map(|()| Arc::new(json!({}))).map_err(|error| failed(&error));
            Performed { answer: asked, job: None, usage: None }
        })
    }

    fn ask(&self, job: Submitted) -> Asking {
        // No approval is a job: its end comes by its token.
        self.others.ask(job)
    }

    fn stop(&self, job: Submitted) -> Stopping {
        self.others.stop(job)
    }

    fn cut_off(&self, attempt: &CutOff) -> Option<String> {
        // Asking is in no books.
        if attempt.resource == RESOURCE { None } else { self.others.cut_off(attempt) }
    }
}

fn ask(job: &Job) -> Ask {
    // arn:aws:states:REGION:ACCOUNT:execution:…
    let region = job.execution.split(':').nth(3).unwrap_or_default();
    Ask {
        organisation: job.owner.organisation,
        account: job.owner.account.clone(),
        region: region.to_owned(),
        execution: job.execution.clone(),
        state: job.task.state.as_str().to_owned(),
        invocation: job.invocation_id.clone(),
        attempt: job.task.attempt,
        input: (*job.task.input).clone(),
    }
}

fn failed(error: &AskError) -> TaskFailed {
    match error {
        AskError::Member { .. } => TaskFailed { error: "Approval.InvalidParameters".into(), cause: error.to_string() },
        AskError::Delivery(cause) => {
            tracing::error!(error = cause as &dyn std::error::Error, "an approval could not be asked for");
            TaskFailed { error: "Approval.Unavailable".into(), cause: error.to_string() }
        }
    }
}

/// Tells executions what was decided, until `closing`.
pub(super) async fn run(delivery: Delivery, workflows: Workflows, closing: CancellationToken) -> anyhow::Result<()> {
    loop {
        if let Err(error) = drain(&delivery, &workflows).await {
            tracing::warn!(error = format!("{error:#}"), "what was decided waits to be told");
        }
        tokio::select! {
            () = closing.cancelled() => return Ok(()),
            () = delivery.decided() => {}
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

async fn drain(delivery: &Delivery, workflows: &Workflows) -> anyhow::Result<()> {
    loop {
        let rows = delivery.answers(MOST).await.context("could not read what was decided")?;
        if rows.is_empty() {
            return Ok(());
        }
        for (seq, answer) in rows {
            let told = match answer {
                Some(answer) => tell(workflows, answer).await?,
                None => {
                    tracing::error!(seq, "a decision cannot be told: its token cannot be read with this host's key");
                    Told::Late
                }
            };
            delivery.answered(seq, told).await.context("could not note what was told")?;
        }
    }
}

/// Tells one execution.
async fn tell(workflows: &Workflows, answer: Answer) -> anyhow::Result<Told> {
    let Answer { organisation, account, region, operation, input, .. } = answer;
    let caller = Caller { organisation, account, region, actor: Caller::HOST.to_owned() };
    match workflows.call(&caller, operation, input).await {
        Ok(_) => Ok(Told::InTime),
        Err(error) if TOO_LATE.contains(&error.name) => Ok(Told::Late),
        Err(error) => Err(anyhow::anyhow!("{operation}: {error}")),
    }
}
