//! The listener: takes connections while the host runs, and lets calls end when it stops.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tls::Tls;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use types::{AppId, Code};
use workflows::{Begun, Workflows};

use crate::connection;
use crate::jobs::Jobs;
use crate::origin::Origin;
use crate::platform::executions;
use crate::premises::{House, Premises};
use crate::settings::{Settings, SettingsError};
use crate::spans::Spans;
use crate::traffic::Requests;

/// How long to wait when the machine has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long calls that were aborted at the end of a drain may take to be recorded.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// The data plane.
#[derive(Clone)]
pub struct Gateway {
    premises: Arc<Premises>,
}

/// What the gateway does at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Guests that run.
    pub guests: u32,
    /// Guests that gave way to those of other APIs, since the start.
    pub gave_way: u64,
    /// Calls that wait for a guest's place.
    pub waiting: usize,
    /// Calls under way.
    pub calls: usize,
    /// Requests from their route to the end of their call: those that are not settled among them.
    pub in_flight: usize,
    /// Connections.
    pub connections: usize,
}

impl Gateway {
    /// Makes the data plane of `house`, and checks its envelope.
    ///
    /// # Errors
    ///
    /// [`SettingsError`]: the host must not start.
    pub fn new(house: House, settings: Settings) -> Result<Self, SettingsError> {
        Ok(Self { premises: Arc::new(Premises::new(house, settings)?) })
    }

    /// Tells `spans` of every call that ends from now on. The first who asks is told, and nobody else.
    pub fn export_spans(&self, spans: Arc<dyn Spans>) {
        if self.premises.spans.set(spans).is_err() {
            tracing::warn!("spans are exported already");
        }
    }

    /// Serves `listener`, behind TLS if there is `tls`, until `shutdown`. Then it lets calls end: those that outlast the
    /// drain are aborted and recorded.
    pub async fn serve(&self, listener: TcpListener, tls: Option<Tls>, shutdown: CancellationToken) {
        self.accept(&listener, tls.as_ref(), &shutdown).await;
        drop(listener);
        self.drain().await;
    }

    /// What does the tasks of executions that no call waits for.
    pub fn jobs(&self) -> Arc<dyn workflows::Work> {
        Arc::new(Jobs(Arc::clone(&self.premises)))
    }

    /// Has calls start their executions in `workflows`, whose tasks it does. Until then such calls fail. The first are
    /// kept, and no others.
    pub fn keep_executions(&self, workflows: Workflows) {
        if self.premises.workflows.set(workflows).is_err() {
            tracing::warn!("executions are kept already");
        }
    }

    /// What the app whose call has begun an execution may see of it, and which app that is. `None`: no call has begun it.
    pub fn shown_to_app(&self, name: &str, begun: Begun) -> Option<(AppId, api::OwnExecution)> {
        let (id, origin) = (name.parse().ok()?, Origin::read(&begun.origin)?);
        let snapshot = self.premises.house.catalog.snapshot_now();
        Some((origin.app, executions::shown(&snapshot, id, &origin, begun)))
    }

    /// What it does at the moment.
    pub fn load(&self) -> Load {
        let (guests, waiting) = self.premises.permits.load();
        let premises = &self.premises;
        let (calls, connections) = (premises.calls.len(), premises.connections.len());
        let gave_way = premises.permits.gave_way();
        Load { guests, gave_way, waiting, calls, in_flight: premises.in_flight(), connections }
    }

    /// What it has answered since the start, by method and status.
    pub fn requests(&self) -> Vec<Requests> {
        self.premises.traffic.requests()
    }

    /// What it has not admitted since the start, by reason.
    pub fn denials(&self) -> Vec<(Code, u64)> {
        self.premises.traffic.denials()
    }

    /// Calls that ran and could not be recorded. Their clients were told so; nothing was billed.
    pub fn unrecorded(&self) -> u64 {
        self.premises.traffic.lost.load(Relaxed)
    }

    async fn accept(&self, listener: &TcpListener, tls: Option<&Tls>, shutdown: &CancellationToken) {
        let premises = &self.premises;
        let protocols = Arc::new(connection::protocols(&premises.settings, &premises.connections));
        let places = Arc::new(Semaphore::new(premises.settings.connections));
        loop {
            let accepted = tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                accepted = async {
                    // Full: who comes now waits in the kernel's queue.
                    let place = Arc::clone(&places).acquire_owned().await;
                    (listener.accept().await, place)
                } => accepted,
            };
            let (accepted, place) = match accepted {
                (Ok(accepted), place) => (accepted, place),
                (Err(error), _) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let (premises, protocols) = (Arc::clone(premises), Arc::clone(&protocols));
            let (tls, stop) = (tls.cloned(), shutdown.child_token());
            self.premises.connections.spawn(async move {
                connection::attend(premises, protocols, accepted, tls, stop).await;
                drop(place);
            });
        }
    }

    async fn drain(&self) {
        let premises = &self.premises;
        premises.draining.store(true, Relaxed);
        premises.calls.close();
        premises.connections.close();
        if tokio::time::timeout(premises.settings.drain, premises.calls.wait()).await.is_err() {
            tracing::warn!(calls = premises.calls.len(), "the drain ends with calls under way; they are aborted");
            premises.house.sandbox.abort_all();
            if tokio::time::timeout(LAST_WORDS, premises.calls.wait()).await.is_err() {
                tracing::error!(calls = premises.calls.len(), "calls did not end when they were aborted");
            }
        }
        if tokio::time::timeout(LAST_WORDS, premises.connections.wait()).await.is_err() {
            tracing::debug!(connections = premises.connections.len(), "clients kept their connections open");
        }
    }
}
