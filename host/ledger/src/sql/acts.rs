//! Management acts, for reading.

use rusqlite::types::ToSql;
use rusqlite::{Connection, params_from_iter};
use types::{Act, Timestamp};

use crate::inspect::ActFilter;

/// The acts that `filter` asks for, the newest first, each with its number.
pub(crate) fn list(reader: &Connection, filter: &ActFilter) -> rusqlite::Result<Vec<(i64, Act)>> {
    let mut sql = "SELECT seq, ts_us, actor, action, subject, before_json, after_json FROM act WHERE 1".to_owned();
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    let mut narrow = |condition: &str, value: Option<Box<dyn ToSql>>| {
        if let Some(value) = value {
            sql.push_str(condition);
            values.push(value);
        }
    };
    narrow(" AND actor = ?", filter.actor.clone().map(boxed));
    narrow(" AND action = ?", filter.action.clone().map(boxed));
    narrow(" AND subject = ?", filter.subject.clone().map(boxed));
    narrow(" AND ts_us >= ?", filter.since.map(|since| boxed(since.as_micros())));
    narrow(" AND ts_us < ?", filter.until.map(|until| boxed(until.as_micros())));
    narrow(" AND seq < ?", filter.before_seq.map(boxed));
    narrow(" ORDER BY seq DESC LIMIT ?", Some(Box::new(filter.limit.clamp(1, 1_000))));
    let mut statement = reader.prepare_cached(&sql)?;
    let acts = statement.query_map(params_from_iter(values), |row| {
        let act = Act {
            at: Timestamp::from_micros(row.get(1)?),
            actor: row.get(2)?,
            action: row.get(3)?,
            subject: row.get(4)?,
            before: row.get(5)?,
            after: row.get(6)?,
        };
        Ok((row.get(0)?, act))
    })?;
    acts.collect()
}

fn boxed(value: impl ToSql + 'static) -> Box<dyn ToSql> {
    Box::new(value)
}
