//! Executions as they run: claimed, loaded, stepped, parked and closed.

use std::sync::Arc;

use history::Attempt;
use rusqlite::{Connection, OptionalExtension as _, params};
use types::Timestamp;

use super::cut_off;

/// An execution as its runner needs it.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) organisation: String,
    pub(crate) account: String,
    pub(crate) region: String,
    /// With the label of the map run that it is a child of.
    pub(crate) machine_name: String,
    pub(crate) role_arn: String,
    pub(crate) name: String,
    pub(crate) definition: i64,
    pub(crate) is_express: bool,
    pub(crate) started: Timestamp,
    pub(crate) input: String,
    pub(crate) seed: u64,
    pub(crate) revision: i64,
    pub(crate) parent: Option<Parent>,
    /// What whoever began it wants to be handed back.
    pub(crate) origin: Option<Arc<str>>,
    pub(crate) redrives: u32,
    pub(crate) redriven: Option<Timestamp>,
    /// It was begun again at this moment, and no step has said so.
    pub(crate) redriving: Option<Timestamp>,
    /// The frames, and where the history stands; none before the first step. There are no frames yet where an execution
    /// was stopped before its first step and is begun again.
    pub(crate) frames: Option<(Vec<u8>, String)>,
}

/// The task that started an execution and waits for its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parent {
    pub(crate) execution: i64,
    pub(crate) task: u64,
    /// How the output is handed on: `text`, `document`; or `none`, when nobody waits.
    pub(crate) mode: String,
}

/// What one step writes.
#[derive(Debug, Default)]
pub(crate) struct Step {
    pub(crate) seq: i64,
    pub(crate) epoch: i64,
    pub(crate) revision: i64,
    pub(crate) at: Timestamp,
    /// Of one that ends: what it can be begun again from, if it can.
    pub(crate) frames: Vec<u8>,
    pub(crate) cursor: String,
    pub(crate) events: Option<(u64, String)>,
    pub(crate) tokens: Vec<NewToken>,
    /// Tasks that are not waited for any more.
    pub(crate) given_up: Vec<u64>,
    /// The last thing from outside that this step takes up.
    pub(crate) taken: i64,
    /// When it has to be looked at next; `None` where only somebody outside can move it.
    pub(crate) wake: Option<Timestamp>,
    /// It leaves the memory.
    pub(crate) park: bool,
    pub(crate) closing: Option<Closing>,
    /// Attempts that are not waited for any more, by their tasks. They may still say what they have used.
    pub(crate) cut_off: Vec<(u64, Attempt)>,
    /// What attempts that have ended have used.
    pub(crate) settle: Vec<Used>,
    pub(crate) map_runs: Vec<super::map_runs::New>,
}

/// What an attempt at a task has used.
#[derive(Debug, Clone)]
pub(crate) struct Used {
    /// `None`: it is of an express execution, whose tasks the file does not know.
    pub(crate) task: Option<u64>,
    /// In the words of whoever keeps the books.
    pub(crate) body: String,
}

/// A task that somebody outside is to answer.
#[derive(Debug)]
pub(crate) struct NewToken {
    pub(crate) task: u64,
    /// Of the token that the answer has to show; an activity's is drawn when a worker takes it up.
    pub(crate) sha256: Option<[u8; 32]>,
    pub(crate) activity: Option<ActivityTask>,
}

/// What a worker is given.
#[derive(Debug)]
pub(crate) struct ActivityTask {
    /// The activity's ARN.
    pub(crate) resource: String,
    pub(crate) input: String,
    /// What the execution is told when there is no such activity.
    pub(crate) missing: String,
}

/// How an execution ends.
#[derive(Debug)]
pub(crate) struct Closing {
    pub(crate) status: &'static str,
    pub(crate) output: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) cause: Option<String>,
    /// Until when its frames are kept.
    pub(crate) until: Option<Timestamp>,
    /// Whom to tell, and what.
    pub(crate) parent: Option<(i64, String)>,
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stepped {
    /// It is written. `more`: something else has happened meanwhile, and it did not park.
    Written { more: bool },
    /// The claim is lost: somebody has stopped it, or another process runs it. Nothing was written.
    Lost,
}

pub(crate) fn step(db: &Connection, step: &Step) -> rusqlite::Result<Stepped> {
    let waiting = db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM inbox WHERE execution = ? AND id > ?)")?
        .query_row(params![step.seq, step.taken], |row| row.get::<_, bool>(0))?;
    let more = waiting && step.closing.is_none();
    let parks = step.park && !more;
    let epoch = if parks || step.closing.is_some() { 0 } else { step.epoch };
    let wake = match (parks, step.wake) {
        (true, wake) => wake.map(Timestamp::as_micros),
        (false, _) => Some(0),
    };
    if !advance(db, step, epoch, wake)? {
        return Ok(Stepped::Lost);
    }
    if let Some((first, events)) = &step.events {
        append(db, step.seq, *first, events)?;
    }
    for task in &step.given_up {
        db.prepare_cached(
            "UPDATE token SET status = 'CLOSED' WHERE execution = ? AND task = ? AND status IN ('READY', 'OPEN')",
        )?
        .execute(params![step.seq, unsigned(*task)])?;
        super::map_runs::abort(db, step.seq, Some(*task), step.at)?;
    }
    for (task, attempt) in &step.cut_off {
        cut_off::note(db, step.seq, (*task, attempt), step.at)?;
    }
    owe(db, step.seq, &step.settle)?;
    if step.taken > 0 {
        db.prepare_cached("DELETE FROM inbox WHERE execution = ? AND id <= ?")?.execute([step.seq, step.taken])?;
    }
    match &step.closing {
        Some(closing) => {
            super::executions::count_ended(db, step.seq)?;
            super::map_runs::child_ended(db, step.seq, closing.status)?;
            super::map_runs::abort(db, step.seq, None, step.at)?;
            close(db, step.seq)?;
            match closing.until {
                Some(until) => put_frames(db, step, Some(until))?,
                None => {
                    db.prepare_cached("DELETE FROM frames WHERE execution = ?")?.execute([step.seq])?;
                }
            }
            if let Some((parent, body)) = &closing.parent {
                tell(db, *parent, body)?;
            }
        }
        None => {
            for token in &step.tokens {
                open_token(db, step, token)?;
            }
            for new in &step.map_runs {
                super::map_runs::begin(db, step.seq, new, step.at)?;
            }
            put_frames(db, step, None)?;
        }
    }
    Ok(Stepped::Written { more })
}

fn put_frames(db: &Connection, step: &Step, until: Option<Timestamp>) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO frames(execution, state, cursor, until_us) VALUES (?, ?, ?, ?) ON CONFLICT(execution)
         DO UPDATE SET state = excluded.state, cursor = excluded.cursor, until_us = excluded.until_us",
    )?
    .execute(params![step.seq, step.frames, step.cursor, until.map(Timestamp::as_micros)])?;
    Ok(())
}

/// Moves the row of an execution on, if the claim still holds.
fn advance(db: &Connection, step: &Step, epoch: i64, wake: Option<i64>) -> rusqlite::Result<bool> {
    let updated = match &step.closing {
        None => db
            .prepare_cached(
                "UPDATE execution SET revision = revision + 1, epoch = ?, wake_us = ?, redriving = 0
                 WHERE seq = ? AND epoch = ? AND revision = ? AND status = 'RUNNING'",
            )?
            .execute(params![epoch, wake, step.seq, step.epoch, step.revision])?,
        Some(closing) => db
            .prepare_cached(
                "UPDATE execution SET revision = revision + 1, epoch = 0, wake_us = NULL, redriving = 0, status = ?,
                   stopped_us = ?, output = ?, error = ?, cause = ?
                 WHERE seq = ? AND epoch = ? AND revision = ? AND status = 'RUNNING'",
            )?
            .execute(params![
                closing.status,
                step.at.as_micros(),
                closing.output,
                closing.error,
                closing.cause,
                step.seq,
                step.epoch,
                step.revision
            ])?,
    };
    Ok(updated > 0)
}

fn open_token(db: &Connection, step: &Step, token: &NewToken) -> rusqlite::Result<()> {
    let mut activity = None;
    if let Some(task) = &token.activity {
        activity = super::activities::of_execution(db, step.seq, &task.resource)?;
        if activity.is_none() {
            return tell(db, step.seq, &task.missing);
        }
    }
    let input = token.activity.as_ref().map(|task| &task.input);
    let status = if activity.is_some() { "READY" } else { "OPEN" };
    db.prepare_cached(
        "INSERT INTO token(execution, task, sha256, activity, input, status, created_us) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        step.seq,
        unsigned(token.task),
        token.sha256.as_ref().map(|sha256| &sha256[..]),
        activity,
        input,
        status,
        step.at.as_micros()
    ])?;
    Ok(())
}

/// Adds the events of one step to a history.
pub(crate) fn append(db: &Connection, seq: i64, first: u64, events: &str) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT INTO history(execution, first, events) VALUES (?, ?, ?)")?.execute(params![
        seq,
        unsigned(first),
        events
    ])?;
    Ok(())
}

/// Removes what only a running execution needs, but for its frames.
pub(crate) fn close(db: &Connection, seq: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM inbox WHERE execution = ?")?.execute([seq])?;
    db.prepare_cached("UPDATE token SET status = 'CLOSED' WHERE execution = ? AND status IN ('READY', 'OPEN')")?
        .execute([seq])?;
    Ok(())
}

/// Puts something that has happened outside before a running execution.
pub(crate) fn tell(db: &Connection, seq: i64, body: &str) -> rusqlite::Result<()> {
    let running =
        db.prepare_cached("UPDATE execution SET wake_us = 0 WHERE seq = ? AND status = 'RUNNING'")?.execute([seq])?;
    if running > 0 {
        db.prepare_cached("INSERT INTO inbox(execution, body) VALUES (?, ?)")?.execute(params![seq, body])?;
    }
    Ok(())
}

/// What has happened outside since the one numbered `after`, at most `limit`, oldest first.
pub(crate) fn happened(db: &Connection, seq: i64, after: i64, limit: u32) -> rusqlite::Result<Vec<(i64, String)>> {
    db.prepare_cached("SELECT id, body FROM inbox WHERE execution = ? AND id > ? ORDER BY id LIMIT ?")?
        .query_map(params![seq, after, limit], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// When the next execution that nobody runs has to be looked at.
pub(crate) fn next_due(db: &Connection, epoch: i64) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached(
        "SELECT min(wake_us) FROM execution WHERE status = 'RUNNING' AND wake_us IS NOT NULL AND epoch <> ?",
    )?
    .query_row([epoch], |row| row.get(0))
}

/// Claims executions that are due, the longest due first.
pub(crate) fn claim_due(db: &Connection, epoch: i64, now: Timestamp, most: usize) -> rusqlite::Result<Vec<i64>> {
    db.prepare_cached(
        "UPDATE execution SET epoch = ?1 WHERE seq IN (
           SELECT seq FROM execution WHERE status = 'RUNNING' AND wake_us <= ?2 AND epoch <> ?1 ORDER BY wake_us LIMIT ?3)
         RETURNING seq",
    )?
    .query_map(params![epoch, now.as_micros(), i64::try_from(most).unwrap_or(i64::MAX)], |row| row.get(0))?
    .collect()
}

/// Gives a claim back: whoever comes next looks at it at once.
pub(crate) fn release(db: &Connection, seq: i64, epoch: i64) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE execution SET epoch = 0, wake_us = 0 WHERE seq = ? AND epoch = ? AND status = 'RUNNING'",
    )?
    .execute([seq, epoch])?;
    Ok(())
}

/// An execution that this opening of the file runs.
pub(crate) fn load(db: &Connection, seq: i64, epoch: i64) -> rusqlite::Result<Option<Loaded>> {
    loaded(db, seq, Some(epoch))
}

/// An execution, whoever runs it, and whether it has ended or not.
pub(crate) fn facts(db: &Connection, seq: i64) -> rusqlite::Result<Option<Loaded>> {
    loaded(db, seq, None)
}

fn loaded(db: &Connection, seq: i64, epoch: Option<i64>) -> rusqlite::Result<Option<Loaded>> {
    let loaded = db
        .prepare_cached(
            "SELECT m.organisation, m.account, m.region,
               m.name || coalesce('/' || (SELECT label FROM map_run WHERE id = e.map_run), ''), 
               coalesce((SELECT role_arn FROM machine_version WHERE machine = m.id AND number = e.version), m.role_arn),
               e.name, e.definition, e.kind, e.started_us,
               e.input, e.seed, e.revision, e.parent, e.parent_task, e.parent_mode, f.state, f.cursor,
               e.redrives, e.redriven_us, e.redriving,
               coalesce(e.origin, (SELECT above.origin FROM map_run r JOIN execution above ON above.seq = r.execution
                 WHERE r.id = e.map_run))
             FROM execution e JOIN machine m ON m.id = e.machine LEFT JOIN frames f ON f.execution = e.seq
             WHERE e.seq = ?1 AND (?2 IS NULL OR (e.epoch = ?2 AND e.status = 'RUNNING'))",
        )?
        .query_row(params![seq, epoch], |row| {
            let parent: Option<i64> = row.get(12)?;
            let parent = match parent {
                None => None,
                Some(execution) => {
                    Some(Parent { execution, task: row.get::<_, i64>(13)?.unsigned_abs(), mode: row.get(14)? })
                }
            };
            let state: Option<Vec<u8>> = row.get(15)?;
            let frames = match state {
                None => None,
                Some(state) => Some((state, row.get(16)?)),
            };
            let redriven = row.get::<_, Option<i64>>(18)?.map(Timestamp::from_micros);
            let is_redriving: bool = row.get(19)?;
            Ok(Loaded {
                organisation: row.get(0)?,
                account: row.get(1)?,
                region: row.get(2)?,
                machine_name: row.get(3)?,
                role_arn: row.get(4)?,
                name: row.get(5)?,
                definition: row.get(6)?,
                is_express: row.get::<_, String>(7)? == "EXPRESS",
                started: Timestamp::from_micros(row.get(8)?),
                input: row.get(9)?,
                seed: row.get::<_, i64>(10)?.cast_unsigned(),
                revision: row.get(11)?,
                parent,
                redrives: row.get(17)?,
                redriven,
                redriving: redriven.filter(|_| is_redriving),
                origin: row.get::<_, Option<String>>(20)?.map(Arc::from),
                frames,
            })
        })
        .optional()?;
    Ok(loaded)
}

/// Puts what tasks have used into the outbox.
pub(crate) fn owe(db: &Connection, seq: i64, used: &[Used]) -> rusqlite::Result<()> {
    for Used { task, body } in used {
        if let Some(task) = task {
            cut_off::heard(db, seq, *task)?;
        }
        db.prepare_cached("INSERT INTO outbox(topic, body) VALUES ('settle', ?)")?.execute([body])?;
    }
    Ok(())
}

/// Puts there what attempts have used that no step can tell of any more: those that nobody waits for. The others are made
/// again, or were told of.
pub(crate) fn owe_after(db: &Connection, seq: i64, used: &[Used]) -> rusqlite::Result<()> {
    for used in used {
        let counts = match used.task {
            Some(task) => cut_off::heard(db, seq, task)?,
            None => !db
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM execution WHERE seq = ? AND status = 'RUNNING')")?
                .query_row([seq], |row| row.get::<_, bool>(0))?,
        };
        if counts {
            owe(db, seq, std::slice::from_ref(used))?;
        }
    }
    Ok(())
}

/// What is to be told, the oldest first, with its numbers.
pub(crate) fn outbox(db: &Connection, most: u32) -> rusqlite::Result<Vec<(i64, String)>> {
    db.prepare_cached("SELECT id, body FROM outbox WHERE topic = 'settle' ORDER BY id LIMIT ?")?
        .query_map([most], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Forgets what has been told.
pub(crate) fn told(db: &Connection, up_to: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM outbox WHERE topic = 'settle' AND id <= ?")?.execute([up_to])?;
    Ok(())
}

/// Counts of this house stay far below the end of the type.
pub(crate) fn unsigned(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
