//! Reading requests: path, query and body, each refused with a problem document.

use std::time::Duration;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use bytes::Bytes;
use catalog::{Provisos, Repeat};
use http::request::Parts;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};
use types::{Code, Digest};

use crate::house::Desk;
use crate::provisos;
use crate::refusal::Refusal;

/// The largest JSON document that is read: 500 routes with long names are far below it.
const DOCUMENT_MAX: usize = 1024 * 1024;
/// How long a client may take to send a document.
const DOCUMENT_WITHIN: Duration = Duration::from_secs(10);

/// A JSON body, read into `T`, which refuses unknown members. It must be there: a replacement by nothing is a mistake.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Desk> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &Desk) -> Result<Self, Refusal> {
        let body = receive(request).await?;
        if body.is_empty() {
            return Err(Refusal::because(Code::RequestInvalid, "the body is missing: this route takes a JSON object"));
        }
        read_json(&body).map(Self)
    }
}

/// The same that may be left out: then it is one without members.
pub(crate) struct Optional<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Desk> for Optional<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &Desk) -> Result<Self, Refusal> {
        read_json(&receive(request).await?).map(Self)
    }
}

/// A JSON body of a request that makes a thing without a name of its own, and what its `Idempotency-Key` asks for.
pub(crate) struct Fresh<T>(pub(crate) T, pub(crate) Provisos);

impl<T: DeserializeOwned> FromRequest<Desk> for Fresh<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &Desk) -> Result<Self, Refusal> {
        let key = provisos::idempotency_key(request.headers())?;
        let head = format!("{} {}\n", request.method(), request.uri());
        let body = receive(request).await?;
        let repeat = key.map(|key| Repeat { key, fingerprint: Digest::of(&[head.as_bytes(), &body].concat()) });
        Ok(Self(read_json(&body)?, Provisos { repeat, condition: None }))
    }
}

async fn receive(request: Request) -> Result<Bytes, Refusal> {
    require_json(request.headers())?;
    let body = Limited::new(request.into_body(), DOCUMENT_MAX).collect();
    match tokio::time::timeout(DOCUMENT_WITHIN, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Refusal::because(Code::PayloadTooLarge, "a document has at most 1 MiB"))
        }
        Ok(Err(_)) => Err(Refusal::because(Code::RequestInvalid, "the body broke off")),
        Err(_) => Err(Refusal::because(Code::RequestTimeout, "the body did not come within 10 s")),
    }
}

/// Nothing is read as an object without members.
fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let document = if bytes.is_empty() { b"{}".as_slice() } else { bytes };
    // A list would be read as the members in their order.
    if !document.trim_ascii_start().starts_with(b"{") {
        return Err(Refusal::because(Code::RequestInvalid, "the body is not what this route takes: a JSON object"));
    }
    serde_json::from_slice(document).or_else(|error| {
        let plain = serde_json::from_slice(document).ok().and_then(|value| serde_json::from_value(whole(value)).ok());
        plain.ok_or_else(|| {
            Refusal::because(Code::RequestInvalid, format!("the body is not what this route takes: {error}"))
        })
    })
}

/// The document with every whole number written as one: to JSON Schema `5.0` is an integer.
fn whole(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(as_whole(&number).unwrap_or(number)),
        Value::Array(items) => items.into_iter().map(whole).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, whole(value))).collect(),
        other => other,
    }
}

fn as_whole(number: &Number) -> Option<Number> {
    let value = number.as_f64().filter(|value| number.is_f64() && value.fract() == 0.0)?;
    // Exactly, as far as integers go.
    let digits = format!("{value:.0}");
    digits.parse::<u64>().map(Number::from).or_else(|_| digits.parse::<i64>().map(Number::from)).ok()
}

fn require_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Refusal::because(Code::UnsupportedMediaType, "this route takes application/json"))
}

/// The parts of the path.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Desk> for Path<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Refusal> {
        let read = axum::extract::Path::<T>::from_request_parts(parts, desk).await;
        read.map(|path| Self(path.0)).map_err(|error: PathRejection| {
            Refusal::because(Code::RequestInvalid, format!("the path is not valid: {}", error.body_text()))
        })
    }
}

/// The query, read into `T`, which refuses unknown parameters.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Desk> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Self, Refusal> {
        let read = axum::extract::Query::<T>::from_request_parts(parts, desk).await;
        read.map(|query| Self(query.0)).map_err(|error: QueryRejection| {
            Refusal::because(Code::RequestInvalid, format!("the query is not valid: {}", error.body_text()))
        })
    }
}
