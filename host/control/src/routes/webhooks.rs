//! Webhooks of organisations and apps: their secrets are shown when they are drawn, and never again.

use axum::extract::State;
use delivery::{Endpoint, EndpointChange, EndpointQuery, NewEndpoint};
use types::{EndpointId, OrganisationId, SecretValue};

use super::{Answer, Reply, deliveries, page_limit, tokens};
use crate::caller::Caller;
use crate::house::Desk;
use crate::provisos::IfMatch;
use crate::read::{Body, Optional, Path, Query};
use crate::refusal::Refusal;

/// `GET /v1/webhooks`, without their secrets.
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::WebhookQuery>,
) -> Answer<api::Page<api::Webhook>> {
    let limit = page_limit(query.limit)?;
    let only = caller.only(&desk.house.catalog.snapshot(), query.organisation.as_deref())?;
    if let Some(app) = query.app {
        caller.app(&desk.house.catalog.snapshot(), app)?;
    }
    let of = EndpointQuery { organisation: only, app: query.app, after: query.after, limit: limit.saturating_add(1) };
    let mut found = desk.house.delivery.endpoints(of).await?;
    let more = found.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = if more { found.last().map(|one| one.id.to_string()) } else { None };
    Ok(Reply::Found(api::Page { items: found.into_iter().map(|one| shown(one, None)).collect(), next }))
}

/// `POST /v1/webhooks`.
pub(crate) async fn set(
    State(desk): State<Desk>,
    caller: Caller,
    Body(new): Body<api::NewWebhook>,
) -> Answer<api::Webhook> {
    let organisation = owner(&desk, &caller, &new)?;
    let new =
        NewEndpoint { organisation, app: new.app, url: new.url, events: new.events, description: new.description };
    let (endpoint, secret) = desk.house.delivery.set_endpoint(caller.actor().to_string(), new).await?;
    let before = if secret.is_none() { Some(()) } else { None };
    Ok(Reply::known(before, shown(endpoint, secret)))
}

/// `GET /v1/webhooks/{webhook}`.
pub(crate) async fn show(State(desk): State<Desk>, caller: Caller, Path(id): Path<EndpointId>) -> Answer<api::Webhook> {
    Ok(tagged(own(&desk, &caller, id).await?, None))
}

/// `PATCH /v1/webhooks/{webhook}`.
pub(crate) async fn change(
    State(desk): State<Desk>,
    caller: Caller,
    Path(id): Path<EndpointId>,
    if_match: IfMatch,
    Optional(change): Optional<api::WebhookChange>,
) -> Answer<api::Webhook> {
    own(&desk, &caller, id).await?;
    let api::WebhookChange { events, description, enabled } = change;
    let change = EndpointChange { events, description, is_enabled: enabled };
    let actor = caller.actor().to_string();
    let changed = desk.house.delivery.change_endpoint(actor, id, change, if_match.revisions()).await?;
    Ok(tagged(changed, None))
}

/// `DELETE /v1/webhooks/{webhook}`: what is on its way there becomes dead letters.
pub(crate) async fn delete(
    State(desk): State<Desk>,
    caller: Caller,
    Path(id): Path<EndpointId>,
    if_match: IfMatch,
) -> Answer<api::Webhook> {
    own(&desk, &caller, id).await?;
    let actor = caller.actor().to_string();
    let deleted = desk.house.delivery.delete_endpoint(actor, id, if_match.revisions()).await?;
    Ok(Reply::Found(shown(deleted, None)))
}

/// `POST /v1/webhooks/{webhook}/rotate`: the secret before signs beside the new one for a while.
pub(crate) async fn rotate(
    State(desk): State<Desk>,
    caller: Caller,
    Path(id): Path<EndpointId>,
    Optional(rotate): Optional<api::Rotate>,
) -> Answer<api::Webhook> {
    own(&desk, &caller, id).await?;
    let now = desk.house.clock.now();
    let overlap = tokens::retirement(&rotate, now).since(now);
    let actor = caller.actor().to_string();
    let (endpoint, secret) = desk.house.delivery.rotate_endpoint(actor, id, overlap).await?;
    Ok(tagged(endpoint, Some(secret)))
}

/// `POST /v1/webhooks/{webhook}/test`.
pub(crate) async fn test(
    State(desk): State<Desk>,
    caller: Caller,
    Path(id): Path<EndpointId>,
) -> Answer<api::Delivery> {
    own(&desk, &caller, id).await?;
    let sent = desk.house.delivery.test_endpoint(caller.actor().to_string(), id).await?;
    let (dispatch, _) = deliveries::own(&desk, &caller, sent).await?;
    Ok(Reply::Made(deliveries::shown(dispatch)))
}

/// Whose a new webhook becomes: the organisation that is named, or that of the app.
fn owner(desk: &Desk, caller: &Caller, new: &api::NewWebhook) -> Result<OrganisationId, Refusal> {
    let snapshot = desk.house.catalog.snapshot();
    let named = new.organisation.as_deref();
    let Some(app) = new.app else { return Ok(caller.organisation(&snapshot, named)?.id) };
    let its = caller.app(&snapshot, app)?.organisation;
    if named.is_some() && caller.organisation(&snapshot, named)?.id != its {
        return Err(Refusal::field("/app", "it is an app of another organisation"));
    }
    Ok(its)
}

/// The endpoint, for who owns it.
async fn own(desk: &Desk, caller: &Caller, id: EndpointId) -> Result<Endpoint, Refusal> {
    let found = desk.house.delivery.endpoint(id).await?.filter(|endpoint| caller.owns(endpoint.organisation));
    found.ok_or_else(|| Refusal::missing("webhook", id))
}

fn tagged(endpoint: Endpoint, secret: Option<SecretValue>) -> Reply<api::Webhook> {
    let revision = endpoint.revision;
    Reply::Tagged(shown(endpoint, secret), revision)
}

fn shown(endpoint: Endpoint, secret: Option<SecretValue>) -> api::Webhook {
    api::Webhook {
        id: endpoint.id,
        organisation: endpoint.organisation,
        app: endpoint.app,
        url: endpoint.url,
        events: endpoint.events,
        description: endpoint.description,
        enabled: endpoint.disabled.is_none(),
        disabled: endpoint.disabled.map(|(at, why)| format!("since {at}: {why}")),
        former_secret_until: endpoint.former_until.map(Into::into),
        created_at: endpoint.created_at.into(),
        secret: secret.map(|secret| secret.reveal().to_owned()),
    }
}
