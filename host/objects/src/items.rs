//! Items of a distributed Map: read from the state's data or from an object, piece by piece, from where the last piece
//! ended.

mod batches;
mod csv;
mod json;

pub use batches::{Batched, Batches, Child, Seen, TooLarge};

use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom};

use serde_json::{Value, json};

use crate::error::ObjectError;
use crate::name::Name;
use crate::owned::Owned;

/// Bytes of one item as it is written, which is what a document may have.
const ITEM_MAX: usize = 262_144;
/// Bytes of the items of one piece.
const PIECE_MAX: usize = 1 << 20;

/// One item.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The item.
    pub value: Value,
    /// Where the items are the members of an object.
    pub key: Option<String>,
    /// Where the next one is to be looked for.
    pub next: Position,
}

/// Where reading stands. The default is the beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Position {
    /// Bytes, or items of the state's data.
    at: u64,
    /// Records of a CSV file.
    record: u64,
    /// The last key of a listing.
    after: String,
    inside: Inside,
}

/// What list of a JSON text it is inside of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
enum Inside {
    #[default]
    Nothing,
    /// `bool` would say less: whether an item has been read.
    NewArray,
    Array,
    NewObject,
    Object,
}

/// Some items, in their order.
#[derive(Debug, Default, PartialEq)]
pub struct Piece {
    /// The items.
    pub items: Vec<Item>,
    /// There are no more after them.
    pub is_end: bool,
}

/// What is read, and how.
#[derive(Debug, Clone)]
pub struct Source<'r> {
    request: &'r Value,
}

/// Why there are no items: `States.ItemReaderFailed`.
#[derive(Debug, thiserror::Error)]
pub enum ItemError {
    /// There is no such object, or it cannot be opened or listed.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The disk has failed.
    #[error("could not read the object")]
    Read(#[from] io::Error),
    /// A text is no JSON.
    #[error("an item is no JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is of another form than it is said to be.
    #[error("the object is not as its InputType says: {0}")]
    Malformed(String),
    /// An item is larger than a document may be.
    #[error("an item is larger than {ITEM_MAX} bytes")]
    TooLarge,
    /// It is of a form that is not read here.
    #[error("{0} is not read here; convert the object to JSON, JSONL or CSV")]
    Unsupported(String),
}

impl<'r> Source<'r> {
    /// Of what a Map asks for.
    pub const fn of(request: &'r Value) -> Self {
        Self { request }
    }

    /// `MaxItems`.
    pub fn most(&self) -> u64 {
        self.text_at("/ItemReader/ReaderConfig/MaxItems").and_then(Value::as_u64).unwrap_or(u64::MAX)
    }

    /// What `$$.Map.Item.Source` says.
    pub fn name(&self) -> String {
        match (self.bucket(), self.argument("Key"), self.is_listing()) {
            _ if self.request.get("ItemReader").is_none() => "STATE_DATA".to_owned(),
            (bucket, Some(key), false) => format!("S3://{bucket}/{key}"),
            (bucket, _, _) => format!("S3://{bucket}/{}", self.argument("Prefix").unwrap_or_default()),
        }
    }

    fn text_at(&self, pointer: &str) -> Option<&'r Value> {
        self.request.pointer(pointer)
    }

    fn argument(&self, name: &str) -> Option<&'r str> {
        self.text_at("/ItemReader/Arguments").and_then(|given| given.get(name)).and_then(Value::as_str)
    }

    fn bucket(&self) -> &'r str {
        self.argument("Bucket").unwrap_or_default()
    }

    fn config(&self, name: &str) -> Option<&'r str> {
        self.text_at("/ItemReader/ReaderConfig").and_then(|config| config.get(name)).and_then(Value::as_str)
    }

    fn is_listing(&self) -> bool {
        let resource = self.text_at("/ItemReader/Resource").and_then(Value::as_str);
        resource.is_some_and(|resource| resource.ends_with(":listObjectsV2"))
    }

    /// At most `most` items from a position on. Blocks.
    ///
    /// # Errors
    ///
    /// See [`ItemError`].
    pub fn read(&self, objects: &Owned, from: &Position, most: usize) -> Result<Piece, ItemError> {
        if self.request.get("ItemReader").is_none() {
            return Ok(of_data(self.request.get("Items"), from, most));
        }
        if self.is_listing() {
            return self.list(objects, from, most);
        }
        let name = Name::new(self.bucket(), self.argument("Key").unwrap_or_default())?;
        let mut file = objects.open(&name)?.file;
        match self.config("InputType").unwrap_or("JSON") {
            "CSV" => csv::read(self, file, from, most),
            kind @ ("JSON" | "JSONL") => {
                file.seek(SeekFrom::Start(from.at))?;
                let file = BufReader::new(file);
                if kind == "JSON" { json::read(self, file, from, most) } else { lines(file, from, most) }
            }
            other => Err(ItemError::Unsupported(format!("the InputType {other}"))),
        }
    }

    fn list(&self, objects: &Owned, from: &Position, most: usize) -> Result<Piece, ItemError> {
        if self.config("Transformation") == Some("LOAD_AND_FLATTEN") {
            return Err(ItemError::Unsupported("the Transformation LOAD_AND_FLATTEN".to_owned()));
        }
        let start = self.argument("StartAfter").unwrap_or_default();
        let after = if from.after.is_empty() { start } else { &from.after };
        let prefix = self.argument("Prefix").unwrap_or_default();
        let listed = objects.list(self.bucket(), (prefix, after), most.saturating_add(1))?;
        let is_end = listed.len() <= most;
        let items = listed.into_iter().take(most).map(|one| {
            let value = json!({
                "Etag": one.etag(), "Key": one.key, "LastModified": one.changed.as_micros().div_euclid(1_000_000),
                "Size": one.bytes, "StorageClass": "STANDARD",
            });
            Item { value, key: None, next: Position { after: one.key, ..Position::default() } }
        });
        Ok(Piece { items: items.collect(), is_end })
    }
}

/// What collects the items of one piece.
struct Collected {
    piece: Piece,
    most: usize,
    bytes: usize,
}

impl Collected {
    fn new(most: usize) -> Self {
        Self { piece: Piece::default(), most, bytes: 0 }
    }

    fn is_full(&self) -> bool {
        self.piece.items.len() >= self.most || self.bytes >= PIECE_MAX
    }

    fn add(&mut self, item: Item, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.piece.items.push(item);
    }

    fn end(mut self) -> Piece {
        self.piece.is_end = true;
        self.piece
    }
}

/// A member of an object as an item.
fn pair(key: &str, value: Value) -> Value {
    let members = [("Key".to_owned(), Value::from(key)), ("Value".to_owned(), value)];
    Value::Object(members.into_iter().collect())
}

fn of_data(items: Option<&Value>, from: &Position, most: usize) -> Piece {
    let skip = usize::try_from(from.at).unwrap_or(usize::MAX);
    let next = |at: usize| Position { at: u64::try_from(at + 1).unwrap_or(u64::MAX), ..Position::default() };
    let items: Vec<Item> = match items {
        Some(Value::Array(items)) => {
            let items = items.iter().enumerate().skip(skip).take(most);
            items.map(|(at, item)| Item { value: item.clone(), key: None, next: next(at) }).collect()
        }
        Some(Value::Object(members)) => {
            let members = members.iter().enumerate().skip(skip).take(most);
            let item = |(at, (key, value)): (usize, (&String, &Value))| Item {
                value: pair(key, value.clone()),
                key: Some(key.clone()),
                next: next(at),
            };
            members.map(item).collect()
        }
        _ => Vec::new(),
    };
    let is_end = items.len() < most;
    Piece { items, is_end }
}

/// One JSON text in each line.
fn lines(mut file: impl BufRead, from: &Position, most: usize) -> Result<Piece, ItemError> {
    let (mut collected, mut at) = (Collected::new(most), from.at);
    let longest = u64::try_from(ITEM_MAX).unwrap_or(u64::MAX) + 2;
    while !collected.is_full() {
        let mut line = Vec::new();
        let read = file.by_ref().take(longest).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(collected.end());
        }
        if line.len() > ITEM_MAX + 1 {
            return Err(ItemError::TooLarge);
        }
        at = at.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        let text = line.trim_ascii();
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        if !text.is_empty() {
            let value = serde_json::from_slice(text)?;
            collected.add(Item { value, key: None, next: Position { at, ..Position::default() } }, read);
        }
    }
    Ok(collected.piece)
}

#[cfg(test)]
mod tests;
