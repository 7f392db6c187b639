//! Dates, times and whole numbers by the pictures of XPath's `format-dateTime` and `format-integer`.

mod calendar;
mod fields;
mod integer;
mod iso;
mod picture;
mod read;
mod words;
mod write;

pub(crate) use integer::Integer;
pub(crate) use iso::parse_iso;
pub(crate) use read::{Reader, Readers};
pub(crate) use write::format;
