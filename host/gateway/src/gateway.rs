//! The listener: takes connections while the host runs, and lets calls end when it stops.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::connection;
use crate::premises::{House, Premises};
use crate::settings::{Settings, SettingsError};

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
    /// Calls that wait for a guest's place.
    pub waiting: usize,
    /// Calls under way.
    pub calls: usize,
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

    /// Serves `listener` until `shutdown`, then lets calls end: those that outlast the drain are aborted and recorded.
    pub async fn serve(&self, listener: TcpListener, shutdown: CancellationToken) {
        self.accept(&listener, &shutdown).await;
        drop(listener);
        self.drain().await;
    }

    /// What it does at the moment.
    pub fn load(&self) -> Load {
        let (guests, waiting) = self.premises.permits.load();
        Load { guests, waiting, calls: self.premises.calls.len(), connections: self.premises.connections.len() }
    }

    async fn accept(&self, listener: &TcpListener, shutdown: &CancellationToken) {
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
            let (socket, peer, place) = match accepted {
                (Ok((socket, peer)), place) => (socket, peer, place),
                (Err(error), _) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let (premises, protocols) = (Arc::clone(premises), Arc::clone(&protocols));
            let stop = shutdown.child_token();
            self.premises.connections.spawn(async move {
                connection::attend(premises, protocols, socket, peer, stop).await;
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
