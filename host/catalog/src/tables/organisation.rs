//! Organisations and apps.

use rusqlite::params;
use serde_json::json;
use types::{AppId, Fact, OrganisationId};

use super::change::{Change, Turn};
use super::column;
use crate::CatalogError;

const NAME_CHARACTERS: usize = 100;

/// Makes an organisation, or finds the one that has the name.
pub(crate) fn create(change: &Change<'_>, name: &str) -> Result<OrganisationId, CatalogError> {
    check_name(name)?;
    let found = change.find("SELECT id FROM organisation WHERE name = ?1", [name], |row| column::parsed(row, 0))?;
    if let Some(id) = found {
        return Ok(id);
    }
    let id = OrganisationId::generate(change.now);
    change.write(
        "INSERT INTO organisation (id, name, created_us) VALUES (?1, ?2, ?3)",
        params![id.to_string(), name, change.now.as_micros()],
    )?;
    change.tell(&Fact::Organisation { id, name: name.to_owned() })?;
    change.record("organisation.create", &id, Turn::new(json!({ "id": id })))?;
    Ok(id)
}

/// Gives an organisation another name.
pub(crate) fn rename(change: &Change<'_>, id: OrganisationId, name: &str) -> Result<(), CatalogError> {
    check_name(name)?;
    require(change, id)?;
    let found: Option<OrganisationId> =
        change.find("SELECT id FROM organisation WHERE name = ?1", [name], |row| column::parsed(row, 0))?;
    match found {
        Some(other) if other == id => return Ok(()),
        Some(_) => return Err(CatalogError::Exists { what: "organisation", name: name.to_owned() }),
        None => {}
    }
    change.write("UPDATE organisation SET name = ?2 WHERE id = ?1", params![id.to_string(), name])?;
    change.tell(&Fact::Organisation { id, name: name.to_owned() })?;
    change.record("organisation.rename", &id, Turn::from(json!({ "id": id }), json!({ "id": id })))?;
    Ok(())
}

/// Makes an app, or finds the organisation's app that has the name.
pub(crate) fn create_app(change: &Change<'_>, owner: OrganisationId, name: &str) -> Result<AppId, CatalogError> {
    check_name(name)?;
    require(change, owner)?;
    let key = params![owner.to_string(), name];
    let found =
        change.find("SELECT id FROM app WHERE organisation = ?1 AND name = ?2", key, |row| column::parsed(row, 0))?;
    if let Some(id) = found {
        return Ok(id);
    }
    let id = AppId::generate(change.now);
    change.write(
        "INSERT INTO app (id, organisation, name, created_us) VALUES (?1, ?2, ?3, ?4)",
        params![id.to_string(), owner.to_string(), name, change.now.as_micros()],
    )?;
    change.tell(&Fact::App { id, organisation: owner, name: name.to_owned() })?;
    change.record("app.create", &id, Turn::new(json!({ "id": id, "organisation": owner })))?;
    Ok(id)
}

pub(super) fn require(change: &Change<'_>, id: OrganisationId) -> Result<(), CatalogError> {
    change
        .find("SELECT 1 FROM organisation WHERE id = ?1", [id.to_string()], |_| Ok(()))?
        .ok_or_else(|| CatalogError::missing("organisation", &id))
}

fn check_name(name: &str) -> Result<(), CatalogError> {
    let length = name.chars().count();
    if length == 0 || length > NAME_CHARACTERS || name.trim() != name || name.chars().any(char::is_control) {
        let why = format!("1 to {NAME_CHARACTERS} characters, no control characters, no space at either end");
        return Err(CatalogError::invalid("name", why));
    }
    Ok(())
}
