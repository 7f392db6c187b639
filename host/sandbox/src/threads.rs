//! The threads that guests run on: short calls, long calls, and the ticker that tells them apart.
//!
//! A guest that has used up its first slice goes on on threads of the lowest priority, so that calls which spin share
//! what is left over and short calls keep their latency beside them.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};
use wasmtime::EngineWeak;

use crate::settings::StartError;

/// How often running guests are looked at.
const TICK: Duration = Duration::from_millis(2);
/// The lowest priority there is.
const LOWEST: i32 = 19;

/// What the host tells all calls at once.
#[derive(Debug, Clone)]
pub(crate) struct Signals {
    aborting: Arc<AtomicBool>,
    aborted: watch::Sender<bool>,
}

impl Signals {
    pub(crate) fn new() -> Self {
        Self { aborting: Arc::new(AtomicBool::new(false)), aborted: watch::Sender::new(false) }
    }

    pub(crate) fn aborting(&self) -> bool {
        self.aborting.load(Ordering::Relaxed)
    }

    /// Resolves when the host ends every call.
    pub(crate) async fn aborted(&self) {
        let mut receiver = self.aborted.subscribe();
        // An error means that no signal can come any more: wait for ever, the deadline ends the call.
        if receiver.wait_for(|aborted| *aborted).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    pub(crate) fn abort_all(&self) {
        self.aborting.store(true, Ordering::Relaxed);
        self.aborted.send_replace(true);
    }
}

/// The runtimes and the ticker. Dropping it stops them without waiting for guests.
#[derive(Debug)]
pub(crate) struct Threads {
    fast: Option<Runtime>,
    slow: Option<Runtime>,
    pub(crate) signals: Signals,
}

impl Threads {
    pub(crate) fn start(engine: EngineWeak, workers: usize) -> Result<Self, StartError> {
        let io = |step| move |source| StartError::Io { step, source };
        let fast = Builder::new_multi_thread()
            .worker_threads(workers.max(1))
            .thread_name("weir-guest")
            .enable_time()
            .build()
            .map_err(io("start the guest threads"))?;
        let slow = Builder::new_multi_thread()
            .worker_threads(workers.max(1))
            .thread_name("weir-slow")
            .enable_time()
            .on_thread_start(|| {
                if let Err(error) = rustix::process::setpriority_process(None, LOWEST) {
                    tracing::warn!(%error, "long calls keep their priority: it could not be lowered");
                }
            })
            .build()
            .map_err(io("start the threads of long calls"))?;
        tick(engine).map_err(io("start the ticker"))?;
        Ok(Self { fast: Some(fast), slow: Some(slow), signals: Signals::new() })
    }

    /// Runs one call, and answers its end. Dropping what this gives back does not stop the call.
    ///
    /// A component whose last call ran long begins among the long ones: they share what the short ones leave over, from
    /// their first instruction on.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        mut call: Pin<Box<dyn Future<Output = T> + Send>>,
        pace: Pace,
    ) -> oneshot::Receiver<T> {
        let (sender, receiver) = oneshot::channel();
        let (Some(fast), Some(slow)) = (&self.fast, &self.slow) else { return receiver };
        let slow = slow.handle().clone();
        if pace.component_runs_long.load(Ordering::Relaxed) {
            slow.spawn(async move {
                let ended = call.await;
                pace.component_runs_long.store(pace.runs_long.load(Ordering::Relaxed), Ordering::Relaxed);
                drop(sender.send(ended));
            });
            return receiver;
        }
        fast.spawn(async move {
            let ended = poll_fn(|context| match call.as_mut().poll(context) {
                Poll::Ready(ended) => Poll::Ready(Some(ended)),
                Poll::Pending if pace.runs_long.load(Ordering::Relaxed) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            })
            .await;
            // Who asked may be gone; the call has run all the same.
            match ended {
                Some(ended) => drop(sender.send(ended)),
                None => {
                    pace.component_runs_long.store(true, Ordering::Relaxed);
                    drop(slow.spawn(async move { drop(sender.send(call.await)) }));
                }
            }
        });
        receiver
    }
}

/// What decides on which threads a call runs.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Set by the call itself, at a tick, when it has worked for long.
    pub(crate) runs_long: Arc<AtomicBool>,
    /// Whether the component's last call did.
    pub(crate) component_runs_long: Arc<AtomicBool>,
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.signals.abort_all();
        for runtime in [self.fast.take(), self.slow.take()].into_iter().flatten() {
            runtime.shutdown_background();
        }
    }
}

/// A thread of the operating system: a guest that spins can hold up a timer of its own runtime, never this.
fn tick(engine: EngineWeak) -> std::io::Result<()> {
    let work = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    };
    std::thread::Builder::new().name("weir-ticker".into()).spawn(work).map(drop)
}
