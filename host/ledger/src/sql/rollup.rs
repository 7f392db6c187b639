//! Rollups, latency buckets, and how far they reach.

use rusqlite::{Connection, Row, params};
use types::Outcome;

use crate::rollup::{AppLatencyKey, Entry, Gathered, Grain, LatencyKey, Sums, Traffic, TrafficKey, UnitsKey, widened};
use crate::sql::calls::Facts;
use crate::sql::dimension::CallIds;

/// How many calls are read in one step when the sums are made from rows.
const STEP_CALLS: i64 = 1_000;

macro_rules! add_traffic {
    ($table:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (start_us, subscription, plan, route, release, outcome, calls, status_2xx, status_3xx, status_4xx,
               status_5xx, client_gone, units, billed_units, total_us, component_us, fuel, memory_peak_bytes,
               request_bytes, response_bytes, egress_bytes, egress_calls)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)
             ON CONFLICT DO UPDATE SET
               calls = calls + ?7, status_2xx = status_2xx + ?8, status_3xx = status_3xx + ?9,
               status_4xx = status_4xx + ?10, status_5xx = status_5xx + ?11, client_gone = client_gone + ?12,
               units = units + ?13, billed_units = billed_units + ?14, total_us = total_us + ?15,
               component_us = component_us + ?16, fuel = fuel + ?17, memory_peak_bytes = max(memory_peak_bytes, ?18),
               request_bytes = request_bytes + ?19, response_bytes = response_bytes + ?20,
               egress_bytes = egress_bytes + ?21, egress_calls = egress_calls + ?22"
        )
    };
}

const fn add_traffic(grain: Grain) -> &'static str {
    match grain {
        Grain::Minute => add_traffic!("rollup_minute"),
        Grain::Hour => add_traffic!("rollup_hour"),
        Grain::Day => add_traffic!("rollup_day"),
    }
}

const ADD_UNITS: &str = "
    INSERT INTO rollup_units (grain, start_us, subscription, plan, route, release, object, units, billed_units)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
    ON CONFLICT DO UPDATE SET units = units + ?8, billed_units = billed_units + ?9";
const ADD_LATENCY: &str = "
    INSERT INTO latency_bucket (grain, start_us, route, release, plan, what, bucket, calls)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO UPDATE SET calls = calls + ?8";
const ADD_APP_LATENCY: &str = "
    INSERT INTO latency_bucket_app (start_us, app, what, bucket, calls) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT DO UPDATE SET calls = calls + ?5";

const NOTE_KEY_USE: &str = "
    UPDATE api_key SET last_used_us = max(coalesce(last_used_us, 0), ?2) WHERE id = ?1";

/// Writes what is gathered, or, when that may not be all, the sums of the next calls from their rows. Answers whether
/// the sums now hold every completed call.
///
/// On an error what it wrote must be undone by the caller, and what was gathered is not used again.
pub(crate) fn flush(tx: &Connection, gathered: &mut Gathered) -> rusqlite::Result<bool> {
    if gathered.is_empty() {
        return Ok(true);
    }
    let written = write(tx, gathered);
    if written.is_err() {
        gathered.stale = true;
    }
    written
}

fn write(tx: &Connection, gathered: &mut Gathered) -> rusqlite::Result<bool> {
    let rolled: i64 = tx.prepare_cached("SELECT link FROM rolled WHERE id = 1")?.query_row([], |row| row.get(0))?;
    if gathered.stale || rolled != gathered.from {
        let (sums, reached, whole) = sums_after(tx, rolled)?;
        add(tx, &sums)?;
        advance(tx, reached)?;
        gathered.restart(reached);
        gathered.stale = !whole;
        return Ok(whole);
    }
    add(tx, &gathered.sums)?;
    let to = gathered.to;
    advance(tx, to)?;
    gathered.restart(to);
    Ok(true)
}

fn advance(tx: &Connection, link: i64) -> rusqlite::Result<()> {
    let changed = tx.prepare_cached("UPDATE rolled SET link = ?1 WHERE id = 1")?.execute([link])?;
    if changed == 1 { Ok(()) } else { Err(rusqlite::Error::StatementChangedRows(changed)) }
}

fn add(tx: &Connection, sums: &Sums) -> rusqlite::Result<()> {
    for grain in Grain::ALL {
        let traffic =
            widened(&sums.traffic, |key| TrafficKey { start_us: grain.start(key.start_us), ..key }, Traffic::add);
        for (key, sum) in &traffic {
            add_one(tx, grain, key, sum)?;
        }
        let two = |sum: &mut (i64, i64), more: &(i64, i64)| {
            *sum = (sum.0.saturating_add(more.0), sum.1.saturating_add(more.1));
        };
        let units = widened(&sums.units, |key| UnitsKey { start_us: grain.start(key.start_us), ..key }, two);
        for (UnitsKey { start_us, subscription, plan, route, release, object }, (units, billed)) in &units {
            let row = params![grain.as_str(), start_us, subscription, plan, route, release, object, units, billed];
            tx.prepare_cached(ADD_UNITS)?.execute(row)?;
        }
        let one = |sum: &mut i64, more: &i64| *sum = sum.saturating_add(*more);
        let latency = widened(&sums.latency, |key| LatencyKey { start_us: grain.start(key.start_us), ..key }, one);
        let mut statement = tx.prepare_cached(ADD_LATENCY)?;
        for (LatencyKey { start_us, route, release, plan, what, bucket }, calls) in &latency {
            statement.execute(params![grain.as_str(), start_us, route, release, plan, what.as_str(), bucket, calls])?;
        }
    }
    let mut statement = tx.prepare_cached(NOTE_KEY_USE)?;
    for (key, at_us) in &sums.keys_used {
        statement.execute(params![key, at_us])?;
    }
    let mut statement = tx.prepare_cached(ADD_APP_LATENCY)?;
    let apps = widened(&sums.latency_app, |key| key, |_: &mut i64, _| {});
    for (AppLatencyKey { start_us, app, what, bucket }, calls) in &apps {
        statement.execute(params![start_us, app, what.as_str(), bucket, calls])?;
    }
    Ok(())
}

fn add_one(tx: &Connection, grain: Grain, key: &TrafficKey, sum: &Traffic) -> rusqlite::Result<()> {
    let [ok, moved, refused, failed] = sum.statuses;
    let [gone, units, billed, total_us, component_us, fuel] = sum.sums;
    let [request, response, egress, egress_calls] = sum.volumes;
    tx.prepare_cached(add_traffic(grain))?
        .execute(params![
            key.start_us,
            key.subscription,
            key.plan,
            key.route,
            key.release,
            key.outcome.as_str(),
            sum.calls,
            ok,
            moved,
            refused,
            failed,
            gone,
            units,
            billed,
            total_us,
            component_us,
            fuel,
            sum.memory_peak_bytes,
            request,
            response,
            egress,
            egress_calls,
        ])
        .map(drop)
}

const LINKS_AFTER: &str = "
    SELECT seq, CASE kind WHEN 'task' THEN NULL ELSE call_seq END, calls FROM audit WHERE seq > ?1 ORDER BY seq";
const CALLS_OF_LINK: &str = "
    SELECT seq, subscription, app, api_key, api, route, release, plan, component, admitted_us, ended_us, status,
      outcome, client_gone, period_start_us, units, billed_units, total_us, component_us, fuel, fuel_schedule_id,
      memory_peak_bytes, request_bytes, response_bytes, egress_bytes, egress_calls
    FROM call WHERE seq >= ?1 AND seq < ?2 AND link = ?3";

/// The sums of the calls behind link `rolled`, at most about [`STEP_CALLS`] of them: the last link that is in them, and
/// whether it is the last of all.
fn sums_after(tx: &Connection, rolled: i64) -> rusqlite::Result<(Sums, i64, bool)> {
    let mut sums = Sums::default();
    let (mut reached, mut taken) = (rolled, 0_i64);
    let mut links = tx.prepare_cached(LINKS_AFTER)?;
    let mut rows = links.query([rolled])?;
    while let Some(row) = rows.next()? {
        if taken >= STEP_CALLS {
            return Ok((sums, reached, false));
        }
        reached = row.get(0)?;
        if let (Some(first), Some(calls)) = (row.get::<_, Option<i64>>(1)?, row.get::<_, Option<i64>>(2)?) {
            add_link(tx, &mut sums, (first, first.saturating_add(calls)), reached)?;
            taken = taken.saturating_add(calls);
        }
    }
    Ok((sums, reached, true))
}

fn add_link(tx: &Connection, sums: &mut Sums, (first, end): (i64, i64), link: i64) -> rusqlite::Result<()> {
    let mut select = tx.prepare_cached(CALLS_OF_LINK)?;
    let mut rows = select.query([first, end, link])?;
    while let Some(row) = rows.next()? {
        let usage = tx
            .prepare_cached("SELECT object, units, billed_units FROM usage WHERE call_seq = ?1")?
            .query_map([row.get::<_, i64>(0)?], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<Vec<(i64, i64, i64)>>>()?;
        sums.add(&Entry { ids: ids_of(row)?, facts: facts_of(row)?, usage });
    }
    Ok(())
}

fn ids_of(row: &Row<'_>) -> rusqlite::Result<CallIds> {
    Ok(CallIds {
        subscription: row.get(1)?,
        app: row.get(2)?,
        api_key: row.get(3)?,
        api: row.get(4)?,
        route: row.get(5)?,
        release: row.get(6)?,
        plan: row.get(7)?,
        component: row.get(8)?,
    })
}

fn facts_of(row: &Row<'_>) -> rusqlite::Result<Facts> {
    Ok(Facts {
        admitted_us: row.get(9)?,
        ended_us: row.get(10)?,
        status: row.get(11)?,
        outcome: row.get::<_, String>(12)?.parse().unwrap_or(Outcome::HostError),
        error_code: None,
        client_gone: row.get(13)?,
        period_start_us: row.get(14)?,
        units: row.get(15)?,
        billed_units: row.get(16)?,
        total_us: row.get(17)?,
        component_us: row.get(18)?,
        fuel: row.get(19)?,
        fuel_schedule_id: row.get(20)?,
        memory_peak_bytes: row.get(21)?,
        request_bytes: row.get(22)?,
        response_bytes: row.get(23)?,
        egress_bytes: row.get(24)?,
        egress_calls: row.get(25)?,
    })
}
