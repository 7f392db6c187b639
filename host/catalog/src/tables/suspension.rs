//! Suspending and resuming, alike for everything that can be.

use rusqlite::{Connection, params};
use serde_json::{Value, json};
use types::{AppId, PlanId};

use super::change::{Change, Turn};
use super::column;
use crate::{Authority, CatalogError, Subject, Suspension};

const REASON_CHARACTERS: usize = 500;

/// Lets `subject` stand still, or gives it another reason.
pub(crate) fn suspend(change: &Change<'_>, subject: Subject, wanted: &Suspension) -> Result<(), CatalogError> {
    check_reason(&wanted.reason)?;
    let before = standing(change, subject, wanted.by)?;
    if before.as_ref() == Some(wanted) {
        return Ok(());
    }
    put(change, subject, Some(wanted))?;
    let turn = Turn::from(document(before.as_ref()), document(Some(wanted)));
    change.record(&act(subject, "suspend"), &subject, turn)?;
    Ok(())
}

/// Lets `subject` go on.
pub(crate) fn resume(change: &Change<'_>, subject: Subject, by: Authority) -> Result<(), CatalogError> {
    let before = standing(change, subject, by)?;
    if before.is_none() {
        return Ok(());
    }
    put(change, subject, None)?;
    change.record(&act(subject, "resume"), &subject, Turn::from(document(before.as_ref()), document(None)))?;
    Ok(())
}

/// Why it stands still now; refused when that is not for `by` to change.
fn standing(change: &Change<'_>, subject: Subject, by: Authority) -> Result<Option<Suspension>, CatalogError> {
    let sql = format!("SELECT suspended, suspended_by FROM {} WHERE id = ?1", table(subject));
    let before = change
        .find(&sql, [subject.to_string()], |row| column::suspension(row, 0))?
        .ok_or_else(|| CatalogError::missing(subject.what(), &subject))?;
    let held = |before: &Suspension| before.by == Authority::Operator && by == Authority::Owner;
    if before.as_ref().is_some_and(held) {
        return Err(CatalogError::HeldByOperator { what: subject.what() });
    }
    Ok(before)
}

fn put(change: &Change<'_>, subject: Subject, wanted: Option<&Suspension>) -> Result<(), CatalogError> {
    let sql = format!("UPDATE {} SET suspended = ?2, suspended_by = ?3 WHERE id = ?1", table(subject));
    let (reason, by) = (wanted.map(|one| one.reason.as_str()), wanted.map(|one| one.by.as_str()));
    change.write(&sql, params![subject.to_string(), reason, by])
}

/// The apps that stand still.
pub(super) fn apps(conn: &Connection) -> rusqlite::Result<Vec<(AppId, Option<Suspension>)>> {
    let sql = "SELECT id, suspended, suspended_by FROM app WHERE suspended IS NOT NULL";
    conn.prepare_cached(sql)?.query_map([], |row| Ok((column::parsed(row, 0)?, column::suspension(row, 1)?)))?.collect()
}

/// The plans that stand still.
pub(super) fn plans(conn: &Connection) -> rusqlite::Result<Vec<(PlanId, Option<Suspension>)>> {
    let sql = "SELECT id, suspended, suspended_by FROM plan WHERE suspended IS NOT NULL";
    conn.prepare_cached(sql)?.query_map([], |row| Ok((column::parsed(row, 0)?, column::suspension(row, 1)?)))?.collect()
}

/// Why one thing stands still.
pub(super) fn of(conn: &Connection, subject: Subject) -> rusqlite::Result<Option<Suspension>> {
    let sql = format!("SELECT suspended, suspended_by FROM {} WHERE id = ?1", table(subject));
    conn.prepare_cached(&sql)?.query_row([subject.to_string()], |row| column::suspension(row, 0))
}

/// A reason is shown to callers, sellers and operators, and ends in the audit record.
pub(super) fn check_reason(reason: &str) -> Result<(), CatalogError> {
    let length = reason.chars().count();
    if (1..=REASON_CHARACTERS).contains(&length) && !reason.trim().is_empty() && !reason.chars().any(char::is_control) {
        return Ok(());
    }
    Err(CatalogError::invalid("reason", format!("1 to {REASON_CHARACTERS} characters, no control characters")))
}

const fn table(subject: Subject) -> &'static str {
    match subject {
        Subject::Api(_) => "api",
        Subject::Release(_) => "release",
        Subject::Plan(_) => "plan",
        Subject::App(_) => "app",
        Subject::Key(_) => "api_key",
        Subject::Subscription(_) => "subscription",
    }
}

fn act(subject: Subject, verb: &str) -> String {
    format!("{}.{verb}", subject.what().to_ascii_lowercase())
}

fn document(suspension: Option<&Suspension>) -> Value {
    json!({ "suspended": suspension.map(|one| &one.reason), "by": suspension.map(|one| one.by.as_str()) })
}
