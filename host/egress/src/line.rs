//! A call's way out: what it is granted, what it may use, and what it has used.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Request, Response};
use tokio::sync::Semaphore;
use types::{ByteCount, EgressRule, OrganisationId};

use crate::body::{InBody, OutBody};
use crate::client::Egress;
use crate::fault::SendError;
use crate::secret::BoundSecret;
use crate::settings::Limits;

/// Faults of one call that are kept for its provider.
const FAULTS_MAX: usize = 32;
/// Bytes kept of each.
const FAULT_MAX: usize = 4 * 1024;

/// What a release may reach.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The API's slug.
    pub api: Arc<str>,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// The release's list.
    pub rules: Vec<EgressRule>,
    /// The secrets that it may send.
    pub secrets: Vec<BoundSecret>,
}

/// Shorter times than the limits say, if the sender wants them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection stands.
    pub connect: Option<Duration>,
    /// From there to the response's head.
    pub first_byte: Option<Duration>,
    /// Between two parts of the response's body.
    pub between_bytes: Option<Duration>,
}

/// What a call has used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Used {
    /// Requests that the policy let out.
    pub requests: u32,
    /// Bytes of heads and bodies, out and in.
    pub bytes: ByteCount,
    /// Requests that were denied or came to nothing, in words for the provider. At most 32, of 4 KiB each.
    pub faults: Vec<String>,
}

/// One call's way out. Cheap to clone; dropping it ends nothing.
#[derive(Clone)]
pub struct Line(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) egress: Egress,
    pub(crate) grant: Arc<Grant>,
    pub(crate) limits: Limits,
    /// How often what led to this call has come through this host.
    pub(crate) depth: u8,
    pub(crate) at_once: Arc<Semaphore>,
    pub(crate) tally: Arc<Tally>,
}

/// The counters of one call.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    asked: AtomicU32,
    sent: AtomicU32,
    bytes: AtomicU64,
    over: AtomicBool,
    faults: Mutex<Vec<String>>,
}

impl Line {
    pub(crate) fn new(egress: Egress, grant: Arc<Grant>, limits: Limits, depth: u8) -> Self {
        let at_once = Arc::new(Semaphore::new(limits.at_once));
        Self(Arc::new(Inner { egress, grant, limits, depth, at_once, tally: Arc::default() }))
    }

    /// Sends a request whose URI is absolute, and waits for the head of its response.
    ///
    /// Dropping the future gives the request up. It needs a tokio runtime with timers around it, not the one of the
    /// room: connections live there, whoever asks.
    ///
    /// # Errors
    ///
    /// [`SendError`]. Only [`SendError::Denied`] says that nothing was sent.
    pub fn send(
        &self,
        request: Request<OutBody>,
        timeouts: Timeouts,
    ) -> impl Future<Output = Result<Response<InBody>, SendError>> + Send + 'static {
        let line = Arc::clone(&self.0);
        // Boxed: it is large, and goes through futures of the guest's.
        Box::pin(async move { line.egress.clone().send(line, request, timeouts).await })
    }

    /// Says that the call is over. A request's body that comes to its end from now on was cut off, whatever its sender
    /// says, and is broken off.
    pub fn end(&self) {
        self.0.tally.over.store(true, Ordering::Release);
    }

    /// What was used up to now.
    pub fn used(&self) -> Used {
        let tally = &self.0.tally;
        Used {
            requests: tally.sent.load(Ordering::Relaxed),
            bytes: ByteCount::saturating(tally.bytes.load(Ordering::Relaxed)),
            faults: tally.faults.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

impl Tally {
    /// Counts one more request that was asked for; `false`: there are no more.
    pub(crate) fn begin(&self, most: u32) -> bool {
        self.asked.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |asked| (asked < most).then(|| asked + 1)).is_ok()
    }

    pub(crate) fn add_sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    pub(crate) fn note(&self, mut fault: String) {
        fault.truncate(fault.floor_char_boundary(FAULT_MAX));
        // What it was cut from may be much larger.
        fault.shrink_to_fit();
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.len() < FAULTS_MAX {
            faults.push(fault);
        }
    }
}
