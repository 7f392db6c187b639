//! Where guests run: a short call on the thread that asks, a long one on threads of its own; and the ticker that tells
//! them apart.
//!
//! Nothing is handed from thread to thread for a short call. A guest that has used up its first slice, at most two ticks,
//! goes on on threads of the lowest priority, so that calls which spin share what is left over and short calls keep
//! their latency beside them (docs/adr/0008-short-guests-run-where-they-are-called.md). These threads rest between slices
//! (docs/adr/0058-long-guests-rest-between-slices.md).

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;
use wasmtime::EngineWeak;

use crate::settings::StartError;
use crate::state::{LONG_WORK, ThreadTime};

/// How often running guests are looked at.
const TICK: Duration = Duration::from_millis(2);
/// The lowest priority there is.
const LOWEST: i32 = 19;
/// How long a thread of long calls rests after each slice. The kernel shares out time, not turns: a task that it owes none to,
/// even its own that waits to send a write to the disk, may stand behind one of the lowest priority until that sleeps.
const REST: Duration = Duration::from_micros(100);

/// What the host tells all calls at once, and one of them alone.
#[derive(Debug, Clone)]
pub(crate) struct Signals {
    aborting: Arc<AtomicBool>,
    aborted: watch::Sender<bool>,
    /// Ends this call alone.
    halt: Option<CancellationToken>,
}

impl Signals {
    pub(crate) fn new() -> Self {
        Self { aborting: Arc::new(AtomicBool::new(false)), aborted: watch::Sender::new(false), halt: None }
    }

    /// As one call hears them, which `halt` ends too.
    pub(crate) fn halted_by(&self, halt: Option<&CancellationToken>) -> Self {
        Self { halt: halt.cloned(), ..self.clone() }
    }

    pub(crate) fn aborting(&self) -> bool {
        self.aborting.load(Ordering::Relaxed) || self.halt.as_ref().is_some_and(CancellationToken::is_cancelled)
    }

    /// Resolves when the host ends the call.
    pub(crate) async fn aborted(&self) {
        match &self.halt {
            None => self.all_aborted().await,
            Some(halt) => tokio::select! {
                () = halt.cancelled() => {}
                () = self.all_aborted() => {}
            },
        }
    }

    async fn all_aborted(&self) {
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

/// The threads of long calls and the ticker. Dropping it stops them without waiting for guests.
#[derive(Debug)]
pub(crate) struct Threads {
    long: Option<Runtime>,
    pub(crate) signals: Signals,
}

impl Threads {
    pub(crate) fn start(engine: EngineWeak, workers: usize) -> Result<Self, StartError> {
        let io = |step| move |source| StartError::Io { step, source };
        let long = Builder::new_multi_thread()
            .worker_threads(workers.max(1))
            .thread_name("weir-guest")
            .enable_time()
            .on_thread_start(|| {
                if let Err(error) = rustix::process::setpriority_process(None, LOWEST) {
                    tracing::warn!(%error, "long calls keep their priority: it could not be lowered");
                }
            })
            .build()
            .map_err(io("start the threads of long calls"))?;
        tick(engine).map_err(io("start the ticker"))?;
        Ok(Self { long: Some(long), signals: Signals::new() })
    }

    /// Runs one call to its end; `None` when it panicked.
    ///
    /// It begins on the caller's thread, unless its priority is the lowest or its component is known to run long. Dropping
    /// the future ends a call that is still there, and none that has moved.
    pub(crate) async fn run<T: Send + 'static>(&self, mut call: Work<T>, pace: Pace) -> Option<T> {
        if pace.priority == Priority::Usual && !pace.component.is_long() {
            let here = poll_fn(|context| match call.as_mut().poll(context) {
                Poll::Ready(ended) => Poll::Ready(Some(ended)),
                Poll::Pending if pace.is_long() => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            });
            match AssertUnwindSafe(here).catch_unwind().await {
                Ok(Some(ended)) => {
                    pace.note();
                    return Some(ended);
                }
                Ok(None) => pace.note(),
                Err(_) => return None,
            }
        }
        let (sender, receiver) = oneshot::channel();
        self.long.as_ref()?.spawn(async move {
            let slices = poll_fn(|context| {
                let before = ThreadTime::now();
                let polled = call.as_mut().poll(context);
                if ThreadTime::now().since(before) >= LONG_WORK {
                    std::thread::sleep(REST);
                }
                polled
            });
            let ended = slices.await;
            pace.note();
            // Who asked may be gone; the call has run all the same.
            drop(sender.send(ended));
        });
        // The sender is dropped without an answer when the call panicked.
        receiver.await.ok()
    }
}

/// A call that is under way.
pub(crate) type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Where a guest stands when the processors do not suffice for all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Priority {
    /// It begins where it is called, unless its component is known to run long.
    #[default]
    Usual,
    /// It begins on the threads of the lowest priority, as one does that runs long: it gives way to others.
    Lowest,
}

/// What decides on which threads a call runs.
#[derive(Debug)]
pub(crate) struct Pace {
    /// With what it begins.
    pub(crate) priority: Priority,
    /// Set by the call itself when it has worked for long.
    pub(crate) runs_long: Arc<AtomicBool>,
    /// What is known of its component.
    pub(crate) component: Arc<Habit>,
}

impl Pace {
    fn is_long(&self) -> bool {
        self.runs_long.load(Ordering::Relaxed)
    }

    /// Remembers how long the call ran.
    fn note(&self) {
        if self.is_long() { self.component.suspect() } else { self.component.trust() }
    }
}

/// Whether a component's calls run long. After one that did it takes a number of short ones to be trusted again: else
/// one that ran long every other time would hold up the threads of short calls for half of its calls.
#[derive(Debug, Default)]
pub(crate) struct Habit {
    /// Calls still to run among the long ones.
    probation: AtomicU32,
}

/// Short calls in a row that make a component a short one. A guess.
const PROBATION: u32 = 32;

impl Habit {
    pub(crate) fn is_long(&self) -> bool {
        self.probation.load(Ordering::Relaxed) > 0
    }

    /// A call ran long.
    fn suspect(&self) {
        self.probation.store(PROBATION, Ordering::Relaxed);
    }

    /// A call was short.
    fn trust(&self) {
        let left = self.probation.load(Ordering::Relaxed);
        if left > 0 {
            // Two at once may take off one: it is a habit, not a count.
            self.probation.store(left - 1, Ordering::Relaxed);
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.signals.abort_all();
        if let Some(long) = self.long.take() {
            long.shutdown_background();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Role, engine};

    async fn thread_of(priority: Priority) -> Option<String> {
        let engine = engine(Role::Run { slots: 1 }).unwrap();
        let threads = Threads::start(engine.weak(), 1).unwrap();
        let pace = Pace { priority, runs_long: Arc::default(), component: Arc::default() };
        let work = Box::pin(async { std::thread::current().name().map(str::to_owned) });
        threads.run(work, pace).await.unwrap()
    }

    #[tokio::test]
    async fn a_guest_runs_where_it_is_called_unless_it_gives_way() {
        assert_eq!(thread_of(Priority::Usual).await.as_deref(), std::thread::current().name());
        assert_eq!(thread_of(Priority::Lowest).await.as_deref(), Some("weir-guest"));
    }

    /// How often this thread has let go of its processor by itself.
    fn rests() -> u64 {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
        line.trim().parse().unwrap()
    }

    #[tokio::test]
    async fn a_thread_of_long_guests_rests_after_each_slice() {
        let engine = engine(Role::Run { slots: 1 }).unwrap();
        let threads = Threads::start(engine.weak(), 1).unwrap();
        let pace = Pace { priority: Priority::Lowest, runs_long: Arc::default(), component: Arc::default() };
        let work = Box::pin(async {
            let before = rests();
            for _ in 0..20 {
                let began = ThreadTime::now();
                while ThreadTime::now().since(began) < LONG_WORK {}
                tokio::task::yield_now().await;
            }
            rests() - before
        });
        let rested = threads.run(work, pace).await.unwrap();
        assert!(rested >= 20, "{rested}");
    }
}
