//! Executions over all machines of an organisation.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use stepfunctions::{Arn, Thing};
use types::Timestamp;

use crate::search::{Detail, Search, Summary};

/// Executions that one search looks through.
const LOOKED_THROUGH: i64 = 100_000;

const COLUMNS: &str =
    "e.seq, m.account, m.region, m.name, e.name, e.kind, e.seed, e.status, e.started_us, e.stopped_us";

fn summary(row: &Row<'_>) -> rusqlite::Result<Summary> {
    let (machine, name): (String, String) = (row.get(3)?, row.get(4)?);
    let is_express = row.get::<_, String>(5)? == "EXPRESS";
    let thing = if is_express {
        let id = format!("{:016x}", row.get::<_, i64>(6)?.cast_unsigned());
        Thing::Express { machine: machine.clone(), name: name.clone(), id }
    } else {
        Thing::Execution { machine: machine.clone(), name: name.clone() }
    };
    Ok(Summary {
        seq: row.get(0)?,
        arn: Arn { region: row.get(2)?, account: row.get(1)?, thing }.to_string(),
        machine,
        name,
        is_express,
        status: row.get(7)?,
        started: Timestamp::from_micros(row.get(8)?),
        stopped: row.get::<_, Option<i64>>(9)?.map(Timestamp::from_micros),
    })
}

pub(crate) fn page(db: &Connection, search: &Search) -> rusqlite::Result<(Vec<Summary>, Option<i64>)> {
    let newest: Option<i64> = db.prepare_cached("SELECT max(seq) FROM execution")?.query_row([], |row| row.get(0))?;
    let Some(newest) = newest else { return Ok((Vec::new(), None)) };
    let before = search.before.unwrap_or(i64::MAX).min(newest.saturating_add(1));
    let oldest = before.saturating_sub(LOOKED_THROUGH).max(0);
    let text = format!(
        "SELECT {COLUMNS} FROM execution e JOIN machine m ON m.id = e.machine
         WHERE e.seq < ?1 AND e.seq >= ?2 AND m.organisation = ?3 AND (?4 IS NULL OR m.region = ?4)
           AND (?5 IS NULL OR m.name = ?5) AND (?6 IS NULL OR e.status = ?6)
           AND (?7 IS NULL OR substr(e.name, 1, length(?7)) = ?7)
           AND (?8 IS NULL OR e.started_us >= ?8) AND (?9 IS NULL OR e.started_us < ?9)
         ORDER BY e.seq DESC LIMIT ?10"
    );
    let found: Vec<Summary> = db
        .prepare_cached(&text)?
        .query_map(
            params![
                before,
                oldest,
                search.organisation.to_string(),
                search.region,
                search.machine,
                search.status,
                search.name,
                search.since.map(Timestamp::as_micros),
                search.until.map(Timestamp::as_micros),
                search.most
            ],
            summary,
        )?
        .collect::<Result<_, _>>()?;
    let full = u32::try_from(found.len()).is_ok_and(|count| count >= search.most);
    let next = if full { found.last().map(|last| last.seq) } else { Some(oldest) };
    Ok((found, next.filter(|next| *next > 1)))
}

pub(crate) fn one(
    db: &Connection,
    (organisation, account, region): (&str, &str, &str),
    (machine, name, seed): (&str, &str, Option<u64>),
) -> rusqlite::Result<Option<Detail>> {
    let text = format!(
        "SELECT {COLUMNS}, e.input, e.output, e.error, e.cause FROM machine m JOIN execution e ON e.machine = m.id
         WHERE m.organisation = ?1 AND m.account = ?2 AND m.region = ?3 AND m.name = ?4 AND e.name = ?5
           AND CASE WHEN ?6 IS NULL THEN e.kind = 'STANDARD' ELSE e.kind = 'EXPRESS' AND e.seed = ?6 END
         ORDER BY e.seq DESC LIMIT 1"
    );
    let detail = |row: &Row<'_>| {
        Ok(Detail {
            summary: summary(row)?,
            input: row.get(10)?,
            output: row.get(11)?,
            error: row.get(12)?,
            cause: row.get(13)?,
        })
    };
    let seed = seed.map(u64::cast_signed);
    db.prepare_cached(&text)?.query_row(params![organisation, account, region, machine, name, seed], detail).optional()
}

/// Executions that run, facts in the outbox, and when the first of what the clock moves on is due: of executions that nobody
/// runs, and of schedules.
pub(crate) fn counts(db: &Connection, epoch: i64) -> rusqlite::Result<(u64, u64, Option<i64>)> {
    let one = |text: &str| -> rusqlite::Result<u64> {
        let count: i64 = db.prepare_cached(text)?.query_row([], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    };
    let due = db
        .prepare_cached(
            "SELECT min(wake_us) FROM execution WHERE status = 'RUNNING' AND wake_us IS NOT NULL AND wake_us > 0 AND epoch <> ?",
        )?
        .query_row([epoch], |row| row.get::<_, Option<i64>>(0))?;
    let due = due.into_iter().chain(schedules::next_due(db)?).min();
    Ok((one("SELECT coalesce(sum(executions), 0) FROM running")?, one("SELECT count(*) FROM outbox")?, due))
}
