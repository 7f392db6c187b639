//! Executions that have ended, as they are written elsewhere before they are removed.

use std::io::{self, Write};

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::{Value, json};
use types::Timestamp;

/// Executions that ended before `before`, the oldest first, at most `most`.
pub(crate) fn ended(db: &Connection, before: Timestamp, most: u32) -> rusqlite::Result<Vec<i64>> {
    db.prepare_cached("SELECT seq FROM execution WHERE stopped_us < ? ORDER BY stopped_us LIMIT ?")?
        .query_map(params![before.as_micros(), most], |row| row.get(0))?
        .collect()
}

/// Why an execution could not be written elsewhere.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    #[error("could not read an execution")]
    Sqlite(#[from] rusqlite::Error),
    #[error("could not write to the archive")]
    Write(#[from] io::Error),
}

/// The moment at which an execution ended, while it has.
pub(crate) fn stopped(db: &Connection, seq: i64) -> rusqlite::Result<Option<Timestamp>> {
    let stopped: Option<Option<i64>> = db
        .prepare_cached("SELECT stopped_us FROM execution WHERE seq = ?")?
        .query_row([seq], |row| row.get(0))
        .optional()?;
    Ok(stopped.flatten().map(Timestamp::from_micros))
}

/// Writes one execution with its history as one line of JSON. Of the history one step is in memory at a time.
pub(crate) fn line(db: &Connection, seq: i64, into: &mut impl Write) -> Result<(), ArchiveError> {
    let head = db
        .prepare_cached(
            "SELECT m.organisation, m.account, m.region, m.name, e.name, e.kind, e.status, e.started_us, e.stopped_us,
               e.input, e.output, e.error, e.cause, e.version, e.alias, e.redrives,
               (SELECT label || ':' || name FROM map_run WHERE id = e.map_run)
             FROM execution e JOIN machine m ON m.id = e.machine WHERE e.seq = ?",
        )?
        .query_row([seq], |row| {
            Ok(json!({
                "organisation": row.get::<_, String>(0)?, "account": row.get::<_, String>(1)?,
                "region": row.get::<_, String>(2)?, "machine": row.get::<_, String>(3)?,
                "name": row.get::<_, String>(4)?, "type": row.get::<_, String>(5)?, "status": row.get::<_, String>(6)?,
                "startedUs": row.get::<_, i64>(7)?, "stoppedUs": row.get::<_, i64>(8)?,
                "input": row.get::<_, String>(9)?, "output": row.get::<_, Option<String>>(10)?,
                "error": row.get::<_, Option<String>>(11)?, "cause": row.get::<_, Option<String>>(12)?,
                "version": row.get::<_, Option<u32>>(13)?, "alias": row.get::<_, Option<String>>(14)?,
                "redriveCount": row.get::<_, u32>(15)?, "mapRun": row.get::<_, Option<String>>(16)?,
            }))
        })?;
    let head = head.to_string();
    into.write_all(head.strip_suffix('}').unwrap_or(&head).as_bytes())?;
    into.write_all(b",\"events\":[")?;
    let mut steps = db.prepare_cached("SELECT events FROM history WHERE execution = ? ORDER BY first")?;
    let mut rows = steps.query([seq])?;
    let mut is_first = true;
    while let Some(row) = rows.next()? {
        let text: String = row.get(0)?;
        let Ok(Value::Array(events)) = serde_json::from_str(&text) else { continue };
        for event in events {
            if !std::mem::take(&mut is_first) {
                into.write_all(b",")?;
            }
            serde_json::to_writer(&mut *into, &event).map_err(io::Error::from)?;
        }
    }
    into.write_all(b"]}\n")?;
    Ok(())
}

/// Removes executions that have ended and have not been begun again meanwhile.
pub(crate) fn remove(db: &Connection, ended: &[i64]) -> rusqlite::Result<()> {
    for seq in ended {
        let gone =
            db.prepare_cached("DELETE FROM execution WHERE seq = ? AND stopped_us IS NOT NULL")?.execute([seq])?;
        if gone == 0 {
            continue;
        }
        for of_it in [
            "DELETE FROM history WHERE execution = ?",
            "DELETE FROM frames WHERE execution = ?",
            "DELETE FROM redrive WHERE execution = ?",
            "DELETE FROM map_run WHERE execution = ?",
            "DELETE FROM token WHERE execution = ?",
            "DELETE FROM cut_off WHERE execution = ?",
        ] {
            db.prepare_cached(of_it)?.execute([seq])?;
        }
    }
    Ok(())
}

/// Bytes of the file that hold something.
pub(crate) fn used_bytes(db: &Connection) -> rusqlite::Result<u64> {
    let number = |pragma: &str| db.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let pages = number("page_count")?.saturating_sub(number("freelist_count")?);
    Ok(pages.saturating_mul(number("page_size")?).unsigned_abs())
}

/// Gives pages that hold nothing back to the file system, at most so many.
pub(crate) fn give_back_pages(db: &Connection, most: u32) -> rusqlite::Result<()> {
    let mut vacuum = db.prepare(&format!("PRAGMA incremental_vacuum({most})"))?;
    let mut rows = vacuum.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}
