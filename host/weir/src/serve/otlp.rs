//! The exporter: calls as spans and what `/metrics` has, to a collector that speaks OTLP over HTTP.
//!
//! Calls hand their spans over to a queue with a limit, and never wait: what finds no room is dropped and counted. One
//! loop sends, one export after the other. Metrics are sums since the start, so that one that was lost costs nothing.

mod messages;
mod points;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use gateway::{CallSpan, Spans};
use prost::Message as _;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tokio_util::sync::CancellationToken;
use types::{Clock, Timestamp};

use self::points::Points;
use super::metrics::Metrics;
use crate::config::{Otel, Sampler};

/// How long the last exports may hold up the end of the host.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// What an answer may have: it is read no further.
const ANSWER_MAX: u64 = 64 * 1024;

/// Where calls hand their spans over.
pub(super) struct Exporter {
    to: mpsc::Sender<CallSpan>,
    shared: Arc<Shared>,
    /// Spans that may wait.
    most: usize,
    sampler: Sampler,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: AtomicUsize,
    dropped: AtomicU64,
}

impl Spans for Exporter {
    fn wants(&self, client_samples: Option<bool>) -> bool {
        self.sampler == Sampler::All || client_samples.unwrap_or(true)
    }

    fn ended(&self, span: CallSpan) {
        let spans = count(&span);
        // Counted first: what another thread sees may be too high for a moment, never too low.
        let before = self.shared.waiting.fetch_add(spans, Ordering::Relaxed);
        let fits = before.saturating_add(spans) <= self.most;
        if !fits || self.to.try_send(span).is_err() {
            self.shared.waiting.fetch_sub(spans, Ordering::Relaxed);
            self.shared.dropped.fetch_add(u64::try_from(spans).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }
}

/// A call is one span, and each visit of a state.
fn count(span: &CallSpan) -> usize {
    span.states.len().saturating_add(1)
}

/// What sends.
pub(super) struct Export {
    from: mpsc::Receiver<CallSpan>,
    shared: Arc<Shared>,
    otel: Otel,
    outlet: Arc<Outlet>,
    clock: Clock,
    started: Timestamp,
    /// Whether the last export of each kind failed: told when it changes.
    failing: BTreeMap<&'static str, bool>,
}

/// Both ends of the queue.
pub(super) fn open(otel: Otel, clock: Clock) -> (Exporter, Export) {
    let (to, from) = mpsc::channel(otel.queue);
    let shared = Arc::new(Shared::default());
    let exporter = Exporter { to, shared: Arc::clone(&shared), most: otel.queue, sampler: otel.sampler };
    let outlet = Arc::new(Outlet { agent: crate::client::agent(crate::client::Trust::System), otel: otel.clone() });
    (exporter, Export { from, shared, otel, outlet, started: clock.now(), clock, failing: BTreeMap::new() })
}

impl Export {
    /// Sends until the host closes, and then what is left.
    pub(super) async fn run(mut self, metrics: Metrics, closing: CancellationToken) -> anyhow::Result<()> {
        let mut points = interval_at(Instant::now() + self.otel.interval, self.otel.interval);
        points.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::new();
        let mut due = None;
        loop {
            let spans: usize = batch.iter().map(count).sum();
            let full = spans >= self.otel.batch;
            tokio::select! {
                biased;
                () = closing.cancelled() => break,
                _ = points.tick() => self.send_points(&metrics).await,
                () = sleep_until(due.unwrap_or_else(Instant::now)), if full || due.is_some() => {
                    self.send_spans(std::mem::take(&mut batch)).await;
                    due = None;
                }
                span = self.from.recv(), if !full => {
                    // It ends with the gateway, which outlives this loop.
                    let Some(span) = span else { break };
                    batch.push(span);
                    let now_full = batch.iter().map(count).sum::<usize>() >= self.otel.batch;
                    let wait = if now_full { Duration::ZERO } else { self.otel.delay };
                    due = Some(due.unwrap_or_else(|| Instant::now() + wait).min(Instant::now() + wait));
                }
            }
        }
        let last = async {
            while let Ok(span) = self.from.try_recv() {
                batch.push(span);
            }
            self.send_spans(batch).await;
            self.send_points(&metrics).await;
        };
        if tokio::time::timeout(LAST_WORDS, last).await.is_err() {
            tracing::warn!("the last spans and metrics were not exported in time");
        }
        Ok(())
    }

    async fn send_spans(&mut self, batch: Vec<CallSpan>) {
        let Some(url) = self.otel.traces.clone().filter(|_| !batch.is_empty()) else { return };
        self.shared.waiting.fetch_sub(batch.iter().map(count).sum(), Ordering::Relaxed);
        let dropped = self.shared.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            tracing::warn!(dropped, "spans found no room on their way out");
        }
        let request = messages::spans(&self.otel.resource, &batch);
        self.send("traces", url, request.encode_to_vec()).await;
    }

    async fn send_points(&mut self, metrics: &Metrics) {
        let Some(url) = self.otel.metrics.clone() else { return };
        let mut points = Points::new(self.started, self.clock.now());
        metrics.tell(&mut points).await;
        let request = messages::metrics(&self.otel.resource, points.finish());
        self.send("metrics", url, request.encode_to_vec()).await;
    }

    /// Sends one export. What cannot be sent is gone; it is told once, until one gets through again.
    async fn send(&mut self, kind: &'static str, url: String, body: Vec<u8>) {
        let outlet = Arc::clone(&self.outlet);
        let sent = tokio::task::spawn_blocking(move || outlet.post(&url, &body)).await;
        let sent = sent.context("the export was lost").and_then(|sent| sent);
        let failing = self.failing.entry(kind).or_default();
        match (sent, *failing) {
            (Err(error), false) => tracing::warn!(kind, why = format!("{error:#}"), "OTLP: an export failed"),
            (Ok(()), true) => tracing::info!(kind, "OTLP: exports get through again"),
            (Err(_), true) | (Ok(()), false) => return,
        }
        *failing = !*failing;
    }
}

/// The way to the collector.
struct Outlet {
    agent: ureq::Agent,
    otel: Otel,
}

impl Outlet {
    fn post(&self, url: &str, body: &[u8]) -> anyhow::Result<()> {
        let mut request = self.agent.post(url).content_type("application/x-protobuf");
        for (name, value) in &self.otel.headers {
            request = request.header(name, value);
        }
        let request = request.config().timeout_global(Some(self.otel.timeout)).build();
        let mut answer = request.send(body).with_context(|| format!("no answer from {url}"))?;
        if answer.status().is_success() {
            return Ok(());
        }
        let said = answer.body_mut().with_config().limit(ANSWER_MAX).read_to_string().unwrap_or_default();
        let said: String = said.chars().filter(|c| !c.is_control()).take(200).collect();
        bail!("{url} answered {}: {said}", answer.status())
    }
}

#[cfg(test)]
mod tests {
    use types::{CallId, Fuel, Outcome};

    use super::*;

    fn call() -> CallSpan {
        let now = Timestamp::from_micros(1_763_800_000_000_000);
        CallSpan {
            trace: 1,
            span: 2,
            parent: None,
            call: CallId::generate(now),
            started: now,
            took: Duration::from_millis(1),
            method: "GET".to_owned(),
            api: "a".into(),
            route: "/".into(),
            release: 1,
            status: 200,
            outcome: Outcome::Ok,
            error: None,
            fuel: Fuel::ZERO,
            states: Vec::new(),
        }
    }

    #[test]
    fn spans_that_find_no_room_are_counted_and_nobody_waits() {
        let endpoint = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"), ("OTEL_BSP_MAX_QUEUE_SIZE", "2")];
        let given = endpoint.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        let (exporter, mut export) = open(Otel::of(&given).unwrap().unwrap(), Clock::system());
        for _ in 0..5 {
            exporter.ended(call());
        }
        let waiting = std::iter::from_fn(|| export.from.try_recv().ok()).count();
        assert_eq!((waiting, export.shared.dropped.load(Ordering::Relaxed)), (2, 3));
        assert!(exporter.wants(None) && exporter.wants(Some(true)) && !exporter.wants(Some(false)));
    }
}
