//! `wasi:http` 0.2: bodies stream both ways, and the head comes before the end.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::oneshot;
use types::Outcome;
use wasmtime::Store;
use wasmtime_wasi_http::WasiHttpView as _;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

use super::response::{self, Head};
use super::{CallContext, RequestBody};
use crate::component::{Component, Ready};
use crate::run::{Ended, Ran, bounded};
use crate::settings::Limits;
use crate::state::{self, HostState};
use crate::upload::Sandbox;

/// A call under way. The head comes when the guest sets it, or never; the end always comes.
pub struct WasiCall {
    /// The response's head and its body, as it grows. An error: the guest ended without one; [`Self::ran`] says how.
    pub head: oneshot::Receiver<Response<ResponseBody>>,
    /// How the call ended. An error means that it panicked in the host.
    pub ran: oneshot::Receiver<Ran<()>>,
}

/// A response body on its way from a guest. Ends with an error when the guest breaks off or passes its cap.
pub struct ResponseBody {
    body: HyperOutgoingBody,
    left: u64,
}

/// Why a response body ended early.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The guest stopped before it had finished the body.
    #[error("the component did not finish its response")]
    Unfinished,
    /// The body is larger than the release allows.
    #[error("the component's response is too large")]
    TooLarge,
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            None => return Poll::Ready(None),
            Some(Err(_)) => return Poll::Ready(Some(Err(Broken::Unfinished))),
            Some(Ok(frame)) => frame,
        };
        if let Some(data) = frame.data_ref() {
            let Some(left) = self.left.checked_sub(u64::try_from(data.len()).unwrap_or(u64::MAX)) else {
                return Poll::Ready(Some(Err(Broken::TooLarge)));
            };
            self.left = left;
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

type Outparam = Result<Response<HyperOutgoingBody>, ErrorCode>;

impl Sandbox {
    /// Starts a call of a `wasi:http` component on a fresh instance. Its URI must be absolute or have a `Host`.
    pub fn call_wasi_http(
        &self,
        component: &Arc<Component>,
        context: &CallContext,
        request: Request<RequestBody>,
        limits: &Arc<Limits>,
    ) -> WasiCall {
        let state = self.state(context, limits);
        let slow_down = Arc::clone(&state.slow);
        let (component, engine, signals) =
            (Arc::clone(component), self.engine().clone(), self.threads().signals.clone());
        let (head_sender, head) = oneshot::channel();
        let call = async move {
            let limits = Arc::clone(&state.limits);
            let mut store = match state::store(&engine, state) {
                Ok(store) => store,
                Err(error) => return Ended::<()>::lost_engine(&error),
            };
            let (sender, mut outparam) = oneshot::channel();
            let work = answer(&mut store, &component, request, sender);
            let both = async {
                let mut work = std::pin::pin!(work);
                tokio::select! {
                    biased;
                    set = &mut outparam => {
                        let passed = pass_head(set.ok(), head_sender, &limits);
                        work.await.map(|()| passed)
                    }
                    // The store still holds an outparam that was never set: ask, do not wait.
                    ended = &mut work => ended.map(|()| pass_head(outparam.try_recv().ok(), head_sender, &limits)),
                }
            };
            match bounded(both, limits.wall, &signals).await {
                Err(error) => Ended::Stopped(error),
                Ok(ended) => ended,
            }
            .settle(store)
        };
        WasiCall { head, ran: self.threads().run(Box::pin(call), slow_down) }
    }
}

async fn answer(
    store: &mut Store<HostState>,
    component: &Component,
    request: Request<RequestBody>,
    sender: oneshot::Sender<Outparam>,
) -> wasmtime::Result<()> {
    let Ready::WasiHttp(pre) = &component.ready else {
        return Err(wasmtime::Error::msg("the component is not of the wasi:http world"));
    };
    let request = store.data_mut().http().new_incoming_request(Scheme::Http, request)?;
    let outparam = store.data_mut().http().new_response_outparam(sender)?;
    let proxy = pre.instantiate_async(&mut *store).await?;
    proxy.wasi_http_incoming_handler().call_handle(store, request, outparam).await
}

/// Checks what the guest set as its head, and passes it on.
fn pass_head(set: Option<Outparam>, sender: oneshot::Sender<Response<ResponseBody>>, limits: &Limits) -> Ended<()> {
    let response = match set {
        Some(Ok(response)) => response,
        Some(Err(code)) => return Ended::Invalid(format!("the component set an error: {code:?}")),
        None => return Ended::Invalid("the component set no response".to_owned()),
    };
    let (parts, body) = response.into_parts();
    let fields = parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    match response::head(parts.status.as_u16(), fields, limits) {
        Head::Good(status, headers) => {
            let mut response = Response::new(ResponseBody { body, left: limits.streamed_body.get() });
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            // Who asked may be gone; the guest then finds its body closed.
            drop(sender.send(response));
            Ended::Answered(())
        }
        Head::Invalid(why) => Ended::Invalid(why),
        Head::TooLarge(why) => Ended::TooLarge(why),
    }
}

impl Ended<()> {
    /// The engine gave no store: the host's fault.
    pub(crate) fn lost_engine<T>(error: &wasmtime::Error) -> Ran<T> {
        Ended::lost(Outcome::HostError, &format!("{error:#}"))
    }
}
