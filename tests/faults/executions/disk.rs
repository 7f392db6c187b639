//! A disk that fails at its writes and syncs in turn, and loses its power then, under executions.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tests::disk::{Fault, Scope, alone, fail_at, register, went_by};
use types::{Clock, OrganisationId, Timestamp};
use workflows::{
    Asking, Caller, CutOff, Job, Performed, Performing, Settings, Standing, Stopping, Submitted, Work, Workflows,
};

/// Every so manieth write or sync fails, each at another place for each kind of fault.
const STRIDE: u64 = 5;
const ROLE: &str = "arn:aws:iam::123456789012:role/none";

/// Does every task at once, hands back what it was given, and remembers the tokens that it was handed.
#[derive(Default)]
struct Desk {
    tokens: Mutex<Vec<String>>,
}

impl Work for Desk {
    fn perform(&self, job: Job) -> Performing {
        let token = job.task.input["Payload"]["token"].as_str().map(str::to_owned);
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).extend(token);
        let usage = Some(format!("{}/{}", job.invocation_id, job.task.attempt));
        Box::pin(async move { Performed { answer: Ok(job.task.input), job: None, usage } })
    }

    fn ask(&self, _job: Submitted) -> Asking {
        Box::pin(async { Standing::Runs })
    }

    fn stop(&self, _job: Submitted) -> Stopping {
        Box::pin(async { Ok(()) })
    }

    fn cut_off(&self, attempt: &CutOff) -> Option<String> {
        Some(format!("{}/{}", attempt.invocation_id, attempt.attempt))
    }
}

/// A folder of executions, open.
struct House {
    workflows: Workflows,
    desk: Arc<Desk>,
    caller: Caller,
}

/// What was acknowledged.
#[derive(Debug, Default)]
struct Promises {
    started: Vec<String>,
    /// Executions, and the status that each of them must come to.
    due: Vec<(String, &'static str)>,
}

impl House {
    fn open(folder: &Path, caller: &Caller) -> anyhow::Result<Self> {
        let desk = Arc::new(Desk::default());
        let work = Arc::clone(&desk) as Arc<dyn Work>;
        let workflows = Workflows::open(&folder.join("workflows.db"), Settings::default(), Clock::system(), work)?;
        Ok(Self { workflows, desk, caller: caller.clone() })
    }

    async fn ask(&self, operation: &str, members: Value) -> Option<Value> {
        self.workflows.call(&self.caller, operation, members).await.ok()
    }

    async fn must(&self, operation: &str, members: Value) -> anyhow::Result<Value> {
        let context = format!("{operation} of {members}");
        self.workflows.call(&self.caller, operation, members).await.context(context)
    }

    /// Makes a machine, and answers with its ARN.
    async fn machine(&self, name: &str, states: &Value) -> anyhow::Result<String> {
        let definition = json!({ "StartAt": "A", "States": states }).to_string();
        let made = self.must("CreateStateMachine", json!({ "name": name, "definition": definition, "roleArn": ROLE }));
        made.await?["stateMachineArn"].as_str().map(str::to_owned).context("an ARN")
    }

    /// Starts an execution of this name, if that is acknowledged.
    async fn start(&self, machine: &str, name: &str) -> Option<String> {
        let started = self.ask("StartExecution", json!({ "stateMachineArn": machine, "name": name, "input": "[1,2]" }));
        started.await?["executionArn"].as_str().map(str::to_owned)
    }

    async fn describe(&self, execution: &str) -> anyhow::Result<Value> {
        self.must("DescribeExecution", json!({ "executionArn": execution })).await
    }

    /// Waits for the end of an execution, and answers with its status.
    async fn ended(&self, execution: &str) -> anyhow::Result<String> {
        for _ in 0..2_000 {
            let now = self.describe(execution).await?;
            if now["status"] != "RUNNING" {
                return Ok(now["status"].as_str().unwrap_or_default().to_owned());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        anyhow::bail!("{execution} does not end")
    }
}

/// Machines, one execution that waits for an answer and one that waits to be stopped.
struct Scene {
    house: House,
    works: String,
    asks: String,
    idles: String,
    token: String,
}

async fn scene(folder: &Path, caller: &Caller) -> anyhow::Result<Scene> {
    let house = House::open(folder, caller)?;
    let task = |then: (&str, Value)| json!({ "Type": "Task", "Resource": "component:echo", then.0: then.1 });
    let each = json!({ "StartAt": "C", "States": { "C": task(("End", json!(true))) } });
    let works = json!({ "A": task(("Next", json!("B"))), "B": { "Type": "Map", "ItemProcessor": each, "End": true } });
    let works = house.machine("works", &works).await?;
    let asks = json!({ "A": { "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": { "FunctionName": "echo", "Payload": { "token.$": "$$.Task.Token" } }, "End": true } });
    let asks = house.machine("asks", &asks).await?;
    let idles = house.machine("idles", &json!({ "A": { "Type": "Wait", "Seconds": 86_400, "End": true } })).await?;
    let asks = house.start(&asks, "asks").await.context("not started")?;
    let idles = house.start(&idles, "idles").await.context("not started")?;
    while house.workflows.live() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let token = house.desk.tokens.lock().unwrap_or_else(PoisonError::into_inner).first().cloned();
    Ok(Scene { house, works, asks, idles, token: token.context("no token was handed over")? })
}

/// Asks for everything once, and says what was acknowledged.
async fn ask_for_everything(scene: &Scene) -> Promises {
    let house = &scene.house;
    let mut promises = Promises::default();
    promises.started.extend(house.start(&scene.works, "first").await);
    let answer = json!({ "taskToken": scene.token, "output": "7" });
    if house.ask("SendTaskSuccess", answer).await.is_some() {
        promises.due.push((scene.asks.clone(), "SUCCEEDED"));
    }
    if house.ask("StopExecution", json!({ "executionArn": scene.idles })).await.is_some() {
        promises.due.push((scene.idles.clone(), "ABORTED"));
    }
    promises.started.extend(house.start(&scene.works, "second").await);
    promises
}

/// What was acknowledged is in `house`, and comes to its end there.
async fn check(house: &House, promises: &Promises) -> anyhow::Result<()> {
    for execution in &promises.started {
        ensure!(house.ended(execution).await? == "SUCCEEDED", "{execution} was started");
    }
    for (execution, status) in &promises.due {
        ensure!(house.ended(execution).await? == *status, "{execution} was to be {status}");
    }
    Ok(())
}

/// Each attempt at a task of an execution that has ended is in the outbox once.
async fn check_usage(house: &House, started: &[String]) -> anyhow::Result<()> {
    let used: Vec<String> = house.workflows.outbox(1_000).await?.into_iter().map(|(_, used)| used).collect();
    ensure!(used.iter().collect::<BTreeSet<_>>().len() == used.len(), "an attempt is told of twice: {used:?}");
    for execution in started {
        let of = used.iter().filter(|used| used.starts_with(&format!("{execution}:"))).count();
        ensure!(of == 3, "{of} attempts of {execution}");
    }
    Ok(())
}

/// The folder as a process finds it which starts after this one lost its power now.
fn after_power_loss(folder: &Path) -> anyhow::Result<tempfile::TempDir> {
    let copy = tempfile::tempdir()?;
    for name in ["workflows.db", "workflows.db-wal"] {
        std::fs::copy(folder.join(name), copy.path().join(name))?;
    }
    Ok(copy)
}

/// One fault at one place; `false` when nothing came so far.
async fn fault_at(call: u64, fault: Fault) -> anyhow::Result<bool> {
    let caller = Caller {
        organisation: OrganisationId::generate(Timestamp::from_micros(1_763_800_000_000_000)),
        account: "123456789012".to_owned(),
        region: "eu-central-1".to_owned(),
        actor: Caller::HOST.to_owned(),
    };
    let folder = tempfile::tempdir()?;
    let mut scene = scene(folder.path(), &caller).await?;
    fail_at(call, fault);
    let promises = ask_for_everything(&scene).await;
    let copy = after_power_loss(folder.path())?;
    // With power it goes on by itself, and takes what it has refused when it is asked for again.
    check(&scene.house, &promises).await.context("in the process that saw the fault")?;
    let mut started = Vec::new();
    for name in ["first", "second"] {
        // Refused where it is there already, and over.
        scene.house.start(&scene.works, name).await;
        let arn = format!("{}:{name}", scene.works.replace(":stateMachine:", ":execution:"));
        ensure!(scene.house.ended(&arn).await? == "SUCCEEDED", "{name}");
        started.push(arn);
    }
    let came = went_by() > call;
    fail_at(u64::MAX, fault);
    check_usage(&scene.house, &started).await?;
    let after = House::open(copy.path(), &caller)?;
    check(&after, &promises).await.context("after the power was lost")?;
    after.workflows.close().await;
    // All that it has done is on the disk, too.
    scene.house.workflows.close().await;
    scene.house = House::open(folder.path(), &caller)?;
    check_usage(&scene.house, &started).await.context("when it was opened again")?;
    scene.house.workflows.close().await;
    Ok(came)
}

#[test]
fn executions_keep_what_was_acknowledged_and_go_on_whatever_of_the_disk_fails() -> anyhow::Result<()> {
    let _alone = alone();
    register(Scope::EveryFile)?;
    let runtime = tokio::runtime::Runtime::new()?;
    for (fault, first) in Fault::ALL.into_iter().zip([0, 1, 3]) {
        let mut faults = 0;
        for call in (first..).step_by(usize::try_from(STRIDE)?) {
            let came = runtime.block_on(fault_at(call, fault)).with_context(|| format!("{fault:?} at call {call}"))?;
            if !came {
                break;
            }
            faults += 1;
        }
        eprintln!("{fault:?}: {faults} places");
        ensure!(faults > 5, "{fault:?}: only {faults} places");
    }
    Ok(())
}
