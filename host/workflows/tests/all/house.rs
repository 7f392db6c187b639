//! A folder with a workflows.db, and work that the test decides on.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use express::TaskFailed;
use serde_json::{Value, json};
use stepfunctions::OperationError;
use tempfile::TempDir;
use types::{Clock, OrganisationId};
use workflows::{Asking, Caller, CutOff, Job, Performed, Performing, Settings, Stopping, Submitted, Work, Workflows};

use crate::service::Service;

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "eu-west-1";
/// Who asks, as acts have it.
pub(crate) const ACTOR: &str = "tok_of_the_test";
pub(crate) const ROLE: &str = "arn:aws:iam::123456789012:role/workflows";

/// Answers tasks by their resource, and counts how often each invocation was asked for.
#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) asked: Mutex<HashMap<String, u32>>,
    pub(crate) jobs: AtomicUsize,
    /// Whether `broken` tasks work now.
    pub(crate) is_mended: AtomicBool,
    /// Does the jobs of tasks, wherever the host is.
    pub(crate) service: Arc<Service>,
}

impl Work for Desk {
    fn perform(&self, job: Job) -> Performing {
        self.jobs.fetch_add(1, Ordering::SeqCst);
        *self.asked.lock().unwrap().entry(format!("{}/{}", job.invocation_id, job.task.attempt)).or_default() += 1;
        if job.task.resource.ends_with(".sync") {
            return self.service.take(&job);
        }
        let is_mended = self.is_mended.load(Ordering::SeqCst);
        Box::pin(async move {
            let attempt = format!("{}/{}", job.invocation_id, job.task.attempt);
            let name = job.task.resource.rsplit(':').next().unwrap_or_default().to_owned();
            let answer = match &*name {
                "fail" => Err(TaskFailed { error: "Broken".into(), cause: "it is broken".to_owned() }),
                "broken" if !is_mended => Err(TaskFailed { error: "Broken".into(), cause: "it is broken".to_owned() }),
                "fail-once" if job.task.attempt == 1 => {
                    Err(TaskFailed { error: "Broken".into(), cause: "it is broken".to_owned() })
                }
                "never" => std::future::pending().await,
                // Stops when it is told to, as a component does, and says what it has used.
                "metered" => {
                    job.halt.cancelled().await;
                    let answer = Err(TaskFailed { error: "Stopped".into(), cause: String::new() });
                    return Performed { answer, job: None, usage: Some(attempt) };
                }
                // Takes its time to say so.
                "metered-late" => {
                    job.halt.cancelled().await;
                    tokio::time::sleep(Duration::from_millis(600)).await;
                    let answer = Err(TaskFailed { error: "Stopped".into(), cause: String::new() });
                    return Performed { answer, job: None, usage: Some(attempt) };
                }
                "metered-slow" => {
                    tokio::time::sleep(Duration::from_millis(400)).await;
                    return Performed { answer: Ok(job.task.input), job: None, usage: Some(attempt) };
                }
                "metered-once" => {
                    return Performed { answer: Ok(job.task.input), job: None, usage: Some(attempt) };
                }
                "slow" => {
                    tokio::time::sleep(Duration::from_millis(30)).await;
                    Ok(job.task.input)
                }
                "add-one" => Ok(Arc::new(json!(job.task.input.as_i64().unwrap_or_default() + 1))),
                _ => Ok(job.task.input),
            };
            Performed { answer, job: None, usage: None }
        })
    }

    fn ask(&self, job: Submitted) -> Asking {
        let standing = self.service.ask(&job);
        Box::pin(async move {
            match standing {
                Some(standing) => standing,
                None => std::future::pending().await,
            }
        })
    }

    fn stop(&self, job: Submitted) -> Stopping {
        let stopped = self.service.stop(&job);
        Box::pin(async move { stopped })
    }

    fn cut_off(&self, attempt: &CutOff) -> Option<String> {
        let is_metered = attempt.resource.rsplit(':').next().is_some_and(|name| name.starts_with("metered"));
        is_metered.then(|| format!("{}/{} {}", attempt.invocation_id, attempt.attempt, attempt.outcome))
    }
}

pub(crate) struct House {
    pub(crate) workflows: Workflows,
    pub(crate) desk: Arc<Desk>,
    pub(crate) clock: Clock,
    pub(crate) caller: Caller,
    folder: Arc<TempDir>,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(Clock::system())
    }

    pub(crate) fn with(clock: Clock) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let caller = Caller {
            organisation: OrganisationId::generate(types::Timestamp::from_micros(1_763_800_000_000_000)),
            account: ACCOUNT.to_owned(),
            region: REGION.to_owned(),
            actor: ACTOR.to_owned(),
        };
        Self::open(folder, caller, clock, Settings::default())
    }

    pub(crate) fn open(folder: Arc<TempDir>, caller: Caller, clock: Clock, settings: Settings) -> Self {
        Self::open_beside(folder, caller, (clock, settings), Arc::default())
    }

    fn open_beside(
        folder: Arc<TempDir>,
        caller: Caller,
        (clock, settings): (Clock, Settings),
        service: Arc<Service>,
    ) -> Self {
        let desk = Arc::new(Desk { service, ..Desk::default() });
        let path: PathBuf = folder.path().join("workflows.db");
        let workflows = Workflows::open(&path, settings, clock.clone(), Arc::clone(&desk) as Arc<dyn Work>).unwrap();
        Self { workflows, desk, clock, caller, folder }
    }

    /// A file that a former version wrote, as a dump, opened at `clock`.
    pub(crate) fn of_dump(dump: &str, clock: Clock) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE | rusqlite::OpenFlags::SQLITE_OPEN_CREATE;
        let db = rusqlite::Connection::open_with_flags(folder.path().join("workflows.db"), flags).unwrap();
        db.execute_batch(dump).unwrap();
        let organisation: String = db.query_row("SELECT organisation FROM machine", [], |row| row.get(0)).unwrap();
        drop(db);
        let organisation = organisation.parse().unwrap();
        let (account, region, actor) = (ACCOUNT.to_owned(), REGION.to_owned(), ACTOR.to_owned());
        let caller = Caller { organisation, account, region, actor };
        Self::open(folder, caller, clock, Settings::default())
    }

    /// A copy of the file and of its log as they are now, the log cut to so many bytes.
    pub(crate) fn copied(&self, log_bytes: u64) -> Arc<TempDir> {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        for name in ["workflows.db", "workflows.db-wal"] {
            std::fs::copy(self.folder.path().join(name), folder.path().join(name)).unwrap();
        }
        let log = std::fs::OpenOptions::new().write(true).open(folder.path().join("workflows.db-wal")).unwrap();
        log.set_len(log_bytes).unwrap();
        folder
    }

    /// Bytes of the log.
    pub(crate) fn log_bytes(&self) -> u64 {
        std::fs::metadata(self.folder.path().join("workflows.db-wal")).unwrap().len()
    }

    /// The same folder, opened by another process as it were.
    pub(crate) async fn reopened(self) -> Self {
        self.reopened_with(Settings::default()).await
    }

    pub(crate) async fn reopened_with(self, settings: Settings) -> Self {
        self.workflows.close().await;
        let service = Arc::clone(&self.desk.service);
        Self::open_beside(self.folder, self.caller, (self.clock, settings), service)
    }

    pub(crate) async fn ask(&self, operation: &str, body: Value) -> Result<Value, OperationError> {
        self.workflows.call(&self.caller, operation, body).await
    }

    pub(crate) async fn call(&self, operation: &str, body: Value) -> Value {
        match self.ask(operation, body).await {
            Ok(answer) => answer,
            Err(error) => panic!("{operation}: {error}"),
        }
    }

    /// The name of the error that an operation is refused with.
    pub(crate) async fn refused(&self, operation: &str, body: Value) -> &'static str {
        self.ask(operation, body).await.expect_err("it must be refused").name
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("workflows.db")
    }

    /// A number out of the file.
    pub(crate) fn number(&self, sql: &str) -> i64 {
        let db = store::open_read_only(&self.file()).unwrap();
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// Where the objects of the caller lie.
    pub(crate) fn objects(&self) -> PathBuf {
        self.folder.path().join("objects").join(self.caller.organisation.to_string())
    }

    /// Puts an object there.
    pub(crate) fn put(&self, bucket: &str, key: &str, text: &str) {
        let path = self.objects().join(bucket).join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Makes a machine, and answers with its ARN.
    pub(crate) async fn machine(&self, name: &str, definition: &Value) -> String {
        self.machine_of("STANDARD", name, definition).await
    }

    pub(crate) async fn machine_of(&self, kind: &str, name: &str, definition: &Value) -> String {
        let body = json!({ "name": name, "definition": definition.to_string(), "roleArn": ROLE, "type": kind });
        text(&self.call("CreateStateMachine", body).await, "stateMachineArn")
    }

    /// Starts an execution, and answers with its ARN.
    pub(crate) async fn start(&self, machine: &str, input: Value) -> String {
        let body = json!({ "stateMachineArn": machine, "input": input.to_string() });
        text(&self.call("StartExecution", body).await, "executionArn")
    }

    pub(crate) async fn describe(&self, execution: &str) -> Value {
        self.call("DescribeExecution", json!({ "executionArn": execution })).await
    }

    /// Waits for its end, and answers with what it is then.
    pub(crate) async fn ended(&self, execution: &str) -> Value {
        for _ in 0..2_000 {
            let now = self.describe(execution).await;
            if now["status"] != "RUNNING" {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{execution} does not end: {}", self.describe(execution).await);
    }

    /// Runs a definition to its end.
    pub(crate) async fn run(&self, definition: &Value, input: Value) -> Value {
        let machine = self.machine("machine", definition).await;
        let execution = self.start(&machine, input).await;
        self.ended(&execution).await
    }

    pub(crate) async fn history(&self, execution: &str) -> Vec<Value> {
        let answer = self.call("GetExecutionHistory", json!({ "executionArn": execution, "maxResults": 1000 })).await;
        answer["events"].as_array().unwrap().clone()
    }
}

pub(crate) fn text(answer: &Value, member: &str) -> String {
    answer[member].as_str().unwrap_or_else(|| panic!("{member} in {answer}")).to_owned()
}

/// A state that asks for `resource`, and ends.
pub(crate) fn task(resource: &str) -> Value {
    json!({ "StartAt": "Work", "States": { "Work": { "Type": "Task", "Resource": function(resource), "End": true } } })
}

pub(crate) fn function(name: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}")
}

/// `id type previous`, event by event.
pub(crate) fn lines(events: &[Value]) -> Vec<String> {
    let line = |event: &Value| {
        format!("{} {} {}", event["id"], event["type"].as_str().unwrap_or_default(), event["previousEventId"])
    };
    events.iter().map(line).collect()
}
