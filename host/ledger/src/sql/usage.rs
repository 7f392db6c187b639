//! Usage and calls, for reading.

use rusqlite::types::ToSql;
use rusqlite::{Connection, Row};
use types::{AppId, KeyId, SubscriptionId, Timestamp};

use crate::inspect::{CallFilter, CallRow, ObjectUsage};

const USAGE: &str = "
    SELECT object, period_start_us, used, overage, included, limit_kind, period FROM quotas
    WHERE subscription = ?1 ORDER BY period_start_us DESC, object LIMIT 1000";

/// What a subscription used.
pub(crate) fn of(reader: &Connection, subscription: SubscriptionId) -> rusqlite::Result<Vec<ObjectUsage>> {
    reader.prepare_cached(USAGE)?.query_map([subscription.to_string()], object_usage)?.collect()
}

fn object_usage(row: &Row<'_>) -> rusqlite::Result<ObjectUsage> {
    Ok(ObjectUsage {
        object: row.get(0)?,
        period_start_us: row.get(1)?,
        used: row.get(2)?,
        overage: row.get(3)?,
        included: row.get(4)?,
        limit_kind: row.get(5)?,
        period: row.get(6)?,
    })
}

const TEST_USAGE: &str = "
    SELECT o.name, t.period_start_us, t.used, 0, NULL, NULL, NULL
    FROM test_counter t JOIN object o ON o.id = t.object
    WHERE t.subscription = (SELECT id FROM subscription WHERE public_id = ?1)
    ORDER BY t.period_start_us DESC, o.name LIMIT 1000";

/// What a subscription's test keys used.
pub(crate) fn of_test_keys(reader: &Connection, subscription: SubscriptionId) -> rusqlite::Result<Vec<ObjectUsage>> {
    reader.prepare_cached(TEST_USAGE)?.query_map([subscription.to_string()], object_usage)?.collect()
}

/// How many rows one page of an app's calls looks at: there is no index by app, and one request must not read the file.
const LOOKED_AT: i64 = 100_000;

/// The calls of an app, the newest first, and where the next page goes on.
pub(crate) fn calls_of_app(
    reader: &Connection,
    (app, before, limit): (AppId, Option<i64>, u32),
) -> rusqlite::Result<(Vec<CallRow>, Option<i64>)> {
    let ends = "SELECT coalesce(min(seq), 0), coalesce(max(seq), 0) FROM call";
    let (first, last): (i64, i64) = reader.prepare_cached(ends)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let before = before.unwrap_or(i64::MAX).min(last.saturating_add(1));
    let from = before.saturating_sub(LOOKED_AT);
    let filter =
        CallFilter { app: Some(app), before_seq: Some(before), from_seq: Some(from), limit, ..CallFilter::default() };
    let rows = calls(reader, &filter)?;
    let full = u32::try_from(rows.len()).is_ok_and(|count| count == limit);
    let next = if full { rows.last().map(|row| row.seq) } else { Some(from) };
    Ok((rows, next.filter(|next| *next > first)))
}

const COLUMNS: &str = "
    SELECT seq, call_id, client_request_id, admitted_us, ended_us, api, release, route, app, key, plan, subscription,
      status, outcome, error_code, client_gone, requests, requests_billed, total_us, component_us, fuel,
      memory_peak_bytes, request_bytes, response_bytes, egress_bytes, egress_calls, link
    FROM calls WHERE seq IN (SELECT c.seq FROM call c WHERE 1";

/// The calls that `filter` asks for, the newest first.
pub(crate) fn calls(reader: &Connection, filter: &CallFilter) -> rusqlite::Result<Vec<CallRow>> {
    let limit = match filter.limit {
        0 => 100,
        limit => limit.min(1_000),
    };
    let mut sql = COLUMNS.to_owned();
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    let mut narrow = |condition: &str, value: Option<Box<dyn ToSql>>| {
        if let Some(value) = value {
            sql.push_str(condition);
            values.push(value);
        }
    };
    narrow(" AND c.call_id = ?", filter.call.map(|id| boxed(id.to_string())));
    let of = " AND c.subscription = (SELECT id FROM subscription WHERE public_id = ?)";
    narrow(of, filter.subscription.map(|id| boxed(id.to_string())));
    let of = " AND c.api = (SELECT id FROM api WHERE public_id = ?)";
    narrow(of, filter.api.map(|id| boxed(id.to_string())));
    let of = " AND c.app = (SELECT id FROM app WHERE public_id = ?)";
    narrow(of, filter.app.map(|id| boxed(id.to_string())));
    narrow(" AND c.outcome = ?", filter.outcome.map(|outcome| boxed(outcome.as_str())));
    narrow(" AND c.admitted_us >= ?", filter.since.map(|since| boxed(since.as_micros())));
    narrow(" AND c.admitted_us < ?", filter.until.map(|until| boxed(until.as_micros())));
    narrow(" AND c.status = ?", filter.status.map(boxed));
    narrow(" AND c.error_code = ?", filter.error_code.clone().map(boxed));
    narrow(" AND c.seq < ?", filter.before_seq.map(boxed));
    narrow(" AND c.seq >= ?", filter.from_seq.map(boxed));
    narrow(" ORDER BY c.seq DESC LIMIT ?", Some(Box::new(limit)));
    sql.push_str(") ORDER BY seq DESC");
    let mut statement = reader.prepare_cached(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    let mut calls = Vec::new();
    while let Some(row) = rows.next()? {
        let usage = usage_of(reader, row.get(0)?)?;
        calls.push(call_row(row, usage)?);
    }
    Ok(calls)
}

fn usage_of(reader: &Connection, seq: i64) -> rusqlite::Result<Vec<(String, i64, i64)>> {
    reader
        .prepare_cached(
            "SELECT coalesce(o.name, ''), u.units, u.billed_units FROM usage u LEFT JOIN object o ON o.id = u.object
             WHERE u.call_seq = ?1 ORDER BY o.name",
        )?
        .query_map([seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect()
}

fn call_row(row: &Row<'_>, usage: Vec<(String, i64, i64)>) -> rusqlite::Result<CallRow> {
    Ok(CallRow {
        seq: row.get(0)?,
        call_id: row.get(1)?,
        client_request_id: row.get(2)?,
        admitted_us: row.get(3)?,
        ended_us: row.get(4)?,
        api: row.get(5)?,
        release: row.get(6)?,
        route: row.get(7)?,
        app: row.get(8)?,
        key: row.get(9)?,
        plan: row.get(10)?,
        subscription: row.get(11)?,
        status: row.get(12)?,
        outcome: row.get(13)?,
        error_code: row.get(14)?,
        client_gone: row.get(15)?,
        requests: row.get(16)?,
        requests_billed: row.get(17)?,
        total_us: row.get(18)?,
        component_us: row.get(19)?,
        fuel: row.get(20)?,
        memory_peak_bytes: row.get(21)?,
        request_bytes: row.get(22)?,
        response_bytes: row.get(23)?,
        egress_bytes: row.get(24)?,
        egress_calls: row.get(25)?,
        link: row.get(26)?,
        usage,
    })
}

fn boxed(value: impl ToSql + 'static) -> Box<dyn ToSql> {
    Box::new(value)
}

const LAST_USED: &str = "SELECT last_used_us FROM api_key WHERE public_id = ?1 AND last_used_us IS NOT NULL";

/// When keys were last used, of those that were.
pub(crate) fn keys_used(reader: &Connection, keys: &[KeyId]) -> rusqlite::Result<Vec<(KeyId, Timestamp)>> {
    let mut statement = reader.prepare_cached(LAST_USED)?;
    let mut used = Vec::new();
    for key in keys {
        let mut rows = statement.query([key.to_string()])?;
        if let Some(row) = rows.next()? {
            used.push((*key, Timestamp::from_micros(row.get(0)?)));
        }
    }
    Ok(used)
}
