//! `usage.db` as an operator reads it, with plain SQL, beside the host.

use anyhow::Context as _;
use rusqlite::{Connection, OpenFlags};

/// The operators' database, open for reading.
#[derive(Debug)]
pub struct Books(Connection);

impl Books {
    pub(crate) fn open(path: &std::path::Path) -> anyhow::Result<Self> {
        let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        file.map(Self).with_context(|| format!("could not open {}", path.display()))
    }

    /// One number.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn number(&self, sql: &str, parameters: impl rusqlite::Params) -> anyhow::Result<i64> {
        self.0.prepare_cached(sql)?.query_row(parameters, |row| row.get(0)).with_context(|| sql.to_owned())
    }

    /// Rows of two texts.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn pairs(&self, sql: &str) -> anyhow::Result<Vec<(String, String)>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<rusqlite::Result<_>>().with_context(|| sql.to_owned())
    }

    /// How many call rows `call` has that stand under a link of the chain.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn linked(&self, call: &str) -> anyhow::Result<i64> {
        let sql = "SELECT count(*) FROM call WHERE call_id = ?1 AND EXISTS (SELECT 1 FROM audit WHERE seq = link)";
        self.number(sql, [call])
    }

    /// What was counted of `requests` in all periods of a subscription.
    ///
    /// # Errors
    ///
    /// SQLite's.
    pub fn used(&self, subscription: &str) -> anyhow::Result<i64> {
        let sql = "SELECT coalesce(sum(used), 0) FROM counter
                   JOIN subscription ON subscription.id = counter.subscription
                   JOIN object ON object.id = counter.object
                   WHERE subscription.public_id = ?1 AND object.name = 'requests'";
        self.number(sql, [subscription])
    }
}
