//! Bodies on their way out and in: counted, capped, and timed while they come.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};
use types::ByteCount;

use crate::client::Egress;
use crate::fault::{BodyFault, Denied};
use crate::headers;
use crate::line::{Grant, Tally};
use crate::pool::Key;
use crate::secret;
use crate::wire::Wire;

/// A request's body, as its sender gives it.
pub type OutBody = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// A request's body on its way: counted, and broken off at its cap or when its call is over.
pub(crate) struct Outgoing {
    pub(crate) body: OutBody,
    pub(crate) cap: ByteCount,
    pub(crate) sent: u64,
    pub(crate) grant: Arc<Grant>,
    pub(crate) tally: Arc<Tally>,
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            // Whoever is cut off in the middle only stops giving: it would go out as a whole body.
            None if self.tally.is_over() => return Poll::Ready(Some(Err(BodyFault::CallOver.into()))),
            None => return Poll::Ready(None),
            Some(Err(error)) => return Poll::Ready(Some(Err(BodyFault::Given(error).into()))),
            Some(Ok(frame)) => frame,
        };
        let checked = if let Some(data) = frame.data_ref() {
            let length = ByteCount::of(data.len()).get();
            self.tally.add_bytes(length);
            self.sent = self.sent.saturating_add(length);
            (self.sent <= self.cap.get()).then_some(()).ok_or(BodyFault::TooLarge(self.cap.get()))
        } else if let Some(trailers) = frame.trailers_ref() {
            check_trailers(trailers, &self.grant).map_err(BodyFault::Denied)
        } else {
            Ok(())
        };
        Poll::Ready(Some(checked.map(|()| frame).map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn check_trailers(trailers: &HeaderMap, grant: &Grant) -> Result<(), Denied> {
    headers::check(trailers)?;
    secret::check_trailers(trailers, &grant.secrets)
}

/// A response's body as it comes. Its connection waits for the next request once it was read to its end; dropping it
/// before closes the connection.
pub struct InBody {
    pub(crate) body: Incoming,
    pub(crate) cap: ByteCount,
    pub(crate) received: u64,
    pub(crate) between: Duration,
    /// Runs while a part is awaited.
    pub(crate) silence: Option<Pin<Box<Sleep>>>,
    pub(crate) tally: Arc<Tally>,
    /// What the request holds until its end.
    pub(crate) held: Option<Held>,
}

/// A request's connection, with its place in the house, and its place in its call.
pub(crate) struct Held {
    pub(crate) egress: Egress,
    pub(crate) key: Key,
    pub(crate) wire: Wire,
    pub(crate) _of_the_call: OwnedSemaphorePermit,
}

impl InBody {
    fn whole(&mut self) {
        if let Some(held) = self.held.take() {
            held.egress.keep(held.key, held.wire);
        }
    }

    fn broken(&mut self, fault: BodyFault) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        self.held = None;
        Poll::Ready(Some(Err(fault)))
    }
}

impl Body for InBody {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        let this = &mut *self;
        let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) else {
            let between = this.between;
            let silence = this.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep(between)));
            ready!(silence.as_mut().poll(context));
            return this.broken(BodyFault::TooSlow);
        };
        if let Some(silence) = &mut this.silence {
            silence.as_mut().reset(Instant::now() + this.between);
        }
        match frame {
            None => {
                this.whole();
                Poll::Ready(None)
            }
            Some(Err(error)) => this.broken(BodyFault::Http(error)),
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    let length = ByteCount::of(data.len()).get();
                    this.tally.add_bytes(length);
                    this.received = this.received.saturating_add(length);
                    if this.received > this.cap.get() {
                        return this.broken(BodyFault::TooLarge(this.cap.get()));
                    }
                }
                Poll::Ready(Some(Ok(stripped(frame))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for InBody {
    fn drop(&mut self) {
        // One that has no more to come need not have been asked for its end.
        if self.body.is_end_stream() {
            self.whole();
        }
    }
}

fn stripped(frame: Frame<Bytes>) -> Frame<Bytes> {
    match frame.into_trailers() {
        Ok(mut trailers) => {
            headers::strip(&mut trailers);
            Frame::trailers(trailers)
        }
        Err(frame) => frame,
    }
}
