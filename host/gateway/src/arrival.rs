//! Bodies as they arrive, from a client or from a guest: counted, timed, and cut off where they pass a limit.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};
use types::ByteCount;

/// How slowly a body may come or be taken. Only time spent waiting for the other side counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The longest wait for the next bytes.
    pub idle: Duration,
    /// From this much waiting on, the rate counts.
    pub grace: Duration,
    /// Bytes for each second of waiting.
    pub bytes_per_second: u64,
}

/// How long the other side has been waited for, held against what it has moved.
#[derive(Debug)]
pub(crate) struct Waited {
    pace: Pace,
    moved: u64,
    spent: Duration,
}

/// The other side has been waited for too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooSlow;

impl Waited {
    pub(crate) fn new(pace: Pace) -> Self {
        Self { pace, moved: 0, spent: Duration::ZERO }
    }

    /// Waits for the other side to do `next`, which moves so many bytes.
    ///
    /// # Errors
    ///
    /// [`TooSlow`]; `next` is dropped.
    pub(crate) async fn wait<T>(&mut self, next: impl Future<Output = T>, bytes: usize) -> Result<T, TooSlow> {
        let since = Instant::now();
        let done = tokio::time::timeout_at(self.deadline(since), next).await.map_err(|_| TooSlow)?;
        self.note(since.elapsed(), bytes);
        Ok(done)
    }

    fn note(&mut self, waited: Duration, bytes: usize) {
        self.spent = self.spent.saturating_add(waited);
        self.moved = self.moved.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// When the other side, if nothing moves until then, is too slow.
    fn deadline(&self, since: Instant) -> Instant {
        let due_us = self.moved.saturating_mul(1_000_000).checked_div(self.pace.bytes_per_second);
        let due = due_us.map_or(Duration::MAX, Duration::from_micros);
        let rate = due.max(self.pace.grace).saturating_sub(self.spent);
        let patience = rate.min(self.pace.idle);
        since.checked_add(patience).unwrap_or(since)
    }
}

/// Why a body did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyFault {
    #[error("the body is larger than {0} bytes")]
    TooLarge(ByteCount),
    #[error("the body came too slowly")]
    TooSlow,
    #[error("the body broke off or is badly framed")]
    Broken,
}

/// What has become of a body that somebody else reads.
#[derive(Debug, Default)]
pub(crate) struct Arrived {
    bytes: AtomicU64,
    fault: OnceLock<BodyFault>,
}

impl Arrived {
    /// How much of it came.
    pub(crate) fn bytes(&self) -> ByteCount {
        ByteCount::saturating(self.bytes.load(Relaxed))
    }

    /// Why no more came.
    pub(crate) fn fault(&self) -> Option<BodyFault> {
        self.fault.get().copied()
    }
}

/// A body that is watched while it is read. After a fault nothing more comes.
pub(crate) struct Arriving<B> {
    body: B,
    limit: ByteCount,
    arrived: Option<Arc<Arrived>>,
    waited: Waited,
    waiting_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
    ended: bool,
}

impl<B: Body<Data = Bytes> + Unpin> Arriving<B> {
    pub(crate) fn new(body: B, pace: Pace, limit: ByteCount) -> Self {
        let ended = body.is_end_stream();
        Self { body, limit, arrived: None, waited: Waited::new(pace), waiting_since: None, timer: None, ended }
    }

    /// The body itself.
    pub(crate) fn into_inner(self) -> B {
        self.body
    }

    /// Lets somebody else see what becomes of it.
    pub(crate) fn observe(&mut self) -> Arc<Arrived> {
        Arc::clone(self.arrived.get_or_insert_default())
    }

    /// Reads the body to its end.
    ///
    /// # Errors
    ///
    /// [`BodyFault`]; what had come is dropped.
    pub(crate) async fn collect(mut self) -> Result<Bytes, BodyFault> {
        let mut first = Bytes::new();
        let mut all: Option<BytesMut> = None;
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut self).poll_frame(cx)).await {
            let Ok(data) = frame?.into_data() else { continue };
            match &mut all {
                Some(all) => all.extend_from_slice(&data),
                None if first.is_empty() => first = data,
                None => {
                    let mut joined = BytesMut::with_capacity(first.len().saturating_add(data.len()).saturating_mul(2));
                    joined.extend_from_slice(&first);
                    joined.extend_from_slice(&data);
                    all = Some(joined);
                }
            }
        }
        Ok(all.map_or(first, BytesMut::freeze))
    }

    fn fail(&mut self, fault: BodyFault) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        self.ended = true;
        if let Some(arrived) = &self.arrived {
            // The first fault is the only one: nothing comes after it.
            arrived.fault.get_or_init(|| fault);
        }
        Poll::Ready(Some(Err(fault)))
    }

    /// Whether the sender has been waited for too long. Wakes when it has.
    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let deadline = self.waited.deadline(since);
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx).is_ready()
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Arriving<B> {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let Poll::Ready(next) = Pin::new(&mut self.body).poll_frame(cx) else {
            return if self.is_late(cx) { self.fail(BodyFault::TooSlow) } else { Poll::Pending };
        };
        if let Some(since) = self.waiting_since.take() {
            self.waited.note(since.elapsed(), 0);
        }
        match next {
            None => {
                self.ended = true;
                Poll::Ready(None)
            }
            Some(Err(_)) => self.fail(BodyFault::Broken),
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, Bytes::len);
                self.waited.note(Duration::ZERO, length);
                let seen = self.waited.moved;
                if let Some(arrived) = &self.arrived {
                    arrived.bytes.store(seen, Relaxed);
                }
                if seen > self.limit.get() {
                    let limit = self.limit;
                    return self.fail(BodyFault::TooLarge(limit));
                }
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::{Part, ReplyBody};

    const PACE: Pace =
        Pace { idle: Duration::from_millis(200), grace: Duration::from_millis(100), bytes_per_second: 10_240 };

    /// Sends `length` bytes every `every`, `times` times.
    async fn trickle(length: usize, every: Duration, times: u32) -> Result<usize, BodyFault> {
        let (frames, body) = ReplyBody::stream();
        let send = async move {
            for _ in 0..times {
                tokio::time::sleep(every).await;
                if frames.send(Part::Data(Bytes::from(vec![0; length]))).await.is_err() {
                    return;
                }
            }
            drop(frames.send(Part::End).await);
        };
        let read = Arriving::new(body, PACE, ByteCount::kib(64)).collect();
        let (read, ()) = tokio::join!(read, send);
        read.map(|bytes| bytes.len())
    }

    #[tokio::test]
    async fn a_body_at_the_least_rate_arrives_and_one_below_it_is_cut() {
        let often = Duration::from_millis(10);
        // A busy machine may deliver at a fraction of this.
        assert_eq!(trickle(2_000, often, 30).await, Ok(60_000));
        assert_eq!(trickle(10, often, 30).await, Err(BodyFault::TooSlow));
    }

    #[tokio::test]
    async fn silence_ends_after_the_idle_time_whatever_came_before() {
        let (frames, body) = ReplyBody::stream();
        frames.send(Part::Data(Bytes::from(vec![0; 60_000]))).await.unwrap();
        let started = Instant::now();
        assert_eq!(Arriving::new(body, PACE, ByteCount::kib(64)).collect().await, Err(BodyFault::TooSlow));
        assert!(started.elapsed() >= PACE.idle && started.elapsed() < PACE.idle * 5, "{:?}", started.elapsed());
        drop(frames);
    }

    #[tokio::test]
    async fn a_body_past_its_limit_is_cut_while_it_is_read() {
        let (frames, body) = ReplyBody::stream();
        frames.send(Part::Data(Bytes::from(vec![0; 1_000]))).await.unwrap();
        frames.send(Part::Data(Bytes::from(vec![0; 1_000]))).await.unwrap();
        let limit = ByteCount::saturating(1_999);
        assert_eq!(Arriving::new(body, PACE, limit).collect().await, Err(BodyFault::TooLarge(limit)));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_a_fault() {
        let (frames, body) = ReplyBody::stream();
        drop(frames);
        assert_eq!(Arriving::new(body, PACE, ByteCount::kib(1)).collect().await, Err(BodyFault::Broken));
    }
}
