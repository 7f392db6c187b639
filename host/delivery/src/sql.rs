//! All SQL of `delivery.db`. Operations, not rows.

pub(crate) mod approvals;
pub(crate) mod dispatches;
pub(crate) mod due;
pub(crate) mod endpoints;
pub(crate) mod messages;
pub(crate) mod outbox;

use types::Timestamp;

/// The schema, version by version.
pub(crate) const MIGRATIONS: &[&str] =
    &[include_str!("sql/schema.sql"), include_str!("sql/approvals.sql"), include_str!("sql/apps.sql")];

/// A column that holds an id as text. One that does not read back is a fault of the file.
pub(crate) fn id<T>(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: std::str::FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    parse(column, &row.get::<_, String>(column)?)
}

/// [`id`], where there may be none.
pub(crate) fn id_or_none<T>(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<T>>
where
    T: std::str::FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    row.get::<_, Option<String>>(column)?.map(|text| parse(column, &text)).transpose()
}

fn parse<T>(column: usize, text: &str) -> rusqlite::Result<T>
where
    T: std::str::FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text.parse().map_err(|error: T::Err| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}

/// A column that holds a moment.
pub(crate) fn at(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_micros)
}

/// [`at`], where there may be none.
pub(crate) fn at_or_none(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_micros))
}
