//! APIs, their host names, their suspension.

use std::collections::BTreeSet;

use rusqlite::params;
use serde_json::{Value, json};
use types::{ApiId, Fact, OrganisationId};

use super::change::{Change, Turn};
use super::{column, organisation};
use crate::CatalogError;

/// An API as its provider describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApi {
    /// Who sells it.
    pub organisation: OrganisationId,
    /// Its name in paths: a lower-case letter, then at most 62 lower-case letters, digits and `-`; no `-` at the end.
    pub slug: String,
    /// Its name for people, at most 200 characters.
    pub title: String,
    /// Host names that lead to it, at most 16.
    pub hosts: Vec<String>,
}

const TITLE_CHARACTERS: usize = 200;
const HOSTS: usize = 16;
const SLUG_BYTES: usize = 63;
const HOST_BYTES: usize = 253;

struct Stored {
    id: ApiId,
    organisation: OrganisationId,
    title: String,
}

/// Makes an API, or brings the organisation's API with this slug up to date.
pub(crate) fn create(change: &Change<'_>, new: &NewApi) -> Result<ApiId, CatalogError> {
    let hosts = check(new)?;
    organisation::require(change, new.organisation)?;
    let sql = "SELECT id, organisation, title FROM api WHERE slug = ?1";
    let stored = change.find(sql, [&new.slug], |row| {
        Ok(Stored { id: column::parsed(row, 0)?, organisation: column::parsed(row, 1)?, title: row.get(2)? })
    })?;
    match stored {
        None => insert(change, new, &hosts),
        Some(stored) if stored.organisation == new.organisation => update(change, new, &hosts, &stored),
        Some(_) => Err(CatalogError::Exists { what: "API", name: new.slug.clone() }),
    }
}

fn insert(change: &Change<'_>, new: &NewApi, hosts: &BTreeSet<String>) -> Result<ApiId, CatalogError> {
    let id = ApiId::generate(change.now);
    change.write(
        "INSERT INTO api (id, organisation, slug, title, created_us) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![id.to_string(), new.organisation.to_string(), new.slug, new.title, change.now.as_micros()],
    )?;
    take_hosts(change, id, hosts)?;
    change.tell(&Fact::Api { id, organisation: new.organisation, slug: new.slug.clone() })?;
    change.record("api.create", &id, Turn::new(document(new, hosts)))?;
    Ok(id)
}

fn update(change: &Change<'_>, new: &NewApi, hosts: &BTreeSet<String>, stored: &Stored) -> Result<ApiId, CatalogError> {
    let old_hosts: BTreeSet<String> = change
        .conn
        .prepare_cached("SELECT host FROM api_host WHERE api = ?1")?
        .query_map([stored.id.to_string()], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    if stored.title == new.title && old_hosts == *hosts {
        return Ok(stored.id);
    }
    change.write("UPDATE api SET title = ?2 WHERE id = ?1", params![stored.id.to_string(), new.title])?;
    change.conn.prepare_cached("DELETE FROM api_host WHERE api = ?1")?.execute([stored.id.to_string()])?;
    take_hosts(change, stored.id, hosts)?;
    let before = document(&NewApi { title: stored.title.clone(), ..new.clone() }, &old_hosts);
    change.record("api.update", &stored.id, Turn::from(before, document(new, hosts)))?;
    Ok(stored.id)
}

fn take_hosts(change: &Change<'_>, api: ApiId, hosts: &BTreeSet<String>) -> Result<(), CatalogError> {
    for host in hosts {
        if change.find("SELECT 1 FROM api_host WHERE host = ?1", [host], |_| Ok(()))?.is_some() {
            return Err(CatalogError::Exists { what: "host name", name: host.clone() });
        }
        change.write("INSERT INTO api_host (host, api) VALUES (?1, ?2)", params![host, api.to_string()])?;
    }
    Ok(())
}

pub(super) fn require(change: &Change<'_>, api: ApiId) -> Result<(), CatalogError> {
    change
        .find("SELECT 1 FROM api WHERE id = ?1", [api.to_string()], |_| Ok(()))?
        .ok_or_else(|| CatalogError::missing("API", &api))
}

/// Who sells it.
pub(super) fn organisation(change: &Change<'_>, api: ApiId) -> Result<OrganisationId, CatalogError> {
    change
        .find("SELECT organisation FROM api WHERE id = ?1", [api.to_string()], |row| column::parsed(row, 0))?
        .ok_or_else(|| CatalogError::missing("API", &api))
}

fn check(new: &NewApi) -> Result<BTreeSet<String>, CatalogError> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let slug = &new.slug;
    let begins = slug.as_bytes().first().is_some_and(u8::is_ascii_lowercase);
    if !begins || slug.len() > SLUG_BYTES || !slug.bytes().all(allowed) || slug.ends_with('-') {
        let why = "a lower-case letter, then at most 62 lower-case letters, digits and `-`, and no `-` at the end";
        return Err(CatalogError::invalid("slug", why));
    }
    let title = new.title.chars().count();
    if title == 0 || title > TITLE_CHARACTERS || new.title.chars().any(char::is_control) {
        return Err(CatalogError::invalid("title", format!("1 to {TITLE_CHARACTERS} characters")));
    }
    if new.hosts.len() > HOSTS {
        return Err(CatalogError::invalid("hosts", format!("at most {HOSTS}")));
    }
    new.hosts.iter().map(|host| check_host(host)).collect()
}

fn check_host(host: &str) -> Result<String, CatalogError> {
    let host = host.to_ascii_lowercase();
    let label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.len() > HOST_BYTES || !host.split('.').all(label) {
        return Err(CatalogError::invalid("hosts", format!("{host:?} is not a host name without a port")));
    }
    Ok(host)
}

fn document(api: &NewApi, hosts: &BTreeSet<String>) -> Value {
    json!({ "organisation": api.organisation, "slug": api.slug, "title": api.title, "hosts": hosts })
}
