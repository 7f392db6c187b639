//! Secrets of organisations: sealed, never read by anything here.

use rusqlite::{Row, params};
use serde_json::json;
use types::{OrganisationId, SecretId, SecretName};

use super::change::{Change, Turn};
use super::{column, organisation};
use crate::{CatalogError, Sealed, Secret};

pub(super) const SELECT: &str =
    "SELECT id, organisation, name, version, key_version, nonce, sealed, updated_us FROM secret";

/// Secrets that an organisation has at most, removed ones included.
const SECRETS: i64 = 100;

/// Sets a secret, in place of the value that it had.
pub(crate) fn set(
    change: &Change<'_>,
    organisation: OrganisationId,
    name: &SecretName,
    sealed: &Sealed,
) -> Result<SecretId, CatalogError> {
    organisation::require(change, organisation)?;
    let now = change.now.as_micros();
    if let Some(known) = find(change, organisation, name)? {
        let version = known.version.saturating_add(1);
        change.write(
            "UPDATE secret SET version = ?2, key_version = ?3, nonce = ?4, sealed = ?5, updated_us = ?6 WHERE id = ?1",
            params![known.id.to_string(), version, sealed.key_version, sealed.nonce, sealed.text, now],
        )?;
        let turn = Turn::from(json!({ "version": known.version }), json!({ "version": version }));
        change.record("secret.set", &known.id, turn)?;
        return Ok(known.id);
    }
    let count = "SELECT count(*) FROM secret WHERE organisation = ?1";
    let count: Option<i64> = change.find(count, [organisation.to_string()], |row| row.get(0))?;
    if count.unwrap_or(0) >= SECRETS {
        return Err(CatalogError::invalid("name", format!("an organisation has at most {SECRETS} secrets")));
    }
    let id = SecretId::generate(change.now);
    change.write(
        "INSERT INTO secret (id, organisation, name, version, key_version, nonce, sealed, created_us, updated_us)
         VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?7)",
        params![
            id.to_string(),
            organisation.to_string(),
            name.as_str(),
            sealed.key_version,
            sealed.nonce,
            sealed.text,
            now
        ],
    )?;
    let after = json!({ "organisation": organisation, "name": name, "version": 1 });
    change.record("secret.set", &id, Turn::new(after))?;
    Ok(id)
}

/// Removes what was sealed. The row stays, so that the name's history does.
pub(crate) fn remove(change: &Change<'_>, organisation: OrganisationId, name: &SecretName) -> Result<(), CatalogError> {
    let known = find(change, organisation, name)?.ok_or_else(|| CatalogError::missing("secret", name))?;
    if known.sealed.is_none() {
        return Ok(());
    }
    change.write(
        "UPDATE secret SET nonce = NULL, sealed = NULL, updated_us = ?2 WHERE id = ?1",
        params![known.id.to_string(), change.now.as_micros()],
    )?;
    let turn =
        Turn::from(json!({ "version": known.version, "set": true }), json!({ "version": known.version, "set": false }));
    change.record("secret.remove", &known.id, turn)?;
    Ok(())
}

/// Whether an organisation has a secret of this name, with a value.
pub(super) fn is_set(
    change: &Change<'_>,
    organisation: OrganisationId,
    name: &SecretName,
) -> Result<bool, CatalogError> {
    Ok(find(change, organisation, name)?.is_some_and(|known| known.sealed.is_some()))
}

fn find(change: &Change<'_>, organisation: OrganisationId, name: &SecretName) -> Result<Option<Secret>, CatalogError> {
    let sql = format!("{SELECT} WHERE organisation = ?1 AND name = ?2");
    Ok(change.find(&sql, params![organisation.to_string(), name.as_str()], read)?)
}

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Secret> {
    let nonce: Option<[u8; 24]> = row.get(5)?;
    let text: Option<Vec<u8>> = row.get(6)?;
    let key_version = row.get(4)?;
    Ok(Secret {
        id: column::parsed(row, 0)?,
        organisation: column::parsed(row, 1)?,
        name: column::parsed(row, 2)?,
        version: row.get(3)?,
        sealed: nonce.zip(text).map(|(nonce, text)| Sealed { key_version, nonce, text }),
        updated_at: column::moment(row, 7)?,
    })
}
