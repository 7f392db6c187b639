//! Roles of state machines: rows that say what their requests may reach.

use rusqlite::{Row, params};
use serde_json::json;
use types::{Egress, OrganisationId, RoleId, RoleName};

use super::change::{Change, Turn};
use super::{column, egress, organisation};
use crate::{CatalogError, MachineRole};

pub(super) const SELECT: &str = "SELECT id, organisation, name, version, egress_json, updated_us FROM machine_role";

/// Names that an organisation has ever given to roles: a row stays when its role is removed.
const NAMES: i64 = 100;

/// Makes a role, or gives one another grant.
pub(crate) fn set(
    change: &Change<'_>,
    organisation: OrganisationId,
    name: &RoleName,
    grant: &Egress,
) -> Result<RoleId, CatalogError> {
    organisation::require(change, organisation)?;
    egress::check(grant)?;
    egress::require_secrets(change, organisation, grant)?;
    let (now, text) = (change.now.as_micros(), json!(grant).to_string());
    if let Some(known) = find(change, organisation, name)? {
        let version = known.version.saturating_add(1);
        change.write(
            "UPDATE machine_role SET version = ?2, egress_json = ?3, updated_us = ?4 WHERE id = ?1",
            params![known.id.to_string(), version, text, now],
        )?;
        let before = json!({ "version": known.version, "egress": known.egress });
        change.record("role.set", &known.id, Turn::from(before, json!({ "version": version, "egress": grant })))?;
        return Ok(known.id);
    }
    let count = "SELECT count(*) FROM machine_role WHERE organisation = ?1";
    let names: i64 = change.find(count, [organisation.to_string()], |row| row.get(0))?.unwrap_or_default();
    if names >= NAMES {
        let why = format!("an organisation names at most {NAMES} roles, removed ones included: use a name again");
        return Err(CatalogError::unfit("name", why));
    }
    let id = RoleId::generate(change.now);
    change.write(
        "INSERT INTO machine_role (id, organisation, name, version, egress_json, created_us, updated_us)
         VALUES (?1, ?2, ?3, 1, ?4, ?5, ?5)",
        params![id.to_string(), organisation.to_string(), name.as_str(), text, now],
    )?;
    let after = json!({ "organisation": organisation, "name": name, "version": 1, "egress": grant });
    change.record("role.set", &id, Turn::new(after))?;
    Ok(id)
}

/// Removes what was granted. The row stays, so that the name's history does.
pub(crate) fn remove(change: &Change<'_>, organisation: OrganisationId, name: &RoleName) -> Result<(), CatalogError> {
    let known = find(change, organisation, name)?.ok_or_else(|| CatalogError::missing("role", name))?;
    if known.egress.is_none() {
        return Ok(());
    }
    change.write(
        "UPDATE machine_role SET egress_json = NULL, updated_us = ?2 WHERE id = ?1",
        params![known.id.to_string(), change.now.as_micros()],
    )?;
    let before = json!({ "version": known.version, "egress": known.egress });
    change.record("role.remove", &known.id, Turn::from(before, json!({ "version": known.version, "egress": null })))?;
    Ok(())
}

fn find(
    change: &Change<'_>,
    organisation: OrganisationId,
    name: &RoleName,
) -> Result<Option<MachineRole>, CatalogError> {
    let sql = format!("{SELECT} WHERE organisation = ?1 AND name = ?2");
    Ok(change.find(&sql, params![organisation.to_string(), name.as_str()], read)?)
}

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<MachineRole> {
    let is_there = row.get_ref(4)? != rusqlite::types::ValueRef::Null;
    Ok(MachineRole {
        id: column::parsed(row, 0)?,
        organisation: column::parsed(row, 1)?,
        name: column::parsed(row, 2)?,
        version: row.get(3)?,
        egress: if is_there { Some(column::json(row, 4)?) } else { None },
        updated_at: column::moment(row, 5)?,
    })
}
