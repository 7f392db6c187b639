//! All SQL of `traces.db`.

use rusqlite::{Connection, OptionalExtension as _, Row};
use types::{ApiId, ByteCount, CallId, Timestamp};

use crate::lines::{LogLine, Pending, Stream};
use crate::response::StoredResponse;
use crate::run::{KeptRun, PendingRun, RunSummary};

pub(crate) const MIGRATIONS: &[&str] = &[
    "
CREATE TABLE log_line(
  seq INTEGER PRIMARY KEY,
  call_id TEXT NOT NULL,
  api_id TEXT NOT NULL,
  at_us INTEGER NOT NULL,
  stream TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;
CREATE INDEX log_line_call ON log_line(call_id);
CREATE INDEX log_line_api ON log_line(api_id);
",
    "
CREATE TABLE stored_response(
  seq INTEGER PRIMARY KEY,
  call_id TEXT NOT NULL UNIQUE,
  status INTEGER NOT NULL,
  headers BLOB NOT NULL,
  body BLOB NOT NULL,
  expires_us INTEGER NOT NULL
) STRICT;
",
    "
CREATE TABLE run(
  seq INTEGER PRIMARY KEY,
  call_id TEXT NOT NULL UNIQUE,
  api_id TEXT NOT NULL,
  started_us INTEGER NOT NULL,
  took_us INTEGER NOT NULL CHECK (took_us >= 0),
  outcome TEXT NOT NULL,
  error TEXT,
  states_json TEXT NOT NULL CHECK (json_valid(states_json))
) STRICT;
CREATE INDEX run_api ON run(api_id);
",
];

/// Rows that one sweep deletes at most. Longer ones are continued with the next lines.
const SWEEP_ROWS_MAX: i64 = 50_000;
/// A sweep goes below the budget by a tenth of it, so that not every write sweeps.
const SWEEP_TO_TENTHS: u64 = 9;

pub(crate) fn insert(tx: &Connection, lines: &[Pending]) -> rusqlite::Result<()> {
    let mut insert =
        tx.prepare_cached("INSERT INTO log_line(call_id, api_id, at_us, stream, text) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for line in lines {
        insert.execute((
            line.call.to_string(),
            line.api.to_string(),
            line.at.as_micros(),
            line.stream.as_str(),
            &line.text,
        ))?;
    }
    Ok(())
}

/// Deletes the oldest lines, runs and responses while the file holds more than `budget`: the same share of each. Gives how
/// many it deleted.
pub(crate) fn sweep(tx: &Connection, budget: ByteCount) -> rusqlite::Result<u64> {
    let held = held(tx)?;
    if held <= budget {
        return Ok(0);
    }
    let keep = u128::from(budget.get()) * u128::from(SWEEP_TO_TENTHS) / 10;
    let excess = u128::from(held.get()).saturating_sub(keep);
    let mut deleted = 0;
    for (span, delete) in [
        ("SELECT min(seq), max(seq) FROM log_line", "DELETE FROM log_line WHERE seq < ?1"),
        ("SELECT min(seq), max(seq) FROM run", "DELETE FROM run WHERE seq < ?1"),
        ("SELECT min(seq), max(seq) FROM stored_response", "DELETE FROM stored_response WHERE seq < ?1"),
    ] {
        let span = tx.prepare_cached(span)?.query_row([], |row| Ok(row.get(0).ok().zip(row.get(1).ok())))?;
        let Some((first, last)) = span else { continue };
        let rows = u128::from(i64::abs_diff(last, first)) + 1;
        let share = i64::try_from(rows * excess / u128::from(held.get()).max(1)).unwrap_or(i64::MAX);
        let upto = first.saturating_add(share.clamp(1, SWEEP_ROWS_MAX));
        deleted += tx.prepare_cached(delete)?.execute([upto])?;
    }
    Ok(u64::try_from(deleted).unwrap_or(0))
}

pub(crate) fn insert_runs(tx: &Connection, runs: &[PendingRun]) -> rusqlite::Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO run(call_id, api_id, started_us, took_us, outcome, error, states_json)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for PendingRun { run, states } in runs {
        insert.execute((
            run.call.to_string(),
            run.api.to_string(),
            run.started.as_micros(),
            i64::try_from(run.took_us).unwrap_or(i64::MAX),
            &run.outcome,
            &run.error,
            states,
        ))?;
    }
    Ok(())
}

const RUN: &str = "SELECT seq, call_id, api_id, started_us, took_us, outcome, error";

pub(crate) fn run_of(db: &Connection, call: CallId) -> rusqlite::Result<Option<KeptRun>> {
    db.prepare_cached(&format!("{RUN}, states_json FROM run WHERE call_id = ?1"))?
        .query_row([call.to_string()], |row| {
            let states: String = row.get(7)?;
            let states = serde_json::from_str(&states).map_err(|error| odd(7, Box::new(error)))?;
            Ok(KeptRun { summary: summary(row)?, states })
        })
        .optional()
}

/// The newest first.
pub(crate) fn runs_of_api(db: &Connection, api: ApiId, before: i64, limit: i64) -> rusqlite::Result<Vec<RunSummary>> {
    db.prepare_cached(&format!("{RUN} FROM run WHERE api_id = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT ?3"))?
        .query_map((api.to_string(), before, limit), summary)?
        .collect()
}

fn summary(row: &Row<'_>) -> rusqlite::Result<RunSummary> {
    Ok(RunSummary {
        seq: row.get(0)?,
        call: parsed(row, 1)?,
        api: parsed(row, 2)?,
        started: Timestamp::from_micros(row.get(3)?),
        took_us: u64::try_from(row.get::<_, i64>(4)?).unwrap_or(0),
        outcome: row.get(5)?,
        error: row.get(6)?,
    })
}

/// Responses whose time is over that go with each new one: more than come, so that none stay.
const EXPIRED_STEP: i64 = 4;

/// Keeps a response, and lets go of some whose time is over.
pub(crate) fn insert_response(
    tx: &Connection,
    (call, response): (CallId, &StoredResponse),
    (now, until): (Timestamp, Timestamp),
) -> rusqlite::Result<()> {
    let StoredResponse { status, headers, body } = response;
    let row = (call.to_string(), status, headers, body, until.as_micros());
    tx.prepare_cached(
        "INSERT INTO stored_response(call_id, status, headers, body, expires_us) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(row)?;
    tx.prepare_cached(
        "DELETE FROM stored_response WHERE expires_us <= ?1
         AND seq IN (SELECT seq FROM stored_response ORDER BY seq LIMIT ?2)",
    )?
    .execute((now.as_micros(), EXPIRED_STEP))
    .map(drop)
}

pub(crate) fn response_of(db: &Connection, call: CallId) -> rusqlite::Result<Option<StoredResponse>> {
    db.prepare_cached("SELECT status, headers, body FROM stored_response WHERE call_id = ?1")?
        .query_row([call.to_string()], |row| {
            Ok(StoredResponse { status: row.get(0)?, headers: row.get(1)?, body: row.get(2)? })
        })
        .optional()
}

/// Bytes of the pages that hold something. Free pages are used again before the file grows.
pub(crate) fn held(db: &Connection) -> rusqlite::Result<ByteCount> {
    let number = |pragma: &str| db.prepare_cached(pragma)?.query_row([], |row| row.get::<_, i64>(0));
    let used = number("PRAGMA page_count")?.saturating_sub(number("PRAGMA freelist_count")?);
    let bytes = used.saturating_mul(number("PRAGMA page_size")?);
    Ok(ByteCount::saturating(u64::try_from(bytes).unwrap_or(0)))
}

pub(crate) fn of_call(db: &Connection, call: CallId, limit: i64) -> rusqlite::Result<Vec<LogLine>> {
    db.prepare_cached(
        "SELECT seq, call_id, api_id, at_us, stream, text FROM log_line WHERE call_id = ?1 ORDER BY seq LIMIT ?2",
    )?
    .query_map((call.to_string(), limit), line)?
    .collect()
}

pub(crate) fn of_api(db: &Connection, api: ApiId, after: i64, limit: i64) -> rusqlite::Result<Vec<LogLine>> {
    db.prepare_cached(
        "SELECT seq, call_id, api_id, at_us, stream, text FROM log_line
         WHERE api_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
    )?
    .query_map((api.to_string(), after, limit), line)?
    .collect()
}

fn line(row: &Row<'_>) -> rusqlite::Result<LogLine> {
    let stream: String = row.get(4)?;
    Ok(LogLine {
        seq: row.get(0)?,
        call: parsed(row, 1)?,
        api: parsed(row, 2)?,
        at: Timestamp::from_micros(row.get(3)?),
        stream: Stream::parse(&stream).ok_or_else(|| odd(4, format!("no stream is called {stream}").into()))?,
        text: row.get(5)?,
    })
}

fn parsed<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    row.get::<_, String>(column)?.parse::<T>().map_err(|error| odd(column, Box::new(error)))
}

fn odd(column: usize, why: Box<dyn std::error::Error + Send + Sync>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, why)
}
