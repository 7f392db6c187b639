//! Watches over the loops of the host. A loop that dies stops the host, loudly; a signal stops it gently.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use anyhow::Context as _;
use futures_util::FutureExt as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How a loop ended.
struct Ended {
    name: &'static str,
    /// `Err` holds the panic or the failure, as text.
    how: Result<(), String>,
    drains: bool,
}

/// The loops, and what stops them.
pub(super) struct Watch {
    loops: JoinSet<Ended>,
    draining: CancellationToken,
    closing: CancellationToken,
    terminate: Signal,
    interrupt: Signal,
}

impl Watch {
    /// A watch over no loop yet. `draining` is cancelled when the host begins to stop, `closing` when no call is left.
    pub(super) fn new(draining: CancellationToken, closing: CancellationToken) -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("could not listen for signals");
        Ok(Self {
            loops: JoinSet::new(),
            draining,
            closing,
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    /// Cancelled when the host begins to stop.
    pub(super) fn draining(&self) -> CancellationToken {
        self.draining.clone()
    }

    /// Cancelled when no call is left.
    pub(super) fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }

    /// Runs the loop that ends by itself when it has drained; its end lets the others end.
    pub(super) fn serve_until_drained(&mut self, name: &'static str, body: impl Future<Output = ()> + Send + 'static) {
        self.loops.spawn(async move {
            let how = AssertUnwindSafe(body).catch_unwind().await.map_err(|panic| said(&*panic));
            Ended { name, how, drains: true }
        });
    }

    /// Runs a loop until it is told to close.
    pub(super) fn keep(&mut self, name: &'static str, body: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        self.loops.spawn(async move {
            let how = match AssertUnwindSafe(body).catch_unwind().await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(format!("{error:#}")),
                Err(panic) => Err(said(&*panic)),
            };
            Ended { name, how, drains: false }
        });
    }

    /// Waits for a signal or for a loop that dies, stops everything, and answers how the process should end.
    pub(super) async fn until_the_end(mut self) -> ExitCode {
        let mut end = ExitCode::SUCCESS;
        loop {
            let ended = tokio::select! {
                ended = self.loops.join_next() => ended,
                _ = self.terminate.recv() => { if self.stop("SIGTERM") { continue } return ExitCode::FAILURE; }
                _ = self.interrupt.recv() => { if self.stop("SIGINT") { continue } return ExitCode::FAILURE; }
            };
            let Some(ended) = ended else { return end };
            if self.is_fault(&ended) {
                end = ExitCode::FAILURE;
                self.draining.cancel();
            }
            if ended.as_ref().map_or(true, |ended| ended.drains) {
                self.closing.cancel();
            }
        }
    }

    /// Begins to stop. The second signal ends the host at once.
    fn stop(&self, signal: &str) -> bool {
        if self.draining.is_cancelled() {
            tracing::warn!(signal, "stopping at once: calls under way are cut off");
            return false;
        }
        tracing::info!(signal, "stopping: no new calls; those under way may end");
        self.draining.cancel();
        true
    }

    fn is_fault(&self, ended: &Result<Ended, tokio::task::JoinError>) -> bool {
        match ended {
            Ok(Ended { how: Ok(()), .. }) if self.draining.is_cancelled() => false,
            Ok(Ended { name, how: Ok(()), .. }) => {
                tracing::error!(name, "a loop of the host ended by itself: the host stops");
                true
            }
            Ok(Ended { name, how: Err(why), .. }) => {
                tracing::error!(name, why, "a loop of the host died: the host stops");
                true
            }
            Err(error) => {
                tracing::error!(%error, "a loop of the host was lost: the host stops");
                true
            }
        }
    }
}

/// The text of a panic.
fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without words".to_owned())
}
