//! Invitations: what an operator hands out, and what becomes of it.

use rusqlite::{Connection, Row, params};
use serde_json::json;
use types::{AppId, InvitationId, KeyKind, OrganisationId, SecretKey, Timestamp, TokenId};

use super::access::{self, NewKey, NewToken};
use super::change::{Change, Turn};
use super::suspension::check_reason;
use super::{column, organisation};
use crate::{Actor, CatalogError, Key, Role};

/// One invitation. The secret itself is stored nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// From when on it is refused.
    pub expires_at: Timestamp,
    /// Why it is refused. `None`: it is not.
    pub revoked: Option<String>,
    /// What was made with it. `None`: nothing yet.
    pub organisation: Option<OrganisationId>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Invitation {
    /// Whether somebody may still accept it.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.organisation.is_none() && now < self.expires_at
    }
}

/// What an invitation is accepted with.
#[derive(Debug)]
pub struct Accept {
    /// The invitation.
    pub invitation: SecretKey,
    /// The name of the organisation that is made. Nobody else's.
    pub organisation: String,
    /// The name of its app.
    pub app: String,
}

/// What was made of an invitation.
#[derive(Debug)]
pub struct Accepted {
    /// The organisation.
    pub organisation: OrganisationId,
    /// Its app.
    pub app: AppId,
    /// The app's key, and its secret.
    pub key: (Key, SecretKey),
    /// A provider's token for the organisation, and its secret.
    pub token: (TokenId, SecretKey),
}

const SELECT: &str = "SELECT id, expires_us, revoked, organisation, created_us FROM invitation";

/// Makes an invitation of `secret`.
pub(crate) fn create(change: &Change<'_>, end: Timestamp, secret: &SecretKey) -> Result<InvitationId, CatalogError> {
    if end <= change.now {
        return Err(CatalogError::unfit("expires_at", "lies in the past"));
    }
    let id = InvitationId::generate(change.now);
    change.write(
        "INSERT INTO invitation (id, sha256, expires_us, created_us) VALUES (?1, ?2, ?3, ?4)",
        params![id.to_string(), secret.digest().as_bytes(), end.as_micros(), change.now.as_micros()],
    )?;
    change.record("invitation.create", &id, Turn::new(json!({ "expires_at": end })))?;
    Ok(id)
}

/// Refuses an invitation from now on.
pub(crate) fn revoke(change: &Change<'_>, id: InvitationId, reason: &str) -> Result<(), CatalogError> {
    check_reason(reason)?;
    let sql = format!("{SELECT} WHERE id = ?1");
    let stored = change.find(&sql, [id.to_string()], read)?.ok_or_else(|| CatalogError::missing("invitation", &id))?;
    if stored.revoked.is_some() {
        return Ok(());
    }
    change.write("UPDATE invitation SET revoked = ?2 WHERE id = ?1", params![id.to_string(), reason])?;
    change.record("invitation.revoke", &id, Turn::from(json!({ "revoked": null }), json!({ "revoked": reason })))?;
    Ok(())
}

/// Makes an organisation with an app, a key and a token, once.
pub(crate) fn accept(change: &Change<'_>, accept: Accept) -> Result<Accepted, CatalogError> {
    let sql = format!("{SELECT} WHERE sha256 = ?1");
    let found = change.find(&sql, [accept.invitation.digest().as_bytes()], read)?;
    let invitation = found.filter(|found| found.is_live(change.now)).ok_or(CatalogError::NotInvited)?;
    let taken = "SELECT 1 FROM organisation WHERE name = ?1";
    if change.find(taken, [&accept.organisation], |_| Ok(()))?.is_some() {
        return Err(CatalogError::Exists { what: "organisation", name: accept.organisation });
    }
    // From here on it is the guest who acts.
    let guest = Change { conn: change.conn, actor: Actor::Guest(invitation.id), now: change.now, repeat: None };
    let organisation = organisation::create(&guest, &accept.organisation)?;
    let app = organisation::create_app(&guest, organisation, &accept.app)?;
    let secret = SecretKey::generate(KeyKind::Live);
    let key = access::create_key(&guest, NewKey { app, kind: KeyKind::Live, expires_at: None }, &secret)?;
    let token_secret = SecretKey::generate(KeyKind::Control);
    let token = access::create_token(&guest, NewToken::full(Role::Provider(organisation)), &token_secret)?;
    let row = params![invitation.id.to_string(), organisation.to_string()];
    guest.write("UPDATE invitation SET organisation = ?2 WHERE id = ?1 AND organisation IS NULL", row)?;
    let turn = Turn::from(json!({ "organisation": null }), json!({ "organisation": organisation }));
    guest.record("invitation.accept", &invitation.id, turn)?;
    Ok(Accepted { organisation, app, key: (key, secret), token: (token, token_secret) })
}

/// Invitations after `after`, in the order of their ids.
pub(crate) fn list(
    conn: &Connection,
    (after, limit): (Option<InvitationId>, u32),
) -> rusqlite::Result<Vec<Invitation>> {
    let sql = format!("{SELECT} WHERE id > ?1 ORDER BY id LIMIT ?2");
    let after = after.map(|after| after.to_string()).unwrap_or_default();
    conn.prepare_cached(&sql)?.query_map(params![after, limit], read)?.collect()
}

/// One invitation.
pub(crate) fn find(conn: &Connection, id: InvitationId) -> rusqlite::Result<Option<Invitation>> {
    use rusqlite::OptionalExtension as _;
    conn.prepare_cached(&format!("{SELECT} WHERE id = ?1"))?.query_row([id.to_string()], read).optional()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Invitation> {
    let organisation: Option<String> = row.get(3)?;
    Ok(Invitation {
        id: column::parsed(row, 0)?,
        expires_at: column::moment(row, 1)?,
        revoked: row.get(2)?,
        organisation: organisation.map(|_| column::parsed(row, 3)).transpose()?,
        created_at: column::moment(row, 4)?,
    })
}
