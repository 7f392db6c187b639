//! APIs, and which release serves them.

use axum::extract::State;
use catalog::NewApi;

use super::{Answer, Reply, page, things};
use crate::caller::Caller;
use crate::house::Desk;
use crate::read::{Body, Path, Query};
use crate::refusal::Refusal;

/// `GET /v1/apis`.
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::ListQuery>,
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

/// `PUT /v1/apis/{slug}/live`. 201: from now on, 200: it did before.
pub(crate) async fn set_live(
    State(desk): State<Desk>,
    caller: Caller,
    Path(slug): Path<String>,
    Body(live): Body<api::Live>,
) -> Answer<api::Api> {
    let api = caller.api(&desk.house.catalog.snapshot(), &slug)?;
    let serving = sharing(&api, &live)?;
    let mut now = weights(&api);
    let mut wanted = serving.clone();
    now.sort_unstable();
    wanted.sort_unstable();
    let before = (now == wanted).then_some(());
    let done = desk.house.catalog.set_live_weighted(caller.actor(), api.id, serving).await;
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
                .ok_or_else(|| Refusal::field("/weight", "no other release serves the rest: leave the weight out"))?;
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
