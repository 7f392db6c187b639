//! The routes about objects.

use types::Code;

use super::operation::Access::{Manage, Read};
use super::operation::Operation;
use crate::{ObjectQuery, ObjectUse, ObjectsQuery, Page, StoredObject};

/// Objects: put, read, listed, deleted. A key may have `/` in it, as it is or as `%2F`.
pub(super) fn operations() -> Vec<Operation> {
    let one = "/v1/objects/{bucket}/{*key}";
    vec![
        Operation::new("GET", "/v1/objects", Read, "What an organisation keeps of objects, and how much it may")
            .query::<ObjectQuery>()
            .answers::<ObjectUse>()
            .refuses(&[Code::NotFound, Code::Unprocessable]),
        Operation::new("GET", "/v1/objects/{bucket}", Read, "Lists the objects of a bucket in the order of their keys")
            .query::<ObjectsQuery>()
            .answers::<Page<StoredObject>>()
            .refuses(&[Code::NotFound, Code::Conflict, Code::Unprocessable]),
        Operation::new("GET", one, Read, "Reads an object")
            .query::<ObjectQuery>()
            .answers_bytes()
            .refuses(&[Code::Unprocessable]),
        Operation::new("PUT", one, Manage, "Puts an object in its place, whole or not at all")
            .query::<ObjectQuery>()
            .takes_bytes("application/octet-stream")
            .makes_or_finds::<StoredObject>()
            .refuses(&[Code::Unprocessable]),
        Operation::new("DELETE", one, Manage, "Deletes an object, and answers with what it was")
            .query::<ObjectQuery>()
            .answers::<StoredObject>()
            .refuses(&[Code::Conflict, Code::Unprocessable]),
    ]
}
