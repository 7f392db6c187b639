//! Executions that have ended, for whoever is to be told.

use rusqlite::Connection;
use stepfunctions::{Arn, Thing};
use types::Timestamp;

use crate::ended::Ended;

/// Those that nobody has been told of, the oldest first, with their places. `None`: it was deleted meanwhile.
pub(crate) fn read(db: &Connection, most: u32) -> rusqlite::Result<Vec<(i64, Option<Ended>)>> {
    db.prepare_cached(
        "SELECT o.id, m.organisation, m.account, m.region, m.name, e.name, e.kind, e.seed, e.status, e.started_us,
           e.stopped_us, e.output, e.error, e.cause, e.origin
         FROM outbox o LEFT JOIN execution e ON e.seq = CAST(o.body AS INTEGER) LEFT JOIN machine m ON m.id = e.machine
         WHERE o.topic = 'ended' ORDER BY o.id LIMIT ?",
    )?
    .query_map([most], |row| {
        let organisation: Option<String> = row.get(1)?;
        let Some(organisation) = organisation.and_then(|text| text.parse().ok()) else {
            return Ok((row.get(0)?, None));
        };
        let (account, region): (String, String) = (row.get(2)?, row.get(3)?);
        let (machine, name): (String, String) = (row.get(4)?, row.get(5)?);
        let thing = if row.get::<_, String>(6)? == "EXPRESS" {
            let id = format!("{:016x}", row.get::<_, i64>(7)?.cast_unsigned());
            Thing::Express { machine: machine.clone(), name: name.clone(), id }
        } else {
            Thing::Execution { machine: machine.clone(), name: name.clone() }
        };
        let execution = Arn { region: region.clone(), account: account.clone(), thing }.to_string();
        let state_machine = Arn { region, account, thing: Thing::Machine { name: machine, qualifier: None } };
        let ended = Ended {
            organisation,
            execution,
            state_machine: state_machine.to_string(),
            name,
            status: row.get(8)?,
            started: Timestamp::from_micros(row.get(9)?),
            stopped: Timestamp::from_micros(row.get::<_, Option<i64>>(10)?.unwrap_or_default()),
            output: row.get(11)?,
            error: row.get(12)?,
            cause: row.get(13)?,
            origin: row.get(14)?,
        };
        Ok((row.get(0)?, Some(ended)))
    })?
    .collect()
}

/// Forgets those that were told of, up to a place.
pub(crate) fn told(db: &Connection, up_to: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM outbox WHERE topic = 'ended' AND id <= ?")?.execute([up_to])?;
    Ok(())
}
