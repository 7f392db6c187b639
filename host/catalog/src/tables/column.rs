//! Reading our own types out of rows.

use std::error::Error;
use std::str::FromStr;
use std::time::Duration;

use crate::{Authority, Suspension};
use rusqlite::Row;
use rusqlite::types::Type;
use types::{ByteCount, Currency, Digest, Fuel, Money, Timestamp, Units};

fn refuse(column: usize, kind: Type, error: impl Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(error))
}

/// A text that parses into `T`: an id, a name, a word.
pub(super) fn parsed<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    let text = row.get_ref(column)?.as_str().map_err(|error| refuse(column, Type::Text, error))?;
    text.parse().map_err(|error| refuse(column, Type::Text, error))
}

/// The same, or none.
pub(super) fn parsed_or_none<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>>
where
    T: FromStr<Err: Error + Send + Sync + 'static>,
{
    if row.get_ref(column)?.data_type() == Type::Null { Ok(None) } else { parsed(row, column).map(Some) }
}

/// A text that is JSON.
pub(super) fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str().map_err(|error| refuse(column, Type::Text, error))?;
    serde_json::from_str(text).map_err(|error| refuse(column, Type::Text, error))
}

/// A word that serde knows as a unit variant.
pub(super) fn word<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_value(serde_json::Value::String(text)).map_err(|error| refuse(column, Type::Text, error))
}

pub(super) fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Digest> {
    Ok(Digest::from_bytes(row.get(column)?))
}

pub(super) fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Ok(Timestamp::from_micros(row.get(column)?))
}

pub(super) fn units(row: &Row<'_>, column: usize) -> rusqlite::Result<Units> {
    Units::from_sql(row.get(column)?).map_err(|error| refuse(column, Type::Integer, error))
}

pub(super) fn fuel(row: &Row<'_>, column: usize) -> rusqlite::Result<Fuel> {
    Fuel::from_sql(row.get(column)?).map_err(|error| refuse(column, Type::Integer, error))
}

pub(super) fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<ByteCount> {
    ByteCount::from_sql(row.get(column)?).map_err(|error| refuse(column, Type::Integer, error))
}

pub(super) fn span(row: &Row<'_>, column: usize) -> rusqlite::Result<Duration> {
    let micros: i64 = row.get(column)?;
    Ok(Duration::from_micros(micros.unsigned_abs()))
}

/// Why a thing stands still, in two columns: the reason, then whose word it was.
pub(super) fn suspension(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Suspension>> {
    let Some(reason) = row.get(column)? else { return Ok(None) };
    let owner = row.get_ref(column + 1)?.as_str() == Ok(Authority::Owner.as_str());
    Ok(Some(Suspension { reason, by: if owner { Authority::Owner } else { Authority::Operator } }))
}

/// Money in two columns: millionths, then the currency.
pub(super) fn money(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Money>> {
    let Some(micros) = row.get(column)? else { return Ok(None) };
    let currency: Currency = parsed(row, column + 1)?;
    Ok(Some(Money { micros, currency }))
}
