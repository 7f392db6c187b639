//! Rows of a CSV file: objects of texts, by its header.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use csv::{Reader, ReaderBuilder, StringRecord};
use serde_json::{Map, Value};

use super::{Collected, ITEM_MAX, Item, ItemError, Piece, Position, Source};

/// Bytes of all headers together (the limit of Step Functions).
const HEADERS_MAX: usize = 10_240;
/// What is read for one row at most, beyond what was read before.
const ROW_MAX: usize = 2 * ITEM_MAX;

/// A file of which only so much can be read: a quote that is never closed would else be read into memory as a whole.
struct Limited {
    file: File,
    left: usize,
}

impl Read for Limited {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::other("a row is too long"));
        }
        let most = into.len().min(self.left);
        let read = self.file.read(into.get_mut(..most).unwrap_or_default())?;
        self.left -= read;
        Ok(read)
    }
}

impl Seek for Limited {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

pub(super) fn read(source: &Source<'_>, file: File, from: &Position, most: usize) -> Result<Piece, ItemError> {
    let delimiter = match source.config("CSVDelimiter") {
        Some("PIPE") => b'|',
        Some("SEMICOLON") => b';',
        Some("SPACE") => b' ',
        Some("TAB") => b'\t',
        _ => b',',
    };
    let limited = Limited { file, left: ROW_MAX };
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(limited);
    let mut row = StringRecord::new();
    let headers = match source.text_at("/ItemReader/ReaderConfig/CSVHeaders") {
        Some(Value::Array(headers)) => headers.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => {
            next(&mut reader, &mut row)?;
            row.iter().map(|header| header.trim_start_matches('\u{feff}').to_owned()).collect::<Vec<_>>()
        }
    };
    if headers.iter().map(String::len).sum::<usize>() > HEADERS_MAX {
        return Err(ItemError::Malformed(format!("its headers have more than {HEADERS_MAX} bytes")));
    }
    if from.record > 0 {
        let mut position = csv::Position::new();
        position.set_byte(from.at).set_record(from.record);
        reader.seek(position).map_err(broken)?;
    }
    let mut collected = Collected::new(most);
    while !collected.is_full() {
        if !next(&mut reader, &mut row)? {
            return Ok(collected.end());
        }
        let bytes = row.as_slice().len();
        if bytes > ITEM_MAX {
            return Err(ItemError::TooLarge);
        }
        // A short row has empty texts, and what is beyond the headers is left out.
        let member = |(at, header): (usize, &String)| (header.clone(), Value::from(row.get(at).unwrap_or_default()));
        let value = Value::Object(headers.iter().enumerate().map(member).collect::<Map<_, _>>());
        let here = reader.position();
        let next = Position { at: here.byte(), record: here.record().max(1), ..Position::default() };
        collected.add(Item { value, key: None, next }, bytes);
    }
    Ok(collected.piece)
}

fn next(reader: &mut Reader<Limited>, row: &mut StringRecord) -> Result<bool, ItemError> {
    reader.get_mut().left = ROW_MAX;
    reader.read_record(row).map_err(broken)
}

fn broken(error: csv::Error) -> ItemError {
    let text = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(error) if error.kind() != io::ErrorKind::Other => ItemError::Read(error),
        _ => ItemError::Malformed(text),
    }
}
