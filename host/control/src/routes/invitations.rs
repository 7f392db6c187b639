//! Signing up: an operator invites, and who accepts has an organisation, an app, a key and a token.

use std::time::Duration;

use axum::extract::State;
use catalog::{Accept, CatalogError, Invitation};
use types::{InvitationId, KeyKind, SecretKey, Timestamp};

use super::{Answer, Reply, page_limit, tokens};
use crate::caller::Caller;
use crate::house::Desk;
use crate::read::{Body, Fresh, Path, Query};
use crate::refusal::Refusal;

/// How long an invitation counts, when nobody says: a week.
const OPEN: Duration = Duration::from_hours(7 * 24);

/// `GET /v1/invitations`.
pub(crate) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    Query(query): Query<api::ListQuery<InvitationId>>,
) -> Answer<api::Page<api::InvitationEntry>> {
    caller.require_operator()?;
    let limit = page_limit(query.limit)?;
    let found = desk.house.catalog.invitations(query.after, limit).await?;
    let full = u32::try_from(found.len()).is_ok_and(|count| count == limit);
    let next = if full { found.last().map(|one| one.id.to_string()) } else { None };
    let now = desk.house.clock.now();
    Ok(Reply::Found(api::Page { items: found.into_iter().map(|one| shown(one, now)).collect(), next }))
}

/// `POST /v1/invitations`.
pub(crate) async fn create(
    State(desk): State<Desk>,
    caller: Caller,
    Fresh(new, repeat): Fresh<api::NewInvitation>,
) -> Answer<api::Invitation> {
    caller.require_operator()?;
    let end = new.expires_at.map_or_else(|| desk.house.clock.now().after(OPEN), |at| at.0);
    let (id, secret) = desk.house.catalog.insisting_on(repeat).invite(caller.actor(), end).await?;
    Ok(Reply::Made(api::Invitation { id, expires_at: end.into(), secret: secret.reveal().to_owned() }))
}

/// `DELETE /v1/invitations/{invitation}`: refused from now on.
pub(crate) async fn revoke(
    State(desk): State<Desk>,
    caller: Caller,
    Path(id): Path<InvitationId>,
    Query(query): Query<api::RevokeQuery>,
) -> Answer<api::InvitationEntry> {
    caller.require_operator()?;
    let reason = query.reason.as_deref().unwrap_or("revoked");
    desk.house.catalog.revoke_invitation(caller.actor(), id, reason).await?;
    let found = desk.house.catalog.invitation(id).await?;
    let found = found.ok_or_else(|| Refusal::missing("invitation", id))?;
    Ok(Reply::Found(shown(found, desk.house.clock.now())))
}

/// `POST /v1/invitations/accept`. The invitation itself is what lets its bearer in.
pub(crate) async fn accept(State(desk): State<Desk>, Body(accept): Body<api::Accept>) -> Answer<api::Accepted> {
    let invitation = SecretKey::parse(&accept.invitation, KeyKind::Invitation).ok_or(CatalogError::NotInvited)?;
    let catalog = &desk.house.catalog;
    let accept = Accept { invitation, organisation: accept.organisation, app: accept.app };
    let made = catalog.accept_invitation(accept).await?;
    let snapshot = catalog.snapshot();
    let organisation = snapshot.organisation(made.organisation);
    let app = snapshot.app(made.app).ok_or_else(|| Refusal::missing("app", made.app))?;
    Ok(Reply::Made(api::Accepted {
        organisation: organisation
            .map(super::accounts::shown)
            .ok_or_else(|| Refusal::missing("organisation", made.organisation))?,
        app: super::consumers::app_shown(&snapshot, app),
        key: super::consumers::key_made(made.key.0, &made.key.1),
        token: tokens::made_of(&snapshot, made.token.0, &made.token.1)?,
    }))
}

fn shown(invitation: Invitation, now: Timestamp) -> api::InvitationEntry {
    api::InvitationEntry {
        id: invitation.id,
        live: invitation.is_live(now),
        created_at: invitation.created_at.into(),
        expires_at: invitation.expires_at.into(),
        organisation: invitation.organisation,
        revoked: invitation.revoked,
    }
}
