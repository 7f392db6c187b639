//! The socket of one connection, watched: what hyper answers by itself becomes a problem document, and who is too slow
//! is told so and cut off.
//!
//! hyper answers a head that it cannot parse with a bare status. Every answer of this host has an id and a body that says
//! what is wrong, so such a write is replaced here, and the connection ends. The watch costs no timer per request: the
//! connection's loop looks at [`Watch`] a few times per head timeout.
//!
//! What comes in goes past [`Framing`] first. A connection that ends while its client still sends is closed in two steps:
//! the host says that it will send no more, then takes what still comes, for a while. Closed at once, it would be reset,
//! and the client could lose the answer that says why.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;
use types::{CallId, Clock, Code};

use crate::framing::Framing;
use crate::log;
use crate::refusal::Refusal;

/// How long a client may go on to send once its answer has left: a guess at what the rest of an upload takes.
const LINGER: Duration = Duration::from_secs(3);
/// How much it may send meanwhile: half of the largest body that any release may take.
const LINGER_BYTES: usize = 16 << 20;
/// What is thrown away at a time.
const SCRATCH: usize = 8 * 1_024;

/// What is seen of a connection from its socket and from its requests.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Requests begun.
    begun: AtomicU64,
    /// Requests begun and not answered in full.
    open: AtomicU64,
    /// Bytes that came since the last request began.
    since_begun: AtomicU64,
    /// Bytes that left.
    sent: AtomicU64,
    /// The peer takes no more bytes.
    stalled: AtomicBool,
    /// It speaks HTTP/2: bytes come for other things than requests, and hyper's answers are frames.
    http2: AtomicBool,
    /// The next read ends the connection with a word to the client.
    too_slow: AtomicBool,
}

/// One look at a [`Watch`]; two that are equal mean that nothing moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Glance {
    begun: u64,
    pub(crate) sent: u64,
    pub(crate) state: Standstill,
}

/// What a connection waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standstill {
    /// For nothing: no request is open and no byte of one has come.
    Idle,
    /// For the rest of a head.
    InHead,
    /// For the host's answer, or for a body, which has its own limits.
    InCall,
    /// For the client to take what was sent.
    Unread,
}

impl Watch {
    pub(crate) fn glance(&self) -> Glance {
        let state = if self.stalled.load(Relaxed) {
            Standstill::Unread
        } else if self.open.load(Relaxed) > 0 {
            Standstill::InCall
        } else if self.since_begun.load(Relaxed) > 0 && !self.http2.load(Relaxed) {
            Standstill::InHead
        } else {
            Standstill::Idle
        };
        Glance { begun: self.begun.load(Relaxed), sent: self.sent.load(Relaxed), state }
    }

    /// Notes that a request began; the guard, that it was answered.
    pub(crate) fn request_began(self: &Arc<Self>) -> Open {
        self.begun.fetch_add(1, Relaxed);
        self.open.fetch_add(1, Relaxed);
        Open(Arc::clone(self))
    }

    /// Makes the next read end the connection with 408.
    pub(crate) fn expire(&self) {
        self.too_slow.store(true, Relaxed);
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct Open(Arc<Watch>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.since_begun.store(0, Relaxed);
        self.0.open.fetch_sub(1, Relaxed);
    }
}

/// A socket with its watch.
#[derive(Debug)]
pub(crate) struct Wire<S> {
    socket: S,
    watch: Arc<Watch>,
    clock: Clock,
    framing: Framing,
    /// A replaced answer has left: what hyper still believes to write would not fit behind it.
    ended: bool,
    /// Set when the host has said its last word and waits for the client's.
    lingering: Option<Lingering>,
}

#[derive(Debug)]
struct Lingering {
    until: Pin<Box<Sleep>>,
    left: usize,
}

impl<S: AsyncWrite + Unpin> Wire<S> {
    pub(crate) fn new(socket: S, watch: Arc<Watch>, clock: Clock) -> Self {
        Self { socket, watch, clock, framing: Framing::default(), ended: false, lingering: None }
    }

    /// Sends a refusal past hyper, as far as the socket takes it at once, and ends the connection.
    fn end_with(&mut self, code: Code, cx: &mut Context<'_>) {
        self.ended = true;
        let call = CallId::generate(self.clock.now());
        let refusal = Refusal::new(code);
        let refusal = match self.framing.fault().filter(|_| code == Code::RequestInvalid) {
            Some(fault) => refusal.detail(fault.text()),
            None => refusal,
        };
        let answer = refusal.to_wire(call);
        // Best effort: a client that sends garbage and does not read has had its answer.
        if let Poll::Ready(Err(error)) = Pin::new(&mut self.socket).poll_write(cx, &answer) {
            tracing::debug!(%error, "could not tell a client what was wrong with its request");
        }
        log::malformed(call, code);
    }

    fn outgoing(&mut self, cx: &mut Context<'_>, first: &[u8]) -> Option<io::Result<()>> {
        if self.ended {
            return Some(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let code = bare_answer(first).filter(|_| !self.watch.http2.load(Relaxed))?;
        self.end_with(code, cx);
        Some(Ok(()))
    }

    fn note(&self, wrote: &Poll<io::Result<usize>>) {
        match wrote {
            Poll::Ready(Ok(count)) => {
                self.watch.stalled.store(false, Relaxed);
                self.watch.sent.fetch_add(u64::try_from(*count).unwrap_or(u64::MAX), Relaxed);
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.watch.stalled.store(true, Relaxed),
        }
    }
}

/// Recognises an answer that hyper made by itself: an error's head without the id that all of ours carry.
fn bare_answer(bytes: &[u8]) -> Option<Code> {
    let code = match bytes.strip_prefix(b"HTTP/1.")?.get(1..5)? {
        b" 400" => Code::RequestInvalid,
        b" 414" => Code::UriTooLong,
        b" 431" => Code::HeadersTooLarge,
        _ => return None,
    };
    let ours = bytes.windows(14).any(|window| window.eq_ignore_ascii_case(b"\r\nx-request-id"));
    (!ours).then_some(code)
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.watch.too_slow.load(Relaxed) {
            if !self.ended {
                self.end_with(Code::RequestTimeout, cx);
            }
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(cx, buffer);
        let fresh = buffer.filled_mut().get_mut(before..).unwrap_or_default();
        if !fresh.is_empty() {
            self.framing.check(fresh);
            if self.framing.is_http2() {
                self.watch.http2.store(true, Relaxed);
            }
            self.watch.since_begun.fetch_add(u64::try_from(fresh.len()).unwrap_or(u64::MAX), Relaxed);
        }
        read
    }
}

impl<S: AsyncRead + Unpin> Wire<S> {
    /// Takes what still comes, until the client ends it, or time or patience run out.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let begin = || Lingering { until: Box::pin(tokio::time::sleep(LINGER)), left: LINGER_BYTES };
        let lingering = self.lingering.get_or_insert_with(begin);
        let mut scratch = [0; SCRATCH];
        while lingering.left > 0 && lingering.until.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut scratch);
            let read = ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                break;
            }
            lingering.left = lingering.left.saturating_sub(buffer.filled().len());
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(replaced) = self.outgoing(cx, bytes) {
            return Poll::Ready(replaced.map(|()| bytes.len()));
        }
        let wrote = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.note(&wrote);
        wrote
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = bytes.first().map_or(&[][..], |slice| slice);
        if let Some(replaced) = self.outgoing(cx, first) {
            return Poll::Ready(replaced.map(|()| bytes.iter().map(|slice| slice.len()).sum()));
        }
        let wrote = Pin::new(&mut self.socket).poll_write_vectored(cx, bytes);
        self.note(&wrote);
        wrote
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.socket).poll_shutdown(cx))?;
        }
        if self.framing.is_within_request() {
            ready!(self.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn a_bare_error_of_the_http_library_gets_an_id_and_a_reason_and_ends_the_connection() {
        let (near, mut far) = tokio::io::duplex(4_096);
        let mut wire = Wire::new(near, Arc::default(), Clock::system());
        wire.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: x\r\n\r\n").await.unwrap();
        assert!(wire.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.is_err());
        drop(wire);
        let mut answer = String::new();
        far.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        assert!(answer.contains("x-request-id: call_"), "{answer}");
        assert!(answer.contains("\"code\":\"request-invalid\""), "{answer}");
    }

    #[tokio::test]
    async fn frames_between_requests_are_no_half_sent_head() {
        let (near, mut far) = tokio::io::duplex(4_096);
        let watch = Arc::new(Watch::default());
        let mut wire = Wire::new(near, Arc::clone(&watch), Clock::system());
        far.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        assert_eq!(wire.read(&mut [0; 64]).await.unwrap(), 24);
        assert_eq!(watch.glance().state, Standstill::Idle);
    }

    #[tokio::test]
    async fn our_own_answers_pass_untouched() {
        for answer in
            ["HTTP/1.1 400 Bad Request\r\nx-request-id: call_1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "40 bytes"]
        {
            let (near, mut far) = tokio::io::duplex(4_096);
            let mut wire = Wire::new(near, Arc::default(), Clock::system());
            wire.write_all(answer.as_bytes()).await.unwrap();
            drop(wire);
            let mut seen = String::new();
            far.read_to_string(&mut seen).await.unwrap();
            assert_eq!(seen, answer);
        }
    }

    #[tokio::test]
    async fn a_watch_tells_idle_from_a_half_sent_head() {
        let (near, mut far) = tokio::io::duplex(4_096);
        let watch = Arc::new(Watch::default());
        let mut wire = Wire::new(near, Arc::clone(&watch), Clock::system());
        assert_eq!(watch.glance().state, Standstill::Idle);
        far.write_all(b"GET / HT").await.unwrap();
        assert_eq!(wire.read(&mut [0; 64]).await.unwrap(), 8);
        assert_eq!(watch.glance().state, Standstill::InHead);
        let open = watch.request_began();
        assert_eq!(watch.glance().state, Standstill::InCall);
        drop(open);
        assert_eq!(watch.glance().state, Standstill::Idle);
        watch.expire();
        assert!(wire.read(&mut [0; 64]).await.is_err());
        drop(wire);
        let mut answer = String::new();
        far.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
}
