//! Organisations and tokens.

use axum::extract::State;
use catalog::Provisos;
use types::OrganisationId;

use super::things::{self, OrganisationAt};
use super::{Answer, Reply, page, tokens};
use crate::caller::Caller;
use crate::house::Desk;
use crate::provisos::IfMatch;
use crate::read::{Body, Path, Query};
use crate::refusal::Refusal;

/// `GET /v1/whoami`.
pub(crate) async fn whoami(State(desk): State<Desk>, caller: Caller) -> Answer<api::Who> {
    let principal = caller.principal();
    let snapshot = desk.house.catalog.snapshot();
    let organisation = principal.role.organisation().and_then(|id| snapshot.organisation(id)).map(shown);
    let expires_at = snapshot.token(principal.token).and_then(|token| token.expires_at);
    Ok(Reply::Found(api::Who {
        token: principal.token,
        role: tokens::role(principal.role),
        scopes: tokens::scopes_shown(principal.scopes),
        expires_at: expires_at.map(Into::into),
        organisation,
    }))
}

/// `GET /v1/organisations`.
pub(crate) async fn organisations(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::ListQuery<OrganisationId>>,
) -> Answer<api::Page<api::Organisation>> {
    let snapshot = desk.house.catalog.snapshot();
    let seen = snapshot.organisations().filter(|organisation| caller.owns(organisation.id));
    page(&query, seen.map(|organisation| (organisation.id, organisation)), shown).map(Reply::Found)
}

/// `POST /v1/organisations`.
pub(crate) async fn create_organisation(
    State(desk): State<Desk>,
    caller: Caller,
    Body(new): Body<api::NewOrganisation>,
) -> Answer<api::Organisation> {
    caller.require_operator()?;
    let before = desk.house.catalog.snapshot().organisation_named(&new.name).map(|_| ());
    let id = desk.house.catalog.create_organisation(caller.actor(), &new.name).await?;
    let snapshot = desk.house.catalog.snapshot();
    let organisation = snapshot.organisation(id).ok_or_else(|| Refusal::missing("organisation", id))?;
    Ok(Reply::known(before, shown(organisation)))
}

/// `PATCH /v1/organisations/{organisation}`.
pub(crate) async fn rename_organisation(
    State(desk): State<Desk>,
    caller: Caller,
    Path(at): Path<OrganisationAt>,
    if_match: IfMatch,
    Body(new): Body<api::Renamed>,
) -> Answer<api::Organisation> {
    things::shown(&desk, &caller, &at).await?;
    let provisos = Provisos { condition: if_match.on(&at.0), repeat: None };
    desk.house.catalog.insisting_on(provisos).rename_organisation(caller.actor(), at.0, &new.name).await?;
    things::shown(&desk, &caller, &at).await
}

pub(super) fn shown(organisation: impl AsRef<catalog::Organisation>) -> api::Organisation {
    let organisation = organisation.as_ref();
    let (name, account) = (organisation.name.clone(), organisation.account.clone());
    api::Organisation { id: organisation.id, name, account }
}
