//! A workflows.db that cannot be written: held by another process, or on a disk that is full.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use rusqlite::{Connection, OpenFlags};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::{Value, json};
use tests::{Component, Host, Said, States};

/// How long an execution may take.
const LOOKS: usize = 1_200;

struct Scene {
    host: Host,
    states: States,
    machine: String,
    /// Acknowledged.
    started: Vec<String>,
}

impl Scene {
    fn new() -> anyhow::Result<Self> {
        let host = Host::start()?;
        host.publish_task("echo", &Component::task_echo()?)?;
        let states = States::of(&host)?;
        let task = |next: (&str, Value)| json!({ "Type": "Task", "Resource": "component:echo", next.0: next.1 });
        let machine = json!({ "StartAt": "First", "States": { "First": task(("Next", json!("Nap"))),
            "Nap": { "Type": "Wait", "Seconds": 1, "Next": "Second" }, "Second": task(("End", json!(true))) } });
        let machine = states.machine("machine", &machine)?;
        let mut scene = Self { host, states, machine, started: Vec::new() };
        for _ in 0..3 {
            ensure!(scene.start(1)?, "refused for no reason");
        }
        Ok(scene)
    }

    /// Starts an execution with so many bytes; whether that was acknowledged.
    fn start(&mut self, bytes: usize) -> anyhow::Result<bool> {
        let members = json!({ "stateMachineArn": self.machine, "input": json!("x".repeat(bytes)).to_string() });
        match self.states.ask("StartExecution", &members)? {
            Said::Done(started) => {
                self.started.push(started["executionArn"].as_str().context("an execution has an ARN")?.to_owned());
                Ok(true)
            }
            Said::Refused(name) => {
                ensure!(name == "InternalFailure" || name == "ServiceUnavailable", "refused with {name}");
                Ok(false)
            }
        }
    }

    /// Starts executions until one is refused.
    fn until_refused(&mut self, bytes: usize) -> anyhow::Result<()> {
        for _ in 0..1_000 {
            if !self.start(bytes)? {
                return Ok(());
            }
        }
        anyhow::bail!("a thousand executions were started")
    }

    /// After the trouble: what was acknowledged comes to its end, those that were refused are not there, and the books
    /// agree.
    fn well(mut self) -> anyhow::Result<()> {
        self.host.wait_until_ready()?;
        for _ in 0..LOOKS {
            if self.start(1)? {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        for execution in &self.started {
            let ended = self.ended(execution)?;
            ensure!(ended["status"] == "SUCCEEDED" && ended["output"] == ended["input"], "{ended}");
        }
        let all = self.states.all("ListExecutions", &json!({ "stateMachineArn": self.machine }), "executions")?;
        ensure!(all.len() == self.started.len(), "{} were acknowledged, {} are there", self.started.len(), all.len());
        self.host.stop()?;
        let rows = "SELECT count(*) FROM call WHERE invocation_id IS NOT NULL";
        let expected = i64::try_from(2 * self.started.len())?;
        ensure!(self.host.books()?.number(rows, [])? == expected, "not one row for each attempt");
        let (agrees, said) = self.host.again()?.reconcile()?;
        ensure!(agrees, "{said}");
        Ok(())
    }

    fn ended(&self, execution: &str) -> anyhow::Result<Value> {
        for _ in 0..LOOKS {
            let now = self.states.must("DescribeExecution", &json!({ "executionArn": execution }))?;
            if now["status"] != "RUNNING" {
                return Ok(now);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        anyhow::bail!("{execution} does not end")
    }
}

#[test]
fn executions_that_another_process_holds_up_go_on_when_it_lets_go() -> anyhow::Result<()> {
    let mut scene = Scene::new()?;
    let other = Connection::open_with_flags(scene.host.file("workflows.db"), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    other.execute_batch("BEGIN EXCLUSIVE")?;
    scene.until_refused(1)?;
    // Their waits are over meanwhile.
    std::thread::sleep(Duration::from_millis(1_500));
    scene.until_refused(1)?;
    other.execute_batch("ROLLBACK")?;
    scene.well()
}

#[test]
fn executions_that_a_full_disk_holds_up_go_on_when_there_is_room() -> anyhow::Result<()> {
    let mut scene = Scene::new()?;
    let pid = i32::try_from(scene.host.pid()).ok().and_then(Pid::from_raw);
    // No file of the process may grow beyond what its log holds now: the next pages find no room.
    let held = std::fs::metadata(scene.host.file("workflows.db-wal"))?.len();
    let before = prlimit(pid, Resource::Fsize, Rlimit { current: Some(held), maximum: None })?;
    scene.until_refused(20_000)?;
    std::thread::sleep(Duration::from_millis(1_500));
    scene.until_refused(20_000)?;
    prlimit(pid, Resource::Fsize, before)?;
    scene.well()
}
