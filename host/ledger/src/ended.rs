//! The plain facts of one call, as the gateway hands them in.

use std::time::Duration;

use types::{ByteCount, CallId, Digest, Fuel, ObjectName, Outcome, PublicCode, ReleaseId, RouteId, Timestamp, Units};

/// How long the client's own request id may be; the rest is cut off.
pub(crate) const CLIENT_REQUEST_ID_MAX: usize = 128;

/// How much of one object a call used, and how much of that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectUnits {
    /// Of what.
    pub object: ObjectName,
    /// What was used, billed or not.
    pub units: Units,
    /// What counts against the quota. At most what was reserved: more is cut to it.
    pub billed: Units,
}

/// One call that has ended.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The call.
    pub call: CallId,
    /// The id that the client sent, at most 128 characters.
    pub client_request_id: Option<String>,
    /// The route that it took.
    pub route: RouteId,
    /// The release that served it.
    pub release: ReleaseId,
    /// The component of that release.
    pub component: Digest,
    /// When the answer was complete.
    pub ended_at: Timestamp,
    /// The HTTP status that the client is given.
    pub status: u16,
    /// How the component's part ended: what is billed by.
    pub outcome: Outcome,
    /// The public code, when the answer is a problem document.
    pub error_code: Option<PublicCode>,
    /// Whether the client had gone before the answer.
    pub client_gone: bool,
    /// `requests` first, then each further object. None twice.
    pub units: Vec<ObjectUnits>,
    /// From the first byte of the request to the end of the answer.
    pub total: Duration,
    /// The component's own share of it.
    pub component_time: Duration,
    /// What the component spent.
    pub fuel: Fuel,
    /// Which table of costs the fuel was counted by.
    pub fuel_schedule: u16,
    /// The most memory that the component held.
    pub memory_peak: ByteCount,
    /// The request's body.
    pub request_bytes: ByteCount,
    /// The response's body.
    pub response_bytes: ByteCount,
    /// What the component sent and received on its own account.
    pub egress_bytes: ByteCount,
    /// How many requests it made on its own account.
    pub egress_calls: u32,
}

/// One call whose response begins before it has ended.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The call.
    pub call: CallId,
    /// The id that the client sent, at most 128 characters.
    pub client_request_id: Option<String>,
    /// The route that it took.
    pub route: RouteId,
    /// The release that serves it.
    pub release: ReleaseId,
    /// The component of that release.
    pub component: Digest,
    /// When the head leaves.
    pub begun_at: Timestamp,
    /// The HTTP status of the head.
    pub status: u16,
    /// What is counted of `requests`, now and for good. At most what was reserved.
    pub requests: ObjectUnits,
}

impl Begun {
    /// The facts of a stream of which nothing more was heard.
    pub(crate) fn interrupted(&self, ended_at: Timestamp) -> Ended {
        Ended {
            call: self.call,
            client_request_id: self.client_request_id.clone(),
            route: self.route,
            release: self.release,
            component: self.component,
            ended_at,
            status: self.status,
            outcome: Outcome::Interrupted,
            error_code: None,
            client_gone: false,
            units: vec![self.requests.clone()],
            total: ended_at.since(self.begun_at),
            component_time: Duration::ZERO,
            fuel: Fuel::ZERO,
            fuel_schedule: 0,
            memory_peak: ByteCount::ZERO,
            request_bytes: ByteCount::ZERO,
            response_bytes: ByteCount::ZERO,
            egress_bytes: ByteCount::ZERO,
            egress_calls: 0,
        }
    }
}
