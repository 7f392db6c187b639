//! A schedule is written, within a transaction of whoever calls.

use rusqlite::Connection;

use crate::schedule::{Schedule, ScheduleError};
use crate::sql;

/// Schedules of one organisation.
pub(crate) const MOST: u64 = 1_000;

/// Why a transaction was given up.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The organisation has as many as it may.
    #[error("too many")]
    TooMany,
    /// It is not what the caller last saw.
    #[error("changed")]
    Changed,
    /// The file has failed.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

impl From<store::WriteError<Refused>> for ScheduleError {
    fn from(error: store::WriteError<Refused>) -> Self {
        match error {
            store::WriteError::Refused(Refused::TooMany) => Self::TooMany,
            store::WriteError::Refused(Refused::Changed) => Self::Changed,
            error => Self::Unwritten(Box::new(error)),
        }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// What stood there.
    pub before: Option<Schedule>,
    /// What stands there now.
    pub now: Schedule,
}

impl Written {
    /// Whether anything is other than it was: a schedule that says the same stays as it is.
    pub fn is_change(&self) -> bool {
        self.before.as_ref() != Some(&self.now)
    }
}

/// Writes a schedule, new or in place of that of its name; in the latter case only if its revision is among `seen`, where
/// that is given.
///
/// # Errors
///
/// See [`Refused`]. The transaction is to be given up.
pub fn put(
    db: &Connection,
    (organisation, account): (&str, &str),
    schedule: &Schedule,
    seen: Option<&[u64]>,
) -> Result<Written, Refused> {
    let known = sql::find(db, organisation, &schedule.name)?;
    let is_seen = |seen: &[u64]| known.as_ref().is_some_and(|known| seen.contains(&known.revision));
    if seen.is_some_and(|seen| !is_seen(seen)) {
        return Err(Refused::Changed);
    }
    match known {
        Some(known) if known.says_the_same(schedule) => {
            return Ok(Written { before: Some(known.clone()), now: known });
        }
        None if sql::count(db, organisation)? >= MOST => return Err(Refused::TooMany),
        _ => sql::put(db, (organisation, account), schedule)?,
    }
    let now = sql::find(db, organisation, &schedule.name)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    Ok(Written { before: known, now })
}
