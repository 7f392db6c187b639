//! Acts in the outbox. topic: act; body: its id and the fact, JSON.

use rusqlite::Connection;
use types::{Act, Digest, Fact, OutboxId};

pub(crate) fn insert(db: &Connection, act: Act) -> rusqlite::Result<()> {
    let row = (OutboxId::generate(act.at), Fact::Act(act));
    let body = serde_json::to_string(&row).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    db.prepare_cached("INSERT INTO outbox(topic, body) VALUES ('act', ?)")?.execute([body])?;
    Ok(())
}

/// Those that nobody has been told of, the oldest first, with their places.
pub(crate) fn read(db: &Connection, most: u32) -> rusqlite::Result<Vec<(i64, String)>> {
    db.prepare_cached("SELECT id, body FROM outbox WHERE topic = 'act' ORDER BY id LIMIT ?")?
        .query_map([most], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Forgets those that were told of, up to a place.
pub(crate) fn told(db: &Connection, up_to: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM outbox WHERE topic = 'act' AND id <= ?")?.execute([up_to])?;
    Ok(())
}

/// The digest of a definition, in hexadecimal.
pub(crate) fn definition_sha256(db: &Connection, id: i64) -> rusqlite::Result<String> {
    let digest: [u8; 32] =
        db.prepare_cached("SELECT sha256 FROM definition WHERE id = ?")?.query_row([id], |row| row.get(0))?;
    Ok(Digest::from_bytes(digest).to_string())
}
