//! Removing what is too old.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::sweep::{Cuts, Swept};

/// How many calls go in one step, but for the last link's.
const CALLS: i64 = 250;
/// How many rows of each other kind.
const ROWS: i64 = 200;
/// How many pages are given back to the file system in one step.
const PAGES: &str = "PRAGMA incremental_vacuum(64)";

/// One step.
pub(crate) fn step(tx: &Connection, cuts: &Cuts) -> rusqlite::Result<Swept> {
    let mut swept =
        Swept { sums: sums(tx, cuts)?, relayed: relayed(tx, cuts)?, claims: claims(tx, cuts)?, ..Swept::default() };
    links(tx, cuts, &mut swept)?;
    tx.prepare_cached(PAGES)?.query([])?.next()?;
    Ok(swept)
}

/// Bytes of pages in use that are above the size budget.
fn over_budget(tx: &Connection, cuts: &Cuts) -> rusqlite::Result<u64> {
    let Some(most) = cuts.size_max else { return Ok(0) };
    let read = |pragma: &str| tx.prepare_cached(pragma)?.query_row([], |row| row.get::<_, i64>(0));
    let used = read("PRAGMA page_count")?.saturating_sub(read("PRAGMA freelist_count")?);
    Ok(used.saturating_mul(read("PRAGMA page_size")?).unsigned_abs().saturating_sub(most))
}

/// The oldest links that the sums hold already, with when what they cover was over. Never the newest link: the chain
/// and the numbers of the calls go on from it.
const OLDEST: &str = "
    SELECT a.seq, a.call_seq, a.calls, a.act_seq, a.sha256,
      coalesce((SELECT max(c.ended_us) FROM call c WHERE c.seq >= a.call_seq AND c.seq < a.call_seq + a.calls),
               (SELECT t.ts_us FROM act t WHERE t.seq = a.act_seq), 0)
    FROM audit a
    WHERE a.seq <= (SELECT link FROM rolled) AND a.seq < (SELECT max(seq) FROM audit)
      AND coalesce(a.call_seq + a.calls - 1, 0) < (SELECT max(seq) FROM call)
    ORDER BY a.seq LIMIT 1";

const REMEMBER: &str = "
    UPDATE counter SET removed = removed + gone.billed
    FROM (SELECT subscription, object, period_start_us, sum(billed_units) AS billed FROM (
            SELECT subscription, 1 AS object, period_start_us, billed_units FROM call WHERE seq >= ?1 AND seq < ?2
            UNION ALL
            SELECT c.subscription, u.object, u.period_start_us, u.billed_units
            FROM usage u JOIN call c ON c.seq = u.call_seq WHERE u.call_seq >= ?1 AND u.call_seq < ?2)
          GROUP BY 1, 2, 3) AS gone
    WHERE counter.subscription = gone.subscription AND counter.object = gone.object
      AND counter.period_start_us = gone.period_start_us";

struct Oldest {
    seq: i64,
    calls: Option<(i64, i64)>,
    act: Option<i64>,
    sha256: Vec<u8>,
    over_us: i64,
}

/// The oldest links go: those past their time, and further ones while the file is above its budget. Its size is asked
/// after each, so that none goes early in vain.
fn links(tx: &Connection, cuts: &Cuts, swept: &mut Swept) -> rusqlite::Result<()> {
    let most = u64::try_from(CALLS).unwrap_or(0);
    let mut anchor = None;
    swept.over_bytes = over_budget(tx, cuts)?;
    while swept.calls < most && swept.links < most {
        let before_us = if swept.over_bytes > 0 { cuts.invoiced_us } else { cuts.calls_us };
        let Some(link) = oldest(tx)?.filter(|link| link.over_us < before_us) else { break };
        remove(tx, &link, swept)?;
        anchor = Some((link.seq, link.sha256));
        swept.over_bytes = over_budget(tx, cuts)?;
    }
    if let Some((seq, sha256)) = anchor {
        // An anchor whose segment was not archived says nothing once there is a later one.
        tx.prepare_cached("DELETE FROM audit_anchor WHERE archived_ref IS NULL")?.execute([])?;
        tx.prepare_cached("INSERT INTO audit_anchor (seq, sha256) VALUES (?1, ?2)")?.execute(params![seq, sha256])?;
    }
    Ok(())
}

/// Removes a link with the rows that it covers. What they add up to stays in their counters.
fn remove(tx: &Connection, link: &Oldest, swept: &mut Swept) -> rusqlite::Result<()> {
    if let Some((first, calls)) = link.calls {
        let range = [first, first.saturating_add(calls)];
        tx.prepare_cached(REMEMBER)?.execute(range)?;
        tx.prepare_cached("DELETE FROM usage WHERE call_seq >= ?1 AND call_seq < ?2")?.execute(range)?;
        tx.prepare_cached("DELETE FROM call WHERE seq >= ?1 AND seq < ?2")?.execute(range)?;
        swept.calls = swept.calls.saturating_add(calls.unsigned_abs());
    }
    if let Some(act) = link.act {
        tx.prepare_cached("DELETE FROM act WHERE seq = ?1")?.execute([act])?;
    }
    tx.prepare_cached("DELETE FROM audit WHERE seq = ?1")?.execute([link.seq])?;
    swept.links = swept.links.saturating_add(1);
    Ok(())
}

fn oldest(tx: &Connection) -> rusqlite::Result<Option<Oldest>> {
    tx.prepare_cached(OLDEST)?
        .query_row([], |row| {
            let calls = row.get::<_, Option<i64>>(1)?.zip(row.get(2)?);
            Ok(Oldest { seq: row.get(0)?, calls, act: row.get(3)?, sha256: row.get(4)?, over_us: row.get(5)? })
        })
        .optional()
}

/// Sums that are too fine for their age.
fn sums(tx: &Connection, cuts: &Cuts) -> rusqlite::Result<u64> {
    let mut removed = 0_usize;
    for (table, cut) in [("rollup_minute", cuts.minutes_us), ("rollup_hour", cuts.hours_us)] {
        let sql = format!(
            "DELETE FROM {table} WHERE (start_us, subscription, plan, route, release, outcome) IN
             (SELECT start_us, subscription, plan, route, release, outcome FROM {table}
              WHERE start_us < ?1 ORDER BY 1, 2, 3, 4, 5, 6 LIMIT ?2)"
        );
        removed = removed.saturating_add(tx.prepare_cached(&sql)?.execute([cut, ROWS])?);
    }
    let units = "DELETE FROM rollup_units WHERE (grain, start_us, subscription, plan, route, release, object) IN
        (SELECT grain, start_us, subscription, plan, route, release, object FROM rollup_units
         WHERE grain = ?1 AND start_us < ?2 ORDER BY 1, 2, 3, 4, 5, 6, 7 LIMIT ?3)";
    let latency = "DELETE FROM latency_bucket WHERE (grain, start_us, route, release, plan, what, bucket) IN
        (SELECT grain, start_us, route, release, plan, what, bucket FROM latency_bucket
         WHERE grain = ?1 AND start_us < ?2 ORDER BY 1, 2, 3, 4, 5, 6, 7 LIMIT ?3)";
    for sql in [units, latency] {
        for (grain, cut) in [("minute", cuts.minutes_us), ("hour", cuts.hours_us)] {
            removed = removed.saturating_add(tx.prepare_cached(sql)?.execute(params![grain, cut, ROWS])?);
        }
    }
    let apps = "DELETE FROM latency_bucket_app WHERE (start_us, app, what, bucket) IN
        (SELECT start_us, app, what, bucket FROM latency_bucket_app WHERE start_us < ?1 ORDER BY 1, 2, 3, 4 LIMIT ?2)";
    removed = removed.saturating_add(tx.prepare_cached(apps)?.execute([cuts.hours_us, ROWS])?);
    let denials = "DELETE FROM denial WHERE (start_us, api, reason) IN
        (SELECT start_us, api, reason FROM denial WHERE start_us < ?1 ORDER BY 1, 2, 3 LIMIT ?2)";
    removed = removed.saturating_add(tx.prepare_cached(denials)?.execute([cuts.hours_us, ROWS])?);
    Ok(u64::try_from(removed).unwrap_or(u64::MAX))
}

fn relayed(tx: &Connection, cuts: &Cuts) -> rusqlite::Result<u64> {
    let sql = "DELETE FROM relayed WHERE (source, outbox_id) IN
        (SELECT source, outbox_id FROM relayed WHERE outbox_id < ?1 LIMIT ?2)";
    let removed = tx.prepare_cached(sql)?.execute(params![cuts.relayed.to_string(), ROWS])?;
    Ok(u64::try_from(removed).unwrap_or(u64::MAX))
}

fn claims(tx: &Connection, cuts: &Cuts) -> rusqlite::Result<u64> {
    let sql = "DELETE FROM idempotency WHERE (subscription, test, operation, key) IN
        (SELECT subscription, test, operation, key FROM idempotency WHERE expires_us <= ?1 ORDER BY expires_us LIMIT ?2)";
    let removed = tx.prepare_cached(sql)?.execute([cuts.now_us, ROWS])?;
    Ok(u64::try_from(removed).unwrap_or(u64::MAX))
}
