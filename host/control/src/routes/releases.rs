//! Releases: what runs, within which limits, behind which routes.

use std::time::Duration;

use axum::extract::State;
use catalog::{Limits, NewRelease, NewRoute, ObjectDeclaration, Release, World};
use types::{ByteCount, ObjectName, Units};

use super::components::world_shown;
use super::{Answer, Reply, page_limit, things};
use crate::caller::Caller;
use crate::house::Desk;
use crate::read::{Body, Path, Query};
use crate::refusal::Refusal;

/// `GET /v1/apis/{slug}/releases`, the newest first.
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Path(slug): Path<String>,
    Query(query): Query<api::ReleaseQuery>,
) -> Answer<api::Page<api::Release>> {
    let api = caller.api(&desk.house.catalog.snapshot(), &slug)?;
    let limit = page_limit(query.limit)?;
    let releases = desk.house.catalog.releases_before(api.id, query.after, limit).await?;
    let full = u32::try_from(releases.len()).is_ok_and(|count| count == limit);
    let next = if full { releases.last().map(|release| release.number.to_string()) } else { None };
    Ok(Reply::Found(api::Page { items: releases.iter().map(shown).collect(), next }))
}

/// `POST /v1/apis/{slug}/releases`.
pub(crate) async fn create(
    State(desk): State<Desk>,
    caller: Caller,
    Path(slug): Path<String>,
    Body(new): Body<api::NewRelease>,
) -> Answer<api::Release> {
    let catalog = &desk.house.catalog;
    let api = caller.api(&catalog.snapshot(), &slug)?;
    let component = catalog
        .component(new.component)
        .await?
        .ok_or_else(|| Refusal::field("/component", format!("{} was not uploaded to this host", new.component)))?;
    if world_shown(component.world) != new.world {
        let why = format!("the component offers {}, not {}", component.world, new.world.as_str());
        return Err(Refusal::field("/world", why));
    }
    if new.routes.is_empty() && component.world != World::Task {
        return Err(Refusal::field("/routes", "an API without a route serves nobody: name at least one"));
    }
    let latest_before = catalog.releases(api.id, 1).await?.first().map_or(0, |release| release.number);
    let routes = new.routes.iter().map(|route| route_of(route, &new.objects)).collect::<Result<_, _>>()?;
    let objects = new.objects.into_iter().map(|object| ObjectDeclaration {
        name: object.name,
        unit: object.unit,
        max_per_call: object.max_per_call,
    });
    let release = NewRelease {
        api: api.id,
        component: new.component,
        limits: limits_of(&new.limits),
        routes,
        objects: objects.collect(),
        grants: new.grants,
        config: new.config,
        errors: new.errors,
    };
    let number = catalog.create_release(caller.actor(), release).await?;
    let before = (number <= latest_before).then_some(());
    let made = catalog.release(api.id, number).await?;
    made.map(|made| Reply::known(before, shown(&made))).ok_or_else(|| Refusal::missing("release", number))
}

/// A route sets aside the maximum of each object that its calls may report.
fn route_of(route: &api::Route, objects: &[api::Object]) -> Result<NewRoute, Refusal> {
    let needs: Vec<(ObjectName, Units)> = match &route.objects {
        None => objects.iter().map(|object| (object.name.clone(), object.max_per_call)).collect(),
        Some(named) => named
            .iter()
            .map(|name| {
                let object = objects.iter().find(|object| object.name == *name);
                object.map(|object| (name.clone(), object.max_per_call)).ok_or_else(|| {
                    Refusal::field(
                        "/routes",
                        format!("{} {} counts {name}, which is not declared", route.method, route.path),
                    )
                })
            })
            .collect::<Result<_, _>>()?,
    };
    Ok(NewRoute { method: route.method.to_ascii_uppercase(), template: route.path.clone(), needs })
}

fn limits_of(asked: &api::Limits) -> Limits {
    let default = Limits::default();
    Limits {
        fuel: asked.fuel.unwrap_or(default.fuel),
        wall: asked.wall_ms.map_or(default.wall, Duration::from_millis),
        memory: asked.memory_mib.map_or(default.memory, ByteCount::mib),
        request_body: asked.request_body_kib.map_or(default.request_body, ByteCount::kib),
        response_body: asked.response_body_kib.map_or(default.response_body, ByteCount::kib),
        concurrency: asked.concurrency.unwrap_or(default.concurrency),
    }
}

pub(super) fn shown(release: &Release) -> api::Release {
    api::Release {
        id: release.id,
        number: release.number,
        component: release.component,
        world: world_shown(release.world),
        routes: release.routes.iter().map(|route| format!("{} {}", route.method, route.template)).collect(),
        created_at: release.created_at.into(),
        suspended: things::suspension(release.suspended.as_ref()),
    }
}
