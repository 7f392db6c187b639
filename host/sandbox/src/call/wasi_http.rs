//! `wasi:http` 0.2: bodies stream both ways, and the head comes before the end.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime_wasi_http::WasiHttpView as _;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

use super::response::{self, Head};
use super::{CallContext, RequestBody};
use crate::component::{Component, Ready};
use crate::run::{Ended, Ran, bounded};
use crate::settings::Limits;
use crate::state::{HostState, Stop};
use crate::upload::Sandbox;

/// A call that is ready to run. The head comes when the guest sets it, or never; the end always comes.
pub struct WasiCall {
    /// Runs the guest. Nothing happens unless it is polled, beside whoever reads the rest; dropping it ends a guest that
    /// has not run long.
    pub work: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// The response's head and its body, as it grows. An error: the guest ended without one; [`Self::ran`] says how.
    pub head: oneshot::Receiver<Response<ResponseBody>>,
    /// How the call ended.
    pub ran: oneshot::Receiver<Ran<()>>,
}

/// A response body on its way from a guest. Ends with an error when the guest breaks off or passes its cap.
pub struct ResponseBody {
    body: HyperOutgoingBody,
    left: u64,
    /// Says that the guest has returned: what it has not written by then never comes.
    returned: oneshot::Receiver<()>,
    /// Tells the call how the body ended; the guest's instance is kept until then.
    whole: Option<oneshot::Sender<Result<(), Broken>>>,
}

/// Why a response body ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The guest stopped before it had finished the body.
    #[error("the component did not finish its response")]
    Unfinished,
    /// The body is larger than the release allows.
    #[error("the component's response is too large")]
    TooLarge,
    /// Its reader waited for it too long.
    #[error("the component was too slow with its response")]
    TooSlow,
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let this = &mut *self;
        let frame = match ready!(this.poll_written(context)) {
            None => {
                this.end(Ok(()));
                return Poll::Ready(None);
            }
            Some(Err(broken)) => {
                this.end(Err(broken));
                return Poll::Ready(Some(Err(broken)));
            }
            Some(Ok(frame)) => frame,
        };
        if let Some(data) = frame.data_ref() {
            let Some(left) = this.left.checked_sub(u64::try_from(data.len()).unwrap_or(u64::MAX)) else {
                this.end(Err(Broken::TooLarge));
                return Poll::Ready(Some(Err(Broken::TooLarge)));
            };
            this.left = left;
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

impl ResponseBody {
    /// What the guest has written. A body that rests after its guest has returned was never finished.
    fn poll_written(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let mut written = Pin::new(&mut self.body).poll_frame(context);
        if written.is_pending()
            && !self.returned.is_terminated()
            && Pin::new(&mut self.returned).poll(context).is_ready()
        {
            // The guest may have finished between the two looks.
            written = Pin::new(&mut self.body).poll_frame(context);
        }
        match written {
            Poll::Pending if self.returned.is_terminated() => Poll::Ready(Some(Err(Broken::Unfinished))),
            Poll::Pending => Poll::Pending,
            Poll::Ready(frame) => Poll::Ready(frame.map(|frame| frame.map_err(|_| Broken::Unfinished))),
        }
    }

    /// Ends the call: its guest is stopped, as one that broke off so. Dropping the body instead lets the guest run on,
    /// unheard.
    pub fn give_up(mut self, why: Broken) {
        self.end(Err(why));
    }

    fn end(&mut self, how: Result<(), Broken>) {
        if let Some(whole) = self.whole.take() {
            // The call itself may have ended meanwhile, for another reason.
            whole.send(how).ok();
        }
    }
}

type Outparam = Result<Response<HyperOutgoingBody>, ErrorCode>;

impl Sandbox {
    /// Makes a call of a `wasi:http` component on a fresh instance. Its URI must be absolute or have a `Host`.
    pub fn call_wasi_http(
        &self,
        component: &Arc<Component>,
        context: &CallContext,
        request: Request<RequestBody>,
        limits: &Arc<Limits>,
    ) -> WasiCall {
        let (queued, pace) = self.queue(component, context, limits);
        let (component, limits, signals) = (Arc::clone(component), Arc::clone(limits), self.threads().signals.clone());
        let (head_sender, head) = oneshot::channel();
        let guest = Box::pin(async move {
            let (_place, mut store) = match queued.begin().await {
                Ok(begun) => begun,
                Err(ended) => return ended,
            };
            let (sender, mut outparam) = oneshot::channel();
            let work = answer(&mut store, &component, request, sender);
            let both = async {
                let mut work = pin!(work);
                let (set, rest) = tokio::select! {
                    biased;
                    set = &mut outparam => (set.ok(), Some(work)),
                    // The store still holds an outparam that was never set: ask, do not wait.
                    ended = &mut work => {
                        ended?;
                        (outparam.try_recv().ok(), None)
                    }
                };
                let mut following = match pass_head(set, head_sender, &limits) {
                    Ok(following) => following,
                    // Nobody will read what it goes on to write.
                    Err(ended) => return Ok(ended),
                };
                if let Some(work) = rest {
                    tokio::select! {
                        biased;
                        ended = following.given_up() => return Ok(ended),
                        ended = work => ended?,
                    }
                }
                Ok(following.end().await)
            };
            let ended = bounded(pin!(both), limits.wall, &signals).await;
            ended.unwrap_or_else(Ended::Stopped).settle(store)
        });
        let sandbox = self.clone();
        let (end, ran) = oneshot::channel();
        let work = async move {
            let ended = sandbox.run(guest, pace).await;
            // Who asked may be gone; the call has run all the same.
            drop(end.send(ended));
        };
        WasiCall { work: Box::pin(work), head, ran }
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
    store.data_mut().instantiated();
    proxy.wasi_http_incoming_handler().call_handle(store, request, outparam).await
}

/// The call's side of a body that is under way.
struct Following {
    returned: oneshot::Sender<()>,
    whole: oneshot::Receiver<Result<(), Broken>>,
    /// How the body ended before the guest did. An error: its reader has gone.
    ended: Option<Result<Result<(), Broken>, oneshot::error::RecvError>>,
}

impl Following {
    /// Resolves when there is no use in letting the guest run on: its body is past its cap, or too slow.
    async fn given_up(&mut self) -> Ended<()> {
        let how = (&mut self.whole).await;
        self.ended = Some(how.clone());
        match how {
            Ok(Err(broken @ (Broken::TooLarge | Broken::TooSlow))) => ended_by(broken),
            Ok(Ok(()) | Err(Broken::Unfinished)) | Err(_) => std::future::pending().await,
        }
    }

    /// Says that the guest has returned, and waits until the body is read to its end, or given up.
    async fn end(self) -> Ended<()> {
        self.returned.send(()).ok();
        let how = match self.ended {
            Some(how) => how,
            None => self.whole.await,
        };
        match how {
            // A reader that has gone says nothing about the guest.
            Ok(Ok(())) | Err(_) => Ended::Answered(()),
            Ok(Err(broken)) => ended_by(broken),
        }
    }
}

fn ended_by(broken: Broken) -> Ended<()> {
    match broken {
        Broken::Unfinished => Ended::Invalid(broken.to_string()),
        Broken::TooLarge => Ended::TooLarge(broken.to_string()),
        Broken::TooSlow => Ended::Stopped(Stop::TooSlow.into()),
    }
}

fn follow(body: HyperOutgoingBody, left: u64) -> (ResponseBody, Following) {
    let (returning, returned) = oneshot::channel();
    let (ending, whole) = oneshot::channel();
    let body = ResponseBody { body, left, returned, whole: Some(ending) };
    (body, Following { returned: returning, whole, ended: None })
}

/// Checks what the guest set as its head, and passes it on.
fn pass_head(
    set: Option<Outparam>,
    sender: oneshot::Sender<Response<ResponseBody>>,
    limits: &Limits,
) -> Result<Following, Ended<()>> {
    let response = match set {
        Some(Ok(response)) => response,
        Some(Err(code)) => return Err(Ended::Invalid(format!("the component set an error: {code:?}"))),
        None => return Err(Ended::Invalid("the component set no response".to_owned())),
    };
    let (parts, body) = response.into_parts();
    let fields = parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
    match response::head(parts.status.as_u16(), fields, limits) {
        Head::Good(status, headers) => {
            let (body, following) = follow(body, limits.streamed_body.get());
            let mut response = Response::new(body);
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            // Who asked may be gone; the guest then finds its body closed.
            drop(sender.send(response));
            Ok(following)
        }
        Head::Invalid(why) => Err(Ended::Invalid(why)),
        Head::TooLarge(why) => Err(Ended::TooLarge(why)),
    }
}
