//! One connection, from its acceptance to its end: HTTP/1.1 or HTTP/2, told apart by the first bytes.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tls::Tls;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::arrival::Pace;
use crate::dispatch;
use crate::premises::Premises;
use crate::settings::Settings;
use crate::wire::{Glance, Standstill, Watch, Wire};

/// HTTP/2 streams at once on one connection.
const STREAMS: u32 = 128;
/// What hyper may buffer of a head: twice the limit, so that what is too large is refused by us, with a body.
const HEADS_BUFFERED: usize = 2;
/// A silent HTTP/2 peer is asked whether it lives this often, and has this long to say so.
const PING: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(10));

/// How often a connection is looked at within one head timeout.
const STEPS: u32 = 4;

/// Runs HTTP/2's own tasks so that a stop waits for them.
#[derive(Debug, Clone)]
pub(crate) struct Tracked(pub(crate) TaskTracker);

impl<F> hyper::rt::Executor<F> for Tracked
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    fn execute(&self, future: F) {
        self.0.spawn(future);
    }
}

/// The protocols, with their limits.
pub(crate) fn protocols(settings: &Settings, connections: &TaskTracker) -> Builder<Tracked> {
    let head = settings.head.to_usize();
    let mut builder = Builder::new(Tracked(connections.clone()));
    builder
        .http1()
        // Slow heads are the watch's to end: it needs no timer per request.
        .header_read_timeout(None)
        .max_headers(settings.headers.saturating_mul(2))
        .max_buf_size(head.saturating_mul(HEADS_BUFFERED).max(64 * 1_024));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(head).unwrap_or(u32::MAX))
        .keep_alive_interval(PING.0)
        .keep_alive_timeout(PING.1);
    builder
}

/// Serves one connection to its end, after a handshake if the listener has certificates.
pub(crate) async fn attend(
    premises: Arc<Premises>,
    protocols: Arc<Builder<Tracked>>,
    (socket, peer): (TcpStream, SocketAddr),
    tls: Option<Tls>,
    stop: CancellationToken,
) {
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, "could not switch Nagle's algorithm off");
    }
    let Some(tls) = tls else { return speak(premises, protocols, socket, peer, stop).await };
    match stop.run_until_cancelled(tls.accept(socket, premises.settings.head_timeout)).await {
        Some(Ok(socket)) => speak(premises, protocols, socket, peer, stop).await,
        Some(Err(error)) => tracing::debug!(%error, %peer, "a connection ended before its first request"),
        None => {}
    }
}

/// Speaks HTTP until the connection ends.
async fn speak(
    premises: Arc<Premises>,
    protocols: Arc<Builder<Tracked>>,
    socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    stop: CancellationToken,
) {
    let watch = Arc::new(Watch::default());
    let wire = Wire::new(socket, Arc::clone(&watch), premises.house.clock.clone());
    let step = premises.settings.head_timeout.checked_div(STEPS).unwrap_or(Duration::from_secs(1));
    let (idle_steps, pace) = (steps(premises.settings.keep_alive, step), premises.settings.pace);
    let seen = Arc::clone(&watch);
    let service = service_fn(move |request| {
        let open = seen.request_began();
        let answer = dispatch::answer(Arc::clone(&premises), request, peer);
        async move {
            let reply = answer.await;
            Ok::<_, Infallible>(reply.map(|body| body.holding(open)))
        }
    });
    let connection = protocols.serve_connection(TokioIo::new(wire), service);
    tokio::pin!(connection);
    let mut patience = Patience::new(idle_steps, step, pace);
    let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + step, step);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stopping = false;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                }
                return;
            }
            _ = tick.tick() => match patience.after(watch.glance()) {
                Verdict::Wait => {}
                Verdict::SayTooSlow => watch.expire(),
                Verdict::Close if stopping => return,
                Verdict::Close => {
                    stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
                Verdict::Drop => return,
            },
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

fn steps(span: Duration, step: Duration) -> u32 {
    u32::try_from(span.as_millis().checked_div(step.as_millis().max(1)).unwrap_or(1)).unwrap_or(u32::MAX).max(1)
}

/// How long a connection has stood still.
struct Patience {
    last: Option<Glance>,
    still: u32,
    idle_steps: u32,
    /// Time between two looks.
    step: Duration,
    pace: Pace,
    /// For how many looks the client has left bytes waiting, and what had been sent at the first.
    unread: Option<(u32, u64)>,
}

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Wait,
    /// It sends its head too slowly.
    SayTooSlow,
    /// It has been idle for long.
    Close,
    /// It takes nothing, or next to nothing.
    Drop,
}

impl Patience {
    fn new(idle_steps: u32, step: Duration, pace: Pace) -> Self {
        Self { last: None, still: 0, idle_steps, step, pace, unread: None }
    }

    /// Whether a client that leaves bytes waiting takes fewer than it must.
    fn is_taken_too_slowly(&mut self, glance: Glance) -> bool {
        if glance.state != Standstill::Unread {
            self.unread = None;
            return false;
        }
        let (looks, from) = self.unread.map_or((0, glance.sent), |(looks, from)| (looks.saturating_add(1), from));
        self.unread = Some((looks, from));
        let waited = self.step.saturating_mul(looks);
        let due = waited.as_millis().saturating_mul(u128::from(self.pace.bytes_per_second)) / 1_000;
        waited >= self.pace.grace && u128::from(glance.sent.saturating_sub(from)) < due
    }

    /// So many looks without a move make a timeout; up to one step more has passed.
    fn after(&mut self, glance: Glance) -> Verdict {
        self.still = if self.last == Some(glance) { self.still.saturating_add(1) } else { 0 };
        self.last = Some(glance);
        let too_slow = self.is_taken_too_slowly(glance);
        match glance.state {
            Standstill::InHead if self.still >= STEPS => Verdict::SayTooSlow,
            Standstill::Unread if too_slow || self.still >= STEPS => Verdict::Drop,
            Standstill::Idle if self.still >= self.idle_steps => Verdict::Close,
            Standstill::Idle | Standstill::InHead | Standstill::InCall | Standstill::Unread => Verdict::Wait,
        }
    }
}
