//! Reference paths: those that name one place of a document, so that something can be put there.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::path::{Path, PathError, Place, Root};

/// A path of names and non-negative indexes, from the document.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferencePath {
    path: Path,
    places: Box<[Place]>,
}

/// The document has no place where the path leads.
#[derive(Debug, PartialEq, Eq)]
pub struct Mismatch;

impl ReferencePath {
    /// Reads a path that names one place of the document.
    ///
    /// # Errors
    ///
    /// [`PathError`], with what must be otherwise.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let path = Path::parse(text)?;
        if *path.root() != Root::Document {
            return Err(PathError("only the document can be written to, from '$'".to_owned()));
        }
        let places = path.places();
        let places =
            places.ok_or_else(|| PathError("only names and non-negative indexes may stand here".to_owned()))?;
        Ok(Self { path, places: places.into() })
    }

    /// The path itself.
    pub const fn path(&self) -> &Path {
        &self.path
    }

    /// How many arrays and objects deep it leads.
    pub const fn depth(&self) -> usize {
        self.places.len()
    }

    /// The most that [`Self::put`] writes beside the value: each name as a key, escaped, with its punctuation.
    pub fn bytes(&self) -> usize {
        let names = self.places.iter().map(|place| match place {
            Place::Name(name) => name.len().saturating_mul(6).saturating_add(6),
            Place::Index(_) => 0,
        });
        names.fold(0, usize::saturating_add)
    }

    /// Puts `value` where the path leads, making missing objects on the way. Copies the document only if somebody else
    /// holds it too.
    ///
    /// # Errors
    ///
    /// [`Mismatch`], with the document as it was: the path steps through something that is neither an object nor
    /// missing, or past the end of an array.
    pub fn put(&self, document: &mut Arc<Value>, value: Value) -> Result<(), Mismatch> {
        self.check(document)?;
        put(Arc::make_mut(document), &self.places, value)
    }

    /// Whether [`Self::put`] would find its place.
    ///
    /// # Errors
    ///
    /// As [`Self::put`].
    pub fn check(&self, document: &Value) -> Result<(), Mismatch> {
        let mut at = document;
        for (depth, place) in self.places.iter().enumerate() {
            at = match (place, at) {
                (Place::Name(name), Value::Object(members)) => match members.get(&**name) {
                    Some(inner) => inner,
                    // Below a member that is missing, only objects can be made.
                    None => {
                        let after = self.places.get(depth + 1..).unwrap_or_default();
                        let is_name = |place| matches!(place, &Place::Name(_));
                        return if after.iter().all(is_name) { Ok(()) } else { Err(Mismatch) };
                    }
                },
                (Place::Index(index), Value::Array(items)) => items.get(*index).ok_or(Mismatch)?,
                _ => return Err(Mismatch),
            };
        }
        Ok(())
    }
}

fn put(document: &mut Value, steps: &[Place], value: Value) -> Result<(), Mismatch> {
    let Some((last, way)) = steps.split_last() else {
        *document = value;
        return Ok(());
    };
    let mut at = document;
    for step in way {
        at = match (step, at) {
            (Place::Name(name), Value::Object(members)) => {
                if !members.contains_key(&**name) {
                    members.insert(String::from(&**name), Value::Object(Map::new()));
                }
                members.get_mut(&**name).ok_or(Mismatch)?
            }
            (Place::Index(index), Value::Array(items)) => items.get_mut(*index).ok_or(Mismatch)?,
            _ => return Err(Mismatch),
        };
    }
    match (last, at) {
        (Place::Name(name), Value::Object(members)) => match members.get_mut(&**name) {
            Some(slot) => *slot = value,
            None => drop(members.insert(String::from(&**name), value)),
        },
        (Place::Index(index), Value::Array(items)) => {
            *items.get_mut(*index).ok_or(Mismatch)? = value;
        }
        _ => return Err(Mismatch),
    }
    Ok(())
}
