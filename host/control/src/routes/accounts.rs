//! Organisations and tokens.

use axum::extract::State;
use catalog::Role;
use types::OrganisationId;

use super::{Answer, Reply, page};
use crate::caller::Caller;
use crate::house::Desk;
use crate::read::{Body, Query};
use crate::refusal::Refusal;

/// `GET /v1/whoami`.
pub(crate) async fn whoami(State(desk): State<Desk>, caller: Caller) -> Answer<api::Who> {
    let principal = caller.principal();
    let snapshot = desk.house.catalog.snapshot();
    let organisation = principal.role.organisation().and_then(|id| snapshot.organisation(id)).map(shown);
    Ok(Reply::Found(api::Who { token: principal.token, role: role(principal.role), organisation }))
}

/// `GET /v1/organisations`.
pub(crate) async fn organisations(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::ListQuery>,
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

/// `POST /v1/tokens`.
pub(crate) async fn create_token(
    State(desk): State<Desk>,
    caller: Caller,
    Body(new): Body<api::NewToken>,
) -> Answer<api::Token> {
    caller.require_operator()?;
    let granted = match (new.role, new.organisation.as_deref()) {
        (api::Role::Operator, None) => Role::Operator,
        (api::Role::Operator, Some(_)) => {
            return Err(Refusal::field("/organisation", "an operator's token acts for no organisation"));
        }
        (api::Role::Provider, named) => {
            let organisation: OrganisationId = caller.organisation(&desk.house.catalog.snapshot(), named)?.id;
            Role::Provider(organisation)
        }
    };
    let (id, secret) = desk.house.catalog.create_token(caller.actor(), granted).await?;
    let (role, organisation) = (new.role, granted.organisation());
    Ok(Reply::Made(api::Token { id, role, organisation, secret: secret.reveal().to_owned() }))
}

fn role(role: Role) -> api::Role {
    match role {
        Role::Operator => api::Role::Operator,
        Role::Provider(_) => api::Role::Provider,
    }
}

fn shown(organisation: impl AsRef<catalog::Organisation>) -> api::Organisation {
    let organisation = organisation.as_ref();
    let (name, account) = (organisation.name.clone(), organisation.account.clone());
    api::Organisation { id: organisation.id, name, account }
}
