//! From a request to its reply: everything that comes before the envelope, and the hand-over to it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Request};
use http_body::Body as _;
use hyper::body::Incoming;
use types::{ByteCount, CallId, Code};

use crate::arrival::{Arriving, BodyFault};
use crate::asked::{Asked, Target};
use crate::call::{Call, RequestBody};
use crate::credential::Credential;
use crate::premises::Premises;
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::steps::authenticate;
use crate::traffic::MethodIndex;
use crate::{call, log, platform};

/// Answers one request.
///
/// Dropping this future (the client went away) ends the wait and nothing else, once the call has begun: it runs on
/// within its limits, is billed by its own outcome, and settles.
pub(crate) async fn answer(premises: Arc<Premises>, request: Request<Incoming>, peer: SocketAddr) -> Reply {
    let (parts, body) = request.into_parts();
    let asked = Asked::read(&premises, parts, peer);
    let (call, began, method) = (asked.call, asked.began, MethodIndex::of(&asked.method));
    let is_head = asked.method == Method::HEAD;
    let house = Arc::clone(&premises);
    let retires = retirement(&premises, &asked);
    let mut reply = match receive(&premises, &asked, body).await {
        Ok(Received::Call { target, body, place }) => {
            let call = Call::new(premises, asked, target, body, place);
            call::escort(call).await
        }
        Ok(Received::Platform(reply)) => reply,
        Err((api, refusal)) => {
            premises.deny(api, refusal.code(), asked.received_at);
            log::refused(&premises.house.clock, &asked, &refusal);
            refusal.to_reply(call)
        }
    };
    name(&mut reply, call);
    if is_head {
        keep_head(&mut reply);
    }
    let took = house.house.clock.moment().since(began);
    house.traffic.answered(method, reply.status().as_u16(), took);
    if let Some(retires) = retires {
        reply.headers_mut().insert("weir-key-retires", retires);
    }
    reply
}

/// When the request's key ends, if it does: its user is told with every answer.
fn retirement(premises: &Premises, asked: &Asked) -> Option<HeaderValue> {
    let Credential::Key(digest) = asked.credential else { return None };
    let end = premises.house.catalog.snapshot().key(&digest)?.expires_at?;
    HeaderValue::from_str(&end.http_date()).ok()
}

/// Puts the call's id on a reply.
fn name(reply: &mut Reply, call: CallId) {
    if let Ok(id) = HeaderValue::from_str(&call.to_string()) {
        reply.headers_mut().insert("x-request-id", id);
    }
}

/// Takes the body out of the answer to a `HEAD`, and says how long it would be. Over HTTP/2 the library sends what is there.
fn keep_head(reply: &mut Reply) {
    let length = reply.body_mut().clear().filter(|length| *length > 0);
    if let Some(length) = length {
        reply.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
}

/// A request that may go on.
enum Received {
    /// It is a call of an API.
    Call { target: Target, body: RequestBody, place: crate::premises::Place },
    /// It was for the platform itself.
    Platform(Reply),
}

type Refused = (Option<types::ApiId>, Refusal);

async fn receive(premises: &Arc<Premises>, asked: &Asked, body: Incoming) -> Result<Received, Refused> {
    let early = |refusal| (None, refusal);
    if premises.draining.load(Relaxed) {
        return Err(early(Refusal::new(Code::Draining)));
    }
    asked.check(&premises.settings).map_err(early)?;
    if asked.uri.path() == "/-" || asked.uri.path().starts_with("/-/") {
        return platform::answer(premises, asked).await.map(Received::Platform).map_err(early);
    }
    // Full house: refuse before anything is spent on the caller.
    let place = premises.place().ok_or_else(|| early(Refusal::new(Code::Overloaded)))?;
    let target = Target::find(premises, asked).map_err(|refusal| (Target::api_of(premises, asked), refusal))?;
    let body = take_in(premises, asked, &target, body).await.map_err(|fault| (Some(target.api.id), fault.into()))?;
    Ok(Received::Call { target, body, place })
}

/// Reads the body, if its component wants it whole and its sender may call at all: nobody uploads megabytes to be told
/// that the key is wrong.
async fn take_in(
    premises: &Premises,
    asked: &Asked,
    target: &Target,
    body: Incoming,
) -> Result<RequestBody, BodyFault> {
    if body.is_end_stream() {
        return Ok(RequestBody::Whole(Bytes::new()));
    }
    let limit = target.served.release.limits.request_body;
    if body.size_hint().exact().is_some_and(|length| ByteCount::saturating(length) > limit) {
        return Err(BodyFault::TooLarge(limit));
    }
    let body = Arriving::new(body, premises.settings.pace, limit);
    // A request that must not run twice is compared by its whole body.
    if target.served.runs.streams() && !asked.idempotency.is_given() {
        return Ok(RequestBody::Arriving(body));
    }
    let may_call = authenticate::may_call(&premises.house.catalog.snapshot(), asked, target);
    if may_call { body.collect().await.map(RequestBody::Whole) } else { Ok(RequestBody::Unread) }
}
