//! Denials by minute.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use crate::denial::DenialKey;
use crate::sql::dimension;

const ADD: &str = "
    INSERT INTO denial (start_us, api, reason, calls) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT DO UPDATE SET calls = calls + ?4";

/// Adds what was counted.
pub(crate) fn add(tx: &Connection, counts: &HashMap<DenialKey, i64>) -> rusqlite::Result<()> {
    let mut statement = tx.prepare_cached(ADD)?;
    for (DenialKey { minute_us, api, reason }, calls) in counts {
        let api = match api {
            Some(api) => dimension::api(tx, &api.to_string())?,
            None => 0,
        };
        statement.execute(params![minute_us, api, reason.as_str(), calls])?;
    }
    Ok(())
}
