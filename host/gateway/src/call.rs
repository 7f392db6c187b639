//! One call: its facts, how far it has come, and its run through the envelope.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::HeaderMap;
use hyper::body::Incoming;
use ledger::{Admitted, Ended, ObjectUnits, Policies, Subscriber};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::arrival::Arriving;
use crate::asked::{Asked, Target};
use crate::escort::{Escort, Presence};
use crate::finish;
use crate::premises::{Place, Premises};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::served::ServedRoute;
use crate::spans::StateSpan;
use crate::steps::Steps;
use crate::steps::invoke::Invoked;

/// The request's body, on its way to the component.
pub(crate) enum RequestBody {
    /// All of it.
    Whole(Bytes),
    /// Still to come, for components that read as it comes.
    Arriving(Arriving<Incoming>),
    /// Left with the client: the call will be refused.
    Unread,
}

/// Something that is there until somebody takes it.
#[derive(Debug)]
pub(crate) struct Once<T>(Mutex<Option<T>>);

impl<T> Once<T> {
    pub(crate) fn holding(thing: T) -> Self {
        Self(Mutex::new(Some(thing)))
    }

    pub(crate) fn empty() -> Self {
        Self(Mutex::new(None))
    }

    /// Takes it. The second who asks gets nothing.
    pub(crate) fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn put(&self, thing: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(thing);
    }

    pub(crate) fn is_there(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

/// How far a call has come. Each fact is set once, by its step.
pub(crate) struct Progress {
    /// Who calls, by a live key, on an active subscription that includes the route.
    pub(crate) caller: OnceLock<Arc<Subscriber>>,
    /// The reservation, until Invoke opens a stream with it or the finaliser settles it.
    pub(crate) admitted: Once<Admitted>,
    /// The limits as they stood at admission. Set: the call was admitted.
    pub(crate) policies: OnceLock<Policies>,
    pub(crate) invoked: OnceLock<Invoked>,
    /// What the states of its workflow went through, where somebody wants to know.
    pub(crate) states: Once<Vec<StateSpan>>,
    pub(crate) metered: OnceLock<Vec<ObjectUnits>>,
    pub(crate) record: OnceLock<Ended>,
    /// Why a step refused the call.
    pub(crate) refusal: Once<Refusal>,
}

/// One call.
pub(crate) struct Call {
    pub(crate) premises: Arc<Premises>,
    pub(crate) asked: Asked,
    pub(crate) target: Target,
    /// The headers that go on to the component.
    pub(crate) headers: Once<HeaderMap>,
    pub(crate) body: Once<RequestBody>,
    pub(crate) presence: Presence,
    /// Takes the head of a stream.
    pub(crate) early: Once<oneshot::Sender<Reply>>,
    pub(crate) progress: Progress,
    _place: Place,
}

impl Call {
    pub(crate) fn new(
        premises: Arc<Premises>,
        mut asked: Asked,
        target: Target,
        body: RequestBody,
        place: Place,
    ) -> Box<Self> {
        asked.prepare_headers();
        // Boxed once, here: it is large, and goes through several futures.
        Box::new(Self {
            headers: Once::holding(std::mem::take(&mut asked.headers)),
            asked,
            target,
            body: Once::holding(body),
            presence: Presence::default(),
            early: Once::empty(),
            progress: Progress {
                caller: OnceLock::new(),
                admitted: Once::empty(),
                policies: OnceLock::new(),
                invoked: OnceLock::new(),
                states: Once::empty(),
                metered: OnceLock::new(),
                record: OnceLock::new(),
                refusal: Once::empty(),
            },
            _place: place,
            premises,
        })
    }

    pub(crate) fn route(&self) -> &ServedRoute {
        &self.target.served.routes[self.target.route]
    }

    /// The path below the API's own place, with a slash at its beginning.
    pub(crate) fn path(&self) -> &str {
        let own = self.asked.uri.path().get(self.target.path_from..).unwrap_or_default();
        if own.is_empty() { "/" } else { own }
    }

    /// The document that the envelope's states see. Bodies travel beside it.
    fn document(&self) -> Arc<Value> {
        static NOTHING: OnceLock<Arc<Value>> = OnceLock::new();
        if !self.premises.envelope.reads_document() {
            return Arc::clone(NOTHING.get_or_init(|| Arc::new(json!({}))));
        }
        Arc::new(json!({
            "method": self.asked.method.as_str(),
            "path": self.path(),
            "route": &*self.route().template,
            "api": &*self.target.api.slug,
            "release": self.target.served.release.number,
            "request": {
                "id": self.asked.call.to_string(),
                "sourceIp": self.asked.source.to_string(),
                "time": self.asked.received_at.to_string(),
                "traceparent": self.asked.trace.to_header(),
            },
        }))
    }
}

/// Runs `call` beside its client: to its end, whatever becomes of the connection.
pub(crate) fn escort(call: Box<Call>) -> Escort {
    let early = call.target.served.runs.streams().then(|| {
        let (head, early) = oneshot::channel();
        call.early.put(head);
        early
    });
    let (presence, calls) = (call.presence.clone(), call.premises.calls.clone());
    Escort::new(Box::pin(run(call)), early, presence, calls)
}

/// Takes a call through the envelope, then has it settled, once, however the envelope ended: a panic too.
async fn run(call: Box<Call>) -> Reply {
    let ended = {
        let steps = Steps(&call);
        // In a box of its own, which the next call has while this one waits to be recorded.
        let envelope = Box::pin(express::run(
            &call.premises.envelope.machine,
            call.document(),
            asl::Context { started_at: call.asked.received_at, ..asl::Context::default() },
            &steps,
            &call.premises.house.clock,
        ));
        AssertUnwindSafe(envelope).catch_unwind().await
    };
    finish::finish(call, ended.map_err(finish::Panicked::of)).await
}
