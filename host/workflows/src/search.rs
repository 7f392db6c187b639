//! Executions as operators and providers look for them: over all machines of an organisation.

use std::time::Duration;

use stepfunctions::{Arn, Thing};
use store::ReadError;
use types::{OrganisationId, Timestamp};

use crate::Workflows;
use crate::sql::search;
use crate::tally::{EndCounts, StartCounts};

/// What is looked for: all of it has to hold.
#[derive(Debug, Clone)]
pub struct Search {
    /// Whose executions.
    pub organisation: OrganisationId,
    /// Those of machines in this region.
    pub region: Option<String>,
    /// Those of machines of this name.
    pub machine: Option<String>,
    /// Those of this status, such as `FAILED`.
    pub status: Option<String>,
    /// Those whose name begins so.
    pub name: Option<String>,
    /// Those that started then or later.
    pub since: Option<Timestamp>,
    /// Those that started before.
    pub until: Option<Timestamp>,
    /// Go on after this one.
    pub before: Option<i64>,
    /// How many at most.
    pub most: u32,
}

/// What a list shows of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its place in the order of starts.
    pub seq: i64,
    /// Its whole name.
    pub arn: String,
    /// Its machine's name.
    pub machine: String,
    /// Its own name.
    pub name: String,
    /// Whether it is one of an express machine.
    pub is_express: bool,
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: String,
    /// When it started.
    pub started: Timestamp,
    /// When it ended.
    pub stopped: Option<Timestamp>,
}

/// One execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// What a list shows.
    pub summary: Summary,
    /// JSON.
    pub input: String,
    /// JSON.
    pub output: Option<String>,
    /// The error that it failed with.
    pub error: Option<String>,
    /// More of that error.
    pub cause: Option<String>,
}

/// How many run and how many are in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Executions that have not ended.
    pub running: u64,
    /// Those of them that are in memory; the others wait in the file.
    pub live: u64,
    /// Facts that others have not been told.
    pub outbox: u64,
    /// How long what the clock moves on has been due, and has not been moved on: zero where the clock is kept up with.
    pub late: Duration,
    /// What was started since the file was opened.
    pub started: StartCounts,
    /// What has ended since.
    pub ended: EndCounts,
}

impl Workflows {
    /// The newest that fit, and where to go on, if anywhere. One search looks through 100,000 executions of the host: a
    /// page may be short, or empty, and still go on.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn search(&self, search: Search) -> Result<(Vec<Summary>, Option<i64>), ReadError> {
        self.0.store.read(move |db| search::page(db, &search)).await
    }

    /// The execution of this ARN, of either type, if it is this organisation's.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn execution(&self, organisation: OrganisationId, arn: &str) -> Result<Option<Detail>, ReadError> {
        let Some(arn) = Arn::parse(arn) else { return Ok(None) };
        let (machine, name, seed) = match arn.thing.clone() {
            Thing::Execution { machine, name } => (machine, name, None),
            Thing::Express { machine, name, id } => match u64::from_str_radix(&id, 16) {
                Ok(seed) => (machine, name, Some(seed)),
                Err(_) => return Ok(None),
            },
            _ => return Ok(None),
        };
        self.0
            .store
            .read(move |db| {
                search::one(db, (&organisation.to_string(), &arn.account, &arn.region), (&machine, &name, seed))
            })
            .await
    }

    /// How much there is of what runs.
    ///
    /// # Errors
    ///
    /// The file could not be read.
    pub async fn counts(&self) -> Result<Counts, ReadError> {
        let epoch = self.0.epoch;
        let (running, outbox, due) = self.0.store.read(move |db| search::counts(db, epoch)).await?;
        let (now, house) = (self.0.clock.now(), &self.0);
        Ok(Counts {
            running,
            outbox,
            live: u64::try_from(self.live()).unwrap_or(u64::MAX),
            late: due.map_or(Duration::ZERO, |due| now.since(Timestamp::from_micros(due))),
            started: house.tally.starts(),
            ended: house.tally.ends(),
        })
    }
}
