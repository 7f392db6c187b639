//! Executions as they are asked about: started, described, stopped.

use asl::MachineKind;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use types::Timestamp;

use super::map_runs::{PENDING, PENDING_REDRIVE};
use super::steps::{self, Parent, unsigned};

/// An execution to be.
#[derive(Debug, Clone)]
pub(crate) struct New {
    pub(crate) machine: i64,
    pub(crate) name: String,
    pub(crate) definition: i64,
    pub(crate) version: Option<u32>,
    pub(crate) alias: Option<String>,
    pub(crate) is_express: bool,
    pub(crate) at: Timestamp,
    pub(crate) input: String,
    pub(crate) trace_header: Option<String>,
    pub(crate) seed: u64,
    pub(crate) parent: Option<Parent>,
    pub(crate) of_run: Option<OfRun>,
    /// The first event.
    pub(crate) event: String,
    /// The opening whose process runs it at once; 0: it waits for its turn.
    pub(crate) epoch: i64,
    /// What whoever began it wants to be handed back.
    pub(crate) origin: Option<String>,
}

/// What a child of a map run is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OfRun {
    pub(crate) map_run: i64,
    pub(crate) first_item: u64,
    pub(crate) items: u64,
}

/// What is known of an execution.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) seq: i64,
    pub(crate) machine: i64,
    pub(crate) name: String,
    pub(crate) definition: i64,
    pub(crate) kind: MachineKind,
    pub(crate) version: Option<u32>,
    pub(crate) alias: Option<String>,
    pub(crate) status: String,
    pub(crate) started: Timestamp,
    pub(crate) stopped: Option<Timestamp>,
    pub(crate) input: String,
    pub(crate) output: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) cause: Option<String>,
    pub(crate) trace_header: Option<String>,
    pub(crate) parent: Option<Parent>,
    pub(crate) redrives: u32,
    pub(crate) redriven: Option<Timestamp>,
    pub(crate) seed: u64,
    /// The map run that it is a child of, and the label of that.
    pub(crate) map_run: Option<(i64, String)>,
    /// It is such a child, did not succeed, and waits to be begun again.
    pub(crate) is_pending: bool,
}

impl Record {
    pub(crate) fn is_express(&self) -> bool {
        self.kind == MachineKind::Express
    }

    /// Its status as callers know it.
    pub(crate) fn shown_status(&self) -> &str {
        if self.is_pending { PENDING_REDRIVE } else { &self.status }
    }
}

const COLUMNS: &str = "e.seq, e.machine, e.name, e.definition, e.version, e.alias, e.status, e.started_us,
  e.stopped_us, e.input, e.output, e.error, e.cause, e.trace_header, e.parent, e.parent_task, e.parent_mode,
  e.kind, e.redrives, e.redriven_us, e.map_run, (SELECT label FROM map_run WHERE id = e.map_run), e.seed";

fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let parent: Option<i64> = row.get(14)?;
    let parent = match parent {
        None => None,
        Some(execution) => Some(Parent { execution, task: row.get::<_, i64>(15)?.unsigned_abs(), mode: row.get(16)? }),
    };
    let map_run = match row.get::<_, Option<i64>>(20)? {
        None => None,
        Some(id) => Some((id, row.get(21)?)),
    };
    Ok(Record {
        seq: row.get(0)?,
        machine: row.get(1)?,
        name: row.get(2)?,
        definition: row.get(3)?,
        kind: if row.get::<_, String>(17)? == "EXPRESS" { MachineKind::Express } else { MachineKind::Standard },
        version: row.get(4)?,
        alias: row.get(5)?,
        status: row.get(6)?,
        started: Timestamp::from_micros(row.get(7)?),
        stopped: row.get::<_, Option<i64>>(8)?.map(Timestamp::from_micros),
        input: row.get(9)?,
        output: row.get(10)?,
        error: row.get(11)?,
        cause: row.get(12)?,
        trace_header: row.get(13)?,
        parent,
        redrives: row.get(18)?,
        redriven: row.get::<_, Option<i64>>(19)?.map(Timestamp::from_micros),
        seed: row.get::<_, i64>(22)?.cast_unsigned(),
        map_run,
        is_pending: row.get(23)?,
    })
}

/// Writes a new execution with its first event, and answers with its number.
pub(crate) fn insert(db: &Connection, new: &New) -> rusqlite::Result<i64> {
    let (parent, task, mode) = match &new.parent {
        None => (None, None, None),
        Some(parent) => (Some(parent.execution), Some(unsigned(parent.task)), Some(&parent.mode)),
    };
    let kind = if new.is_express { "EXPRESS" } else { "STANDARD" };
    db.prepare_cached(
        "INSERT INTO execution(machine, name, definition, version, alias, kind, status, started_us, input, trace_header,
           seed, parent, parent_task, parent_mode, epoch, origin, wake_us, map_run, first_item, items)
         VALUES (?, ?, ?, ?, ?, ?, 'RUNNING', ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)",
    )?
    .execute(params![
        new.machine,
        new.name,
        new.definition,
        new.version,
        new.alias,
        kind,
        new.at.as_micros(),
        new.input,
        new.trace_header,
        new.seed.cast_signed(),
        parent,
        task,
        mode,
        new.epoch,
        new.origin,
        new.of_run.map(|of| of.map_run),
        new.of_run.map(|of| unsigned(of.first_item)),
        new.of_run.map(|of| unsigned(of.items))
    ])?;
    let seq = db.last_insert_rowid();
    count_begun(db, seq)?;
    steps::append(db, seq, 1, &new.event)?;
    Ok(seq)
}

pub(crate) fn by_name(db: &Connection, machine: i64, name: &str) -> rusqlite::Result<Option<Record>> {
    let text = format!(
        "SELECT {COLUMNS}, {PENDING} FROM execution e JOIN machine m ON m.id = e.machine
         WHERE e.machine = ? AND e.name = ? AND e.kind = 'STANDARD'"
    );
    db.prepare_cached(&text)?.query_row(params![machine, name], record).optional()
}

/// The execution of this name, of whatever machine of that name there is or was: the newest.
pub(crate) fn find(
    db: &Connection,
    (organisation, region): (&str, &str),
    machine: &str,
    name: &str,
) -> rusqlite::Result<Option<Record>> {
    // Before the label of a distributed Map stands its machine.
    let (machine, label) = machine.split_once('/').map_or((machine, None), |(name, label)| (name, Some(label)));
    let text = format!(
        "SELECT {COLUMNS}, {PENDING} FROM machine m JOIN execution e ON e.machine = m.id
         WHERE m.organisation = ?1 AND m.region = ?2 AND m.name = ?3 AND e.name = ?4 AND e.kind = 'STANDARD'
           AND (SELECT label FROM map_run WHERE id = e.map_run) IS ?5 ORDER BY e.seq DESC LIMIT 1"
    );
    db.prepare_cached(&text)?.query_row(params![organisation, region, machine, name, label], record).optional()
}

/// An execution that somebody began, by its name, with what is to be handed back.
pub(crate) fn begun(db: &Connection, name: &str) -> rusqlite::Result<Option<(Record, String)>> {
    let text = format!(
        "SELECT {COLUMNS}, {PENDING}, e.origin AS origin FROM execution e JOIN machine m ON m.id = e.machine
         WHERE e.name = ? AND e.origin IS NOT NULL"
    );
    db.prepare_cached(&text)?.query_row([name], |row| Ok((record(row)?, row.get("origin")?))).optional()
}

pub(crate) fn by_seq(db: &Connection, seq: i64) -> rusqlite::Result<Option<Record>> {
    let text =
        format!("SELECT {COLUMNS}, {PENDING} FROM execution e JOIN machine m ON m.id = e.machine WHERE e.seq = ?");
    db.prepare_cached(&text)?.query_row([seq], record).optional()
}

/// The cursor of an execution's history; none before its first step, and none after its end when nothing is kept.
pub(crate) fn cursor(db: &Connection, seq: i64) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT cursor FROM frames WHERE execution = ?")?.query_row([seq], |row| row.get(0)).optional()
}

/// The frames of a running execution; none before its first step.
pub(crate) fn frames(db: &Connection, seq: i64) -> rusqlite::Result<Option<Vec<u8>>> {
    db.prepare_cached("SELECT state FROM frames WHERE execution = ?")?.query_row([seq], |row| row.get(0)).optional()
}

/// Whose it is, and in which role its machine acts.
pub(crate) fn owner(db: &Connection, seq: i64) -> rusqlite::Result<(String, String)> {
    db.prepare_cached(
        "SELECT m.organisation, m.role_arn FROM execution e JOIN machine m ON m.id = e.machine WHERE e.seq = ?",
    )?
    .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Ends a running execution from outside. What runs it finds its claim lost.
pub(crate) fn end(
    db: &Connection,
    (seq, status): (i64, &str),
    (at, error, cause): (Timestamp, Option<&str>, Option<&str>),
    (first, events): (u64, String),
    kept: Option<(Timestamp, String)>,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE execution SET status = ?, stopped_us = ?, error = ?, cause = ?, revision = revision + 1,
           epoch = 0, wake_us = NULL WHERE seq = ? AND status = 'RUNNING'",
    )?
    .execute(params![status, at.as_micros(), error, cause, seq])?;
    steps::append(db, seq, first, &events)?;
    count_ended(db, seq)?;
    // Whoever runs it may still hear of them.
    super::cut_off::note_all(db, seq, at)?;
    super::map_runs::child_ended(db, seq, status)?;
    super::map_runs::abort(db, seq, None, at)?;
    if let Some((until, cursor)) = kept {
        db.prepare_cached(
            "INSERT INTO frames(execution, state, cursor, until_us) VALUES (?, x'', ?, ?)
             ON CONFLICT(execution) DO UPDATE SET cursor = excluded.cursor, until_us = excluded.until_us",
        )?
        .execute(params![seq, cursor, until.as_micros()])?;
    }
    steps::close(db, seq)
}

/// The running executions that a running one has started and waits for.
pub(crate) fn children(db: &Connection, seq: i64) -> rusqlite::Result<Vec<i64>> {
    db.prepare_cached(
        "SELECT seq FROM execution WHERE parent = ? AND status = 'RUNNING' AND parent_mode <> 'none' LIMIT 1000",
    )?
    .query_map([seq], |row| row.get(0))?
    .collect()
}

/// Which way a history is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    OldestFirst,
    NewestFirst,
}

/// The events of a history, step by step: from `from` on upwards, or from it downwards.
pub(crate) fn events(db: &Connection, seq: i64, from: u64, order: Order) -> rusqlite::Result<Vec<String>> {
    let text = if order == Order::NewestFirst {
        "SELECT events FROM history WHERE execution = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1001"
    } else {
        "SELECT events FROM history WHERE execution = ?1 AND first >= coalesce(
           (SELECT max(first) FROM history WHERE execution = ?1 AND first <= ?2), 0) ORDER BY first LIMIT 1001"
    };
    db.prepare_cached(text)?.query_map(params![seq, unsigned(from)], |row| row.get(0))?.collect()
}

/// How many executions of an organisation run.
pub(crate) fn running(db: &Connection, organisation: &str) -> rusqlite::Result<u64> {
    let count: Option<i64> = db
        .prepare_cached("SELECT executions FROM running WHERE organisation = ?")?
        .query_row([organisation], |row| row.get(0))
        .optional()?;
    Ok(count.unwrap_or_default().unsigned_abs())
}

/// One more execution of its organisation runs.
pub(crate) fn count_begun(db: &Connection, seq: i64) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO running(organisation, executions)
         SELECT m.organisation, 1 FROM execution e JOIN machine m ON m.id = e.machine WHERE e.seq = ?
         ON CONFLICT(organisation) DO UPDATE SET executions = executions + 1",
    )?
    .execute([seq])?;
    Ok(())
}

/// One execution of its organisation runs no more.
pub(crate) fn count_ended(db: &Connection, seq: i64) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE running SET executions = executions - 1 WHERE organisation =
           (SELECT m.organisation FROM execution e JOIN machine m ON m.id = e.machine WHERE e.seq = ?)",
    )?
    .execute([seq])?;
    Ok(())
}
