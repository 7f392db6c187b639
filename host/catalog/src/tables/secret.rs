//! Secrets of organisations: sealed, never read by anything here.

use rusqlite::{Row, params};
use serde_json::json;
use types::{OrganisationId, SecretId, SecretName};

use super::change::{Change, Turn};
use super::{column, organisation};
use crate::{CatalogError, Sealed, Secret};

pub(super) const SELECT: &str =
    "SELECT id, organisation, name, version, key_version, nonce, sealed, updated_us FROM secret";

/// Secrets with a value that an organisation has at most.
const SECRETS: i64 = 100;
/// Names that an organisation has ever given to secrets: a row stays when its secret is removed.
const NAMES: i64 = 1_000;

/// Sets a secret, in place of the value that it had.
pub(crate) fn set(
    change: &Change<'_>,
    organisation: OrganisationId,
    name: &SecretName,
    sealed: &Sealed,
) -> Result<SecretId, CatalogError> {
    organisation::require(change, organisation)?;
    let now = change.now.as_micros();
    let known = find(change, organisation, name)?;
    check_count(change, organisation, known.as_ref())?;
    if let Some(known) = known {
        let version = known.version.saturating_add(1);
        change.write(
            "UPDATE secret SET version = ?2, key_version = ?3, nonce = ?4, sealed = ?5, updated_us = ?6 WHERE id = ?1",
            params![known.id.to_string(), version, sealed.key_version, sealed.nonce, sealed.text, now],
        )?;
        let turn = Turn::from(json!({ "version": known.version }), json!({ "version": version }));
        change.record("secret.set", &known.id, turn)?;
        return Ok(known.id);
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

/// Refuses one secret too many, and one name too many. `known`: what the name has been given before.
fn check_count(change: &Change<'_>, organisation: OrganisationId, known: Option<&Secret>) -> Result<(), CatalogError> {
    if known.is_some_and(|known| known.sealed.is_some()) {
        return Ok(());
    }
    // `count` of a column leaves out what is NULL.
    let sql = "SELECT count(*), count(sealed) FROM secret WHERE organisation = ?1";
    let counts = change.find(sql, [organisation.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (names, secrets): (i64, i64) = counts.unwrap_or_default();
    if secrets >= SECRETS {
        let why = format!("an organisation has at most {SECRETS} secrets: remove one that no release needs");
        return Err(CatalogError::unfit("name", why));
    }
    if known.is_none() && names >= NAMES {
        let why = format!("an organisation names at most {NAMES} secrets, removed ones included: use a name again");
        return Err(CatalogError::unfit("name", why));
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use store::{NoGroup, Options, Store, Synchronous};
    use types::Timestamp;

    use super::*;
    use crate::Actor;
    use crate::tables::MIGRATIONS;

    fn set_nth(change: &Change<'_>, owner: OrganisationId, n: i64) -> Result<SecretId, String> {
        let sealed = Sealed { key_version: 1, nonce: [0; 24], text: vec![0] };
        set(change, owner, &format!("s{n}").parse().unwrap(), &sealed).map_err(|error| error.to_string())
    }

    fn remove_nth(change: &Change<'_>, owner: OrganisationId, n: i64) {
        remove(change, owner, &format!("s{n}").parse().unwrap()).unwrap();
    }

    fn refused(set: &Result<SecretId, String>, why: &str) {
        assert!(set.as_ref().is_err_and(|error| error.contains(why)), "{set:?}");
    }

    #[test]
    fn a_hundred_secrets_have_values_and_a_thousand_have_names() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { synchronous: Synchronous::Normal, migrations: MIGRATIONS, readers: 1 };
        let store = Store::open(&folder.path().join("catalog.db"), &options, NoGroup).unwrap();
        let all = |conn: &rusqlite::Connection| {
            let now = Timestamp::from_micros(1_763_800_000_000_000);
            let change = Change { conn, actor: Actor::Host, now, repeat: None };
            let owner = organisation::create(&change, "acme")?;
            for n in 0..SECRETS {
                set_nth(&change, owner, n).unwrap();
            }
            refused(&set_nth(&change, owner, SECRETS), "at most 100 secrets");
            set_nth(&change, owner, 7).unwrap();
            remove_nth(&change, owner, 7);
            set_nth(&change, owner, SECRETS).unwrap();
            refused(&set_nth(&change, owner, 7), "at most 100 secrets");
            remove_nth(&change, owner, SECRETS);
            for n in SECRETS + 1..NAMES {
                set_nth(&change, owner, n).unwrap();
                remove_nth(&change, owner, n);
            }
            refused(&set_nth(&change, owner, NAMES), "at most 1000 secrets, removed ones included");
            set_nth(&change, owner, 7).unwrap();
            Ok::<_, CatalogError>(())
        };
        store.write_blocking(all).unwrap();
    }
}
