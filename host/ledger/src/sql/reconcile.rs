//! Whether counters are what their calls add up to.

use rusqlite::Connection;

use crate::inspect::{Mismatch, Reconciliation};
use crate::sql::audit;

const MISMATCHES: &str = "
    WITH line AS (
      SELECT subscription, 1 AS object, period_start_us, billed_units FROM call
      UNION ALL
      SELECT c.subscription, u.object, u.period_start_us, u.billed_units
      FROM usage u JOIN call c ON c.seq = u.call_seq),
    billed AS (
      SELECT subscription, object, period_start_us, sum(billed_units) AS units FROM line GROUP BY 1, 2, 3),
    book AS (
      SELECT subscription, object, period_start_us, used, removed, 0 AS units FROM counter
      UNION ALL SELECT subscription, object, period_start_us, 0, 0, units FROM billed)
    SELECT coalesce(s.public_id, ''), coalesce(o.name, ''), b.period_start_us, sum(b.used), sum(b.units) + sum(b.removed)
    FROM book b LEFT JOIN subscription s ON s.id = b.subscription LEFT JOIN object o ON o.id = b.object
    GROUP BY b.subscription, b.object, b.period_start_us
    HAVING sum(b.used) <> sum(b.units) + sum(b.removed)
    LIMIT 100";

/// Checks the books. Reads within the caller's transaction.
pub(crate) fn reconcile(connection: &Connection) -> rusqlite::Result<Reconciliation> {
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs);
    let mismatches = connection
        .prepare_cached(MISMATCHES)?
        .query_map([], |row| {
            Ok(Mismatch {
                subscription: row.get(0)?,
                object: row.get(1)?,
                period_start_us: row.get(2)?,
                counter: row.get(3)?,
                calls: row.get(4)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<Mismatch>>>()?;
    Ok(Reconciliation {
        counters_checked: count("SELECT count(*) FROM counter")?,
        mismatches,
        calls_without_link: count("SELECT count(*) FROM call WHERE link IS NULL")?,
        chain: audit::verify(connection)?,
    })
}
