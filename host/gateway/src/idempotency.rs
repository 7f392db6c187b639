//! Requests that must not run twice: the `Idempotency-Key` header, and answers that are sent again.
//!
//! Source: draft-ietf-httpapi-idempotency-key-header-07. The key is a structured-field string, or the same without its
//! quotes. It says something of requests that are not safe; on the others it is any header.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use express::TaskFailed;
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use ledger::{Admitted, Claim};
use traces::StoredResponse;
use types::{CallId, Code, Digest, Outcome};

use crate::call::{Call, RequestBody};
use crate::refusal::Refusal;
use crate::reply;
use crate::steps::invoke::{Answer, Invoked};
use crate::steps::{StepResult, refuse};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The first call, on an answer that is sent again.
const REPLAY_OF: HeaderName = HeaderName::from_static("weir-replay-of");
/// A key may have so many characters at most.
const LENGTH_MAX: usize = 255;
/// A body up to this size is hashed where the call runs; a larger one on a thread that may block.
const HASHED_IN_PLACE: usize = 64 << 10;

/// What a request says of being sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IdempotencyKey {
    /// Nothing.
    None,
    /// Something that is no key.
    Malformed,
    /// That it may come again under this key, and must not run again.
    Given(Arc<str>),
}

impl IdempotencyKey {
    /// Reads it from a request's head.
    pub(crate) fn of(method: &Method, headers: &HeaderMap) -> Self {
        if method.is_safe() {
            return Self::None;
        }
        let mut given = headers.get_all(KEY).iter();
        match (given.next(), given.next()) {
            (None, _) => Self::None,
            (Some(value), None) => parse(value).map_or(Self::Malformed, |key| Self::Given(key.into())),
            (Some(_), Some(_)) => Self::Malformed,
        }
    }

    /// # Errors
    ///
    /// 400 for something that is no key.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        if *self != Self::Malformed {
            return Ok(());
        }
        let text = "Idempotency-Key must be one string of 1 to 255 printable ASCII characters, such as \
                    \"8e03978e-40d5-43e8-bc93-6894a57f9324\".";
        Err(Refusal::new(Code::RequestInvalid).detail(text))
    }

    pub(crate) fn is_given(&self) -> bool {
        matches!(self, Self::Given(_))
    }
}

/// The key in a header's value: a structured-field string, of which parameters say nothing here, or bare.
fn parse(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?.trim();
    let key = match text.strip_prefix('"') {
        None => text.to_owned(),
        Some(quoted) => {
            let mut key = String::with_capacity(quoted.len());
            let mut characters = quoted.chars();
            loop {
                match characters.next()? {
                    '"' => break,
                    '\\' => key.push(characters.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
                    other => key.push(other),
                }
            }
            let rest = characters.as_str();
            if !rest.is_empty() && !rest.starts_with(';') {
                return None;
            }
            key
        }
    };
    let printable = key.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    (printable && (1..=LENGTH_MAX).contains(&key.len())).then_some(key)
}

/// What `call` asks for, if it must not run twice.
pub(crate) async fn claim(call: &Call) -> Option<Claim> {
    let IdempotencyKey::Given(key) = &call.asked.idempotency else { return None };
    let body = match call.body.take()? {
        RequestBody::Whole(body) => {
            call.body.put(RequestBody::Whole(body.clone()));
            body
        }
        // Not read: Invoke refuses it, and nothing runs.
        other => {
            call.body.put(other);
            return None;
        }
    };
    let request = fingerprint(&call.asked.method, &call.asked.uri, body).await;
    Some(Claim { route: call.route().route.id, key: Arc::clone(key), request, call: call.asked.call })
}

/// The digest of method, path, query and body, as they were sent.
async fn fingerprint(method: &Method, uri: &http::Uri, body: Bytes) -> Digest {
    let (method, path, query) = (method.clone(), uri.path().to_owned(), uri.query().unwrap_or_default().to_owned());
    let digest =
        move |body: &[u8]| Digest::of_parts(&[method.as_str().as_bytes(), path.as_bytes(), query.as_bytes(), body]);
    if body.len() <= HASHED_IN_PLACE {
        return digest(&body);
    }
    let (far, held) = (digest.clone(), body.clone());
    tokio::task::spawn_blocking(move || far(&held)).await.unwrap_or_else(|_| digest(&body))
}

/// Answers with what the call `first` was answered with; nothing runs.
pub(crate) async fn replay(call: &Call, admitted: Admitted, first: CallId) -> StepResult {
    let answer = match call.premises.house.traces.response(first).await {
        Ok(kept) => kept.and_then(|kept| answer_of(kept, first)),
        Err(error) => {
            tracing::warn!(%error, call.id = %first, "an answer that was kept could not be read");
            None
        }
    };
    let Some(answer) = answer else {
        let text = format!("The answer of the first call with this idempotency key, {first}, is not kept.");
        return Err(refuse(call, Refusal::new(Code::IdempotencyConflict).detail(text)));
    };
    call.progress.policies.get_or_init(|| admitted.policies().clone());
    call.progress.admitted.put(admitted);
    call.progress.invoked.get_or_init(|| Invoked { outcome: Outcome::Replayed, ..Invoked::answered(answer) });
    Err(TaskFailed { error: "Weir.Replayed".into(), cause: String::new() })
}

/// Has the answer of a call under an idempotency key kept, for those that repeat it. To be done before the call
/// settles: from then on it may be asked for. `None` when there is nothing to keep.
pub(crate) fn keep(call: &Call, invoked: &Invoked) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
    if !call.asked.idempotency.is_given() || !invoked.outcome.may_have_run() {
        return None;
    }
    let response = kept_of(call, invoked)?;
    let (traces, id) = (call.premises.house.traces.clone(), call.asked.call);
    let until = call.premises.house.clock.now().after(ledger::CLAIM_KEPT);
    Some(Box::pin(async move {
        if let Err(error) = traces.keep_response(id, response, until).await {
            tracing::warn!(%error, call.id = %id, "the answer of a call cannot be sent again");
        }
    }))
}

fn kept_of(call: &Call, invoked: &Invoked) -> Option<StoredResponse> {
    if let Some(refusal) = invoked.refusal.take() {
        let headers = format!("content-type: {}\r\n", api::PROBLEM_JSON).into_bytes();
        let body = refusal.body(call.asked.call).to_vec();
        let status = refusal.status();
        invoked.refusal.put(refusal);
        return Some(StoredResponse { status, headers, body });
    }
    let mut answer = invoked.answer.take()?;
    reply::strip_guest_headers(&mut answer.headers);
    let mut headers = Vec::new();
    for (name, value) in &answer.headers {
        headers.extend_from_slice(name.as_str().as_bytes());
        headers.extend_from_slice(b": ");
        headers.extend_from_slice(value.as_bytes());
        headers.extend_from_slice(b"\r\n");
    }
    let response = StoredResponse { status: answer.status.as_u16(), headers, body: answer.body.to_vec() };
    invoked.answer.put(answer);
    Some(response)
}

/// What was kept, as an answer. `None` for what [`keep`] did not write.
fn answer_of(kept: StoredResponse, first: CallId) -> Option<Answer> {
    let mut headers = HeaderMap::new();
    for line in kept.headers.split(|byte| *byte == b'\n').filter_map(|line| line.strip_suffix(b"\r")) {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = (line.get(..colon)?, line.get(colon.saturating_add(2)..)?);
        headers.append(HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?);
    }
    headers.insert(REPLAY_OF, HeaderValue::from_str(&first.to_string()).ok()?);
    Some(Answer { status: StatusCode::from_u16(kept.status).ok()?, headers, body: Bytes::from(kept.body) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header;

    fn key(values: &[&str]) -> IdempotencyKey {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(KEY, value.parse().unwrap());
        }
        IdempotencyKey::of(&Method::POST, &headers)
    }

    #[test]
    fn a_key_comes_as_a_string_or_bare() {
        let given = |key: &str| IdempotencyKey::Given(key.into());
        assert_eq!(key(&["\"8e03978e\""]), given("8e03978e"));
        assert_eq!(key(&["8e03978e"]), given("8e03978e"));
        assert_eq!(key(&[r#""a \"b\" \\ c";v=1"#]), given(r#"a "b" \ c"#));
        assert_eq!(key(&[&"k".repeat(255)]), given(&"k".repeat(255)));
        assert_eq!(key(&[]), IdempotencyKey::None);
    }

    #[test]
    fn what_is_no_key_is_told_from_none() {
        for wrong in ["", "\"\"", "\"open", "\"a\" b", r#""a\b""#, "a\tb", &"k".repeat(256)] {
            assert_eq!(key(&[wrong]), IdempotencyKey::Malformed, "{wrong:?}");
        }
        assert_eq!(key(&["a", "a"]), IdempotencyKey::Malformed);
    }

    #[test]
    fn a_safe_method_has_no_key() {
        let mut headers = HeaderMap::new();
        headers.insert(KEY, HeaderValue::from_static("a"));
        assert_eq!(IdempotencyKey::of(&Method::GET, &headers), IdempotencyKey::None);
    }

    #[tokio::test]
    async fn a_request_is_known_by_method_path_query_and_body() {
        let of = async |method, uri: &'static str, body: Vec<u8>| {
            fingerprint(&method, &http::Uri::from_static(uri), Bytes::from(body)).await
        };
        let first = of(Method::POST, "/a?b=1", b"c".to_vec()).await;
        assert_eq!(first, of(Method::POST, "/a?b=1", b"c".to_vec()).await);
        for other in [
            of(Method::PUT, "/a?b=1", b"c".to_vec()).await,
            of(Method::POST, "/ab=1", b"c".to_vec()).await,
            of(Method::POST, "/a?b=1c", Vec::new()).await,
            of(Method::POST, "/a?b=1", vec![b'c'; HASHED_IN_PLACE + 1]).await,
        ] {
            assert_ne!(first, other);
        }
        let large = vec![b'c'; HASHED_IN_PLACE + 1];
        assert_eq!(of(Method::POST, "/a", large.clone()).await, of(Method::POST, "/a", large).await);
    }

    #[test]
    fn an_answer_reads_back_as_it_was_kept() {
        let headers = b"content-type: text/plain\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n".to_vec();
        let first = CallId::from_u128(1 << 80);
        let answer = answer_of(StoredResponse { status: 201, headers, body: b"hi".to_vec() }, first).unwrap();
        assert_eq!((answer.status, &*answer.body), (StatusCode::CREATED, &b"hi"[..]));
        assert_eq!(answer.headers[header::CONTENT_TYPE], "text/plain");
        assert_eq!(answer.headers.get_all(header::SET_COOKIE).iter().count(), 2);
        assert_eq!(answer.headers[REPLAY_OF], first.to_string().as_str());
    }
}
