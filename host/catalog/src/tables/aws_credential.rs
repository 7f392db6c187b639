//! Credentials for clients of AWS: sealed, never opened by anything here.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::json;
use types::AccessKeyId;

use super::change::{Change, Turn};
use super::{column, organisation};
use crate::{AwsCredential, CatalogError, NewAwsCredential, Sealed};

const SELECT: &str = "SELECT id, organisation, name, key_version, nonce, sealed, created_us FROM aws_credential";

/// Credentials that an organisation has at most.
pub(super) const CREDENTIALS: i64 = 20;

/// Makes a credential.
pub(crate) fn create(change: &Change<'_>, new: &NewAwsCredential) -> Result<(), CatalogError> {
    organisation::check_name(&new.name)?;
    organisation::require(change, new.organisation)?;
    let sql = "SELECT count(*) FROM aws_credential WHERE organisation = ?1";
    let count: Option<i64> = change.find(sql, [new.organisation.to_string()], |row| row.get(0))?;
    if count.unwrap_or(0) >= CREDENTIALS {
        let why = format!("an organisation has at most {CREDENTIALS} credentials: delete one that nobody uses");
        return Err(CatalogError::unfit("name", why));
    }
    change.write(
        "INSERT INTO aws_credential (id, organisation, name, key_version, nonce, sealed, created_us)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            new.id.to_string(),
            new.organisation.to_string(),
            new.name,
            new.sealed.key_version,
            new.sealed.nonce,
            new.sealed.text,
            change.now.as_micros()
        ],
    )?;
    let after = json!({ "organisation": new.organisation });
    change.record("aws-credential.create", &new.id, Turn::new(after))?;
    Ok(())
}

/// Deletes a credential: its row goes, and with it what was sealed. That it was there stays in the acts.
pub(crate) fn delete(change: &Change<'_>, id: AccessKeyId) -> Result<(), CatalogError> {
    let known = of(change.conn, id)?.ok_or_else(|| CatalogError::missing("credential", &id))?;
    change.write("DELETE FROM aws_credential WHERE id = ?1", [id.to_string()])?;
    let turn = Turn { before: Some(json!({ "organisation": known.organisation })), after: None };
    change.record("aws-credential.delete", &id, turn)?;
    Ok(())
}

/// The credential with this id; `None` when it is not there, or no longer.
pub(super) fn of(conn: &Connection, id: AccessKeyId) -> rusqlite::Result<Option<Arc<AwsCredential>>> {
    let sql = format!("{SELECT} WHERE id = ?1");
    conn.prepare_cached(&sql)?.query_row([id.to_string()], |row| read(row).map(Arc::new)).optional()
}

/// All of them.
pub(super) fn all(conn: &Connection) -> rusqlite::Result<Vec<(AccessKeyId, Option<Arc<AwsCredential>>)>> {
    let entry = |row: &Row<'_>| read(row).map(|credential| (credential.id, Some(Arc::new(credential))));
    conn.prepare_cached(SELECT)?.query_map([], entry)?.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<AwsCredential> {
    Ok(AwsCredential {
        id: column::parsed(row, 0)?,
        organisation: column::parsed(row, 1)?,
        name: row.get(2)?,
        sealed: Sealed { key_version: row.get(3)?, nonce: row.get(4)?, text: row.get(5)? },
        created_at: column::moment(row, 6)?,
    })
}
