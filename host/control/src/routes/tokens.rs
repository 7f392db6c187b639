//! Tokens of the control plane.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use catalog::{NewToken, Role, Scopes, Snapshot, Token};
use types::{SecretKey, Timestamp, TokenId};

use super::things::Thing;
use super::{Answer, Reply, page};
use crate::caller::Caller;
use crate::house::Desk;
use crate::read::{Fresh, Path, Query};
use crate::refusal::Refusal;

/// How long a token or key goes on beside its successor, when nobody says: a day.
const OVERLAP: Duration = Duration::from_hours(24);

/// `GET /v1/tokens`: those that are revoked only for who asks for them.
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::TokenQuery>,
) -> Answer<api::Page<api::TokenEntry>> {
    let snapshot = desk.house.catalog.snapshot();
    let now = desk.house.clock.now();
    let api::TokenQuery { revoked, after, limit } = query;
    let seen = snapshot.tokens().filter(|token| caller.holds(token) && (revoked || token.disabled.is_none()));
    page(&api::ListQuery { after, limit }, seen.map(|token| (token.id, token)), |token| shown(token, now))
        .map(Reply::Found)
}

/// `POST /v1/tokens`.
pub(crate) async fn create(
    State(desk): State<Desk>,
    caller: Caller,
    Fresh(new, repeat): Fresh<api::NewToken>,
) -> Answer<api::Token> {
    let role = match (new.role, new.organisation.as_deref()) {
        (api::Role::Operator, None) => {
            caller.require_operator()?;
            Role::Operator
        }
        (api::Role::Operator, Some(_)) => {
            return Err(Refusal::unfit("/organisation", "an operator's token acts for no organisation"));
        }
        (api::Role::Provider, named) => Role::Provider(caller.organisation(&desk.house.catalog.snapshot(), named)?.id),
    };
    let scopes = match &new.scopes {
        None => caller.principal().scopes,
        Some(scopes) => scopes.iter().copied().map(scope).collect(),
    };
    caller.require_scopes(scopes)?;
    let new = NewToken { role, scopes, expires_at: new.expires_at.map(|at| at.0) };
    let catalog = desk.house.catalog.insisting_on(repeat);
    let (id, secret) = catalog.create_token(caller.actor(), new).await?;
    made(&desk, id, &secret)
}

/// `POST /v1/tokens/{token}/rotate`: a successor, and an end for the token itself.
pub(crate) async fn rotate(
    State(desk): State<Desk>,
    caller: Caller,
    Path(id): Path<TokenId>,
    Fresh(rotate, repeat): Fresh<api::Rotate>,
) -> Answer<api::Token> {
    let token = caller.token(&desk.house.catalog.snapshot(), id)?;
    caller.require_scopes(token.scopes)?;
    let end = retirement(&rotate, desk.house.clock.now());
    let catalog = desk.house.catalog.insisting_on(repeat);
    let (id, secret) = catalog.rotate_token(caller.actor(), id, end).await?;
    made(&desk, id, &secret)
}

/// `DELETE /v1/tokens/{token}`: refused from now on, for good. To all but the list of those that are revoked it is gone.
pub(crate) async fn revoke(
    State(desk): State<Desk>,
    caller: Caller,
    Path(id): Path<TokenId>,
    Query(query): Query<api::RevokeQuery>,
) -> Answer<api::TokenEntry> {
    caller.token(&desk.house.catalog.snapshot(), id)?;
    let reason = query.reason.as_deref().unwrap_or("revoked");
    desk.house.catalog.disable_token(caller.actor(), id, reason).await?;
    let snapshot = desk.house.catalog.snapshot();
    let token = snapshot.token(id).ok_or_else(|| Refusal::missing("token", id))?;
    Ok(Reply::Found(shown(token, desk.house.clock.now())))
}

/// When the old one ends.
pub(super) fn retirement(rotate: &api::Rotate, now: Timestamp) -> Timestamp {
    rotate.retire_at.map_or_else(|| now.after(OVERLAP), |at| at.0)
}

fn made(desk: &Desk, id: TokenId, secret: &SecretKey) -> Answer<api::Token> {
    made_of(&desk.house.catalog.snapshot(), id, secret).map(Reply::Made)
}

/// A new token, with its secret.
pub(super) fn made_of(snapshot: &Snapshot, id: TokenId, secret: &SecretKey) -> Result<api::Token, Refusal> {
    let token = snapshot.token(id).ok_or_else(|| Refusal::missing("token", id))?;
    Ok(api::Token {
        id,
        role: role(token.role),
        organisation: token.role.organisation(),
        scopes: scopes_shown(token.scopes),
        expires_at: token.expires_at.map(Into::into),
        secret: secret.reveal().to_owned(),
    })
}

fn shown(token: &Token, now: Timestamp) -> api::TokenEntry {
    api::TokenEntry {
        id: token.id,
        role: role(token.role),
        organisation: token.role.organisation(),
        scopes: scopes_shown(token.scopes),
        prefix: token.prefix.clone(),
        created_at: token.created_at.into(),
        expires_at: token.expires_at.map(Into::into),
        disabled: token.disabled.clone(),
        live: token.is_live(now),
    }
}

pub(super) fn role(role: Role) -> api::Role {
    match role {
        Role::Operator => api::Role::Operator,
        Role::Provider(_) => api::Role::Provider,
    }
}

fn scope(scope: api::Scope) -> catalog::Scope {
    match scope {
        api::Scope::Read => catalog::Scope::Read,
        api::Scope::Publish => catalog::Scope::Publish,
        api::Scope::Manage => catalog::Scope::Manage,
    }
}

pub(super) fn scopes_shown(scopes: Scopes) -> Vec<api::Scope> {
    let shown = |scope| match scope {
        catalog::Scope::Read => api::Scope::Read,
        catalog::Scope::Publish => api::Scope::Publish,
        catalog::Scope::Manage => api::Scope::Manage,
    };
    scopes.iter().map(shown).collect()
}

/// `/v1/tokens/{token}`.
#[derive(serde::Deserialize)]
pub(crate) struct TokenAt(TokenId);

impl Thing for TokenAt {
    type Shown = api::TokenEntry;

    async fn find(
        &self,
        desk: &Desk,
        snapshot: &Arc<Snapshot>,
        caller: &Caller,
    ) -> Result<(String, api::TokenEntry), Refusal> {
        let token = caller.token(snapshot, self.0)?;
        Ok((token.id.to_string(), shown(&token, desk.house.clock.now())))
    }
}
