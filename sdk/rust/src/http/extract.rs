//! What a route's function may take.

use serde::de::DeserializeOwned;

use super::{Failure, Request, fields};
use crate::Context;

/// Something that is read from a request.
pub trait Extract<'r>: Sized {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// [`Failure::invalid`] when the request does not fit; the function is not called then.
    fn extract(context: &'r Context, request: &'r Request) -> Result<Self, Failure>;
}

impl<'r> Extract<'r> for &'r Context {
    fn extract(context: &'r Context, _request: &'r Request) -> Result<Self, Failure> {
        Ok(context)
    }
}

impl<'r> Extract<'r> for &'r Request {
    fn extract(_context: &'r Context, request: &'r Request) -> Result<Self, Failure> {
        Ok(request)
    }
}

/// What the names of the route's template stand for, as a struct with a field for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path<T>(
    /// What was read.
    pub T,
);

impl<T: DeserializeOwned> Extract<'_> for Path<T> {
    fn extract(_context: &Context, request: &Request) -> Result<Self, Failure> {
        fields::read("/path", request.path_params.iter().cloned()).map(Self)
    }
}

/// The query, as a struct. Numbers, `true` and `false`, the words of an enum and texts are read from their text; a field
/// that is an `Option` or has a default may be absent; a `Vec` takes every value of a repeated name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query<T>(
    /// What was read.
    pub T,
);

impl<T: DeserializeOwned> Extract<'_> for Query<T> {
    fn extract(_context: &Context, request: &Request) -> Result<Self, Failure> {
        fields::read("/query", request.query_pairs()).map(Self)
    }
}

/// The body as JSON, whatever its media type; in answers, a value that becomes JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json<T>(
    /// What was read, or is to be written.
    pub T,
);

impl<T: DeserializeOwned> Extract<'_> for Json<T> {
    fn extract(_context: &Context, request: &Request) -> Result<Self, Failure> {
        request.json().map(Self)
    }
}
