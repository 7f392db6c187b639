//! Secrets of organisations: they go in and never come out.

use axum::extract::State;
use catalog::check_secret;
use types::{Code, SecretName, SecretValue};

use super::{Answer, Reply};
use crate::caller::Caller;
use crate::house::Desk;
use crate::read::{Body, Path, Query};
use crate::refusal::Refusal;

/// `GET /v1/secrets`, without their values.
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::SecretQuery>,
) -> Answer<api::Page<api::Secret>> {
    let snapshot = desk.house.catalog.snapshot();
    let only = query.organisation.as_deref().map(|named| caller.organisation(&snapshot, Some(named)));
    let only = only.transpose()?.map(|organisation| organisation.id);
    let seen = |secret: &&std::sync::Arc<catalog::Secret>| {
        let wanted = only.is_none_or(|only| only == secret.organisation);
        wanted && secret.sealed.is_some() && caller.owns(secret.organisation)
    };
    let items = snapshot.secrets().filter(seen).map(|secret| shown(secret)).collect();
    Ok(Reply::Found(api::Page { items, next: None }))
}

/// `PUT /v1/secrets/{name}`.
pub(crate) async fn set(
    State(desk): State<Desk>,
    caller: Caller,
    Path(name): Path<SecretName>,
    Body(new): Body<api::NewSecret>,
) -> Answer<api::Secret> {
    let value = SecretValue::new(new.value);
    check_secret(&value)?;
    let catalog = &desk.house.catalog;
    let organisation = caller.organisation(&catalog.snapshot(), new.organisation.as_deref())?.id;
    let before = catalog.snapshot().secret(organisation, &name).and_then(|secret| secret.sealed.as_ref()).map(|_| ());
    let sealed = desk.house.vault.seal(organisation, &name, &value).map_err(|_| Refusal::new(Code::Internal))?;
    catalog.set_secret(caller.actor(), organisation, name.clone(), sealed).await?;
    let snapshot = catalog.snapshot();
    let made = snapshot.secret(organisation, &name).map(|secret| shown(secret));
    made.map(|made| Reply::known(before, made)).ok_or_else(|| Refusal::missing("secret", name))
}

/// `DELETE /v1/secrets/{name}`: requests that would carry it are denied from now on.
pub(crate) async fn remove(
    State(desk): State<Desk>,
    caller: Caller,
    Path(name): Path<SecretName>,
    Query(query): Query<api::SecretQuery>,
) -> Answer<api::Secret> {
    let catalog = &desk.house.catalog;
    let organisation = caller.organisation(&catalog.snapshot(), query.organisation.as_deref())?.id;
    let known = catalog.snapshot().secret(organisation, &name).filter(|secret| secret.sealed.is_some()).cloned();
    let known = known.ok_or_else(|| Refusal::missing("secret", &name))?;
    catalog.remove_secret(caller.actor(), organisation, name).await?;
    Ok(Reply::Found(shown(&known)))
}

fn shown(secret: &catalog::Secret) -> api::Secret {
    api::Secret {
        name: secret.name.clone(),
        organisation: secret.organisation,
        version: secret.version,
        updated_at: secret.updated_at.into(),
    }
}
