//! Map runs: begun by a step of their execution, moved on by their driver, described.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use types::Timestamp;

use super::steps::{self, unsigned};

/// What a step begins, or begins again.
#[derive(Debug)]
pub(crate) struct New {
    pub(crate) task: u64,
    pub(crate) label: String,
    pub(crate) name: String,
    pub(crate) is_express: bool,
    /// Of the children.
    pub(crate) definition: String,
    pub(crate) request: String,
    pub(crate) tolerance: Tolerance,
}

/// How many children run at a time, and how many items may fail.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tolerance {
    /// 0: as many as there may be.
    pub(crate) most: u32,
    pub(crate) count: u32,
    pub(crate) percent: f64,
}

/// A map run as it stands.
#[derive(Debug, Clone)]
pub(crate) struct MapRun {
    pub(crate) id: i64,
    pub(crate) execution: i64,
    pub(crate) task: u64,
    pub(crate) label: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) definition: i64,
    pub(crate) request: String,
    pub(crate) started: Timestamp,
    pub(crate) stopped: Option<Timestamp>,
    pub(crate) tolerance: Tolerance,
    pub(crate) position: String,
    pub(crate) items: u64,
    pub(crate) at_end: bool,
    pub(crate) running: u64,
    pub(crate) pending: u64,
    pub(crate) failed_items: u64,
    pub(crate) error: Option<String>,
    pub(crate) cause: Option<String>,
    pub(crate) redrives: u32,
    pub(crate) redriven: Option<Timestamp>,
}

const COLUMNS: &str =
    "id, execution, task, label, name, kind, status, definition, request, started_us, stopped_us, most,
  bad_count, bad_percent, position, items, at_end, running, pending, failed_items, error, cause, redrives, redriven_us";

fn map_run(row: &Row<'_>) -> rusqlite::Result<MapRun> {
    let count = |at: usize| row.get::<_, i64>(at).map(i64::unsigned_abs);
    Ok(MapRun {
        id: row.get(0)?,
        execution: row.get(1)?,
        task: count(2)?,
        label: row.get(3)?,
        name: row.get(4)?,
        kind: row.get(5)?,
        status: row.get(6)?,
        definition: row.get(7)?,
        request: row.get(8)?,
        started: Timestamp::from_micros(row.get(9)?),
        stopped: row.get::<_, Option<i64>>(10)?.map(Timestamp::from_micros),
        tolerance: Tolerance { most: row.get(11)?, count: row.get(12)?, percent: row.get(13)? },
        position: row.get(14)?,
        items: count(15)?,
        at_end: row.get(16)?,
        running: count(17)?,
        pending: count(18)?,
        failed_items: count(19)?,
        error: row.get(20)?,
        cause: row.get(21)?,
        redrives: row.get(22)?,
        redriven: row.get::<_, Option<i64>>(23)?.map(Timestamp::from_micros),
    })
}

/// Whether a child, `e`, did not succeed and waits to be begun again, since its map run was.
pub(crate) const PENDING: &str =
    "(e.map_run IS NOT NULL AND e.status IN ('FAILED', 'TIMED_OUT', 'ABORTED') AND EXISTS (
  SELECT 1 FROM map_run r WHERE r.id = e.map_run AND r.status = 'RUNNING'
    AND coalesce(e.redriven_us, e.started_us) < r.redriven_us))";
/// What such a child is called.
pub(crate) const PENDING_REDRIVE: &str = "PENDING_REDRIVE";

/// Begins a map run with a step of its execution; or begins one again whose execution is redriven.
pub(crate) fn begin(db: &Connection, execution: i64, new: &New, at: Timestamp) -> rusqlite::Result<()> {
    let kind = if new.is_express { "EXPRESS" } else { "STANDARD" };
    let definition = super::definition(db, &new.definition)?;
    db.prepare_cached(
        "INSERT INTO map_run(execution, task, label, name, kind, status, definition, request, started_us, most, bad_count,
           bad_percent) VALUES (?1, ?2, ?3, ?4, ?5, 'RUNNING', ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT(execution, task) DO UPDATE SET status = 'RUNNING', stopped_us = NULL, error = NULL, cause = NULL,
           redrives = redrives + 1, redriven_us = ?8, failed_items = 0,
           pending = (SELECT count(*) FROM execution WHERE map_run = map_run.id
             AND status IN ('FAILED', 'TIMED_OUT', 'ABORTED'))",
    )?
    .execute(params![
        execution,
        unsigned(new.task),
        new.label,
        new.name,
        kind,
        definition,
        new.request,
        at.as_micros(),
        new.tolerance.most,
        new.tolerance.count,
        new.tolerance.percent
    ])?;
    Ok(())
}

/// Stops the map runs of an execution: of one task, or all. Their driver stops their children.
pub(crate) fn abort(db: &Connection, execution: i64, task: Option<u64>, at: Timestamp) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE map_run SET status = 'ABORTING', stopped_us = ?
         WHERE execution = ? AND (?3 IS NULL OR task = ?3) AND status IN ('RUNNING', 'FAILING')",
    )?
    .execute(params![at.as_micros(), execution, task.map(unsigned)])?;
    Ok(())
}

/// A child has ended.
pub(crate) fn child_ended(db: &Connection, child: i64, status: &str) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE map_run SET running = running - 1, failed_items = failed_items +
           CASE WHEN ?2 = 'SUCCEEDED' THEN 0 ELSE (SELECT items FROM execution WHERE seq = ?1) END
         WHERE id = (SELECT map_run FROM execution WHERE seq = ?1)",
    )?
    .execute(params![child, status])?;
    Ok(())
}

/// The map runs for which there may be something to do now, where `most` children of one run at a time.
pub(crate) fn open(db: &Connection, most: u32) -> rusqlite::Result<Vec<i64>> {
    db.prepare_cached(
        "SELECT id FROM map_run WHERE status IN ('RUNNING', 'FAILING', 'ABORTING') AND (status <> 'RUNNING'
           OR failed_items > 0 OR running = 0 OR ((at_end = 0 OR pending > 0)
             AND running < CASE most WHEN 0 THEN ?1 ELSE min(most, ?1) END)) ORDER BY id",
    )?
    .query_map([most], |row| row.get(0))?
    .collect()
}

pub(crate) fn by_id(db: &Connection, id: i64) -> rusqlite::Result<Option<MapRun>> {
    let text = format!("SELECT {COLUMNS} FROM map_run WHERE id = ?");
    db.prepare_cached(&text)?.query_row([id], map_run).optional()
}

pub(crate) fn by_name(db: &Connection, name: &str) -> rusqlite::Result<Option<MapRun>> {
    let text = format!("SELECT {COLUMNS} FROM map_run WHERE name = ?");
    db.prepare_cached(&text)?.query_row([name], map_run).optional()
}

/// Map runs of an execution, the newest first, those before `before`.
pub(crate) fn of_execution(db: &Connection, execution: i64, before: i64, most: u32) -> rusqlite::Result<Vec<MapRun>> {
    let text = format!("SELECT {COLUMNS} FROM map_run WHERE execution = ? AND id < ? ORDER BY id DESC LIMIT ?");
    db.prepare_cached(&text)?.query_map(params![execution, before, most], map_run)?.collect()
}

/// How many children and items there are, by status.
pub(crate) fn counts(db: &Connection, id: i64) -> rusqlite::Result<Vec<(String, u64, u64)>> {
    let text = format!(
        "SELECT iif({PENDING}, '{PENDING_REDRIVE}', e.status), count(*), sum(e.items) FROM execution e
         WHERE e.map_run = ? GROUP BY 1"
    );
    db.prepare_cached(&text)?
        .query_map([id], |row| {
            Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs(), row.get::<_, i64>(2)?.unsigned_abs()))
        })?
        .collect()
}

pub(crate) fn set_tolerance(db: &Connection, id: i64, tolerance: Tolerance) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE map_run SET most = ?, bad_count = ?, bad_percent = ? WHERE id = ?")?.execute(params![
        tolerance.most,
        tolerance.count,
        tolerance.percent,
        id
    ])?;
    Ok(())
}

/// Notes that children up to `position` have been begun, if it stands where `before` says and still runs.
pub(crate) fn advance(
    db: &Connection,
    before: &MapRun,
    (position, items, at_end): (&str, u64, bool),
    begun: u64,
) -> rusqlite::Result<bool> {
    let changed = db
        .prepare_cached(
            "UPDATE map_run SET position = ?, items = ?, at_end = ?, running = running + ?
             WHERE id = ? AND status = 'RUNNING' AND items = ? AND at_end = 0",
        )?
        .execute(params![position, unsigned(items), at_end, unsigned(begun), before.id, unsigned(before.items)])?;
    Ok(changed > 0)
}

/// It cannot succeed any more. What runs is stopped first.
pub(crate) fn fail(db: &Connection, id: i64, error: &str, cause: &str) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE map_run SET status = 'FAILING', error = ?, cause = ? WHERE id = ? AND status = 'RUNNING'",
    )?
    .execute(params![error, cause, id])?;
    Ok(())
}

/// Ends a map run that is in the status `from`, and tells its execution.
pub(crate) fn end(
    db: &Connection,
    run: &MapRun,
    (status, at): (&str, Timestamp),
    letter: Option<&str>,
) -> rusqlite::Result<()> {
    let ended = db
        .prepare_cached(
            "UPDATE map_run SET status = ?, stopped_us = coalesce(stopped_us, ?) WHERE id = ? AND status = ?
               AND running = 0",
        )?
        .execute(params![status, at.as_micros(), run.id, run.status])?;
    match letter {
        Some(letter) if ended > 0 => steps::tell(db, run.execution, letter),
        _ => Ok(()),
    }
}

/// Children that run, at most `most`.
pub(crate) fn running(db: &Connection, id: i64, most: u32) -> rusqlite::Result<Vec<i64>> {
    db.prepare_cached("SELECT seq FROM execution WHERE map_run = ? AND status = 'RUNNING' LIMIT ?")?
        .query_map(params![id, most], |row| row.get(0))?
        .collect()
}

/// Children that did not succeed and have not been begun again since their map run was, at most `most`.
pub(crate) fn pending(db: &Connection, run: &MapRun, most: u32) -> rusqlite::Result<Vec<i64>> {
    db.prepare_cached(
        "SELECT seq FROM execution WHERE map_run = ? AND status IN ('FAILED', 'TIMED_OUT', 'ABORTED') 
           AND coalesce(redriven_us, started_us) < ? ORDER BY seq LIMIT ?",
    )?
    .query_map(params![run.id, run.redriven.map(Timestamp::as_micros), most], |row| row.get(0))?
    .collect()
}

/// Of so many children that were to be begun again, `begun` run; the items of the others stay failed.
pub(crate) fn redriven(
    db: &Connection,
    id: i64,
    (taken, begun): (u64, u64),
    failed_items: u64,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE map_run SET pending = max(pending - ?, 0), running = running + ?, failed_items = failed_items + ? WHERE id = ?",
    )?
    .execute(params![unsigned(taken), unsigned(begun), unsigned(failed_items), id])?;
    Ok(())
}

/// A child as its result is written.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) seq: i64,
    pub(crate) record: super::executions::Record,
}

/// Children that ended with or without success, in the order of their items, those after `after`.
pub(crate) fn children(
    db: &Connection,
    id: i64,
    (is_success, after): (bool, i64),
    most: u32,
) -> rusqlite::Result<Vec<Child>> {
    // They are numbered in the order of their items.
    let seqs: Vec<i64> = db
        .prepare_cached(
            "SELECT seq FROM execution WHERE map_run = ?1 AND seq > ?2 AND (status = 'SUCCEEDED') = ?3
             ORDER BY seq LIMIT ?4",
        )?
        .query_map(params![id, after, is_success, most], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut children = Vec::with_capacity(seqs.len());
    for seq in seqs {
        if let Some(record) = super::executions::by_seq(db, seq)? {
            children.push(Child { seq, record });
        }
    }
    Ok(children)
}
