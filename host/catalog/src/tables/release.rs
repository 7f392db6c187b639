//! Components, releases with their routes and objects, and which release is live.

mod check;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rusqlite::{Connection, Row, params};
use serde_json::{Value, json};
use types::{ApiId, Digest, Fact, ReleaseId, RouteId, Starts, Units};

use super::change::{Change, Turn};
use super::suspension::check_reason;
use super::{api, column, egress};
use crate::{CatalogError, Component, Limits, ObjectDeclaration, Release, Route, Runs, Suspension};

pub use check::{NewRelease, NewRoute, NewRuns};

const SELECT: &str = "SELECT release.id, release.api, number, component, component.world, fuel, wall_us, memory_bytes,
    request_body_bytes, response_body_bytes, concurrency, config_json, errors_json, release.created_us, grants_json,
    egress_json, workflow, release.suspended, release.suspended_by, traced_json, starts
    FROM release LEFT JOIN component ON component.sha256 = release.component";

/// Releases that share an API's calls at most: more is no comparison any more.
const LIVE_RELEASES: usize = 8;
/// The largest weight of one of them.
const WEIGHT_MAX: u32 = 1_000_000;

/// Notes a component that the sandbox has accepted. Known ones stay as they are.
pub(crate) fn register(change: &Change<'_>, new: &Component) -> Result<(), CatalogError> {
    if component(change.conn, &new.digest)?.is_some() {
        return Ok(());
    }
    let imports = json!(new.imports).to_string();
    change.write(
        "INSERT INTO component (sha256, size_bytes, world, imports_json, created_us) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![new.digest.as_bytes(), new.size.to_sql(), new.world.as_str(), imports, change.now.as_micros()],
    )?;
    let after = json!({ "size": new.size, "world": new.world.as_str(), "imports": new.imports });
    change.record("component.register", &new.digest, Turn::new(after))?;
    Ok(())
}

/// Keeps a component out of new releases and keeps its releases from being set live. What is live stays.
pub(crate) fn withdraw(change: &Change<'_>, digest: &Digest, reason: &str) -> Result<(), CatalogError> {
    check_reason(reason)?;
    let stored = require_component(change, digest)?;
    if stored.withdrawn.is_some() {
        return Ok(());
    }
    change.write("UPDATE component SET withdrawn = ?2 WHERE sha256 = ?1", params![digest.as_bytes(), reason])?;
    let turn = Turn::from(json!({ "withdrawn": null }), json!({ "withdrawn": reason }));
    change.record("component.withdraw", digest, turn)?;
    Ok(())
}

pub(crate) fn component(conn: &Connection, digest: &Digest) -> rusqlite::Result<Option<Component>> {
    use rusqlite::OptionalExtension as _;
    let sql = "SELECT size_bytes, world, imports_json, withdrawn FROM component WHERE sha256 = ?1";
    conn.prepare_cached(sql)?
        .query_row([digest.as_bytes()], |row| {
            Ok(Component {
                digest: *digest,
                size: column::bytes(row, 0)?,
                world: column::parsed(row, 1)?,
                imports: column::json(row, 2)?,
                withdrawn: row.get(3)?,
            })
        })
        .optional()
}

fn require_component(change: &Change<'_>, digest: &Digest) -> Result<Component, CatalogError> {
    component(change.conn, digest)?.ok_or_else(|| CatalogError::missing("component", digest))
}

fn require_usable(change: &Change<'_>, digest: &Digest) -> Result<Component, CatalogError> {
    let component = require_component(change, digest)?;
    match component.withdrawn {
        None => Ok(component),
        Some(reason) => Err(CatalogError::unfit("component", format!("is withdrawn: {reason}"))),
    }
}

/// Makes the next release of an API, or finds the latest one if it says the same. Answers its number.
pub(crate) fn create(change: &Change<'_>, new: &NewRelease) -> Result<u32, CatalogError> {
    api::require(change, new.api)?;
    let component = match &new.runs {
        NewRuns::Component(digest) => Some(require_usable(change, digest)?),
        NewRuns::Workflow { .. } => None,
    };
    check::check(new, component.as_ref())?;
    egress::check(&new.egress)?;
    if !new.egress.secrets.is_empty() {
        egress::require_secrets(change, api::organisation(change, new.api)?, &new.egress)?;
    }
    let latest = latest(change.conn, new.api)?;
    if let Some(latest) = latest.as_ref().filter(|latest| says_the_same(latest, new)) {
        return Ok(latest.number);
    }
    let number = latest.map_or(0, |latest| latest.number).saturating_add(1);
    let id = ReleaseId::generate(change.now);
    insert(change, new, (id, number))?;
    insert_objects(change, id, &new.objects)?;
    let routes = insert_routes(change, new, id)?;
    let world = component.map_or("workflow", |component| component.world.as_str());
    change.tell(&Fact::Release { id, api: new.api, number, component: new.digest() })?;
    change.record("release.create", &id, Turn::new(document(new, number, world, &routes)))?;
    Ok(number)
}

fn insert(change: &Change<'_>, new: &NewRelease, (id, number): (ReleaseId, u32)) -> Result<(), CatalogError> {
    let limits = &new.limits;
    let (component, workflow) = match &new.runs {
        NewRuns::Component(digest) => (Some(digest.as_bytes()), None),
        NewRuns::Workflow { definition, .. } => (None, Some(&**definition)),
    };
    change.write(
        "INSERT INTO release (id, api, number, component, fuel, wall_us, memory_bytes, request_body_bytes,
             response_body_bytes, concurrency, errors_json, config_json, created_us, grants_json, egress_json,
             workflow, traced_json, starts)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        params![
            id.to_string(),
            new.api.to_string(),
            number,
            component,
            limits.fuel.to_sql(),
            i64::try_from(limits.wall.as_micros()).unwrap_or(i64::MAX),
            limits.memory.to_sql(),
            limits.request_body.to_sql(),
            limits.response_body.to_sql(),
            limits.concurrency,
            json!(new.errors).to_string(),
            json!(new.config).to_string(),
            change.now.as_micros(),
            json!(new.grants).to_string(),
            json!(new.egress).to_string(),
            workflow,
            json!(new.traced).to_string(),
            new.starts().map(Starts::as_str)
        ],
    )
}

fn insert_objects(change: &Change<'_>, id: ReleaseId, objects: &[ObjectDeclaration]) -> Result<(), CatalogError> {
    for (position, object) in (0_i64..).zip(objects) {
        change.write(
            "INSERT INTO release_object (release, position, name, unit, max_per_call) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id.to_string(), position, object.name.as_str(), object.unit, object.max_per_call.to_sql()],
        )?;
    }
    Ok(())
}

fn insert_routes(change: &Change<'_>, new: &NewRelease, id: ReleaseId) -> Result<Vec<RouteId>, CatalogError> {
    let mut ids = Vec::with_capacity(new.routes.len());
    for (position, route) in (0_i64..).zip(&new.routes) {
        let route_id = keep_route(change, new.api, route)?;
        change.write(
            "INSERT INTO release_route (release, position, route) VALUES (?1, ?2, ?3)",
            params![id.to_string(), position, route_id.to_string()],
        )?;
        for (object, units) in &route.needs {
            change.write(
                "INSERT INTO route_need (release, route, object, units) VALUES (?1, ?2, ?3, ?4)",
                params![id.to_string(), route_id.to_string(), object.as_str(), units.to_sql()],
            )?;
        }
        ids.push(route_id);
    }
    Ok(ids)
}

/// Finds the API's route with this method and template, or makes it.
fn keep_route(change: &Change<'_>, api: ApiId, route: &NewRoute) -> Result<RouteId, CatalogError> {
    let sql = "SELECT id FROM route WHERE api = ?1 AND method = ?2 AND template = ?3";
    let key = params![api.to_string(), route.method, route.template];
    if let Some(id) = change.find(sql, key, |row| column::parsed(row, 0))? {
        return Ok(id);
    }
    let id = RouteId::generate(change.now);
    change.write(
        "INSERT INTO route (id, api, method, template, created_us) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![id.to_string(), api.to_string(), route.method, route.template, change.now.as_micros()],
    )?;
    change.tell(&Fact::Route { id, api, name: format!("{} {}", route.method, route.template) })?;
    Ok(id)
}

/// Lets releases serve an API, each so often as its weight says. None is there twice, none has the weight 0.
pub(crate) fn set_live(change: &Change<'_>, api: ApiId, serving: &[(u32, u32)]) -> Result<(), CatalogError> {
    api::require(change, api)?;
    let refuse = |why: &str| Err(CatalogError::invalid("live", why));
    let distinct: BTreeSet<u32> = serving.iter().map(|(number, _)| *number).collect();
    if serving.is_empty() || serving.len() > LIVE_RELEASES || distinct.len() != serving.len() {
        return refuse("one to eight releases serve, none twice");
    }
    if serving.iter().any(|(_, weight)| !(1..=WEIGHT_MAX).contains(weight)) {
        return refuse("a weight is 1 to 1,000,000");
    }
    let before: Vec<(String, u32)> = change
        .conn
        .prepare_cached("SELECT release, weight FROM live WHERE api = ?1 ORDER BY release")?
        .query_map([api.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut after = Vec::with_capacity(serving.len());
    for (number, weight) in serving {
        after.push((usable(change, api, *number)?.to_string(), *weight));
    }
    after.sort_unstable();
    if before == after {
        return Ok(());
    }
    change.conn.prepare_cached("DELETE FROM live WHERE api = ?1")?.execute([api.to_string()])?;
    for (release, weight) in &after {
        let row = params![api.to_string(), release, weight];
        change.write("INSERT INTO live (api, release, weight) VALUES (?1, ?2, ?3)", row)?;
    }
    change.record("api.live", &api, Turn::from(json!({ "live": before }), json!({ "live": after })))?;
    Ok(())
}

/// The release of this number, if it and its component may run.
fn usable(change: &Change<'_>, api: ApiId, number: u32) -> Result<ReleaseId, CatalogError> {
    let sql = "SELECT id, component, suspended, suspended_by FROM release WHERE api = ?1 AND number = ?2";
    let (release, component, suspended): (ReleaseId, Option<Digest>, Option<Suspension>) = change
        .find(sql, params![api.to_string(), number], |row| {
            let component = (row.get_ref(1)? != rusqlite::types::ValueRef::Null).then(|| column::digest(row, 1));
            Ok((column::parsed(row, 0)?, component.transpose()?, column::suspension(row, 2)?))
        })?
        .ok_or_else(|| CatalogError::missing("release", &number))?;
    if let Some(suspended) = suspended {
        let why = format!("{number} is suspended, resume it first: {}", suspended.reason);
        return Err(CatalogError::unfit("release", why));
    }
    if let Some(component) = component {
        require_usable(change, &component)?;
    }
    Ok(release)
}

/// The release of this number, as it counts under `ceiling`.
pub(crate) fn numbered(
    conn: &Connection,
    api: ApiId,
    number: u32,
    ceiling: &Limits,
) -> rusqlite::Result<Option<Release>> {
    use rusqlite::OptionalExtension as _;
    let sql = "SELECT id FROM release WHERE api = ?1 AND number = ?2";
    let key = params![api.to_string(), number];
    let id = conn.prepare_cached(sql)?.query_row(key, |row| column::parsed(row, 0)).optional()?;
    id.map(|id| load(conn, id, ceiling)).transpose()
}

/// The release as it counts under `ceiling`.
pub(crate) fn load(conn: &Connection, id: ReleaseId, ceiling: &Limits) -> rusqlite::Result<Release> {
    let sql = format!("{SELECT} WHERE release.id = ?1");
    let release = conn.prepare_cached(&sql)?.query_row([id.to_string()], plain)?;
    let mut release = complete(conn, release)?;
    release.limits = release.limits.capped(ceiling);
    Ok(release)
}

/// The latest releases of an API as they count under `ceiling`, newest first, at most `limit`.
pub(crate) fn list(
    conn: &Connection,
    api: ApiId,
    (before, limit): (Option<u32>, u32),
    ceiling: &Limits,
) -> rusqlite::Result<Vec<Release>> {
    let sql = format!("{SELECT} WHERE release.api = ?1 AND number < ?3 ORDER BY number DESC LIMIT ?2");
    let plain: Vec<Release> = conn
        .prepare_cached(&sql)?
        .query_map(params![api.to_string(), limit, before.unwrap_or(u32::MAX)], plain)?
        .collect::<rusqlite::Result<_>>()?;
    plain
        .into_iter()
        .map(|release| {
            let release = complete(conn, release)?;
            Ok(Release { limits: release.limits.capped(ceiling), ..release })
        })
        .collect()
}

/// The objects that the latest release declares; `None` without a release.
pub(super) fn declared(conn: &Connection, api: ApiId) -> rusqlite::Result<Option<Vec<ObjectDeclaration>>> {
    Ok(latest(conn, api)?.map(|release| release.objects))
}

/// The latest release with the provider's own limits.
fn latest(conn: &Connection, api: ApiId) -> rusqlite::Result<Option<Release>> {
    use rusqlite::OptionalExtension as _;
    let sql = format!("{SELECT} WHERE release.api = ?1 ORDER BY number DESC LIMIT 1");
    let release = conn.prepare_cached(&sql)?.query_row([api.to_string()], plain).optional()?;
    release.map(|release| complete(conn, release)).transpose()
}

fn plain(row: &Row<'_>) -> rusqlite::Result<Release> {
    Ok(Release {
        id: column::parsed(row, 0)?,
        api: column::parsed(row, 1)?,
        number: row.get(2)?,
        runs: match row.get::<_, Option<String>>(16)? {
            Some(definition) => Runs::workflow(definition, column::parsed_or_none(row, 20)?),
            None => Runs::Component { digest: column::digest(row, 3)?, world: column::parsed(row, 4)? },
        },
        limits: Limits {
            fuel: column::fuel(row, 5)?,
            wall: column::span(row, 6)?,
            memory: column::bytes(row, 7)?,
            request_body: column::bytes(row, 8)?,
            response_body: column::bytes(row, 9)?,
            concurrency: row.get(10)?,
        },
        routes: Vec::new(),
        objects: Vec::new(),
        config: column::json(row, 11)?,
        errors: column::json(row, 12)?,
        created_at: column::moment(row, 13)?,
        grants: column::json(row, 14)?,
        egress: column::json(row, 15)?,
        suspended: column::suspension(row, 17)?,
        traced: column::json(row, 19)?,
    })
}

fn complete(conn: &Connection, mut release: Release) -> rusqlite::Result<Release> {
    let id = release.id.to_string();
    release.objects = conn
        .prepare_cached("SELECT name, unit, max_per_call FROM release_object WHERE release = ?1 ORDER BY position")?
        .query_map([&id], |row| {
            Ok(ObjectDeclaration {
                name: column::parsed(row, 0)?,
                unit: row.get(1)?,
                max_per_call: column::units(row, 2)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut needs: BTreeMap<RouteId, Vec<(types::ObjectName, Units)>> = BTreeMap::new();
    let mut query =
        conn.prepare_cached("SELECT route, object, units FROM route_need WHERE release = ?1 ORDER BY object")?;
    let mut rows = query.query([&id])?;
    while let Some(row) = rows.next()? {
        needs.entry(column::parsed(row, 0)?).or_default().push((column::parsed(row, 1)?, column::units(row, 2)?));
    }
    release.routes = conn
        .prepare_cached(
            "SELECT route.id, method, template FROM release_route JOIN route ON route.id = release_route.route
              WHERE release = ?1 ORDER BY position",
        )?
        .query_map([&id], |row| {
            let id: RouteId = column::parsed(row, 0)?;
            let needs = needs.remove(&id).unwrap_or_default();
            Ok(Arc::new(Route { id, method: row.get(1)?, template: row.get(2)?, needs }))
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(release)
}

fn says_the_same(release: &Release, new: &NewRelease) -> bool {
    let same_route = |(old, new): (&Arc<Route>, &NewRoute)| {
        let mut needs = new.needs.clone();
        needs.sort();
        old.method == new.method && old.template == new.template && old.needs == needs
    };
    release.runs.digest() == new.digest()
        && release.runs.starts() == new.starts()
        && release.limits == new.limits
        && release.objects == new.objects
        && release.grants == new.grants
        && release.egress == new.egress
        && release.traced == new.traced
        && release.config == new.config
        && release.errors == new.errors
        && release.routes.len() == new.routes.len()
        && release.routes.iter().zip(&new.routes).all(same_route)
}

fn document(new: &NewRelease, number: u32, world: &str, routes: &[RouteId]) -> Value {
    let objects: BTreeMap<_, _> = new.objects.iter().map(|object| (&object.name, object.max_per_call)).collect();
    let limits = &new.limits;
    json!({
        "api": new.api,
        "number": number,
        "component": new.digest(),
        "world": world,
        "limits": {
            "fuel": limits.fuel,
            "wall_us": i64::try_from(limits.wall.as_micros()).unwrap_or(i64::MAX),
            "memory_bytes": limits.memory,
            "request_body_bytes": limits.request_body,
            "response_body_bytes": limits.response_body,
            "concurrency": limits.concurrency,
        },
        "routes": routes,
        "objects": objects,
        "grants": new.grants,
        "egress": new.egress,
        // The values may be anything; that they are as released is proved by their digest.
        "config_sha256": Digest::of(json!(new.config).to_string().as_bytes()),
        "errors": new.errors,
        "traced": new.traced,
        "starts": new.starts(),
    })
}
