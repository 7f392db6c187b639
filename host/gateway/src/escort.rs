//! What lets a call outlive its connection.
//!
//! A call is a future of its own. While the client waits it is driven by the client's connection, which spares each call
//! two hops between tasks. When the client goes away, or the head of a stream has left before the call's end, the call
//! moves into a tracked task and runs on: a disconnect makes no call free and cuts none off.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use crate::reply::Reply;

/// A call, driven to its reply.
pub(crate) type Driven = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// Whether anybody still waits for the answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Presence(Arc<AtomicBool>);

impl Presence {
    pub(crate) fn is_gone(&self) -> bool {
        self.0.load(Relaxed)
    }

    pub(crate) fn leave(&self) {
        self.0.store(true, Relaxed);
    }
}

/// The client's side of a call. Dropping it ends the wait and nothing else.
pub(crate) struct Escort {
    call: Option<Driven>,
    /// Where the head of a stream comes, before the call has ended.
    early: Option<oneshot::Receiver<Reply>>,
    presence: Presence,
    calls: TaskTracker,
    runtime: Handle,
}

impl Escort {
    /// Goes along with `call`. `calls` already counts it, and will run it on.
    pub(crate) fn new(
        call: Driven,
        early: Option<oneshot::Receiver<Reply>>,
        presence: Presence,
        calls: TaskTracker,
    ) -> Self {
        Self { call: Some(call), early, presence, calls, runtime: Handle::current() }
    }

    fn let_run_on(&mut self) {
        if let Some(call) = self.call.take() {
            self.calls.spawn_on(
                async move {
                    drop(call.await);
                },
                &self.runtime,
            );
        }
    }
}

impl Future for Escort {
    type Output = Reply;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Reply> {
        let this = &mut *self;
        if let Some(call) = &mut this.call
            && let Poll::Ready(reply) = call.as_mut().poll(cx)
        {
            this.call = None;
            return Poll::Ready(reply);
        }
        if let Some(early) = &mut this.early {
            match Pin::new(early).poll(cx) {
                Poll::Ready(Ok(reply)) => {
                    this.early = None;
                    this.let_run_on();
                    return Poll::Ready(reply);
                }
                // The call gave up its right to answer early: its own end is the answer.
                Poll::Ready(Err(_)) => this.early = None,
                Poll::Pending => {}
            }
        }
        Poll::Pending
    }
}

impl Drop for Escort {
    fn drop(&mut self) {
        if self.call.is_some() {
            self.presence.leave();
            self.let_run_on();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::ReplyBody;
    use bytes::Bytes;
    use futures_util::FutureExt as _;

    fn reply(text: &'static str) -> Reply {
        Reply::new(ReplyBody::whole(Bytes::from_static(text.as_bytes())))
    }

    #[tokio::test]
    async fn a_call_whose_client_left_runs_to_its_end() {
        let (calls, presence) = (TaskTracker::new(), Presence::default());
        let (go, went) = oneshot::channel::<()>();
        let (done, ended) = oneshot::channel();
        let seen = presence.clone();
        let call: Driven = Box::pin(async move {
            went.await.unwrap();
            done.send(seen.is_gone()).unwrap();
            reply("late")
        });
        let mut escort = Escort::new(call, None, presence, calls.clone());
        assert!((&mut escort).now_or_never().is_none());
        drop(escort);
        go.send(()).unwrap();
        assert!(ended.await.unwrap(), "the call sees that its client left");
        calls.close();
        calls.wait().await;
    }

    #[tokio::test]
    async fn an_early_head_leaves_while_the_call_runs_on() {
        let (calls, presence) = (TaskTracker::new(), Presence::default());
        let (head, early) = oneshot::channel();
        let (done, ended) = oneshot::channel();
        let seen = presence.clone();
        let call: Driven = Box::pin(async move {
            head.send(reply("head")).unwrap();
            tokio::task::yield_now().await;
            done.send(seen.is_gone()).unwrap();
            reply("unused")
        });
        let first = Escort::new(call, Some(early), presence, calls.clone()).await;
        assert_eq!(first.body().bytes(), b"head");
        assert!(!ended.await.unwrap());
        calls.close();
        calls.wait().await;
    }
}
