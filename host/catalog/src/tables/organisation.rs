//! Organisations and apps.

use rusqlite::params;
use serde_json::json;
use types::{AppId, Fact, OrganisationId};

use super::change::{Change, Turn};
use super::column;
use crate::CatalogError;

const NAME_CHARACTERS: usize = 100;
/// How many numbers of twelve digits there are.
const ACCOUNTS: u128 = 1_000_000_000_000;

/// Makes an organisation, or finds the one that has the name.
pub(crate) fn create(change: &Change<'_>, name: &str) -> Result<OrganisationId, CatalogError> {
    check_name(name)?;
    let found = change.find("SELECT id FROM organisation WHERE name = ?1", [name], |row| column::parsed(row, 0))?;
    if let Some(id) = found {
        return Ok(id);
    }
    let id = OrganisationId::generate(change.now);
    change.write(
        "INSERT INTO organisation (id, name, account, created_us) VALUES (?1, ?2, ?3, ?4)",
        params![id.to_string(), name, free_account(change, id)?, change.now.as_micros()],
    )?;
    change.tell(&Fact::Organisation { id, name: name.to_owned() })?;
    change.record("organisation.create", &id, Turn::new(json!({ "id": id })))?;
    Ok(id)
}

/// Twelve digits that no other organisation has, from the random part of the id.
fn free_account(change: &Change<'_>, id: OrganisationId) -> Result<String, CatalogError> {
    let mut digits = id.as_u128() % ACCOUNTS;
    loop {
        let account = format!("{digits:012}");
        let taken = change.find("SELECT 1 FROM organisation WHERE account = ?1", [&account], |_| Ok(()))?;
        if taken.is_none() {
            return Ok(account);
        }
        // There are far more numbers than organisations: the next free one is near.
        digits = (digits + 1) % ACCOUNTS;
    }
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

/// Gives an app another name.
pub(crate) fn rename_app(change: &Change<'_>, id: AppId, name: &str) -> Result<(), CatalogError> {
    check_name(name)?;
    let owner: OrganisationId = change
        .find("SELECT organisation FROM app WHERE id = ?1", [id.to_string()], |row| column::parsed(row, 0))?
        .ok_or_else(|| CatalogError::missing("app", &id))?;
    let key = params![owner.to_string(), name];
    let found: Option<AppId> =
        change.find("SELECT id FROM app WHERE organisation = ?1 AND name = ?2", key, |row| column::parsed(row, 0))?;
    match found {
        Some(other) if other == id => return Ok(()),
        Some(_) => return Err(CatalogError::Exists { what: "app", name: name.to_owned() }),
        None => {}
    }
    change.write("UPDATE app SET name = ?2 WHERE id = ?1", params![id.to_string(), name])?;
    change.tell(&Fact::App { id, organisation: owner, name: name.to_owned() })?;
    change.record("app.rename", &id, Turn::from(json!({ "id": id }), json!({ "id": id })))?;
    Ok(())
}

pub(super) fn require(change: &Change<'_>, id: OrganisationId) -> Result<(), CatalogError> {
    change
        .find("SELECT 1 FROM organisation WHERE id = ?1", [id.to_string()], |_| Ok(()))?
        .ok_or_else(|| CatalogError::missing("organisation", &id))
}

pub(super) fn check_name(name: &str) -> Result<(), CatalogError> {
    let length = name.chars().count();
    if length == 0 || length > NAME_CHARACTERS || name.trim() != name || name.chars().any(char::is_control) {
        let why = format!("1 to {NAME_CHARACTERS} characters, no control characters, no space at either end");
        return Err(CatalogError::invalid("name", why));
    }
    Ok(())
}
