//! What nothing refers to any more.

use rusqlite::{Connection, params};

/// Machines that were deleted, those after `after`, at most `most`.
pub(crate) fn deleting(db: &Connection, after: i64, most: u32) -> rusqlite::Result<Vec<i64>> {
    db.prepare_cached("SELECT id FROM machine WHERE status = 'DELETING' AND id > ? ORDER BY id LIMIT ?")?
        .query_map(params![after, most], |row| row.get(0))?
        .collect()
}

/// Forgets deleted machines whose executions are gone too; how many, at most `most`.
pub(crate) fn machines(db: &Connection, most: u32) -> rusqlite::Result<usize> {
    db.prepare_cached(
        "DELETE FROM machine WHERE id IN (SELECT m.id FROM machine m WHERE m.status = 'DELETING'
           AND NOT EXISTS (SELECT 1 FROM execution WHERE machine = m.id) LIMIT ?)",
    )?
    .execute([most])
}

/// Forgets definitions that no machine, version, execution or map run has; how many, at most `most`. The newest stays:
/// its number would be given to the next one, which is another.
pub(crate) fn definitions(db: &Connection, most: u32) -> rusqlite::Result<usize> {
    db.prepare_cached(
        "DELETE FROM definition WHERE id IN (SELECT d.id FROM definition d
           WHERE d.id < (SELECT max(id) FROM definition)
           AND NOT EXISTS (SELECT 1 FROM machine WHERE definition = d.id)
           AND NOT EXISTS (SELECT 1 FROM machine_version WHERE definition = d.id)
           AND NOT EXISTS (SELECT 1 FROM execution WHERE definition = d.id)
           AND NOT EXISTS (SELECT 1 FROM map_run WHERE definition = d.id) LIMIT ?)",
    )?
    .execute([most])
}
