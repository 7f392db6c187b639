//! Invoke: a place for a guest, the release's component, and how that ended. What it says is what is billed.

mod execution;
mod guest;
mod stream;
mod workflow;

pub(crate) use guest::keep_lines;
pub(crate) use workflow::{WayOut, said};

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use catalog::World;
use express::TaskFailed;
use http::{HeaderMap, StatusCode};
use ledger::OpenStream;
use sandbox::Spent;
use serde_json::json;
use tokio::sync::mpsc;
use types::{ByteCount, Code, ObjectName, Outcome, PublicCode, Units};

use crate::arrival::Arrived;
use crate::call::{Call, Once, RequestBody};
use crate::envelope::Step;
use crate::permit::Permit;
use crate::refusal::{self, Refusal};
use crate::reply::Part;
use crate::served::Runs;
use crate::settings::Settings;
use crate::steps::{StepResult, nothing, out_of_order};

/// How an invocation ended: facts for the bill, the record and the reply.
#[derive(Debug)]
pub(crate) struct Invoked {
    pub(crate) outcome: Outcome,
    /// What the client is answered with.
    pub(crate) status: u16,
    pub(crate) error_code: Option<PublicCode>,
    /// The guest's answer, until it is sent.
    pub(crate) answer: Once<Answer>,
    /// What the client is told instead.
    pub(crate) refusal: Once<Refusal>,
    /// The response has begun already.
    pub(crate) stream: Once<Streaming>,
    pub(crate) spent: Spent,
    pub(crate) reported: Vec<(ObjectName, Units)>,
    pub(crate) request_bytes: ByteCount,
    pub(crate) response_bytes: ByteCount,
}

/// A guest's answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A response that has begun: its open row, and the way to the client.
#[derive(Debug)]
pub(crate) struct Streaming {
    pub(crate) open: OpenStream,
    pub(crate) parts: mpsc::Sender<Part>,
}

impl Invoked {
    /// An invocation that ended without an answer.
    pub(crate) fn failed(outcome: Outcome, refusal: Option<Refusal>) -> Self {
        let refusal =
            refusal.unwrap_or_else(|| Refusal::new(refusal::code_of(outcome).unwrap_or(Code::ComponentFailed)));
        Self {
            outcome,
            status: refusal.status(),
            error_code: Some(refusal.public_code()),
            answer: Once::empty(),
            refusal: Once::holding(refusal),
            stream: Once::empty(),
            spent: Spent::default(),
            reported: Vec::new(),
            request_bytes: ByteCount::ZERO,
            response_bytes: ByteCount::ZERO,
        }
    }

    pub(crate) fn answered(answer: Answer) -> Self {
        Self {
            outcome: Outcome::Ok,
            status: answer.status.as_u16(),
            error_code: None,
            response_bytes: ByteCount::of(answer.body.len()),
            answer: Once::holding(answer),
            refusal: Once::empty(),
            stream: Once::empty(),
            spent: Spent::default(),
            reported: Vec::new(),
            request_bytes: ByteCount::ZERO,
        }
    }
}

/// What goes in beside the request's head.
struct Ingress {
    body: RequestBody,
    /// What becomes of a body that the guest reads as it comes.
    arrived: Option<Arc<Arrived>>,
    bytes: ByteCount,
}

impl Ingress {
    fn of(call: &Call) -> Self {
        let mut body = call.body.take().unwrap_or(RequestBody::Unread);
        let (arrived, bytes) = match &mut body {
            RequestBody::Whole(whole) => (None, ByteCount::of(whole.len())),
            RequestBody::Arriving(arriving) => (Some(arriving.observe()), ByteCount::ZERO),
            RequestBody::Unread => (None, ByteCount::ZERO),
        };
        Self { body, arrived, bytes }
    }
}

/// Runs the release's component on the request.
pub(crate) async fn perform(call: &Call) -> StepResult {
    if call.progress.invoked.get().is_some() || !call.progress.admitted.is_there() {
        return Err(out_of_order(Step::Invoke));
    }
    let invoked = invoke(call).await;
    let result = document(call, &invoked);
    call.progress.invoked.get_or_init(|| invoked);
    result
}

async fn invoke(call: &Call) -> Invoked {
    let ingress = Ingress::of(call);
    if matches!(ingress.body, RequestBody::Unread) {
        // The key became valid between the look that decides whether to read, and Authenticate.
        let text = "The request's body was not read. Send the request again.";
        return Invoked::failed(Outcome::Refused, Some(Refusal::new(Code::RequestInvalid).detail(text)));
    }
    let (arrived, bytes) = (ingress.arrived.clone(), ingress.bytes);
    let mut invoked = run(call, ingress).await.unwrap_or_else(|invoked| invoked);
    invoked.request_bytes = arrived.as_ref().map_or(bytes, |arrived| arrived.bytes());
    let Some(fault) = arrived.and_then(|arrived| arrived.fault()) else { return invoked };
    // The body was at fault, not the component that read it.
    let refusal = Refusal::from(fault);
    if invoked.stream.is_there() {
        invoked.error_code = Some(refusal.public_code());
        return invoked;
    }
    let refused = Invoked::failed(Outcome::Refused, Some(refusal));
    Invoked { spent: invoked.spent, request_bytes: invoked.request_bytes, ..refused }
}

/// Runs what the release runs.
async fn run(call: &Call, ingress: Ingress) -> Result<Invoked, Invoked> {
    match &call.target.served.runs {
        Runs::Workflow(machine) => {
            let permit = permit(call).await?;
            // Boxed: few calls run one, and all would carry its size.
            Ok(Box::pin(workflow::workflow(call, machine, ingress, permit)).await)
        }
        Runs::Execution { kind, definition } => {
            Ok(Box::pin(execution::begin(call, (*kind, definition), ingress)).await)
        }
        Runs::Component { digest, world } => {
            let loaded = call.premises.house.sandbox.load(digest).await;
            let component = loaded.map_err(|error| {
                Invoked::failed(Outcome::HostError, Some(Refusal::caused_by(Code::Internal, error)))
            })?;
            let permit = permit(call).await?;
            Ok(match world {
                World::Http => guest::http(call, &component, ingress, permit).await,
                World::Task => guest::task(call, &component, ingress, permit).await,
                // Boxed: what streams is large, and every call would carry its size.
                World::WasiHttp => Box::pin(stream::wasi_http(call, &component, ingress, permit)).await,
            })
        }
    }
}

/// A place to run in.
async fn permit(call: &Call) -> Result<Permit, Invoked> {
    let permit = call.premises.permits.take(call.target.api.id, &call.target.served.share).await;
    permit.map_err(|error| Invoked::failed(Outcome::Overloaded, Some(error.into())))
}

/// Waits for a guest. One that runs on past its turn, or is known to, gives its place in the house to the next.
pub(crate) async fn run_with<T>(
    settings: &Settings,
    component: &sandbox::Component,
    permit: &mut Permit,
    guest: Pin<&mut impl Future<Output = T>>,
) -> T {
    if component.runs_long() {
        permit.lend();
        return guest.await;
    }
    turn(settings, permit, guest).await
}

/// Waits for what has a place. When its turn is over, the place goes to the next and it runs on. It is taken where it stands:
/// a future that is handed on takes room, and is copied, once for each hand.
async fn turn<T>(settings: &Settings, permit: &mut Permit, mut guest: Pin<&mut impl Future<Output = T>>) -> T {
    let (clock, mut worked) = (permit.clock().clone(), Duration::ZERO);
    let mut timed = poll_fn(|context| {
        let began = clock.moment();
        let polled = guest.as_mut().poll(context);
        worked = worked.saturating_add(clock.moment().since(began));
        polled
    });
    let ended = tokio::select! {
        biased;
        ended = &mut timed => ended,
        () = async { tokio::time::sleep(settings.guest_turn).await } => {
            permit.lend();
            timed.await
        }
    };
    permit.has_worked(worked);
    ended
}

/// What the envelope's states see of an invocation.
fn document(call: &Call, invoked: &Invoked) -> StepResult {
    let failed = |error: &'static str| TaskFailed { error: error.into(), cause: String::new() };
    match invoked.outcome {
        Outcome::Ok => {}
        Outcome::GuestError => return Err(failed("Weir.GuestError")),
        Outcome::Refused => return Err(failed("Weir.Refused")),
        other => return Err(failed(other.error_name().unwrap_or("Weir.Interrupted"))),
    }
    if !call.premises.envelope.reads_document() {
        return Ok(nothing());
    }
    Ok(Arc::new(json!({ "status": invoked.status, "bytes": invoked.response_bytes.get() })))
}
