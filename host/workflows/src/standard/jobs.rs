//! Jobs at services that nobody waits for any more. They are stopped as far as that can be done: in memory alone, so that a
//! process that dies meanwhile lets them go on.

use std::sync::Arc;
use std::time::Duration;

use history::Cursor;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::House;
use super::facts::arn;
use super::runner::{GRACE, outstayed};
use crate::sql;
use crate::work::{Owner, Submitted};

/// Jobs that wait to be stopped; more are let go on.
const WAITING_MAX: usize = 10_000;
/// Jobs that are being stopped at a time.
const AT_ONCE: usize = 16;
/// How often a stop is tried, and the pause after the first time, which doubles.
const TRIES: (u32, Duration) = (4, Duration::from_secs(1));

/// An execution that was ended from outside.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) seq: i64,
    /// The jobs that it waited for.
    pub(crate) jobs: Vec<Submitted>,
}

/// The bounds of what is stopped.
pub(super) struct Stops {
    waiting: Arc<Semaphore>,
    at_once: Semaphore,
}

impl Default for Stops {
    fn default() -> Self {
        Self { waiting: Arc::new(Semaphore::new(WAITING_MAX)), at_once: Semaphore::new(AT_ONCE) }
    }
}

/// The jobs that an execution waits for, by where its history stands.
pub(crate) fn open(db: &Connection, seq: i64, cursor: &Cursor) -> rusqlite::Result<Vec<Submitted>> {
    if cursor.inquiries().next().is_none() {
        return Ok(Vec::new());
    }
    let Some(facts) = sql::steps::facts(db, seq)? else { return Ok(Vec::new()) };
    let Ok(organisation) = facts.organisation.parse() else { return Ok(Vec::new()) };
    let (owner, arn) = (Owner { organisation, account: facts.account.clone() }, arn(&facts));
    let of = |attempt, handle| Submitted::of((&owner, &arn), attempt, handle);
    Ok(cursor.inquiries().map(|(_, attempt, inquiry)| of(attempt, inquiry.handle.clone())).collect())
}

impl House {
    /// Stops these, some at a time. Whoever asks for it does not wait.
    pub(super) fn stop_jobs(self: &Arc<Self>, jobs: Vec<Submitted>) {
        for job in jobs {
            let Ok(place) = Arc::clone(&self.stops.waiting).try_acquire_owned() else {
                tracing::warn!(
                    execution = job.execution,
                    resource = job.resource,
                    "a job goes on: too many are stopped"
                );
                continue;
            };
            let house = Arc::clone(self);
            self.spawn(async move {
                tokio::select! {
                    () = house.stop_job(&job) => {}
                    () = outstayed(&house.ending, GRACE) => {
                        tracing::warn!(execution = job.execution, resource = job.resource, "a job may go on: the host stops");
                    }
                }
                drop(place);
            });
        }
    }

    async fn stop_job(&self, job: &Submitted) {
        let (tries, mut pause) = TRIES;
        for left in (0..tries).rev() {
            // Not through the pauses: a service that is down is not waited for by those of others.
            let turn = self.stops.at_once.acquire().await;
            let stopped = self.work.stop(job.clone()).await;
            drop(turn);
            let Err(failed) = stopped else { return };
            if left == 0 {
                let (error, cause) = (&*failed.error, &*failed.cause);
                tracing::warn!(error, cause, execution = job.execution, resource = job.resource, "a job may go on");
                return;
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }
}
