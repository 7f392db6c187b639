//! Guests that stream: `wasi:http`.
//!
//! The head is held until the body ends, the buffer is full, or a moment has passed. An answer that is whole by then is
//! settled like any other. Otherwise the call becomes a stream: an open row is committed, then head and bytes leave.

use std::pin::pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, response};
use http_body_util::BodyExt as _;
use ledger::{Begun, OpenStream};
use sandbox::{BodyError, Broken, Component, Ran, ResponseBody, Spent, WasiCall};
use tokio::sync::{mpsc, oneshot};
use types::{ByteCount, Code, Outcome};

use crate::arrival::{Arriving, BodyFault, TooSlow, Waited};
use crate::call::{Call, RequestBody};
use crate::finish;
use crate::permit::Permit;
use crate::refusal::{self, Refusal};
use crate::reply::{Part, Reply, ReplyBody};
use crate::steps::invoke::{Answer, Ingress, Invoked, Streaming, guest, run_with};
use crate::steps::meter::{self, Billed};

pub(super) async fn wasi_http(
    call: &Call,
    component: &Arc<Component>,
    ingress: Ingress,
    mut permit: Permit,
) -> Invoked {
    let request = request(call, ingress);
    let sandbox = &call.premises.house.sandbox;
    let running =
        sandbox.call_wasi_http(component, &guest::context(call, &permit), request, &call.target.served.limits);
    let invoked = run_with(&call.premises.settings, component, &mut permit, pin!(follow(call, running))).await;
    drop(permit);
    invoked
}

fn request(call: &Call, ingress: Ingress) -> http::Request<sandbox::RequestBody> {
    let body = match ingress.body {
        RequestBody::Whole(body) => http_body_util::Full::new(body).map_err(|never| match never {}).boxed_unsync(),
        RequestBody::Arriving(body) => body.map_err(told).boxed_unsync(),
        RequestBody::Unread => http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync(),
    };
    let headers = call.headers.take().unwrap_or_default();
    let mut request = http::Request::new(body);
    *request.method_mut() = call.asked.method.clone();
    *request.uri_mut() = uri(call, &headers);
    *request.headers_mut() = headers;
    request
}

/// The request's target below the API's own place, on the host that the client asked for.
fn uri(call: &Call, headers: &HeaderMap) -> http::Uri {
    let target = match call.asked.uri.query() {
        Some(query) => format!("{}?{query}", call.path()),
        None => call.path().to_owned(),
    };
    let named = headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
    let authority = call.asked.uri.authority().map(http::uri::Authority::as_str).or(named).unwrap_or("localhost");
    let built = http::Uri::builder().scheme("http").authority(authority).path_and_query(target).build();
    built.unwrap_or_else(|_| http::Uri::from_static("http://localhost/"))
}

/// What the guest is told of a body that did not arrive.
fn told(fault: BodyFault) -> BodyError {
    match fault {
        BodyFault::TooLarge(_) => BodyError::TooLarge,
        BodyFault::TooSlow => BodyError::TooSlow,
        BodyFault::Broken => BodyError::Gone,
    }
}

/// Follows a guest from its start to its end.
async fn follow(call: &Call, guest: WasiCall) -> Invoked {
    let WasiCall { work, head, ran } = guest;
    let (invoked, ()) = tokio::join!(read(call, head, ran), work);
    invoked
}

/// Reads what a guest answers, while it runs.
async fn read(
    call: &Call,
    head: oneshot::Receiver<http::Response<ResponseBody>>,
    ran: oneshot::Receiver<Ran<()>>,
) -> Invoked {
    let Ok(response) = head.await else { return guest::conclude(call, None, ended(ran).await) };
    let (head, body) = response.into_parts();
    let mut body = Arriving::new(body, call.premises.settings.pace, ByteCount::MAX);
    let mut held = BytesMut::new();
    match hold(call, &mut body, &mut held).await {
        Held::Whole => {
            drop(body);
            let ran = ended(ran).await;
            let answer = (ran.outcome == Outcome::Ok).then(|| answer(head, held.freeze()));
            guest::conclude(call, answer, ran)
        }
        Held::Broken(fault) => {
            give_up(body, fault);
            let ran = ended(ran).await;
            let outcome = if ran.outcome == Outcome::Ok { outcome_of(fault) } else { ran.outcome };
            guest::conclude(call, None, Ran { outcome, ..ran })
        }
        Held::Begun => stream(call, head, (held.freeze(), body), ran).await,
    }
}

/// The end of a guest. One whose runner vanished failed by the host's fault.
async fn ended(ran: oneshot::Receiver<Ran<()>>) -> Ran<()> {
    ran.await.unwrap_or_else(|_| Ran {
        outcome: Outcome::HostError,
        answer: None,
        failure: None,
        detail: Some("the call panicked in the host".to_owned()),
        spent: Spent::default(),
        reported: Vec::new(),
        logs: Vec::new(),
        logs_dropped: 0,
    })
}

fn answer(head: response::Parts, body: Bytes) -> Answer {
    Answer { status: head.status, headers: head.headers, body }
}

/// A guest's body, watched while it is read.
type GuestBody = Arriving<ResponseBody>;

/// The next bytes of a guest's body.
async fn next_bytes(body: &mut GuestBody) -> Option<Result<Bytes, BodyFault>> {
    loop {
        match body.frame().await? {
            Err(fault) => return Some(Err(fault)),
            // Trailers are not passed on.
            Ok(frame) => {
                if let Ok(bytes) = frame.into_data() {
                    return Some(Ok(bytes));
                }
            }
        }
    }
}

/// What it means for the call when its body breaks off, if the sandbox does not know better.
fn outcome_of(fault: BodyFault) -> Outcome {
    match fault {
        BodyFault::Broken => Outcome::InvalidResponse,
        BodyFault::TooLarge(_) => Outcome::OutputTooLarge,
        BodyFault::TooSlow => Outcome::Deadline,
    }
}

/// Stops the guest whose body ended so, if it still runs.
fn give_up(body: GuestBody, fault: BodyFault) {
    match fault {
        BodyFault::Broken => drop(body),
        BodyFault::TooLarge(_) => body.into_inner().give_up(Broken::TooLarge),
        BodyFault::TooSlow => body.into_inner().give_up(Broken::TooSlow),
    }
}

enum Held {
    /// The body has ended.
    Whole,
    /// The call becomes a stream.
    Begun,
    /// The body broke off, came too slowly, or had to be held whole and is too large for that.
    Broken(BodyFault),
}

/// Holds the body back for its end: all of it when the envelope reads it, else as long as the settings say.
async fn hold(call: &Call, body: &mut GuestBody, held: &mut BytesMut) -> Held {
    let settings = &call.premises.settings;
    let reads = call.premises.envelope.reads_response();
    let limit = if reads { call.target.served.limits.response_body } else { settings.stream_buffer };
    let fill = async {
        loop {
            match next_bytes(body).await {
                None => return Held::Whole,
                Some(Err(fault)) => return Held::Broken(fault),
                Some(Ok(bytes)) => held.extend_from_slice(&bytes),
            }
            let length = ByteCount::of(held.len());
            // A body may be as large as its cap. A buffer that is full waits for nothing more.
            if reads && length > limit {
                return Held::Broken(BodyFault::TooLarge(limit));
            }
            if !reads && length >= limit {
                return Held::Begun;
            }
        }
    };
    if reads {
        return fill.await;
    }
    tokio::time::timeout(settings.stream_hold, fill).await.unwrap_or(Held::Begun)
}

/// Lets head and bytes leave, behind an open row, and follows the guest to its end.
async fn stream(
    call: &Call,
    head: response::Parts,
    (held, rest): (Bytes, GuestBody),
    ran: oneshot::Receiver<Ran<()>>,
) -> Invoked {
    let status = head.status.as_u16();
    let open = match open(call, status).await {
        Ok(open) => open,
        Err(refusal) => {
            // No row, no response: the guest is left without a reader.
            drop(rest);
            let ran = ended(ran).await;
            return Invoked { spent: ran.spent, ..Invoked::failed(Outcome::HostError, Some(refusal)) };
        }
    };
    let (parts, body) = ReplyBody::stream();
    let mut reply = Reply::new(body);
    finish::write_head(call, answer(head, Bytes::new()), &mut reply);
    if call.early.take().is_none_or(|early| early.send(reply).is_err()) {
        call.presence.leave();
    }
    let (sent, broken) = pump(call, &parts, held, rest).await;
    let ran = ended(ran).await;
    if parts.is_closed() {
        call.presence.leave();
    }
    let outcome = broken.filter(|_| ran.outcome == Outcome::Ok).unwrap_or(ran.outcome);
    let mut invoked = guest::conclude(call, None, ran);
    invoked.outcome = if outcome == Outcome::Ok { Outcome::Ok } else { Outcome::Interrupted };
    invoked.error_code = refusal::code_of(outcome).map(Into::into);
    invoked.status = status;
    invoked.response_bytes = sent;
    // What the client sees is the reset, or the end.
    drop(invoked.refusal.take());
    invoked.stream.put(Streaming { open, parts });
    invoked
}

/// The open row: `requests` is counted now, and stays so whatever happens.
async fn open(call: &Call, status: u16) -> Result<OpenStream, Refusal> {
    let lost = || Refusal::new(Code::Internal);
    let admitted = call.progress.admitted.take().ok_or_else(lost)?;
    let billed = Billed::of(Outcome::Ok, status, &admitted.subscriber().terms);
    let release = &call.target.served.release;
    let begun = Begun {
        call: call.asked.call,
        client_request_id: call.asked.client_request_id.clone(),
        route: call.route().route.id,
        release: release.id,
        component: release.runs.digest(),
        begun_at: call.premises.house.clock.now(),
        status,
        requests: meter::request(billed),
    };
    call.premises.house.ledger.open_stream(admitted, begun).await.map_err(Refusal::from)
}

/// Hands on the guest's bytes as fast as the client takes them, and says how many went and whether they broke off.
/// When the client has left, or takes too little, the guest runs on, unheard.
async fn pump(
    call: &Call,
    parts: &mpsc::Sender<Part>,
    held: Bytes,
    mut rest: GuestBody,
) -> (ByteCount, Option<Outcome>) {
    let mut client = Waited::new(call.premises.settings.pace);
    let mut sent = ByteCount::ZERO;
    let mut next = held;
    loop {
        if !next.is_empty() && !call.presence.is_gone() {
            let length = next.len();
            match client.wait(parts.send(Part::Data(next)), length).await {
                Ok(Ok(())) => sent = sent.saturating_add(ByteCount::of(length)),
                Ok(Err(_)) | Err(TooSlow) => call.presence.leave(),
            }
        }
        next = match next_bytes(&mut rest).await {
            Some(Ok(bytes)) => bytes,
            Some(Err(fault)) => {
                give_up(rest, fault);
                return (sent, Some(outcome_of(fault)));
            }
            None => return (sent, None),
        };
    }
}
