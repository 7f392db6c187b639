//! Executions of machines that somebody else keeps, such as those of releases.

use std::sync::Arc;
use std::time::Duration;

use asl::MachineKind;
use express::TaskFailed;
use serde_json::Value;
use types::Timestamp;

use crate::sql::executions::New;
use crate::sql::machines;
use crate::start::{self, StartChild, run_new};
use crate::tally::By;
use crate::work::{Job, Owner};
use crate::{Workflows, sql};

/// The region of machines that somebody else keeps. Nobody creates, changes or deletes them by an operation; all others
/// take their executions as they take any.
pub const REGION: &str = "local";

/// An execution to be.
#[derive(Debug, Clone)]
pub struct Begin {
    /// Whose it is.
    pub owner: Owner,
    /// The machine's name. It is made when it is new, and follows the definition when that is another.
    pub machine: String,
    /// Its type.
    pub kind: MachineKind,
    /// Its definition, which was checked.
    pub definition: Arc<str>,
    /// The execution's name: that of no other execution which was begun.
    pub name: String,
    /// JSON, at most 256 KiB.
    pub input: String,
    /// What its run draws everything that looks random from. Nobody outside can guess it.
    pub seed: u64,
    /// What is handed back with its tasks, and when it is asked for.
    pub origin: String,
}

/// Why an execution was not begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// So many of the organisation's executions run.
    #[error("{0} executions of the organisation run, which is as many as may")]
    TooMany(u64),
    /// The organisation starts executions faster than it may: how long until there may be one more.
    #[error("executions of the organisation are started faster than they may")]
    TooFast(Duration),
    /// The file has no time.
    #[error("workflows.db takes no more at the moment")]
    Busy,
    /// The file could not be written. Whether the execution has begun is not known.
    #[error("workflows.db could not be written")]
    Unwritten(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// An execution that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// As it was given.
    pub origin: String,
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub stopped: Option<Timestamp>,
    /// What it came to, JSON.
    pub output: Option<String>,
    /// The error that it failed with.
    pub error: Option<String>,
    /// More of that error.
    pub cause: Option<String>,
}

/// Why the transaction was given up.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("as many run as may")]
    TooMany,
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

impl Workflows {
    /// Begins an execution. Answers once it is on disk. Beginning one of the same name again changes nothing.
    ///
    /// # Errors
    ///
    /// See [`BeginError`].
    pub async fn begin(&self, begin: Begin) -> Result<(), BeginError> {
        let (house, at) = (&self.0, self.0.clock.now());
        house.starts.take(begin.owner.organisation, house.clock.moment()).map_err(BeginError::TooFast)?;
        let most = house.settings.running_max;
        run_new(house, By::Call, async |epoch| {
            let written = house.store.write(move |db| {
                if sql::executions::begun(db, &begin.name)?.is_some() {
                    return Ok((None, ()));
                }
                if sql::executions::running(db, &begin.owner.organisation.to_string())? >= most {
                    return Err(Refused::TooMany);
                }
                Ok((Some(insert(db, begin, at, epoch)?), ()))
            });
            written.await.map_err(|error| match error {
                store::WriteError::Refused(Refused::TooMany) => BeginError::TooMany(most),
                store::WriteError::Full => BeginError::Busy,
                error => BeginError::Unwritten(Box::new(error)),
            })
        })
        .await
    }

    /// How the execution of this name stands, if it was begun and is still kept.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn begun(&self, name: String) -> Result<Option<Begun>, store::ReadError> {
        let found = self.0.store.read(move |db| sql::executions::begun(db, &name)).await?;
        Ok(found.map(|(record, origin)| Begun {
            origin,
            status: record.status,
            started: record.started,
            stopped: record.stopped,
            output: record.output,
            error: record.error,
            cause: record.cause,
        }))
    }

    /// Does a task that starts another execution and does not wait for it, for a run that is not kept here. Once, however
    /// often it is asked for the same invocation and attempt.
    ///
    /// # Errors
    ///
    /// The error that Retry and Catch match.
    pub async fn start_for(&self, job: &Job) -> Result<Arc<Value>, TaskFailed> {
        let (task, until) = (asl::TaskId::new(job.task.invocation), stepfunctions::Until::Started);
        start::child(&self.0, StartChild { seq: 0, task, until, job }).await
    }
}

fn insert(db: &rusqlite::Connection, begin: Begin, at: Timestamp, epoch: i64) -> rusqlite::Result<i64> {
    let is_express = begin.kind == MachineKind::Express;
    let machine = machine(db, &begin, at)?;
    let definition = sql::definition(db, &begin.definition)?;
    let event = history::started(at, &history::start_details(&begin.input, ""));
    let new = New {
        machine,
        name: begin.name,
        definition,
        version: None,
        alias: None,
        is_express,
        at,
        input: begin.input,
        trace_header: None,
        seed: begin.seed,
        parent: None,
        of_run: None,
        event,
        epoch,
        origin: Some(begin.origin),
    };
    sql::executions::insert(db, &new)
}

/// The number of the machine, which is as `begin` has it from now on.
fn machine(db: &rusqlite::Connection, begin: &Begin, at: Timestamp) -> rusqlite::Result<i64> {
    let organisation = begin.owner.organisation.to_string();
    let kind = if begin.kind == MachineKind::Express { "EXPRESS" } else { "STANDARD" };
    let Some(known) = machines::find(db, (&organisation, REGION), &begin.machine)? else {
        let new = machines::New {
            organisation,
            account: begin.owner.account.clone(),
            region: REGION.to_owned(),
            name: begin.machine.clone(),
            kind,
            role_arn: String::new(),
            settings: "{}".to_owned(),
            definition: begin.definition.to_string(),
            at,
        };
        return machines::insert(db, &new);
    };
    let definition = sql::definition(db, &begin.definition)?;
    if known.definition != definition {
        let revision = uuid::Uuid::new_v4().to_string();
        machines::update(db, known.id, (definition, &known.role_arn, &known.settings, &revision), at)?;
    }
    if known.kind != kind {
        machines::change_kind(db, known.id, kind)?;
    }
    Ok(known.id)
}
