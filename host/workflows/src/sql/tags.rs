//! Tags of machines and activities.

use rusqlite::{Connection, params};

pub(crate) fn put(db: &Connection, (of, id): (&str, i64), key: &str, value: &str) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO tag(of, id, key, value) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        params![of, id, key, value],
    )?;
    Ok(())
}

pub(crate) fn remove(db: &Connection, (of, id): (&str, i64), key: &str) -> rusqlite::Result<()> {
    db.execute("DELETE FROM tag WHERE of = ? AND id = ? AND key = ?", params![of, id, key])?;
    Ok(())
}

pub(crate) fn list(db: &Connection, (of, id): (&str, i64)) -> rusqlite::Result<Vec<(String, String)>> {
    db.prepare_cached("SELECT key, value FROM tag WHERE of = ? AND id = ? ORDER BY key")?
        .query_map(params![of, id], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}
