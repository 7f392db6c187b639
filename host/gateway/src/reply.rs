//! Responses on their way out: a whole body, or a stream whose head has left.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http::header::{self, HeaderName};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;

use crate::wire::Open;

/// Frames of a stream that may wait for the client. The guest waits behind them.
const FRAMES_AHEAD: usize = 4;

/// A response of the gateway.
pub(crate) type Reply = http::Response<ReplyBody>;

/// The stream broke after its head had left: the connection, or the HTTP/2 stream, is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the stream was interrupted")]
pub(crate) struct Interrupted;

/// A part of a stream. A stream whose sender is dropped before `End` was interrupted.
#[derive(Debug)]
pub(crate) enum Part {
    Data(Bytes),
    End,
}

/// A body on its way out. Holds the connection's note that an answer is under way.
#[derive(Debug)]
pub(crate) struct ReplyBody {
    content: Content,
    open: Option<Open>,
}

#[derive(Debug)]
enum Content {
    Whole(Bytes),
    Stream(mpsc::Receiver<Part>),
}

impl ReplyBody {
    /// A body that is there.
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self { content: Content::Whole(bytes), open: None }
    }

    /// A body that is still to come, and where it comes from.
    pub(crate) fn stream() -> (mpsc::Sender<Part>, Self) {
        let (sender, receiver) = mpsc::channel(FRAMES_AHEAD);
        (sender, Self { content: Content::Stream(receiver), open: None })
    }

    /// Keeps `open` until the body has left.
    pub(crate) fn holding(mut self, open: Open) -> Self {
        self.open = Some(open);
        self
    }

    /// Takes everything out, as the answer to `HEAD` has no body: how long it was, if that is known.
    pub(crate) fn clear(&mut self) -> Option<u64> {
        let length = self.size_hint().exact();
        self.content = Content::Whole(Bytes::new());
        length
    }

    /// The bytes of a body that is there.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> &[u8] {
        match &self.content {
            Content::Whole(bytes) => bytes,
            Content::Stream(_) => &[],
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Interrupted;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Interrupted>>> {
        match &mut self.content {
            Content::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Content::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Content::Stream(parts) => parts.poll_recv(cx).map(|part| match part {
                Some(Part::Data(bytes)) => Some(Ok(Frame::data(bytes))),
                Some(Part::End) => None,
                None => Some(Err(Interrupted)),
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.content, Content::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => SizeHint::with_exact(u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
            Content::Stream(_) => SizeHint::default(),
        }
    }
}

/// Whether a header belongs to one connection and is not passed on, either way.
pub(crate) fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authenticate"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// Takes out all headers that `is_unwanted`. One look at each is cheaper than a search for every name that might be
/// there.
pub(crate) fn strip(headers: &mut HeaderMap, is_unwanted: impl Fn(&HeaderName) -> bool) {
    let unwanted: Vec<HeaderName> = headers.keys().filter(|name| is_unwanted(name)).cloned().collect();
    for name in unwanted {
        headers.remove(name);
    }
}

/// Takes out what `Connection` names.
pub(crate) fn strip_named_by_connection(headers: &mut HeaderMap) {
    let Some(named) = headers.get(header::CONNECTION) else { return };
    let named: Vec<HeaderName> = named
        .to_str()
        .into_iter()
        .flat_map(|names| names.split(','))
        .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
}

/// Takes out of a guest's answer what is the host's to say, or belongs to one connection.
pub(crate) fn strip_guest_headers(headers: &mut HeaderMap) {
    strip_named_by_connection(headers);
    strip(headers, |name| {
        // The length is that of the body that leaves; two of them are how responses are smuggled.
        let hosts = matches!(
            name.as_str(),
            "content-length"
                | "x-request-id"
                | "ratelimit"
                | "ratelimit-policy"
                | "x-ratelimit-limit"
                | "x-ratelimit-remaining"
                | "x-ratelimit-reset"
        );
        hosts || is_hop_by_hop(name)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;

    #[test]
    fn hop_by_hop_headers_and_those_that_connection_names_are_taken_out() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, x-secret"),
            ("x-secret", "1"),
            ("transfer-encoding", "chunked"),
            ("content-length", "5"),
            ("x-request-id", "mine"),
            ("ratelimit", "mine"),
            ("content-type", "text/plain"),
        ] {
            headers.insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        strip_guest_headers(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["content-type"]);
    }

    #[tokio::test]
    async fn an_interrupted_stream_is_an_error_and_a_finished_one_is_not() {
        let (parts, body) = ReplyBody::stream();
        parts.send(Part::Data(Bytes::from_static(b"a"))).await.unwrap();
        parts.send(Part::End).await.unwrap();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "a");
        let (parts, body) = ReplyBody::stream();
        parts.send(Part::Data(Bytes::from_static(b"a"))).await.unwrap();
        drop(parts);
        assert_eq!(body.collect().await.unwrap_err(), Interrupted);
    }
}
