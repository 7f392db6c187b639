//! APIs, and which release serves them.

use axum::extract::State;
use catalog::{NewApi, Provisos};
use types::ApiId;

use super::things::{self, ApiAt};
use super::{Answer, Reply, page};
use crate::caller::Caller;
use crate::house::Desk;
use crate::provisos::{self, IfMatch};
use crate::read::{Body, Optional, Path, Query};
use crate::refusal::Refusal;

/// `GET /v1/apis`.
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::ListQuery<ApiId>>,
) -> Answer<api::Page<api::Api>> {
    let snapshot = desk.house.catalog.snapshot();
    let seen = snapshot.apis().filter(|api| caller.owns(api.organisation));
    page(&query, seen.map(|api| (api.id, api)), shown).map(Reply::Found)
}

/// `POST /v1/apis`.
pub(crate) async fn create(State(desk): State<Desk>, caller: Caller, Body(new): Body<api::NewApi>) -> Answer<api::Api> {
    let (organisation, before) = {
        let snapshot = desk.house.catalog.snapshot();
        let organisation = caller.organisation(&snapshot, new.organisation.as_deref())?.id;
        (organisation, snapshot.api(&new.slug).map(|_| ()))
    };
    let slug = new.slug.clone();
    let new = NewApi { organisation, slug: new.slug, title: new.title, hosts: new.hosts };
    desk.house.catalog.create_api(caller.actor(), new).await?;
    let api = caller.api(&desk.house.catalog.snapshot(), &slug)?;
    Ok(Reply::known(before, shown(&api)))
}

/// `PATCH /v1/apis/{slug}`: its title and its host names; what is absent stays.
pub(crate) async fn change(
    State(desk): State<Desk>,
    caller: Caller,
    Path(at): Path<ApiAt>,
    if_match: IfMatch,
    Optional(change): Optional<api::ApiChange>,
) -> Answer<api::Api> {
    let (api, seen) = {
        let snapshot = desk.house.catalog.snapshot();
        let api = caller.api(&snapshot, &at.0)?;
        let seen = provisos::tag(&snapshot, &api.id);
        (api, seen)
    };
    let new = NewApi {
        organisation: api.organisation,
        slug: api.slug.to_string(),
        title: change.title.unwrap_or_else(|| api.title.clone()),
        hosts: change.hosts.unwrap_or_else(|| api.hosts.clone()),
    };
    // What is absent stays as it was seen here, and so it must still be that.
    let condition = if_match.on(&api.id).or_else(|| IfMatch::Revisions(vec![seen]).on(&api.id));
    let catalog = desk.house.catalog.insisting_on(Provisos { condition, repeat: None });
    catalog.create_api(caller.actor(), new).await?;
    things::shown(&desk, &caller, &at).await
}

/// `PUT /v1/apis/{slug}/live`. 201: from now on, 200: it did before.
pub(crate) async fn set_live(
    State(desk): State<Desk>,
    caller: Caller,
    Path(slug): Path<String>,
    if_match: IfMatch,
    Body(live): Body<api::Live>,
) -> Answer<api::Api> {
    let api = caller.api(&desk.house.catalog.snapshot(), &slug)?;
    let serving = sharing(&api, &live)?;
    let mut now = weights(&api);
    let mut wanted = serving.clone();
    now.sort_unstable();
    wanted.sort_unstable();
    let before = (now == wanted).then_some(());
    let provisos = Provisos { condition: if_match.required_on(&api.id)?, repeat: None };
    let done = desk.house.catalog.insisting_on(provisos).set_live_weighted(caller.actor(), api.id, serving).await;
    done.map_err(|error| match error {
        catalog::CatalogError::NotFound { .. } => Refusal::missing("release", live.release),
        other => other.into(),
    })?;
    let api = caller.api(&desk.house.catalog.snapshot(), &slug)?;
    Ok(Reply::known(before, shown(&api)))
}

/// Which releases are to serve, and how often.
fn sharing(api: &catalog::Api, live: &api::Live) -> Result<Vec<(u32, u32)>, Refusal> {
    match live.weight {
        None | Some(100) => Ok(vec![(live.release, 1)]),
        Some(weight @ 1..=99) => {
            let others = weights(api).into_iter().filter(|(release, _)| *release != live.release);
            let (rest, _) = others
                .max_by_key(|(_, weight)| *weight)
                .ok_or_else(|| Refusal::unfit("/weight", "no other release serves the rest: leave the weight out"))?;
            Ok(vec![(live.release, weight), (rest, 100 - weight)])
        }
        Some(_) => Err(Refusal::field("/weight", "how many of a hundred calls: 1 to 100")),
    }
}

/// The releases that serve, by number, with their weights.
fn weights(api: &catalog::Api) -> Vec<(u32, u32)> {
    let live = api.live.iter().flat_map(|live| &live.releases);
    live.map(|(release, weight)| (release.number, *weight)).collect()
}

pub(super) fn shown(api: impl AsRef<catalog::Api>) -> api::Api {
    let api = api.as_ref();
    let weights = weights(api);
    let live = weights.iter().max_by_key(|(_, weight)| *weight).map(|(release, _)| *release);
    let serving = weights.into_iter().map(|(release, weight)| api::Serving { release, weight });
    api::Api {
        id: api.id,
        organisation: api.organisation,
        slug: api.slug.to_string(),
        title: api.title.clone(),
        hosts: api.hosts.clone(),
        live,
        serving: if serving.len() > 1 { serving.collect() } else { Vec::new() },
        suspended: things::suspension(api.suspended.as_ref()),
    }
}
