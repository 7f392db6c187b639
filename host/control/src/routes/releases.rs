//! Releases: what runs, within which limits, behind which routes.

use std::time::Duration;

use axum::extract::State;
use catalog::{Limits, NewRelease, NewRoute, NewRuns, ObjectDeclaration, Release, Runs};
use types::{ByteCount, ObjectName, Starts, Units};

use super::components::world_shown;
use super::{Answer, Reply, page_limit, things};
use crate::caller::Caller;
use crate::house::Desk;
use crate::read::{Body, Path, Query};
use crate::refusal::Refusal;

/// As Step Functions has it.
const WORKFLOW_BYTES: usize = 1 << 20;
/// Findings about a definition that are told. More are found when these are mended.
const FINDINGS_MAX: usize = 50;

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
    if new.starts.is_some() && new.workflow.is_none() {
        return Err(Refusal::unfit(
            "/starts",
            "a component is called and waited for: only a workflow starts executions",
        ));
    }
    let runs = match (new.component, new.workflow.as_deref()) {
        (Some(digest), None) => component(catalog, digest, new.world).await?,
        (None, Some(definition)) => workflow(definition, new.starts)?,
        _ => return Err(Refusal::unfit("/component", "a release runs either a component or a workflow: name one")),
    };
    if new.routes.is_empty() && new.world != Some(api::World::Task) {
        return Err(Refusal::unfit("/routes", "an API without a route serves nobody: name at least one"));
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
        runs,
        limits: limits_of(&new.limits),
        routes,
        objects: objects.collect(),
        grants: new.grants,
        egress: new.egress,
        config: new.config,
        errors: new.errors,
        traced: new.traces,
    };
    let number = catalog.create_release(caller.actor(), release).await?;
    let before = (number <= latest_before).then_some(());
    let made = catalog.release(api.id, number).await?;
    made.map(|made| Reply::known(before, shown(&made))).ok_or_else(|| Refusal::missing("release", number))
}

/// The component, if it was uploaded and offers the world.
async fn component(
    catalog: &catalog::Catalog,
    digest: types::Digest,
    world: Option<api::World>,
) -> Result<NewRuns, Refusal> {
    let known = catalog.component(digest).await?;
    let known = known.ok_or_else(|| Refusal::unfit("/component", format!("{digest} was not uploaded to this host")))?;
    if Some(world_shown(known.world)) != world {
        let asked = world.map_or("none", api::World::as_str);
        return Err(Refusal::unfit("/world", format!("the component offers {}, not {asked}", known.world)));
    }
    Ok(NewRuns::Component(digest))
}

/// The definition, if it is correct. All that is wrong with it is told at once.
fn workflow(definition: &str, starts: Option<Starts>) -> Result<NewRuns, Refusal> {
    if definition.len() > WORKFLOW_BYTES {
        let why = format!("a definition has at most {WORKFLOW_BYTES} bytes");
        return Err(Refusal::unfit("/workflow", why));
    }
    let checked = match starts {
        None | Some(Starts::Express) => express::parse(definition),
        Some(Starts::Standard) => express::parse_kept(definition),
    };
    match checked {
        Ok(_) => Ok(NewRuns::Workflow { definition: definition.into(), starts }),
        Err(findings) if findings.len() == 1 => Err(Refusal::unfit("/workflow", findings[0].to_string())),
        Err(findings) => Err(Refusal::unfit_fields(
            format!("the workflow is not a correct state machine: {} findings", findings.len()),
            findings.iter().take(FINDINGS_MAX).map(|finding| ("/workflow", finding.to_string())),
        )),
    }
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
                    Refusal::unfit(
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
        digest: release.runs.digest(),
        world: match &release.runs {
            Runs::Component { world, .. } => Some(world_shown(*world)),
            Runs::Workflow { .. } => None,
        },
        starts: release.runs.starts(),
        routes: release.routes.iter().map(|route| format!("{} {}", route.method, route.template)).collect(),
        egress: release.egress.allow.iter().map(ToString::to_string).collect(),
        secrets: release.egress.secrets.iter().map(|secret| secret.name.clone()).collect(),
        created_at: release.created_at.into(),
        suspended: things::suspension(release.suspended.as_ref()),
    }
}
