//! What a route's function may return.

use serde::Serialize;

use super::{Failure, Json, Response};

/// Something that becomes a response.
pub trait Answer {
    /// The response, or why there is none.
    ///
    /// # Errors
    ///
    /// The failure that the function returned; [`Failure::Permanent`] for a value without a JSON form.
    fn answer(self) -> Result<Response, Failure>;
}

impl Answer for Response {
    fn answer(self) -> Result<Response, Failure> {
        Ok(self)
    }
}

impl<T: Serialize> Answer for Json<T> {
    fn answer(self) -> Result<Response, Failure> {
        Response::json(200, &self.0)
    }
}

/// JSON with a status of its own, such as 201.
impl<T: Serialize> Answer for (u16, Json<T>) {
    fn answer(self) -> Result<Response, Failure> {
        Response::json(self.0, &self.1.0)
    }
}

/// Plain text.
impl Answer for String {
    fn answer(self) -> Result<Response, Failure> {
        Ok(Response::text(200, self))
    }
}

/// Plain text.
impl Answer for &str {
    fn answer(self) -> Result<Response, Failure> {
        Ok(Response::text(200, self))
    }
}

/// 204, with nothing in it.
impl Answer for () {
    fn answer(self) -> Result<Response, Failure> {
        Ok(Response { status: 204, headers: Vec::new(), body: Vec::new() })
    }
}

impl<T: Answer, E: Into<Failure>> Answer for Result<T, E> {
    fn answer(self) -> Result<Response, Failure> {
        self.map_err(Into::into)?.answer()
    }
}
