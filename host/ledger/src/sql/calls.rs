//! Call rows and the usage rows beside them.

use rusqlite::{CachedStatement, Connection, params};
use types::{Outcome, PublicCode, Timestamp};

use crate::canonical::CanonicalCall;
use crate::settle::{Line, Settlement};
use crate::sql::dimension::CallIds;

const INSERT: &str = "
    INSERT INTO call (seq, call_id, client_request_id, subscription, app, api_key, api, route, release, plan, component,
      admitted_us, ended_us, status, outcome, error_code, client_gone, period_start_us, units, billed_units, total_us,
      component_us, fuel, fuel_schedule_id, memory_peak_bytes, request_bytes, response_bytes, egress_bytes,
      egress_calls, link)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23,
      ?24, ?25, ?26, ?27, ?28, ?29, ?30)";

const INSERT_OPEN: &str = "
    INSERT INTO call (seq, call_id, client_request_id, subscription, app, api_key, api, route, release, plan, component,
      admitted_us, status, period_start_us, units, billed_units)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";

const COMPLETE: &str = "
    UPDATE call SET ended_us = ?2, outcome = ?3, error_code = ?4, client_gone = ?5, total_us = ?6, component_us = ?7,
      fuel = ?8, fuel_schedule_id = ?9, memory_peak_bytes = ?10, request_bytes = ?11, response_bytes = ?12,
      egress_bytes = ?13, egress_calls = ?14, link = ?15
    WHERE seq = ?1 AND link IS NULL";

const INSERT_USAGE: &str = "
    INSERT INTO usage (call_seq, object, period_start_us, units, billed_units) VALUES (?1, ?2, ?3, ?4, ?5)";

/// The measured facts of a call as its columns hold them.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) admitted_us: i64,
    pub(crate) ended_us: i64,
    pub(crate) status: i64,
    pub(crate) outcome: Outcome,
    pub(crate) error_code: Option<PublicCode>,
    pub(crate) client_gone: i64,
    pub(crate) period_start_us: i64,
    pub(crate) units: i64,
    pub(crate) billed_units: i64,
    pub(crate) total_us: i64,
    pub(crate) component_us: i64,
    pub(crate) fuel: i64,
    pub(crate) fuel_schedule_id: i64,
    pub(crate) memory_peak_bytes: i64,
    pub(crate) request_bytes: i64,
    pub(crate) response_bytes: i64,
    pub(crate) egress_bytes: i64,
    pub(crate) egress_calls: i64,
}

impl Facts {
    pub(crate) fn of(call: &Settlement) -> Self {
        let ended = &call.ended;
        let micros = |passed: std::time::Duration| i64::try_from(passed.as_micros()).unwrap_or(i64::MAX);
        let requests = call.lines.first();
        Self {
            admitted_us: call.admitted_at.as_micros(),
            ended_us: ended.ended_at.as_micros(),
            status: i64::from(ended.status),
            outcome: ended.outcome,
            error_code: ended.error_code.clone(),
            client_gone: i64::from(ended.client_gone),
            period_start_us: requests.map_or(0, |line| line.period_start.as_micros()),
            units: requests.map_or(0, |line| line.units.to_sql()),
            billed_units: requests.map_or(0, |line| line.billed.to_sql()),
            total_us: micros(ended.total),
            component_us: micros(ended.component_time),
            fuel: ended.fuel.to_sql(),
            fuel_schedule_id: i64::from(ended.fuel_schedule),
            memory_peak_bytes: ended.memory_peak.to_sql(),
            request_bytes: ended.request_bytes.to_sql(),
            response_bytes: ended.response_bytes.to_sql(),
            egress_bytes: ended.egress_bytes.to_sql(),
            egress_calls: i64::from(ended.egress_calls),
        }
    }
}

impl Facts {
    /// The facts of a stream of which nothing is known but its beginning.
    pub(crate) fn interrupted(admitted_us: i64, now: Timestamp) -> Self {
        let total = now.since(Timestamp::from_micros(admitted_us));
        Self {
            admitted_us,
            ended_us: now.as_micros(),
            status: 0,
            outcome: Outcome::Interrupted,
            error_code: None,
            client_gone: 0,
            period_start_us: 0,
            units: 0,
            billed_units: 0,
            total_us: i64::try_from(total.as_micros()).unwrap_or(i64::MAX),
            component_us: 0,
            fuel: 0,
            fuel_schedule_id: 0,
            memory_peak_bytes: 0,
            request_bytes: 0,
            response_bytes: 0,
            egress_bytes: 0,
            egress_calls: 0,
        }
    }
}

/// The lines of further objects, ordered by name as the chain wants them.
pub(crate) fn further(call: &Settlement) -> Vec<&Line> {
    let mut lines: Vec<&Line> = call.lines.iter().skip(1).collect();
    lines.sort_unstable_by(|one, other| one.object.cmp(&other.object));
    lines
}

/// Inserts completed calls, one after the other.
pub(crate) struct Insert<'a>(CachedStatement<'a>);

impl<'a> Insert<'a> {
    pub(crate) fn into(tx: &'a Connection) -> rusqlite::Result<Self> {
        tx.prepare_cached(INSERT).map(Self)
    }

    /// Inserts one call, under `link`.
    pub(crate) fn call(
        &mut self,
        (seq, link): (i64, i64),
        call: &Settlement,
        ids: &CallIds,
        facts: &Facts,
    ) -> rusqlite::Result<()> {
        let call_id = call.ended.call.to_string();
        self.0
            .execute(params![
                seq,
                call_id,
                call.ended.client_request_id,
                ids.subscription,
                ids.app,
                ids.api_key,
                ids.api,
                ids.route,
                ids.release,
                ids.plan,
                ids.component,
                facts.admitted_us,
                facts.ended_us,
                facts.status,
                facts.outcome.as_str(),
                facts.error_code.as_ref().map(PublicCode::as_str),
                facts.client_gone,
                facts.period_start_us,
                facts.units,
                facts.billed_units,
                facts.total_us,
                facts.component_us,
                facts.fuel,
                facts.fuel_schedule_id,
                facts.memory_peak_bytes,
                facts.request_bytes,
                facts.response_bytes,
                facts.egress_bytes,
                facts.egress_calls,
                link,
            ])
            .map(drop)
    }
}

/// Inserts the row of a call whose response begins.
pub(crate) fn insert_open(tx: &Connection, seq: i64, call: &Settlement, ids: &CallIds) -> rusqlite::Result<()> {
    let facts = Facts::of(call);
    tx.prepare_cached(INSERT_OPEN)?
        .execute(params![
            seq,
            call.ended.call.to_string(),
            call.ended.client_request_id,
            ids.subscription,
            ids.app,
            ids.api_key,
            ids.api,
            ids.route,
            ids.release,
            ids.plan,
            ids.component,
            facts.admitted_us,
            facts.status,
            facts.period_start_us,
            facts.units,
            facts.billed_units,
        ])
        .map(drop)
}

/// Completes an open row, which must be there and open.
pub(crate) fn complete(tx: &Connection, (seq, link): (i64, i64), facts: &Facts) -> rusqlite::Result<()> {
    let changed = tx.prepare_cached(COMPLETE)?.execute(params![
        seq,
        facts.ended_us,
        facts.outcome.as_str(),
        facts.error_code.as_ref().map(PublicCode::as_str),
        facts.client_gone,
        facts.total_us,
        facts.component_us,
        facts.fuel,
        facts.fuel_schedule_id,
        facts.memory_peak_bytes,
        facts.request_bytes,
        facts.response_bytes,
        facts.egress_bytes,
        facts.egress_calls,
        link,
    ])?;
    if changed == 1 { Ok(()) } else { Err(rusqlite::Error::StatementChangedRows(changed)) }
}

/// Inserts a usage row.
pub(crate) fn insert_usage(tx: &Connection, seq: i64, object: i64, line: &Line) -> rusqlite::Result<()> {
    let Line { period_start, units, billed, .. } = line;
    let row = params![seq, object, period_start.as_micros(), units.to_sql(), billed.to_sql()];
    tx.prepare_cached(INSERT_USAGE)?.execute(row).map(drop)
}

/// Appends what the chain is made over.
pub(crate) fn write_canonical(bytes: &mut Vec<u8>, seq: i64, call: &Settlement, facts: &Facts) {
    let (who, ended) = (&call.subscriber, &call.ended);
    let lines = further(call);
    let usage: Vec<(&str, i64, i64, i64)> = lines
        .iter()
        .map(|line| (line.object.as_str(), line.period_start.as_micros(), line.units.to_sql(), line.billed.to_sql()))
        .collect();
    CanonicalCall {
        ids: [
            ended.call.as_u128(),
            who.subscription.as_u128(),
            who.app.as_u128(),
            who.key.as_u128(),
            who.api.as_u128(),
            ended.route.as_u128(),
            ended.release.as_u128(),
            who.plan.as_u128(),
        ],
        component: ended.component.as_bytes(),
        texts: [
            ended.client_request_id.as_deref(),
            None,
            None,
            Some(facts.outcome.as_str()),
            facts.error_code.as_ref().map(PublicCode::as_str),
        ],
        numbers: [
            seq,
            -1,
            facts.admitted_us,
            facts.ended_us,
            facts.status,
            facts.client_gone,
            facts.period_start_us,
            facts.units,
            facts.billed_units,
            facts.total_us,
            facts.component_us,
            facts.fuel,
            facts.fuel_schedule_id,
            facts.memory_peak_bytes,
            facts.request_bytes,
            facts.response_bytes,
            facts.egress_bytes,
            facts.egress_calls,
        ],
        usage: &usage,
    }
    .write(bytes);
}

/// The status, units and billed units with which a stream began.
pub(crate) fn opened(tx: &Connection, seq: i64) -> rusqlite::Result<(i64, i64, i64)> {
    tx.prepare_cached("SELECT status, units, billed_units FROM call WHERE seq = ?1")?
        .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}

/// The open rows: number, moment of admission.
pub(crate) fn open_rows(tx: &Connection, most: i64) -> rusqlite::Result<Vec<(i64, i64)>> {
    tx.prepare_cached("SELECT seq, admitted_us FROM call WHERE link IS NULL ORDER BY seq LIMIT ?1")?
        .query_map([most], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}
