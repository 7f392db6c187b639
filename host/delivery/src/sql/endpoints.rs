//! Endpoints: their rows, secrets and revisions.

use rusqlite::{Connection, OptionalExtension as _, Row as Read, params};
use serde_json::json;
use types::{AppId, EndpointId, OrganisationId, Timestamp};

use super::outbox::{self, By};
use super::{at, at_or_none, id, id_or_none};
use crate::endpoint::{Endpoint, EndpointChange, EndpointQuery, NewEndpoint};

/// An endpoint with what signs for it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) endpoint: Endpoint,
    pub(crate) secret: Vec<u8>,
    pub(crate) former: Option<Vec<u8>>,
}

const SELECT: &str = "SELECT id, organisation, url, events, description, disabled_us, disabled_why, former_until_us,
    revision, created_us, secret, former, app FROM endpoint";

fn read(row: &Read<'_>) -> rusqlite::Result<Row> {
    let disabled = at_or_none(row, 5)?.zip(row.get::<_, Option<String>>(6)?);
    let endpoint = Endpoint {
        id: id(row, 0)?,
        organisation: id(row, 1)?,
        app: id_or_none(row, 12)?,
        url: row.get(2)?,
        events: serde_json::from_str(&row.get::<_, String>(3)?).unwrap_or_default(),
        description: row.get(4)?,
        disabled,
        former_until: at_or_none(row, 7)?,
        revision: row.get::<_, i64>(8)?.unsigned_abs(),
        created_at: at(row, 9)?,
    };
    Ok(Row { endpoint, secret: row.get(10)?, former: row.get(11)? })
}

pub(crate) fn list(db: &Connection, query: &EndpointQuery) -> rusqlite::Result<Vec<Endpoint>> {
    let sql = format!(
        "{SELECT} WHERE (?1 IS NULL OR organisation = ?1) AND (?2 IS NULL OR app = ?2) AND id > ?3 ORDER BY id LIMIT ?4"
    );
    let (organisation, app) = (query.organisation.map(|id| id.to_string()), query.app.map(|id| id.to_string()));
    let after = query.after.map(|id| id.to_string()).unwrap_or_default();
    let mut rows = db.prepare_cached(&sql)?;
    let rows = rows.query_map(params![organisation, app, after, query.limit], read)?;
    rows.map(|row| row.map(|row| row.endpoint)).collect()
}

pub(crate) fn find(db: &Connection, id: EndpointId) -> rusqlite::Result<Option<Row>> {
    db.prepare_cached(&format!("{SELECT} WHERE id = ?"))?.query_row([id.to_string()], read).optional()
}

/// The endpoint of `new`'s owner, an organisation or an app, that has its URL.
pub(crate) fn find_url(db: &Connection, new: &NewEndpoint) -> rusqlite::Result<Option<Endpoint>> {
    let sql = format!("{SELECT} WHERE organisation = ? AND coalesce(app, '') = ? AND url = ?");
    let (organisation, app) = owner(new);
    let row = db.prepare_cached(&sql)?.query_row([&organisation, &app, &new.url], read).optional()?;
    Ok(row.map(|row| row.endpoint))
}

/// How many `new`'s owner has.
pub(crate) fn count(db: &Connection, new: &NewEndpoint) -> rusqlite::Result<usize> {
    let (organisation, app) = owner(new);
    db.prepare_cached("SELECT count(*) FROM endpoint WHERE organisation = ? AND coalesce(app, '') = ?")?
        .query_row([organisation, app], |row| row.get::<_, i64>(0))
        .map(|count| usize::try_from(count).unwrap_or(usize::MAX))
}

fn owner(new: &NewEndpoint) -> (String, String) {
    (new.organisation.to_string(), new.app.map(|app| app.to_string()).unwrap_or_default())
}

pub(crate) fn insert(
    db: &Connection,
    id: EndpointId,
    new: &NewEndpoint,
    sealed: &[u8],
    at: Timestamp,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO endpoint(id, organisation, app, url, events, description, secret, created_us)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        id.to_string(),
        new.organisation.to_string(),
        new.app.map(|app| app.to_string()),
        new.url,
        json!(new.events).to_string(),
        new.description,
        sealed,
        at.as_micros()
    ])?;
    Ok(())
}

/// Writes what is different; nothing where nothing is.
pub(crate) fn apply(db: &Connection, by: &By, known: &Endpoint, change: &EndpointChange) -> rusqlite::Result<Endpoint> {
    let mut next = known.clone();
    next.events = change.events.clone().unwrap_or(next.events);
    next.description = change.description.clone().unwrap_or(next.description);
    match change.is_enabled {
        Some(true) => next.disabled = None,
        Some(false) if next.disabled.is_none() => next.disabled = Some((by.at, "by its owner".to_owned())),
        Some(false) | None => {}
    }
    if next == *known {
        return Ok(next);
    }
    next.revision = known.revision.saturating_add(1);
    db.prepare_cached(
        "UPDATE endpoint SET events = ?, description = ?, disabled_us = ?, disabled_why = ?, revision = revision + 1
         WHERE id = ?",
    )?
    .execute(params![
        json!(next.events).to_string(),
        next.description,
        next.disabled.as_ref().map(|(at, _)| at.as_micros()),
        next.disabled.as_ref().map(|(_, why)| why),
        next.id.to_string()
    ])?;
    let shown = |endpoint: &Endpoint| json!({ "events": endpoint.events, "enabled": endpoint.disabled.is_none() });
    outbox::act(db, by, ("webhook.change", &next.id), (Some(shown(known)), Some(shown(&next))))?;
    Ok(next)
}

/// Sends nothing there any more, because its receiver says so.
pub(crate) fn disable(db: &Connection, id: EndpointId, at: Timestamp, why: &str) -> rusqlite::Result<()> {
    let sql = "UPDATE endpoint SET disabled_us = ?, disabled_why = ?, revision = revision + 1
        WHERE id = ? AND disabled_us IS NULL";
    let changed = db.prepare_cached(sql)?.execute(params![at.as_micros(), why, id.to_string()])?;
    if changed > 0 {
        let by = By { actor: "host".to_owned(), at };
        let turn = (Some(json!({ "enabled": true })), Some(json!({ "enabled": false })));
        outbox::act(db, &by, ("webhook.change", &id), turn)?;
    }
    Ok(())
}

pub(crate) fn rotate(
    db: &Connection,
    id: EndpointId,
    sealed: &[u8],
    former_until: Option<Timestamp>,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "UPDATE endpoint SET former = iif(?2 IS NULL, NULL, secret), former_until_us = ?2, secret = ?1,
           revision = revision + 1 WHERE id = ?3",
    )?
    .execute(params![sealed, former_until.map(Timestamp::as_micros), id.to_string()])?;
    Ok(())
}

pub(crate) fn delete(db: &Connection, id: EndpointId) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM endpoint WHERE id = ?")?.execute([id.to_string()])?;
    Ok(())
}

/// The id of the endpoint that a lane is, if it is one's.
pub(crate) fn of_lane(row: &Read<'_>, column: usize) -> rusqlite::Result<Option<EndpointId>> {
    if row.get_ref(column)?.as_str().is_ok_and(|lane| lane == super::messages::MAIL) {
        return Ok(None);
    }
    id_or_none(row, column)
}

/// The endpoints that are told of this kind of event: those of the app alone, or those of the organisation that are no app's.
pub(crate) fn wanting(
    db: &Connection,
    (organisation, app): (OrganisationId, Option<AppId>),
    kind: &str,
) -> rusqlite::Result<Vec<EndpointId>> {
    let of = EndpointQuery { organisation: Some(organisation), app, after: None, limit: u32::MAX };
    let all = list(db, &of)?.into_iter().filter(|endpoint| endpoint.app == app && endpoint.wants(kind));
    Ok(all.map(|endpoint| endpoint.id).collect())
}
