//! APIs, and which release serves them.

use axum::extract::State;
use catalog::NewApi;

use super::{Answer, Reply, page};
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

/// `GET /v1/apis/{slug}`.
pub(crate) async fn show(State(desk): State<Desk>, caller: Caller, Path(slug): Path<String>) -> Answer<api::Api> {
    caller.api(&desk.house.catalog.snapshot(), &slug).map(|api| Reply::Found(shown(&api)))
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
    let before = (shown(&api).live == Some(live.release)).then_some(());
    let done = desk.house.catalog.set_live(caller.actor(), api.id, live.release).await;
    done.map_err(|error| match error {
        catalog::CatalogError::NotFound { .. } => Refusal::missing("release", live.release),
        other => other.into(),
    })?;
    let api = caller.api(&desk.house.catalog.snapshot(), &slug)?;
    Ok(Reply::known(before, shown(&api)))
}

fn shown(api: impl AsRef<catalog::Api>) -> api::Api {
    let api = api.as_ref();
    let live = api.live.as_ref().and_then(|live| live.releases.first()).map(|(release, _)| release.number);
    api::Api {
        id: api.id,
        organisation: api.organisation,
        slug: api.slug.to_string(),
        title: api.title.clone(),
        hosts: api.hosts.clone(),
        live,
        suspended: api.suspended.clone(),
    }
}
