//! Keys of apps and tokens of the control plane: digests alone, never a secret.

use rusqlite::params;
use serde_json::json;
use types::{AppId, Fact, KeyId, KeyKind, SecretKey, Timestamp, TokenId};

use super::change::{Change, Turn};
use super::suspension::check_reason;
use super::{load, organisation};
use crate::{CatalogError, Key, Role, Scope, Scopes, Token};

/// Keys of one kind that an app has at most: the one in use, and its successor while it is rolled.
pub(crate) const LIVE_KEYS: i64 = 2;

/// What is asked of a new key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewKey {
    /// Whose it becomes.
    pub app: AppId,
    /// [`KeyKind::Live`] or [`KeyKind::Test`].
    pub kind: KeyKind,
    /// From when on it is refused. `None`: never.
    pub expires_at: Option<Timestamp>,
}

/// Makes a key of `secret` for an app that has fewer than two of its kind.
pub(crate) fn create_key(change: &Change<'_>, new: NewKey, secret: &SecretKey) -> Result<Key, CatalogError> {
    require_app(change, new.app)?;
    let kind = match new.kind {
        KeyKind::Live => "live",
        KeyKind::Test => "test",
        KeyKind::Control | KeyKind::Invitation | KeyKind::Approval => {
            return Err(CatalogError::invalid("kind", "an app's key is live or test"));
        }
    };
    if new.expires_at.is_some_and(|end| end <= change.now) {
        return Err(CatalogError::unfit("expires_at", "lies in the past"));
    }
    if live_keys(change, new.app, kind)? >= LIVE_KEYS {
        return Err(CatalogError::TooManyKeys { app: new.app });
    }
    let key = Key {
        id: KeyId::generate(change.now),
        app: new.app,
        kind: new.kind,
        digest: secret.digest(),
        prefix: secret.display_prefix().to_owned(),
        expires_at: new.expires_at,
        disabled: None,
        suspended: None,
        created_at: change.now,
    };
    change.write(
        "INSERT INTO api_key (id, app, kind, sha256, prefix, expires_us, created_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            key.id.to_string(),
            key.app.to_string(),
            kind,
            key.digest.as_bytes(),
            key.prefix,
            key.expires_at.map(Timestamp::as_micros),
            change.now.as_micros()
        ],
    )?;
    change.tell(&Fact::Key {
        id: key.id,
        app: key.app,
        prefix: key.prefix.clone(),
        test: key.kind == KeyKind::Test,
    })?;
    let after = json!({ "app": key.app, "kind": kind, "expires_at": key.expires_at });
    change.record("key.create", &key.id, Turn::new(after))?;
    Ok(key)
}

/// Refuses a key from now on, for good.
pub(crate) fn disable_key(change: &Change<'_>, id: KeyId, reason: &str) -> Result<(), CatalogError> {
    check_reason(reason)?;
    if key(change, id)?.disabled.is_some() {
        return Ok(());
    }
    change.write("UPDATE api_key SET disabled = ?2 WHERE id = ?1", params![id.to_string(), reason])?;
    change.record("key.disable", &id, Turn::from(json!({ "disabled": null }), json!({ "disabled": reason })))?;
    Ok(())
}

/// Lets a key end at `end`: how a key retires beside its successor. An end that has come is not moved.
pub(crate) fn retire_key(change: &Change<'_>, id: KeyId, end: Timestamp) -> Result<(), CatalogError> {
    let stored = key(change, id)?;
    if !stored.is_live(change.now) {
        return Err(CatalogError::unfit("key", "is disabled or has expired"));
    }
    if stored.expires_at == Some(end) {
        return Ok(());
    }
    change.write("UPDATE api_key SET expires_us = ?2 WHERE id = ?1", params![id.to_string(), end.as_micros()])?;
    let turn = Turn::from(json!({ "expires_at": stored.expires_at }), json!({ "expires_at": end }));
    change.record("key.retire", &id, turn)?;
    Ok(())
}

/// Makes a successor of a key, and lets the key end at `end`. Until then both open the same.
pub(crate) fn rotate_key(
    change: &Change<'_>,
    id: KeyId,
    end: Timestamp,
    secret: &SecretKey,
) -> Result<Key, CatalogError> {
    let old = key(change, id)?;
    if end <= change.now {
        return Err(CatalogError::unfit("retire_at", "lies in the past"));
    }
    // Rotation shortens a life; it does not lengthen one.
    retire_key(change, id, old.expires_at.map_or(end, |earlier| earlier.min(end)))?;
    create_key(change, NewKey { app: old.app, kind: old.kind, expires_at: None }, secret)
}

/// What is asked of a new control token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewToken {
    /// What it allows.
    pub role: Role,
    /// What of that it may do. Not none.
    pub scopes: Scopes,
    /// From when on it is refused. `None`: never.
    pub expires_at: Option<Timestamp>,
}

impl NewToken {
    /// A token without an end that may do everything that its role does.
    pub const fn full(role: Role) -> Self {
        Self { role, scopes: Scopes::ALL, expires_at: None }
    }
}

/// Makes a control token of `secret`.
pub(crate) fn create_token(change: &Change<'_>, new: NewToken, secret: &SecretKey) -> Result<TokenId, CatalogError> {
    let role = new.role;
    if let Some(organisation) = role.organisation() {
        organisation::require(change, organisation)?;
    }
    if new.scopes.is_empty() {
        return Err(CatalogError::invalid("scopes", "at least one of read, publish and manage"));
    }
    if new.expires_at.is_some_and(|end| end <= change.now) {
        return Err(CatalogError::unfit("expires_at", "lies in the past"));
    }
    let id = TokenId::generate(change.now);
    let scopes: Vec<Scope> = new.scopes.iter().collect();
    change.write(
        "INSERT INTO token (id, role, organisation, sha256, prefix, created_us, scopes_json, expires_us)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            id.to_string(),
            role.as_str(),
            role.organisation().map(|organisation| organisation.to_string()),
            secret.digest().as_bytes(),
            secret.display_prefix(),
            change.now.as_micros(),
            json!(scopes).to_string(),
            new.expires_at.map(Timestamp::as_micros)
        ],
    )?;
    let after = json!({
        "role": role.as_str(), "organisation": role.organisation(), "scopes": scopes, "expires_at": new.expires_at,
    });
    change.record("token.create", &id, Turn::new(after))?;
    Ok(id)
}

/// Makes a successor of a control token, and lets the token end at `end`. Until then both open the same.
pub(crate) fn rotate_token(
    change: &Change<'_>,
    id: TokenId,
    end: Timestamp,
    secret: &SecretKey,
) -> Result<TokenId, CatalogError> {
    let old = token(change, id)?;
    if !old.is_live(change.now) {
        return Err(CatalogError::unfit("token", "is disabled or has expired"));
    }
    if end <= change.now {
        return Err(CatalogError::unfit("retire_at", "lies in the past"));
    }
    let end = old.expires_at.map_or(end, |earlier| earlier.min(end));
    change.write("UPDATE token SET expires_us = ?2 WHERE id = ?1", params![id.to_string(), end.as_micros()])?;
    let turn = Turn::from(json!({ "expires_at": old.expires_at }), json!({ "expires_at": end }));
    change.record("token.retire", &id, turn)?;
    create_token(change, NewToken { role: old.role, scopes: old.scopes, expires_at: None }, secret)
}

fn token(change: &Change<'_>, id: TokenId) -> Result<Token, CatalogError> {
    change
        .find(&format!("{} WHERE id = ?1", load::TOKEN), [id.to_string()], load::token)?
        .ok_or_else(|| CatalogError::missing("token", &id))
}

/// Refuses a control token from now on, for good.
pub(crate) fn disable_token(change: &Change<'_>, id: TokenId, reason: &str) -> Result<(), CatalogError> {
    check_reason(reason)?;
    if token(change, id)?.disabled.is_some() {
        return Ok(());
    }
    change.write("UPDATE token SET disabled = ?2 WHERE id = ?1", params![id.to_string(), reason])?;
    change.record("token.disable", &id, Turn::from(json!({ "disabled": null }), json!({ "disabled": reason })))?;
    Ok(())
}

pub(super) fn require_app(change: &Change<'_>, app: AppId) -> Result<(), CatalogError> {
    change
        .find("SELECT 1 FROM app WHERE id = ?1", [app.to_string()], |_| Ok(()))?
        .ok_or_else(|| CatalogError::missing("app", &app))
}

/// How many of this kind open anything.
fn live_keys(change: &Change<'_>, app: AppId, kind: &str) -> rusqlite::Result<i64> {
    let sql = "SELECT count(*) FROM api_key
                WHERE app = ?1 AND kind = ?3 AND disabled IS NULL AND (expires_us IS NULL OR expires_us > ?2)";
    let count = change.find(sql, params![app.to_string(), change.now.as_micros(), kind], |row| row.get(0))?;
    Ok(count.unwrap_or(0))
}

fn key(change: &Change<'_>, id: KeyId) -> Result<Key, CatalogError> {
    change
        .find(&format!("{} WHERE id = ?1", load::KEY), [id.to_string()], load::key)?
        .ok_or_else(|| CatalogError::missing("key", &id))
}
