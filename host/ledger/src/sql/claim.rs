//! Claims of idempotency keys.

use rusqlite::{Connection, OptionalExtension as _, params};
use types::{CallId, Digest, Timestamp};

use crate::account::Subscriber;
use crate::once::Claim;
use crate::settle::Settlement;
use crate::sql::dimension::{self, CallIds, SubscriptionStub};

const FIND: &str = "
    SELECT i.request_sha256, i.call_id, i.state = 'settled' FROM idempotency i
    JOIN subscription s ON s.id = i.subscription JOIN route r ON r.id = i.operation
    WHERE s.public_id = ?1 AND i.test = ?2 AND r.public_id = ?3 AND i.key = ?4 AND i.expires_us > ?5";

/// Replaces nothing but a claim whose time is over: whoever inserts holds the key, and has looked.
const INSERT: &str = "
    INSERT INTO idempotency (subscription, test, operation, key, request_sha256, call_id, state, expires_us)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'claimed', ?7)
    ON CONFLICT (subscription, test, operation, key) DO UPDATE SET
      request_sha256 = excluded.request_sha256, call_id = excluded.call_id, state = 'claimed',
      expires_us = excluded.expires_us";

const SETTLE: &str = "
    UPDATE idempotency SET state = 'settled' WHERE subscription = ?1 AND test = ?2 AND operation = ?3 AND key = ?4";

const FREE: &str = "
    DELETE FROM idempotency WHERE subscription = ?1 AND test = ?2 AND operation = ?3 AND key = ?4";

/// A claim as it is kept.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) request: Digest,
    pub(crate) call: CallId,
    pub(crate) settled: bool,
}

/// The claim of the same key, unless its time is over.
pub(crate) fn find(
    reader: &Connection,
    (who, claim, now): (&Subscriber, &Claim, Timestamp),
) -> rusqlite::Result<Option<Kept>> {
    let (subscription, route) = (who.subscription.to_string(), claim.route.to_string());
    let key = params![subscription, who.test, route, &*claim.key, now.as_micros()];
    let read = |row: &rusqlite::Row<'_>| {
        let call: String = row.get(1)?;
        let call = call.parse().map_err(|error| {
            rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, Box::new(error))
        })?;
        Ok(Kept { request: Digest::from_bytes(row.get(0)?), call, settled: row.get(2)? })
    };
    reader.prepare_cached(FIND)?.query_row(key, read).optional()
}

/// Writes a claim, for a call that is about to run.
pub(crate) fn insert(tx: &Connection, who: &Subscriber, claim: &Claim, expires: Timestamp) -> rusqlite::Result<()> {
    let api = dimension::api(tx, &who.api.to_string())?;
    let app = dimension::app(tx, who.app)?;
    let plan = dimension::plan(tx, who.plan, api)?;
    let stub = SubscriptionStub { app, api, plan, anchor_us: who.anchor.as_micros() };
    let subscription = dimension::subscription(tx, who.subscription, &stub)?;
    let route = dimension::route(tx, claim.route, api)?;
    let (request, call) = (claim.request.as_bytes(), claim.call.to_string());
    let row = params![subscription, who.test, route, &*claim.key, request, call, expires.as_micros()];
    tx.prepare_cached(INSERT)?.execute(row).map(drop)
}

/// Notes that the call of a claim has its row. One that never ran leaves the key free.
pub(crate) fn close(tx: &Connection, ids: &CallIds, call: &Settlement, claim: &Claim) -> rusqlite::Result<()> {
    let sql = if call.ended.outcome.may_have_run() { SETTLE } else { FREE };
    let key = params![ids.subscription, call.subscriber.test, ids.route, &*claim.key];
    tx.prepare_cached(sql)?.execute(key).map(drop)
}
